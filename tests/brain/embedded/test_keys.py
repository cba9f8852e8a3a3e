"""The signing keys: what one side signs, the other verifies with the published half."""

import json
import stat
from pathlib import Path

import jwt
import pytest
from jwt.api_jwk import PyJWKSet

from brain.embedded.keys import ensure_private_key, write_jwks, write_key_folders
from brain.embedded.process import EmbeddedError


def test_the_published_half_verifies_what_the_private_signs(tmp_path: Path) -> None:
    private, jwks = tmp_path / "context.pem", tmp_path / "context.jwks.json"
    ensure_private_key(private)
    write_jwks(private, jwks)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    published = PyJWKSet.from_json(jwks.read_text()).keys[0]
    assert published.key_id
    assert "d" not in json.loads(jwks.read_text())["keys"][0]
    token = jwt.encode({"sub": "x"}, private.read_text(), "EdDSA")
    assert jwt.decode(token, published.key, ["EdDSA"]) == {"sub": "x"}


def test_a_key_is_made_once(tmp_path: Path) -> None:
    private = tmp_path / "k.pem"
    ensure_private_key(private)
    before = private.read_text()
    ensure_private_key(private)
    assert private.read_text() == before


def test_a_file_that_is_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "k.pem").write_text("nonsense")
    with pytest.raises(EmbeddedError, match=r"k\.pem is no private key"):
        write_jwks(tmp_path / "k.pem", tmp_path / "j")


def test_every_reader_has_a_folder_of_its_own(tmp_path: Path) -> None:
    write_key_folders(tmp_path)
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    private = {"brain/context.pem", "identity/identity.pem", "worker/worker.pem"}
    private.add("openbao/unseal.key")
    assert made == {*private, "public/context.jwks.json", "public/worker.jwks.json"}
    for name in ("brain/context", "worker/worker"):
        token = jwt.encode({"sub": "x"}, (tmp_path / f"{name}.pem").read_text(), "EdDSA")
        published = PyJWKSet.from_json((tmp_path / "public" / f"{name.partition('/')[2]}.jwks.json").read_text())
        assert jwt.decode(token, published.keys[0].key, ["EdDSA"]) == {"sub": "x"}
    before = {name: (tmp_path / name).read_text() for name in private}
    write_key_folders(tmp_path)
    assert {name: (tmp_path / name).read_text() for name in private} == before
