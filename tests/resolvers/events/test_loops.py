"""Loops end when they are told to, although a driver made an error of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from resolvers.bells import Bells
from resolvers.events.runtime import _kept


async def ended(begin: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]], how: Exception | None) -> None:
    """Runs a task that waits as told, cancels it while it waits, and waits for its end."""
    waits = asyncio.Event()

    async def work() -> None:
        waits.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if how is not None:
                raise how from None

    task = asyncio.ensure_future(begin(work))
    async with asyncio.timeout(30):
        await waits.wait()
        task.cancel()
        await asyncio.wait((task,))
    assert task.cancelled()


@pytest.mark.parametrize("how", [None, OSError("lost"), RuntimeError("nobody thought of it")], ids=str)
async def test_work_that_is_kept_going(how: Exception | None) -> None:
    await ended(_kept, how)


@pytest.mark.parametrize("how", [RedisConnectionError("lost"), OSError("lost")], ids=str)
async def test_who_waits_for_a_bell(how: Exception) -> None:
    async def begin(work: Callable[[], Awaitable[None]]) -> None:
        class Waiting:
            async def xread(self, *_: Any, **__: Any) -> None:
                await work()

        waiting: Any = Waiting()
        bells = Bells(waiting, waiting)
        while True:
            try:
                await bells.wait({"key": 1}, 10)
            except (RedisConnectionError, OSError):
                await asyncio.sleep(0)

    await ended(begin, how)
