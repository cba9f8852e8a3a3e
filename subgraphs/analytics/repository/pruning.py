"""What is kept for some time only: events are forgotten, quarters of an hour become days."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import DateTime, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.context import RequestContext
from resolvers.session import Database, TenantSession
from subgraphs.analytics.domain.ages import MIN_DAYS, Ages, Horizon
from subgraphs.analytics.repository.facts import lock
from subgraphs.analytics.tables import appearances, facts, horizons, rollups

__all__ = ["events_kept_from", "horizon", "prune", "tenants_to_prune"]

_ROWS: Final = 10_000
_STEP: Final = timedelta(days=31)

_DUE = text("select tenant_id from analytics.tenants_to_prune(:before, :most)").bindparams(
    bindparam("before", type_=DateTime(timezone=True))
)
# A day's row is that of its noon: all others are added to it, and go.
_TO_DAYS = text(
    """
    insert into analytics.rollups (tenant_id, metric, unit, dimension, value, slot, total, events)
    select r.tenant_id, r.metric, r.unit, r.dimension, r.value, d.noon, sum(r.total), sum(r.events)
    from analytics.rollups r,
        lateral (select date_bin('1 day', r.slot, '2000-01-01 00:00+00') + interval '12 hours' as noon) d
    where r.tenant_id = :tenant and r.slot >= :first and r.slot < :last and r.slot <> d.noon
    group by r.tenant_id, r.metric, r.unit, r.dimension, r.value, d.noon
    on conflict (tenant_id, metric, unit, dimension, value, slot)
    do update set total = rollups.total + excluded.total, events = rollups.events + excluded.events
    """
)
_QUARTERS_GO = text(
    """
    delete from analytics.rollups
    where tenant_id = :tenant and slot >= :first and slot < :last
        and slot <> date_bin('1 day', slot, '2000-01-01 00:00+00') + interval '12 hours'
    """
)


async def tenants_to_prune(database: Database, before: datetime, most: int) -> list[UUID]:
    """Those who were not looked after since `before`, the longest first."""
    async with database.session(RequestContext.system(None)) as session:
        return [row.tenant_id for row in await session.rows(_DUE, {"before": before, "most": most})]


async def horizon(session: TenantSession) -> Horizon:
    """What is kept of the tenant; whoever reads it holds the lock."""
    columns = (horizons.c.events_from, horizons.c.quarters_from)
    row = await session.row(select(*columns).where(horizons.c.tenant_id == session.tenant_id()))
    if row is None:
        await session.execute(insert(horizons).values(tenant_id=session.tenant_id()).on_conflict_do_nothing())
        return Horizon()
    return Horizon(row.events_from, row.quarters_from)


async def events_kept_from(session: TenantSession) -> datetime:
    """Since when the tenant's events are all there, in UTC. One statement."""
    found: datetime | None = await session.scalar(
        select(horizons.c.events_from).where(horizons.c.tenant_id == session.tenant_id())
    )
    return Horizon().events_from if found is None else found


async def prune(database: Database, tenant_id: UUID, ages: Ages, now: datetime) -> int:
    """Forgets what is too old of a tenant, in steps, and says how many events that were.

    Whoever counts waits for one step at most. Ended between two, it goes on where it was.
    """
    wanted = ages.horizon(now)
    while not await _step(database, tenant_id, wanted):
        pass
    forgotten = 0
    while number := await _forget(database, tenant_id, wanted, now):
        forgotten += number
    async with database.session(RequestContext.system(tenant_id)) as session:
        await session.execute(update(horizons).where(horizons.c.tenant_id == tenant_id).values(pruned_at=now))
    return forgotten


async def _step(database: Database, tenant_id: UUID, wanted: Horizon) -> bool:
    """Makes days of the oldest quarters, of a month at most; says whether there are no more."""
    async with database.session(RequestContext.system(tenant_id)) as session:
        await lock(session, alone=True)
        known = await horizon(session)
        first = known.quarters_from
        oldest = await session.scalar(
            select(rollups.c.slot)
            .where(rollups.c.tenant_id == tenant_id, rollups.c.slot >= first)
            .order_by(rollups.c.slot)
            .limit(1)
        )
        last = wanted.quarters_from
        if oldest is not None and oldest < last:
            day = oldest.replace(hour=0, minute=0, second=0, microsecond=0)
            last = min(day + _STEP, last)
            values = {"tenant": tenant_id, "first": first, "last": last}
            await session.execute(_TO_DAYS, values)
            await session.execute(_QUARTERS_GO, values)
        reached = known.later(Horizon(wanted.events_from, last))
        changed = {"events_from": reached.events_from, "quarters_from": reached.quarters_from}
        await session.execute(update(horizons).where(horizons.c.tenant_id == tenant_id).values(**changed))
        return reached.quarters_from >= wanted.quarters_from


async def _forget(database: Database, tenant_id: UUID, wanted: Horizon, now: datetime) -> int:
    """Forgets some events that are too old, and who appears in them."""
    async with database.session(RequestContext.system(tenant_id)) as session:
        # What was told of late stays until nobody can tell of it once more.
        old = (
            select(facts.c.event_id)
            .where(
                facts.c.tenant_id == tenant_id,
                facts.c.at < wanted.events_from,
                facts.c.counted_at < now - timedelta(days=MIN_DAYS),
            )
            .limit(_ROWS)
            .with_for_update(skip_locked=True)
        )
        gone = await session.execute(delete(facts).where(facts.c.tenant_id == tenant_id, facts.c.event_id.in_(old)))
        await session.execute(
            delete(appearances).where(appearances.c.tenant_id == tenant_id, appearances.c.at < wanted.events_from)
        )
        return gone
