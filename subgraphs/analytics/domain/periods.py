"""Time: slots in which amounts are kept, and the buckets of calendars in which they are shown.

Amounts are kept by quarters of an hour of UTC: all time zones of this century differ from UTC by whole quarters, so
hours, days, weeks and months of any of them are made of whole slots.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from resolvers.errors import BadUserInput
from subgraphs.analytics.domain.errors import TooManyPoints

__all__ = [
    "BEGINNING",
    "MAX_POINTS",
    "SLOT",
    "Granularity",
    "Period",
    "boundaries",
    "period",
    "previous",
    "slot_of",
    "zone_of",
]

MAX_POINTS = 1000
SLOT = timedelta(minutes=15)

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing happened before."""

_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


class Granularity(Enum):
    """How long a bucket is, by the clocks of a time zone."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` until before `last`, in UTC, in whole slots; `zone` is whose calendar is meant."""

    first: datetime
    last: datetime
    zone: ZoneInfo


def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name.

    Raises:
        BadUserInput: there is none.
    """
    zone = _zone(name)
    if zone is None:
        raise BadUserInput("A time zone is an IANA name, for instance Asia/Kolkata.", path=("period", "timeZone"))
    return zone


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def period(first: datetime, last: datetime, zone: ZoneInfo) -> Period:
    """The slots from the one with `first` to the one before `last`; moments without an offset are the zone's.

    Raises:
        BadUserInput: it is empty, or outside of this century.
    """
    try:
        begin, end = (each.replace(tzinfo=each.tzinfo or zone).astimezone(UTC) for each in (first, last))
    except OverflowError:
        raise BadUserInput("A period lies between 2000 and 2100.", path=("period",)) from None
    if not BEGINNING <= begin < _LATEST or not BEGINNING <= end <= _LATEST:
        raise BadUserInput("A period lies between 2000 and 2100.", path=("period",))
    if begin >= end:
        raise BadUserInput("A period ends after it begins.", path=("period",))
    return Period(slot_of(begin), slot_of(end + SLOT - timedelta.resolution), zone)


def slot_of(moment: datetime) -> datetime:
    """The beginning of the slot that a moment is in."""
    at = moment.astimezone(UTC)
    return at - ((at - BEGINNING) % SLOT)


def boundaries(asked: Period, granularity: Granularity) -> tuple[datetime, ...]:
    """Where the buckets begin that have a part in the period, and at last where the last one ends; in UTC, ascending.

    Raises:
        TooManyPoints: there are more than `MAX_POINTS`.
    """
    found: list[datetime] = []
    for edge, following in pairwise(_edges(asked.first, granularity, asked.zone)):
        if following <= asked.first:
            continue
        if not found:
            found.append(edge)
        found.append(following)
        if following >= asked.last:
            return tuple(found)
        if len(found) > MAX_POINTS:
            break
    raise TooManyPoints(
        f"A series has at most {MAX_POINTS} points: ask for a shorter period or a coarser granularity.",
        path=("granularity",),
    )


def previous(asked: Period) -> Period:
    """The period of the same length that ends where this one begins: by the zone's clocks, so a day is a day."""
    first, last = (moment.astimezone(asked.zone).replace(tzinfo=None) for moment in (asked.first, asked.last))
    begin = (first - (last - first)).replace(tzinfo=asked.zone).astimezone(UTC)
    return Period(slot_of(min(begin, asked.first - SLOT)), asked.first, asked.zone)


def _edges(moment: datetime, granularity: Granularity, zone: ZoneInfo) -> Iterator[datetime]:
    """Beginnings of buckets, ascending without end, from one that is not after `moment`."""
    if granularity is Granularity.HOUR:
        yield from _hours(moment, zone)
        return
    # One more to begin with: where clocks are set back over midnight, a date can begin after some of its moments.
    day = moment.astimezone(zone).date() - _DAY
    if granularity is Granularity.WEEK:
        day -= timedelta(days=day.weekday())
    elif granularity is Granularity.MONTH:
        day = day.replace(day=1)
    before: datetime | None = None
    while True:
        edge = slot_of(datetime.combine(day, time(), zone))
        # A date that a zone left out begins where the next one does.
        if edge != before:
            yield edge
        before, day = edge, _following(day, granularity)


def _following(day: date, granularity: Granularity) -> date:
    if granularity is Granularity.DAY:
        return day + _DAY
    if granularity is Granularity.WEEK:
        return day + 7 * _DAY
    return (day + 31 * _DAY).replace(day=1)


def _hours(moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """By the zone's clocks, which need not show full hours when UTC does, and are set by half an hour somewhere."""
    edge = slot_of(moment)
    while not _begins_an_hour(edge, zone):
        edge -= SLOT
    while True:
        yield edge
        edge += SLOT
        while not _begins_an_hour(edge, zone):
            edge += SLOT


def _begins_an_hour(slot: datetime, zone: ZoneInfo) -> bool:
    """Also in its midst: the clocks of the Chatham Islands are set at a quarter to three."""
    shown = slot.astimezone(zone)
    return shown.minute == 0 or shown.hour != (slot - SLOT).astimezone(zone).hour
