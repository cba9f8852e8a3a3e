"""Which tokens are taken for what, and how long."""

import base64
import contextlib
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.server.auth.tokens import InvalidToken, Tokens, UnknownKey
from router.server.config.authentication import JwtConfig

from .issuers import jwk, private_key, token

EVERY_ALGORITHM = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "HS256"]


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def tokens(folder: Path, *sets: dict[str, Any], clock: Clock | None = None, **config: Any) -> Tokens:
    """Each set has `keys`, and settings."""
    listed = []
    for number, one in enumerate(sets or ({"keys": [jwk("Ed25519")]},)):
        file = folder / f"{number}.json"
        file.write_text(json.dumps({"keys": one["keys"]}))
        listed.append({"file": str(file), **{name: value for name, value in one.items() if name != "keys"}})
    settings = JwtConfig.model_validate({"jwks": listed, **config})
    return Tokens(settings, clock=clock) if clock is not None else Tokens(settings)


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in (header, claims))
    return ".".join([*parts, ""])


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [("RSA", "RS256"), ("RSA", "PS384"), ("P-256", "ES256"), ("P-384", "ES384"), ("Ed25519", "EdDSA")],
)
@pytest.mark.parametrize("kid", ["one", None])
def test_tokens_of_all_kinds(folder: Path, kind: str, algorithm: str, kid: str | None) -> None:
    verified = tokens(folder, {"keys": [jwk(kind, kid)]}).verify(
        token(kind, kid, algorithm=algorithm, scope="a b", roles=["x"])
    )
    assert (verified.claims["sub"], verified.claims["scope"], verified.claims["roles"]) == ("ada", "a b", ["x"])
    assert verified.expires_at is not None
    with pytest.raises(TypeError):
        verified.claims["sub"] = "eve"  # type: ignore[index]


def test_shared_secrets_only_where_they_are_asked_for(folder: Path) -> None:
    secret = token("secret")
    with pytest.raises(InvalidToken):
        tokens(folder, {"keys": [jwk("secret"), jwk("Ed25519", "two")]}).verify(secret)
    allowed = tokens(folder, {"keys": [jwk("secret"), jwk("Ed25519", "two")], "algorithms": ["HS256", "EdDSA"]})
    assert allowed.verify(secret).claims["sub"] == "ada"


@pytest.mark.parametrize("kind", ["RSA", "P-256", "Ed25519"])
def test_a_public_key_is_no_shared_secret(folder: Path, kind: str) -> None:
    """Whoever signs with the published key, taken for a secret, is not believed, whatever is allowed."""
    everything = tokens(folder, {"keys": [jwk(kind), jwk("secret", "two")], "algorithms": EVERY_ALGORITHM})
    public = private_key(kind).public_key()
    forms = [public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)]
    forms += [json.dumps(jwk(kind)).encode(), base64.urlsafe_b64decode(jwk(kind).get("n", jwk(kind).get("x")) + "==")]
    for form in forms:
        head = {"alg": "HS256", "typ": "JWT", "kid": "one"}
        signing = unsigned(head, {"sub": "eve", "exp": time.time() + 60})[:-1]
        mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(signing.encode(), form)
        forged = f"{signing}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        with pytest.raises(InvalidToken):
            everything.verify(forged)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 5, ["none"], "HS256", "RS256", "ES256"])
def test_unsigned_tokens_and_other_algorithms(folder: Path, algorithm: Any) -> None:
    head = {"alg": algorithm, "typ": "JWT", "kid": "one"}
    with pytest.raises(InvalidToken):
        tokens(folder).verify(unsigned(head, {"sub": "eve", "exp": time.time() + 60}))


@pytest.mark.parametrize("algorithm", ["none", "RS1", "HS1"])
def test_the_settings_take_no_such_algorithm(algorithm: str) -> None:
    with pytest.raises(ValueError, match="algorithms"):
        JwtConfig.model_validate({"jwks": [{"file": "x", "algorithms": [algorithm]}]})


def test_keys_in_a_token_are_not_believed(folder: Path) -> None:
    own = jwk("Ed25519", number=1)
    with pytest.raises(InvalidToken, match="signature"):
        tokens(folder).verify(token(number=1, headers={"jwk": own, "jku": "http://evil/", "x5u": "http://evil/"}))


def test_extensions_that_must_be_understood_are_not(folder: Path) -> None:
    with pytest.raises(InvalidToken, match="malformed"):
        tokens(folder).verify(token(headers={"crit": ["exp"], "exp": 5}))


def test_a_changed_token(folder: Path) -> None:
    head, body, signature = token().split(".")
    other = base64.urlsafe_b64encode(json.dumps({"sub": "eve", "exp": time.time() + 60}).encode()).rstrip(b"=").decode()
    for wrong in (f"{head}.{other}.{signature}", f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body}."):
        with pytest.raises(InvalidToken, match=r"signature|malformed"):
            tokens(folder).verify(wrong)


# ---- times ----------------------------------------------------------------------------------------------------------


def test_a_token_ends_also_when_it_is_remembered(folder: Path) -> None:
    clock = Clock()
    them = tokens(folder, clock=clock, leeway_s=5)
    good = token(exp=int(clock.now) + 10)
    them.verify(good)
    clock.now += 14
    them.verify(good)
    clock.now += 2
    for each in (them, tokens(folder, clock=clock, leeway_s=5)):
        with pytest.raises(InvalidToken) as caught:
            each.verify(good)
        assert caught.value.code == "TOKEN_EXPIRED"
    assert len(them) == 0


@pytest.mark.parametrize(
    "claims",
    [
        {"nbf": time.time() + 86_400},
        {"iat": time.time() + 86_400},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**400},
        {"exp": [1]},
        {"exp": {}},
        {"nbf": "x"},
    ],
)
def test_times_that_are_wrong(folder: Path, claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        tokens(folder).verify(token(**claims))


def test_tokens_without_an_end_are_a_setting(folder: Path) -> None:
    assert tokens(folder, require_expiry=False).verify(token(exp=None)).expires_at is None


# ---- for whom, from whom --------------------------------------------------------------------------------------------


def test_issuer_and_audience(folder: Path) -> None:
    them = tokens(folder, {"keys": [jwk("Ed25519")], "issuers": ["i", "j"], "audiences": ["a", "b"]})
    for good in ({"iss": "j", "aud": "a"}, {"iss": "i", "aud": ["x", "b"]}):
        assert them.verify(token(**good)).claims["iss"] == good["iss"]
    for wrong, word in (
        ({"iss": "k", "aud": "a"}, "issuer"),
        ({"aud": "a"}, "iss"),
        ({"iss": "i", "aud": "x"}, "audience"),
        ({"iss": "i"}, "aud"),
        ({"iss": "i", "aud": [5]}, "malformed|audience"),
    ):
        with pytest.raises(InvalidToken, match=word):
            them.verify(token(**wrong))  # type: ignore[arg-type]


def test_without_audiences_that_claim_is_not_looked_at(folder: Path) -> None:
    assert tokens(folder).verify(token(aud="whoever", iss="whoever")).claims["aud"] == "whoever"


def test_each_set_has_its_own_issuers(folder: Path) -> None:
    them = tokens(
        folder,
        {"keys": [jwk("Ed25519", "same")], "issuers": ["one"]},
        {"keys": [jwk("Ed25519", "same", number=1)], "issuers": ["two"]},
    )
    assert them.verify(token(kid="same", iss="one")).claims["iss"] == "one"
    assert them.verify(token(kid="same", number=1, iss="two")).claims["iss"] == "two"
    with pytest.raises(InvalidToken, match="issuer"):
        them.verify(token(kid="same", number=1, iss="one"))


def test_an_unknown_key_is_another_matter_than_a_wrong_signature(folder: Path) -> None:
    with pytest.raises(UnknownKey):
        tokens(folder).verify(token(kid="newer", number=1))
    with pytest.raises(InvalidToken) as caught:
        tokens(folder).verify(token(number=1))
    assert not isinstance(caught.value, UnknownKey)


# ---- remembering ----------------------------------------------------------------------------------------------------


def test_a_token_is_verified_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    them = tokens(folder, max_cached_tokens=2)
    decoded: list[str] = []
    decode = jwt.decode
    monkeypatch.setattr(jwt, "decode", lambda text, *a, **k: (decoded.append(text), decode(text, *a, **k))[1])
    first, second, third = (token(jti=str(n)) for n in range(3))
    for each in (first, first, second, first, third, third):
        them.verify(each)
    assert len(decoded) == 3
    assert len(them) == 2
    them.verify(first)
    assert len(decoded) == 4
    held = repr(them.__dict__["_known"])
    assert first not in held
    assert third not in held


def test_with_other_keys_nothing_is_remembered(folder: Path) -> None:
    them = tokens(folder)
    good = token()
    them.verify(good)
    (key_set,) = them.key_sets
    key_set._take(json.dumps({"keys": [jwk("Ed25519", "two", number=1)]}).encode())
    with pytest.raises(UnknownKey):
        them.verify(good)


def test_a_long_token_is_not_read(folder: Path) -> None:
    with pytest.raises(InvalidToken, match="too long"):
        tokens(folder, max_token_bytes=100).verify(token())


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.text(), st.lists(st.text("ABCxyz019-_="), min_size=1, max_size=5).map(".".join)))
def test_nonsense_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(InvalidToken):
        tokens(folder).verify(text)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "crit", "b64"]), st.none() | st.integers() | st.text()),
    st.recursive(st.none() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)),
)
def test_signed_nonsense_is_refused_or_harmless(folder: Path, header: dict[str, Any], claims: Any) -> None:
    """Even a trusted issuer may write what it likes."""
    signing = unsigned({"alg": "EdDSA", **header}, claims)[:-1]
    signature = private_key("Ed25519").sign(signing.encode())
    text = f"{signing}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    them = tokens(folder, require_expiry=False)
    with contextlib.suppress(InvalidToken):
        assert isinstance(dict(them.verify(text).claims), dict)
