"""The fast lane shares and limits as the other way does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from router.server.app import RouterApp, create_app
from router.server.config import RouterConfig
from tests.server.shop import SUPERGRAPH
from tests.server.traffic.held import until
from tests.server.traffic.test_client_sharing import Gate, Watching
from tests.server.wire import Wire, read_into, request

NAMES = orjson.dumps({"query": "{ products { name reviews { stars } } }"})
BROKEN = orjson.dumps({"query": "{ broken products { name } }"})
LAST = "connection: close"


@pytest.fixture
def gate() -> Gate:
    return Gate()


def made(gate: Gate, hooks: Any = None, **config: Any) -> RouterApp:
    return create_app(SUPERGRAPH, hooks=hooks, config=RouterConfig.model_validate(config), transport=gate)


@pytest.fixture
async def app(gate: Gate) -> AsyncIterator[RouterApp]:
    app = made(gate, traffic={"share_requests": "never", "share_client_requests": {"enabled": True}})
    async with app.lifespan():
        yield app


async def together(wire: Wire, app: RouterApp, gate: Gate, *asked: bytes) -> list[tuple[bytes, Any]]:
    """Send each on a connection of its own, all under way before one is answered; heads and bodies of the answers."""
    gate.opened.clear()
    talks = [asyncio.ensure_future(wire.talk([[each]])) for each in asked]
    await until(lambda: app.metrics.active == len(asked))
    await asyncio.sleep(0.01)
    gate.opened.set()
    answers = [(await talk).partition(b"\r\n\r\n") for talk in talks]
    return [(head, orjson.loads(body)) for head, _, body in answers]


async def warmed(wire: Wire, gate: Gate, body: bytes) -> None:
    gate.opened.set()
    await wire.talk([[request(body)]])
    gate.calls.clear()


@pytest.mark.parametrize("fast", [True, False])
async def test_equal_queries_are_executed_once(app: RouterApp, gate: Gate, fast: bool) -> None:
    wire = Wire(app, fast=fast)
    await warmed(wire, gate, NAMES)
    ids = [f"client-id-{number}" for number in range(6)]
    answers = await together(wire, app, gate, *(request(NAMES, f"x-request-id: {each}") for each in ids))
    assert len(gate.calls) == 2
    for (head, body), own in zip(answers, ids, strict=True):
        assert f"x-request-id: {own}".encode() in head
        assert body == answers[0][1]
    assert app.metrics.active == 0
    assert app.sharing is not None
    assert app.sharing.shared == 5


async def test_both_ways_share_with_each_other(app: RouterApp, gate: Gate) -> None:
    fast, slow = Wire(app, fast=True), Wire(app, fast=False)
    await warmed(fast, gate, NAMES)
    gate.opened.clear()
    talks = [asyncio.ensure_future(wire.talk([[request(NAMES)]])) for wire in (fast, slow, fast, slow)]
    await until(lambda: app.sharing is not None and app.sharing.shared == 3)
    gate.opened.set()
    bodies = {(await talk).partition(b"\r\n\r\n")[2] for talk in talks}
    assert len(bodies) == 1
    assert len(gate.calls) == 2


async def test_errors_carry_each_requests_own_id(app: RouterApp, gate: Gate) -> None:
    wire = Wire(app, fast=True)
    await warmed(wire, gate, BROKEN)
    ids = [f"client-id-{number}" for number in range(4)]
    answers = await together(wire, app, gate, *(request(BROKEN, f"x-request-id: {each}") for each in ids))
    assert len(gate.calls) == 1
    for (_, body), own in zip(answers, ids, strict=True):
        assert [error["extensions"]["traceId"] for error in body["errors"]] == [own]
        assert body["data"]["products"]


async def test_other_credentials_are_executed_for_themselves(app: RouterApp, gate: Gate) -> None:
    wire = Wire(app, fast=True)
    await warmed(wire, gate, NAMES)
    asked = [request(NAMES, f"authorization: Bearer {number % 3}") for number in range(6)]
    await together(wire, app, gate, *asked)
    assert len(gate.calls) == 2 * 3


async def test_a_client_that_hangs_up_leaves_the_others(app: RouterApp, gate: Gate) -> None:
    wire = Wire(app, fast=True)
    await warmed(wire, gate, NAMES)
    gate.opened.clear()
    loop = asyncio.get_running_loop()
    clients = [(await wire.connect())[0] for _ in range(3)]
    for client in clients:
        await loop.sock_sendall(client, request(NAMES, LAST) if client is clients[2] else request(NAMES))
    await until(lambda: app.sharing is not None and app.sharing.shared == 2)
    for client in clients[:2]:
        client.close()
    await until(lambda: app.metrics.active == 1)
    gate.opened.set()
    got = bytearray()
    await read_into(got, clients[2])
    assert b"reviews" in got
    assert len(gate.calls) == 2
    assert gate.cancelled == 0
    clients[2].close()
    await until(lambda: app.metrics.active == 0)


async def test_hooks_see_every_request_and_every_response(gate: Gate) -> None:
    hooks = Watching()
    app = made(gate, hooks, traffic={"share_client_requests": {"enabled": True}})
    async with app.lifespan():
        wire = Wire(app, fast=True)
        await warmed(wire, gate, NAMES)
        hooks.seen.clear()
        asked = [request(NAMES, "x-member: a", f"x-sign: {n}", f"x-request-id: client-{n}") for n in range(3)]
        answers = await together(wire, app, gate, *asked)
        assert len(gate.calls) == 2
        assert sorted(hooks.seen) == [f"client-{n}" for n in range(3)]
        for n, (head, body) in enumerate(answers):
            assert body["extensions"]["id"] == f"client-{n}"
            assert body["data"]["products"][0]["name"] == f"Pen{n}"
            assert b"x-fetched: yes" in head


async def test_rate_limits_with_redis_hold(gate: Gate, redis_url: str) -> None:
    gate.opened.set()
    rules = [{"name": "few", "by": ["operation"], "limit": 4, "per_s": 3600}]
    app = made(gate, rate_limits={"rules": rules}, redis={"url": redis_url, "key_prefix": "lane:", "timeout_s": 5})
    async with app.lifespan():
        wire = Wire(app, fast=True)
        talks = await asyncio.gather(*(wire.talk([[request(NAMES)] * 3]) for _ in range(3)))
        heads = b"".join(talks)
        assert heads.count(b"HTTP/1.1 200 ") == 4
        assert heads.count(b"HTTP/1.1 429 ") == 5
        assert heads.count(b'ratelimit-policy: "few";q=4;w=3600') == 9
