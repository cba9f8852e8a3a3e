"""Access tokens: verified with identity's published keys, never trusted otherwise."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NoReturn

import jwt

from brain.caller import INTERNAL_SCOPE, PLATFORM_SCOPES, Caller
from brain.revocation import Revocations, mark_of_user

__all__ = [
    "AccessTokens",
    "InvalidCredential",
    "KeysUnavailable",
    "SigningKeys",
    "allowed_scopes",
    "scopes_in_a_tenant",
]

_log = logging.getLogger("brain.tokens")

_ALGORITHM = "EdDSA"
_AUDIENCE = "brain"
_TYPES = frozenset({"JWT", "at+jwt"})
_LEEWAY_S = 5
_MAX_TOKEN_CHARS = 8192


class InvalidCredential(Exception):
    """The token or key is not valid; the message is for the client and says no more than it may know."""


class KeysUnavailable(Exception):
    """Identity's keys cannot be read, so nothing can be verified."""


class SigningKeys:
    """Identity's public keys by id; read at first use, when they are old, and when a token names an unknown one.

    Args:
        read: gets the JWKS document.
        max_age_s: after it, keys are read again; old ones serve on while that fails.
        pause_s: at least so long between two attempts: unknown key ids must not become a flood of requests.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[Mapping[str, Any]]],
        *,
        max_age_s: float = 300,
        pause_s: float = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._max_age_s = max_age_s
        self._pause_s = pause_s
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._due_at = -math.inf
        self._reading = asyncio.Lock()

    async def get(self, kid: str) -> jwt.PyJWK | None:
        """The key, or None if identity has no such key.

        Raises:
            KeysUnavailable: no keys were ever read, and they cannot be read now.
        """
        if kid not in self._keys or self._is_old():
            async with self._reading:
                # Whoever waited here may find the work done.
                if (kid not in self._keys or self._is_old()) and self._may_try():
                    await self._refresh()
        if self._read_at is None:
            raise KeysUnavailable("Identity's keys cannot be read.")
        return self._keys.get(kid)

    @property
    def current(self) -> Mapping[str, jwt.PyJWK]:
        """The keys as they were last read; another object after each time."""
        return self._keys

    def are_still(self, keys: Mapping[str, jwt.PyJWK]) -> bool:
        """Whether these are the current ones, and `get` would not read them again."""
        return keys is self._keys and self._clock() < self._due_at

    def _is_old(self) -> bool:
        return self._read_at is None or self._clock() - self._read_at > self._max_age_s

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= self._pause_s

    async def _refresh(self) -> None:
        self._tried_at = self._clock()
        self._due_at = self._tried_at + self._pause_s
        try:
            keys = jwt.PyJWKSet.from_dict(dict(await self._read())).keys
        except Exception as error:  # noqa: BLE001 - whatever it is, the keys that we have serve on
            _log.warning("identity's keys cannot be read: %s", error)
            return
        self._keys = {key.key_id: key for key in keys if key.key_id and key.algorithm_name == _ALGORITHM}
        self._read_at = self._tried_at
        self._due_at = self._read_at + max(self._max_age_s, self._pause_s)


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature was good.

    Attributes:
        caller: whom it speaks for.
        issued_at, ends_at: Unix seconds.
        mark: the name of the user's mark.
        keys: what it was verified with.
    """

    caller: Caller
    issued_at: int
    ends_at: float
    mark: str
    keys: Mapping[str, jwt.PyJWK]


class AccessTokens:
    """Verifies access tokens, and remembers those whose signature was good, until they expire or keys are read again.

    Args:
        keys: identity's.
        issuer: the `iss` that tokens must have.
        revocations: tells which tokens ended before their time; asked for each request.
        max_entries: beyond it the token that was verified first is forgotten.
    """

    def __init__(self, keys: SigningKeys, issuer: str, revocations: Revocations, *, max_entries: int = 10_000) -> None:
        self._keys = keys
        self._issuer = issuer
        self._revocations = revocations
        self._max_entries = max_entries
        # By hash: no token lies about in memory for longer than its request.
        self._verified: dict[bytes, _Verified] = {}

    def known(self, token: str) -> Caller | None:
        """What `verify` says, or None if somebody has to be asked, or a signature verified, first.

        Raises:
            InvalidCredential: it was revoked.
            RevocationsUnavailable: the mark is nonsense.
        """
        found = self._verified.get(sha256(token.encode()).digest())
        # Keys that are read again may lack the one that signed it.
        if found is None or time.time() >= found.ends_at or not self._keys.are_still(found.keys):
            return None
        mark = self._revocations.known_of_user(found.mark)
        if mark is None:
            return None
        return found.caller if found.issued_at > mark else _revoked()

    async def verify(self, token: str) -> Caller:
        """Whom the token speaks for.

        Raises:
            InvalidCredential: malformed, signed by another key or in another way, expired, revoked, for somebody else.
            KeysUnavailable: see `SigningKeys.get`.
            RevocationsUnavailable: whether it was revoked cannot be told.
        """
        digest = sha256(token.encode()).digest()
        found = self._verified.get(digest)
        if found is None or time.time() >= found.ends_at or not self._keys.are_still(found.keys):
            self._verified.pop(digest, None)
            found = await self._verify(token)
            if len(self._verified) >= self._max_entries:
                del self._verified[next(iter(self._verified))]
            self._verified[digest] = found
        # Nothing else tells the token of a removed member from a good one.
        return found.caller if found.issued_at > await self._revocations.of_user(found.mark) else _revoked()

    async def _verify(self, token: str) -> _Verified:
        try:
            if len(token) > _MAX_TOKEN_CHARS:
                raise InvalidCredential("The access token is not valid.")
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            if header.get("alg") != _ALGORITHM or header.get("typ", "JWT") not in _TYPES or not isinstance(kid, str):
                raise InvalidCredential("The access token is not valid.")
            key = await self._keys.get(kid)
            if key is None:
                raise InvalidCredential("The access token is not valid.")
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=self._issuer,
                leeway=_LEEWAY_S,
                options={"require": ["iss", "aud", "sub", "iat", "exp", "jti", "tenant"], "strict_aud": True},
            )
            caller = _caller(claims)
            mark = mark_of_user(claims["tenant"], claims["sub"])
            return _Verified(caller, claims["iat"], claims["exp"] + _LEEWAY_S, mark, self._keys.current)
        except jwt.ExpiredSignatureError as error:
            raise InvalidCredential("The access token has expired.") from error
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            raise InvalidCredential("The access token is not valid.") from error


def _revoked() -> NoReturn:
    raise InvalidCredential("The access token was revoked.")


def allowed_scopes(scopes: object) -> tuple[str, ...]:
    """The scopes of a client's credential: never the Brain's own.

    Raises:
        TypeError: not a list of strings.
    """
    return tuple(scope for scope in _texts(scopes) if scope != INTERNAL_SCOPE)


def scopes_in_a_tenant(scopes: object) -> tuple[str, ...]:
    """The scopes of a credential that is of one tenant: neither the Brain's own nor the platform's, whoever says so.

    Raises:
        TypeError: not a list of strings.
    """
    return tuple(scope for scope in allowed_scopes(scopes) if not scope.startswith(PLATFORM_SCOPES))


def _caller(claims: Mapping[str, Any]) -> Caller:
    return Caller(
        tenant_id=_text(claims["tenant"]),
        tenant_slug=_text(claims.get("tenant_slug")),
        user_id=_text(claims["sub"]),
        roles=_texts(claims.get("roles", [])),
        scopes=scopes_in_a_tenant(claims.get("scopes", [])),
        plan=_text(claims.get("plan")),
        locale=_text(claims.get("locale")),
        channel=_text(claims.get("channel")),
        via="token",
        expires_at=float(claims["exp"]) + _LEEWAY_S,
    )


def _text(value: object) -> str | None:
    if value is None or (isinstance(value, str) and value):
        return value
    raise TypeError("not a text")


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise TypeError("not a list of texts")
