"""Counting in Redis, for all routers that use it, in one round trip per request."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from router.server.rate_limits.gcra import Rate

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["SharedStore"]

# By the clock of Redis: those of the routers may differ. A moment beyond the capacity, such as one that a rule left
# before it was changed, counts as a full bucket.
TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local filled, fits = {}, 1
for i = 1, #KEYS do
  local interval, capacity = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local until_us = tonumber(redis.call('GET', KEYS[i]) or 0) or 0
  filled[i] = math.min(math.max(until_us - now, 0), capacity)
  if filled[i] + interval > capacity then fits = 0 end
end
if fits == 1 then
  for i = 1, #KEYS do
    filled[i] = filled[i] + tonumber(ARGV[2 * i - 1])
    redis.call('SET', KEYS[i], string.format('%.0f', now + filled[i]), 'PX', math.ceil(filled[i] / 1000))
  end
end
table.insert(filled, 1, fits)
return filled
"""


class SharedStore:
    """Buckets in Redis, which forgets each when it is empty.

    Args:
        redis: closed by whoever closes this. One server, or a primary: the keys of a request may be in several slots.
    """

    __slots__ = ("_redis", "_take")

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._take = redis.register_script(TAKE)

    async def take(self, keys: Sequence[bytes], rates: Sequence[Rate]) -> tuple[bool, list[int]]:
        """Take one from each bucket, or from none; see `LocalStore.take`.

        Raises:
            RedisError, OSError: there is no answer in time.
        """
        arguments = [number for rate in rates for number in (rate.interval_us, rate.capacity_us)]
        fits, *filled = await self._take(keys=list(keys), args=arguments)
        return fits == 1, filled

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
