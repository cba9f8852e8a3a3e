"""The Brain's side of the context header's contract."""

import json
import os
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from brain.caller import Caller
from brain.context_header import CONTEXT_LIFETIME_S, ContextSigner
from brain.context_keys import ContextSecret, key_set, new_secret, read_secrets

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "context_header_vectors.json").read_text())


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "context.secret"
    path.write_text("\n".join(VECTORS["secrets"]))
    return path


@pytest.fixture
def signer(secret_file: Path) -> ContextSigner:
    return ContextSigner.from_file(secret_file)


def decoded(token: str, subgraph: str) -> dict[str, Any]:
    """As a library reads it that knows nothing of ours."""
    keys = jwt.PyJWKSet.from_dict(VECTORS["keys"][subgraph])
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "HS256", "kid": header["kid"], "typ": "brain-context+jwt"}
    claims: dict[str, Any] = jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=["HS256"],
        audience=subgraph,
        issuer="brain",
        options={"verify_sub": False, "verify_exp": False},
    )
    return claims


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda v: v["name"])
def test_signs_exactly_the_vectors(vector: dict[str, Any], secret_file: Path) -> None:
    now, before = read_secrets(secret_file)
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
    token = ContextSigner(before if vector.get("by") == "before" else now).sign(
        caller,
        vector["audience"],
        request_id=claims["rid"],
        deadline_ms=claims["deadline"],
        run_id=claims["run"],
        now_s=claims["iat"],
        jti=claims["jti"],
    )
    assert token == vector["token"]
    assert decoded(token, vector["audience"]) == claims


def test_each_token_is_fresh_and_short_lived(signer: ContextSigner) -> None:
    seen = set()
    for _ in range(3):
        claims = decoded(signer.sign(Caller(), "crm", request_id="r", deadline_ms=1), "crm")
        assert claims["exp"] - claims["iat"] == CONTEXT_LIFETIME_S
        assert abs(claims["iat"] - time.time()) < 5
        assert len(bytes.fromhex(claims["jti"])) == 16
        seen.add(claims["jti"])
    assert len(seen) == 3


def test_no_two_processes_use_one_id(signer: ContextSigner) -> None:
    def ids() -> set[str]:
        tokens = [signer.sign(Caller(), "crm", request_id="r", deadline_ms=1) for _ in range(50)]
        return {jwt.decode(token, options={"verify_signature": False})["jti"] for token in tokens}

    before = ids()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, json.dumps(sorted(ids())).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        of_child = set(json.loads(pipe.read()))
    assert os.waitpid(child, 0)[1] == 0
    assert len(of_child) == 50
    assert not of_child & (before | ids())


def test_the_clients_address_is_said_where_it_is_known(signer: ContextSigner) -> None:
    known = signer.sign(Caller(), "crm", request_id="r", deadline_ms=1, client="203.0.113.7")
    unknown = signer.sign(Caller(), "crm", request_id="r", deadline_ms=1)
    assert decoded(known, "crm")["client"] == "203.0.113.7"
    assert "client" not in decoded(unknown, "crm")


def test_vectors_name_every_documented_claim() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/context-header.md").read_text()
    named = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    documented = named - {"alg", "kid", "typ", "client", "key"}  # the JWS header's, and claims that may be absent
    for vector in VECTORS["valid"]:
        assert set(vector["claims"]) == documented


def test_the_first_secret_of_the_file_signs(signer: ContextSigner) -> None:
    assert signer.kid == ContextSecret(bytes.fromhex(VECTORS["secrets"][0])).kid
    assert signer.kid not in VECTORS["secrets"][0]


def test_each_subgraph_has_keys_of_its_own(secret_file: Path) -> None:
    known = read_secrets(secret_file)
    for name, keys in VECTORS["keys"].items():
        assert key_set(known, name) == keys
    derived = {secret.key_for(name) for secret in known for name in VECTORS["keys"]}
    assert len(derived) == len(known) * len(VECTORS["keys"])
    assert not derived & {secret.secret for secret in known}


@pytest.mark.parametrize("text", ["", "\n", "secret", "ab" * 31, f"{'ab' * 32}\nx", "AB" * 32, "-----BEGIN"])
def test_refuses_a_file_that_is_something_else(tmp_path: Path, text: str) -> None:
    path = tmp_path / "context.secret"
    path.write_text(text)
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        ContextSigner.from_file(path)


def test_a_secret_is_not_shown() -> None:
    secret = new_secret()
    assert secret.secret.hex() not in repr(secret)
    assert repr(secret.secret) not in repr(secret)
