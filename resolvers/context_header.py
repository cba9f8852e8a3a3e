"""Verifies the signed context header, the only way into a subgraph.

The Brain sends `x-brain-context` with every call: a compact JWS (EdDSA), made for one subgraph, valid for seconds and
usable once. Its claims are listed in `RequestContext`; `jti` is remembered in Redis for as long as the header could be
replayed, under a key that carries the tenant.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from redis.asyncio import Redis

from resolvers.context import RequestContext

__all__ = ["ALGORITHM", "HEADER_NAME", "ISSUER", "TYPE", "ContextRefused", "ContextVerifier"]

HEADER_NAME = "x-brain-context"
ISSUER = "brain"
ALGORITHM = "EdDSA"
TYPE = "brain-context+jwt"
LEEWAY_S = 5
MAX_LIFETIME_S = 60
MAX_HEADER_CHARS = 8192


class ContextRefused(Exception):
    """The context header is missing or not valid; the message says which, without its content."""


class ContextVerifier:
    """Turns the header's value into a `RequestContext`, once.

    Args:
        audience: name of this subgraph; a header made for another is refused.
        jwks_file: public keys of the Brain. Read again when a header names a key that is not in it.
        redis: remembers the headers that were used.
    """

    def __init__(self, audience: str, jwks_file: Path, redis: "Redis") -> None:
        self._audience = audience
        self._jwks_file = jwks_file
        self._redis = redis
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_mtime_ns = -1

    async def verify(self, token: str | None) -> RequestContext:
        """The caller that the header speaks for.

        Raises:
            ContextRefused: missing, malformed, unknown key, wrong algorithm, type, issuer or audience, expired,
                or used before.
            redis.RedisError: the replay guard cannot be asked; the call must not be let through.
        """
        if not token:
            raise ContextRefused("The context header is missing: subgraphs are reached through the Brain.")
        if len(token) > MAX_HEADER_CHARS:
            raise ContextRefused("The context header is too long.")
        claims = self._claims(token)
        context = _context(claims)
        await self._use_once(claims)
        return context

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != ALGORITHM or header.get("typ") != TYPE:
                raise ContextRefused("The context header has the wrong algorithm or type.")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(header.get("kid")),
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=ISSUER,
                leeway=LEEWAY_S,
                options={"require": ["iss", "aud", "iat", "exp", "jti"], "strict_aud": True},
            )
        except jwt.ExpiredSignatureError as error:
            raise ContextRefused("The context header has expired.") from error
        except jwt.InvalidAudienceError as error:
            raise ContextRefused("The context header is for another subgraph.") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise ContextRefused("The context header is not valid.") from error
        if claims["exp"] - claims["iat"] > MAX_LIFETIME_S:
            raise ContextRefused("The context header is valid for too long.")
        return claims

    def _key(self, kid: object) -> jwt.PyJWK:
        if not isinstance(kid, str):
            raise ContextRefused("The context header names no key.")
        if kid not in self._keys:
            self._read_keys()
        try:
            return self._keys[kid]
        except KeyError:
            raise ContextRefused("The context header is signed with an unknown key.") from None

    def _read_keys(self) -> None:
        # Only when the file has changed: a flood of unknown key ids must not become a flood of reads.
        mtime_ns = self._jwks_file.stat().st_mtime_ns
        if mtime_ns == self._read_mtime_ns:
            return
        document = json.loads(self._jwks_file.read_text())
        keys = jwt.PyJWKSet.from_dict(document).keys
        self._keys = {key.key_id: key for key in keys if key.key_id and key.algorithm_name == ALGORITHM}
        self._read_mtime_ns = mtime_ns

    async def _use_once(self, claims: dict[str, Any]) -> None:
        jti = claims["jti"]
        if not isinstance(jti, str) or not 16 <= len(jti) <= 64:
            raise ContextRefused("The context header has no usable jti.")
        lifetime_s = int(claims["exp"] - datetime.now(UTC).timestamp()) + LEEWAY_S + 1
        key = f"brain:context:{claims.get('tenant') or '-'}:{jti}"
        if not await self._redis.set(key, b"1", nx=True, ex=max(1, lifetime_s)):
            raise ContextRefused("The context header was used before.")


def _context(claims: dict[str, Any]) -> RequestContext:
    try:
        deadline = claims.get("deadline")
        return RequestContext(
            tenant_id=_uuid(claims.get("tenant")),
            user_id=_uuid(claims.get("sub")),
            roles=_names(claims.get("roles")),
            scopes=_names(claims.get("scopes")),
            plan=_text(claims.get("plan")),
            locale=_text(claims.get("locale")),
            channel=_text(claims.get("channel")),
            request_id=_text(claims.get("rid")) or claims["jti"],
            run_id=_text(claims.get("run")),
            deadline=None if deadline is None else datetime.fromtimestamp(deadline / 1000, UTC),
            client=_text(claims.get("client")),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise ContextRefused("The context header has malformed claims.") from error


def _uuid(value: object) -> UUID | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError("not a text")
    return UUID(value)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise TypeError("not a text")


def _names(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise TypeError("not a list of texts")
    return frozenset(value)
