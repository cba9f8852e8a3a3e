"""Limits how often log-in may fail, in Redis."""

import hashlib
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from resolvers.errors import RateLimited

__all__ = ["begin_attempt", "count_start", "forgive_attempt"]

_WINDOW_S: Final = 15 * 60
_PER_EMAIL_AND_CLIENT: Final = 10
_PER_CLIENT: Final = 200
_PER_EMAIL: Final = 300
_STARTS_PER_CLIENT: Final = 100

# Not below zero: the window may have ended while the attempt was made.
_TAKE_BACK: Final = """
for _, key in ipairs(KEYS) do
  if redis.call('exists', key) == 1 and redis.call('decr', key) <= 0 then redis.call('del', key) end
end
"""


async def begin_attempt(redis: Redis, email: str, client: str | None) -> None:
    """Counts an attempt as failed before it is made, so that many at once are counted too; see `forgive_attempt`.

    The strict limit is for one address tried from one client, so nobody can keep others from logging in. The limits
    for a client and for an address are much higher: against guessing many addresses, and from many clients. An attempt
    that one limit refuses is not counted by the next. The keys carry no tenant, on purpose: addresses are tried before
    a tenant is known.

    Raises:
        RateLimited: too many for this address from this client, from this client, or for this address.
    """
    for key, limit in _limits(email, client):
        await _count(redis, key, limit)


async def count_start(redis: Redis, tenant_id: UUID, client: str | None) -> None:
    """Counts a sign-in that is begun at a tenant's identity provider, and remembered until it is completed.

    Raises:
        RateLimited: too many from this client.
    """
    await _count(redis, f"identity:sign-on-starts:{tenant_id}:{_digest(client or '')}", _STARTS_PER_CLIENT)


async def _count(redis: Redis, key: str, limit: int) -> None:
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.incr(key)
        # Only the first attempt starts the window.
        pipeline.expire(key, _WINDOW_S, nx=True)
        pipeline.ttl(key)
        count, _, ttl_s = await pipeline.execute()
    if count > limit:
        raise RateLimited(max(1, int(ttl_s)), "Too many attempts to log in; wait before the next.")


async def forgive_attempt(redis: Redis, email: str, client: str | None) -> None:
    """The right password was given: the attempt does not count, nor do those of this client for this address before."""
    both, *others = (key for key, _ in _limits(email, client))
    await redis.delete(both)
    await redis.eval(_TAKE_BACK, len(others), *others)


def _limits(email: str, client: str | None) -> list[tuple[str, int]]:
    limits = [(f"identity:login:both:{_digest(email)}:{_digest(client or '')}", _PER_EMAIL_AND_CLIENT)]
    if client is not None:
        limits.append((f"identity:login:client:{_digest(client)}", _PER_CLIENT))
    limits.append((f"identity:login:email:{_digest(email)}", _PER_EMAIL))
    return limits


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
