"""Real subgraphs on loopback that fail while load runs: what reaches them, and what clients see. Counts, no times."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from router import Composed, RouterApp, RouterConfig, Subgraph, compose, create_app
from router.server.traffic.circuit_breaker import BreakerState
from tests.server.traffic.held import until

SDL = {
    "flaky": "type Query { value: Int } type Mutation { change: Int }",
    "steady": "type Query { other: Int }",
}
VALUE, OTHER = {"query": "{ value }"}, {"query": "{ other }"}
CHANGE = {"query": "mutation { change }"}
ANSWERS = {"value": 1, "change": 2, "other": 3}


class LiveSubgraph:
    """A subgraph on a port of its own, which does what `fault` says: `ok`, a status, `break` (off in the middle of an
    answer), `hang` (until `resume`) or `drop` (the connection, at once).

    Attributes:
        fault: given the number of a request, from 1, what becomes of it.
        reached: requests that were read, by their only field.
        peak: requests that were under way at the same time at most.
        headers: of each request.
    """

    def __init__(self) -> None:
        self.fault: Callable[[int], str] = lambda _: "ok"
        self.reached: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.peak = 0
        self.retry_after: str | None = None
        self.resumed = asyncio.Event()
        self._running = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def up(self) -> None:
        if self._socket.fileno() == -1:
            self._socket = socket.create_server(("127.0.0.1", self.port))
        self._server = await asyncio.start_server(self._serve, sock=self._socket)

    async def down(self) -> None:
        assert self._server is not None
        self.resumed.set()
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._answer(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        query = orjson.loads(await reader.readexactly(int(headers["content-length"])))["query"]
        field = next(name for name in ANSWERS if name in query)
        self.headers.append(headers)
        self.reached[field] += 1
        self._running += 1
        self.peak = max(self.peak, self._running)
        try:
            return await self._reply(writer, field, self.fault(self.reached.total()))
        finally:
            self._running -= 1

    async def _reply(self, writer: asyncio.StreamWriter, field: str, fault: str) -> bool:
        if fault == "drop":
            writer.transport.abort()
            return False
        if fault == "hang":
            await self.resumed.wait()
        status = int(fault) if fault.isdecimal() else 200
        body = b"no" if status != 200 else orjson.dumps({"data": {field: ANSWERS[field]}})
        extra = "" if self.retry_after is None else f"retry-after: {self.retry_after}\r\n"
        promised = len(body) + 10 * (fault == "break")
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{extra}content-length: {promised}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        await asyncio.sleep(0)
        return fault != "break"


class World:
    """Two subgraphs and a router before them."""

    def __init__(self, app: RouterApp, client: httpx.AsyncClient, flaky: LiveSubgraph, steady: LiveSubgraph) -> None:
        self.app = app
        self.client = client
        self.flaky = flaky
        self.steady = steady

    async def ask(self, body: Any = VALUE, **headers: str) -> str:
        """`ok`, or the code of the error."""
        response = (await self.client.post("/graphql", json=body, headers=headers)).json()
        if "errors" in response:
            (error,) = response["errors"]
            assert [error["path"]] == [[name] for name in response["data"]], "however it failed, the place is told"
            return str(error["extensions"]["code"])
        assert all(ANSWERS[name] == value for name, value in response["data"].items()), response
        return "ok"

    async def load(self, count: int, at_once: int, body: Any = VALUE) -> Counter[str]:
        """Ask so often, so many at a time; what came of it, by outcome."""
        left = iter(range(count))

        async def one_after_the_other() -> Counter[str]:
            return Counter([await self.ask(body) for _ in left])

        found: Counter[str] = Counter()
        for part in await asyncio.gather(*(one_after_the_other() for _ in range(at_once))):
            found += part
        return found

    def breaker(self) -> Any:
        assert self.app.served.traffic is not None
        (state,) = [each for each in self.app.served.traffic.states() if each.subgraph == "flaky"]
        return state

    def extra(self) -> int:
        assert self.app.served.traffic is not None
        budget = self.app.served.traffic.subgraphs["flaky"].budget
        assert budget is not None
        return budget.granted


@asynccontextmanager
async def world(traffic: Mapping[str, Any] | None = None, **settings: Any) -> AsyncIterator[World]:
    # The load repeats one query: what is not shared is counted as often as it is asked for.
    settings["traffic"] = {"share_requests": "never", **(traffic or {})}
    async with AsyncExitStack() as stack:
        subgraphs = {name: LiveSubgraph() for name in SDL}
        for each in subgraphs.values():
            await each.up()
            stack.push_async_callback(each.down)
        composed = compose(
            [Subgraph(name, sdl, f"http://127.0.0.1:{subgraphs[name].port}/graphql") for name, sdl in SDL.items()]
        )
        assert isinstance(composed, Composed)
        app = create_app(composed.supergraph_sdl, config=RouterConfig.model_validate(settings))
        await stack.enter_async_context(app.lifespan())
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://router.test")
        await stack.enter_async_context(client)
        yield World(app, client, **subgraphs)


QUICK = {"initial_backoff_s": 0.001, "max_backoff_s": 0.002}


@pytest.mark.parametrize("fault", ["503", "break", "drop"])
async def test_clients_do_not_see_a_subgraph_that_fails_now_and_then(fault: str) -> None:
    settings = {"retries": {**QUICK, "max_retries": 10}, "budget": {"percent": 100, "min_per_s": 50}}
    async with world(traffic=settings) as here:
        here.flaky.fault = lambda number: fault if number % 5 == 0 else "ok"
        assert await here.load(200, 10) == {"ok": 200}
        failed = here.flaky.reached.total() // 5
        assert failed >= 40
        if fault == "503":
            assert here.flaky.reached["value"] == 200 + failed == 200 + here.extra()


async def test_mutations_reach_it_once_whatever_happens() -> None:
    for fault in ("503", "break", "drop"):
        async with world(traffic={"retries": QUICK, "hedging": {}}) as here:
            here.flaky.fault = lambda number, fault=fault: fault if number % 2 else "ok"  # type: ignore[misc]
            outcomes = await here.load(40, 4, CHANGE)
            assert outcomes["ok"] == 20
            assert here.flaky.reached["change"] == 40


async def test_an_outage_costs_the_budget_and_no_more() -> None:
    settings = {"retries": {**QUICK, "max_retries": 5}, "budget": {"percent": 10, "min_per_s": 0, "window_s": 600}}
    async with world(traffic=settings) as here:
        here.flaky.fault = lambda _: "503"
        assert await here.load(300, 20) == {"SUBREQUEST_HTTP_ERROR": 300}
        assert 300 < here.flaky.reached["value"] <= 330
        assert here.flaky.reached["value"] == 300 + here.extra()


async def test_a_subgraph_that_goes_down_is_left_alone_and_found_again() -> None:
    settings = {"min_requests": 10, "open_s": 0.05, "probes": 2, "error_percent": 50, "window_s": 2}
    async with world(traffic={"circuit_breaker": settings}, limits={"max_pending_documents": 1000}) as here:
        assert await here.load(20, 4) == {"ok": 20}
        await here.flaky.down()
        outcomes = await here.load(400, 8)
        assert outcomes["ok"] == 0
        state = here.breaker()
        assert state.opened >= 1
        assert outcomes["SUBGRAPH_CIRCUIT_OPEN"] == state.refused > outcomes["SUBREQUEST_HTTP_ERROR"]
        assert await here.load(20, 4, OTHER) == {"ok": 20}, "others are not concerned"
        await here.flaky.up()
        reached = here.flaky.reached["value"]

        async with asyncio.timeout(10):
            while await here.ask() != "ok" or here.breaker().state is not BreakerState.CLOSED:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert here.flaky.reached["value"] - reached == 2, "the probes"
        assert await here.load(50, 8) == {"ok": 50}


async def test_a_subgraph_that_flaps_gets_few_requests_while_it_fails() -> None:
    settings = {"min_requests": 10, "open_s": 3600, "window_s": 3600}
    async with world(traffic={"circuit_breaker": settings, "retries": QUICK}) as here:
        here.flaky.fault = lambda number: "503" if number > 100 else "ok"
        outcomes = await here.load(600, 10)
        assert here.breaker().state is BreakerState.OPEN
        failed = here.flaky.reached["value"] - 100
        # Half of all in the window: as many as were good, and those that were under way when it opened.
        assert failed <= 100 + 10
        assert outcomes["SUBGRAPH_CIRCUIT_OPEN"] >= 600 - 100 - failed


async def test_a_slow_subgraph_holds_so_many_requests_and_no_others() -> None:
    async with world(traffic={"concurrency": {"max_requests": 5, "max_waiting": 10}}) as here:
        here.flaky.fault = lambda _: "hang"
        asked = [asyncio.ensure_future(here.ask()) for _ in range(40)]
        await until(lambda: sum(each.done() for each in asked) == 25)
        assert {await each for each in asked if each.done()} == {"SUBGRAPH_OVERLOADED"}
        await until(lambda: here.flaky.reached["value"] == 5)
        assert await here.load(50, 5, OTHER) == {"ok": 50}
        here.flaky.resumed.set()
        assert Counter(await asyncio.gather(*asked)) == {"ok": 15, "SUBGRAPH_OVERLOADED": 25}
        assert here.flaky.peak == 5


async def test_a_subgraph_that_hangs_loses_its_attempt_and_gets_another() -> None:
    settings = {**QUICK, "attempt_timeout_s": 0.2}
    async with world(traffic={"retries": settings, "deadline_header": "x-left-ms"}) as here:
        here.flaky.fault = lambda number: "hang" if number == 1 else "ok"
        assert await here.ask() == "ok"
        left = [int(headers["x-left-ms"]) for headers in here.flaky.headers]
        assert len(left) == 2
        assert max(left) <= 200


async def test_who_is_told_to_wait_waits() -> None:
    async with world(traffic={"retries": QUICK}, subgraph_timeout_s=5) as here:
        here.flaky.retry_after = "1"
        here.flaky.fault = lambda number: "429" if number == 1 else "ok"
        started = asyncio.get_running_loop().time()
        assert await here.ask() == "ok"
        assert asyncio.get_running_loop().time() - started >= 1
        here.flaky.retry_after = "60"
        here.flaky.fault = lambda _: "429"
        assert await here.ask() == "SUBREQUEST_HTTP_ERROR"
        assert here.flaky.reached["value"] == 3, "60 seconds are more than there is"


async def test_a_second_copy_overtakes_one_that_hangs() -> None:
    budget = {"percent": 100, "min_per_s": 100}
    async with world(traffic={"hedging": {"min_delay_s": 0.001}, "budget": budget}) as here:
        assert await here.load(100, 1) == {"ok": 100}
        slow = here.flaky.reached["value"] + 1
        here.flaky.fault = lambda number: "hang" if number == slow else "ok"
        assert await here.ask() == "ok"


async def test_equal_requests_under_way_reach_it_once_and_others_on_their_own() -> None:
    settings: dict[str, Any] = {"traffic": {"share_requests": "under_way"}, "headers": {"propagate": ["authorization"]}}
    async with world(**settings) as here:
        here.flaky.fault = lambda _: "hang"
        asked = [asyncio.ensure_future(here.ask(authorization=f"Bearer {number % 3}")) for number in range(30)]
        await until(lambda: len(here.flaky.headers) == 3)
        for _ in range(100):
            await asyncio.sleep(0)
        here.flaky.resumed.set()
        assert Counter(await asyncio.gather(*asked)) == {"ok": 30}
        assert Counter(headers["authorization"] for headers in here.flaky.headers) == {
            f"bearer {number}": 1 for number in range(3)
        }


async def test_everything_at_once_while_it_comes_and_goes() -> None:
    settings = {
        "retries": QUICK,
        "hedging": {"min_delay_s": 0.005},
        "circuit_breaker": {"min_requests": 20, "open_s": 0.02, "window_s": 1},
        "concurrency": {"max_requests": 8, "max_waiting": 8},
        "share_requests": "under_way",
        "deadline_header": "x-left-ms",
    }
    async with world(traffic=settings) as here:
        for phase in range(6):
            fault = ("ok", "503", "drop", "ok", "break", "ok")[phase]
            here.flaky.fault = lambda number, fault=fault: fault if number % 3 else "ok"  # type: ignore[misc]
            outcomes = await here.load(100, 20) + await here.load(20, 5, CHANGE)
            assert outcomes.total() == 120
            assert set(outcomes) <= {"ok", "SUBREQUEST_HTTP_ERROR", "SUBGRAPH_CIRCUIT_OPEN", "SUBGRAPH_OVERLOADED"}
            assert await here.load(20, 5, OTHER) == {"ok": 20}
        assert here.flaky.peak <= 8
        assert here.flaky.reached["change"] <= 120
        assert here.app.served.traffic is not None
        layers = here.app.served.traffic.subgraphs["flaky"]
        assert layers.concurrency is not None
        assert (layers.concurrency.running, layers.concurrency.waiting) == (0, 0)
        assert layers.sharing is not None
        assert not layers.sharing._by_body
        assert not layers.sharing._by_all
