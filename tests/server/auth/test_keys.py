"""Sets of keys: which are usable for what, and how they are kept up to date."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from router.server.auth.keys import UNKNOWN_KEY_PAUSE_S, KeySet, KeysUnreadable, read_keys
from router.server.config import InvalidConfig
from router.server.config.authentication import PUBLIC_KEY_ALGORITHMS, Algorithm, JwksConfig

from .issuers import Publisher, jwk, publishing

ALL: tuple[Algorithm, ...] = (*PUBLIC_KEY_ALGORITHMS, "HS256", "HS384", "HS512")


@pytest.mark.parametrize(
    ("kind", "algorithms"),
    [
        ("RSA", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("P-256", {"ES256"}),
        ("P-384", {"ES384"}),
        ("Ed25519", {"EdDSA"}),
        ("secret", {"HS256", "HS384", "HS512"}),
    ],
)
def test_a_key_is_for_algorithms_of_its_kind(kind: str, algorithms: set[str]) -> None:
    (key,) = read_keys({"keys": [jwk(kind)]}, ALL)
    assert key.algorithms == algorithms
    one = min(algorithms)
    (key,) = read_keys({"keys": [jwk(kind, alg=one)]}, ALL)
    assert key.algorithms == {one}


@pytest.mark.parametrize(
    "entry",
    [
        jwk("RSA", use="enc"),
        jwk("RSA", key_ops=["encrypt"]),
        jwk("RSA", alg="RS384"),
        jwk("RSA", alg="HS256"),
        jwk("RSA", alg="none"),
        jwk("weak RSA"),
        jwk("secret"),
        jwk("RSA") | {"n": "!"},
        {"kty": "EC", "crv": "P-999"},
        {"kty": "OKP", "crv": "X25519", "x": "AAAA"},
        {"kty": "quantum"},
        {},
        "a text",
        None,
    ],
)
def test_what_is_no_key_for_this_is_left_out(entry: Any) -> None:
    allowed: tuple[Algorithm, ...] = ("RS256", "ES256", "EdDSA")
    (key,) = read_keys({"keys": [entry, jwk("Ed25519", "good")]}, allowed)
    assert key.kid == "good"
    with pytest.raises(KeysUnreadable):
        read_keys({"keys": [entry]}, allowed)


def test_a_short_secret_is_no_key() -> None:
    with pytest.raises(KeysUnreadable):
        read_keys({"keys": [{"kty": "oct", "k": "c2hvcnQ"}]}, ALL)


@pytest.mark.parametrize("document", [None, [], {}, {"keys": None}, {"keys": {}}, {"keys": []}, "keys"])
def test_no_set(document: Any) -> None:
    with pytest.raises(KeysUnreadable):
        read_keys(document, ALL)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def key_set(publisher: Publisher, clock: Clock | None = None, **more: Any) -> tuple[KeySet, list[int]]:
    changes: list[int] = []
    config = JwksConfig(url=publisher.url, **more)
    return KeySet(config, lambda: changes.append(1), clock=clock or Clock()), changes


async def test_what_is_known_is_not_sent_again() -> None:
    async with publishing(jwk("Ed25519")) as publisher:
        keys, changes = key_set(publisher, headers={"x-client": "router"})
        assert keys.failure is not None
        await keys.start()
        assert (keys.failure, [key.kid for key in keys.keys]) == (None, ["one"])
        await keys.refresh()
        assert publisher.asked[0] is None
        assert publisher.asked[1] is not None
        assert publisher.headers[0]["x-client"] == "router"
        assert len(changes) == 1
        publisher.keys.append(jwk("RSA", "two"))
        await keys.refresh()
        assert [key.kid for key in keys.keys] == ["one", "two"]
        assert len(changes) == 2
        await keys.close()


@pytest.mark.parametrize("answer", ["error", "nonsense", "empty", "nothing"])
async def test_keys_stay_while_their_place_is_down(answer: str, caplog: pytest.LogCaptureFixture) -> None:
    async with publishing(jwk("Ed25519")) as publisher:
        keys, changes = key_set(publisher, timeout_s=0.2)
        await keys.start()
        publisher.answer = answer
        with caplog.at_level(logging.INFO, "router.server"):
            for _ in range(3):
                await keys.refresh()
            assert [key.kid for key in keys.keys] == ["one"]
            assert keys.failure
            publisher.answer = "keys"
            await keys.refresh()
        assert keys.failure is None
        assert len(changes) == 1
        # Once when it began, and once when it was over.
        assert [record.message for record in caplog.records] == ["keys cannot be read", "keys read"]
        await keys.close()


async def test_it_starts_without_keys_and_gets_them_later() -> None:
    async with publishing(jwk("Ed25519")) as publisher:
        publisher.answer = "error"
        keys, _ = key_set(publisher, poll_interval_s=0.05)
        await keys.start()
        assert not keys.keys
        publisher.answer = "keys"
        async with asyncio.timeout(5):
            while not keys.keys:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await keys.close()


async def test_unknown_keys_are_no_flood_of_requests() -> None:
    async with publishing(jwk("Ed25519")) as publisher:
        clock = Clock()
        keys, _ = key_set(publisher, clock)
        await keys.start()
        assert len(publisher.asked) == 1
        await asyncio.gather(*(keys.find_unknown() for _ in range(50)))
        assert len(publisher.asked) == 2
        assert not await keys.find_unknown()
        clock.now += UNKNOWN_KEY_PAUSE_S
        assert await keys.find_unknown()
        assert len(publisher.asked) == 3
        await keys.close()


async def test_keys_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [jwk("Ed25519")]}))
    keys = KeySet(JwksConfig(file=file), lambda: None)
    assert ([key.kid for key in keys.keys], keys.failure) == (["one"], None)
    await keys.start()
    file.write_text(json.dumps({"keys": [jwk("Ed25519", "two")]}))
    await keys.refresh()
    assert [key.kid for key in keys.keys] == ["two"]
    file.unlink()
    await keys.refresh()
    assert [key.kid for key in keys.keys] == ["two"]
    assert keys.failure is not None
    await keys.close()


def test_a_file_without_keys_is_a_wrong_setting(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    with pytest.raises(InvalidConfig, match=r"authentication.jwt.jwks: .*jwks.json"):
        KeySet(JwksConfig(file=file), lambda: None)
    file.write_text("{}")
    with pytest.raises(InvalidConfig, match="no JSON Web Key Set"):
        KeySet(JwksConfig(file=file), lambda: None)
