"""Which marks in Redis are known here, and still true: Redis says so itself (client tracking, RESP3).

One connection hears the name of every mark that is written, expires or is deleted, and carries a heartbeat. Redis
answers in order, so who has the answer to a heartbeat has heard of all that was written before it was sent. Whoever
asks is told a value only while that is less than `SURE_FOR_S` ago; at all other times Redis has to be asked.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

__all__ = ["SURE_FOR_S", "MarkWatch"]

SURE_FOR_S = 0.5
"""A mark bites at most so many seconds after it was written, however badly the connection fares."""

_HEARTBEAT_S = 0.1
_DEAD_AFTER_S = 3.0
_PAUSE_S = 0.2
_MAX_PAUSE_S = 5.0
_MAX_ENTRIES = 50_000

_log = logging.getLogger("brain.mark_watch")


class MarkWatch:
    """The values of keys, for as long as nothing was written to them.

    Args:
        redis: whose keys; a connection of its own is opened the same way.
        prefix: of the keys.
        max_entries: beyond it the oldest is forgotten, and will be asked for again.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        redis: Redis,
        prefix: str,
        *,
        max_entries: int = _MAX_ENTRIES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = redis.connection_pool
        self._prefix = prefix
        self._max_entries = max_entries
        self._clock = clock
        self._heard_until = -math.inf
        self._pinged_at = -math.inf
        self._is_answered = asyncio.Event()
        self._is_listening = asyncio.Event()
        self._known: dict[str, tuple[bytes | None]] = {}
        self._asked: dict[str, object] = {}

    async def listening(self) -> None:
        """Wait until marks are heard."""
        await self._is_listening.wait()

    def known(self, key: str) -> tuple[bytes | None] | None:
        """The key's value (None: there is no such key) as the only item, or None if Redis has to be asked."""
        if self._clock() - self._heard_until < SURE_FOR_S:
            return self._known.get(key)
        return None

    def asking(self, key: str) -> object:
        """To be called before Redis is asked; what it gives belongs into `answered`."""
        question = self._asked[key] = object()
        return question

    def answered(self, key: str, question: object, value: bytes | None) -> None:
        """Keep an answer, unless the key has been written since the question, or might have been."""
        if self._asked.get(key) is not question:
            return
        del self._asked[key]
        if self._heard_until == -math.inf:
            return
        if len(self._known) >= self._max_entries:
            del self._known[next(iter(self._known))]
        self._known[key] = (value,)

    def failed(self, key: str, question: object) -> None:
        """There is no answer."""
        if self._asked.get(key) is question:
            del self._asked[key]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen while in the context."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            while not task.done():
                task.cancel()  # again and again: redis-py takes it for its own while it connects
                await asyncio.wait([task], timeout=0.1)

    async def _run(self) -> None:
        pause_s = 0.0
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever it is, Redis can be asked instead
                if self._heard_until > -math.inf or not pause_s:
                    pause_s = _PAUSE_S
                    _log.warning("revocations are not heard, Redis is asked for each request: %s", error)
            finally:
                # Nothing is known of what is written from now on.
                self._heard_until = -math.inf
                self._is_listening.clear()
                self._forget()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _MAX_PAUSE_S)

    async def _listen(self) -> None:
        """Hear until the connection is lost, which is raised."""
        connection: Any = self._pool.connection_class(**{**self._pool.connection_kwargs, "protocol": 3})
        try:
            await connection.connect()
            connection._parser.set_invalidation_push_handler(self._heard)
            await connection.send_command("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", self._prefix)
            await connection.read_response(timeout=_DEAD_AFTER_S)
            self._forget()  # what was asked before that is not watched
            pinging = asyncio.create_task(self._ping(connection))
            try:
                while True:
                    # Every reply is that of the one heartbeat under way. Silence means that the connection is dead.
                    await connection.read_response(timeout=_DEAD_AFTER_S)
                    self._heard_until = self._pinged_at
                    self._is_answered.set()
                    self._is_listening.set()
            finally:
                pinging.cancel()
                # It may be about to open the connection again, which ends in redis-py's own confusion.
                await asyncio.gather(pinging, return_exceptions=True)
        finally:
            await connection.disconnect(nowait=True)

    async def _ping(self, connection: Any) -> None:
        with contextlib.suppress(RedisError, OSError):  # the reader finds out, too
            while True:
                self._is_answered.clear()
                self._pinged_at = self._clock()
                await connection.send_command("PING")
                await self._is_answered.wait()
                await asyncio.sleep(_HEARTBEAT_S)

    async def _heard(self, message: list[Any]) -> None:
        """Forget what was written: `[b"invalidate", keys]`, where no list means everything."""
        keys = message[1]
        if keys is None:
            self._forget()
            return
        for key in keys:
            name = key.decode() if isinstance(key, bytes) else key
            self._known.pop(name, None)
            self._asked.pop(name, None)

    def _forget(self) -> None:
        self._known.clear()
        self._asked.clear()
