"""How long what is kept: events, and quarters of an hour; after that there are days.

Days are those of UTC, and stand at their noon. In UTC all days, weeks and months stay exact, and so does every period
that begins and ends at midnight there; in zones from UTC-12 to UTC+11:45 noon is on the day of the same date, so
their calendars show each of these days under its date.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from subgraphs.analytics.domain.periods import BEGINNING, slot_of

__all__ = ["MIN_DAYS", "Ages", "Horizon"]

MIN_DAYS: Final = 60
"""Events are sent again for 14 days, and listeners know for 30 what they had: what is kept for longer counts once."""

_NOON: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Ages:
    """Whole days; `MIN_DAYS` at least."""

    events_days: int = 400
    quarters_days: int = 400

    def __post_init__(self) -> None:
        if min(self.events_days, self.quarters_days) < MIN_DAYS:
            raise ValueError(f"what analytics counts is kept for {MIN_DAYS} days at least")

    def horizon(self, now: datetime) -> "Horizon":
        """What is kept at a moment in UTC."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return Horizon(midnight - timedelta(days=self.events_days), midnight - timedelta(days=self.quarters_days))


@dataclass(frozen=True, slots=True)
class Horizon:
    """Midnights of UTC.

    Attributes:
        events_from: events that happened before are not kept any more, unless they were told of late.
        quarters_from: amounts from before are kept by days.
    """

    events_from: datetime = BEGINNING
    quarters_from: datetime = BEGINNING

    def slot_of(self, at: datetime) -> datetime:
        """Where in time an amount is kept; `at` in UTC."""
        if at >= self.quarters_from:
            return slot_of(at)
        return at.replace(hour=0, minute=0, second=0, microsecond=0) + _NOON

    def later(self, other: "Horizon") -> "Horizon":
        """What is not kept by either."""
        return Horizon(
            max(self.events_from, other.events_from),
            max(self.quarters_from, other.quarters_from),
        )
