"""A server that speaks HTTP/1.1 and HTTP/2 on one port, and a client that sends whatever frames a test wants."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import h2.config
import h2.connection
import h2.events
import uvicorn
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from router.server.http2 import Http2Limits
from router.server.http_versions import negotiating


async def until(is_so: Callable[[], object]) -> None:
    """Wait for what no event tells; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(
    app: Any,
    *,
    tls: ssl.SSLContext | None = None,
    limits: Http2Limits | None = None,
    http1: type[asyncio.Protocol] = HttpToolsProtocol,
    **settings: Any,
) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    """Run it in this loop; yields the URL of its root, and the server."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = uvicorn.Config(
        app,
        http=negotiating(http1, limits),
        ws="wsproto",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        **{"timeout_graceful_shutdown": 1, **settings},
    )
    config.load()
    config.ssl = tls
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))
    await until(lambda: server.started)
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{port}", server
    finally:
        server.should_exit = True
        await task


class Echo:
    """Answers with what was asked; paths choose how. Remembers scopes, and who left."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.left = 0
        self.running = self.most = 0
        self.leave = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await getattr(self, scope["path"].strip("/") or "echo")(scope, receive, send)
        finally:
            self.running -= 1

    async def body(self, receive: Receive) -> bytes:
        body = b""
        while True:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                raise ConnectionError
            body += message["body"]
            if not message["more_body"]:
                return body

    async def answer(self, send: Send, body: bytes, status: int = 200) -> None:
        headers = [(b"Content-Length", b"%d" % len(body)), (b"connection", b"keep-alive")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.answer(send, await self.body(receive))

    async def slow(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.body(receive)
        await self.leave.wait()
        await self.answer(send, b"done")

    async def watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.body(receive)
        assert (await receive())["type"] == "http.disconnect"
        self.left += 1
        self.leave.set()

    async def unread(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.answer(send, b"no thanks", 413)

    async def parts(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for n in range(3):
            await send({"type": "http.response.body", "body": b"%d\n" % n, "more_body": True})
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": b""})

    async def large(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.answer(send, bytes(1_000_000))

    async def broken(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    async def half(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ZeroDivisionError

    async def nothing(self, scope: Scope, receive: Receive, send: Send) -> None:
        pass


class Frames:
    """A client that sends just the frames that a test wants, and collects what comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=True,
                header_encoding=None,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self.events: list[h2.events.Event] = []
        self.is_closed = False

    def flush(self) -> None:
        self.writer.write(self.h2.data_to_send())

    def raw(self, data: bytes) -> None:
        self.flush()
        self.writer.write(data)

    def ask(self, path: str = "/", body: bytes | None = None, *, method: str = "POST", **more: str) -> int:
        number = self.h2.get_next_available_stream_id()
        headers = [(":method", method), (":scheme", "http"), (":authority", "a.test"), (":path", path), *more.items()]
        self.h2.send_headers(number, headers, end_stream=body is None)
        if body is not None:
            self.h2.send_data(number, body, end_stream=True)
        self.flush()
        return number

    async def until(self, kind: type[h2.events.Event], number: int | None = None) -> Any:
        """Wait for an event of the kind, of a stream if one is given; what came once is not found again."""
        async with asyncio.timeout(10):
            while True:
                for place, event in enumerate(self.events):
                    if isinstance(event, kind) and (number is None or getattr(event, "stream_id", None) == number):
                        del self.events[place]
                        return event
                data = await self.reader.read(65_536)
                if not data:
                    self.is_closed = True
                    raise EOFError
                self.events += self.h2.receive_data(data)
                self.flush()

    async def closed(self) -> h2.events.ConnectionTerminated | None:
        """Wait for the end; returns the last GOAWAY."""
        try:
            while True:
                await self.until(h2.events.StreamEnded, -1)
        except EOFError:
            pass
        except ConnectionError:
            pass
        ends = [event for event in self.events if isinstance(event, h2.events.ConnectionTerminated)]
        return ends[-1] if ends else None


@asynccontextmanager
async def frames(url: str, *, window: int | None = None) -> AsyncIterator[Frames]:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    client = Frames(reader, writer)
    if window is not None:
        client.h2.local_settings[h2.settings.SettingCodes.INITIAL_WINDOW_SIZE] = window
        client.h2.local_settings.acknowledge()
    client.h2.initiate_connection()
    client.flush()
    try:
        yield client
    finally:
        writer.close()
