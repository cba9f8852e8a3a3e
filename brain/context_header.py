"""The signed context header: how the Brain tells a subgraph for whom it calls.

The format is `docs/reference/context-header.md`; the fixed vectors in `tests/brain/context_header_vectors.json` hold
both sides to it. One is made for each call to a subgraph, so the token is put together here by hand.
"""

import itertools
import os
import secrets
import time
from binascii import b2a_base64
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from brain.caller import Caller
from brain.context_keys import ContextSecret, read_secrets

if TYPE_CHECKING:
    from hashlib import _Hash as HASH

__all__ = ["CONTEXT_HEADER", "CONTEXT_LIFETIME_S", "ContextSigner"]

CONTEXT_HEADER = "x-brain-context"
CONTEXT_LIFETIME_S = 30
_ISSUER = "brain"
_TYPE = "brain-context+jwt"
_MAX_PREPARED = 10_000
_BLOCK_BYTES = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class _Ids:
    """Numbers that no other call has: 64 random bits per process, and a counter."""

    __slots__ = ("count", "prefix")

    def __init__(self) -> None:
        self.begin()
        os.register_at_fork(after_in_child=self.begin)  # two processes must not count on from one prefix

    def begin(self) -> None:
        self.prefix = secrets.token_hex(8)
        self.count = itertools.count(secrets.randbits(32))


_ids = _Ids()


@dataclass(frozen=True, slots=True)
class _Prepared:
    """The part of a token that comes first and is the same for each call, in base64, and the hashes so far."""

    caller: Caller
    text: bytes
    inner: "HASH"
    outer: "HASH"


class ContextSigner:
    """Makes one context header for each call to a subgraph.

    Args:
        secret: the Brain's, of which each subgraph has its derived key.
    """

    def __init__(self, secret: ContextSecret) -> None:
        self._secret = secret
        self.kid = secret.kid
        self._head = _base64url(orjson.dumps({"alg": "HS256", "kid": self.kid, "typ": _TYPE})) + b"."
        # By the identity of the caller, which each entry keeps alive: who calls again is mostly the same object.
        self._prepared: dict[tuple[str, int], _Prepared] = {}

    @classmethod
    def from_file(cls, path: Path) -> "ContextSigner":
        """Signs with the first secret of the file.

        Raises:
            ValueError: the file holds no secret, or something else, too.
            OSError: it cannot be read.
        """
        return cls(read_secrets(path)[0])

    def sign(
        self,
        caller: Caller,
        subgraph: str,
        *,
        request_id: str,
        deadline_ms: int,
        run_id: str | None = None,
        client: str | None = None,
        idempotency_key: str | None = None,
        now_s: float | None = None,
        jti: str | None = None,
    ) -> str:
        """The header's value: a compact JWS, good for one call to one subgraph.

        Args:
            caller: for whom.
            subgraph: name of the subgraph, the token's audience.
            request_id: the client request's id, for logs on both sides.
            deadline_ms: Unix milliseconds after which nobody waits for the answer.
            run_id: the agent run that this call belongs to.
            client: address of the client as the Brain saw it.
            idempotency_key: a mutation with it is done once, however often it is sent.
            now_s: Unix seconds; the clock's if not given.
            jti: a fresh one if not given.
        """
        known = self._prepared.get((subgraph, id(caller)))
        if known is None or known.caller is not caller:
            known = self._prepare(caller, subgraph)
        issued = int(time.time() if now_s is None else now_s)
        claims = {
            "iat": issued,
            "exp": issued + CONTEXT_LIFETIME_S,
            "jti": jti or f"{_ids.prefix}{next(_ids.count):016x}",
            "rid": request_id,
            "run": run_id,
            "deadline": deadline_ms,
        }
        if client is not None:
            claims["client"] = client
        if idempotency_key is not None:
            claims["key"] = idempotency_key
        rest = b2a_base64(orjson.dumps(claims)[1:], newline=False).translate(_URL_SAFE, b"=")
        inner, outer = known.inner.copy(), known.outer.copy()
        inner.update(rest)
        outer.update(inner.digest())
        signature = b2a_base64(outer.digest(), newline=False).translate(_URL_SAFE, b"=")
        return (known.text + rest + b"." + signature).decode("ascii")

    def _prepare(self, caller: Caller, subgraph: str) -> "_Prepared":
        """Write and hash once what is the same in all contexts of a caller for a subgraph."""
        claims = {
            "iss": _ISSUER,
            "aud": subgraph,
            "tenant": caller.tenant_id,
            "sub": caller.user_id,
            "roles": caller.roles,
            "scopes": caller.scopes,
            "plan": caller.plan,
            "locale": caller.locale,
            "channel": caller.channel,
        }
        begin = orjson.dumps(claims)[:-1]
        # Spaces, so that base64 of the whole is that of its two parts.
        text = self._head + _base64url(begin + b" " * (-(len(begin) + 1) % 3) + b",")
        # HMAC in two halves (RFC 2104): hashes can be copied, with the key and this text in them.
        key = self._secret.key_for(subgraph).ljust(_BLOCK_BYTES, b"\0")
        inner, outer = sha256(key.translate(_INNER)), sha256(key.translate(_OUTER))
        inner.update(text)
        prepared = _Prepared(caller, text, inner, outer)
        if len(self._prepared) >= _MAX_PREPARED:
            del self._prepared[next(iter(self._prepared))]
        self._prepared[subgraph, id(caller)] = prepared
        return prepared


def _base64url(data: bytes) -> bytes:
    return b2a_base64(data, newline=False).translate(_URL_SAFE, b"=")
