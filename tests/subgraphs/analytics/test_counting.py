"""Events count once, however often and in whatever order they come; what is kept of them is enough to count again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from resolvers.context import RequestContext
from resolvers.events.consumer import Consumer
from resolvers.events.relay import Relay
from resolvers.events.streams import connect, stream_of
from subgraphs.__main__ import rebuild_all
from subgraphs.analytics.domain.catalogue import RULES
from subgraphs.analytics.domain.periods import slot_of
from subgraphs.analytics.domain.rules import Observation, amounts, observe
from subgraphs.analytics.tables import appearances, rollups
from subgraphs.analytics.usecases.counting import count, rebuild
from subgraphs.directory.events import ReviewPosted
from subgraphs.event_commands import subscriptions_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Rows = dict[tuple[Any, ...], tuple[Decimal, int]]


def recounted(observations: Sequence[Observation]) -> Rows:
    """What rollups must be, counted in the plainest way."""
    found: Rows = {}
    for each in {observation.event_id: observation for observation in observations}.values():
        for amount in amounts(RULES[each.event, each.version], each.values):
            key = (amount.key.metric, amount.key.unit, amount.key.dimension, amount.key.value, slot_of(each.at))
            total, events = found.get(key, (Decimal(), 0))
            found[key] = (total + amount.total, events + amount.events)
    return found


async def kept(analytics: Any, tenant_id: UUID) -> tuple[Rows, int]:
    """The rollups of a tenant, and how many appearances it has."""
    async with analytics.database.session(RequestContext.system(tenant_id)) as session:
        rows = await session.rows(select(rollups))
        seen = len(await session.rows(select(appearances.c.event_id)))
    return {(r.metric, r.unit, r.dimension, r.value, r.slot): (r.total, r.events) for r in rows}, seen


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[UUID, list[list[Observation]]]:
    """Events of a tenant as they may come: again, in any order, late, in batches of any size."""
    tenant_id = uuid4()
    told: list[Observation] = []
    for _ in range(draw(st.integers(1, 6))):
        at = NOON - timedelta(minutes=draw(st.sampled_from((0, 14, 15, 16, 60, 100_000))))
        if draw(st.booleans()):
            event = "storefront.order_placed"
            data: dict[str, Any] = {
                "email": draw(st.sampled_from(("", "a@x.example", "b@x.example"))),
                "channel": draw(st.sampled_from(("web", "app"))),
                "lines": [
                    {"name": "Pot", "sku": draw(st.sampled_from("ab")), "quantity": draw(st.integers(1, 3))}
                    for _ in range(draw(st.integers(0, 2)))
                ],
                "total": draw(st.sampled_from(("0.10", "19.90", "7"))),
                "currency": draw(st.sampled_from(("EUR", "USD"))),
                "placed_at": at.isoformat(),
            }
        else:
            event = "directory.review_posted"
            data = {"author_id": "u", "business_name": "Café", "rating": draw(st.integers(1, 5))}
            data["posted_at"] = at.isoformat()
        told.append(observe(RULES[event, 1], data, event_id=uuid4(), tenant_id=tenant_id, told_at=NOON))
    again = draw(st.lists(st.sampled_from(told), max_size=4))
    order = draw(st.permutations([*told, *again]))
    batches: list[list[Observation]] = [[]]
    for each in order:
        if draw(st.booleans()):
            batches.append([])
        batches[-1].append(each)
    return tenant_id, batches


@settings(max_examples=15, deadline=None)
@given(told=deliveries())
async def test_totals_are_those_of_a_plain_recount(analytics: Any, told: tuple[UUID, list[list[Observation]]]) -> None:
    tenant_id, batches = told
    everything = [each for batch in batches for each in batch]
    for batch in batches:
        async with analytics.database.session(RequestContext.system(tenant_id)) as session:
            await count(session, batch)
    expected = recounted(everything)
    appear = len({(each.event_id, kind) for each in everything for kind in each.subjects})
    assert await kept(analytics, tenant_id) == (expected, appear)
    async with analytics.database.session(RequestContext.system(tenant_id)) as session:
        await session.execute(text("update rollups set total = total + 1"))
        assert await rebuild(session) == len({each.event_id for each in everything})
    assert await kept(analytics, tenant_id) == (expected, appear)


async def test_the_same_event_from_two_at_once_counts_once(tenant: Any) -> None:
    order = tenant.order(NOON)
    async with asyncio.timeout(20):
        counted = await asyncio.gather(*(tenant.count(order) for _ in range(4)))
    assert sorted(counted) == [0, 0, 0, 1]
    assert (await kept(tenant.subgraph, tenant.id))[0] == recounted([order])


async def test_counting_while_all_is_made_anew_loses_nothing(tenant: Any) -> None:
    orders = [tenant.order(NOON + timedelta(minutes=minute)) for minute in range(12)]
    await tenant.count(*orders[:6])

    async def anew() -> None:
        async with tenant.subgraph.database.session(RequestContext.system(tenant.id)) as session:
            await rebuild(session)

    async with asyncio.timeout(20):
        await asyncio.gather(anew(), *(tenant.count(order) for order in orders[6:]), anew())
    assert (await kept(tenant.subgraph, tenant.id))[0] == recounted(orders)


async def test_the_operator_has_all_made_anew_each_tenant_its_own(tenant: Any, analytics: Any) -> None:
    other = type(tenant)(analytics, uuid4())
    mine, theirs = tenant.order(NOON), other.order(NOON, total="3")
    await tenant.count(mine)
    await other.count(theirs)
    async with analytics.database.session(RequestContext.system(tenant.id)) as session:
        await session.execute(text("update rollups set total = total + 1"))
    await rebuild_all(["identity", "analytics"], analytics.settings)
    assert (await kept(analytics, tenant.id))[0] == recounted([mine])
    assert (await kept(analytics, other.id))[0] == recounted([theirs])


async def test_what_others_tell_arrives(
    analytics: Any, tenant: Any, start_subgraph: Callable[[str], Awaitable[Any]]
) -> None:
    directory = await start_subgraph("directory")
    redis = connect(analytics.settings.redis_url.get_secret_value(), 5)
    try:
        relay = Relay(directory.database, redis, ["analytics"])
        consumer = Consumer(analytics.database, redis, subscriptions_of("analytics"))
        async with directory.database.session(RequestContext.system(tenant.id)) as session:
            for rating in (2, 5):
                session.publish(ReviewPosted(uuid4(), uuid4(), "Café", uuid4(), rating, "", NOON))
        async with asyncio.timeout(20):
            await relay.once()
            while await consumer.once():
                pass
    finally:
        await redis.delete(stream_of("directory"), f"{stream_of('directory')}:mark")
        await redis.aclose()
    period = '{from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z"}'
    query = f'{{ metric(id: "directory.rating") {{ total(period: {period}) {{ value events }} }} }}'
    assert (await tenant.data(query))["metric"]["total"] == {"value": "3.5000", "events": 2}
