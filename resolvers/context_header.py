"""Verifies the signed context header, the only way into a subgraph.

The format is `docs/reference/context-header.md`: a compact JWS (HS256), made for one subgraph, valid for seconds and
usable once. `jti` is remembered in Redis for as long as the header could be replayed, under a key with the tenant.
It is verified here and not by a library: PyJWT takes some seven times as long, for each call.
"""

import hmac
import json
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from resolvers.context import RequestContext

__all__ = ["ALGORITHM", "HEADER_NAME", "ISSUER", "TYPE", "ContextRefused", "ContextVerifier"]

HEADER_NAME = "x-brain-context"
ISSUER = "brain"
ALGORITHM = "HS256"
TYPE = "brain-context+jwt"
LEEWAY_S = 5
MAX_LIFETIME_S = 30
MAX_HEADER_CHARS = 8192
MIN_KEY_BYTES = 32
REQUIRED_CLAIMS = frozenset({"iss", "aud", "iat", "exp", "jti"})

_JTI = re.compile(r"[0-9a-f]{32}")


class ContextRefused(Exception):
    """The context header is missing or not valid. The message says why: for the log, not for the caller."""


class ContextVerifier:
    """Turns the header's value into a `RequestContext`, once.

    Args:
        audience: name of this subgraph; a header made for another is refused.
        keys_file: the keys (JWKS) that this subgraph shares with the Brain. Read again when a header names a key that
            is not in it.
        redis: remembers the headers that were used.
        clock: Unix seconds.
    """

    def __init__(self, audience: str, keys_file: Path, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._audience = audience
        self._keys_file = keys_file
        self._redis = redis
        self._clock = clock
        self._keys: dict[str, hmac.HMAC] = {}
        self._by_head: dict[str, hmac.HMAC] = {}
        self._read_mtime_ns = -1

    async def verify(self, values: Sequence[str]) -> RequestContext:
        """The caller that the header speaks for.

        Args:
            values: of all headers of that name in the request.

        Raises:
            ContextRefused: missing, more than one, malformed, unknown key, wrong algorithm, type, issuer or audience,
                expired, or used before.
            redis.RedisError: the replay guard cannot be asked; the call must not be let through.
        """
        if len(values) != 1:
            raise ContextRefused(f"{len(values)} context headers")
        claims = self._claims(values[0])
        context = _context(claims)
        await self._use_once(claims)
        return context

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_HEADER_CHARS:
            raise ContextRefused("too long")
        try:
            signed, _, signature = token.rpartition(".")
            head, _, payload = signed.partition(".")
            keyed = self._by_head.get(head) or self._key_of(head)
            mac = keyed.copy()
            mac.update(signed.encode("ascii"))
            # Texts are compared, so that a signature can be written in one way only.
            if not hmac.compare_digest(_base64url(mac.digest()), signature.encode("ascii")):
                raise ContextRefused("wrong signature")
            self._by_head[head] = keyed  # whoever could sign it: nobody else puts anything in here
            claims = json.loads(_from_base64url(payload))
        except (ValueError, TypeError, OSError, RecursionError) as error:
            raise ContextRefused(f"{type(error).__name__}: {error}") from error
        if not isinstance(claims, dict) or not claims.keys() >= REQUIRED_CLAIMS:
            raise ContextRefused("a claim is missing")
        if claims["iss"] != ISSUER or claims["aud"] != self._audience:
            raise ContextRefused("from another issuer, or for another subgraph")
        self._check_times(claims)
        return claims

    def _check_times(self, claims: dict[str, Any]) -> None:
        issued, expires, now = claims["iat"], claims["exp"], self._clock()
        if type(issued) is not int or type(expires) is not int:
            raise ContextRefused("iat or exp is not an integer")
        if expires - issued > MAX_LIFETIME_S:
            raise ContextRefused("valid for too long")
        if issued > now + LEEWAY_S:
            raise ContextRefused("issued in the future")
        if expires <= now - LEEWAY_S:
            raise ContextRefused("expired")

    def _key_of(self, head: str) -> hmac.HMAC:
        header = json.loads(_from_base64url(head))
        if not isinstance(header, dict) or header.get("alg") != ALGORITHM or header.get("typ") != TYPE:
            raise ContextRefused("wrong algorithm or type")
        if "crit" in header:
            raise ContextRefused("extensions that we do not know")
        kid = header.get("kid")
        if not isinstance(kid, str):
            raise ContextRefused("names no key")
        if kid not in self._keys:
            self._read_keys()
        try:
            return self._keys[kid]
        except KeyError:
            raise ContextRefused("signed with an unknown key") from None

    def _read_keys(self) -> None:
        # Only when the file has changed: a flood of unknown key ids must not become a flood of reads.
        mtime_ns = self._keys_file.stat().st_mtime_ns
        if mtime_ns == self._read_mtime_ns:
            return
        document = json.loads(self._keys_file.read_text())
        found = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(found, list) or not all(isinstance(jwk, dict) for jwk in found):
            raise ValueError(f"{self._keys_file}: not a JWK set")
        keys = {}
        for jwk in found:
            if jwk.get("kty") == "oct" and jwk.get("alg") == ALGORITHM and jwk.get("kid"):
                secret = _from_base64url(jwk.get("k", ""))
                if len(secret) < MIN_KEY_BYTES:
                    raise ValueError(f"{self._keys_file}: a key is shorter than {MIN_KEY_BYTES} bytes")
                keys[jwk["kid"]] = hmac.new(secret, digestmod="sha256")
        self._keys, self._by_head, self._read_mtime_ns = keys, {}, mtime_ns

    async def _use_once(self, claims: dict[str, Any]) -> None:
        jti = claims["jti"]
        if not isinstance(jti, str) or not _JTI.fullmatch(jti):
            raise ContextRefused("jti is not 32 hexadecimal digits")
        lifetime_s = int(claims["exp"] - self._clock()) + LEEWAY_S + 1
        key = f"brain:context:{claims['tenant'] or '-'}:{jti}"
        if not await self._redis.set(key, b"1", nx=True, ex=max(1, lifetime_s)):
            raise ContextRefused("used before")


def _base64url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _from_base64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _context(claims: dict[str, Any]) -> RequestContext:
    try:
        return RequestContext(
            tenant_id=_uuid(claims["tenant"]),
            user_id=_uuid(claims["sub"]),
            roles=_names(claims["roles"]),
            scopes=_names(claims["scopes"]),
            plan=_text(claims["plan"]),
            locale=_text(claims["locale"]),
            channel=_text(claims["channel"]),
            request_id=_text(claims["rid"]) or "",
            run_id=_text(claims["run"]),
            deadline=_instant(claims["deadline"]),
            client=_text(claims.get("client")),
            idempotency_key=_text(claims.get("key")),
        )
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise ContextRefused(f"malformed claims: {error}") from error


def _uuid(value: object) -> UUID | None:
    text = _text(value)
    return None if text is None else UUID(text)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise TypeError("not a text")


def _instant(value: object) -> datetime:
    if type(value) is not int:
        raise TypeError("not an integer")
    return datetime.fromtimestamp(value / 1000, UTC)


def _names(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise TypeError("not a list of texts")
    return frozenset(value)
