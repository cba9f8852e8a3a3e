import json
import os
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from resolvers.context_header import ContextRefused, ContextVerifier

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "brain" / "context_header_vectors.json").read_text())


@pytest.fixture
async def redis(redis_url: str) -> Any:
    client = Redis.from_url(redis_url)
    await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture
def jwks_file(tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(VECTORS["jwks"]))
    return file


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["name"])
async def test_valid_vectors(vector: dict[str, Any], jwks_file: Path, redis: Redis) -> None:
    verifier = ContextVerifier(vector["audience"], jwks_file, redis, clock=lambda: vector["now"])
    context = await verifier.verify([vector["token"]])
    claims = vector["claims"]
    assert {
        "tenant": str(context.tenant_id) if context.tenant_id else None,
        "sub": str(context.user_id) if context.user_id else None,
        "roles": sorted(context.roles),
        "scopes": sorted(context.scopes),
        "plan": context.plan,
        "locale": context.locale,
        "channel": context.channel,
        "rid": context.request_id,
        "run": context.run_id,
        "deadline": round(context.deadline.timestamp() * 1000) if context.deadline else None,
    } == {
        **{name: claims[name] for name in ("tenant", "sub", "plan", "locale", "channel", "rid", "run", "deadline")},
        "roles": sorted(claims["roles"]),
        "scopes": sorted(claims["scopes"]),
    }


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=lambda vector: vector["name"])
async def test_invalid_vectors(vector: dict[str, Any], jwks_file: Path, redis: Redis) -> None:
    verifier = ContextVerifier(vector["audience"], jwks_file, redis, clock=lambda: vector["now"])
    with pytest.raises(ContextRefused):
        await verifier.verify([vector["token"]])


async def test_a_header_is_good_once_and_remembered_until_it_is_past_use(jwks_file: Path, redis: Redis) -> None:
    vector = VECTORS["valid"][0]
    verifier = ContextVerifier(vector["audience"], jwks_file, redis, clock=lambda: vector["now"])
    await verifier.verify([vector["token"]])
    with pytest.raises(ContextRefused, match="used before"):
        await verifier.verify([vector["token"]])
    (key,) = await redis.keys("brain:context:*")
    assert vector["claims"]["tenant"] in key.decode()
    assert vector["claims"]["exp"] - vector["now"] < await redis.ttl(key) <= 40


@pytest.mark.parametrize("count", [0, 2])
async def test_exactly_one_header(count: int, jwks_file: Path, redis: Redis) -> None:
    vector = VECTORS["valid"][0]
    verifier = ContextVerifier(vector["audience"], jwks_file, redis, clock=lambda: vector["now"])
    with pytest.raises(ContextRefused):
        await verifier.verify([vector["token"]] * count)


async def test_new_keys_are_read_when_the_file_changes(jwks_file: Path, redis: Redis) -> None:
    vector = VECTORS["valid"][0]
    jwks_file.write_text('{"keys": []}')  # noqa: ASYNC240
    verifier = ContextVerifier(vector["audience"], jwks_file, redis, clock=lambda: vector["now"])
    with pytest.raises(ContextRefused):
        await verifier.verify([vector["token"]])
    jwks_file.write_text(json.dumps(VECTORS["jwks"]))  # noqa: ASYNC240
    os.utime(jwks_file, ns=(1, 1))
    await verifier.verify([vector["token"]])
