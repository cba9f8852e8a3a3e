"""The router before the stand-in: what a Saleor cannot take is said in settings, and then nothing is lost."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from router import create_app
from router.composition import Composed, Subgraph, compose
from router.server.config import RouterConfig
from subgraphs.saleor.app import sdl
from subgraphs.saleor.domain.ids import global_id
from tests.server.live import serving

PICKS = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
type Query { picks: [Pick] }
union Pick = Product | ProductVariant
type Product @key(fields: "id channel") { id: ID! channel: String }
type ProductVariant @key(fields: "id channel") { id: ID! channel: String }
"""
QUERY = "{ picks { ... on Product { id name variants { sku } } ... on ProductVariant { id sku } } }"
TRAITS = {"max_representations": 100, "one_type_per_call": True, "isolate_failures": 32, "expose_errors": True}

Run = Callable[..., Any]


def product(key: object) -> dict[str, Any]:
    return {"__typename": "Product", "id": global_id("Product", key), "channel": "default-channel"}


def variant(key: int) -> dict[str, Any]:
    return {"__typename": "ProductVariant", "id": global_id("ProductVariant", key), "channel": "default-channel"}


@pytest.fixture
async def live(shops: Any) -> AsyncIterator[tuple[str, list[Any]]]:
    """The address of both subgraphs, really listening, and what the shop was sent."""
    seen: list[Any] = []
    picks: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        queue = [{"type": "http.request", "body": body}]

        async def again() -> Any:
            return queue.pop() if queue else await receive()

        if scope["path"].startswith("/saleor/"):
            seen.append(json.loads(body))
            await shops.app(scope, again, send)
            return
        answer = json.dumps({"data": {"picks": picks}}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async with serving(app) as url:
        yield url, [seen, picks]


@pytest.fixture
async def ask(live: tuple[str, list[Any]]) -> Run:
    """Runs the query with these picks, and settings."""
    url, (seen, picks) = live
    shop = Subgraph("saleor", sdl=sdl(), url=f"{url}/saleor/acme/graphql/")
    composed = compose([Subgraph("picks", sdl=PICKS, url=f"{url}/picks"), shop])
    assert isinstance(composed, Composed), composed.errors
    supergraph = composed.supergraph_sdl

    async def run(wanted: list[Any], query: str = QUERY, **traits: Any) -> Any:
        seen.clear()
        picks[:] = wanted
        config = RouterConfig.model_validate({"subgraphs": {"saleor": {**TRAITS, **traits}}})
        app = create_app(supergraph, config=config)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://router.test") as client:
            response = await client.post("/graphql", json={"query": query})
        await app.shutdown()
        return response.json()

    return run


async def test_mixed_types_and_more_than_it_takes(ask: Run, live: Any) -> None:
    """A hundred and fifty things of two types, most of which the shop does not have."""
    wanted = [product(key) if key % 2 else variant(key + 200) for key in range(60, 210)]
    answer = await ask(wanted)
    # What the shop does not have is null; that a product's name must not be is the router's to say.
    assert {each["extensions"]["code"] for each in answer["errors"]} == {"RESPONSE_VALIDATION_FAILED"}
    got = answer["data"]["picks"]
    known = {each["id"] for each in got if each and ("name" in each or "sku" in each)}
    assert {global_id("Product", 127), global_id("ProductVariant", 384)} <= known
    for sent, found in zip(wanted, got, strict=True):
        assert found is None or found["id"] == sent["id"]
    lists = [each["variables"].values() for each in live[1][0]]
    assert sum(len(one) for each in lists for one in each) == len(wanted)
    assert all(sum(map(len, each)) <= 100 for each in lists)


async def test_a_bad_id_costs_the_others_nothing(ask: Run, live: Any) -> None:
    wanted = [product(key) for key in range(126, 139)]
    wanted[4] = {**wanted[4], "id": "zzz"}
    answer = await ask(wanted)
    assert [bool(each and each.get("name")) for each in answer["data"]["picks"]] == [at != 4 for at in range(13)]
    (error,) = answer["errors"]
    assert error["path"][:2] == ["picks", 4]
    assert "Invalid ID: zzz" in error["message"]
    assert len(live[1][0]) <= 1 + 2 * 4


async def test_without_the_settings_it_is_lost(ask: Run) -> None:
    wanted = [product(key) for key in range(126, 139)]
    wanted[4] = {**wanted[4], "id": "zzz"}
    answer = await ask(wanted, isolate_failures=0)
    assert not any(each and each.get("name") for each in answer["data"]["picks"])
    many = [product(key) for key in range(60, 210)]
    assert not any((await ask(many, isolate_failures=0, max_representations=None))["data"]["picks"])


async def test_what_it_is_sent(ask: Run, live: Any) -> None:
    """Variables, all of them used; one operation; no document by hash; the address as it is, with its slash."""
    products = 'products(first: $n, channel: "default-channel") { edges { node { name } } }'
    query = f"query ($n: Int = 2) {{ {products} picks {{ __typename }} }}"
    answer = await ask([product(152)], query)
    assert "errors" not in answer
    assert len(answer["data"]["products"]["edges"]) == 2
    for request in live[1][0]:
        assert isinstance(request, dict)
        assert request.keys() <= {"query", "variables", "operationName"}
