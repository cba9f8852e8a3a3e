"""Whoever is killed, whenever: every event has its effect once, and those about one thing in their order."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from brain.embedded.ports import free_port
from brain.embedded.process import end_group, start
from brain.embedded.redis import RedisServer
from resolvers.context import RequestContext
from resolvers.events.streams import connect, stream_of
from tests.resolvers.events.conftest import Told
from tests.resolvers.events.told import Counted


@pytest.fixture
async def start_worker(world: Told) -> AsyncIterator[Callable[..., object]]:
    """`await start_worker()`: a process that relays and consumes; gone at the end of the test."""
    running: list[Process] = []

    async def begin(redis_url: str | None = None) -> Process:
        settings = world.settings
        environment = {
            **os.environ,
            "BRAIN_DATABASE_URL": settings.database_url.get_secret_value(),
            "BRAIN_DATABASE_APP_PASSWORD": settings.database_app_password.get_secret_value(),
            "BRAIN_REDIS_URL": redis_url or settings.redis_url.get_secret_value(),
            "PYTHONPATH": str(Path(__file__).parents[3]),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.resolvers.events.worker", env=environment, stdout=DEVNULL
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def publish_many(world: Told, tenants: list[UUID], each: int) -> None:
    for number in range(each):
        for tenant in tenants:
            async with world.told.session(RequestContext.system(tenant)) as session:
                session.publish(Counted("sheep", number))
                session.publish(Counted("goats", number))


async def test_processes_are_killed(world: Told, start_worker: Callable[..., object]) -> None:
    tenants, each = [uuid4(), uuid4()], 60
    publishing = asyncio.create_task(publish_many(world, tenants, each))
    pick = random.Random(7)
    workers: list[Process] = [await start_worker() for _ in range(2)]  # type: ignore[misc]
    await world.arrived(tenants[0], 10)
    for _ in range(3):
        victim = workers.pop(0)
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
        workers.append(await start_worker())  # type: ignore[misc]
        before = len(await world.effects(tenants[1]))
        await world.arrived(tenants[1], min(2 * each, before + pick.randrange(1, 30)))
    await publishing
    for tenant in tenants:
        await world.arrived(tenant, 2 * each, within_s=60)
        assert await world.effects(tenant, "sheep") == list(range(each))
        assert await world.effects(tenant, "goats") == list(range(each))
    assert await world.parked() == []


@contextmanager
def redis_running(folder: Path, port: int) -> Iterator[str]:
    """A Redis that keeps nothing on disk, killed at the end of the block."""
    server = RedisServer(folder, port, "secret", durable=False)
    server.prepare()
    with (folder / "log").open("ab") as log:
        child = start(server.launch(), log)
    try:
        while not server.is_ready():
            assert child.poll() is None
        yield server.url
    finally:
        child.send_signal(signal.SIGKILL)
        end_group(child, server.launch())


async def test_redis_loses_everything(world: Told, tenant: UUID, tmp_path: Path) -> None:
    """Killed after some events were taken, with others in it and others not yet sent; then another one, empty."""
    port = free_port()
    with ExitStack() as stack:
        url = stack.enter_context(redis_running(tmp_path, port))
        redis = connect(url, 5)
        relay, consumer = world.relay(redis=redis), world.consumer(redis=redis)
        await world.publish(tenant, 1, 2)
        await world.deliver(consumer, relay)
        await world.publish(tenant, 3)
        await relay.once()
        await consumer.once()  # has its effect, and Redis knows; nobody has noted that yet
        await world.publish(tenant, 4)
        await relay.once()  # is in Redis alone
        await world.publish(tenant, 5)
    assert await world.effects(tenant) == [1, 2, 3]
    with redis_running(tmp_path, port):
        await redis.connection_pool.disconnect()
        await world.deliver(consumer, relay)
        assert await world.effects(tenant) == [1, 2, 3, 4, 5]
        assert all(row["confirmed_at"] is not None for row in await world.outbox())
        await redis.aclose()


@pytest.mark.parametrize("lost", ["everything", "the stream"])
async def test_redis_is_emptied_while_it_runs(world: Told, tenant: UUID, lost: str) -> None:
    relay, consumer = world.relay(), world.consumer()
    await world.publish(tenant, 1)
    await world.deliver(consumer, relay)
    await world.publish(tenant, 2)
    await relay.once()
    keys = [stream_of("told")] if lost == "the stream" else [stream_of("told"), f"{stream_of('told')}:mark"]
    await world.redis.delete(*keys)
    await relay.once()
    await world.deliver(consumer, relay)
    assert await world.effects(tenant) == [1, 2]


async def test_nobody_answers_for_a_while(
    world: Told, tenant: UUID, tmp_path: Path, start_worker: Callable[..., object]
) -> None:
    """A process that starts before Redis goes on by itself once it is there, and once it is there again."""
    port = free_port()
    url = f"redis://:secret@127.0.0.1:{port}/0"
    await start_worker(url)  # type: ignore[misc]
    await world.publish(tenant, 1)
    with redis_running(tmp_path, port):
        await world.arrived(tenant, 1)
    await world.publish(tenant, 2)
    with redis_running(tmp_path, port):
        await world.arrived(tenant, 2)
        assert await world.effects(tenant) == [1, 2]
