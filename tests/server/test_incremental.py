"""Results in parts over multipart, Server-Sent Events and WebSockets, through real servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest
import strawberry
from strawberry.asgi import GraphQL

from router import Composed, RequestContext, RequestRefused, RouterConfig, RouterHooks, Subgraph, compose, create_app
from router.hooks import Send, SubgraphCall, SubgraphReply
from tests.executor.merging import merged_current, merged_older
from tests.server.live import serving

DEFER = """
  query ($slow: Boolean! = true) {
    products @stream(initialCount: 1, label: "rest") {
      name
      ... @defer(label: "later", if: $slow) { stock reviews { stars } }
    }
  }
"""
COMPLETE = {
    "products": [
        {"name": "Pen", "stock": 1, "reviews": [{"stars": 5}]},
        {"name": "Ink", "stock": 2, "reviews": [{"stars": 4}]},
    ]
}
ACCEPT = "application/graphql-response+json, application/json"


class Stock:
    """The slow field, which answers when it is told to."""

    def __init__(self) -> None:
        self.is_there = asyncio.Event()
        self.fails = False


def catalogue(stock: Stock) -> strawberry.federation.Schema:
    names = {"1": "Pen", "2": "Ink"}

    @strawberry.federation.type(keys=["id"])
    class Product:
        id: strawberry.ID

        @strawberry.field
        def name(self) -> str:
            return names[self.id]

        @strawberry.field
        async def stock(self) -> int:
            await stock.is_there.wait()
            if stock.fails:
                raise ValueError("nobody counts them")
            return int(self.id)

        @classmethod
        def resolve_reference(cls, **key: strawberry.ID) -> "Product":
            return cls(**key)

    @strawberry.type
    class Query:
        @strawberry.field
        def products(self) -> list[Product]:
            return [Product(id=strawberry.ID(id_)) for id_ in names]

    return strawberry.federation.Schema(query=Query)


def reviews() -> strawberry.federation.Schema:
    @strawberry.type
    class Review:
        stars: int

    @strawberry.federation.type(keys=["id"])
    class Product:
        id: strawberry.ID

        @strawberry.field
        def reviews(self) -> list[Review]:
            return [Review(stars=6 - int(self.id))]

        @classmethod
        def resolve_reference(cls, **key: strawberry.ID) -> "Product":
            return cls(**key)

    @strawberry.type
    class Query:
        @strawberry.field
        def ok(self) -> bool:
            return True

    return strawberry.federation.Schema(query=Query, types=[Product])


@pytest.fixture
def stock() -> Stock:
    return Stock()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        yield session
    async with asyncio.timeout(5):  # nothing that a test started may go on after it
        while {t for t in asyncio.all_tasks() - before if not t.done()} - {asyncio.current_task()}:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def routed(stock: Stock, hooks: RouterHooks | None = None, **config: Any) -> AsyncIterator[str]:
    async with serving(GraphQL(catalogue(stock))) as at_catalogue, serving(GraphQL(reviews())) as at_reviews:
        composed = compose(
            [
                Subgraph("catalogue", sdl=catalogue(stock).as_str(), url=f"{at_catalogue}/"),
                Subgraph("reviews", sdl=reviews().as_str(), url=f"{at_reviews}/"),
            ]
        )
        assert isinstance(composed, Composed), composed.errors
        app = create_app(composed.supergraph_sdl, hooks=hooks, config=RouterConfig.model_validate(config))
        async with serving(app) as address, app.lifespan():
            yield f"{address}/graphql"


def post(http: aiohttp.ClientSession, url: str, accept: str, query: str = DEFER, **variables: Any) -> Any:
    return http.post(url, json={"query": query, "variables": variables}, headers={"accept": accept})


async def parts(response: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    """The parts as a browser's client reads them: each when the boundary after it is there."""
    buffer = b""
    async for chunk in response.content.iter_any():
        buffer += chunk
        while (end := buffer.find(b"\r\n---", 5)) >= 0:
            part, buffer = buffer[:end], buffer[end:]
            boundary, _, rest = part.lstrip().partition(b"\r\n")
            assert boundary == b"---"
            head, _, body = rest.partition(b"\r\n\r\n")
            assert head == b"content-type: application/json; charset=utf-8"
            yield orjson.loads(body)
    assert buffer == b"\r\n-----\r\n"


async def test_the_first_part_does_not_wait_for_the_slow_one(http: aiohttp.ClientSession, stock: Stock) -> None:
    async with routed(stock) as url, post(http, url, f"multipart/mixed, {ACCEPT}") as response:
        assert response.status == 200
        assert response.headers["content-type"] == 'multipart/mixed; boundary="-"'
        found = aiter(parts(response))
        first = await anext(found)
        assert first == {
            "data": {"products": [{"name": "Pen"}]},
            "pending": [
                {"id": "0", "path": ["products"], "label": "rest"},
                {"id": "1", "path": ["products", 0], "label": "later"},
            ],
            "hasNext": True,
        }
        second = await anext(found)
        assert second == {
            "pending": [{"id": "2", "path": ["products", 1], "label": "later"}],
            "incremental": [{"id": "0", "items": [{"name": "Ink"}]}],
            "completed": [{"id": "0"}],
            "hasNext": True,
        }
        stock.is_there.set()
        rest = [part async for part in found]
    assert merged_current([first, second, *rest]) == (COMPLETE, [])


async def test_the_older_form(http: aiohttp.ClientSession, stock: Stock) -> None:
    stock.is_there.set()
    async with (
        routed(stock) as url,
        post(http, url, f"multipart/mixed; deferSpec=20220824, {ACCEPT}") as response,
    ):
        assert response.headers["content-type"] == 'multipart/mixed; boundary="-"; deferSpec=20220824'
        first, second, *rest = [part async for part in parts(response)]
    assert first == {"data": {"products": [{"name": "Pen"}]}, "hasNext": True}
    assert second["incremental"][0] == {"items": [{"name": "Ink"}], "path": ["products", 1], "label": "rest"}
    assert rest[-1]["incremental"][-1]["label"] == "later"
    assert merged_older([first, second, *rest]) == (COMPLETE, [])


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (
            "multipart/mixed;incrementalSpec=v0.2, application/json",
            'multipart/mixed; boundary="-"; incrementalSpec=v0.2',
        ),
        ("multipart/mixed", 'multipart/mixed; boundary="-"'),
        (f"{ACCEPT}, text/event-stream, multipart/mixed", 'multipart/mixed; boundary="-"'),
        (f"{ACCEPT}, text/event-stream", "text/event-stream; charset=utf-8"),
        ("multipart/mixed;q=0, application/json", "application/json; charset=utf-8"),
        ("multipart/mixed;subscriptionSpec=1.0, application/json", "application/json; charset=utf-8"),
        ("application/json", "application/json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
    ],
)
async def test_negotiation(http: aiohttp.ClientSession, stock: Stock, accept: str, content_type: str) -> None:
    stock.is_there.set()
    async with routed(stock) as url, post(http, url, accept) as response:
        assert response.headers["content-type"] == content_type
        if content_type.startswith("multipart"):
            assert merged_current([part async for part in parts(response)]) == (COMPLETE, [])
        elif content_type.startswith("application/json"):
            assert await response.json() == {"data": COMPLETE}


async def test_what_has_one_part_is_an_ordinary_response(http: aiohttp.ClientSession, stock: Stock) -> None:
    stock.is_there.set()
    accept = f"multipart/mixed, {ACCEPT}"
    async with routed(stock) as url:
        async with post(http, url, accept, "{ products { name } }") as response:
            assert response.content_type == "application/graphql-response+json"
        query = "query ($slow: Boolean) { products { id ... @defer(if: $slow) { name } } }"
        async with post(http, url, accept, query, slow=False) as response:
            assert response.content_type == "application/graphql-response+json"
            assert orjson.loads(await response.read()) == {
                "data": {"products": [{"id": "1", "name": "Pen"}, {"id": "2", "name": "Ink"}]}
            }
        async with post(http, url, accept, query) as response:
            assert response.content_type == "multipart/mixed"
        async with post(http, url, accept, "{ products { nothing ... @defer { name } } }") as response:
            assert response.status == 400
        async with post(http, url, "multipart/mixed", "{ products { name } }") as response:
            (only,) = [part async for part in parts(response)]
            assert only == {"data": {"products": [{"name": "Pen"}, {"name": "Ink"}]}}


async def test_over_server_sent_events(http: aiohttp.ClientSession, stock: Stock) -> None:
    stock.is_there.set()
    async with routed(stock) as url, post(http, url, "text/event-stream") as response:
        lines = (await response.read()).decode().split("\n")
    payloads = [orjson.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert merged_current(payloads) == (COMPLETE, [])


async def test_over_a_websocket(http: aiohttp.ClientSession, stock: Stock) -> None:
    stock.is_there.set()
    async with routed(stock) as url, http.ws_connect(url, protocols=("graphql-transport-ws",)) as socket:
        await socket.send_json({"type": "connection_init"})
        assert (await socket.receive_json())["type"] == "connection_ack"
        await socket.send_json({"id": "a", "type": "subscribe", "payload": {"query": DEFER}})
        payloads = []
        while (message := await socket.receive_json())["type"] == "next":
            payloads.append(message["payload"])
        assert message == {"id": "a", "type": "complete"}
    assert merged_current(payloads) == (COMPLETE, [])


@pytest.mark.parametrize("is_exposed", [True, False])
async def test_a_null_that_may_not_be_ends_the_fragment_only(
    http: aiohttp.ClientSession, stock: Stock, is_exposed: bool
) -> None:
    stock.is_there.set()
    stock.fails = True
    query = "{ products { name ... @defer { stock } ... @defer { reviews { stars } } } }"
    async with routed(stock, expose_subgraph_errors=is_exposed) as url:
        async with post(http, url, "multipart/mixed", query) as response:
            payloads = [part async for part in parts(response)]
        async with post(http, url, "multipart/mixed; deferSpec=20220824", query) as response:
            older = [part async for part in parts(response)]
    data, errors = merged_current(payloads)
    assert data == {
        "products": [{"name": "Pen", "reviews": [{"stars": 5}]}, {"name": "Ink", "reviews": [{"stars": 4}]}]
    }
    completed = [entry for payload in payloads[1:] for entry in payload["completed"]]
    assert sum("errors" in entry for entry in completed) == 2
    assert [error["path"] for error in errors] == [["products", 0, "stock"], ["products", 1, "stock"]]
    said = "nobody counts them" if is_exposed else "Subgraph 'catalogue' reported an error."
    assert {error["message"] for error in errors} == {said}
    assert all(("traceId" in error["extensions"]) is not is_exposed for error in errors)
    assert merged_older(older)[0] == data


async def test_a_client_that_hangs_up_ends_the_execution(http: aiohttp.ClientSession, stock: Stock) -> None:
    async with routed(stock) as url:
        response = await post(http, url, "multipart/mixed")
        await anext(aiter(parts(response)))
        response.close()  # the fixture sees to it that nothing goes on


async def test_time_is_limited_for_all_parts_together(http: aiohttp.ClientSession, stock: Stock) -> None:
    async with routed(stock, limits={"request_timeout_s": 0.5}) as url:
        async with post(http, url, "multipart/mixed", "{ products { name ... @defer { stock } } }") as response:
            first, last = [part async for part in parts(response)]
        assert first["hasNext"] is True
        assert last["hasNext"] is False
        errors = [error for entry in last["completed"] for error in entry["errors"]]
        assert [error["extensions"]["code"] for error in errors] == ["SUBREQUEST_TIMEOUT"] * 2
        stock.is_there.set()


async def test_a_hook_refuses_a_deferred_fetch(http: aiohttp.ClientSession, stock: Stock) -> None:
    class Hooks(RouterHooks):
        seen = 0

        async def on_fetch(self, call: SubgraphCall, send: Send) -> SubgraphReply:
            if call.subgraph == "reviews":
                raise RequestRefused("Not these.", code="FORBIDDEN")
            return await send(call)

        def on_response(self, context: RequestContext, response: dict[str, Any]) -> None:
            self.seen += 1

    hooks = Hooks()
    async with (
        routed(stock, hooks) as url,
        post(http, url, "multipart/mixed", "{ products { name ... @defer { reviews { stars } } } }") as response,
    ):
        payloads = [part async for part in parts(response)]
    data, errors = merged_current(payloads) if len(payloads) > 1 else (None, payloads[0]["errors"])
    assert data in ({"products": [{"name": "Pen"}, {"name": "Ink"}]}, None)
    assert {error["extensions"]["code"] for error in errors} == {"FORBIDDEN"}
    assert hooks.seen == len(payloads)


async def test_switched_off(http: aiohttp.ClientSession, stock: Stock) -> None:
    names = "{ __schema { directives { name } } }"
    async with routed(stock) as on, routed(stock, incremental_delivery=False) as off:
        async with post(http, on, "application/json", names) as response:
            offered = {d["name"] for d in (await response.json())["data"]["__schema"]["directives"]}
        assert {"defer", "stream"} <= offered
        async with post(http, off, "application/json", names) as response:
            rest = {d["name"] for d in (await response.json())["data"]["__schema"]["directives"]}
        assert rest == offered - {"defer", "stream"}
        async with post(http, off, "multipart/mixed, application/json") as response:
            errors = (await response.json())["errors"]
        assert {error["extensions"]["code"] for error in errors} == {"GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    ("query", "variables", "code", "place"),
    [
        ("{ products @stream(initialCount: -1) { name } }", {}, "GRAPHQL_VALIDATION_FAILED", {"line": 1, "column": 34}),
        (
            "query ($n: Int!) { products @stream(initialCount: $n) { name } }",
            {"n": -1},
            "BAD_USER_INPUT",
            {"line": 1, "column": 8},
        ),
        (
            "query ($n: Int! = -2) { products @stream(initialCount: $n) { name } }",
            {},
            "BAD_USER_INPUT",
            {"line": 1, "column": 8},
        ),
    ],
)
async def test_a_list_cannot_begin_with_fewer_items_than_none(
    http: aiohttp.ClientSession, stock: Stock, query: str, variables: dict[str, Any], code: str, place: dict[str, int]
) -> None:
    async with routed(stock) as url:
        headers = {"accept": f"multipart/mixed, {ACCEPT}"}
        async with http.post(url, json={"query": query, "variables": variables}, headers=headers) as response:
            (error,) = (await response.json(content_type=None))["errors"]
    assert (error["extensions"]["code"], error["locations"]) == (code, [place])
