"""When an order arrives: by the supplier's wall clock, working days, handling time and time under way.

    ordered -> the working day that takes it up -> `handling_days` later handed over -> under way, every day counts

An order is taken up on the day it is made if that is a working day and the cut-off has not passed on the supplier's
clock; else on the next working day. Days under way are calendar days, but nothing is delivered on a Sunday.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from subgraphs.storefront.domain.errors import InvalidValue

MAX_HANDLING_DAYS = 60
MAX_TRANSIT_DAYS = 120
_SUNDAY = 6
_ONE_DAY = timedelta(days=1)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """How a supplier works.

    Attributes:
        time_zone: IANA name of its clock's.
        cutoff: what is ordered until then is taken up on the same day.
        working_days: 0 is Monday, 6 is Sunday; at least one.
        handling_days: working days between taking an order up and handing it over; 0: on the same day.
        transit_min_days, transit_max_days: under way, in calendar days.
    """

    time_zone: str
    cutoff: time
    working_days: frozenset[int]
    handling_days: int
    transit_min_days: int
    transit_max_days: int


@dataclass(frozen=True, slots=True)
class Promise:
    """When an order arrives.

    Attributes:
        order_by: until when to order for the same promise; an instant in the supplier's zone.
        dispatched_on: the supplier's date on which it is handed over.
        earliest, latest: dates on which it arrives.
    """

    order_by: datetime
    dispatched_on: date
    earliest: date
    latest: date


def checked_rules(
    time_zone: str,
    cutoff: time,
    working_days: Iterable[int],
    handling_days: int,
    transit_min_days: int,
    transit_max_days: int,
) -> DeliveryRules:
    """The rules, if a supplier can keep them.

    Raises:
        InvalidValue: it cannot.
    """
    zone_of(time_zone, "timeZone")
    if cutoff.tzinfo is not None or cutoff.second or cutoff.microsecond:
        raise InvalidValue("A cut-off is a time of the supplier's wall clock, in whole minutes.", path=("cutoff",))
    days = frozenset(working_days)
    if not days or not days <= frozenset(range(7)):
        raise InvalidValue("A supplier works on at least one day of the week.", path=("workingDays",))
    if not 0 <= handling_days <= MAX_HANDLING_DAYS:
        raise InvalidValue(f"It is from 0 to {MAX_HANDLING_DAYS}.", path=("handlingDays",))
    if not 0 <= transit_min_days <= transit_max_days <= MAX_TRANSIT_DAYS:
        raise InvalidValue(f"They are from 0 to {MAX_TRANSIT_DAYS}, the shortest first.", path=("transitMinDays",))
    return DeliveryRules(time_zone, cutoff, days, handling_days, transit_min_days, transit_max_days)


def promise(rules: DeliveryRules, ordered_at: datetime, handling_days: int | None = None) -> Promise:
    """When an order of this instant arrives.

    Args:
        ordered_at: with its offset.
        handling_days: of this article, where it takes longer or shorter than the supplier's others.

    Raises:
        InvalidValue: the instant has no offset, or is not of our time.
    """
    if ordered_at.tzinfo is None:
        raise InvalidValue("The instant needs an offset, for instance 2026-03-01T10:00:00Z.", path=("orderedAt",))
    if not _EARLIEST <= ordered_at <= _LATEST:
        raise InvalidValue("The instant is not of our time.", path=("orderedAt",))
    zone = zone_of(rules.time_zone)
    local = ordered_at.astimezone(zone)
    taken_up = _working_day(local.date(), rules.working_days)
    # By the wall clock of the day: on a day on which clocks change it is the written time that counts.
    if taken_up == local.date() and local.time().replace(tzinfo=None) > rules.cutoff:
        taken_up = _working_day(taken_up + _ONE_DAY, rules.working_days)
    dispatched = taken_up
    for _ in range(rules.handling_days if handling_days is None else handling_days):
        dispatched = _working_day(dispatched + _ONE_DAY, rules.working_days)
    return Promise(
        order_by=datetime.combine(taken_up, rules.cutoff, zone),
        dispatched_on=dispatched,
        earliest=_delivery_day(dispatched + timedelta(days=rules.transit_min_days)),
        latest=_delivery_day(dispatched + timedelta(days=rules.transit_max_days)),
    )


def zone_of(name: str, *path: str) -> ZoneInfo:
    """The time zone of an IANA name.

    Raises:
        InvalidValue: there is none.
    """
    zone = _zone(name)
    if zone is None:
        raise InvalidValue("A time zone is an IANA name, for instance Europe/Lisbon.", path=path)
    return zone


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _working_day(day: date, working_days: frozenset[int]) -> date:
    while day.weekday() not in working_days:
        day += _ONE_DAY
    return day


def _delivery_day(day: date) -> date:
    return day + _ONE_DAY if day.weekday() == _SUNDAY else day
