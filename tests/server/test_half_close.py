"""Clients that end their side of a connection when they have asked, over sockets as `serve` makes them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
import uvloop

from router.hooks import SubgraphCall, SubgraphReply
from router.server.app import RouterApp, create_app
from router.server.config import RouterConfig
from router.server.half_close import PROBE
from router.server.serving import server_settings
from tests.server.http2.serving import until
from tests.server.shop import SUPERGRAPH, ShopTransport
from tests.server.wire import Wire, request

ASKED = b'{"query": "{ products { id } }"}'
WAYS = {
    "lane": request(ASKED),
    "ASGI": request(ASKED, "accept: text/event-stream, application/json"),
    "HTTP/1.0": request(ASKED, version="1.0"),
}


class Held(ShopTransport):
    """Answers when `opened` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = asyncio.Event()
        self.asked = 0

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        self.asked += 1
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return await super().exchange(call)


@asynccontextmanager
async def served(held: Held) -> AsyncIterator[tuple[RouterApp, int]]:
    config = RouterConfig.model_validate({"limits": {"body_timeout_s": 5}, "websocket": {"enabled": False}})
    app = create_app(SUPERGRAPH, transport=held, config=config)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(server_settings(app, app, None, shutdown_s=1))
    serving = asyncio.create_task(server._serve([listener]))
    await until(lambda: server.started)
    try:
        yield app, listener.getsockname()[1]
    finally:
        held.opened.set()
        server.should_exit = True
        await serving


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(10):
        return await reader.read()


def bodies(got: bytes) -> list[object]:
    """What is answered, without interim answers."""
    return [json.loads(part.partition(b"\r\n\r\n")[2]) for part in got.replace(PROBE, b"").split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("way", WAYS)
async def test_who_sends_no_more_gets_the_answer_and_the_end(way: str) -> None:
    held = Held()
    async with served(held) as (app, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WAYS[way])
        writer.write_eof()
        await until(lambda: held.asked == 1)
        await asyncio.sleep(0.2)  # looked after more than once
        assert app.metrics.active == 1
        held.opened.set()
        got = await rest_of(reader)
        writer.close()
        assert len(bodies(got)) == 1
        assert b'"products":[{' in got
        assert (PROBE in got) == (way != "HTTP/1.0")
        assert held.cancelled == 0


@pytest.mark.parametrize("way", ["lane", "ASGI"])
async def test_who_is_gone_is_not_worked_for(way: str) -> None:
    held = Held()
    async with served(held) as (app, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WAYS[way])
        await until(lambda: held.asked == 1)
        writer.close()
        await until(lambda: held.cancelled == 1 and app.metrics.active == 0)


async def test_who_goes_after_having_ended_is_noticed_at_the_answer() -> None:
    held = Held()
    async with served(held) as (app, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WAYS["lane"])
        writer.write_eof()
        await until(lambda: held.asked == 1)
        writer.transport.abort()
        held.opened.set()
        await until(lambda: app.metrics.active == 0)


@pytest.mark.parametrize("second", ["lane", "ASGI"])
@pytest.mark.parametrize("first", ["lane", "ASGI"])
@pytest.mark.parametrize("begun", [b"", b"POST /graphql HT", WAYS["lane"][:-3], WAYS["ASGI"][:-3]])
async def test_all_that_was_asked_whole_is_answered(first: str, second: str, begun: bytes) -> None:
    held = Held()
    async with served(held) as (app, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WAYS[first] + WAYS[second] + begun)
        writer.write_eof()
        await until(lambda: held.asked == 1)
        held.opened.set()
        assert len(bodies(await rest_of(reader))) == 2
        writer.close()
        await until(lambda: app.metrics.active == 0)


@pytest.mark.parametrize("sent", [b"", b"POST /graph", WAYS["lane"][:-1], WAYS["ASGI"][:-1]])
async def test_who_has_asked_nothing_whole_gets_the_end(sent: bytes) -> None:
    held = Held()
    async with served(held) as (app, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        writer.write_eof()
        assert await rest_of(reader) == b""
        writer.close()
        assert held.asked == 0
        await until(lambda: app.metrics.active == 0)


@pytest.mark.parametrize("leaves", [True, False])
async def test_a_socket_of_the_same_machine(leaves: bool) -> None:
    held = Held()
    app = create_app(SUPERGRAPH, transport=held)
    async with app.lifespan():
        ours, _ = await Wire(app, fast=True).connect()
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(ours, WAYS["lane"])
        await until(lambda: held.asked == 1)
        if leaves:
            ours.close()
            await until(lambda: held.cancelled == 1)
            return
        ours.shutdown(socket.SHUT_WR)
        held.opened.set()
        got = bytearray()
        async with asyncio.timeout(10):
            while chunk := await loop.sock_recv(ours, 65536):
                got += chunk
        assert len(bodies(bytes(got))) == 1
        ours.close()


def test_on_the_loop_that_serve_runs_on() -> None:
    async def both() -> None:
        await test_who_sends_no_more_gets_the_answer_and_the_end("lane")
        await test_who_is_gone_is_not_worked_for("lane")

    uvloop.run(both())
