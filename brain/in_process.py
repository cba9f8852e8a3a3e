"""Requests to an ASGI application in the same process: the way in which pages and REST reach the graph.

They pass through all that a client's request passes through: who calls, limits, the log.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Scope

__all__ = ["Exchange", "graphql_scope"]

Headers = Iterable[tuple[bytes, bytes]]


class Exchange:
    """One request to the application, whose response is read while it is made.

    Attributes:
        status, headers: of the response, once its first chunk is there; names in lower case.
    """

    def __init__(self, app: ASGIApp, scope: Scope, body: bytes) -> None:
        self._app = app
        self._scope = scope
        self._body: bytes | None = body
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue(16)
        self._gone = asyncio.Event()
        self.status = 500
        self.headers: dict[str, str] = {}

    async def chunks(self) -> AsyncIterator[bytes]:
        """The response's body as it comes. Closing it ends the request."""
        task = asyncio.create_task(self._run())
        try:
            while (chunk := await self._chunks.get()) is not None:
                yield chunk
        finally:
            self._gone.set()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def content(self) -> bytes:
        """The whole body."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
        finally:
            if not self._gone.is_set():
                await self._chunks.put(None)

    async def _receive(self) -> Message:
        body, self._body = self._body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body" and message.get("body"):
            await self._chunks.put(message["body"])


def graphql_scope(request: Request, headers: Headers) -> Scope:
    """The scope of a `POST /graphql` that comes from where `request` came from.

    Args:
        headers: all that it has.
    """
    return {
        **{name: request.scope.get(name) for name in ("type", "asgi", "http_version", "scheme", "client", "server")},
        "method": "POST",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": list(headers),
        "state": dict(request.scope.get("state") or {}),
    }
