"""The Brain's side of the context header's contract."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from brain.caller import Caller
from brain.context_header import CONTEXT_LIFETIME_S, ContextSigner, key_thumbprint

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "context_header_vectors.json").read_text())


@pytest.fixture
def key_files(tmp_path: Path) -> tuple[Path, Path]:
    private, jwks = tmp_path / "context.pem", tmp_path / "context.jwks.json"
    private.write_text(VECTORS["private_key"])
    jwks.write_text(json.dumps(VECTORS["jwks"]))
    return private, jwks


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda v: v["name"])
def test_signs_exactly_the_vectors(vector: dict[str, Any], key_files: tuple[Path, Path]) -> None:
    claims = vector["claims"]
    caller = Caller(
        tenant_id=claims["tenant"],
        user_id=claims["sub"],
        roles=tuple(claims["roles"]),
        scopes=tuple(claims["scopes"]),
        plan=claims["plan"],
        locale=claims["locale"],
        channel=claims["channel"],
    )
    token = ContextSigner.from_files(*key_files).sign(
        caller,
        vector["audience"],
        request_id=claims["rid"],
        deadline_ms=claims["deadline"],
        run_id=claims["run"],
        now_s=claims["iat"],
        jti=claims["jti"],
    )
    assert token == vector["token"]


def test_each_token_is_fresh_and_short_lived(key_files: tuple[Path, Path]) -> None:
    signer = ContextSigner.from_files(*key_files)
    key = jwt.PyJWKSet.from_dict(VECTORS["jwks"])[signer.kid]
    seen = set()
    for _ in range(3):
        token = signer.sign(Caller(), "crm", request_id="r", deadline_ms=1)
        claims = jwt.decode(
            token, key, algorithms=["EdDSA"], audience="crm", issuer="brain", options={"verify_sub": False}
        )
        assert claims["exp"] - claims["iat"] == CONTEXT_LIFETIME_S
        assert abs(claims["iat"] - time.time()) < 5
        assert len(bytes.fromhex(claims["jti"])) == 16
        seen.add(claims["jti"])
    assert len(seen) == 3


def test_the_clients_address_is_said_where_it_is_known(key_files: tuple[Path, Path]) -> None:
    signer = ContextSigner.from_files(*key_files)
    known = signer.sign(Caller(), "crm", request_id="r", deadline_ms=1, client="203.0.113.7")
    unknown = signer.sign(Caller(), "crm", request_id="r", deadline_ms=1)
    assert jwt.decode(known, options={"verify_signature": False})["client"] == "203.0.113.7"
    assert "client" not in jwt.decode(unknown, options={"verify_signature": False})


def test_vectors_name_every_documented_claim() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/context-header.md").read_text()
    named = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    documented = named - {"alg", "kid", "typ", "client"}  # the JWS header's, and the one claim that may be absent
    for vector in VECTORS["valid"]:
        assert set(vector["claims"]) == documented


def test_key_id_is_the_thumbprint_where_no_set_is_given(key_files: tuple[Path, Path]) -> None:
    key = load_pem_private_key(VECTORS["private_key"].encode(), None)
    assert isinstance(key, Ed25519PrivateKey)
    assert ContextSigner.from_files(key_files[0]).kid == key_thumbprint(key) == VECTORS["jwks"]["keys"][0]["kid"]


def test_refuses_a_set_without_its_key(key_files: tuple[Path, Path]) -> None:
    private, jwks = key_files
    jwks.write_text('{"keys": []}')
    with pytest.raises(ValueError, match="does not list"):
        ContextSigner.from_files(private, jwks)


def test_refuses_another_kind_of_key(tmp_path: Path) -> None:
    path = tmp_path / "other.pem"
    path.write_bytes(X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ValueError, match="not an Ed25519"):
        ContextSigner.from_files(path)
