"""What loops that relay and consume have in common: what they live through, and when they end."""

import asyncio
from typing import Final

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from resolvers.session import TransactionFailed

__all__ = ["TROUBLE", "is_cancelled", "pause"]

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
