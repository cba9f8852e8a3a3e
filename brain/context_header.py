"""The signed context header: how the Brain tells a subgraph for whom it calls.

The format is `docs/reference/context-header.md`; the fixed vectors in `tests/brain/context_header_vectors.json` hold
both sides to it.
"""

import base64
import hashlib
import json
import time
import uuid
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from brain.caller import Caller

__all__ = ["CONTEXT_HEADER", "CONTEXT_LIFETIME_S", "ContextSigner", "key_thumbprint"]

CONTEXT_HEADER = "x-brain-context"
CONTEXT_LIFETIME_S = 30
_ISSUER = "brain"
_TYPE = "brain-context+jwt"


class ContextSigner:
    """Makes one context header for each call to a subgraph.

    Args:
        key: the Brain's Ed25519 key.
        kid: its id in the JWKS that subgraphs verify with.
    """

    def __init__(self, key: Ed25519PrivateKey, kid: str) -> None:
        self._key = key
        self.kid = kid

    @classmethod
    def from_files(cls, private_key: Path, jwks: Path | None = None) -> "ContextSigner":
        """Loads a PKCS #8 PEM key; its id is taken from the JWKS, else it is the key's thumbprint.

        Raises:
            ValueError: the file holds no Ed25519 private key, or the JWKS does not list it.
            OSError: a file cannot be read.
        """
        key = load_pem_private_key(private_key.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{private_key}: not an Ed25519 private key")  # noqa: TRY004 (a wrong file, not a wrong call)
        return cls(key, key_thumbprint(key) if jwks is None else _kid_in_jwks(key, jwks))

    def sign(
        self,
        caller: Caller,
        subgraph: str,
        *,
        request_id: str,
        deadline_ms: int,
        run_id: str | None = None,
        client: str | None = None,
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
            now_s: Unix seconds; the clock's if not given.
            jti: a fresh one if not given.
        """
        issued = int(time.time() if now_s is None else now_s)
        claims: dict[str, Any] = {
            "iss": _ISSUER,
            "aud": subgraph,
            "iat": issued,
            "exp": issued + CONTEXT_LIFETIME_S,
            "jti": jti or uuid.uuid4().hex,
            "tenant": caller.tenant_id,
            "sub": caller.user_id,
            "roles": list(caller.roles),
            "scopes": list(caller.scopes),
            "plan": caller.plan,
            "locale": caller.locale,
            "channel": caller.channel,
            "rid": request_id,
            "run": run_id,
            "deadline": deadline_ms,
        }
        if client is not None:
            claims["client"] = client
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"kid": self.kid, "typ": _TYPE})


def key_thumbprint(key: Ed25519PrivateKey) -> str:
    """The key's JWK thumbprint (base64url of SHA-256), its `kid` where nothing else is said.

    Source: RFC 7638, RFC 8037.
    """
    canonical = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": _public_x(key)}, separators=(",", ":"))
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _kid_in_jwks(key: Ed25519PrivateKey, path: Path) -> str:
    x = _public_x(key)
    for jwk in json.loads(path.read_bytes()).get("keys", ()):
        if jwk.get("x") == x and jwk.get("kid"):
            return str(jwk["kid"])
    raise ValueError(f"{path}: does not list the public half of the Brain's context key; subgraphs would refuse it")


def _public_x(key: Ed25519PrivateKey) -> str:
    return _base64url(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
