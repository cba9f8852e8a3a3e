"""Between a caller and the stand-in: sees every request, and spoils some."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

EXPIRED = {
    "data": {"products": None},
    "errors": [
        {
            "message": "Signature has expired",
            "path": ["products"],
            "extensions": {"exception": {"code": "ExpiredSignatureError", "stacktrace": ["File jwt.py, line 1"]}},
        }
    ],
    "extensions": {"cost": {"requestedQueryCost": 1, "maximumAvailable": 50000}},
}


@dataclass
class Seen:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Fault:
    """What happens to a request in the stand-in's place; `only`, to the first that it holds for.

    Attributes:
        delay_s: it is answered so much later.
        reset: the connection is reset: before anything is sent (0), or after so many bytes of the answer.
        status, body: what is answered; None: what the stand-in answers.
        only: whether the fault is for this request.
    """

    delay_s: float = 0
    reset: int | None = None
    status: int = 200
    body: Any = None
    only: Callable[[Seen], bool] = lambda _: True


@dataclass
class Proxy:
    """What it has seen, and the faults to come, each for one request."""

    client: httpx.AsyncClient
    seen: list[Seen] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    url: str = ""
    open_now: int = 0
    open_at_most: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name
                }
                content = await reader.readexactly(int(headers.get("content-length", 0)))
                seen = Seen(head[0].split()[1], headers, json.loads(content))
                self.open_now += 1
                self.open_at_most = max(self.open_at_most, self.open_now)
                try:
                    if not await self.answer(seen, content, writer):
                        return
                finally:
                    self.open_now -= 1
        writer.close()

    async def answer(self, seen: Seen, content: bytes, writer: asyncio.StreamWriter) -> bool:
        """False if the connection is over."""
        self.seen.append(seen)
        fault = next((fault for fault in self.faults if fault.only(seen)), None)
        if fault is not None:
            self.faults.remove(fault)
        else:
            fault = Fault()
        await asyncio.sleep(fault.delay_s)
        status, body = fault.status, fault.body
        if body is None and fault.reset != 0:
            reply = await self.client.post(seen.path, content=content, headers=seen.headers)
            status, body = reply.status_code, reply.content
        if not isinstance(body, bytes):
            body = (body if isinstance(body, str) else json.dumps(body)).encode()
        kind = "application/json" if body[:1] in b"{[" else "text/html"
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
        whole = head.encode() + body
        if fault.reset is not None:
            writer.write(whole[: fault.reset])
            await writer.drain()
            writer.transport.abort()
            return False
        writer.write(whole)
        await writer.drain()
        return True


@asynccontextmanager
async def standing_before(client: httpx.AsyncClient) -> AsyncIterator[Proxy]:
    """A proxy before the application of a client."""
    proxy = Proxy(client)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
