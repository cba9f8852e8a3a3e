"""Seasons: a game's boards that begin anew, and end."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final
from uuid import UUID

from resolvers.errors import InvalidValue
from resolvers.values import checked_text
from subgraphs.gaming.domain.errors import SeasonOver

__all__ = ["Season", "SeasonStatus", "closed", "ended", "new_season"]

_LONGEST: Final = timedelta(days=366)


class SeasonStatus(Enum):
    """Where it is in its time."""

    UPCOMING = "upcoming"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Season:
    """A row of `gaming.seasons`, without its tenant. A game has one at a time.

    Attributes:
        ends_at: the first moment that is not in it.
        closed_at: when its board was frozen; no score has counted in it since its end.
    """

    id: UUID
    game_id: UUID
    name: str
    starts_at: datetime
    ends_at: datetime
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime

    def status(self, now: datetime) -> SeasonStatus:
        """Where it is in its time."""
        if self.closed_at is not None or now >= self.ends_at:
            return SeasonStatus.ENDED
        return SeasonStatus.UPCOMING if now < self.starts_at else SeasonStatus.RUNNING


def new_season(
    season_id: UUID, game_id: UUID, name: str, starts_at: datetime, ends_at: datetime, now: datetime
) -> Season:
    """A season that has not ended.

    Raises:
        InvalidValue: its time is none.
    """
    for field, moment in (("startsAt", starts_at), ("endsAt", ends_at)):
        if moment.tzinfo is None:
            raise InvalidValue(field, "needs a time zone")
    if ends_at <= max(starts_at, now):
        raise InvalidValue("endsAt", "must be after startsAt, and in the future")
    if ends_at - starts_at > _LONGEST:
        raise InvalidValue("endsAt", f"must be within {_LONGEST.days} days of startsAt")
    return Season(season_id, game_id, checked_text("name", name, most=100), starts_at, ends_at, None, now, now)


def ended(season: Season, now: datetime) -> Season:
    """The season, which ends now.

    Raises:
        SeasonOver: it has ended, or has not begun.
    """
    if season.status(now) is not SeasonStatus.RUNNING:
        raise SeasonOver
    return replace(season, ends_at=now, updated_at=now)


def closed(season: Season, now: datetime) -> Season:
    """The season, whose board is frozen now."""
    return replace(season, closed_at=now, updated_at=now)
