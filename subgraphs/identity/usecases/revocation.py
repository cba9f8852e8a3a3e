"""Marks in Redis by which the Brain refuses credentials that are out already: `docs/reference/revocation.md`.

An access token is a statement that is good for 15 minutes, and the Brain remembers for half a minute what an API key is
good for. A mark outlives both, and then goes by itself.
"""

import time
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from subgraphs.identity.tokens import ACCESS_TOKEN_LIFETIME_S

__all__ = ["revoke_access_tokens", "revoke_key", "revoked_at"]

# Beyond the lifetime: clocks may differ by some seconds, and a token may be dated one second ahead.
_TOKEN_MARK_S: Final = ACCESS_TOKEN_LIFETIME_S + 60
# The Brain remembers a key for 30 s after it has asked, which takes 5 s at most.
_KEY_MARK_S: Final = 120

# Always later than the mark before, so that a token issued between two marks of one second is covered by the second.
_SET_LATER: Final = """
local mark = math.max(tonumber(ARGV[1]), tonumber(redis.call('get', KEYS[1]) or '0') + 1)
redis.call('set', KEYS[1], string.format('%d', mark), 'EX', ARGV[2])
return mark
"""


async def revoke_access_tokens(redis: Redis, tenant_id: UUID, user_id: UUID) -> None:
    """Ends the access tokens that the user has in the tenant; those issued from now on are good.

    Called before the transaction commits, with the membership's row locked: if Redis does not answer, nothing is
    changed, and no token with the old role can be issued in between.
    """
    await redis.eval(_SET_LATER, 1, _token_key(tenant_id, user_id), str(int(time.time())), str(_TOKEN_MARK_S))


async def revoked_at(redis: Redis, tenant_id: UUID, user_id: UUID) -> int:
    """Unix seconds: tokens issued then or before are not good. Zero if there is no mark."""
    return int(await redis.get(_token_key(tenant_id, user_id)) or 0)


async def revoke_key(redis: Redis, prefix: str) -> None:
    """Ends what the Brain remembers of an API key."""
    await redis.set(f"identity:revoked-key:{prefix}", "1", ex=_KEY_MARK_S)


def _token_key(tenant_id: UUID, user_id: UUID) -> str:
    return f"identity:revoked:{tenant_id}:{user_id}"
