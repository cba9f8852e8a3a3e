"""What loops that relay, consume and look for what is due have in common: what they live through, and when they end."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Final

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from resolvers.session import Database, TransactionFailed

__all__ = ["TROUBLE", "Loop", "is_cancelled", "pause"]

TROUBLE: Final = (RedisError, OSError, SQLAlchemyError, TransactionFailed)
"""Somebody does not answer, or not now: it is tried again."""


def is_cancelled() -> bool:
    """Whether the running task was asked to end.

    Drivers make an error of their own of a cancellation that meets the end of a wait: then nothing else would tell.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def pause(seconds: float) -> None:
    """Sleeps.

    Raises:
        asyncio.CancelledError: the running task was asked to end, be it before, when a driver made an error of that.
    """
    if is_cancelled():
        raise asyncio.CancelledError
    await asyncio.sleep(seconds)


class Loop(ABC):
    """What a process does again and again beside its requests."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def begin(self, database: Database) -> None:
        """Goes on from now on."""
        self._task = asyncio.create_task(self._forever(database))

    async def end(self) -> None:
        """Stops."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @abstractmethod
    async def _forever(self, database: Database) -> None:
        """Does it until it is cancelled; see `pause`."""
