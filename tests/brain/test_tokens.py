"""Identity's keys: read when needed, and no more often."""

from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from brain.jwks import key_thumbprint, public_jwk
from brain.tokens import KeysUnavailable, SigningKeys


class Source:
    """Identity's endpoint and a clock, both in the test's hands."""

    def __init__(self) -> None:
        self.keys = [Ed25519PrivateKey.generate()]
        self.reads = 0
        self.now_s = 1000.0
        self.is_down = False

    async def read(self) -> Mapping[str, Any]:
        self.reads += 1
        if self.is_down:
            raise OSError("down")
        return {"keys": [public_jwk(key.public_key()) for key in self.keys]}

    def signing_keys(self) -> SigningKeys:
        return SigningKeys(self.read, max_age_s=300, pause_s=5, clock=lambda: self.now_s)


async def test_keys_are_read_once_and_kept() -> None:
    source = Source()
    keys = source.signing_keys()
    for _ in range(3):
        assert await keys.get(key_thumbprint(source.keys[0]))
    assert source.reads == 1


async def test_new_key_is_found_without_waiting_for_age() -> None:
    source = Source()
    keys = source.signing_keys()
    await keys.get(key_thumbprint(source.keys[0]))
    source.keys.append(Ed25519PrivateKey.generate())
    source.now_s += 6
    assert await keys.get(key_thumbprint(source.keys[1]))
    assert source.reads == 2


async def test_unknown_ids_do_not_become_a_flood() -> None:
    source = Source()
    keys = source.signing_keys()
    for number in range(50):
        assert await keys.get(f"unknown-{number}") is None
    assert source.reads == 1
    source.now_s += 6
    for number in range(50):
        assert await keys.get(f"unknown-{number}") is None
    assert source.reads == 2


async def test_withdrawn_key_is_forgotten_with_age() -> None:
    source = Source()
    keys = source.signing_keys()
    kid = key_thumbprint(source.keys[0])
    assert await keys.get(kid)
    source.keys = [Ed25519PrivateKey.generate()]
    source.now_s += 301
    assert await keys.get(kid) is None


async def test_old_keys_serve_on_while_identity_is_away() -> None:
    source = Source()
    keys = source.signing_keys()
    kid = key_thumbprint(source.keys[0])
    assert await keys.get(kid)
    source.is_down = True
    source.now_s += 301
    assert await keys.get(kid)


async def test_without_any_keys_nothing_can_be_said() -> None:
    source = Source()
    source.is_down = True
    keys = source.signing_keys()
    with pytest.raises(KeysUnavailable):
        await keys.get("any")
    source.is_down = False
    source.now_s += 6
    assert await keys.get(key_thumbprint(source.keys[0]))


async def test_keys_of_other_algorithms_are_left_out() -> None:
    async def read() -> Mapping[str, Any]:
        return {"keys": [{"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "s", "alg": "HS256"}]}

    assert await SigningKeys(read).get("s") is None
