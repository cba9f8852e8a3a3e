"""Days on which a business keeps other hours than the week says: holidays, holiday seasons, one-off openings.

An exception replaces what *begins* on its days. What began the evening before ends as written there: a bar that is
closed on the 25th still pours until four in the morning of it. Of two exceptions for a day the one for that very year
counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import pairwise

from subgraphs.directory.domain.errors import InvalidOpeningHours

DAY_MINUTES = 24 * 60
MAX_EXCEPTIONS = 60
MAX_EXCEPTION_INTERVALS = 6
MAX_EXCEPTION_DAYS = 366
_MAX_NAME = 80
_PATH = ("specialHours",)
# Any year that has all days.
_LEAP_YEAR = [date(2024, 1, 1) + timedelta(days=day) for day in range(366)]


@dataclass(frozen=True, slots=True, order=True)
class DayInterval:
    """A stretch of being open that begins on a certain day.

    Attributes:
        start_minute: of the day, 0 to 1439.
        length_minutes: 1 to 1440; it may run past midnight.
    """

    start_minute: int
    length_minutes: int

    @classmethod
    def on(cls, opens: time, closes: time) -> DayInterval:
        """Build from wall-clock times; a closing time not after the opening time is on the next day.

        Raises:
            InvalidOpeningHours: a time is not a whole minute.
        """
        for wall in (opens, closes):
            if wall.second or wall.microsecond or wall.tzinfo is not None:
                raise InvalidOpeningHours("opening times are whole minutes without a time zone", path=_PATH)
        start = opens.hour * 60 + opens.minute
        return cls(start, (closes.hour * 60 + closes.minute - start) % DAY_MINUTES or DAY_MINUTES)


@dataclass(frozen=True, slots=True)
class OpeningException:
    """Other hours on some days.

    Attributes:
        first_day: the first of them, in the business's time zone.
        last_day: the last of them.
        yearly: on these days of every year, before and after; the 29th of February in leap years alone.
        name: what people call it; may be empty.
        intervals: what begins on each of the days; none means closed.
    """

    first_day: date
    last_day: date
    yearly: bool
    name: str
    intervals: tuple[DayInterval, ...]

    @classmethod
    def of(
        cls, first_day: date, last_day: date, intervals: Iterable[DayInterval], *, yearly: bool, name: str
    ) -> OpeningException:
        """Sort and check an exception.

        Raises:
            InvalidOpeningHours: the days are out of order or too many, intervals overlap, or the name is too long.
        """
        if not 1900 <= first_day.year <= last_day.year <= 2200:
            raise InvalidOpeningHours("days lie between the years 1900 and 2200", path=_PATH)
        longest = MAX_EXCEPTION_DAYS - yearly
        if not 0 <= (last_day - first_day).days < longest:
            raise InvalidOpeningHours(f"the last day is not before the first, and at most {longest} days", path=_PATH)
        ordered = tuple(sorted(intervals))
        if len(ordered) > MAX_EXCEPTION_INTERVALS:
            raise InvalidOpeningHours(f"a day has at most {MAX_EXCEPTION_INTERVALS} intervals", path=_PATH)
        if any(one.start_minute + one.length_minutes > other.start_minute for one, other in pairwise(ordered)):
            raise InvalidOpeningHours("opening intervals overlap", path=_PATH)
        trimmed = " ".join(name.split())
        if len(trimmed) > _MAX_NAME or "\0" in trimmed:
            raise InvalidOpeningHours(f"a name has at most {_MAX_NAME} characters", path=_PATH)
        return cls(first_day, last_day, yearly, trimmed, ordered)

    def covers(self, day: date) -> bool:
        """Whether a day is one of its days."""
        if not self.yearly:
            return self.first_day <= day <= self.last_day
        first, last, wanted = ((each.month, each.day) for each in (self.first_day, self.last_day, day))
        return first <= wanted <= last if first <= last else wanted >= first or wanted <= last


def checked_exceptions(exceptions: Iterable[OpeningException]) -> tuple[OpeningException, ...]:
    """The exceptions of a business, by day, so that of each kind at most one counts for a day.

    Raises:
        InvalidOpeningHours: there are too many, or two of a kind have a day in common.
    """
    ordered = tuple(sorted(exceptions, key=lambda each: (each.yearly, each.first_day)))
    if len(ordered) > MAX_EXCEPTIONS:
        raise InvalidOpeningHours(f"a business has at most {MAX_EXCEPTIONS} exceptions", path=_PATH)
    dated = [each for each in ordered if not each.yearly]
    yearly = [each for each in ordered if each.yearly]
    twice = any(one.last_day >= other.first_day for one, other in pairwise(dated))
    if twice or any(sum(each.covers(day) for each in yearly) > 1 for day in _LEAP_YEAR):
        raise InvalidOpeningHours("two exceptions have a day in common", path=_PATH)
    return ordered


def in_force(exceptions: Iterable[OpeningException], day: date) -> OpeningException | None:
    """The exception that counts on a day: one for that very year before a yearly one; None if none does."""
    covering = [each for each in exceptions if each.covers(day)]
    return min(covering, key=lambda each: each.yearly, default=None)
