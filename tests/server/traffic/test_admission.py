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
from tests.server.wire import Wire, rounds

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


BODY = b'{"query": "{ products { name } }"}'
FORM = b'--b\r\ncontent-disposition: form-data; name="operations"\r\n\r\n'
HEADS = {
    "lane": b"content-type: application/json\r\ncontent-length: 34\r\n\r\n",
    "ASGI": b"content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n22\r\n",
    "files": b"apollo-require-preflight: 1\r\ncontent-type: multipart/form-data; boundary=b\r\n"
    b"content-length: 999\r\n\r\n" + FORM,
}


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("way", HEADS)
async def test_who_sends_slowly_takes_no_room(make_app: MakeApp, shop: Gate, way: str, fast: bool) -> None:
    shop.opened.set()
    app = make_app(traffic={"max_client_requests": 2}, uploads={"enabled": True})
    assert app.admission is not None
    async with app.lifespan():
        wire = Wire(app, fast=fast)
        loop = asyncio.get_running_loop()
        slow = [(await wire.connect())[0] for _ in range(5)]
        for each in slow:
            await loop.sock_sendall(each, b"POST /graphql HTTP/1.1\r\nhost: x\r\n" + HEADS[way] + BODY[:10])
        await rounds()
        assert app.admission.running == 0
        whole = b"POST /graphql HTTP/1.1\r\nhost: x\r\n" + HEADS["lane"] + BODY
        quick, _ = await wire.connect()
        await loop.sock_sendall(quick, whole)
        async with asyncio.timeout(5):
            assert b" 200 OK" in await loop.sock_recv(quick, 65536)
        quick.close()
        for each in slow:
            if way != "files":
                await loop.sock_sendall(each, BODY[10:] + (b"\r\n0\r\n\r\n" if way == "ASGI" else b""))
                async with asyncio.timeout(5):
                    assert b" 200 OK" in await loop.sock_recv(each, 65536)
            each.close()
        await until(lambda: app.metrics.active == 0)
        assert (app.admission.running, app.admission.refused) == (0, 0)


@pytest.mark.parametrize("fast", [True, False])
async def test_what_is_too_many_when_its_body_is_there_is_refused_then(
    make_app: MakeApp, shop: Gate, fast: bool
) -> None:
    app = make_app(traffic={"max_client_requests": 1})
    assert app.admission is not None
    async with app.lifespan():
        wire = Wire(app, fast=fast)
        loop = asyncio.get_running_loop()
        (slow, _), (quick, _) = await wire.connect(), await wire.connect()
        head = b"POST /graphql HTTP/1.1\r\nhost: x\r\n" + HEADS["lane"]
        await loop.sock_sendall(slow, head + BODY[:10])
        await rounds()
        await loop.sock_sendall(quick, head + BODY)
        await until(lambda: app.admission is not None and app.admission.running == 1)
        await loop.sock_sendall(slow, BODY[10:])
        async with asyncio.timeout(5):
            assert b"ROUTER_OVERLOADED" in await loop.sock_recv(slow, 65536)
        shop.opened.set()
        async with asyncio.timeout(5):
            assert b" 200 OK" in await loop.sock_recv(quick, 65536)
        slow.close()
        quick.close()
        await until(lambda: app.metrics.active == 0)
        assert (app.admission.running, app.admission.refused) == (0, 1)
