"""Verifying tokens (RFC 7519, RFC 8725): signature, issuer, audience, times; and remembering those that are right."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import jwt

from router.server.auth.keys import KeySet, VerificationKey
from router.server.config.authentication import JwtConfig

__all__ = ["InvalidToken", "Tokens", "UnknownKey", "Verified"]

MAX_KEYS_TRIED = 10
"""For a token that does not say which key it was signed with."""


class InvalidToken(Exception):
    """The token is wrong; the message is for the client."""

    def __init__(self, message: str, code: str = "INVALID_TOKEN") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class UnknownKey(InvalidToken):
    """No key is known that could have signed it; perhaps there is a newer one."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token says. `expires_at` in Unix seconds; None if it never ends."""

    claims: Mapping[str, Any]
    expires_at: float | None


class Tokens:
    """Verifies tokens, and keeps the claims of those that are right until they end or other keys are there.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, config: JwtConfig, *, clock: Callable[[], float] = time.time) -> None:
        self._config = config
        self._clock = clock
        self._known: OrderedDict[bytes, Verified] = OrderedDict()
        self.key_sets = tuple(KeySet(each, self._known.clear) for each in config.jwks)

    def __len__(self) -> int:
        return len(self._known)

    def verify(self, token: str) -> Verified:
        """What a token says.

        Raises:
            InvalidToken: it is wrong; `UnknownKey` if that may only be because a key is not known yet.
        """
        # A token is a credential: it is not kept for longer than its request, its digest is.
        digest = blake2b(token.encode("utf-8", "surrogatepass"), digest_size=32).digest()
        known = self._known.get(digest)
        if known is None:
            known = self._verified(token)
            if self._config.max_cached_tokens:
                if len(self._known) >= self._config.max_cached_tokens:
                    self._known.popitem(last=False)
                self._known[digest] = known
        elif known.expires_at is not None and self._clock() >= known.expires_at:
            del self._known[digest]
            raise expired()
        return known

    def _verified(self, token: str) -> Verified:
        if len(token) > self._config.max_token_bytes:
            raise InvalidToken("The token is too long.")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError) as error:
            raise InvalidToken("The token is malformed.") from error
        algorithm, kid = header.get("alg"), header.get("kid")
        if "crit" in header or not isinstance(algorithm, str) or not (kid is None or isinstance(kid, str)):
            raise InvalidToken("The token is malformed.")
        candidates = [
            (key_set, key)
            for key_set in self.key_sets
            for key in key_set.keys
            if algorithm in key.algorithms and (kid is None or key.kid is None or key.kid == kid)
        ]
        if not any(kid is None or key.kid == kid for _, key in candidates):
            unknown = UnknownKey("The token is not signed with a key that is known here.")
            if not candidates:
                raise unknown
        failure = InvalidToken("The token's signature is wrong.")
        for key_set, key in candidates[:MAX_KEYS_TRIED]:
            try:
                return self._checked(token, algorithm, key_set, key)
            except InvalidToken as error:
                # What a good signature cannot mend says more than that another key did not sign it.
                if failure.message == "The token's signature is wrong.":
                    failure = error
        raise failure

    def _checked(self, token: str, algorithm: str, key_set: KeySet, key: VerificationKey) -> Verified:
        wanted = key_set.config
        required = [
            *(["exp"] if self._config.require_expiry else []),
            *(["iss"] if wanted.issuers else []),
            *(["aud"] if wanted.audiences else []),
        ]
        try:
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                audience=wanted.audiences or None,
                issuer=list(wanted.issuers) or None,
                leeway=self._config.leeway_s,
                options={"require": required, "verify_aud": bool(wanted.audiences), "verify_exp": False},
            )
            expires_at = _number(claims.get("exp"))
        except jwt.ImmatureSignatureError as error:
            raise InvalidToken("The token is not valid yet.") from error
        except jwt.InvalidAudienceError as error:
            raise InvalidToken("The token is for another audience.") from error
        except jwt.InvalidIssuerError as error:
            raise InvalidToken("The token is from another issuer.") from error
        except jwt.MissingRequiredClaimError as error:
            raise InvalidToken(f"The token lacks the claim {error.claim!r}.") from error
        except jwt.InvalidSignatureError as error:
            raise InvalidToken("The token's signature is wrong.") from error
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise InvalidToken("The token is malformed.") from error
        if expires_at is not None:
            expires_at += self._config.leeway_s
            if self._clock() >= expires_at:
                raise expired()
        return Verified(MappingProxyType(claims), expires_at)


def expired() -> InvalidToken:
    """The error for a token that has ended."""
    return InvalidToken("The token has expired.", "TOKEN_EXPIRED")


def _number(value: Any) -> float | None:
    """
    Raises:
        ValueError: it is no finite number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e15 < value < 1e15:
        raise ValueError("exp must be a number")
    return float(value)
