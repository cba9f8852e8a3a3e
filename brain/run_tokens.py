"""Run tokens: the credential with which a worker calls the graph for one run of agents.

A JSON Web Token, signed with the worker's own Ed25519 key, for at most two minutes:

    iss worker · aud brain · typ agent-run+jwt · tenant · run · crew · sub (who asked, or null) · scopes

It is good for `agents:run`, which reaches that one run, and for scopes that both the crew's file grants and whoever
asked for the run holds. The Brain checks both itself: the crew's part here, the run's in `run_standing`.
"""

import base64
import json
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from brain.caller import INTERNAL_SCOPE, Caller
from brain.jwks import key_thumbprint
from brain.tokens import InvalidCredential

__all__ = ["AGENT_RUN_SCOPE", "RunTokenSigner", "RunTokens"]

AGENT_RUN_SCOPE: Final = "agents:run"
"""What reaches the run itself in the subgraph `agents`, and no other run."""

_TYPE: Final = "agent-run+jwt"
_ISSUER: Final = "worker"
_AUDIENCE: Final = "brain"
_ALGORITHM: Final = "EdDSA"
_LIFETIME_S: Final = 120
_LEEWAY_S: Final = 5
_MAX_TOKEN_CHARS: Final = 8192
_INVALID: Final = "The run token is not valid."


class RunTokenSigner:
    """The worker's side.

    Args:
        key: the worker's.
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._kid = key_thumbprint(key)

    @classmethod
    def from_file(cls, private_key: Path) -> "RunTokenSigner":
        """Load a PKCS #8 PEM key.

        Raises:
            ValueError: the file holds no Ed25519 private key.
            OSError: it cannot be read.
        """
        key = load_pem_private_key(private_key.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{private_key}: not an Ed25519 private key")  # noqa: TRY004 (a wrong file, not a wrong call)
        return cls(key)

    def sign(self, tenant: str, run_id: str, crew: str, user_id: str | None, scopes: Iterable[str]) -> str:
        """A token for a run; `scopes` besides `agents:run`."""
        now = int(time.time())
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "iat": now,
            "exp": now + _LIFETIME_S,
            "jti": uuid.uuid4().hex,
            "tenant": tenant,
            "run": run_id,
            "crew": crew,
            "sub": user_id,
            "scopes": [AGENT_RUN_SCOPE, *sorted(set(scopes) - {AGENT_RUN_SCOPE})],
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": self._kid, "typ": _TYPE})


class RunTokens:
    """The Brain's side.

    Args:
        jwks_file: public keys of workers; read again when it has changed.
        grants_of: the scopes that a crew's file grants, or None where there is no such crew.
        clock: Unix seconds.
    """

    def __init__(
        self, jwks_file: Path, grants_of: Callable[[str], Iterable[str] | None], clock: Callable[[], float] = time.time
    ) -> None:
        self._jwks_file = jwks_file
        self._grants_of = grants_of
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_mtime_ns = -1

    @staticmethod
    def is_one(token: str) -> bool:
        """Whether a credential claims to be a run token; says nothing about its being valid."""
        head = token.partition(".")[0][:200]
        try:
            return _TYPE.encode() in base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))
        except ValueError:
            return False

    def verify(self, token: str) -> Caller:
        """The caller that the token speaks for: a run, for whoever asked for it.

        Raises:
            InvalidCredential: malformed, signed by another key or in another way, expired, or its scopes are more than
                its crew is granted.
        """
        try:
            if len(token) > _MAX_TOKEN_CHARS:
                raise InvalidCredential(_INVALID)
            header = jwt.get_unverified_header(token)
            key = self._key(header.get("kid"))
            if header.get("alg") != _ALGORITHM or header.get("typ") != _TYPE or key is None:
                raise InvalidCredential(_INVALID)
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options={
                    "require": ["iss", "aud", "iat", "exp", "jti"],
                    "strict_aud": True,
                    "verify_sub": False,  # null where nobody in person asked
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            return self._caller(claims)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, OSError) as error:
            raise InvalidCredential(_INVALID) from error

    def _caller(self, claims: dict[str, Any]) -> Caller:
        issued, expires, now = claims["iat"], claims["exp"], self._clock()
        if type(issued) is not int or type(expires) is not int or expires - issued > _LIFETIME_S:
            raise InvalidCredential(_INVALID)
        if issued > now + _LEEWAY_S or expires <= now - _LEEWAY_S:
            raise InvalidCredential("The run token has expired.")
        scopes, crew = claims["scopes"], claims["crew"]
        granted = self._grants_of(crew) if isinstance(crew, str) else None
        if granted is None or not isinstance(scopes, list):
            raise InvalidCredential(_INVALID)
        if not {AGENT_RUN_SCOPE, *granted}.issuperset(scopes) or INTERNAL_SCOPE in scopes:
            raise InvalidCredential("The run token asks for more than its crew is granted.")
        user = claims["sub"]
        return Caller(
            tenant_id=str(uuid.UUID(claims["tenant"])),
            user_id=None if user is None else str(uuid.UUID(user)),
            scopes=tuple(scopes),
            via="agent",
            expires_at=float(expires) + _LEEWAY_S,
            run_id=str(uuid.UUID(claims["run"])),
            crew=crew,
        )

    def _key(self, kid: object) -> jwt.PyJWK | None:
        if not isinstance(kid, str):
            return None
        if kid not in self._keys:
            mtime_ns = self._jwks_file.stat().st_mtime_ns
            if mtime_ns != self._read_mtime_ns:
                keys = jwt.PyJWKSet.from_dict(json.loads(self._jwks_file.read_text())).keys
                self._keys = {key.key_id: key for key in keys if key.key_id and key.algorithm_name == _ALGORITHM}
                self._read_mtime_ns = mtime_ns
        return self._keys.get(kid)
