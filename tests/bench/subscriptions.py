"""What subscriptions cost a router: memory when idle, CPU time per event when active.

    python -m tests.bench.subscriptions --idle 5000 --active 1000 --seconds 10

The router runs as `python -m router serve` in a process of its own, the subgraph in another; the clients are here. Each
subscription has its own event, which leads to an entity fetch from another subgraph with `--entity`. Prints a table.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from router import Composed, Subgraph, compose
from tests.bench.event_source import SDL_OF, EventSource, free_port

SHAPES = ("sse", "sse-shared", "websocket", "websocket-shared")
PLAIN = "subscription { feed { number } }"
ENTITY = "subscription { feed { number user { name } } }"
OPERATIONS_PER_SOCKET = 100


@dataclass(frozen=True)
class Result:
    """What was measured.

    Attributes:
        idle_bytes: of the router's resident memory, for each subscription that waits.
        cpu_us: CPU time of the router for each event that a client got.
        late_ms: from the event's sending to its arrival, median and the 99th percentile.
    """

    shape: str
    idle: int
    idle_bytes: float
    active: int
    events: int
    cpu_us: float
    late_ms: tuple[float, float]


class Client:
    """One connection with one subscription or, over a WebSocket, several; counts events and how late they are."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def sse(self, port: int, query: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
        body = json.dumps({"query": query}).encode()
        head = (
            "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: text/event-stream\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        status = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in status.split(b"\r\n")[0], status
        self.writers.append(writer)
        self.tasks.append(asyncio.create_task(self._read(reader)))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            self._take(line)

    async def websocket(self, port: int, query: str, operations: int) -> None:
        """Frames by hand: a library's own costs would be this process's, and there are thousands."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65536)
        writer.write(
            b"GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n"
            b"sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
        )
        status = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in status.split(b"\r\n")[0], status
        writer.write(_frame({"type": "connection_init"}))
        for number in range(operations):
            writer.write(_frame({"type": "subscribe", "id": str(number), "payload": {"query": query}}))
        self.writers.append(writer)
        self.tasks.append(asyncio.create_task(self._read_frames(reader, writer)))

    async def _read_frames(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                _, length = await reader.readexactly(2)
                if length == 126:
                    length = int.from_bytes(await reader.readexactly(2), "big")
                data = await reader.readexactly(length)
                if data == b'{"type":"ping"}':
                    writer.write(_frame({"type": "pong"}))
                self._take(data)
        except asyncio.IncompleteReadError:
            pass

    def _take(self, data: bytes) -> None:
        found = data.find(b'"number":')
        if found >= 0:
            sent = int(data[found + 9 :].partition(b"}")[0].partition(b",")[0])
            self.arrived.append(time.monotonic() * 1e3 - sent)


def _frame(message: object) -> bytes:
    data = json.dumps(message).encode()
    length = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xFE]) + len(data).to_bytes(2, "big")
    return b"\x81" + length + b"\0\0\0\0" + data


@contextmanager
def router_running(folder: Path, source_port: int, shape: str, most: int) -> Iterator[tuple[psutil.Process, int]]:
    composed = compose(
        [Subgraph(name, sdl=sdl, url=f"http://127.0.0.1:{source_port}/{name}") for name, sdl in SDL_OF.items()]
    )
    assert isinstance(composed, Composed), composed.errors
    supergraph, config = folder / "supergraph.graphql", folder / "router.json"
    supergraph.write_text(composed.supergraph_sdl)
    config.write_text(
        json.dumps(
            {
                "subgraphs": {"events": {"subscription": {"protocol": "graphql-sse"}}},
                "subscriptions": {"max_open": most, "sharing": {"enabled": shape.endswith("-shared")}},
            }
        )
    )
    port = free_port()
    command = [sys.executable, "-m", "router", "serve", "--supergraph", str(supergraph), "--config", str(config)]
    log = (folder / f"{shape}.log").open("wb")
    process = subprocess.Popen([*command, "--port", str(port), "--log-level", "warning"], stdout=log, stderr=log)
    try:
        yield psutil.Process(process.pid), port
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


async def answering(port: int) -> None:
    """Wait until the router answers."""
    async with asyncio.timeout(120):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def opened(port: int, shape: str, count: int, query: str) -> list[Client]:
    clients = []
    if shape.startswith("sse"):
        for start in range(0, count, 50):
            batch = [Client() for _ in range(min(50, count - start))]
            await asyncio.gather(*(client.sse(port, query) for client in batch))
            clients += batch
        return clients
    for start in range(0, count, OPERATIONS_PER_SOCKET):
        client = Client()
        await client.websocket(port, query, min(OPERATIONS_PER_SOCKET, count - start))
        clients.append(client)
    return clients


async def measured(shape: str, idle: int, active: int, seconds: float, *, entity: bool) -> Result:
    """Run one shape: first all that are idle; then of these some are left, and get an event a second each."""
    source = EventSource()
    query = ENTITY if entity else PLAIN
    with tempfile.TemporaryDirectory() as folder:
        source_port = await source.start()
        with router_running(Path(folder), source_port, shape, idle + active + 10) as (process, port):
            await answering(port)
            for client in await opened(port, shape, 20, query):  # warm: the plan is there
                await _close([client])
            await source.quiet()
            before = process.memory_info().rss
            clients = await opened(port, shape, idle, query)
            await source.subscribed(1 if shape.endswith("-shared") else idle)
            await asyncio.sleep(2)
            idle_bytes = (process.memory_info().rss - before) / idle
            await _close(clients)
            await source.quiet()
            clients = await opened(port, shape, active, query)
            await source.subscribed(1 if shape.endswith("-shared") else active)
            await _all_listen(source, clients, active)
            spent = process.cpu_times()
            until = time.monotonic() + seconds
            sent = 0
            while time.monotonic() < until:
                sent += 1
                started = time.monotonic()
                await source.push()
                await asyncio.sleep(max(0.0, 1 - (time.monotonic() - started)))
            async with asyncio.timeout(60):
                while sum(len(client.arrived) for client in clients) < sent * active:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            now = process.cpu_times()
            cpu = now.user + now.system - spent.user - spent.system
            late = sorted(each for client in clients for each in client.arrived)
            await _close(clients)
        await source.close()
    assert len(late) == sent * active, "an event was lost, or came twice"
    quantiles = (late[len(late) // 2], late[len(late) * 99 // 100])
    return Result(shape, idle, idle_bytes, active, len(late), cpu / len(late) * 1e6, quantiles)


async def _all_listen(source: EventSource, clients: list[Client], active: int) -> None:
    """Send events until one has come to every subscription: who shares a stream gets none from before it joined."""
    async with asyncio.timeout(120):
        while True:
            for client in clients:
                client.arrived.clear()
            await source.push()
            for _ in range(100):
                await asyncio.sleep(0.05)
                if sum(len(client.arrived) for client in clients) == active:
                    for client in clients:
                        client.arrived.clear()
                    return


async def _close(clients: list[Client]) -> None:
    tasks = [task for client in clients for task in client.tasks]
    for task in tasks:
        task.cancel()
    for client in clients:
        for writer in client.writers:
            writer.close()
    await asyncio.gather(*tasks, return_exceptions=True)


def table(results: list[Result]) -> str:
    lines = [
        "| clients and subgraph | idle | kB each | active | events | CPU µs per event | late: median, p99 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.shape} | {r.idle} | {r.idle_bytes / 1000:.1f} | {r.active} | {r.events} | {r.cpu_us:.0f} "
        f"| {r.late_ms[0]:.0f}, {r.late_ms[1]:.0f} |"
        for r in results
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.subscriptions", description=__doc__)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--active", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--entity", action="store_true", help="each event leads to a fetch from another subgraph")
    parser.add_argument("shapes", nargs="*", default=SHAPES)
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.nice(10)
    results = [
        asyncio.run(measured(shape, options.idle, options.active, options.seconds, entity=options.entity))
        for shape in options.shapes
    ]
    print(table(results))


if __name__ == "__main__":
    main()
