import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from resolvers.context import RequestContext
from resolvers.errors import DeadlineExceeded, Forbidden, Unauthenticated, as_domain_error
from resolvers.session import Database, TenantSession, TransactionFailed
from resolvers.settings import Settings

from .conftest import things


async def names(database: Database, context: RequestContext) -> list[str]:
    async with database.session(context) as session:
        return [row.name for row in await session.rows(select(things.c.name).order_by(things.c.name))]


def thing(context: RequestContext, name: str) -> Any:
    return insert(things).values(tenant_id=context.tenant_id, name=name)


async def test_commits_once_at_the_end(database: Database, context: RequestContext) -> None:
    async with database.session(context) as session:
        assert await session.execute(thing(context, "a")) == 1
        assert await names(database, context) == []
    assert await names(database, context) == ["a"]


async def test_an_error_undoes_everything(database: Database, context: RequestContext) -> None:
    async def write_and_fail() -> None:
        async with database.session(context) as session:
            await session.execute(thing(context, "a"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await write_and_fail()
    assert await names(database, context) == []


async def test_takes_no_connection_before_the_first_statement(database: Database, context: RequestContext) -> None:
    pool: Any = database.engine.pool
    async with database.session(context) as session:
        before = pool.checkedout()
        await session.scalar(select(1))
        assert pool.checkedout() == before + 1
    assert pool.checkedout() == before


async def test_the_tenant_ends_with_the_transaction(database: Database, context: RequestContext) -> None:
    async with database.session(context) as session:
        await session.execute(thing(context, "a"))
    setting = text("select current_setting('app.tenant_id', true)")
    for _ in range(8):
        async with database.engine.connect() as connection:
            assert await connection.scalar(setting) in (None, "")
    assert await names(database, RequestContext()) == []
    assert await names(database, RequestContext.system(uuid.uuid4())) == []


async def test_a_row_of_another_tenant_cannot_be_written(database: Database, context: RequestContext) -> None:
    other = RequestContext.system(uuid.uuid4())
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.session(context) as session:
            await session.execute(thing(other, "a"))
    assert await names(database, other) == []


async def test_a_savepoint_undoes_its_own_block_only(database: Database, context: RequestContext) -> None:
    async def write_and_fail(session: TenantSession) -> None:
        async with session.savepoint():
            await session.execute(thing(context, "undone"))
            await session.execute(text("select 1 / 0"))

    async with database.session(context) as session:
        async with session.savepoint():
            await session.execute(thing(context, "kept"))
        with pytest.raises(DBAPIError):
            await write_and_fail(session)
        assert await session.scalar(select(func.count()).select_from(things)) == 1
        await session.execute(thing(context, "after"))
    assert await names(database, context) == ["after", "kept"]


async def test_a_commit_that_would_keep_nothing_says_so(database: Database, context: RequestContext) -> None:
    """PostgreSQL answers COMMIT with a silent rollback where a statement has failed."""

    async def write_and_go_on() -> None:
        async with database.session(context) as session:
            await session.execute(thing(context, "lost"))
            with pytest.raises(DBAPIError):
                await session.scalar(text("select 1 / 0"))

    with pytest.raises(TransactionFailed):
        await write_and_go_on()
    assert await names(database, context) == []


async def test_coroutines_share_it(database: Database, context: RequestContext) -> None:
    async with database.session(context) as session:
        await asyncio.gather(*(session.execute(thing(context, f"{n:02}")) for n in range(20)))
        counts = await asyncio.gather(*(session.scalar(select(func.count()).select_from(things)) for _ in range(20)))
    assert counts == [20] * 20


async def test_no_tenant_waits_for_anothers_backlog(settings: Settings, context: RequestContext) -> None:
    """With one connection, and a tenant who wants it many times before another does once."""
    narrow = Database(settings.app_url("scratch"), "scratch", pool_size=1)
    other, had = RequestContext.system(uuid.uuid4()), []

    async def one(who: RequestContext) -> None:
        async with narrow.session(who) as session:
            assert await session.scalar(text("select current_setting('app.tenant_id')")) == str(who.tenant_id)
            had.append("other" if who is other else "flood")

    try:
        async with narrow.session(context) as session:
            await session.scalar(select(1))
            asking = [asyncio.ensure_future(one(who)) for who in (*[context] * 20, other, other)]
            await asyncio.sleep(0)
            assert had == []
        await asyncio.gather(*asking)
        assert had[:4] == ["flood", "other", "flood", "other"]
        assert len(had) == 22
        pool: Any = narrow.engine.pool
        assert pool.checkedout() == 0
    finally:
        await narrow.close()


async def test_who_stops_waiting_leaves_the_turn_to_others(settings: Settings, context: RequestContext) -> None:
    narrow = Database(settings.app_url("scratch"), "scratch", pool_size=1)

    async def one() -> None:
        async with narrow.session(context) as session:
            await session.scalar(select(1))

    try:
        async with narrow.session(context) as session:
            await session.scalar(select(1))
            asking = [asyncio.ensure_future(one()) for _ in range(5)]
            await asyncio.sleep(0)
            for task in asking[:4]:
                task.cancel()
        await asyncio.wait_for(asking[4], 5)
        await asyncio.wait_for(one(), 5)
    finally:
        await narrow.close()


async def test_the_deadline_ends_statements(database: Database, context: RequestContext) -> None:
    soon = replace(context, deadline=datetime.now(UTC) + timedelta(milliseconds=300))
    with pytest.raises(DBAPIError) as caught:
        async with database.session(soon) as session:
            await session.scalar(text("select 1 from pg_sleep(5)"))
    assert isinstance(as_domain_error(caught.value), DeadlineExceeded)
    passed = replace(context, deadline=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(DeadlineExceeded):
        async with database.session(passed) as session:
            await session.scalar(select(1))
    assert await names(database, context) == []


async def test_a_cancelled_operation_leaves_the_pool_whole(database: Database, context: RequestContext) -> None:
    async def slow() -> None:
        async with database.session(context) as session:
            await session.execute(thing(context, "a"))
            await session.scalar(text("select 1 from pg_sleep(5)"))

    pool: Any = database.engine.pool
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(slow(), 0.2)
    assert pool.checkedout() == 0
    assert await names(database, context) == []


async def test_a_tenant_is_assumed_only_where_none_is_known(database: Database, context: RequestContext) -> None:
    assert context.tenant_id is not None
    async with database.session(context) as session:
        await session.execute(thing(context, "a"))
    async with database.session(RequestContext()) as session:
        assert await session.rows(select(things)) == []
        await session.assume_tenant(context.tenant_id)
        assert len(await session.rows(select(things))) == 1
    async with database.session(context) as session:
        await session.assume_tenant(context.tenant_id)
        with pytest.raises(Forbidden):
            await session.assume_tenant(uuid.uuid4())


async def test_one_session_acts_for_one_tenant(database: Database, context: RequestContext) -> None:
    """What it tells and seals is that tenant's, so it cannot pass on to another; what was undone binds nobody."""

    async def assume_and_fail(session: TenantSession) -> None:
        async with session.savepoint():
            await session.assume_tenant(uuid.uuid4())
            raise RuntimeError

    assert context.tenant_id is not None
    async with database.session(RequestContext()) as session:
        with pytest.raises(Unauthenticated):
            await session.seal(["a"])
        with pytest.raises(RuntimeError):
            await assume_and_fail(session)
        await session.assume_tenant(context.tenant_id)
        assert await session.seal(["a"]) == ["a"]
        with pytest.raises(Forbidden):
            await session.assume_tenant(uuid.uuid4())
        await session.close()
        await session.assume_tenant(uuid.uuid4())


async def test_statements_are_counted(database: Database, context: RequestContext) -> None:
    with database.count_statements() as statements:
        async with database.session(context) as session:
            await session.execute(thing(context, "a"))
            await session.rows(select(things))
    assert [statement.split()[0] for statement in statements] == ["INSERT", "SELECT"]
    await names(database, context)
    assert len(statements) == 2
