"""Access tokens (JWT, EdDSA), their published keys, and random secrets."""

import base64
import hashlib
import json
import secrets
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import OKPAlgorithm

from subgraphs.identity.domain import Role, scopes_of

__all__ = ["ACCESS_TOKEN_LIFETIME_S", "AccessTokens", "Member", "hash_secret", "new_secret"]

ACCESS_TOKEN_LIFETIME_S: Final = 15 * 60
_AUDIENCE: Final = "brain"


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a tenant: what an access token says."""

    user_id: uuid.UUID
    email: str
    name: str
    role: Role
    tenant_id: uuid.UUID
    tenant_slug: str
    plan: str
    locale: str
    channel: str | None


class AccessTokens:
    """Issues access tokens.

    Args:
        key: signs them.
        issuer: their `iss`.
    """

    def __init__(self, key: Ed25519PrivateKey, issuer: str) -> None:
        self._key = key
        self._issuer = issuer
        public = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
        # The key's thumbprint (RFC 7638) as its id: the same wherever the same key is used.
        canonical = json.dumps({name: public[name] for name in ("crv", "kty", "x")}, separators=(",", ":"))
        digest = hashlib.sha256(canonical.encode()).digest()
        self._kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        self.jwks: Final[dict[str, Any]] = {
            "keys": [{**public, "kid": self._kid, "alg": "EdDSA", "use": "sig", "key_ops": ["verify"]}]
        }

    @classmethod
    def from_file(cls, path: Path, issuer: str) -> "AccessTokens":
        """With the key in a PKCS #8 PEM file.

        Raises:
            ValueError: not an Ed25519 key.
            OSError: the file cannot be read.
        """
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path}: not an Ed25519 private key")  # noqa: TRY004 - a wrong file, not a wrong call
        return cls(key, issuer)

    def issue(self, member: Member, *, after: int = 0) -> str:
        """A token for `member`, good for `ACCESS_TOKEN_LIFETIME_S`.

        Args:
            after: Unix seconds of the last revocation: the token is dated later, be it by a second of the future.
        """
        now = max(int(time.time()), after + 1)
        claims = {
            "iss": self._issuer,
            "aud": _AUDIENCE,
            "sub": str(member.user_id),
            "iat": now,
            "exp": now + ACCESS_TOKEN_LIFETIME_S,
            "jti": uuid.uuid4().hex,
            "tenant": str(member.tenant_id),
            "tenant_slug": member.tenant_slug,
            "roles": [member.role.value],
            "scopes": list(scopes_of(member.role)),
            "plan": member.plan,
            "locale": member.locale,
            "channel": member.channel,
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"kid": self._kid})


def new_secret() -> str:
    """A random text of 256 bits: refresh tokens, invitations, the secret half of API keys."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> bytes:
    """What is stored of a random secret. It has 256 bits, so no salt and no slow hash are needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
