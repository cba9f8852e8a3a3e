"""Public Ed25519 keys as JSON Web Keys, each under the name that both sides find on their own."""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = ["key_thumbprint", "public_jwk"]


def public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """Return the key as a JWK whose ``kid`` is its thumbprint (base64url of SHA-256).

    Source: RFC 8037 (the form), RFC 7638 (the thumbprint).
    """
    x = _base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw))
    required = {"crv": "Ed25519", "kty": "OKP", "x": x}  # in alphabetic order, as the thumbprint wants them
    canonical = json.dumps(required, separators=(",", ":")).encode()
    return {**required, "kid": _base64url(hashlib.sha256(canonical).digest()), "use": "sig", "alg": "EdDSA"}


def key_thumbprint(key: Ed25519PrivateKey) -> str:
    """Return the ``kid`` of the key's public half."""
    return public_jwk(key.public_key())["kid"]


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
