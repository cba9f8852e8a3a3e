"""Run tokens: what one is good for, and what passes for none."""

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from brain.embedded.keys import ensure_private_key, write_jwks
from brain.jwks import key_thumbprint, public_jwk
from brain.run_tokens import RunTokens, RunTokenSigner
from brain.tokens import InvalidCredential

TENANT, RUN, USER = (str(uuid.uuid4()) for _ in range(3))
GRANTS = {"lead_scoring": ("crm:read", "crm:write")}


@pytest.fixture
def signer(tmp_path: Path) -> RunTokenSigner:
    ensure_private_key(tmp_path / "worker.pem")
    write_jwks(tmp_path / "worker.pem", tmp_path / "worker.jwks.json")
    return RunTokenSigner.from_file(tmp_path / "worker.pem")


@pytest.fixture
def tokens(tmp_path: Path, signer: RunTokenSigner) -> RunTokens:
    return RunTokens(tmp_path / "worker.jwks.json", GRANTS.get)


def test_it_speaks_for_one_run(signer: RunTokenSigner, tokens: RunTokens) -> None:
    token = signer.sign(TENANT, RUN, "lead_scoring", USER, ["crm:read"])
    assert tokens.is_one(token)
    caller = tokens.verify(token)
    assert (caller.tenant_id, caller.run_id, caller.user_id, caller.via) == (TENANT, RUN, USER, "agent")
    assert caller.scopes == ("agents:run", "crm:read")
    assert caller.roles == (), "a role's policies are for the person"
    assert caller.expires_at is not None
    assert caller.expires_at <= time.time() + 126


def test_nobody_may_have_asked(signer: RunTokenSigner, tokens: RunTokens) -> None:
    assert tokens.verify(signer.sign(TENANT, RUN, "lead_scoring", None, [])).user_id is None


@pytest.mark.parametrize(
    ("crew", "scopes"),
    [
        ("lead_scoring", ["crm:read", "identity:write"]),
        ("lead_scoring", ["internal"]),
        ("lead_scoring", ["agents:approve"]),
        ("no_such_crew", []),
    ],
)
def test_a_workers_key_opens_no_more_than_the_crew_may(
    signer: RunTokenSigner, tokens: RunTokens, crew: str, scopes: list[str]
) -> None:
    with pytest.raises(InvalidCredential):
        tokens.verify(signer.sign(TENANT, RUN, crew, USER, scopes))


def forged(key: Ed25519PrivateKey, **changed: Any) -> str:
    headers = {"kid": key_thumbprint(key), "typ": changed.pop("typ", "agent-run+jwt")}
    now = int(time.time())
    claims = {
        "iss": "worker", "aud": "brain", "iat": now, "exp": now + 60, "jti": "j", "tenant": TENANT, "run": RUN,
        "crew": "lead_scoring", "sub": USER, "scopes": ["crm:read"], **changed,
    }  # fmt: skip
    return jwt.encode({name: value for name, value in claims.items() if value is not ...}, key, "EdDSA", headers)


CASES: list[tuple[str, Callable[[], dict[str, Any]]]] = [
    ("another type", lambda: {"typ": "JWT"}),
    ("another issuer", lambda: {"iss": "brain"}),
    ("another audience", lambda: {"aud": "crm"}),
    ("too long a life", lambda: {"exp": int(time.time()) + 600}),
    ("expired", lambda: {"iat": int(time.time()) - 90, "exp": int(time.time()) - 30}),
    ("from the future", lambda: {"iat": int(time.time()) + 60, "exp": int(time.time()) + 90}),
    ("no tenant", lambda: {"tenant": ...}),
    ("a tenant that is none", lambda: {"tenant": "acme"}),
    ("no run", lambda: {"run": None}),
    ("scopes as a text", lambda: {"scopes": "crm:read"}),
    ("scopes that are no texts", lambda: {"scopes": [["crm:read"]]}),
    ("a crew that is no name", lambda: {"crew": ["lead_scoring"]}),
]


@pytest.mark.parametrize(("why", "changed"), CASES, ids=[why for why, _ in CASES])
def test_what_is_no_run_token(tmp_path: Path, why: str, changed: Callable[[], dict[str, Any]]) -> None:
    key = Ed25519PrivateKey.generate()
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public_jwk(key.public_key())]}))
    tokens = RunTokens(tmp_path / "jwks.json", GRANTS.get)
    assert tokens.verify(forged(key)).run_id == RUN
    with pytest.raises(InvalidCredential):
        tokens.verify(forged(key, **changed()))


def test_another_key(tokens: RunTokens) -> None:
    with pytest.raises(InvalidCredential):
        tokens.verify(forged(Ed25519PrivateKey.generate()))


def test_a_key_that_was_added_is_known(tmp_path: Path, tokens: RunTokens) -> None:
    key = Ed25519PrivateKey.generate()
    with pytest.raises(InvalidCredential):
        tokens.verify(forged(key))
    (tmp_path / "worker.jwks.json").write_text(json.dumps({"keys": [public_jwk(key.public_key())]}))
    assert tokens.verify(forged(key)).run_id == RUN


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "bk_key", "é.b.c", "eyJhbGciOiJFZERTQSJ9.x.y"])
def test_other_credentials_are_left_alone(text: str) -> None:
    assert not RunTokens.is_one(text)
