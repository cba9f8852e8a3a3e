"""Opening hours: weekly intervals in a business's own time zone.

Everything reduces to one number, the *week minute*: minutes since Monday 00:00 on the wall clock. An interval is
a start and a length; a business is open when ``(clock - start) mod WEEK < length``. The same formula runs in SQL, with
the clock readings computed here, so that :mod:`zoneinfo` is the only authority on daylight saving time.

Clock changes follow one rule, the one people live by: an interval starts, and ends, when the wall clock *first*
reaches or passes the written time. A closing time skipped in spring takes effect at the jump; an hour repeated in
autumn counts as the last minute before it, so that nothing opens or closes twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from subgraphs.directory.domain.errors import InvalidOpeningHours

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
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
        return _time_of(self.start_minute)

    @property
    def closes(self) -> time:
        """Wall-clock closing time; not after `opens` means the next day."""
        return _time_of(self.start_minute + self.length_minutes)

    def covers(self, week_minute: int) -> bool:
        """Whether the interval is running in that minute of the week."""
        return (week_minute - self.start_minute) % WEEK_MINUTES < self.length_minutes


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A weekly timetable: intervals that do not overlap, in the time zone of the place."""

    time_zone: str
    intervals: tuple[OpeningInterval, ...]

    @classmethod
    def of(cls, time_zone: str, intervals: Iterable[OpeningInterval]) -> OpeningHours:
        """Sort and check a timetable.

        Raises:
            InvalidOpeningHours: if the time zone is unknown, intervals overlap, or there are more than
                `MAX_INTERVALS`.
        """
        zone(time_zone)
        ordered = tuple(sorted(intervals))
        if len(ordered) > MAX_INTERVALS:
            raise InvalidOpeningHours(f"a week has at most {MAX_INTERVALS} intervals", path=("openingHours",))
        for left, right in _neighbours(ordered):
            if left.start_minute + left.length_minutes > right:
                raise InvalidOpeningHours("opening intervals overlap", path=("openingHours",))
        return cls(time_zone, ordered)

    def is_open(self, at: datetime) -> bool:
        """Whether the place is open at an instant.

        Raises:
            ValueError: if `at` has no time zone.
        """
        clock = clock_reading(at, self.time_zone)
        return any(interval.covers(clock) for interval in self.intervals)

    def next_change(self, at: datetime) -> datetime | None:
        """The first instant after `at` at which the place opens or closes, in UTC; None if it never does.

        Raises:
            ValueError: if `at` has no time zone.
        """
        now = self.is_open(at)
        moments = (moment for moment in self._boundaries(at) if moment > at)
        return next((moment for moment in sorted(moments) if self.is_open(moment) is not now), None)

    def _boundaries(self, at: datetime) -> Iterator[datetime]:
        """The instants around `at`, for more than a week after it, at which an interval begins or ends."""
        today = at.astimezone(zone(self.time_zone)).date()
        for back in range(-2, 10):
            day = today + timedelta(days=back)
            midnight = datetime.combine(day, time())
            for interval in self.intervals:
                if interval.weekday == day.weekday():
                    opens = midnight + timedelta(minutes=interval.start_minute % DAY_MINUTES)
                    yield first_reached(opens, self.time_zone)
                    yield first_reached(opens + timedelta(minutes=interval.length_minutes), self.time_zone)


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


def clock_reading(at: datetime, time_zone: str) -> int:
    """Week minute that counts at an instant in a time zone: the furthest the local clock has come so far.

    Raises:
        ValueError: if `at` has no time zone.
        InvalidOpeningHours: if the time zone is unknown.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    local = at.astimezone(zone(time_zone))
    if local.fold:
        local = _last_moment_before_fold(local)
    return local.weekday() * DAY_MINUTES + local.hour * 60 + local.minute


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


def _time_of(minute: int) -> time:
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
