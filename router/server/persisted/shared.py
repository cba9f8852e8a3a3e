"""Automatic persisted queries in Redis: for all routers, and for those to come.

Redis is a help, not a need: while it is away, a document that this process does not know is one that nobody knows, so
that its client sends it again.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from router.server.config import AutomaticPersistedQueriesConfig, RedisConfig
from router.server.persisted.automatic import hash_of
from router.server.redis_client import redis_client

__all__ = ["SharedStore"]

logger = logging.getLogger("router.server")

MAX_WRITES = 100
"""Under way at the same time; what comes on top is not kept in Redis until it is sent again."""


class SharedStore:
    """Documents by partition and hash.

    Attributes:
        is_up: whether Redis answered when it was asked last; None: it was never asked.

    Raises:
        InvalidConfig: see `redis_client`.
    """

    def __init__(self, redis: RedisConfig, settings: AutomaticPersistedQueriesConfig) -> None:
        self.settings = settings
        self.is_up: bool | None = None
        self._redis = redis_client(redis)
        self._timeout_s = redis.timeout_s
        self._prefix = redis.key_prefix
        self._again_at = 0.0
        self._writes: set[asyncio.Task[None]] = set()

    async def get(self, partition: str, hash_: str) -> str | None:
        """The document; None if it is unknown or Redis does not answer."""
        key = self._key(partition, hash_)
        found = await self._asked(lambda: self._redis.get(key))
        if not isinstance(found, bytes):
            return None
        try:
            text = found.decode()
        except UnicodeDecodeError:
            return None
        # Whoever else may write to that Redis: a hash is never answered with another document.
        return text if hash_of(text) == hash_ else None

    def put(self, partition: str, hash_: str, text: str) -> None:
        """Keep a document, in the background."""
        if len(self._writes) >= MAX_WRITES:
            return
        task = asyncio.get_running_loop().create_task(self._put(partition, hash_, text))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def close(self) -> None:
        for task in tuple(self._writes):
            task.cancel()
        await self._redis.aclose()

    async def written(self) -> None:
        """Wait until nothing is being written."""
        while self._writes:
            await asyncio.wait(self._writes)

    async def _put(self, partition: str, hash_: str, text: str) -> None:
        key, value = self._key(partition, hash_), text.encode()
        await self._asked(lambda: self._redis.set(key, value, ex=self.settings.ttl_s))

    def _key(self, partition: str, hash_: str) -> str:
        return f"{self._prefix}document:{hash_}:{partition}"

    async def _asked(self, question: Callable[[], Awaitable[Any]]) -> Any:
        if time.monotonic() < self._again_at:
            return None
        try:
            async with asyncio.timeout(self._timeout_s):
                found = await question()
        except Exception as error:  # noqa: BLE001  redis-py's own, OSError, TimeoutError: all mean the same here
            self._again_at = time.monotonic() + self.settings.retry_s
            if self.is_up is not False:
                fields = {"reason": type(error).__name__}
                logger.warning("persisted documents: Redis does not answer", extra={"fields": fields})
            self.is_up = False
            return None
        if self.is_up is False:
            logger.info("persisted documents: Redis answers again")
        self.is_up = True
        return found
