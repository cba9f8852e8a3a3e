"""The HTTP transport against servers on real sockets that misbehave in every way that matters."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from router.errors import SubgraphError
from router.executor import AiohttpTransport, AsgiTransport, SubgraphClient, compile_plan
from router.hooks import SubgraphCall, SubgraphReply
from tests.executor.plans import SCHEMA, codes, context, field, obj, plan, root, sent

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Cache: MISS\r\nContent-Length: 16\r\n\r\n{"data":{"x":1}}'


@asynccontextmanager
async def server(handle: Handler) -> AsyncIterator[str]:
    """A TCP server on a free port; each connection is `handle`'s."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await handle(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/graphql"
    finally:
        listening.close()


async def request(reader: asyncio.StreamReader) -> bytes:
    """Read one request whole."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return head + await reader.readexactly(length)


def answering(*parts: bytes) -> Handler:
    """Answer the first request of each connection with these bytes and close."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()

    return handle


def a_call(url: str, operation_type: str = "query") -> SubgraphCall:
    return SubgraphCall(
        "a", url, {"content-type": "application/json"}, b'{"query":"{x}"}', operation_type, 0, context()
    )


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    async with AiohttpTransport(max_response_bytes=100_000) as started:
        yield started


async def test_request_and_reply(transport: AiohttpTransport) -> None:
    seen: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append(await request(reader))
            writer.write(OK)

    async with server(handle) as url:
        for _ in range(2):
            reply = await sent(transport, a_call(url), 5)
            assert reply == SubgraphReply(
                200,
                {"content-type": "application/json", "x-cache": "MISS", "content-length": "16"},
                b'{"data":{"x":1}}',
            )
    assert seen[0].startswith(b"POST /graphql HTTP/1.1\r\n")
    assert seen[0].endswith(b'\r\n\r\n{"query":"{x}"}')
    assert b"user-agent" not in seen[0].lower()
    assert len(seen) == 2


async def failure(transport: AiohttpTransport, url: str, timeout_s: float = 5, kind: str = "query") -> SubgraphError:
    with pytest.raises(SubgraphError) as raised:
        await sent(transport, a_call(url, kind), timeout_s)
    assert "127.0.0.1" not in raised.value.message
    assert raised.value.subgraph == "a"
    return raised.value


async def test_connection_refused(transport: AiohttpTransport) -> None:
    async with server(answering()) as url:
        pass
    error = await failure(transport, url)
    assert (error.code, error.message) == ("SUBREQUEST_HTTP_ERROR", "Subgraph 'a' could not be reached.")


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid/", "not a url", "ftp://127.0.0.1/", "http://127.0.0.1:1:2/"]
)
async def test_addresses_that_lead_nowhere(transport: AiohttpTransport, url: str) -> None:
    assert (await failure(transport, url)).code == "SUBREQUEST_HTTP_ERROR"


async def test_reset_in_the_middle_of_the_body(transport: AiohttpTransport) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(OK[:-5])
        await writer.drain()
        writer.transport.abort()

    async with server(handle) as url:
        assert (await failure(transport, url)).code == "SUBREQUEST_HTTP_ERROR"


@pytest.mark.parametrize(("kind", "attempts"), [("query", 2), ("mutation", 1)])
async def test_closed_without_an_answer(transport: AiohttpTransport, kind: str, attempts: int) -> None:
    connections = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(await request(reader))

    async with server(handle) as url:
        await failure(transport, url, kind=kind)
    assert len(connections) == attempts


async def test_a_query_survives_a_kept_connection_that_was_closed(transport: AiohttpTransport) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(OK)
        await request(reader)  # and closes without an answer, as if it had given up on the connection

    async with server(handle) as url:
        for _ in range(3):
            assert (await sent(transport, a_call(url), 5)).status == 200


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-", OK[:-5]])
async def test_slow_servers_time_out(transport: AiohttpTransport, start: bytes) -> None:
    ended = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(start)
        await reader.read()  # until the router hangs up
        ended.set()

    async with server(handle) as url:
        error = await failure(transport, url, timeout_s=0.1)
        assert (error.code, error.message) == ("SUBREQUEST_TIMEOUT", "Subgraph 'a' did not answer in time.")
        await asyncio.wait_for(ended.wait(), 5)


@pytest.mark.parametrize(
    "answer",
    [b"garbage\r\n\r\n", b"\x00\xff" * 100, b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000],
)
async def test_garbage_instead_of_http(transport: AiohttpTransport, answer: bytes) -> None:
    async with server(answering(answer)) as url:
        assert (await failure(transport, url)).code == "SUBREQUEST_HTTP_ERROR"


async def test_answers_that_are_too_large(transport: AiohttpTransport) -> None:
    announced = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"
    async with server(answering(announced)) as url:
        assert "too large" in (await failure(transport, url)).message
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(chunk)
            await writer.drain()
            sent += len(chunk)

    async with server(endless) as url:
        assert "too large" in (await failure(transport, url)).message
    assert sent < 20_000_000


async def test_any_status_is_a_reply_and_redirects_are_not_followed(transport: AiohttpTransport) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with server(answering(head)) as url:
        assert (await sent(transport, a_call(url), 5)).status == 302
    page = b"HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    async with server(answering(page)) as url:
        assert await sent(transport, a_call(url), 5) == SubgraphReply(
            500, {"content-type": "text/html", "content-length": "6"}, b"<html>"
        )


async def test_broken_answers_end_up_as_coded_errors_of_the_operation(transport: AiohttpTransport) -> None:
    compiled = compile_plan(plan(obj("Query", field("x", "Int")), root("a", "{ x }")), SCHEMA)
    for answer, code in (
        (OK, None),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 6\r\n\r\n<html>", "SUBREQUEST_HTTP_ERROR"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "SUBREQUEST_MALFORMED_RESPONSE"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "SUBREQUEST_HTTP_ERROR"),
    ):
        async with server(answering(answer)) as url:
            response = await compiled.execute({}, context(), SubgraphClient({"a": url}, transport))
        assert response["data"] == {"x": 1 if code is None else None}
        assert codes(response) == ([] if code is None else [code])


async def test_cancelling_closes_the_connection(transport: AiohttpTransport) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        started.set()
        await reader.read()
        ended.set()

    async with server(handle) as url:
        sending = asyncio.ensure_future(sent(transport, a_call(url), 60))
        await started.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await asyncio.wait_for(ended.wait(), 5)


async def test_connections_are_limited() -> None:
    open_now = most = 0

    async def handle(_: web.Request) -> web.Response:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.01)
        open_now -= 1
        return web.json_response({"data": {}})

    app = web.Application()
    app.router.add_post("/graphql", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"
        async with AiohttpTransport(connections_per_subgraph=3) as limited:
            await asyncio.gather(*(sent(limited, a_call(url), 5) for _ in range(12)))
    finally:
        await runner.cleanup()
    assert most == 3


async def test_a_transport_that_is_not_started_says_so() -> None:
    with pytest.raises(SubgraphError, match="could not be asked") as failed:
        await sent(AiohttpTransport(), a_call("http://127.0.0.1:9/"), 1)
    assert isinstance(failed.value.__cause__, RuntimeError)


async def test_in_process_applications() -> None:
    async def app(scope: object, receive: object, send: Callable[[dict[str, object]], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-A", b"1")]})
        await send({"type": "http.response.body", "body": b"x" * 50, "more_body": True})
        await send({"type": "http.response.body", "body": b"y" * 50})

    async def silent(scope: object, receive: object, send: object) -> None: ...

    async def failing(scope: object, receive: object, send: object) -> None:
        raise ZeroDivisionError

    reply = await sent(AsgiTransport({"a": app}), a_call("http://a/graphql"), 1)
    assert (reply.status, reply.headers, len(reply.body)) == (200, {"x-a": "1"}, 100)
    for broken in (
        AsgiTransport({"a": app}, max_response_bytes=60),
        AsgiTransport({"a": silent}),
        AsgiTransport({"a": failing}),
        AsgiTransport({}),
    ):
        with pytest.raises(SubgraphError):
            await sent(broken, a_call("http://a/graphql"), 1)
