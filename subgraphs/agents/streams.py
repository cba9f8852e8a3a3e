"""Redis streams `agents:{tenant}:{run}`: a bell that wakes those who watch a run.

What happened is in the database; an entry says only that there is something new, with the event's number as its id.
A bell that is not heard delays an event and loses none: who watches looks into the database anyway, now and then.
"""

import logging
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

__all__ = ["EventStreams", "stream_key"]

_log = logging.getLogger("subgraphs.agents.streams")

_MAX_LENGTH = 1000
_LIFETIME_S = 24 * 3600


def stream_key(tenant_id: UUID, run_id: UUID) -> str:
    """The key of a run's stream."""
    return f"agents:{tenant_id}:{run_id}"


class EventStreams:
    """Rings, and waits for, the bells of runs.

    Args:
        redis: to ring; answers fast or not at all.
        waiting: to wait; its time limit for an answer is longer than any wait.
    """

    def __init__(self, redis: Redis, waiting: Redis) -> None:
        self._redis = redis
        self._waiting = waiting

    async def ring(self, tenant_id: UUID, run_id: UUID, seq: int, kind: str) -> None:
        """Says that event `seq` is there. Never raises: a watcher finds the event without it, a little later."""
        key = stream_key(tenant_id, run_id)
        try:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.xadd(key, {"kind": kind}, id=f"{seq}-0", maxlen=_MAX_LENGTH, approximate=True)
            pipeline.expire(key, _LIFETIME_S)
            await pipeline.execute()
        except ResponseError:
            # A later event rang first: whoever woke up has read this one too.
            pass
        except (RedisError, OSError) as error:
            _log.warning("the bell of a run cannot be rung: %s", error)

    async def wait(self, tenant_id: UUID, run_id: UUID, after: int, timeout_s: float) -> None:
        """Returns when there is an event after number `after`, or after `timeout_s`.

        Raises:
            redis.RedisError, OSError: Redis does not answer.
        """
        await self._waiting.xread({stream_key(tenant_id, run_id): f"{after}-0"}, count=1, block=int(timeout_s * 1000))

    async def close(self) -> None:
        """Closes all connections."""
        await self._redis.aclose()
        await self._waiting.aclose()
