"""Subgraphs in this process, called as ASGI applications."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import replace
from typing import Any

from router.errors import SubgraphError
from router.executor.sse_streams import EVENT_STREAM, ServerSentEvents
from router.executor.transport import CoroutineTransport, timed_out, too_large
from router.hooks import SubgraphCall, SubgraphReply

__all__ = ["AsgiTransport"]

_Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]],
    Awaitable[None],
]


class AsgiTransport(CoroutineTransport):
    """Calls ASGI applications in this process, without sockets; for tests and for embedding.

    Args:
        apps: application of each subgraph. Their lifespan is the caller's business.
        max_response_bytes: an answer that is larger fails.
    """

    def __init__(self, apps: Mapping[str, AsgiApp], *, max_response_bytes: int = 32 * 1024 * 1024) -> None:
        self._apps = dict(apps)
        self._max_response_bytes = max_response_bytes

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to release."""

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        """Call the application; see `CoroutineTransport.exchange`."""
        messages = _messages(call)
        status = 0
        headers: dict[str, str] = {}
        body = bytearray()

        async def receive() -> _Message:
            return await anext(messages, {"type": "http.disconnect"})

        async def send(message: _Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.update((k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in message["headers"])
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if len(body) > self._max_response_bytes:
                    raise too_large(call.subgraph, status)

        app = self._app(call.subgraph)
        try:
            await app(_scope(call), receive, send)
        except SubgraphError:
            raise
        except Exception as error:
            raise SubgraphError(f"Subgraph '{call.subgraph}' failed.", subgraph=call.subgraph) from error
        if not status:
            raise SubgraphError(f"Subgraph '{call.subgraph}' did not answer.", subgraph=call.subgraph)
        return SubgraphReply(status, headers, bytes(body))

    def _app(self, subgraph: str) -> AsgiApp:
        app = self._apps.get(subgraph)
        if app is None:
            raise SubgraphError(f"Subgraph '{subgraph}' could not be reached.", subgraph=subgraph)
        return app

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Open a subscription over Server-Sent Events, whatever the URL says; see `Transport.subscribe`."""
        exchange = _StreamingExchange(self._app(call.subgraph), call)
        try:
            async with asyncio.timeout(timeout_s):
                status, headers = await exchange.started
                if headers.get("content-type", "").partition(";")[0] == EVENT_STREAM:
                    events = ServerSentEvents(exchange.read, exchange.close, call.subgraph, self._max_response_bytes)
                    return SubgraphReply(status, headers, b"", events)
                body = b""
                while len(body) <= self._max_response_bytes and (chunk := await exchange.read()):
                    body += chunk
        except TimeoutError as error:
            await exchange.close()
            raise timed_out(call.subgraph) from error
        except BaseException:
            await exchange.close()
            raise
        await exchange.close()
        if len(body) > self._max_response_bytes:
            raise too_large(call.subgraph, status)
        return SubgraphReply(status, headers, body)


class _StreamingExchange:
    """One request whose answer is read while the application is still at work.

    A few chunks wait at most: the application waits for who reads.

    Attributes:
        started: status and headers; SubgraphError if the application ends before.
    """

    def __init__(self, app: AsgiApp, call: SubgraphCall) -> None:
        self.started: asyncio.Future[tuple[int, dict[str, str]]] = asyncio.get_running_loop().create_future()
        self._subgraph = call.subgraph
        self._request: list[_Message] = [{"type": "http.request", "body": call.body, "more_body": False}]
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue(4)
        self._gone = asyncio.Event()
        scope = _scope(replace(call, headers={**call.headers, "accept": EVENT_STREAM}))
        self._task = asyncio.ensure_future(app(scope, self._receive, self._send))
        self._task.add_done_callback(self._ended)

    async def read(self) -> bytes:
        """The next bytes; empty at the end."""
        getting = asyncio.ensure_future(self._chunks.get())
        try:
            await asyncio.wait({getting, self._task}, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
            return b"" if self._chunks.empty() else self._chunks.get_nowait()
        finally:
            getting.cancel()

    async def close(self) -> None:
        """End the application's work."""
        self._gone.set()
        self._task.cancel()
        await asyncio.wait({self._task})

    def _ended(self, task: "asyncio.Future[None]") -> None:
        if not task.cancelled():
            task.exception()  # the subgraph's own business; the stream's end is all that is seen of it
        if not self.started.done():
            message = f"Subgraph '{self._subgraph}' failed."
            self.started.set_exception(SubgraphError(message, subgraph=self._subgraph))
            self.started.exception()  # perhaps nobody waits any more

    async def _receive(self) -> _Message:
        if self._request:
            return self._request.pop()
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: _Message) -> None:
        if message["type"] == "http.response.start":
            headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in message["headers"]}
            self.started.set_result((message["status"], headers))
        elif message.get("body"):
            await self._chunks.put(message["body"])


async def _messages(call: SubgraphCall) -> AsyncGenerator[_Message]:
    """The request's body, as the application receives it."""
    if call.stream is None:
        yield {"type": "http.request", "body": call.body, "more_body": False}
        return
    async for chunk in call.stream.chunks(call.body):
        yield {"type": "http.request", "body": chunk, "more_body": True}
    yield {"type": "http.request", "body": b"", "more_body": False}


def _scope(call: SubgraphCall) -> MutableMapping[str, Any]:
    length = [(b"content-length", b"%d" % len(call.body))]
    headers = call.headers
    if call.stream is not None:
        length, headers = [], {**headers, "content-type": call.stream.content_type}
    path = "/" + call.url.partition("://")[2].partition("/")[2].partition("?")[0]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": call.url.partition("?")[2].encode(),
        "headers": [
            (b"host", b"localhost"),
            *length,
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()),
        ],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }
