"""The Redis stream of a context: `events:<context>`, read by one group per context that listens."""

import secrets
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

__all__ = ["connect", "ensure_group", "entry_id", "forget_run", "redis_run", "stream_of"]

_CONNECT_TIMEOUT_S = 2


def connect(url: str, timeout_s: float) -> Redis:
    """A client that answers texts.

    Args:
        timeout_s: longest wait for an answer.
    """
    client: Redis = Redis.from_url(
        url, decode_responses=True, socket_timeout=timeout_s, socket_connect_timeout=_CONNECT_TIMEOUT_S
    )
    return client


def stream_of(context: str) -> str:
    """The key of a context's stream."""
    return f"events:{context}"


def entry_id(value: str) -> tuple[int, int]:
    """An entry's id as a pair that compares as ids do."""
    milliseconds, _, number = value.partition("-")
    return int(milliseconds), int(number or 0)


async def ensure_group(redis: Redis, stream: str, reader: str) -> None:
    """Makes the group of `reader`, from the stream's beginning, unless it is there."""
    try:
        await redis.xgroup_create(stream, reader, id="0", mkstream=True)
    except ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):
            raise


async def redis_run(redis: Redis, stream: str) -> str:
    """Which Redis this is, as it runs now: another text after every restart, fail-over and loss of its data.

    Where it is another one than before, the stream may lack what was sent to it.
    """
    mark = secrets.token_hex(8)
    pipeline = redis.pipeline(transaction=False)
    pipeline.info("server")
    pipeline.set(f"{stream}:mark", mark, nx=True, get=True)
    server, known = await pipeline.execute()
    facts: dict[str, Any] = server
    return f"{facts['run_id']}/{known or mark}"


async def forget_run(redis: Redis, stream: str) -> None:
    """Has the Redis count as another one from now on."""
    await redis.delete(f"{stream}:mark")
