"""Subgraphs that send events by HTTP callback, through real servers on both sides."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import uvicorn
from aiohttp import web

from router import Composed, RouterApp, RouterConfig, Subgraph, compose, create_app
from router.server.callbacks import CallbackDesk
from router.server.config import CallbackConfig
from tests.server.listening import SSE, sse, stream

SDL = """
type Query { ready: Boolean }
type Subscription { feed(topic: String): Tick }
type Tick { number: Int }
"""
FEED = 'subscription { feed(topic: "t") { number } }'


class Emitter:
    """A subgraph that speaks the protocol; the test says what it sends."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Any = {"data": None}
        self.checks: list[int] = []
        self.ready = asyncio.Event()
        self.http: aiohttp.ClientSession | None = None

    @property
    def subscription(self) -> dict[str, Any]:
        found: dict[str, Any] = self.asked[-1]["extensions"]["subscription"]
        return found

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(await request.json())
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if isinstance(self.answer, dict) and self.answer.get("data", 0) is None:
            self.checks.append(await self.send("check"))
        self.ready.set()
        return web.json_response(self.answer, headers={"subscription-protocol": "callback/1.0"})

    async def send(self, action: str, *, url: str | None = None, method: str = "POST", **more: Any) -> int:
        assert self.http is not None
        subscription = self.subscription
        message = {
            "kind": "subscription",
            "action": action,
            "id": subscription["subscriptionId"],
            "verifier": subscription["verifier"],
            **more,
        }
        async with self.http.request(method, url or subscription["callbackUrl"], json=message) as response:
            assert response.headers["subscription-protocol"] == "callback/1.0"
            await response.read()
            return response.status

    async def next(self, number: int) -> int:
        return await self.send("next", payload={"data": {"feed": {"number": number}}})


@asynccontextmanager
async def router_of(emitter: Emitter, **callback: Any) -> AsyncIterator[tuple[RouterApp, str]]:
    runner = web.ServerRunner(web.Server(emitter), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    composed = compose([Subgraph("events", sdl=SDL, url=f"http://127.0.0.1:{runner.addresses[0][1]}/")])
    assert isinstance(composed, Composed)
    settings = {
        "subgraphs": {"events": {"subscription": {"protocol": "http-callback"}}},
        "subscriptions": {"callback": {"public_url": f"{address}/callback", **callback}},
        "expose_subgraph_errors": True,
    }
    app = create_app(composed.supergraph_sdl, config=RouterConfig.model_validate(settings))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with app.lifespan(), aiohttp.ClientSession() as emitter.http:
            yield app, address
            server.should_exit = True
            await running
    finally:
        await runner.cleanup()


@pytest.fixture
async def emitter() -> Emitter:
    return Emitter()


async def test_events_come_by_callback(http: aiohttp.ClientSession, emitter: Emitter) -> None:
    async with (
        router_of(emitter) as (app, url),
        http.post(f"{url}/graphql", json={"query": FEED}, headers=SSE) as response,
    ):
        await emitter.ready.wait()
        assert emitter.checks == [204]
        assert emitter.headers[0]["accept"] == "application/json;callbackSpec=1.0"
        assert emitter.asked[0]["query"].startswith("subscription")
        subscription = emitter.subscription
        assert subscription["callbackUrl"] == f"{url}/callback/{subscription['subscriptionId']}"
        assert uuid.UUID(subscription["subscriptionId"]).version == 4
        assert len(subscription["verifier"]) >= 32
        assert subscription["heartbeatIntervalMs"] == 5000
        events = sse(response)
        for number in range(3):
            assert await emitter.next(number) == 200
            assert await anext(events) == ("next", {"data": {"feed": {"number": number}}})
        assert await emitter.send("check") == 204
        assert await emitter.send("complete") == 202
        assert await anext(events) == ("complete", None)
        assert await emitter.send("check") == 404
        assert len(app.workshop.open_streams.desk) == 0


async def test_the_end_may_have_errors(http: aiohttp.ClientSession, emitter: Emitter) -> None:
    async with (
        router_of(emitter) as (_, url),
        http.post(f"{url}/graphql", json={"query": FEED}, headers=SSE) as response,
    ):
        await emitter.ready.wait()
        assert await emitter.send("complete", errors=[{"message": "no more"}]) == 202
        (kind, value), end = [event async for event in sse(response)]
        assert (kind, value["errors"][0]["message"], end) == ("next", "no more", ("complete", None))


async def test_who_hangs_up_is_told_at_the_next_request(http: aiohttp.ClientSession, emitter: Emitter) -> None:
    async with router_of(emitter) as (app, url):
        async with http.post(f"{url}/graphql", json={"query": FEED}, headers=SSE) as response:
            await emitter.ready.wait()
            assert await emitter.next(1) == 200
            assert (await anext(sse(response)))[0] == "next"
        desk = app.workshop.open_streams.desk
        async with asyncio.timeout(5):
            while len(desk):  # noqa: ASYNC110  the server finds out in its own time
                await asyncio.sleep(0.01)
        assert await emitter.next(2) == 404


async def test_only_who_was_asked_may_send_events(http: aiohttp.ClientSession, emitter: Emitter) -> None:
    async with (
        router_of(emitter) as (_, url),
        http.post(f"{url}/graphql", json={"query": FEED}, headers=SSE) as response,
    ):
        await emitter.ready.wait()
        payload = {"data": {"feed": {"number": 666}}}
        stranger = str(uuid.uuid4())
        for status, more in (
            (401, {"verifier": "x"}),
            (401, {"verifier": None}),
            (401, {"verifier": ["x"]}),
            (400, {"id": stranger}),
            (404, {"id": stranger, "url": f"{url}/callback/{stranger}"}),
            (400, {"kind": "subscriptions"}),
            (400, {"payload": [payload]}),
            (400, {"url": f"{url}/callback/"}),
            (405, {"method": "PUT"}),
        ):
            assert await emitter.send("next", **{"payload": payload, **more}) == status
        assert await emitter.send("heartbeat") == 400
        assert emitter.http is not None
        forged = {"kind": "subscription", "action": "check", "id": emitter.subscription["subscriptionId"]}
        async with emitter.http.post(emitter.subscription["callbackUrl"], json=forged) as refused:
            assert (await refused.json(content_type=None))["errors"][0]["extensions"]["code"] == "CALLBACK_FORBIDDEN"
        for body in (b"no json", b"[]", b'"x"'):
            async with emitter.http.post(emitter.subscription["callbackUrl"], data=body) as refused:
                assert refused.status == 400
        assert await emitter.next(1) == 200
        assert (await anext(sse(response)))[1] == {"data": {"feed": {"number": 1}}}


async def test_a_subgraph_that_sends_no_heartbeat_is_given_up(http: aiohttp.ClientSession, emitter: Emitter) -> None:
    async with router_of(emitter, heartbeat_s=0.05) as (app, url):
        async with http.post(f"{url}/graphql", json={"query": FEED}, headers=SSE) as response:
            (_, value), end = [event async for event in sse(response)]
        assert value["errors"][0]["extensions"]["code"] == "SUBSCRIPTION_INTERRUPTED"
        assert end == ("complete", None)
        assert await emitter.send("check") == 404
        assert len(app.workshop.open_streams.desk) == 0


async def test_without_heartbeats_a_subgraph_may_be_quiet(http: aiohttp.ClientSession, emitter: Emitter) -> None:
    async with (
        router_of(emitter, heartbeat_s=0) as (_, url),
        http.post(f"{url}/graphql", json={"query": FEED}, headers=SSE) as response,
    ):
        await emitter.ready.wait()
        assert emitter.subscription["heartbeatIntervalMs"] == 0
        assert await emitter.next(1) == 200
        assert (await anext(sse(response)))[0] == "next"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"errors": [{"message": "no", "extensions": {"code": "NOPE"}}]}, "NOPE"),
        ({"data": {"feed": {"number": 1}}}, "SUBREQUEST_MALFORMED_RESPONSE"),
        ("no object", "SUBREQUEST_MALFORMED_RESPONSE"),
    ],
)
async def test_what_the_subgraph_refuses(http: aiohttp.ClientSession, emitter: Emitter, answer: Any, code: str) -> None:
    emitter.answer = answer
    async with router_of(emitter) as (app, url):
        (_, value), end = await stream(http, url, FEED)
        assert value["errors"][0]["extensions"]["code"] == code
        assert end == ("complete", None)
        assert len(app.workshop.open_streams.desk) == 0


async def test_a_slow_client_slows_the_subgraph_down(http: aiohttp.ClientSession, emitter: Emitter) -> None:
    async with (
        router_of(emitter, max_queued_events=2) as (app, url),
        http.post(f"{url}/graphql", json={"query": FEED}, headers=SSE) as response,
    ):
        await emitter.ready.wait()
        (events,) = app.workshop.open_streams.desk._open.values()
        sending = [asyncio.create_task(emitter.next(number)) for number in range(20)]
        found = sse(response)
        numbers = {(await anext(found))[1]["data"]["feed"]["number"] for _ in range(20)}
        assert numbers == set(range(20)), "none is lost"
        assert await asyncio.gather(*sending) == [200] * 20
        assert events._queue.maxsize == 2


async def test_the_end_does_not_wait_for_a_slow_client() -> None:
    desk = CallbackDesk()
    events = desk.open("s", CallbackConfig(public_url="http://a/b", max_queued_events=2))
    for number in range(2):
        await events.put({"data": number})
    events.complete([{"message": "no more"}])
    assert len(desk) == 0
    found = [event async for event in events]
    assert found == [{"data": 0}, {"data": 1}, {"data": None, "errors": [{"message": "no more"}]}]


def test_the_settings_must_say_where() -> None:
    with pytest.raises(ValueError, match=r"subscriptions\.callback must say where"):
        RouterConfig.model_validate({"subgraphs": {"a": {"subscription": {"protocol": "http-callback"}}}})
    for public_url in ("ftp://a/b", "http://a/b/", "http://a/b?c"):
        with pytest.raises(ValueError, match="public_url"):
            RouterConfig.model_validate({"subscriptions": {"callback": {"public_url": public_url}}})
