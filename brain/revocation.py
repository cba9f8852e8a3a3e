"""Marks that identity leaves in Redis: which credentials are no longer good, though they look it.

Described in `docs/reference/revocation.md`. A request with a credential needs its mark: known here, or one GET.
"""

from redis.asyncio import Redis
from redis.exceptions import RedisError

from brain.mark_watch import MarkWatch

__all__ = ["MARKS", "Revocations", "RevocationsUnavailable", "mark_of_user"]

MARKS = "identity:revoked"
"""What the names of all marks begin with."""


class RevocationsUnavailable(Exception):
    """The marks cannot be read, so no credential can be trusted."""


class Revocations:
    """Reads the marks.

    Args:
        redis: the one that identity writes to.
        watch: knows marks that were read before; without it Redis is asked each time.
    """

    def __init__(self, redis: Redis, watch: MarkWatch | None = None) -> None:
        self._redis = redis
        self._watch = watch

    def known_of_user(self, mark: str) -> int | None:
        """What `of_user` says, or None if Redis has to be asked.

        Args:
            mark: the name of the mark, from `mark_of_user`.
        """
        known = None if self._watch is None else self._watch.known(mark)
        if known is None:
            return None
        return 0 if known[0] is None else _seconds(known[0])

    async def of_user(self, mark: str) -> int:
        """Unix seconds: access tokens of the user in the tenant issued then or before are not good; zero if none.

        Args:
            mark: the name of the mark, from `mark_of_user`.

        Raises:
            RevocationsUnavailable: Redis does not answer, or holds something else.
        """
        value = await self._get(mark)
        return 0 if value is None else _seconds(value)

    def known_key(self, prefix: str) -> bool | None:
        """What `has_key` says, or None if Redis has to be asked."""
        known = None if self._watch is None else self._watch.known(_mark_of_key(prefix))
        return None if known is None else known[0] is not None

    async def has_key(self, prefix: str) -> bool:
        """Whether the API key with the prefix was revoked a short while ago.

        Raises:
            RevocationsUnavailable: Redis does not answer.
        """
        return await self._get(_mark_of_key(prefix)) is not None

    async def _get(self, mark: str) -> bytes | None:
        question = None if self._watch is None else self._watch.asking(mark)
        try:
            found = await self._redis.get(mark)
        except BaseException as error:
            if self._watch is not None:
                self._watch.failed(mark, question)
            if isinstance(error, RedisError | OSError):
                raise RevocationsUnavailable(f"Redis does not answer: {error}") from error
            raise
        value = found.encode() if isinstance(found, str) else found
        if self._watch is not None:
            self._watch.answered(mark, question, value)
        return value


def mark_of_user(tenant_id: str, user_id: str) -> str:
    """The name of a user's mark."""
    return f"{MARKS}:{tenant_id}:{user_id}"


def _mark_of_key(prefix: str) -> str:
    return f"{MARKS}-key:{prefix}"


def _seconds(value: bytes) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise RevocationsUnavailable("the mark is no number") from error
