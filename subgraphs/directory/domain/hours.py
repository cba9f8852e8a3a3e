"""Opening hours: weekly intervals in a business's own time zone, and exceptions to them.

An interval is a minute of the day on which it begins, and a length of at most a day: a business is open when something
that began today or yesterday is still running. The same comparison runs in SQL, with the wall-clock times computed
here, so that :mod:`zoneinfo` is the only authority on daylight saving time.

Clock changes follow one rule, the one people live by: an interval starts, and ends, when the wall clock *first*
reaches or passes the written time. A closing time skipped in spring takes effect at the jump; an hour repeated in
autumn counts as the last minute before it, so that nothing opens or closes twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from subgraphs.directory.domain.errors import InvalidOpeningHours
from subgraphs.directory.domain.exceptions import (
    DAY_MINUTES,
    DayInterval,
    OpeningException,
    checked_exceptions,
    in_force,
)

WEEK_MINUTES = 7 * DAY_MINUTES
_HORIZON_DAYS = 750
"""How far ahead a change is looked for where there are exceptions: they may close a place for a year."""
MAX_INTERVALS = 42
"""Six intervals a day: more than any real timetable, small enough to refuse nonsense."""


@dataclass(frozen=True, slots=True, order=True)
class OpeningInterval:
    """One stretch of being open, repeated every week.

    Attributes:
        start_minute: week minute of opening, 0 (Monday 00:00) to 10079 (Sunday 23:59).
        length_minutes: 1 to 1440; it may run past midnight, also from Sunday into Monday.
    """

    start_minute: int
    length_minutes: int

    def __post_init__(self) -> None:
        if not 0 <= self.start_minute < WEEK_MINUTES:
            raise InvalidOpeningHours("an interval starts outside the week", path=("openingHours",))
        if not 1 <= self.length_minutes <= DAY_MINUTES:
            raise InvalidOpeningHours("an interval lasts from one minute to 24 hours", path=("openingHours",))

    @classmethod
    def on(cls, weekday: int, opens: time, closes: time) -> OpeningInterval:
        """Build from wall-clock times; a closing time not after the opening time is on the next day.

        Args:
            weekday: 0 is Monday, 6 is Sunday.
            opens: opening time, whole minutes.
            closes: closing time, whole minutes; equal to `opens` means 24 hours.

        Raises:
            InvalidOpeningHours: if the weekday is out of range or a time is not a whole minute.
        """
        if not 0 <= weekday <= 6:
            raise InvalidOpeningHours("a weekday is a number from 0 (Monday) to 6 (Sunday)", path=("openingHours",))
        for wall in (opens, closes):
            if wall.second or wall.microsecond or wall.tzinfo is not None:
                raise InvalidOpeningHours("opening times are whole minutes without a time zone", path=("openingHours",))
        start = opens.hour * 60 + opens.minute
        length = (closes.hour * 60 + closes.minute - start) % DAY_MINUTES or DAY_MINUTES
        return cls(weekday * DAY_MINUTES + start, length)

    @property
    def weekday(self) -> int:
        """Day on which the interval starts; 0 is Monday."""
        return self.start_minute // DAY_MINUTES

    @property
    def opens(self) -> time:
        """Wall-clock opening time."""
        return time_of(self.start_minute)

    @property
    def closes(self) -> time:
        """Wall-clock closing time; not after `opens` means the next day."""
        return time_of(self.start_minute + self.length_minutes)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A weekly timetable and the exceptions to it, in the time zone of the place; neither overlaps itself."""

    time_zone: str
    intervals: tuple[OpeningInterval, ...]
    exceptions: tuple[OpeningException, ...] = ()

    @classmethod
    def of(
        cls, time_zone: str, intervals: Iterable[OpeningInterval], exceptions: Iterable[OpeningException] = ()
    ) -> OpeningHours:
        """Sort and check a timetable.

        Raises:
            InvalidOpeningHours: if the time zone is unknown, intervals overlap, exceptions of a kind have a day in
                common, or there are too many of either.
        """
        zone(time_zone)
        ordered = tuple(sorted(intervals))
        if len(ordered) > MAX_INTERVALS:
            raise InvalidOpeningHours(f"a week has at most {MAX_INTERVALS} intervals", path=("openingHours",))
        for left, right in _neighbours(ordered):
            if left.start_minute + left.length_minutes > right:
                raise InvalidOpeningHours("opening intervals overlap", path=("openingHours",))
        return cls(time_zone, ordered, checked_exceptions(exceptions))

    def is_open(self, at: datetime) -> bool:
        """Whether the place is open at an instant.

        Raises:
            ValueError: if `at` has no time zone.
        """
        wall = wall_clock(at, self.time_zone)
        minute = wall.hour * 60 + wall.minute
        return any(
            0 <= minute + back * DAY_MINUTES - interval.start_minute < interval.length_minutes
            for back in (0, 1)
            for interval in self._on(wall.date() - timedelta(days=back))
        )

    def exception_at(self, at: datetime) -> OpeningException | None:
        """The exception that counts on the day that it is in the place at an instant.

        Raises:
            ValueError: if `at` has no time zone.
        """
        return in_force(self.exceptions, wall_clock(at, self.time_zone).date())

    def next_change(self, at: datetime) -> datetime | None:
        """The first instant after `at` at which the place opens or closes, in UTC; None if it does not within years.

        Raises:
            ValueError: if `at` has no time zone.
        """
        # Weeks without exceptions are all the same.
        days = _HORIZON_DAYS if self.exceptions else 10
        today = wall_clock(at, self.time_zone).date()
        last = today + timedelta(days=days)
        for opens, closes in self._periods(today - timedelta(days=2), last):
            if opens > at:
                return opens
            if closes > at:
                return closes if closes < first_reached(datetime.combine(last, time()), self.time_zone) else None
        return None

    def periods(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """When the place is open between two instants: from and until, in UTC, in order, neither touching the next.

        Raises:
            ValueError: if an instant has no time zone.
        """
        first, last = (wall_clock(each, self.time_zone).date() for each in (start, end))
        found = self._periods(first - timedelta(days=2), last + timedelta(days=1))
        clipped = ((max(opens, start.astimezone(UTC)), min(closes, end.astimezone(UTC))) for opens, closes in found)
        return [(opens, closes) for opens, closes in clipped if opens < closes]

    def _on(self, day: date) -> Iterable[DayInterval]:
        """What begins on a day."""
        exception = in_force(self.exceptions, day) if self.exceptions else None
        if exception is not None:
            return exception.intervals
        weekday = day.weekday()
        return [
            DayInterval(interval.start_minute % DAY_MINUTES, interval.length_minutes)
            for interval in self.intervals
            if interval.weekday == weekday
        ]

    def _periods(self, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
        """From and until when the place is open, of what begins on days from `first` to `last`, in order and merged.

        Merged on the wall clock first, so that a place that never closes is looked up twice, not every day; then
        by instants, where turning the clock leaves nothing between two periods, or nothing of one.
        """
        reached = (
            (first_reached(opens, self.time_zone), first_reached(closes, self.time_zone))
            for opens, closes in _merged(self._wall_periods(first, last))
        )
        return _merged(each for each in reached if each[0] < each[1])

    def _wall_periods(self, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
        for number in range((last - first).days + 1):
            midnight = datetime.combine(first + timedelta(days=number), time())
            for interval in self._on(midnight.date()):
                opens = midnight + timedelta(minutes=interval.start_minute)
                yield opens, opens + timedelta(minutes=interval.length_minutes)


def _merged(periods: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Periods that touch or overlap made one; they come by their beginnings."""
    current: tuple[datetime, datetime] | None = None
    for opens, closes in periods:
        if current is not None and opens <= current[1]:
            current = current[0], max(current[1], closes)
            continue
        if current is not None:
            yield current
        current = opens, closes
    if current is not None:
        yield current


def first_reached(wall: datetime, time_zone: str) -> datetime:
    """The instant, in UTC, at which the clock first reaches or passes a wall-clock time without a time zone."""
    local = wall.replace(tzinfo=zone(time_zone), fold=0)
    reached = local.astimezone(UTC)
    if reached.astimezone(local.tzinfo).replace(tzinfo=None) == wall:
        return reached
    # The clock never shows it: it is passed when the clock is turned forward, which lies between what the time would be
    # by the offset after that and by the one before.
    early, late = local.replace(fold=1).astimezone(UTC), reached
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(local.tzinfo).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def wall_clock(at: datetime, time_zone: str) -> datetime:
    """The wall-clock time that counts at an instant in a time zone: the furthest the local clock has come so far.

    Raises:
        ValueError: if `at` has no time zone.
        InvalidOpeningHours: if the time zone is unknown.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    local = at.astimezone(zone(time_zone))
    return _last_moment_before_fold(local) if local.fold else local.replace(tzinfo=None)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name.

    Raises:
        InvalidOpeningHours: if there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidOpeningHours("unknown time zone", path=("timeZone",)) from error


def _neighbours(ordered: tuple[OpeningInterval, ...]) -> Iterator[tuple[OpeningInterval, int]]:
    """Each interval with the start of the one after it, the last one with the first of the week after."""
    for left, right in pairwise(ordered):
        yield left, right.start_minute
    if ordered:
        yield ordered[-1], ordered[0].start_minute + WEEK_MINUTES


def time_of(minute: int) -> time:
    """The wall-clock time so many minutes after a midnight."""
    hours, minutes = divmod(minute % DAY_MINUTES, 60)
    return time(hours, minutes)


def _last_moment_before_fold(local: datetime) -> datetime:
    """Wall-clock time just before the clock was turned back, for an instant in the repeated stretch."""
    tz = local.tzinfo
    assert tz is not None
    after = local.utcoffset()
    before = local.replace(fold=0).utcoffset()
    assert after is not None
    assert before is not None
    instant = (local - after).replace(tzinfo=None)
    # `early` lies before the change and `late` not; close in on it. Aware arithmetic within one zone is wall-clock
    # arithmetic in Python, so the instants are naive UTC here.
    early, late = instant - (before - after), instant
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if _offset_at(middle, local) == after:
            late = middle
        else:
            early = middle
    return early + before


def _offset_at(instant: datetime, like: datetime) -> timedelta | None:
    tz = like.tzinfo
    assert tz is not None
    return tz.fromutc(instant.replace(tzinfo=tz)).utcoffset()
