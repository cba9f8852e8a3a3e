"""Marks that identity leaves in Redis: which credentials are no longer good, though they look it.

Described in `docs/reference/revocation.md`; one GET for each request that carries a credential.
"""

from redis.asyncio import Redis
from redis.exceptions import RedisError

__all__ = ["Revocations", "RevocationsUnavailable"]


class RevocationsUnavailable(Exception):
    """The marks cannot be read, so no credential can be trusted."""


class Revocations:
    """Reads the marks.

    Args:
        redis: the one that identity writes to.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def of_user(self, tenant_id: str, user_id: str) -> int:
        """Unix seconds: access tokens of the user in the tenant issued then or before are not good; zero if none.

        Raises:
            RevocationsUnavailable: Redis does not answer, or holds something else.
        """
        try:
            return int(await self._get(f"identity:revoked:{tenant_id}:{user_id}") or 0)
        except ValueError as error:
            raise RevocationsUnavailable("the mark is no number") from error

    async def has_key(self, prefix: str) -> bool:
        """Whether the API key with the prefix was revoked a short while ago.

        Raises:
            RevocationsUnavailable: Redis does not answer.
        """
        return await self._get(f"identity:revoked-key:{prefix}") is not None

    async def _get(self, key: str) -> bytes | str | None:
        try:
            return await self._redis.get(key)
        except (RedisError, OSError) as error:
            raise RevocationsUnavailable(f"Redis does not answer: {error}") from error
