"""Clients of subscriptions over Server-Sent Events and WebSockets, for tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

TICKS = "subscription ($n: Int!, $p: Float! = 0) { ticks(count: $n, pause: $p) { number user { name } } }"
FEED = "subscription { feed { number user { name } } }"
SSE = {"accept": "text/event-stream"}


@asynccontextmanager
async def http_client() -> AsyncIterator[aiohttp.ClientSession]:
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        yield session
    async with asyncio.timeout(5):  # nothing that a test started may go on after it
        while {task for task in asyncio.all_tasks() - before if not task.done()} - {asyncio.current_task()}:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def sse(response: aiohttp.ClientResponse, *, with_ids: bool = False) -> AsyncIterator[tuple[str, Any]]:
    """Events by name; before an event that has an id, `id` and what it is, if that is wanted."""
    kind = ""
    async for line in response.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "id" and with_ids:
            yield name, value
        elif name == "data":
            yield kind, orjson.loads(value)
        elif name == "data:" and kind == "complete":
            yield kind, None


async def stream(http: aiohttp.ClientSession, url: str, query: str, **variables: Any) -> list[tuple[str, Any]]:
    body = {"query": query, "variables": variables}
    async with http.post(f"{url}/graphql", json=body, headers=SSE) as response:
        assert response.content_type == "text/event-stream", await response.text()
        return [event async for event in sse(response)]


class Socket:
    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def send(self, **message: Any) -> None:
        await self.ws.send_json(message)

    async def get(self) -> Any:
        frame = await self.ws.receive(5)
        assert frame.type is aiohttp.WSMsgType.TEXT, frame
        return orjson.loads(frame.data)

    async def init(self, **payload: Any) -> None:
        await self.send(type="connection_init", payload=payload)
        assert await self.get() == {"type": "connection_ack"}

    async def subscribe(self, id_: str, query: str, **variables: Any) -> None:
        await self.send(type="subscribe", id=id_, payload={"query": query, "variables": variables})

    async def all_of(self, id_: str) -> list[Any]:
        """What the operation sends until it is complete; nothing else may come."""
        found = []
        while True:
            message = await self.get()
            assert message["id"] == id_
            found.append((message["type"], message.get("payload")))
            if message["type"] != "next":
                return found

    async def closed(self) -> int | None:
        frame = await self.ws.receive(5)
        assert frame.type is aiohttp.WSMsgType.CLOSE, frame
        return frame.data


@asynccontextmanager
async def websocket(http: aiohttp.ClientSession, url: str, **options: Any) -> AsyncIterator[Socket]:
    options = {"protocols": ("graphql-transport-ws",), **options}
    async with http.ws_connect(f"{url.replace('http', 'ws')}/graphql", **options) as ws:
        yield Socket(ws)


def tick(number: int) -> Any:
    name = {0: "Ada", 1: "Ben"}.get(number % 3)
    return {"ticks": {"number": number, "user": {"name": name}}}


class Parts:
    """The parts of a multipart response as they arrive. The boundary that ends a part must come together with it.

    Args:
        boundary: with the line break and the dashes before it.
    """

    def __init__(self, response: aiohttp.ClientResponse, boundary: bytes) -> None:
        self.response = response
        self.boundary = boundary
        self.buffer = b""
        self.is_open = False

    def __aiter__(self) -> "Parts":
        return self

    async def __anext__(self) -> Any:
        if not self.is_open:
            assert await self._until_boundary() == b""
            self.is_open = True
        if self.buffer.startswith(b"--"):
            raise StopAsyncIteration
        part = await self._until_boundary()
        if part == b"--\r\n":
            raise StopAsyncIteration
        return orjson.loads(part.partition(b"\r\n\r\n")[2])

    async def _until_boundary(self) -> bytes:
        async with asyncio.timeout(5):
            while self.boundary not in self.buffer:
                chunk = await self.response.content.readany()
                self.buffer += chunk
                if not chunk:
                    found, self.buffer = self.buffer, b""
                    return found
        found, _, self.buffer = self.buffer.partition(self.boundary)
        return found
