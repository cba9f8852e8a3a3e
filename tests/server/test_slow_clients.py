"""Clients that take their time to say what they want, over connections as `serve` makes them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn

from router.server.app import create_app
from router.server.config import RouterConfig
from router.server.serving import server_settings
from tests.server.shop import SUPERGRAPH, ShopTransport
from tests.server.wire import request

BODY = b'{"query": "{ products { id } }"}'
ASKING = request(BODY)
GET = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"


@asynccontextmanager
async def connections(**limits: float) -> AsyncIterator[int]:
    """Serve with these limits; yields the port."""
    config = RouterConfig.model_validate({"limits": limits})
    app = create_app(SUPERGRAPH, transport=ShopTransport(), config=config)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(server_settings(app, app, None, shutdown_s=1))
    serving = asyncio.create_task(server._serve([listener]))
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


async def all_of(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        return await reader.read()


@pytest.mark.parametrize(
    "begun", [b"POST /graphql HTTP/1.1\r\nhost: x", b"G", GET[:-2], ASKING + ASKING[:40], GET + b"GE"]
)
async def test_a_head_must_come_in_time(begun: bytes) -> None:
    async with connections(head_timeout_s=0.1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        got = await all_of(reader)
        writer.close()
    answers = got.split(b"HTTP/1.1 ")[1:]
    head, _, body = answers.pop().partition(b"\r\n\r\n")
    assert head.startswith(b"408 Request Timeout\r\n")
    assert b"\r\nconnection: close" in head
    assert b"content-length: %d" % len(body) in head
    error = json.loads(body)["errors"][0]
    assert error == {
        "message": "The request's head did not come within 0.1 seconds.",
        "extensions": {"code": "REQUEST_TIMEOUT"},
    }
    assert [answer[:3] for answer in answers] == ([b"200"] if b"\r\n\r\n" in begun else []), (
        "what was whole is answered"
    )


async def test_dripping_does_not_help() -> None:
    async with connections(head_timeout_s=0.2) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /graphql HTTP/1.1\r\n")
        dripping = asyncio.create_task(drip(writer))
        assert (await all_of(reader)).startswith(b"HTTP/1.1 408")
        dripping.cancel()
        writer.close()


async def drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x-a: b\r\n")
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("begun", [b"P", b"PRI * HTTP/2.0\r\n"])
async def test_what_may_be_http2_must_show_in_time(begun: bytes) -> None:
    async with connections(head_timeout_s=0.1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        assert await all_of(reader) == b"", "nobody knows which HTTP to answer in"
        writer.close()


@pytest.mark.parametrize("before", [b"", ASKING, GET])
async def test_a_connection_without_requests_is_closed(before: bytes) -> None:
    async with connections(keep_alive_s=1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(before)
        got = await all_of(reader)
        writer.close()
    assert got.count(b"HTTP/1.1 200 OK") == bool(before)


@pytest.mark.parametrize("asking", [ASKING, GET])
async def test_time_between_requests_and_pieces_in_time_do_not_count(asking: bytes) -> None:
    async with connections(head_timeout_s=0.3) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            for piece in (asking[:20], asking[20:]):
                writer.write(piece)
                await asyncio.sleep(0.15)
            async with asyncio.timeout(5):
                assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        writer.close()


async def test_who_begins_the_next_request_early_still_gets_the_answer() -> None:
    async with connections(head_timeout_s=0.05) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        slow = b'{"query": "{ slow(seconds: 0.3) }"}'
        writer.write(request(slow, "accept: text/event-stream, application/json") + b"POST /gra")
        got = await all_of(reader)
        writer.close()
    assert got.index(b"HTTP/1.1 200") < got.index(b'{"data":{"slow":1}}') < got.index(b"HTTP/1.1 408")


@pytest.mark.parametrize("lines", [[], ["accept: text/event-stream, application/json"]], ids=["lane", "ASGI"])
async def test_a_body_must_come_in_time(lines: list[str]) -> None:
    async with connections(body_timeout_s=0.1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(BODY, *lines)[:-3])
        got = await all_of(reader)
        writer.close()
    assert got.startswith(b"HTTP/1.1 408")
    assert b'"The body took too long."' in got
