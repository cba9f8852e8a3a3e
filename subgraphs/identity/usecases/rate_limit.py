"""Limits how often log-in may be tried, in Redis."""

import hashlib
from typing import Final

from redis.asyncio import Redis

from resolvers.errors import RateLimited

__all__ = ["count_attempt", "forget_attempts"]

_WINDOW_S: Final = 15 * 60
_PER_EMAIL: Final = 10
_PER_CLIENT: Final = 100


async def count_attempt(redis: Redis, email: str, client: str | None) -> None:
    """Counts an attempt before it is made, so that many at once are counted too.

    The keys carry no tenant, on purpose: a user has one password for all tenants.

    Raises:
        RateLimited: too many for this address, or from this client.
    """
    await _count(redis, _email_key(email), _PER_EMAIL)
    if client is not None:
        await _count(redis, f"identity:login:client:{_digest(client)}", _PER_CLIENT)


async def forget_attempts(redis: Redis, email: str) -> None:
    """The right password was given."""
    await redis.delete(_email_key(email))


async def _count(redis: Redis, key: str, limit: int) -> None:
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.incr(key)
        # Only the first attempt starts the window.
        pipeline.expire(key, _WINDOW_S, nx=True)
        pipeline.ttl(key)
        count, _, ttl_s = await pipeline.execute()
    if count > limit:
        raise RateLimited(max(1, int(ttl_s)), "Too many attempts to log in; wait before the next.")


def _email_key(email: str) -> str:
    return f"identity:login:email:{_digest(email)}"


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
