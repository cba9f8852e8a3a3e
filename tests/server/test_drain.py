"""What a server that begins to stop does to streams that are open: it says so, and does not wait for them."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from strawberry.asgi import GraphQL

from router import Composed, RouterApp, RouterConfig, Subgraph, compose, create_app
from router.server.serving import RouterServer, server_settings
from tests.server.listening import FEED, SSE, Parts, sse, websocket
from tests.server.live import Sources, events, names, serving
from tests.server.wire import request

STOPPING = {"message": "The server is about to stop: subscribe again.", "extensions": {"code": "SERVER_STOPPING"}}


class Stopping:
    """A router served as `serve` does it.

    Attributes:
        stopped: done when the server has ended; it would wait for ten seconds.
    """

    def __init__(self, app: RouterApp) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.app = app
        self.server = RouterServer(server_settings(app, app, None, shutdown_s=10), app)
        self.stopped = asyncio.create_task(self.server._serve([listener]))

    def stop(self) -> None:
        self.server.should_exit = True


@asynccontextmanager
async def stopping(sources: Sources, **config: Any) -> AsyncIterator[Stopping]:
    schemas = {"events": events(sources), "names": names(gate=sources.gate)}
    at = GraphQL(schemas["events"], subscription_protocols=("graphql-transport-ws",))
    async with serving(at) as at_events, serving(GraphQL(schemas["names"])) as at_names:
        urls = {"events": at_events, "names": at_names}
        composed = compose([Subgraph(n, sdl=s.as_str(), url=f"{urls[n]}/") for n, s in schemas.items()])
        assert isinstance(composed, Composed), composed.errors
        app = create_app(composed.supergraph_sdl, config=RouterConfig.model_validate(config))
        served = Stopping(app)
        while not served.server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        try:
            yield served
        finally:
            served.stop()
            async with asyncio.timeout(5):
                await served.stopped
            await sources.until(0)


@pytest.fixture
def sources() -> Sources:
    return Sources()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_an_event_stream_ends_with_a_word(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with (
        stopping(sources) as served,
        http.post(f"{served.url}/graphql", json={"query": FEED}, headers=SSE) as response,
    ):
        found = sse(response)
        await sources.until(1)
        sources.push(0)
        assert (await anext(found))[1]["data"]["feed"]["number"] == 0
        served.stop()
        assert [event async for event in found] == [("next", {"errors": [STOPPING]}), ("complete", None)]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
async def test_an_event_stream_over_http2_does_so_too(sources: Sources) -> None:
    async with stopping(sources) as served:
        headers = [f"-H{name}: {value}" for name, value in {**SSE, "content-type": "application/json"}.items()]
        client = await asyncio.create_subprocess_exec(
            "curl", "-sN", "--http2-prior-knowledge", *headers, "-d", json.dumps({"query": FEED}),
            f"{served.url}/graphql", stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await sources.until(1)
        served.stop()
        got, _ = await client.communicate()
    assert client.returncode == 0
    assert got.endswith(b"event: complete\ndata:\n\n")
    assert b'"code":"SERVER_STOPPING"' in got


async def test_a_multipart_stream_ends_with_a_word(http: aiohttp.ClientSession, sources: Sources) -> None:
    accept = {"accept": "multipart/mixed;subscriptionSpec=1.0, application/json"}
    async with (
        stopping(sources) as served,
        http.post(f"{served.url}/graphql", json={"query": FEED}, headers=accept) as response,
    ):
        found = Parts(response, b"\r\n--graphql")
        await sources.until(1)
        sources.push(1)
        assert (await anext(found))["payload"]["data"]["feed"]["number"] == 1
        served.stop()
        assert [part async for part in found] == [{"payload": None, "errors": [STOPPING]}]


async def test_a_stream_of_several_operations_ends_with_them(http: aiohttp.ClientSession, sources: Sources) -> None:
    """A mutation that runs is answered in it."""
    async with stopping(sources) as served:
        async with http.put(f"{served.url}/graphql") as response:
            headers = {"x-graphql-event-stream-token": await response.text()}
        async with http.get(f"{served.url}/graphql", headers={**headers, **SSE}) as response:
            for id_, query in (("a", FEED), ("m", "mutation { work(seconds: 0.5) }")):
                body = {"query": query, "extensions": {"operationId": id_}}
                async with http.post(f"{served.url}/graphql", json=body, headers=headers) as accepted:
                    assert accepted.status == 202
            await sources.until(1)
            served.stop()
            found = [event async for event in sse(response)]
        sources.running -= 100  # what the mutation has added
    assert found == [
        ("next", {"id": "a", "payload": {"errors": [STOPPING]}}),
        ("complete", {"id": "a"}),
        ("next", {"id": "m", "payload": {"data": {"work": 100}}}),
        ("complete", {"id": "m"}),
    ]


async def test_a_reservation_that_nobody_fetched_holds_nothing_up(
    http: aiohttp.ClientSession, sources: Sources
) -> None:
    async with stopping(sources) as served:
        async with http.put(f"{served.url}/graphql") as response:
            headers = {"x-graphql-event-stream-token": await response.text()}
        body = {"query": FEED, "extensions": {"operationId": "a"}}
        async with http.post(f"{served.url}/graphql", json=body, headers=headers) as accepted:
            assert accepted.status == 202
        await sources.until(1)


async def test_a_websocket_is_closed_as_at_a_restart(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with stopping(sources) as served, websocket(http, served.url) as socket_:
        await socket_.init()
        await socket_.subscribe("a", FEED)
        await sources.until(1)
        served.stop()
        assert await socket_.closed() == 1012


async def test_who_subscribes_while_it_stops_is_told(sources: Sources) -> None:
    """A connection that is open by then may have its first request on the way."""
    asking = request(json.dumps({"query": FEED}).encode(), "accept: text/event-stream")
    async with stopping(sources) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rpartition(":")[2]))
        await asyncio.sleep(0.05)  # it is accepted
        served.stop()
        while not served.app.subscriptions.is_draining:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        writer.write(asking)
        got = await reader.read()
        writer.close()
    assert got.startswith(b"HTTP/1.1 200")
    assert b'event: next\ndata: {"errors":[{"message":"The server is about to stop' in got
