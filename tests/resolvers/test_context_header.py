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
def keys_file(tmp_path: Path) -> Path:
    """Of the subgraph `name`: `tmp_path / name`."""
    for name, keys in VECTORS["keys"].items():
        (tmp_path / name).write_text(json.dumps(keys))
    return tmp_path


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["name"])
async def test_valid_vectors(vector: dict[str, Any], keys_file: Path, redis: Redis) -> None:
    verifier = ContextVerifier(vector["audience"], keys_file / vector["audience"], redis, clock=lambda: vector["now"])
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
async def test_invalid_vectors(vector: dict[str, Any], keys_file: Path, redis: Redis) -> None:
    verifier = ContextVerifier(vector["audience"], keys_file / vector["audience"], redis, clock=lambda: vector["now"])
    with pytest.raises(ContextRefused):
        await verifier.verify([vector["token"]])


async def test_a_header_is_good_once_and_remembered_until_it_is_past_use(keys_file: Path, redis: Redis) -> None:
    vector = VECTORS["valid"][0]
    verifier = ContextVerifier(vector["audience"], keys_file / vector["audience"], redis, clock=lambda: vector["now"])
    await verifier.verify([vector["token"]])
    with pytest.raises(ContextRefused, match="used before"):
        await verifier.verify([vector["token"]])
    (key,) = await redis.keys("brain:context:*")
    assert vector["claims"]["tenant"] in key.decode()
    assert vector["claims"]["exp"] - vector["now"] < await redis.ttl(key) <= 40


@pytest.mark.parametrize("count", [0, 2])
async def test_exactly_one_header(count: int, keys_file: Path, redis: Redis) -> None:
    vector = VECTORS["valid"][0]
    verifier = ContextVerifier(vector["audience"], keys_file / vector["audience"], redis, clock=lambda: vector["now"])
    with pytest.raises(ContextRefused):
        await verifier.verify([vector["token"]] * count)


async def test_new_keys_are_read_when_the_file_changes(tmp_path: Path, redis: Redis) -> None:
    vector, before = VECTORS["valid"][0], VECTORS["valid"][-1]
    file = tmp_path / "keys"

    def write(keys: list[Any], at: int) -> None:
        file.write_text(json.dumps({"keys": keys}))
        os.utime(file, ns=(at, at))

    both = VECTORS["keys"][vector["audience"]]["keys"]
    write(both[1:], 1)
    verifier = ContextVerifier(vector["audience"], file, redis, clock=lambda: vector["now"])
    with pytest.raises(ContextRefused, match="unknown key"):
        await verifier.verify([vector["token"]])
    write(both, 2)
    await verifier.verify([vector["token"]])
    await redis.flushdb()
    await verifier.verify([before["token"]])
    write([], 3)
    with pytest.raises(ContextRefused, match="used before"):  # it is known: nothing is read for it
        await verifier.verify([before["token"]])
    with pytest.raises(ContextRefused, match="unknown key"):
        await verifier.verify([next(v["token"] for v in VECTORS["invalid"] if v["name"] == "unknown-key")])
    with pytest.raises(ContextRefused, match="unknown key"):
        await verifier.verify([before["token"]])


@pytest.mark.parametrize(
    "document",
    ["", "[]", "{}", '{"keys": 1}', '{"keys": [1]}', '{"keys": [{"kty": "oct", "alg": "HS256", "kid": "k"}]}']
    + [
        json.dumps({"keys": [{**VECTORS["keys"]["crm"]["keys"][0], **change}]})
        for change in ({"kty": "OKP"}, {"alg": "HS512"}, {"alg": "EdDSA"}, {"kid": None}, {"k": ""}, {"k": "AAAA"})
    ],
)
async def test_a_file_without_a_good_key_lets_nobody_in(document: str, tmp_path: Path, redis: Redis) -> None:
    vector = VECTORS["valid"][0]
    (tmp_path / "keys").write_text(document)
    verifier = ContextVerifier(vector["audience"], tmp_path / "keys", redis, clock=lambda: vector["now"])
    with pytest.raises(ContextRefused):
        await verifier.verify([vector["token"]])
