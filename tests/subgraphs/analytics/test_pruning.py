"""What is too old goes, and what is said to stay exact stays exact."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from resolvers.context import RequestContext
from resolvers.session import Database
from subgraphs.analytics.domain.ages import Ages
from subgraphs.analytics.domain.catalogue import RULES
from subgraphs.analytics.domain.periods import SLOT, Granularity, boundaries, period, slot_of
from subgraphs.analytics.domain.rules import Observation, observe
from subgraphs.analytics.repository.pruning import prune
from subgraphs.analytics.repository.rollups import Cell, Slice, cells
from subgraphs.analytics.sweeper import Sweeper
from subgraphs.analytics.tables import appearances, facts, rollups
from subgraphs.analytics.usecases.counting import count, rebuild

NOW = datetime(2027, 6, 15, 9, 30, tzinfo=UTC)
AGES = Ages(events_days=90, quarters_days=60)
HORIZON = AGES.horizon(NOW)
DAY = timedelta(days=1)
METRIC = "storefront.revenue"
EUR = Slice("EUR")
ZONES = ("Pacific/Auckland", "Asia/Kolkata", "America/New_York", "Etc/GMT+12", "UTC")


def order(tenant_id: UUID, at: datetime, total: str) -> Observation:
    data = {"email": "a@x.example", "channel": "web", "lines": [], "total": total, "currency": "EUR"}
    told = {**data, "placed_at": at.isoformat()}
    return observe(RULES["storefront.order_placed", 1], told, event_id=uuid4(), tenant_id=tenant_id, told_at=NOW)


def plainly(told: Sequence[Observation], first: datetime, last: datetime) -> Cell:
    found = [Decimal(each.values["total"]) for each in told if first <= each.at < last]
    return Cell(sum(found, Decimal()), len(found))


async def shown(session: Any, first: datetime, last: datetime) -> Cell:
    found = await cells(session, [METRIC], (first, last), EUR)
    return found.get((METRIC, 0), Cell(Decimal(), 0))


async def made_old(session: Any) -> None:
    """Everything was counted long ago."""
    await session.execute(text("update facts set counted_at = '2020-01-01'"))


@st.composite
def orders(draw: st.DrawFn) -> list[tuple[datetime, str]]:
    """Some on either side of each horizon, some far back, at all times of the day."""
    days = draw(st.lists(st.sampled_from((0, 1, 59, 60, 61, 62, 89, 90, 91, 92, 150, 151, 400)), max_size=12))
    minutes = st.integers(0, 24 * 60 - 1)
    return [
        (
            NOW.replace(hour=0, minute=0) - each * DAY + timedelta(minutes=draw(minutes)),
            draw(st.sampled_from(("0.10", "19.90", "7"))),
        )
        for each in days
    ]


@settings(max_examples=12, deadline=None)
@given(before=orders(), after=orders(), borders=st.lists(st.integers(0, 420), min_size=2, max_size=2, unique=True))
async def test_what_is_said_to_stay_exact_does(
    analytics: Any, before: list[tuple[datetime, str]], after: list[tuple[datetime, str]], borders: list[int]
) -> None:
    tenant_id = uuid4()
    told = [order(tenant_id, at, total) for at, total in before]
    async with analytics.database.session(RequestContext.system(tenant_id)) as session:
        await count(session, told)
        await made_old(session)
    await prune(analytics.database, tenant_id, AGES, NOW)
    # Late ones are counted where they belong, and the next time nothing changes.
    told += [order(tenant_id, at, total) for at, total in after]
    async with analytics.database.session(RequestContext.system(tenant_id)) as session:
        await count(session, told[len(before) :])
        await session.execute(text("update facts set counted_at = :now where counted_at > '2020-01-02'"), {"now": NOW})
    await prune(analytics.database, tenant_id, AGES, NOW)
    midnight = NOW.replace(hour=0, minute=0)
    first, last = (midnight - each * DAY for each in sorted(borders, reverse=True))
    async with analytics.database.session(RequestContext.system(tenant_id)) as session:
        for _ in range(2):
            assert await shown(session, first, last) == plainly(told, first, last), "between midnights of UTC"
            for each in told:
                day = each.at.replace(hour=0, minute=0)
                assert await shown(session, day, day + DAY) == plainly(told, day, day + DAY), "a day of UTC"
                if each.at >= HORIZON.quarters_from:
                    slot = slot_of(each.at)
                    assert await shown(session, slot, slot + SLOT) == plainly(told, slot, slot + SLOT), "a quarter"
            await rebuild(session)
        slots = {row.slot for row in await session.rows(select(rollups.c.slot))}
        assert all(slot.hour == 12 for slot in slots if slot < HORIZON.quarters_from), "old quarters are gone"
        assert all(slot.minute == 0 for slot in slots if slot < HORIZON.quarters_from)
        kept = {row.event_id for row in await session.rows(select(facts.c.event_id))}
        old = {each.event_id for each in told[: len(before)] if each.at < HORIZON.events_from}
        assert kept == {each.event_id for each in told} - old
        oldest = await session.scalar(select(func.min(appearances.c.at)))
        assert oldest is None or oldest >= HORIZON.events_from


@settings(max_examples=10, deadline=None)
@given(told=orders(), zone=st.sampled_from(ZONES))
async def test_calendars_of_other_zones_show_old_days_under_their_dates(
    analytics: Any, told: list[tuple[datetime, str]], zone: str
) -> None:
    tenant_id = uuid4()
    old = [order(tenant_id, at, total) for at, total in told if at < HORIZON.quarters_from - 2 * DAY]
    async with analytics.database.session(RequestContext.system(tenant_id)) as session:
        await count(session, old)
    await prune(analytics.database, tenant_id, AGES, NOW)
    where = ZoneInfo(zone)
    async with analytics.database.session(RequestContext.system(tenant_id)) as session:
        for each in old:
            date = each.at.replace(hour=0, minute=0, tzinfo=where)
            edges = boundaries(period(date, date + DAY, where), Granularity.DAY)
            assert len(edges) == 2
            utc = each.at.replace(hour=0, minute=0)
            if zone == "Pacific/Auckland":
                continue  # thirteen hours ahead in summer: noon of UTC is the next day there
            assert await shown(session, *edges) == plainly(old, utc, utc + DAY)


async def test_the_sweeper_looks_after_each_tenant_once_a_day(tenant: Any) -> None:
    await tenant.count(order(tenant.id, NOW - 100 * DAY, "7"), order(tenant.id, NOW, "1"))
    database = tenant.subgraph.database
    async with database.session(RequestContext.system(tenant.id)) as session:
        await made_old(session)

    async def kept() -> int:
        async with database.session(RequestContext.system(tenant.id)) as session:
            return int(await session.scalar(select(func.count()).select_from(facts)))

    owner = Database(tenant.subgraph.settings.admin_url(), "analytics", pool_size=1)
    try:
        async with owner.session(RequestContext.system(None)) as session:
            others = "update horizons set pruned_at = '2100-01-01' where tenant_id <> :tenant"
            await session.execute(text(others), {"tenant": tenant.id})
    finally:
        await owner.close()
    sweeper = Sweeper(AGES)
    async with asyncio.timeout(30):
        await asyncio.gather(sweeper.sweep(database, NOW), sweeper.sweep(database, NOW))
    assert await kept() == 1
    async with database.session(RequestContext.system(tenant.id)) as session:
        assert await shown(session, NOW - 200 * DAY, NOW + DAY) == Cell(Decimal(8), 2)
        pruned_at = await session.scalar(text("select pruned_at from horizons"))
    assert pruned_at == NOW
    async with asyncio.timeout(30):
        await sweeper.sweep(database, NOW + timedelta(hours=23))
        async with database.session(RequestContext.system(tenant.id)) as session:
            assert await session.scalar(text("select pruned_at from horizons")) == NOW, "not its turn"


async def test_counting_while_it_is_pruned_loses_nothing(tenant: Any) -> None:
    late = [order(tenant.id, NOW - 100 * DAY + timedelta(minutes=17 * number), "1") for number in range(8)]
    await tenant.count(*late[:4])
    database = tenant.subgraph.database
    async with asyncio.timeout(30):
        await asyncio.gather(
            prune(database, tenant.id, AGES, NOW),
            *(tenant.count(each) for each in late[4:]),
            prune(database, tenant.id, AGES, NOW),
        )
    async with database.session(RequestContext.system(tenant.id)) as session:
        assert await shown(session, NOW - 200 * DAY, NOW) == Cell(Decimal(8), 8)


async def test_a_funnel_over_what_is_forgotten_is_refused(tenant: Any) -> None:
    """Zeros would look like numbers."""
    query = """query ($input: FunnelInput!) { funnel(input: $input) { steps { subjects } } }"""
    email = {"subject": "person", "steps": [{"event": "crm.lead_created"}, {"event": "storefront.order_placed"}]}

    def since(first: datetime) -> dict[str, Any]:
        return {"input": {**email, "period": {"from": first.isoformat(), "to": (first + 9 * DAY).isoformat()}}}

    old = HORIZON.events_from - timedelta(minutes=15)
    assert (await tenant.data(query, since(old)))["funnel"]["steps"][0] == {"subjects": 0}, "nothing is forgotten yet"
    await prune(tenant.subgraph.database, tenant.id, AGES, NOW)
    (error,) = (await tenant.subgraph.call(query, since(old), tenant=tenant.id))["errors"]
    assert error["extensions"]["code"] == "PERIOD_NOT_KEPT"
    assert f"{HORIZON.events_from:%Y-%m-%dT%H:%M:%SZ}" in error["message"]
    kept = await tenant.data(query, since(HORIZON.events_from))
    assert kept["funnel"]["steps"] == [{"subjects": 0}] * 2
    other = await tenant.subgraph.call(query, since(old), tenant=uuid4())
    assert "errors" not in other, "another tenant's events are kept by themselves"


@pytest.mark.parametrize("days", [{"events_days": 59}, {"quarters_days": 0}])
def test_what_is_resent_must_be_known(days: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="60 days"):
        Ages(**days)
