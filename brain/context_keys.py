"""The keys of the context header: one secret of the Brain, and derived from it one key for each subgraph.

A subgraph's key makes contexts for that very subgraph only, so whoever holds it can do no more than it could anyway.
"""

import base64
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["ContextSecret", "key_set", "new_secret", "read_secrets"]

_BYTES = 32
_LINE = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ContextSecret:
    """A master secret of the Brain.

    Attributes:
        secret: 32 random bytes.
    """

    secret: bytes = field(repr=False)

    @property
    def kid(self) -> str:
        """The id of all keys derived from it: 16 hexadecimal digits that tell nothing about it."""
        return self._derive("brain-context kid", 8).hex()

    def key_for(self, subgraph: str) -> bytes:
        """The key (32 bytes) of the contexts for one subgraph."""
        return self._derive(f"brain-context key {subgraph}", _BYTES)

    def line(self) -> str:
        """As it stands in the Brain's file."""
        return f"{self.secret.hex()}\n"

    def _derive(self, info: str, length: int) -> bytes:
        # Source: RFC 5869; no salt, for the secret is random already.
        return HKDF(SHA256(), length, salt=None, info=info.encode()).derive(self.secret)


def new_secret() -> ContextSecret:
    """A random one."""
    return ContextSecret(secrets.token_bytes(_BYTES))


def read_secrets(path: Path) -> tuple[ContextSecret, ...]:
    """Reads the Brain's file: one secret a line, the one that signs first, then the one before it.

    Raises:
        ValueError: a line is not 64 hexadecimal digits, or there is none.
        OSError: the file cannot be read.
    """
    lines = path.read_text(encoding="utf-8").split()
    if not lines or not all(map(_LINE.fullmatch, lines)):
        raise ValueError(f"{path}: must hold secrets of 64 hexadecimal digits, one a line")
    return tuple(ContextSecret(bytes.fromhex(line)) for line in lines)


def key_set(known: tuple[ContextSecret, ...], subgraph: str) -> dict[str, Any]:
    """What a subgraph verifies with: a JWK set of its own keys, secret."""
    return {
        "keys": [
            {
                "kty": "oct",
                "alg": "HS256",
                "use": "sig",
                "kid": secret.kid,
                "k": base64.urlsafe_b64encode(secret.key_for(subgraph)).rstrip(b"=").decode(),
            }
            for secret in known
        ]
    }
