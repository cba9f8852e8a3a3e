"""The signing keys: what one side signs, the other verifies with the published half."""

import json
import stat
from pathlib import Path

import jwt
import pytest
from jwt.api_jwk import PyJWKSet

from brain.caller import Caller
from brain.context_header import ContextSigner
from brain.context_keys import read_secrets
from brain.embedded.keys import ensure_private_key, write_context_keys, write_jwks, write_key_folders
from brain.embedded.process import EmbeddedError


def test_the_published_half_verifies_what_the_private_signs(tmp_path: Path) -> None:
    private, jwks = tmp_path / "worker.pem", tmp_path / "worker.jwks.json"
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
    def content() -> dict[str, str]:
        return {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}

    write_key_folders(tmp_path, ("identity", "crm"))
    made = content()
    private = {"brain/context.secret", "identity/identity.pem", "worker/worker.pem", "openbao/unseal.key"}
    assert made.keys() == {
        *private, "identity/context.keys.json", "crm/context.keys.json", "public/worker.jwks.json"
    }  # fmt: skip
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in made} == {0o600}
    token = jwt.encode({"sub": "x"}, made["worker/worker.pem"], "EdDSA")
    published = PyJWKSet.from_json(made["public/worker.jwks.json"])
    assert jwt.decode(token, published.keys[0].key, ["EdDSA"]) == {"sub": "x"}
    write_key_folders(tmp_path, ("identity", "crm"))
    assert content() == made


def test_a_subgraphs_keys_are_those_that_the_brain_signs_with(tmp_path: Path) -> None:
    write_context_keys(tmp_path / "s", tmp_path / "{name}.json", ("crm", "directory"))
    header = ContextSigner.from_file(tmp_path / "s").sign(Caller(), "crm", request_id="r", deadline_ms=1)
    options = {"audience": "crm", "algorithms": ["HS256"], "options": {"verify_sub": False}}
    crm, directory = (PyJWKSet.from_json((tmp_path / f"{name}.json").read_text()) for name in ("crm", "directory"))
    assert jwt.decode(header, crm.keys[0], **options)["iss"] == "brain"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(header, directory.keys[0], **options)


def test_rotation_keeps_the_secret_that_the_brain_signs_with(tmp_path: Path) -> None:
    def kids() -> tuple[list[str], list[str]]:
        keys = json.loads((tmp_path / "crm" / "context.keys.json").read_text())["keys"]
        return [key["kid"] for key in keys], [s.kid for s in read_secrets(tmp_path / "brain" / "context.secret")]

    write_key_folders(tmp_path, ["crm"])
    (first,), _ = kids()
    write_key_folders(tmp_path, ["crm"], rotate_context=True)
    (second, kept), of_brain = kids()
    assert kept == first != second
    assert of_brain == [second, first]
    write_key_folders(tmp_path, ["crm"])
    assert kids() == ([second, first], [second, first])
    write_key_folders(tmp_path, ["crm"], rotate_context=True)
    (third, kept), of_brain = kids()
    assert kept == second
    assert of_brain == [third, second]
    assert third not in {first, second}


def test_a_secret_that_is_something_else_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("nonsense")
    with pytest.raises(EmbeddedError, match="holds no secret of the context header"):
        write_context_keys(tmp_path / "s", tmp_path / "{name}.json", ["crm"], rotate=True)
    assert (tmp_path / "s").read_text() == "nonsense"
    assert not (tmp_path / "crm.json").exists()
