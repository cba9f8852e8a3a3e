"""Servers on real sockets that do just what a test says, and calls to them."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from router.errors import SubgraphError
from router.executor import OnReply, Pending
from router.hooks import RequestContext, SubgraphCall, SubgraphReply

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Sending(Protocol):
    """The part of a transport that is tested here."""

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request."""


BODY = b'{"data":{"x":1}}'
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Cache: MISS\r\nContent-Length: 16\r\n\r\n" + BODY


@asynccontextmanager
async def server(handle: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A TCP server on a free port; each connection is `handle`'s, and is closed after it."""
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handle(reader, writer)
        finally:
            connections.discard(task)
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    try:
        yield f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/graphql"
    finally:
        listening.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


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


class Keeping:
    """A server that answers every request of a connection with the same bytes; counts both."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self.connections = 0
        self.requests: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            self.requests.append(await request(reader))
            writer.write(self.answer)


def a_call(
    url: str, operation_type: str = "query", *, body: bytes = b'{"query":"{x}"}', headers: dict[str, str] | None = None
) -> SubgraphCall:
    headers = {"content-type": "application/json"} if headers is None else headers
    return SubgraphCall("a", url, headers, body, operation_type, (0,), RequestContext("r", "POST", "/graphql", {}))


async def outcome(transport: Sending, call: SubgraphCall, timeout_s: float = 5) -> SubgraphReply | SubgraphError:
    """What the call ends with; that it ends with it once, and not before `send` has returned, is asserted."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[SubgraphReply | SubgraphError] = loop.create_future()
    has_returned = False

    def on_reply(reply: SubgraphReply | SubgraphError) -> None:
        assert has_returned
        ended.set_result(reply)  # raises if it is called again

    pending = transport.send(call, loop.time() + timeout_s, on_reply)
    has_returned = True
    try:
        return await ended
    except asyncio.CancelledError:
        pending.cancel()
        raise


async def reply(transport: Sending, call: SubgraphCall, timeout_s: float = 5) -> SubgraphReply:
    result = await outcome(transport, call, timeout_s)
    assert isinstance(result, SubgraphReply), result.__cause__ or result
    return result


async def failure(transport: Sending, call: SubgraphCall, timeout_s: float = 5) -> SubgraphError:
    result = await outcome(transport, call, timeout_s)
    assert isinstance(result, SubgraphError)
    assert result.subgraph == "a"
    assert "127.0.0.1" not in result.message
    return result
