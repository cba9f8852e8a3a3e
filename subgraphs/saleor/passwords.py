"""Password hashes with scrypt, off the event loop."""

import asyncio
import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode

__all__ = ["hash_password", "verify_password"]

_COST = 2**13
# Compared with where there is no user, so that unknown addresses take as long as known ones.
_NOBODY = f"{b64encode(bytes(16)).decode()}${b64encode(bytes(32)).decode()}"


async def hash_password(password: str) -> str:
    """A hash to store."""
    salt = secrets.token_bytes(16)
    derived = await asyncio.to_thread(_derive, password, salt)
    return f"{b64encode(salt).decode()}${b64encode(derived).decode()}"


async def verify_password(password: str, stored: str | None) -> bool:
    """Whether `password` is the one that was hashed; False, after the same time, where nothing is stored."""
    salt, _, wanted = (stored or _NOBODY).partition("$")
    derived = await asyncio.to_thread(_derive, password, b64decode(salt))
    return hmac.compare_digest(derived, b64decode(wanted)) and stored is not None


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=8, p=1, dklen=32)
