"""More requests than may be answered at a time are refused before any work."""

import asyncio
from collections.abc import Callable

import aiohttp
import httpx
import pytest

from router.server.app import RouterApp
from tests.server.live import Sources, live_router
from tests.server.shop import ShopTransport
from tests.server.traffic.held import until
from tests.server.traffic.test_client_sharing import Gate

MakeApp = Callable[..., RouterApp]
Connect = Callable[[RouterApp], httpx.AsyncClient]

NAMES = {"query": "{ products { name } }"}


@pytest.fixture
def shop() -> ShopTransport:
    return Gate()


async def test_what_is_too_many_is_refused(make_app: MakeApp, connect: Connect, shop: Gate) -> None:
    app = make_app(traffic={"max_client_requests": 2})
    client = connect(app)
    assert app.admission is not None
    admission = app.admission
    taken = [asyncio.ensure_future(client.post("/graphql", json=NAMES)) for _ in range(2)]
    await until(lambda: admission.running == 2)
    refused = await client.post("/graphql", content=b"no JSON")
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["errors"][0]["extensions"] == {"code": "ROUTER_OVERLOADED"}
    assert (await client.get("/health")).status_code == 200
    shop.opened.set()
    assert [(await each).status_code for each in taken] == [200, 200]
    assert (await client.post("/graphql", json=NAMES)).status_code == 200
    assert (admission.running, admission.refused) == (0, 1)


async def test_room_is_made_whatever_a_request_comes_to(make_app: MakeApp, connect: Connect, shop: Gate) -> None:
    app = make_app(traffic={"max_client_requests": 1})
    client = connect(app)
    assert app.admission is not None
    for content in (b"no JSON", b'{"query": "{ nonsense }"}', b'{"query": "{"}'):
        await client.post("/graphql", content=content, headers={"content-type": "application/json"})
    await client.put("/graphql")
    gone = asyncio.ensure_future(client.post("/graphql", json=NAMES))
    await until(lambda: bool(app.admission and app.admission.running))
    gone.cancel()
    await asyncio.wait([gone])
    assert app.admission.running == 0


async def test_counts_go_on_after_a_reload(make_app: MakeApp, connect: Connect, shop: Gate) -> None:
    app = make_app(traffic={"max_client_requests": 1})
    client = connect(app)
    first = asyncio.ensure_future(client.post("/graphql", json=NAMES))
    await until(lambda: bool(app.admission and app.admission.running))
    await app.reload(config=app.config.model_copy(update={"introspection": False}))
    assert (await client.post("/graphql", json=NAMES)).status_code == 503
    shop.opened.set()
    assert (await first).status_code == 200


async def test_a_subscription_counts_until_its_stream_is_open() -> None:
    sources = Sources()
    headers = {"accept": "text/event-stream"}
    async with (
        live_router(sources, traffic={"max_client_requests": 1}) as (app, address),
        httpx.AsyncClient(base_url=address) as client,
    ):
        assert app.admission is not None
        body = {"query": "subscription { ticks(count: 1000, pause: 0.01) { number } }"}
        async with client.stream("POST", "/graphql", json=body, headers=headers) as events:
            lines = events.aiter_lines()  # held: what nobody holds is closed, and its response with it
            await anext(lines)
            await sources.until(1)
            assert app.admission.running == 0
            answer = await client.post("/graphql", json={"query": "{ running }"})
            assert answer.json() == {"data": {"running": 1}}


async def test_operations_of_websockets_count_too() -> None:
    async with (
        live_router(Sources(), traffic={"max_client_requests": 1}) as (app, address),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{address}/graphql", protocols=["graphql-transport-ws"]) as socket,
    ):
        await socket.send_json({"type": "connection_init"})
        assert (await socket.receive_json())["type"] == "connection_ack"
        for id_, query in (("1", "mutation { work(seconds: 0.2) }"), ("2", "{ running }")):
            await socket.send_json({"id": id_, "type": "subscribe", "payload": {"query": query}})
        refused = await socket.receive_json()
        assert (refused["id"], refused["type"]) == ("2", "error")
        assert refused["payload"][0]["extensions"]["code"] == "ROUTER_OVERLOADED"
        assert [(await socket.receive_json())["type"] for _ in range(2)] == ["next", "complete"]
        assert app.admission is not None
        assert app.admission.running == 0
