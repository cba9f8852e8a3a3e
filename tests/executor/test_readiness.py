"""Random graphs of fetches in virtual time: each starts when its last dependency is merged, and those that become
ready together share requests.

Source of the clock's idea: time passes only when nothing is left to do at a moment, and then jumps to the next timer.
"""

import asyncio
import re
import selectors
from dataclasses import dataclass, field
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.executor import CoroutineTransport, SubgraphClient, SubgraphTraits, compile_plan
from router.hooks import SubgraphCall, SubgraphReply
from router.planner.batches import batches
from router.planner.plan import QueryPlan
from tests.executor.plans import SCHEMA, by_id, context, entities, obj, plan, root
from tests.executor.plans import field as output

PLACES = 3
SUBGRAPHS = ("s0", "s1")


class _Jumps(selectors.BaseSelector):
    """Waits for nothing: moves the clock instead."""

    def __init__(self, inner: selectors.BaseSelector, clock: list[float]) -> None:
        self._inner = inner
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("everything waits and nothing is timed")
        self._clock[0] += max(timeout, 0)
        return self._inner.select(0)

    def register(self, fileobj: Any, events: int, data: Any = None) -> Any:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> Any:
        return self._inner.unregister(fileobj)

    def get_map(self) -> Any:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds take no time."""

    def __init__(self) -> None:
        self.clock = [0.0]
        super().__init__(_Jumps(selectors.DefaultSelector(), self.clock))

    def time(self) -> float:
        return self.clock[0]


@dataclass(frozen=True)
class Case:
    """Entity fetches in order: place, field, subgraph, and the fetches that each waits for."""

    fetches: tuple[tuple[int, int, str, tuple[int, ...]], ...]

    def plan(self) -> QueryPlan:
        made = [root("s0", "{ p0 { id } p1 { id } p2 { id } }")]
        for place, number, subgraph, waits in self.fetches:
            needs = sorted({f"f{self.fetches[other - 1][1]}" for other in waits if self._place(other) == place})
            selection = f"... on P {{ f{number} }}"
            made.append(entities(subgraph, selection, f"p{place}@", by_id("P", *needs), after=waits))
        shape = [
            obj("P", *(output(f"f{number}", "Int!") for where, number, *_ in self.fetches if where == place))
            for place in range(PLACES)
        ]
        return plan(obj("Query", *(output(f"p{place}", "[P!]!", shape[place]) for place in range(PLACES))), *made)

    def _place(self, number: int) -> int | None:
        return self.fetches[number - 1][0] if number else None

    def expected(self) -> dict[str, Any]:
        """What one server with all data would answer."""
        found: dict[str, list[dict[str, int]]] = {}
        for place in range(PLACES):
            found[f"p{place}"] = []
            for identity in IDS[place]:
                values: dict[int, int] = {}
                result = {}
                for index, (where, number, _, waits) in enumerate(self.fetches, 1):
                    if where != place:
                        continue
                    needs = {
                        self.fetches[other - 1][1]: values[other] for other in waits if self._place(other) == place
                    }
                    values[index] = result[f"f{number}"] = identity + sum(needs.values()) + number
                found[f"p{place}"].append(result)
        return found


IDS = ([1, 2, 1], [2, 3], [1])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    pairs = draw(
        st.lists(st.tuples(st.integers(0, PLACES - 1), st.integers(1, 4)), min_size=1, max_size=9, unique=True)
    )
    fetches = []
    for index, (place, number) in enumerate(pairs, 1):
        waits = draw(st.sets(st.integers(0, index - 1), min_size=1, max_size=3))
        fetches.append((place, number, draw(st.sampled_from(SUBGRAPHS)), tuple(sorted(waits))))
    return Case(tuple(fetches))


@dataclass
class Timed(CoroutineTransport):
    """Subgraphs that answer right, each request after its own time."""

    latencies: list[int]
    started: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)
    requests: list[tuple[int, ...]] = field(default_factory=list)

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        loop = asyncio.get_running_loop()
        self.requests.append(call.fetch_ids)
        for number in call.fetch_ids:
            assert number not in self.started, "a fetch was sent twice"
            self.started[number] = loop.time()
        latency = self.latencies[call.fetch_ids[0] % len(self.latencies)]
        if latency:
            await asyncio.sleep(latency)
        for number in call.fetch_ids:
            self.ended[number] = loop.time()
        return SubgraphReply(200, {}, orjson.dumps({"data": answered(orjson.loads(call.body))}))


def answered(request: dict[str, Any]) -> dict[str, Any]:
    calls = re.findall(r"(?:(_e\d+): )?_entities\(representations: \$(\w+)\) \{ \.\.\. on P \{ f(\d)", request["query"])
    if not calls:
        return {f"p{place}": [{"id": identity} for identity in ids] for place, ids in enumerate(IDS)}
    return {
        key or "_entities": [
            {f"f{number}": one["id"] + sum(v for k, v in one.items() if k.startswith("f")) + int(number)}
            for one in request["variables"][variable]
        ]
        for key, variable, number in calls
    }


def executed(case: Case, latencies: list[int], traits: SubgraphTraits) -> tuple[QueryPlan, Timed]:
    """Run a case in virtual time; its answer is checked here."""
    the_plan = case.plan()
    timed = Timed(latencies)
    subgraphs = SubgraphClient({name: f"http://{name}/" for name in SUBGRAPHS}, timed, timeout_s=10_000)
    compiled = compile_plan(the_plan, SCHEMA, dict.fromkeys(SUBGRAPHS, traits))
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        response = runner.run(compiled.execute({}, context(), subgraphs))
    assert response == {"data": case.expected()}
    return the_plan, timed


some_traits = st.builds(SubgraphTraits, batching=st.booleans())


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(), st.lists(st.integers(0, 3), min_size=1, max_size=10), some_traits)
def test_every_fetch_starts_when_its_last_dependency_is_merged(
    case: Case, latencies: list[int], traits: SubgraphTraits
) -> None:
    the_plan, timed = executed(case, latencies, traits)
    assert timed.started.keys() == {fetch.id for fetch in the_plan.fetches}
    for fetch in the_plan.fetches:
        assert timed.started[fetch.id] == max((timed.ended[other] for other in fetch.depends_on), default=0)
    if traits.batching and all(latencies):
        # What is ready at one moment goes to one subgraph in one request.
        moments = [(timed.started[ids[0]], the_plan.fetches[ids[0]].subgraph) for ids in timed.requests[1:]]
        assert len(set(moments)) == len(moments)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(), st.integers(0, 2))
def test_with_equal_latencies_the_requests_are_those_that_the_plan_shows(case: Case, latency: int) -> None:
    the_plan, timed = executed(case, [latency], SubgraphTraits())
    assert {frozenset(ids) for ids in timed.requests} == {
        frozenset(fetch.id for fetch in batch) for batch in batches(the_plan)
    }
    assert len(timed.requests) == len(batches(the_plan))
