"""Identity's keys: read when needed, and no more often."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from redis.asyncio import Redis

from brain.jwks import key_thumbprint, public_jwk
from brain.mark_watch import MarkWatch
from brain.revocation import Revocations, mark_of_user
from brain.tokens import AccessTokens, InvalidCredential, KeysUnavailable, SigningKeys

from .conftest import ACME, GLOBEX, Identity


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


# ---- tokens that are remembered -------------------------------------------------------------------------------------


def tokens_of(source: Source, revocations: Revocations, **options: Any) -> AccessTokens:
    return AccessTokens(source.signing_keys(), "brain", revocations, **options)


def token(source: Source, identity: Identity, **claims: Any) -> str:
    return identity.token(key=source.keys[0], **claims)


async def test_a_verified_token_is_remembered_until_keys_are_read_again(
    identity: Identity, redis: Redis, marks: MarkWatch
) -> None:
    source = Source()
    tokens = tokens_of(source, Revocations(redis, marks))
    good = token(source, identity)
    assert tokens.known(good) is None
    caller = await tokens.verify(good)
    assert tokens.known(good) is caller
    assert tokens.known(good[:-2]) is None, "another text is another token"
    source.keys[0] = Ed25519PrivateKey.generate()  # identity has dropped the key
    source.now_s += 301
    assert tokens.known(good) is None
    with pytest.raises(InvalidCredential):
        await tokens.verify(good)
    assert tokens.known(good) is None


async def test_a_remembered_token_ends_when_it_ends(
    identity: Identity, redis: Redis, marks: MarkWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source()
    tokens = tokens_of(source, Revocations(redis, marks))
    good = token(source, identity)
    caller = await tokens.verify(good)
    assert tokens.known(good) is caller
    assert caller.expires_at is not None
    with monkeypatch.context() as patch:
        patch.setattr("brain.tokens.time.time", lambda: caller.expires_at)
        assert tokens.known(good) is None


async def test_a_remembered_token_is_revoked_for_its_user_in_its_tenant_only(
    identity: Identity, redis: Redis, marks: MarkWatch
) -> None:
    source = Source()
    revocations = Revocations(redis, marks)
    tokens = tokens_of(source, revocations)
    mine = token(source, identity)
    there = token(source, identity, tenant=GLOBEX["id"], tenant_slug="globex")
    other = token(source, identity, sub="ben")
    callers = {each: await tokens.verify(each) for each in (mine, there, other)}
    assert [caller.tenant_id for caller in callers.values()] == [ACME["id"], GLOBEX["id"], ACME["id"]]
    user = callers[mine].user_id
    assert user is not None
    await redis.set(mark_of_user(ACME["id"], user), int(time.time()))
    async with asyncio.timeout(5):
        while tokens.known(mine) is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    with pytest.raises(InvalidCredential, match="revoked"):
        await tokens.verify(mine)
    with pytest.raises(InvalidCredential, match="revoked"):
        tokens.known(mine)
    assert tokens.known(there) is callers[there]
    assert tokens.known(other) is callers[other]


async def test_few_tokens_are_remembered(identity: Identity, redis: Redis, marks: MarkWatch) -> None:
    source = Source()
    tokens = tokens_of(source, Revocations(redis, marks), max_entries=2)
    made = [token(source, identity) for _ in range(3)]
    for each in made:
        await tokens.verify(each)
    assert [tokens.known(each) is not None for each in made] == [False, True, True]


async def test_without_a_watch_redis_is_asked_each_time(identity: Identity, redis: Redis) -> None:
    source = Source()
    tokens = tokens_of(source, Revocations(redis))
    good = token(source, identity)
    caller = await tokens.verify(good)
    assert tokens.known(good) is None
    assert await tokens.verify(good) is caller, "but the signature is not verified again"
