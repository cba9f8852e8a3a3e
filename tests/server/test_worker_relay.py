"""Several workers, whichever a client or a subgraph reaches: here applications with servers of their own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from strawberry.asgi import GraphQL

from router import Composed, RequestContext, RequestRefused, RouterApp, RouterConfig, RouterHooks, Subgraph, compose
from router import create_app as make_router
from tests.server.listening import FEED, SSE, sse
from tests.server.live import Sources, events, names, serving
from tests.server.test_callbacks import FEED as CALLBACK_FEED
from tests.server.test_callbacks import SDL, Emitter

TOKEN = "x-graphql-event-stream-token"
PAGE = {"origin": "https://shop.example"}


@dataclass
class Worker:
    app: RouterApp
    url: str


class Peers(RouterHooks):
    """Remembers who asks."""

    def __init__(self) -> None:
        self.seen: list[tuple[str | None, str]] = []

    def on_request(self, context: RequestContext) -> None:
        self.seen.append((context.client, context.headers.get("x-odd", "")))
        if "refuse" in context.headers:
            raise RequestRefused("No.", "NO_WAY", 403)


@asynccontextmanager
async def workers(
    supergraph: str, folder: Path, hooks: RouterHooks | None, **config: Any
) -> AsyncIterator[list[Worker]]:
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(2):
            app = make_router(supergraph, hooks=hooks, config=RouterConfig.model_validate(config))
            app.be_worker(folder)
            made.append(Worker(app, await stack.enter_async_context(serving(app))))
            await stack.enter_async_context(app.lifespan())
        yield made


@asynccontextmanager
async def pair(
    sources: Sources, folder: Path, hooks: RouterHooks | None = None, **config: Any
) -> AsyncIterator[list[Worker]]:
    schemas = {"events": events(sources), "names": names(gate=sources.gate)}
    at = GraphQL(schemas["events"], subscription_protocols=("graphql-transport-ws",))
    async with serving(at) as at_events, serving(GraphQL(schemas["names"])) as at_names:
        urls = {"events": at_events, "names": at_names}
        composed = compose([Subgraph(n, sdl=s.as_str(), url=f"{urls[n]}/") for n, s in schemas.items()])
        assert isinstance(composed, Composed), composed.errors
        async with workers(composed.supergraph_sdl, folder, hooks, **config) as made:
            yield made


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def sources() -> Sources:
    return Sources()


async def reserve(http: aiohttp.ClientSession, worker: Worker) -> dict[str, str]:
    async with http.put(f"{worker.url}/graphql") as response:
        assert response.status == 201
        return {TOKEN: await response.text()}


async def post(http: aiohttp.ClientSession, worker: Worker, headers: dict[str, str], id_: str, query: str) -> Any:
    body = {"query": query, "extensions": {"operationId": id_}}
    async with http.post(f"{worker.url}/graphql", json=body, headers=headers) as response:
        return response.status, await response.read(), response.headers


async def test_a_stream_is_served_by_whichever_worker_is_reached(
    http: aiohttp.ClientSession, sources: Sources, tmp_path: Path
) -> None:
    hooks = Peers()
    async with pair(sources, tmp_path, hooks) as (first, second):
        token = await reserve(http, first)
        assert token[TOKEN].startswith(first.app.reservations.worker)
        async with http.get(f"{second.url}/graphql", headers={**token, **SSE}) as response:
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            found = sse(response)
            headers = {**token, "x-odd": "\xfc"}
            assert (await post(http, second, headers, "a", "{ running }"))[:2] == (202, b"")
            assert hooks.seen[-1] == ("127.0.0.1", "\xc3\xbc"), "as the bytes came"
            assert await anext(found) == ("next", {"id": "a", "payload": {"data": {"running": 0}}})
            assert await anext(found) == ("complete", {"id": "a"})
            for worker, id_ in ((first, "b"), (second, "c")):
                assert (await post(http, worker, token, id_, FEED))[0] == 202
            await sources.until(2)
            sources.push(1)
            assert {(await anext(found))[1]["id"] for _ in range(2)} == {"b", "c"}
            assert b"OPERATION_ID_TAKEN" in (await post(http, second, token, "c", FEED))[1]
            async with http.delete(f"{second.url}/graphql?operationId=c", headers=token) as ended:
                assert ended.status == 200
            await sources.until(1)
        await sources.until(0)  # the client is gone
        assert b"EVENT_STREAM_NOT_FOUND" in (await post(http, second, token, "a", FEED))[1]


async def test_refusals_and_cors_are_those_of_one_router(
    http: aiohttp.ClientSession, sources: Sources, tmp_path: Path
) -> None:
    config = {"cors": {"allow_origins": ["https://shop.example"]}}
    async with pair(sources, tmp_path, Peers(), **config) as (first, second):
        token = await reserve(http, first)
        answers = []
        for worker in (first, second):
            headers = {**token, **PAGE, "x-request-id": "one-of-mine", "refuse": "yes"}
            status, body, headers_there = await post(http, worker, headers, "a", "{ running }")
            kept = [(name.lower(), value) for name, value in headers_there.items() if name.lower() != "date"]
            answers.append((status, body, kept))
        assert answers[0] == answers[1]
        assert answers[0][0] == 403
        assert b"NO_WAY" in answers[0][1]


@pytest.mark.parametrize(
    "token", ["../../../etc/passwd", "0123456789", "0123456", "\u0661" * 8, "zzzzzzzzzzz", "ABCDEF12xxxx"]
)
async def test_names_of_no_worker(http: aiohttp.ClientSession, sources: Sources, tmp_path: Path, token: str) -> None:
    async with (
        pair(sources, tmp_path) as (first, _),
        http.get(f"{first.url}/graphql", params={"token": token}, headers=SSE) as response,
    ):
        assert response.status == 404
        assert "EVENT_STREAM_NOT_FOUND" in await response.text()


async def test_a_worker_that_is_gone(http: aiohttp.ClientSession, sources: Sources, tmp_path: Path) -> None:
    """Killed: its socket is still there, and nobody listens."""
    async with pair(sources, tmp_path) as (first, second):
        token = await reserve(http, first)
        assert first.app.relay is not None
        server = first.app.relay._server
        assert server is not None
        server.close()
        assert b"EVENT_STREAM_NOT_FOUND" in (await post(http, second, token, "a", "{ running }"))[1]


async def test_streams_end_when_their_worker_stops(
    http: aiohttp.ClientSession, sources: Sources, tmp_path: Path
) -> None:
    async with pair(sources, tmp_path) as (first, second):
        token = await reserve(http, first)
        async with http.get(f"{second.url}/graphql", headers={**token, **SSE}) as response:
            assert (await post(http, second, token, "a", FEED))[0] == 202
            await sources.until(1)
            first.app.drain()
            async with asyncio.timeout(5):
                found = [event async for event in sse(response)]
                await first.app.shutdown()
        assert found[0][1]["payload"]["errors"][0]["extensions"] == {"code": "SERVER_STOPPING"}
        assert found[1:] == [("complete", {"id": "a"})]


async def test_events_reach_their_worker(http: aiohttp.ClientSession, tmp_path: Path) -> None:
    emitter = Emitter()
    runner = web.ServerRunner(web.Server(emitter), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    composed = compose([Subgraph("events", sdl=SDL, url=f"http://127.0.0.1:{runner.addresses[0][1]}/")])
    assert isinstance(composed, Composed)
    settings = {
        "subgraphs": {"events": {"subscription": {"protocol": "http-callback"}}},
        "subscriptions": {"callback": {"public_url": "http://127.0.0.1:9/callback"}},
    }
    try:
        async with workers(composed.supergraph_sdl, tmp_path, None, **settings) as (first, second):
            emitter.http = http
            emitter.answer = {}  # `check` is sent below, to the worker that is not meant
            async with http.post(f"{first.url}/graphql", json={"query": CALLBACK_FEED}, headers=SSE) as response:
                await emitter.ready.wait()
                id_ = emitter.subscription["subscriptionId"]
                url = f"{second.url}/callback/{id_}"
                assert await emitter.send("check", url=url) == 204
                found = sse(response)
                for number in (1, 2):
                    sent = emitter.send("next", url=url, payload={"data": {"feed": {"number": number}}})
                    assert await sent == 200
                    assert await anext(found) == ("next", {"data": {"feed": {"number": number}}})
                assert await emitter.send("complete", url=url) == 202
                assert await anext(found) == ("complete", None)
            assert await emitter.send("check", url=url) == 404
            assert await emitter.send("check", url=f"{second.url}/callback/..%2f..%2fx") in (400, 404)
    finally:
        await runner.cleanup()
