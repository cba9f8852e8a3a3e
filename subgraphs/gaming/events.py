"""What gaming tells other contexts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from resolvers.events.declaration import event

__all__ = ["AchievementAwarded", "SessionFinished", "TournamentFinished"]


@event("gaming.session_finished", version=1, about="player_id")
@dataclass(frozen=True, slots=True)
class SessionFinished:
    """Somebody has played a game to its end, and the score counts.

    Attributes:
        season_id: in which it counts besides, if any.
        duration_s: whole seconds.
    """

    player_id: UUID
    account_id: UUID
    session_id: UUID
    game_id: UUID
    game_name: str
    season_id: UUID | None
    score: int
    duration_s: int
    finished_at: datetime


@event("gaming.achievement_awarded", version=1, about="player_id")
@dataclass(frozen=True, slots=True)
class AchievementAwarded:
    """A player has an achievement from now on.

    Attributes:
        points: what it is worth.
        session_id: what earned it.
    """

    player_id: UUID
    account_id: UUID
    achievement_id: UUID
    achievement_name: str
    points: int
    game_id: UUID
    session_id: UUID
    awarded_at: datetime


@event("gaming.tournament_finished", version=1, about="tournament_id")
@dataclass(frozen=True, slots=True)
class TournamentFinished:
    """Somebody has won a tournament.

    Attributes:
        player_count: how many took part.
    """

    tournament_id: UUID
    tournament_name: str
    game_id: UUID
    winner_id: UUID
    winner_account_id: UUID
    player_count: int
    finished_at: datetime
