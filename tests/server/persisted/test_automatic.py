"""Automatic persisted queries: Apollo's protocol, the memory that they take, and the Redis that routers share."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import pytest
from redis.asyncio import Redis

from brain.embedded.ports import free_port
from router.hooks import RequestContext, RouterHooks
from router.server.app import RouterApp
from router.server.config import AutomaticPersistedQueriesConfig, InvalidConfig, RedisConfig, RouterConfig
from router.server.persisted import PersistedDocuments
from router.server.persisted.automatic import MemoryStore, hash_of
from router.server.persisted.shared import SharedStore

Connect = Callable[[RouterApp], httpx.AsyncClient]
MakeApp = Callable[..., RouterApp]

NEW = "application/graphql-response+json"
TEXT = '{ product(id: "1") { name } }'
ANSWER = {"data": {"product": {"name": "Pen"}}}
HASH = hash_of(TEXT)


def by_hash(hash_: str = HASH, text: str | None = None, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_}}, **more}
    return body if text is None else {**body, "query": text}


async def post(client: httpx.AsyncClient, body: Any, **headers: str) -> httpx.Response:
    return await client.post("/graphql", json=body, headers={"accept": NEW, **headers})


def code_of(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


async def state(client: httpx.AsyncClient) -> str:
    return str((await client.get("/ready")).json()["parts"]["persisted_documents"])


class Tenants(RouterHooks):
    """Takes the partition from a header; refuses who has none."""

    async def on_request(self, context: RequestContext) -> None:
        context.partition = context.headers["x-tenant"]


# ---- the protocol ---------------------------------------------------------------------------------------------------


async def test_a_document_is_sent_once(client: httpx.AsyncClient) -> None:
    unknown = await post(client, by_hash())
    assert (unknown.status_code, code_of(unknown)) == (404, "PERSISTED_QUERY_NOT_FOUND")
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound", "what Apollo's clients look for"
    assert unknown.headers["cache-control"] == "no-store"
    for body in (by_hash(text=TEXT), by_hash(), {"documentId": f"sha256:{HASH}"}, {"documentId": HASH}):
        response = await post(client, body)
        assert (response.status_code, response.json()) == (200, ANSWER)


async def test_application_json_has_status_200(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json=by_hash(), headers={"accept": "application/json"})
    assert (response.status_code, code_of(response)) == (200, "PERSISTED_QUERY_NOT_FOUND")


async def test_get(client: httpx.AsyncClient) -> None:
    await post(client, by_hash(text=TEXT))
    extensions = orjson.dumps(by_hash()["extensions"]).decode()
    for parameters in ({"extensions": extensions}, {"documentId": f"sha256:{HASH}"}):
        response = await client.get(
            f"/graphql?{urlencode(parameters)}", headers={"accept": NEW, "graphql-require-preflight": "1"}
        )
        assert (response.status_code, response.json()) == (200, ANSWER)
    mutation = 'mutation { review(product: "3", stars: 1) { stars } }'
    await post(client, by_hash(hash_of(mutation), mutation))
    address = f"/graphql?documentId=sha256:{hash_of(mutation)}"
    refused = await client.get(address, headers={"accept": NEW, "graphql-require-preflight": "1"})
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


async def test_variables_and_operation_names_go_along(client: httpx.AsyncClient) -> None:
    text = "query A($id: ID!) { product(id: $id) { name } } query B { __typename }"
    await post(client, by_hash(hash_of(text), text, operationName="B"))
    response = await post(client, by_hash(hash_of(text), operationName="A", variables={"id": "2"}))
    assert response.json() == {"data": {"product": {"name": "Ink"}}}


async def test_a_wrong_hash_is_refused_and_nothing_is_kept(client: httpx.AsyncClient) -> None:
    other = hash_of("{ __typename }")
    wrong = await post(client, by_hash(other, TEXT))
    assert (wrong.status_code, code_of(wrong)) == (400, "PERSISTED_QUERY_HASH_MISMATCH")
    assert code_of(await post(client, by_hash(other))) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "persisted",
    [
        1,
        {},
        {"version": 2, "sha256Hash": HASH},
        {"version": 1},
        {"version": 1, "sha256Hash": 1},
        {"version": 1, "sha256Hash": ""},
    ],
)
async def test_malformed(client: httpx.AsyncClient, persisted: Any) -> None:
    response = await post(client, {"extensions": {"persistedQuery": persisted}})
    assert (response.status_code, code_of(response)) == (422, "BAD_REQUEST")


async def test_switched_off(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(automatic_persisted_queries={"enabled": False}))
    refused = await post(client, by_hash())
    assert (refused.status_code, code_of(refused)) == (422, "PERSISTED_QUERY_NOT_SUPPORTED")
    assert (await post(client, by_hash(text=TEXT))).json() == ANSWER
    assert (await post(client, {"query": TEXT, "documentId": "anything"})).json() == ANSWER


async def test_batches(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(batching={"enabled": True}))
    response = await post(client, [by_hash(text=TEXT), {"query": "{ __typename }"}])
    assert response.json()[0] == ANSWER
    assert (await post(client, [by_hash(), by_hash("0" * 64)])).json()[0] == ANSWER


async def test_a_reload_forgets_nothing(make_app: MakeApp, connect: Connect) -> None:
    app = make_app()
    client = connect(app)
    await post(client, by_hash(text=TEXT))
    await app.reload(config=RouterConfig.model_validate({"limits": {"max_depth": 5}}))
    assert (await post(client, by_hash())).json() == ANSWER


# ---- partitions -----------------------------------------------------------------------------------------------------


async def test_a_partition_cannot_find_out_what_another_sends(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(Tenants()))
    assert (await post(client, by_hash(text=TEXT), **{"x-tenant": "a"})).json() == ANSWER
    for tenant in ("b", "", "a:", "A"):
        assert code_of(await post(client, by_hash(), **{"x-tenant": tenant})) == "PERSISTED_QUERY_NOT_FOUND"
    assert (await post(client, by_hash(), **{"x-tenant": "a"})).json() == ANSWER


async def test_who_is_refused_keeps_nothing(make_app: MakeApp, connect: Connect) -> None:
    app = make_app(Tenants())
    refused = await post(connect(app), by_hash(text=TEXT))
    assert refused.status_code == 500, "the hook fails without the header"
    assert len(app.persisted._memory) == 0


# ---- memory ---------------------------------------------------------------------------------------------------------


def test_memory_is_bounded() -> None:
    store = MemoryStore(20_000)
    texts = ["x" * 1000 + str(n) for n in range(50)]
    for text in texts:
        assert store.put("", hash_of(text), text)
        assert store.get("", hash_of(texts[0])) == texts[0], "what is used stays"
    assert store.size_bytes <= 20_000
    assert len(store) == 20_000 // (400 + sys.getsizeof(texts[10]))
    assert store.get("", hash_of(texts[1])) is None
    assert not store.put("", hash_of(texts[49]), texts[49]), "again is no news"
    store.put("", hash_of("y" * 30_000), "y" * 30_000)
    assert store.get("", hash_of("y" * 30_000)) is None, "what does not fit drives nothing out"
    assert store.get("", hash_of(texts[0])) == texts[0]


async def test_what_is_too_long_to_run_is_not_kept(make_app: MakeApp, connect: Connect) -> None:
    app = make_app(limits={"max_document_bytes": 100})
    long = TEXT + "#" * 100
    assert code_of(await post(connect(app), by_hash(hash_of(long), long))) == "MAX_DOCUMENT_BYTES_LIMIT"
    assert len(app.persisted._memory) == 0


# ---- Redis ----------------------------------------------------------------------------------------------------------


def shared_settings(url: str, **more: Any) -> dict[str, Any]:
    return {"url": url, "timeout_s": 5, **more}


def store_of(url: str, prefix: str, **settings: Any) -> SharedStore:
    redis = RedisConfig.model_validate(shared_settings(url, key_prefix=prefix))
    return SharedStore(redis, AutomaticPersistedQueriesConfig.model_validate(settings))


async def test_routers_share(redis_url: str, make_app: MakeApp, connect: Connect) -> None:
    settings = shared_settings(redis_url, key_prefix="share:")
    first, second = (make_app(Tenants(), redis=settings) for _ in range(2))
    clients = connect(first), connect(second)
    await post(clients[0], by_hash(text=TEXT), **{"x-tenant": "a"})
    await first.persisted._shared.written()  # type: ignore[union-attr]
    assert code_of(await post(clients[1], by_hash(), **{"x-tenant": "b"})) == "PERSISTED_QUERY_NOT_FOUND"
    assert (await post(clients[1], by_hash(), **{"x-tenant": "a"})).json() == ANSWER
    async with Redis.from_url(redis_url) as redis:
        key = f"share:document:{HASH}:a"
        assert await redis.get(key) == TEXT.encode()
        assert 0 < await redis.ttl(key) <= 30 * 24 * 3600
        await redis.delete(key)
    assert (await post(clients[1], by_hash(), **{"x-tenant": "a"})).json() == ANSWER, "the local copy is enough"


async def test_what_redis_says_is_checked(redis_url: str) -> None:
    store = store_of(redis_url, "bad:")
    async with Redis.from_url(redis_url) as redis:
        for forged in (b"{ other }", b"\xff", b""):
            await redis.set(f"bad:document:{HASH}:", forged)
            assert await store.get("", HASH) is None
        await redis.set(f"bad:document:{HASH}:", TEXT)
    assert await store.get("", HASH) == TEXT
    await store.close()


async def test_without_redis_the_memory_serves(
    make_app: MakeApp, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"redis://:secret@127.0.0.1:{free_port()}/0"
    app = make_app(redis=shared_settings(url), automatic_persisted_queries={"retry_s": 60})
    client = connect(app)
    assert await state(client) == "in Redis, which was not asked yet"
    for _ in range(3):
        assert code_of(await post(client, by_hash())) == "PERSISTED_QUERY_NOT_FOUND"
    assert await state(client) == "in memory: Redis does not answer"
    assert (await post(client, by_hash(text=TEXT))).json() == ANSWER
    assert (await post(client, by_hash())).json() == ANSWER
    lines = [record for record in caplog.records if "Redis does not answer" in record.message]
    assert len(lines) == 1, "said once, not for each request"
    assert "secret" not in str(vars(lines[0]))


async def test_redis_comes_back(redis_url: str) -> None:
    store = store_of(f"redis://127.0.0.1:{free_port()}/0", "back:", retry_s=1e-9)
    assert await store.get("", HASH) is None
    assert not store.is_up
    await store._redis.aclose()
    store._redis = Redis.from_url(redis_url)
    store.put("", HASH, TEXT)
    await store.written()
    assert store.is_up
    assert await store.get("", HASH) == TEXT
    await store.close()


async def test_writes_are_bounded(redis_url: str) -> None:
    store = store_of(redis_url, "many:")
    for number in range(1000):
        store.put("", hash_of(str(number)), str(number))
    assert len(store._writes) == 100
    await store.written()
    await store.close()


async def test_a_reload_keeps_or_closes_the_connection(redis_url: str, make_app: MakeApp, connect: Connect) -> None:
    settings = shared_settings(redis_url, key_prefix="reload:")
    app = make_app(redis=settings)
    await post(connect(app), by_hash(text=TEXT))
    store = app.persisted._shared
    assert store is not None
    changed = {"redis": settings, "limits": {"max_depth": 5}}
    await app.reload(config=RouterConfig.model_validate(changed))
    assert app.persisted._shared is store
    await app.reload(config=RouterConfig())
    assert app.persisted._shared is None


def test_without_the_extra_the_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    PersistedDocuments(RouterConfig())
    config = RouterConfig.model_validate({"redis": {"url": "redis://host"}})
    with pytest.raises(InvalidConfig, match="the package is missing"):
        PersistedDocuments(config)
    unshared = config.model_copy(update={"automatic_persisted_queries": AutomaticPersistedQueriesConfig(shared=False)})
    PersistedDocuments(unshared)


async def test_many_at_once(redis_url: str, make_app: MakeApp, connect: Connect) -> None:
    app = make_app(redis=shared_settings(redis_url, key_prefix="crowd:"))
    client = connect(app)
    await post(client, by_hash(text=TEXT))
    await app.persisted._shared.written()  # type: ignore[union-attr]
    app.persisted._memory = MemoryStore(1_000_000)
    answers = await asyncio.gather(*(post(client, by_hash()) for _ in range(20)))
    assert all(answer.json() == ANSWER for answer in answers)
