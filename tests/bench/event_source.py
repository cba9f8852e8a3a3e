"""Two subgraphs in one small server: `events` pushes events as Server-Sent Events, `users` answers for their entity."""

import asyncio
import socket
import time

__all__ = ["SDL_OF", "EventSource", "free_port"]

_LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])\n'
SDL_OF = {
    "events": _LINK
    + """
        type Query { ready: Boolean }
        type Subscription { feed: Tick }
        type Tick { number: Float user: User }
        type User @key(fields: "id", resolvable: false) { id: ID! }
    """,
    "users": _LINK + 'type User @key(fields: "id") { id: ID! name: String } type Query { user: User }',
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


class EventSource:
    """The server; it knows who has subscribed."""

    def __init__(self) -> None:
        self._streams: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._streams:
            writer.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def subscribed(self, count: int) -> None:
        """Wait until so many streams are open."""
        async with asyncio.timeout(120):
            while len(self._streams) != count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def quiet(self) -> None:
        """Wait until no stream is open."""
        await self.subscribed(0)

    async def push(self) -> None:
        """Send an event to everybody: when it was sent."""
        number = int(time.monotonic() * 1e3)
        data = b'{"data":{"feed":{"__typename":"Tick","number":%d,"user":{"__typename":"User","id":"1"}}}}' % number
        event = b"event: next\ndata: " + data + b"\n\n"
        chunk = b"%x\r\n" % len(event) + event + b"\r\n"
        for number, writer in enumerate(list(self._streams)):
            writer.write(chunk)
            if number % 100 == 99:
                await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).lower():
                length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                if b"text/event-stream" not in head:
                    body = b'{"data":{"_entities":[{"__typename":"User","name":"Ada"}]}}'
                    writer.write(
                        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
                        + body
                    )
                    continue
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                )
                self._streams.add(writer)
                await reader.read()
                return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            self._streams.discard(writer)
            writer.close()
