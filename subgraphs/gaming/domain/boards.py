"""Leaderboards: who is best at a game, in a season or ever.

A board has a player's best score. Places are ordered by the score, then by who reached it first, then by the player's
id: no two are alike, so that every player has one rank.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = ["Board", "BoardPage", "Entry", "Standing"]


@dataclass(frozen=True, slots=True)
class Board:
    """Which board, in a tenant.

    Attributes:
        season_id: None for the one of all times.
    """

    game_id: UUID
    season_id: UUID | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A player's place on a board, as it is stored.

    Attributes:
        rank_key: smaller is better; None if the player has no score (any more).
        achieved_at: when the score was reached; None likewise.
        version: counts the changes of this standing.
    """

    game_id: UUID
    season_id: UUID | None
    player_id: UUID
    rank_key: int | None
    achieved_at: datetime | None
    version: int

    @property
    def board(self) -> Board:
        """The board it is on."""
        return Board(self.game_id, self.season_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a board.

    Attributes:
        rank: from 1.
    """

    rank: int
    rank_key: int
    achieved_at: datetime
    player_id: UUID


@dataclass(frozen=True, slots=True)
class BoardPage:
    """Lines that follow one another.

    Attributes:
        total: how many lines the board has.
        more: whether there are lines after these.
    """

    entries: tuple[Entry, ...]
    total: int
    more: bool
