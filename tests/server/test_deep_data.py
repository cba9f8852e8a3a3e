"""Data that is nested too deeply to be sent: values of custom scalars, which are as deep as subgraphs like."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import orjson
import pytest

from router.errors import SubgraphError
from router.executor.subscriptions import EventSender
from router.hooks import RequestContext, SubgraphCall, SubgraphReply
from router.server.app import RouterApp, create_app
from router.server.config import RouterConfig
from router.server.responses import encoded, substitute
from tests.server.live import serving
from tests.server.shop import SUPERGRAPH, ShopTransport

Connect = Callable[[RouterApp], httpx.AsyncClient]
DEEP_SUPERGRAPH = SUPERGRAPH.replace("  broken: Int ", "  json: JSON @join__field(graph: PRODUCTS)\n  broken: Int ")


class Deep(ShopTransport):
    """`json` is nested in so many lists."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.levels = levels

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        if b"json" not in call.body:
            return await super().exchange(call)
        return SubgraphReply(200, {}, b'{"data":{"json":' + b"[" * self.levels + b"]" * self.levels + b"}}")


def json_app(levels: int, **settings: Any) -> RouterApp:
    config = RouterConfig.model_validate(settings)
    return create_app(DEEP_SUPERGRAPH, config=config, transport=Deep(levels))


@pytest.mark.parametrize("levels", [10, 252, 253, 900])
async def test_data_that_json_cannot_hold_is_an_error_of_the_field(connect: Connect, levels: int) -> None:
    response = await connect(json_app(levels)).post("/graphql", json={"query": "{ json }"})
    if levels < 253:
        assert response.text == '{"data":{"json":' + "[" * levels + "]" * levels + "}}"
        return
    assert response.status_code == 200
    (error,) = response.json()["errors"]
    assert response.json()["data"] is None
    assert error["path"] == ["json"]
    assert error["extensions"]["code"] == "RESPONSE_VALIDATION_FAILED"


async def test_the_rest_of_a_batch_is_answered(connect: Connect) -> None:
    queries = ["{ json }", "{ products { name } }"]
    client = connect(json_app(300, batching={"enabled": True}))
    response = await client.post("/graphql", json=[{"query": query} for query in queries])
    assert response.status_code == 200
    deep, other = response.json()
    assert deep["data"] is None
    assert other == {"data": {"products": [{"name": "Pen"}, {"name": "Ink"}]}}


async def test_streams_have_the_same_error() -> None:
    app = json_app(300)
    async with serving(app) as url, app.lifespan(), aiohttp.ClientSession() as http, asyncio.timeout(10):
        headers = {"accept": "text/event-stream"}
        async with http.post(f"{url}/graphql", json={"query": "{ json }"}, headers=headers) as response:
            assert "RESPONSE_VALIDATION_FAILED" in await response.text()
        protocols = ("graphql-transport-ws",)
        async with http.ws_connect(f"{url.replace('http', 'ws')}/graphql", protocols=protocols) as socket:
            await socket.send_json({"type": "connection_init"})
            await socket.receive_json()
            await socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": "{ json }"}})
            message = await socket.receive_json()
    assert message["payload"]["data"] is None
    assert message["payload"]["errors"][0]["extensions"]["code"] == "RESPONSE_VALIDATION_FAILED"


@pytest.mark.parametrize(("kind", "levels"), [("data", 300), ("items", 300), ("items", 249)])
def test_parts_that_are_too_deep_fail_and_the_others_do_not(kind: str, levels: int) -> None:
    deep: Any = 1
    for _ in range(levels):
        deep = [deep]
    value = {"json": deep} if kind == "data" else deep
    error = {
        "message": "A value is nested too deeply to be sent.",
        "extensions": {"code": "RESPONSE_VALIDATION_FAILED"},
    }
    current = {
        "incremental": [{"id": "0", kind: value}, {"id": "1", "data": {"x": 1}}],
        "completed": [{"id": "0"}, {"id": "1"}],
        "hasNext": False,
    }
    fault, instead = substitute(current, TypeError(), "r-1")
    assert fault is None
    assert orjson.loads(encoded(instead)) == {
        "incremental": [{"id": "1", "data": {"x": 1}}],
        "completed": [{"id": "0", "errors": [error]}, {"id": "1"}],
        "hasNext": False,
    }
    older = {"incremental": [{kind: value, "path": ["a", 1]}, {"data": {"x": 1}, "path": ["b"]}], "hasNext": True}
    fault, instead = substitute(older, TypeError(), "r-1")
    assert fault is None
    failed, other = orjson.loads(encoded(instead))["incremental"]
    assert failed == {kind: None, "path": ["a", 1], "errors": [{**error, "path": ["a", 1]}]}
    assert other == {"data": {"x": 1}, "path": ["b"]}


async def test_an_event_that_is_too_deep_is_the_subgraphs_fault() -> None:
    value: Any = 1
    for _ in range(300):
        value = [value]
    context = RequestContext("r-1", "POST", "/graphql", {})
    sender = EventSender({"data": {"json": value}}, None)  # type: ignore[arg-type]
    answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    sender.send("products", b"", "subscription", (0,), context, math.inf, answered.set_result)
    failure = await answered
    assert isinstance(failure, SubgraphError)
    assert "nested too deeply" in failure.message
    assert failure.code == "SUBREQUEST_MALFORMED_RESPONSE"
