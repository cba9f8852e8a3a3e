"""Opening hours: the weekly timetables, the exceptions to them, and who is open."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Row, and_, cast, delete, exists, func, insert, literal, not_, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import Integer

from resolvers.session import TenantSession
from subgraphs.directory.domain.exceptions import DAY_MINUTES, DayInterval, OpeningException
from subgraphs.directory.domain.hours import OpeningInterval, wall_clock
from subgraphs.directory.tables import businesses, opening_exceptions, opening_intervals

__all__ = ["add_exceptions", "add_intervals", "exceptions_of", "intervals_of", "open_at", "replace"]

_EXCEPTIONS = opening_exceptions.c
_MONTH_DAY = "MMDD"


async def add_intervals(
    session: TenantSession, tenant_id: UUID, timetables: Mapping[UUID, Sequence[OpeningInterval]]
) -> None:
    """Store the opening intervals of listings that have none. One statement."""
    rows = [
        {
            "tenant_id": tenant_id,
            "business_id": business_id,
            "start_minute": interval.start_minute,
            "length_minutes": interval.length_minutes,
        }
        for business_id, intervals in timetables.items()
        for interval in intervals
    ]
    if rows:
        await session.execute(insert(opening_intervals), rows)


async def add_exceptions(
    session: TenantSession, tenant_id: UUID, exceptions: Mapping[UUID, Sequence[OpeningException]]
) -> None:
    """Store the exceptions of listings that have none. One statement."""
    rows = [
        {
            "tenant_id": tenant_id,
            "business_id": business_id,
            "first_day": each.first_day,
            "last_day": each.last_day,
            "yearly": each.yearly,
            "name": each.name,
            "start_minutes": [interval.start_minute for interval in each.intervals],
            "length_minutes": [interval.length_minutes for interval in each.intervals],
        }
        for business_id, those in exceptions.items()
        for each in those
    ]
    if rows:
        await session.execute(insert(opening_exceptions), rows)


async def replace(
    session: TenantSession,
    tenant_id: UUID,
    business_id: UUID,
    *,
    intervals: Sequence[OpeningInterval] | None = None,
    exceptions: Sequence[OpeningException] | None = None,
) -> None:
    """Replaces what is given of a listing whose row the caller has changed before: that keeps others away."""
    if intervals is not None:
        await session.execute(delete(opening_intervals).where(opening_intervals.c.business_id == business_id))
        await add_intervals(session, tenant_id, {business_id: intervals})
    if exceptions is not None:
        await session.execute(delete(opening_exceptions).where(_EXCEPTIONS.business_id == business_id))
        await add_exceptions(session, tenant_id, {business_id: exceptions})


async def intervals_of(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, list[OpeningInterval]]:
    """Opening intervals by business, in the order of the week; businesses without any are missing."""
    table = opening_intervals.c
    rows = await session.rows(
        select(table.business_id, table.start_minute, table.length_minutes)
        .where(table.business_id.in_(ids))
        .order_by(table.start_minute)
    )
    found: dict[UUID, list[OpeningInterval]] = {}
    for row in rows:
        found.setdefault(row.business_id, []).append(OpeningInterval(row.start_minute, row.length_minutes))
    return found


async def exceptions_of(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, list[OpeningException]]:
    """Exceptions by business, those for one year first, by day; businesses without any are missing."""
    rows = await session.rows(
        select(opening_exceptions)
        .where(_EXCEPTIONS.business_id.in_(ids))
        .order_by(_EXCEPTIONS.yearly, _EXCEPTIONS.first_day)
    )
    found: dict[UUID, list[OpeningException]] = {}
    for row in rows:
        found.setdefault(row.business_id, []).append(_exception(row))
    return found


async def open_at(session: TenantSession, at: datetime) -> ColumnElement[bool]:
    """Whether a business is open at an instant, as `OpeningHours.is_open` says; reads the tenant's time zones.

    What the clocks show is computed here: daylight saving time is Python's business alone.
    """
    zones = await session.rows(select(businesses.c.time_zone).distinct())
    walls = {row.time_zone: wall_clock(at, row.time_zone) for row in zones}
    return or_(*(_running(walls, back) for back in (0, 1)))


def _running(walls: Mapping[str, datetime], back: int) -> ColumnElement[bool]:
    """Whether something runs that began so many days before."""
    clocks = {}
    for name, wall in walls.items():
        day = wall.date() - timedelta(days=back)
        clocks[name] = {
            "day": day.isoformat(),
            "month_day": f"{day:%m%d}",
            "week": day.weekday() * DAY_MINUTES,
            "minute": wall.hour * 60 + wall.minute + back * DAY_MINUTES,
        }
    clock = literal(clocks, JSONB).op("->", return_type=JSONB())(businesses.c.time_zone)
    minute, week = cast(clock["minute"].astext, Integer), cast(clock["week"].astext, Integer)
    covers = _covers(cast(clock["day"].astext, Date), clock["month_day"].astext)
    of_this = (_EXCEPTIONS.tenant_id == businesses.c.tenant_id, _EXCEPTIONS.business_id == businesses.c.id)
    of_the_year = exists().where(*of_this, not_(_EXCEPTIONS.yearly), covers).correlate(businesses)
    begun = func.unnest(_EXCEPTIONS.start_minutes, _EXCEPTIONS.length_minutes)
    those = begun.table_valued("start", "length", name="begun").render_derived()
    start, length = cast(those.c.start, Integer), cast(those.c.length, Integer)
    runs = exists().where(minute >= start, minute < start + length).select_from(those)
    exceptional = exists().where(
        *of_this,
        covers,
        or_(not_(_EXCEPTIONS.yearly), not_(of_the_year)),
        runs.correlate(opening_exceptions, businesses),
    )
    since = minute - (opening_intervals.c.start_minute - week)
    usual = exists().where(
        opening_intervals.c.tenant_id == businesses.c.tenant_id,
        opening_intervals.c.business_id == businesses.c.id,
        opening_intervals.c.start_minute.between(week, week + DAY_MINUTES - 1),
        since.between(0, opening_intervals.c.length_minutes - 1),
    )
    return or_(exceptional, and_(not_(exists().where(*of_this, covers)), usual))


def _covers(day: ColumnElement[Any], month_day: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a day is one of an exception's."""
    first, last = (func.to_char(column, _MONTH_DAY) for column in (_EXCEPTIONS.first_day, _EXCEPTIONS.last_day))
    begun, not_over = month_day >= first, month_day <= last
    every_year = or_(and_(begun, not_over), and_(first > last, or_(begun, not_over)))
    this_year = day.between(_EXCEPTIONS.first_day, _EXCEPTIONS.last_day)
    return or_(and_(not_(_EXCEPTIONS.yearly), this_year), and_(_EXCEPTIONS.yearly, every_year))


def _exception(row: Row[Any]) -> OpeningException:
    both = zip(row.start_minutes, row.length_minutes, strict=True)
    intervals = tuple(DayInterval(start, length) for start, length in both)
    return OpeningException(row.first_day, row.last_day, row.yearly, row.name, intervals)
