"""How subscriptions reach subgraphs, and how clients resume them, through real servers on both sides."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.server.listening import FEED, SSE, TICKS, sse, stream, tick
from tests.server.live import Sources, lead, live_router

PROTOCOLS = ["graphql-sse", "graphql-transport-ws", "multipart"]


def section(protocol: str, url: str) -> dict[str, Any]:
    return {"events": {"subscription": {"protocol": protocol, "url": url}}}


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_router_as_a_subgraph(http: aiohttp.ClientSession, sources: Sources, protocol: str) -> None:
    """A router serves subscriptions in all the ways that it understands as a client, heartbeats included."""
    async with (
        live_router(sources, event_stream={"keep_alive_s": 0.02}) as (_, inner),
        live_router(Sources(), subgraphs=section(protocol, f"{inner}/graphql")) as (_, url),
    ):
        found = await stream(http, url, TICKS, n=2, p=0.05)
        assert found == [("next", {"data": tick(0)}), ("next", {"data": tick(1)}), ("complete", None)]
        async with http.post(f"{url}/graphql", json={"query": FEED}, headers=SSE) as response:
            await sources.until(1)
            sources.push(1)
            assert (await anext(sse(response)))[1]["data"]["feed"]["number"] == 1
        await sources.until(0)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_strawberry_as_a_subgraph(http: aiohttp.ClientSession, sources: Sources, protocol: str) -> None:
    settings = {"events": {"subscription": {"protocol": protocol}}}
    async with live_router(sources, subgraphs=settings) as (_, url):
        found = await stream(http, url, TICKS, n=2)
        assert found == [("next", {"data": tick(0)}), ("next", {"data": tick(1)}), ("complete", None)]
        query = "subscription { ticks(count: 3, failAt: 1) { number } }"
        _, second, end = await stream(http, url, query)
        assert second[1]["errors"][0]["extensions"]["service"] == "events"
        assert end == ("complete", None)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_subgraph_that_cannot_be_reached(http: aiohttp.ClientSession, sources: Sources, protocol: str) -> None:
    settings = {"events": {"subscription": {"protocol": protocol}}}
    async with live_router(sources, subgraphs=settings) as (app, url):
        scheme = "ws" if protocol == "graphql-transport-ws" else "http"
        lead(app, "events", f"{scheme}://127.0.0.1:1/")
        (_, failure), _ = await stream(http, url, FEED)
    assert [error["extensions"]["code"] for error in failure["errors"]] == ["SUBREQUEST_HTTP_ERROR"]


# ---- resuming -------------------------------------------------------------------------------------------------------


class Log:
    """A subgraph over Server-Sent Events whose events are numbers, each with an id; it forgets nothing."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.asked: list[str | None] = []
        self.more = asyncio.Event()

    def append(self, *numbers: int) -> None:
        self.numbers += numbers
        self.more.set()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request.headers.get("last-event-id"))
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        start = int(self.asked[-1] or 0)
        while True:
            for number in self.numbers[start:]:
                start += 1
                data = b'{"data":{"feed":{"__typename":"Tick","number":%d}}}' % number
                await response.write(b"event: next\nid: %d\ndata: " % start + data + b"\n\n")
            self.more.clear()
            await self.more.wait()


@pytest.fixture
async def log() -> AsyncIterator[tuple[Log, str]]:
    log = Log()
    runner = web.ServerRunner(web.Server(log, handler_cancellation=True), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield log, f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


NUMBERS = "subscription { feed { number } }"


async def events_with_ids(response: aiohttp.ClientResponse, count: int) -> list[tuple[str, int]]:
    found = []
    async with asyncio.timeout(5):
        id_ = ""
        async for kind, value in sse(response, with_ids=True):
            if kind == "id":
                id_ = value
            else:
                found.append((id_, value["data"]["feed"]["number"]))
            if len(found) == count:
                break
    return found


async def test_a_client_resumes_after_the_last_event_that_it_has(
    http: aiohttp.ClientSession, sources: Sources, log: tuple[Log, str]
) -> None:
    source, at = log
    source.append(10, 20, 30)
    async with live_router(sources, subgraphs=section("graphql-sse", at)) as (_, url):
        async with http.post(f"{url}/graphql", json={"query": NUMBERS}, headers=SSE) as response:
            assert await events_with_ids(response, 2) == [("1", 10), ("2", 20)]
        headers = {**SSE, "last-event-id": "2"}
        async with http.post(f"{url}/graphql", json={"query": NUMBERS}, headers=headers) as response:
            assert await events_with_ids(response, 1) == [("3", 30)]
            source.append(40)
            assert await events_with_ids(response, 1) == [("4", 40)]
    assert source.asked == [None, "2"]


async def test_two_routers_pass_ids_on(http: aiohttp.ClientSession, sources: Sources, log: tuple[Log, str]) -> None:
    source, at = log
    source.append(10)
    async with (
        live_router(sources, subgraphs=section("graphql-sse", at)) as (_, inner),
        live_router(sources, subgraphs=section("graphql-sse", f"{inner}/graphql")) as (_, url),
    ):
        headers = {**SSE, "last-event-id": "0"}
        async with http.post(f"{url}/graphql", json={"query": NUMBERS}, headers=headers) as response:
            assert await events_with_ids(response, 1) == [("1", 10)]
    assert source.asked == ["0"]
