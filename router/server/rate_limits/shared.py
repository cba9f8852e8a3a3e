"""Counting in Redis, for all routers that use it, in one round trip per request, or per several that come together."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from router.executor.running_loop import running_loop
from router.server.rate_limits.gcra import Rate

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["SharedStore"]

# For each request the number of its buckets, then the interval and the capacity of each. By the clock of Redis: those
# of the routers may differ. A moment beyond the capacity, such as one that a rule left before it was changed, counts as
# a full bucket.
TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local result, key, arg = {}, 0, 1
while ARGV[arg] do
  local count = tonumber(ARGV[arg])
  local filled, fits = {}, 1
  for i = 1, count do
    local interval, capacity = tonumber(ARGV[arg + 2 * i - 1]), tonumber(ARGV[arg + 2 * i])
    local until_us = tonumber(redis.call('GET', KEYS[key + i]) or 0) or 0
    filled[i] = math.min(math.max(until_us - now, 0), capacity)
    if filled[i] + interval > capacity then fits = 0 end
  end
  table.insert(result, fits)
  for i = 1, count do
    if fits == 1 then
      filled[i] = filled[i] + tonumber(ARGV[arg + 2 * i - 1])
      redis.call('SET', KEYS[key + i], string.format('%.0f', now + filled[i]), 'PX', math.ceil(filled[i] / 1000))
    end
    table.insert(result, filled[i])
  end
  key, arg = key + count, arg + 2 * count + 1
end
return result
"""

MAX_TOGETHER = 64
MAX_UNDER_WAY = 4

Answer = tuple[bool, list[int]]
Question = tuple[Sequence[bytes], Sequence[Rate], asyncio.Future[Answer]]


class SharedStore:
    """Buckets in Redis, which forgets each when it is empty.

    Requests of one round of the event loop, or that come while others are asked about, are asked about together: one
    after the other in Redis, each for itself.

    Args:
        redis: closed by whoever closes this. One server, or a primary: the keys of a request may be in several slots.
        timeout_s: for one round trip.
    """

    __slots__ = ("_is_due", "_redis", "_take", "_tasks", "_timeout_s", "_waiting")

    def __init__(self, redis: "Redis", timeout_s: float) -> None:
        self._redis = redis
        self._timeout_s = timeout_s
        self._take = redis.register_script(TAKE)
        self._waiting: list[Question] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_due = False

    async def take(self, keys: Sequence[bytes], rates: Sequence[Rate]) -> Answer:
        """Take one from each bucket, or from none; see `LocalStore.take`.

        Raises:
            RedisError, OSError: there is no answer in time.
        """
        loop = running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((keys, rates, answer))
        if not self._is_due and len(self._tasks) < MAX_UNDER_WAY:
            self._is_due = True
            loop.call_soon(self._ask)
        return await answer

    async def close(self) -> None:
        """Close the connections; who waits is told that there is no answer."""
        waiting, self._waiting = self._waiting, []
        _fail(waiting, ConnectionError("closed"))
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))
        await self._redis.aclose()

    def _ask(self) -> None:
        self._is_due = False
        together, self._waiting = self._waiting[:MAX_TOGETHER], self._waiting[MAX_TOGETHER:]
        if together:
            task = running_loop().create_task(self._ask_about(together))
            self._tasks.add(task)
            task.add_done_callback(partial(self._asked, together))

    def _asked(self, together: Sequence[Question], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        failure = ConnectionError("closed") if task.cancelled() else task.exception()
        if failure is not None:
            _fail(together, failure)
        if self._waiting:
            self._ask()

    async def _ask_about(self, together: Sequence[Question]) -> None:
        names = [key for keys, _, _ in together for key in keys]
        arguments: list[int] = []
        for _, rates, _ in together:
            arguments.append(len(rates))
            for rate in rates:
                arguments += rate.interval_us, rate.capacity_us
        async with asyncio.timeout(self._timeout_s):
            found: list[int] = await self._take(keys=names, args=arguments)
        position = 0
        for keys, _, answer in together:
            end = position + 1 + len(keys)
            if not answer.done():
                answer.set_result((found[position] == 1, found[position + 1 : end]))
            position = end


def _fail(together: Sequence[Question], failure: BaseException) -> None:
    for _, _, answer in together:
        if not answer.done():
            answer.set_exception(failure)
