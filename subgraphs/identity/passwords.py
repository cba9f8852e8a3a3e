"""Password hashes with argon2id, off the event loop and a few at a time."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

__all__ = ["Passwords"]


class Passwords:
    """Hashes and verifies passwords. Parameters are argon2-cffi's (RFC 9106, low memory: 64 MiB each).

    Args:
        at_once: hashes computed at the same time; more wait, so that a rush of log-ins cannot exhaust the memory.
    """

    def __init__(self, hasher: PasswordHasher | None = None, at_once: int = 2) -> None:
        self._hasher = hasher or PasswordHasher()
        self._limit = asyncio.Semaphore(at_once)
        # Verified against where there is no user, so that unknown addresses take as long as known ones.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        """A hash to store."""
        async with self._limit:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether `password` is the one that was hashed; False, after the same time, where nothing is stored."""
        async with self._limit:
            matches = await asyncio.to_thread(self._matches, password, stored or self._nobody)
        return matches and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether `stored` was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
