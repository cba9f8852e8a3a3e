"""An event is told if, and only if, what it tells of is true."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.errors import Unauthenticated
from resolvers.session import TenantSession, TransactionFailed
from tests.resolvers.events.conftest import Told
from tests.resolvers.events.told import Counted


async def test_it_is_committed_with_the_rest(world: Told, tenant: UUID) -> None:
    async with world.told.session(RequestContext(tenant_id=tenant, request_id="r1")) as session:
        session.publish(Counted("sheep", 1))
        assert await session.scalar(text("select count(*) from outbox")) == 0
    (row,) = await world.outbox("*")
    assert (row["tenant_id"], row["name"], row["version"], row["aggregate"]) == (tenant, "told.counted", 1, "sheep")
    assert (row["data"], row["request_id"]) == ('{"thing": "sheep", "number": 1}', "r1")
    assert world.told.published.is_set()


async def test_it_is_undone_with_the_rest(world: Told, tenant: UUID) -> None:
    async def fail() -> None:
        async with world.told.session(RequestContext.system(tenant)) as session:
            session.publish(Counted("sheep", 1))
            raise KeyError

    with pytest.raises(KeyError):
        await fail()

    async def fail_in_the_database() -> None:
        async with world.told.session(RequestContext.system(tenant)) as session:
            session.publish(Counted("sheep", 2))
            with pytest.raises(Exception, match="division"):
                await session.scalar(text("select 1 / 0"))

    with pytest.raises(TransactionFailed):
        await fail_in_the_database()
    assert await world.outbox() == []
    assert not world.told.published.is_set()


async def test_a_savepoint_takes_its_own_back(world: Told, tenant: UUID) -> None:
    async def refused(session: TenantSession) -> None:
        async with session.savepoint():
            session.publish(Counted("sheep", 2))
            raise KeyError

    async with world.told.session(RequestContext.system(tenant)) as session:
        async with session.savepoint():
            session.publish(Counted("sheep", 1))
        with pytest.raises(KeyError):
            await refused(session)
        session.publish(Counted("sheep", 3))
    assert [row["number"] for row in await world.outbox("(data->>'number')::int as number")] == [1, 3]


async def test_it_has_a_tenant_and_a_declaration(world: Told) -> None:
    async with world.told.session(RequestContext()) as session:
        with pytest.raises(Unauthenticated):
            session.publish(Counted("sheep", 1))
    async with world.told.session(RequestContext.system(uuid4())) as session:
        with pytest.raises(TypeError, match="is no event"):
            session.publish("sheep")
    assert await world.outbox() == []


async def test_positions_of_an_aggregate_come_in_the_order_of_commits(world: Told, tenant: UUID) -> None:
    """The second waits with its position until the first has committed; another aggregate does not wait."""
    first = world.told.unit(RequestContext.system(tenant))
    await first.scalar(text("select 1"))
    first.publish(Counted("sheep", 1))
    # As in `commit`, up to the commit itself.
    held = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
    await first.scalar(held, {"key": f"event/told/{tenant}/sheep"})
    second = asyncio.create_task(world.publish(tenant, 2))
    await world.publish(tenant, 7, thing="goats")
    assert not second.done()
    await first.commit()
    await second
    rows = await world.outbox("aggregate, (data->>'number')::int as number")
    assert [row["number"] for row in rows if row["aggregate"] == "sheep"] == [1, 2]


async def test_opposite_orders_do_not_lock_each_other_out(world: Told, tenant: UUID) -> None:
    async def both(*things: str) -> None:
        async with world.told.session(RequestContext.system(tenant)) as session:
            for thing in things:
                session.publish(Counted(thing, 1))

    await asyncio.gather(*(both(*(("a", "b") if number % 2 else ("b", "a"))) for number in range(40)))
    assert len(await world.outbox()) == 80
