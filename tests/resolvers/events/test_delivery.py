"""From the outbox to a handler: once, in order, for the right tenant, fair."""

import asyncio
import json
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest

from resolvers.context import RequestContext
from resolvers.events.backlog import as_metrics, backlog_of
from resolvers.events.envelope import NOBODY, About
from resolvers.events.streams import stream_of
from resolvers.events.subscriptions import subscribe
from resolvers.session import TenantSession
from tests.resolvers.events.conftest import Heard, Told, keep
from tests.resolvers.events.told import Counted, Renamed


async def test_an_event_has_its_effect_and_is_confirmed(world: Told, tenant: UUID) -> None:
    await world.publish(tenant, 1, 2, 3)
    await world.deliver(world.consumer())
    assert await world.effects(tenant) == [1, 2, 3]
    assert all(row["confirmed_at"] is not None for row in await world.outbox())
    assert await world.redis.xlen(stream_of("told")) == 0


async def test_delivered_again_it_has_no_effect_again(world: Told, tenant: UUID) -> None:
    await world.publish(tenant, 1, 2)
    await world.relay().once()
    entries = await world.redis.xrange(stream_of("told"))
    for _, fields in entries:
        await world.redis.xadd(stream_of("told"), fields)
    await world.deliver(world.consumer())
    assert await world.effects(tenant) == [1, 2]


async def test_two_handlers_of_one_event_each_have_theirs(world: Told, tenant: UUID) -> None:
    async def keep_negative(session: TenantSession, heard: Heard, about: About) -> None:
        await keep(session, Heard(heard.thing, -heard.number), about)

    subscriptions = [subscribe("told.counted", version=1)(each) for each in (keep, keep_negative)]
    await world.publish(tenant, 1)
    await world.deliver(world.consumer(*subscriptions))
    assert sorted(await world.effects(tenant)) == [-1, 1]


async def test_what_nobody_listens_to_passes_by(world: Told, tenant: UUID) -> None:
    async with world.told.session(RequestContext.system(tenant)) as session:
        session.publish(Renamed("sheep", "Dolly"))
    await world.deliver(world.consumer())
    assert await world.parked() == []
    assert all(row["confirmed_at"] is not None for row in await world.outbox())


async def test_without_listeners_it_is_confirmed_once_it_is_sent(world: Told, tenant: UUID) -> None:
    await world.publish(tenant, 1, 2)
    assert not await world.relay(readers=()).once()
    assert all(row["confirmed_at"] is not None for row in await world.outbox())
    assert await world.redis.xlen(stream_of("told")) == 2


async def test_a_version_that_nobody_reads_is_dead_at_once(world: Told, tenant: UUID) -> None:
    async with world.told.session(RequestContext.system(tenant)) as session:
        session.publish(Renamed("sheep", "Dolly"))
    async with world.told.session(RequestContext.system(tenant)) as session:
        session.publish(Counted("sheep", 1))
    old = subscribe("told.renamed", version=1)(keep)
    await world.deliver(world.consumer(old))
    (row,) = await world.parked()
    assert row["tenant_id"] == tenant
    assert row["died_at"] is not None
    assert row["reason"] == "nothing here reads version 2 of told.renamed"


async def test_an_entry_for_another_tenant_is_nobodys(world: Told, tenant: UUID) -> None:
    """Whoever can write to the stream cannot have an event of one tenant take effect at another."""
    other = uuid4()
    await world.publish(tenant, 1)
    await world.relay().once()
    ((_, fields),) = await world.redis.xrange(stream_of("told"))
    changed = json.loads(fields["event"])
    for forged in (
        {**fields, "tenant": str(other)},
        {**fields, "event": json.dumps({**changed, "id": str(uuid4()), "tenant": str(other)})},
        {"tenant": str(NOBODY), "event": json.dumps({**changed, "tenant": str(NOBODY)})},
        {"tenant": "acme", "event": fields["event"]},
        {"tenant": str(tenant), "event": "{"},
        {"tenant": str(tenant), "event": json.dumps({**changed, "data": [1]})},
        {"tenant": str(tenant), "event": json.dumps({**changed, "name": "told\0counted"})},
        {"event": fields["event"]},
        {"anything": "else\0"},
    ):
        await world.redis.xadd(stream_of("told"), forged)
    await world.deliver(world.consumer())
    assert await world.effects(tenant) == [1]
    assert await world.effects(other) == []
    dead = await world.parked()
    assert len(dead) == 9
    assert {row["tenant_id"] for row in dead} == {NOBODY}
    assert all(row["died_at"] is not None for row in dead)
    assert dead[0]["reason"] == f"an event of tenant {tenant} in an entry for tenant {other}"


async def test_data_that_is_not_what_is_read_is_parked(world: Told, tenant: UUID) -> None:
    await world.publish(tenant, 1)
    await world.relay().once()
    ((_, fields),) = await world.redis.xrange(stream_of("told"))
    broken = {**json.loads(fields["event"]), "id": str(uuid4()), "data": {"thing": "sheep", "number": "many"}}
    await world.redis.xadd(stream_of("told"), {**fields, "event": json.dumps(broken)})
    await world.deliver(world.consumer(most=1))
    assert await world.effects(tenant) == [1]
    (row,) = await world.parked()
    assert "number" in row["reason"]


async def test_order_of_an_aggregate_holds_whoever_consumes(world: Told) -> None:
    """Several relays and consumers at once, two tenants, five aggregates each."""
    tenants = [uuid4(), uuid4()]
    things = [f"t{number}" for number in range(5)]
    for number in range(20):
        for tenant in tenants:
            for thing in things:
                await world.publish(tenant, number, thing=thing)
    relays = [world.relay(turn=7, room=40) for _ in range(2)]
    consumers = [world.consumer() for _ in range(3)]

    async def enough() -> None:
        while sum([len(await world.effects(tenant)) for tenant in tenants]) < 200:
            await asyncio.gather(*(each.once() for each in (*relays, *consumers)))

    await asyncio.wait_for(enough(), 60)
    for tenant in tenants:
        for thing in things:
            assert await world.effects(tenant, thing) == list(range(20))


async def test_a_flood_of_one_tenant_holds_up_no_other(world: Told) -> None:
    loud, quiet = uuid4(), uuid4()
    async with world.told.session(RequestContext.system(loud)) as session:
        for number in range(500):
            session.publish(Counted("sheep", number))
    await world.publish(quiet, 1)
    relay, consumer = world.relay(turn=10, room=40), world.consumer()
    await relay.once()
    await consumer.once()
    assert await world.effects(quiet) == [1]
    assert 0 < len(await world.effects(loud)) < 40
    assert (await backlog_of(world.told)).unconfirmed == 501


async def test_listeners_that_are_away_fill_no_redis(world: Told, tenant: UUID) -> None:
    async with world.told.session(RequestContext.system(tenant)) as session:
        for number in range(100):
            session.publish(Counted("sheep", number))
    relay = world.relay(turn=10, room=30)
    for _ in range(5):
        await relay.once()
    assert await world.redis.xlen(stream_of("told")) == 30
    await world.deliver(world.consumer(), relay)
    assert await world.effects(tenant) == list(range(100))


async def test_the_backlog_is_counted(world: Told, tenant: UUID, refusing) -> None:
    await world.publish(tenant, 1, 2)
    before = await backlog_of(world.told)
    assert (before.context, before.unconfirmed, before.waiting, before.dead) == ("told", 2, 0, 0)
    assert before.oldest_s > 0
    await world.deliver(world.consumer(refusing({1}), most=1))
    assert (await backlog_of(world.told)).unconfirmed == 0
    assert (await backlog_of(world.hears)).dead == 1
    text = as_metrics([before, await backlog_of(world.hears)]).decode()
    assert 'brain_events_unconfirmed{context="told"} 2.0' in text
    assert 'brain_events_dead{context="hears"} 1.0' in text
    assert str(tenant) not in text


@pytest.mark.parametrize("which", ["relay", "consumer"])
async def test_a_cancellation_that_a_driver_makes_an_error_of_ends_it(world: Told, which: str) -> None:
    loop = world.relay(poll_s=30) if which == "relay" else world.consumer()
    asked = asyncio.Event()

    async def once() -> int:
        asked.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise OSError("the connection was closed") from None
        return 0

    with patch.object(loop, "once", once):
        task = asyncio.create_task(loop.forever())
        await asyncio.wait_for(asked.wait(), 20)
        task.cancel()
        await asyncio.wait({task}, timeout=20)
    assert task.done()


async def test_it_arrives_by_itself(world: Told, tenant: UUID) -> None:
    """The loops, as a process runs them: no look is needed to be woken."""
    tasks = [asyncio.create_task(each.forever()) for each in (world.relay(poll_s=30), world.consumer())]
    try:
        await asyncio.sleep(0.2)  # the relay has looked once, and found nothing
        await world.publish(tenant, 1)
        await world.arrived(tenant, 1)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
