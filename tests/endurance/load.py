"""What clients do to the router in an endurance run: each function is one kind of client, until it is cancelled."""

import asyncio
import json
import random
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.endurance.target import Target

__all__ = ["CLIENTS", "SETTINGS", "Load"]

PAGE = "https://shop.example"
SETTINGS = f"""
cors: {{allow_origins: ["{PAGE}"]}}
limits: {{head_timeout_s: 3, cost: {{max: 1000000}}}}
"""
"""Of the router, for what these clients do."""

QUERIES: dict[str, Any] = {
    '{ a: user(id: "0") { id name } b: user(id: "1") { name } }': {
        "data": {"a": {"id": "0", "name": "Ada"}, "b": {"name": "Ben"}}
    },
    "query Who($id: ID!) { user(id: $id) { __typename name } }": {
        "data": {"user": {"__typename": "User", "name": "Ben"}}
    },
    "{ __schema { queryType { name } } }": {"data": {"__schema": {"queryType": {"name": "Query"}}}},
}
TICKS = "subscription Ticks { ticks(count: 4, pause: 0.01) { number user { name } } }"
TICK_NAMES = ["Ada", "Ben", None, "Ada"]
PATIENCE_S = 90
"""Of clients: a machine may be busy with other things, too."""
TIMEOUT = aiohttp.ClientTimeout(total=PATIENCE_S)


@dataclass
class Load:
    """What was done, and what went wrong.

    Attributes:
        done: how often each kind of client did what it does.
        faults: the first of each kind, in words; a fault ends nothing.
    """

    target: Target
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def expect(self, kind: str, found: Any, wanted: Any) -> None:
        self.done[kind] += 1
        if found != wanted and len(self.faults) < 20:
            self.faults.append(f"{kind}: {found!r} instead of {wanted!r}"[:1000])

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A raw connection, cut off at the end of the block."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.target.port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


def post(query: str, variables: dict[str, Any] | None = None) -> bytes:
    body = json.dumps({"query": query, "variables": variables}).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def queries(load: Load) -> None:
    chance = random.Random(load.seed)
    async with aiohttp.ClientSession(load.target.url, timeout=TIMEOUT) as session:
        while True:
            query = chance.choice(list(QUERIES))
            variables = {"id": "1"} if "$id" in query else {}
            async with session.post("/graphql", json={"query": query, "variables": variables}) as answer:
                load.expect("query", await answer.json(), QUERIES[query])


async def pages(load: Load) -> None:
    """Queries of a web page, of another one, and with an offer to change the protocol."""
    (query, wanted), *_ = QUERIES.items()
    offer = {"connection": "upgrade", "upgrade": "h2c"}
    async with aiohttp.ClientSession(load.target.url, timeout=TIMEOUT) as session:
        while True:
            for origin, more in ((PAGE, {}), ("https://evil.example", {}), (PAGE, offer)):
                headers = {"origin": origin, **more}
                async with session.post("/graphql", json={"query": query}, headers=headers) as answer:
                    load.expect("page", await answer.json(), wanted)
                    allowed = answer.headers.get("access-control-allow-origin")
                    load.expect("page's headers", allowed, PAGE if origin == PAGE else None)


async def cold_queries(load: Load) -> None:
    """Texts that were never seen: each has to be planned."""
    chance = random.Random(load.seed)
    async with aiohttp.ClientSession(load.target.url, timeout=TIMEOUT) as session:
        while True:
            key = f"k{chance.getrandbits(60)}"
            async with session.post("/graphql", json={"query": f'{{ {key}: user(id: "0") {{ name }} }}'}) as answer:
                load.expect("cold query", await answer.json(), {"data": {key: {"name": "Ada"}}})
            await asyncio.sleep(0.02)


async def mutations(load: Load) -> None:
    async with aiohttp.ClientSession(load.target.url, timeout=TIMEOUT) as session:
        while True:
            async with session.post("/graphql", json={"query": "mutation { work(seconds: 0) }"}) as answer:
                load.expect("mutation", (await answer.json()).get("errors"), None)
            await asyncio.sleep(0.005)


async def event_streams(load: Load) -> None:
    headers = {"accept": "text/event-stream"}
    async with aiohttp.ClientSession(load.target.url, timeout=TIMEOUT) as session:
        while True:
            async with session.post("/graphql", json={"query": TICKS}, headers=headers) as answer:
                text = await answer.text()
            events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
            found = [event["data"]["ticks"]["user"]["name"] for event in events if event.get("data")]
            load.expect("event stream", found, TICK_NAMES)


async def reserved_streams(load: Load) -> None:
    """Several operations that answer in one stream, which is left open at the end of each turn."""
    async with aiohttp.ClientSession(load.target.url, timeout=TIMEOUT) as session:
        while True:
            async with session.put("/graphql") as answer:
                headers = {"x-graphql-event-stream-token": await answer.text()}
            async with session.get("/graphql", headers={**headers, "accept": "text/event-stream"}) as stream:
                for id_, query in (("q", next(iter(QUERIES))), ("s", TICKS)):
                    body = {"query": query, "extensions": {"operationId": id_}}
                    async with session.post("/graphql", json=body, headers=headers) as answer:
                        load.expect("operation in a stream", answer.status, 202)
                found: dict[str, int] = {"next": 0, "complete": 0}
                while found["complete"] < 2:
                    line = (await stream.content.readline()).decode().rstrip()
                    if line.startswith("event: "):
                        found[line[7:]] += 1
                load.expect("reserved stream", found, {"next": 1 + len(TICK_NAMES), "complete": 2})
                stream.close()


async def websockets(load: Load) -> None:
    async with aiohttp.ClientSession(load.target.url, timeout=TIMEOUT) as session:
        while True:
            async with session.ws_connect("/graphql", protocols=("graphql-transport-ws",)) as socket:
                await socket.send_json({"type": "connection_init"})
                await socket.receive_json()
                await socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": TICKS}})
                found = []
                while (message := await socket.receive_json())["type"] == "next":
                    data = message["payload"].get("data")
                    found.append(data["ticks"]["user"]["name"] if data else message["payload"])
                load.expect("websocket", found, TICK_NAMES)


async def aborts(load: Load) -> None:
    """Requests whose client hangs up: at once, in the middle of the body, while it waits, in the middle of events."""
    chance = random.Random(load.seed)
    stream = post(TICKS).replace(b"host: x", b"host: x\r\naccept: text/event-stream")
    slow = post("mutation { work(seconds: 0.05) }")
    while True:
        request = chance.choice([*map(post, QUERIES), stream, slow])
        async with load.connection() as (reader, writer):
            writer.write(request[: chance.randint(1, len(request))] if chance.random() < 0.5 else request)
            if chance.random() < 0.3:
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.05):  # `wait_for` may swallow our own cancellation
                        await reader.read(20)
            if chance.random() < 0.5:  # a reset instead of an end
                writer.get_extra_info("socket").setsockopt(1, 13, struct.pack("ii", 1, 0))
        load.done["abort"] += 1
        await asyncio.sleep(0.01)


async def slow_clients(load: Load) -> None:
    """Clients that send and read in little pieces."""
    (query, wanted), *_ = QUERIES.items()
    request = post(query).replace(b"host: x", b"host: x\r\nconnection: close")
    while True:
        async with load.connection() as (reader, writer):
            for start in range(0, len(request), 40):
                writer.write(request[start : start + 40])
                await asyncio.sleep(0.02)
            answer = b""
            while piece := await reader.read(16):
                answer += piece
                await asyncio.sleep(0.005)
            load.expect("slow client", json.loads(answer.partition(b"\r\n\r\n")[2]), wanted)


async def stalled_heads(load: Load) -> None:
    """Clients that begin a request and say no more."""
    while True:
        async with load.connection() as (reader, writer):
            writer.write(b"POST /graphql HTTP/1.1\r\nhost: x\r\n")
            load.expect("stalled head", (await reader.read())[:12], b"HTTP/1.1 408")


async def junk(load: Load) -> None:
    """What is no HTTP, or no GraphQL."""
    chance = random.Random(load.seed)
    bodies = [b"", b"{", b"[]", b'{"query":1}', b'{"query":"{"}', b'{"query":"{ nowhere }"}', b"\xff" * 30]
    async with aiohttp.ClientSession(load.target.url, timeout=TIMEOUT) as session:
        while True:
            headers = {"content-type": "application/json", "accept": "application/json"}
            async with session.post("/graphql", data=chance.choice(bodies), headers=headers) as answer:
                load.expect("junk", (await answer.json()).keys(), {"errors"})
            async with load.connection() as (reader, writer):
                writer.write(chance.randbytes(chance.randint(1, 300)))
                writer.write_eof()
                with suppress(ConnectionError):
                    async with asyncio.timeout(PATIENCE_S):
                        await reader.read()
            await asyncio.sleep(0.02)


async def reloads(load: Load) -> None:
    """Another supergraph every two seconds; every fourth time a wrong one, which is to be refused."""
    target, count = load.target, 0
    while True:
        await asyncio.sleep(2)
        count += 1
        text = "type Query {" if count % 4 == 0 else target.versions[count % 2]
        target.supergraph.write_text(text)
        load.done["refused reload" if count % 4 == 0 else "reload"] += 1


CLIENTS: tuple[tuple[Callable[[Load], Awaitable[None]], int], ...] = (
    (queries, 14),
    (pages, 2),
    (cold_queries, 1),
    (mutations, 2),
    (event_streams, 4),
    (reserved_streams, 2),
    (websockets, 4),
    (aborts, 4),
    (slow_clients, 4),
    (stalled_heads, 2),
    (junk, 1),
    (reloads, 1),
)
"""Each kind of client, and how many of them there are."""
