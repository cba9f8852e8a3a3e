"""When requests begin, and what they may not notice of it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from router.executor import OnReply, Pending
from router.hooks import SubgraphCall, SubgraphReply
from router.server import lane_request, turns
from router.server.app import create_app
from router.server.metrics import RouterMetrics
from router.server.metrics.subgraph_requests import MeasuredTransport
from router.server.turns import PATIENCE, Turns
from tests.server.shop import SUPERGRAPH, ShopTransport
from tests.server.test_fast_lane import GOOD, Pair, asked, until
from tests.server.wire import Wire, request


class Silent:
    """A transport that answers by hand."""

    def __init__(self) -> None:
        self.replies: list[OnReply] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        raise NotImplementedError

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        self.replies.append(on_reply)
        return self

    def cancel(self) -> None: ...


class Stage:
    """Requests that say when they begin."""

    def __init__(self) -> None:
        self.inner = Silent()
        self.measured = MeasuredTransport(self.inner, RouterMetrics())
        self.turns = Turns(self.measured)
        self.begun: list[int] = []

    def wait(self, number: int) -> Pending:
        return self.turns.wait(lambda: self.begin(number))

    def begin(self, number: int) -> None:
        self.begun.append(number)
        self.turns.running_bytes += turns.ROOM_BYTES

    async def round(self, *, is_answered: bool) -> None:
        """One round of the event loop, in which a subgraph answers or none does."""
        if is_answered:
            self.measured.send(CALL, 0, lambda _: None)
            self.inner.replies.pop()(SubgraphReply(200, {}, b""))
        await asyncio.sleep(0)


CALL: Any = type("Call", (), {"subgraph": "a", "stream": None})


async def test_others_begin_when_there_is_room_or_nothing_to_do() -> None:
    stage = Stage()
    assert stage.turns.has_room
    stage.begin(0)
    assert not stage.turns.has_room
    for number in (1, 2, 3, 4):
        stage.wait(number)
    for _ in range(5):
        await stage.round(is_answered=True)
    assert stage.begun == [0]
    stage.turns.running_bytes = 0  # it has ended
    await stage.round(is_answered=True)
    assert stage.begun == [0, 1]
    assert not stage.turns.has_room, "who comes now comes after those that wait"
    await stage.round(is_answered=False)
    await stage.round(is_answered=True)
    assert stage.begun == [0, 1, 2]
    await stage.round(is_answered=False)
    await stage.round(is_answered=False)
    assert stage.begun == [0, 1, 2, 3, 4]


async def test_nobody_waits_for_ever() -> None:
    stage = Stage()
    stage.begin(0)
    for number in (1, 2):
        stage.wait(number)
    for _ in range(PATIENCE - 1):
        await stage.round(is_answered=True)
    assert stage.begun == [0]
    await stage.round(is_answered=True)
    assert stage.begun == [0, 1]
    for _ in range(PATIENCE):
        await stage.round(is_answered=True)
    assert stage.begun == [0, 1, 2]


async def test_who_is_gone_does_not_begin_and_holds_up_nobody() -> None:
    stage = Stage()
    stage.begin(0)
    waiting = [stage.wait(number) for number in (1, 2, 3)]
    for each in (waiting[0], waiting[1], waiting[1]):
        each.cancel()
    stage.turns.running_bytes = 0
    await stage.round(is_answered=True)
    assert stage.begun == [0, 3]
    waiting[2].cancel()  # too late
    await stage.round(is_answered=False)
    assert stage.begun == [0, 3]


# ---- on the fast lane -----------------------------------------------------------------------------------------------


@pytest.fixture
def no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request waits for one that runs."""
    monkeypatch.setattr(turns, "ROOM_BYTES", 1)
    monkeypatch.setattr(lane_request, "SMALL_BYTES", 0)


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


@pytest.mark.usefixtures("no_room")
def test_answers_are_the_same(pair: Pair) -> None:
    asking = [request(body) for body in GOOD]
    for _ in range(2):  # what is run for the second time has a known size
        pair.check(*([each] for each in asking))
    pair.check([b"".join(asking)])


REVIEWS = asked('{ product(id: "1") { name reviews { stars } } }')
LONG = "query($s: Float!) { slow(seconds: $s) product(id: 1) { name reviews { stars } } }"
REVIEW = asked('mutation { review(product: "9", stars: 1) { stars product { name } } }')


@pytest.mark.usefixtures("no_room")
async def test_clients_that_hang_up_leave_room_behind(shop: ShopTransport) -> None:
    app = create_app(SUPERGRAPH, transport=shop)
    async with app.lifespan():
        wire = Wire(app, fast=True)
        for body in (REVIEWS, REVIEW, asked(LONG, variables={"s": 0})):
            await wire.talk([[request(body)]])
        assert app.turns.running_bytes == 0
        connections = [await wire.connect() for _ in range(3)]
        lines: list[Any] = [line for _, line in connections]
        shop.review_s = 0.2
        shop.calls.clear()
        for line, body in zip(lines, (REVIEW, REVIEWS, REVIEWS), strict=True):
            line.data_received(request(body))
        assert [line.running.turn_bytes > 0 for line in lines] == [True, False, False]
        lines[1].transport.abort()  # before its turn
        await until(lambda: lines[2].running is None)  # there was nothing else to do: no need to wait for the mutation
        begun = [call.operation_type for call in shop.calls if call.fetch_ids == (0,)]
        assert begun == ["mutation", "query"]
        lines[2].data_received(request(asked(LONG, variables={"s": 30})))
        await until(lambda: lines[2].running.turn_bytes > 0)
        lines[2].transport.abort()  # while it runs
        lines[0].transport.abort()  # a mutation runs to its end
        await until(lambda: app.metrics.requests.counts.get(("query", "499")) == 2)
        assert app.turns.running_bytes
        await until(lambda: app.metrics.requests.counts.get(("mutation", "200")) == 2)
        assert app.turns.running_bytes == 0
        for client, _ in connections:
            client.close()
