"""Bells: what wakes those who watch something, across processes. A bell is a Redis stream of its own.

    bells = Bells.at(settings)
    session.after_commit(partial(bells.ring, key, number))
    await bells.wait({key: number_seen}, timeout_s=10)

What happened is in the database; an entry says only that there is something new, with a number that grows as its id.
A bell that is not heard delays an event and loses none: who watches looks into the database anyway, now and then.
Keys begin with the context's name and the tenant's id.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final, Self

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from resolvers.events.loops import is_cancelled
from resolvers.settings import Settings

__all__ = ["LONGEST_WAIT_S", "Bells"]

_log = logging.getLogger("resolvers.bells")

LONGEST_WAIT_S: Final = 30
_ANSWER_S: Final = 2
# What watchers have seen is in the database: only that the newest is newer than that is asked of a bell.
_MAX_LENGTH: Final = 10
_LIFETIME_S: Final = 24 * 3600


class Bells:
    """Rings, and waits for, bells.

    Args:
        redis: to ring; answers fast or not at all.
        waiting: to wait; its time limit for an answer is longer than any wait.
    """

    def __init__(self, redis: Redis, waiting: Redis) -> None:
        self._redis = redis
        self._waiting = waiting

    @classmethod
    def at(cls, settings: Settings) -> Self:
        """Those of the platform's Redis."""
        url = settings.redis_url.get_secret_value()
        return cls(
            Redis.from_url(url, socket_timeout=_ANSWER_S, socket_connect_timeout=_ANSWER_S),
            Redis.from_url(url, socket_timeout=LONGEST_WAIT_S + _ANSWER_S, socket_connect_timeout=_ANSWER_S),
        )

    async def ring(self, key: str, number: int) -> None:
        """Says that `number` (from 1) is there. Never raises: a watcher finds it without the bell, a little later."""
        try:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.xadd(key, {"n": number}, id=f"{number}-0", maxlen=_MAX_LENGTH, approximate=True)
            pipeline.expire(key, _LIFETIME_S)
            await pipeline.execute()
        except ResponseError:
            # A later number rang first: whoever woke up has read this one too.
            pass
        except (RedisError, OSError) as error:
            _log.warning("a bell cannot be rung: %s", error)

    async def wait(self, seen: Mapping[str, int], timeout_s: float) -> None:
        """Returns when one of the bells was rung with a number above the one given for it, or after `timeout_s`.

        Args:
            seen: key -> the number that the caller has seen, 0 for none; at least one.
            timeout_s: at most `LONGEST_WAIT_S`.

        Raises:
            redis.RedisError, OSError: Redis does not answer.
        """
        streams = {key: f"{number}-0" for key, number in seen.items()}
        try:
            await self._waiting.xread(streams, count=1, block=int(timeout_s * 1000))  # type: ignore[arg-type]
        except (RedisError, OSError):
            if is_cancelled():
                raise asyncio.CancelledError from None  # who watches would go on, and nobody would end it
            raise

    async def close(self) -> None:
        """Closes all connections."""
        await self._redis.aclose()
        await self._waiting.aclose()
