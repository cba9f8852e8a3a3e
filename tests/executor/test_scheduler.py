"""When requests start, end and are cut off; what they carry; where hooks take part."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.errors import RequestRefused, SubgraphError
from router.executor import compile_plan
from router.hooks import RouterHooks, Send, SubgraphCall, SubgraphReply
from router.planner.plan import QueryPlan
from tests.executor.plans import (
    SCHEMA,
    Subgraph,
    by_id,
    client,
    codes,
    context,
    entities,
    field,
    obj,
    plan,
    root,
    run,
)


def together(**subgraphs: Subgraph) -> tuple[list[str], dict[str, Subgraph]]:
    log: list[str] = []
    for name, subgraph in subgraphs.items():
        subgraph.log, subgraph.name = log, name
    return log, subgraphs


async def test_a_fetch_starts_when_its_own_dependencies_are_merged_not_a_level() -> None:
    shape = obj("Query", field("p", "P", obj("P", field("n"), field("z"))), field("slow"))
    the_plan = plan(
        shape,
        root("a", "{ p { id } }"),
        root("s", "{ slow }"),
        entities("b", "... on P { n upc }", "p", by_id("P")),
        entities("c", "... on P { z }", "p", by_id("P", "upc"), after=(2,)),
    )
    log, subgraphs = together(
        a=Subgraph({"data": {"p": {"id": "1"}}}),
        s=Subgraph({"data": {"slow": "s"}}, delay_s=0.15),
        b=Subgraph({"data": {"_entities": [{"n": "n", "upc": "u"}]}}),
        c=Subgraph({"data": {"_entities": [{"z": "z"}]}}),
    )
    response = await run(the_plan, **subgraphs)
    assert response == {"data": {"p": {"n": "n", "z": "z"}, "slow": "s"}}
    assert log == ["a starts", "s starts", "a answers", "b starts", "b answers", "c starts", "c answers", "s answers"]


async def test_a_fetch_waits_for_all_of_its_dependencies() -> None:
    shape = obj("Query", field("p", "P", obj("P", field("z"))), field("x"))
    the_plan = plan(
        shape,
        root("a", "{ p { id } }"),
        root("s", "{ x }"),
        entities("b", "... on P { z }", "p", by_id("P"), after=(0, 1)),
    )
    log, subgraphs = together(
        a=Subgraph({"data": {"p": {"id": "1"}}}),
        s=Subgraph({"data": {"x": "x"}}, delay_s=0.05),
        b=Subgraph({"data": {"_entities": [{"z": "z"}]}}),
    )
    await run(the_plan, **subgraphs)
    assert log == ["a starts", "s starts", "a answers", "s answers", "b starts", "b answers"]


TWO_WAYS = plan(
    obj("Query", field("p", "P", obj("P", field("z"))), field("q", "P", obj("P", field("z")))),
    root("a", "{ p { id } }"),
    root("s", "{ q { id } }"),
    entities("b", "... on P { z }", "p", by_id("P"), after=(0,)),
    entities("b", "... on P { z }", "q", by_id("P"), after=(1,)),
)


async def test_fetches_that_become_ready_together_share_a_request() -> None:
    a, s = Subgraph({"data": {"p": {"id": "1"}}}), Subgraph({"data": {"q": {"id": "1"}}})
    b = Subgraph({"data": {"_entities": [{"z": "z"}]}})
    response = await run(TWO_WAYS, a=a, s=s, b=b)
    assert response == {"data": {"p": {"z": "z"}, "q": {"z": "z"}}}
    assert [each["variables"] for each in b.requests] == [{"representations": [{"__typename": "P", "id": "1"}]}]


async def test_a_ready_fetch_never_waits_to_share_a_request() -> None:
    log, subgraphs = together(
        a=Subgraph({"data": {"p": {"id": "1"}}}),
        s=Subgraph({"data": {"q": {"id": "2"}}}, delay_s=0.05),
        b=Subgraph({"data": {"_entities": [{"z": "y"}]}}, {"data": {"_entities": [{"z": "z"}]}}),
    )
    response = await run(TWO_WAYS, **subgraphs)
    assert response == {"data": {"p": {"z": "y"}, "q": {"z": "z"}}}
    assert log == ["a starts", "s starts", "a answers", "b starts", "b answers", "s answers", "b starts", "b answers"]


async def test_mutations_run_one_after_another() -> None:
    the_plan = plan(
        obj("Mutation", field("one"), field("two")),
        root("a", "mutation { one }", kind="mutation"),
        root("b", "mutation { two }", kind="mutation", after=(0,)),
        kind="mutation",
    )
    log, subgraphs = together(a=Subgraph({"data": {"one": "1"}}, delay_s=0.03), b=Subgraph({"data": {"two": "2"}}))
    await run(the_plan, **subgraphs)
    assert log == ["a starts", "a answers", "b starts", "b answers"]


SIDE_BY_SIDE = plan(obj("Query", field("x"), field("y")), root("a", "{ x }"), root("b", "{ y }"))


async def test_requests_in_flight_are_cancelled_when_the_client_goes_away() -> None:
    a, b = Subgraph({"data": {"x": "1"}}, delay_s=60), Subgraph({"data": {"y": "1"}}, delay_s=60)
    running = asyncio.create_task(run(SIDE_BY_SIDE, a=a, b=b))
    await asyncio.gather(a.started.wait(), b.started.wait())
    running.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await running
    assert (a.cancelled, b.cancelled) == (1, 1)
    a.started.clear()
    single = asyncio.create_task(run(plan(obj("Query", field("x")), root("a", "{ x }")), a=a))
    await a.started.wait()
    single.cancel()
    with pytest.raises(asyncio.CancelledError):
        await single
    assert a.cancelled == 2


class Refusing(RouterHooks):
    async def on_fetch(self, call: SubgraphCall, send: Send) -> SubgraphReply:
        if call.subgraph == "b":
            raise RequestRefused("Not today.", code="BUDGET_EXCEEDED", status=429)
        return await send(call)


async def test_a_hook_may_end_the_request_and_others_are_cancelled() -> None:
    a = Subgraph({"data": {"x": "1"}}, delay_s=60)
    with pytest.raises(RequestRefused, match="Not today") as refused:
        async with asyncio.timeout(5):
            await run(SIDE_BY_SIDE, hooks=Refusing(), a=a, b=Subgraph())
    assert refused.value.code == "BUDGET_EXCEEDED"
    await asyncio.sleep(0)  # the cancelled task ends
    assert a.cancelled == 1 or a.requests == []


class Recording(RouterHooks):
    def __init__(self) -> None:
        self.calls: list[SubgraphCall] = []

    async def on_fetch(self, call: SubgraphCall, send: Send) -> SubgraphReply:
        self.calls.append(call)
        call.headers["x-tenant"] = "acme"
        reply = await send(call)
        if call.subgraph == "b":
            raise SubgraphError("Circuit open.", subgraph="b", code="CIRCUIT_OPEN")
        return reply


async def test_a_hook_wraps_each_request() -> None:
    hooks = Recording()
    a, b = Subgraph({"data": {"x": "1"}}), Subgraph({"data": {"y": "1"}})
    response = await run(SIDE_BY_SIDE, hooks=hooks, a=a, b=b)
    assert response["data"] == {"x": "1", "y": None}
    assert codes(response) == ["CIRCUIT_OPEN"]
    assert a.headers[0]["x-tenant"] == "acme"
    assert [(each.subgraph, each.fetch_ids, each.operation_type, each.url) for each in hooks.calls] == [
        ("a", (0,), "query", "http://a/graphql"),
        ("b", (1,), "query", "http://b/graphql"),
    ]


class Unused(RouterHooks):
    def on_response(self, context: Any, response: dict[str, Any]) -> None:
        raise AssertionError


async def test_a_hook_that_is_not_overridden_is_not_called() -> None:
    assert client({"a": Subgraph()}, Unused())._on_fetch is None
    assert client({"a": Subgraph()}, Recording())._on_fetch is not None


async def test_unknown_subgraph_and_other_failures_of_the_gateway_itself() -> None:
    response = await run(SIDE_BY_SIDE, a=Subgraph({"data": {"x": "1"}}))
    assert response["data"] == {"x": "1", "y": None}
    assert response["errors"][0]["message"] == "No endpoint is configured for subgraph 'b'."

    class Broken(RouterHooks):
        async def on_fetch(self, call: SubgraphCall, send: Send) -> SubgraphReply:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run(SIDE_BY_SIDE, hooks=Broken(), a=Subgraph(), b=Subgraph())


async def test_headers_to_subgraphs() -> None:
    a = Subgraph({"data": {"x": "1"}})
    compiled = compile_plan(plan(obj("Query", field("x")), root("a", "{ x }")), SCHEMA)
    subgraphs = client({"a": a}, propagate_headers=["Accept-Language"], headers={"a": {"X-Fixed": "1"}})
    given = {"traceparent": "00-1-2-01", "accept-language": "sq", "cookie": "secret", "authorization": "secret"}
    await compiled.execute({}, context(given), subgraphs)
    sent = a.headers[0]
    assert {name: sent[name] for name in sent if name not in {"host", "content-length"}} == {
        "content-type": "application/json",
        "accept": "application/graphql-response+json, application/json;q=0.9",
        "traceparent": "00-1-2-01",
        "accept-language": "sq",
        "x-request-id": "r-1",
        "x-fixed": "1",
    }


async def test_timeouts_per_subgraph() -> None:
    a, b = Subgraph({"data": {"x": "1"}}, delay_s=60), Subgraph({"data": {"y": "1"}})
    compiled = compile_plan(SIDE_BY_SIDE, SCHEMA)
    response = await compiled.execute({}, context(), client({"a": a, "b": b}, timeout_s=20, timeouts_s={"a": 0.02}))
    assert response["data"] == {"x": None, "y": "1"}
    assert codes(response) == ["SUBREQUEST_TIMEOUT"]
    assert a.cancelled == 1


async def test_inputs_nested_beyond_measure_fail_that_fetch_only() -> None:
    deep: Any = {"id": "1"}
    for _ in range(300):
        deep = [deep]
    shape = obj("Query", field("x"), field("y"))
    the_plan = plan(shape, root("a", "query($v: [Int]) { x(v: $v) }", "v"), root("b", "{ y }"))
    response = await run(the_plan, {"v": deep}, a=Subgraph({"data": {"x": "1"}}), b=Subgraph({"data": {"y": "2"}}))
    assert response["data"] == {"x": None, "y": "2"}
    assert codes(response) == ["SUBREQUEST_MALFORMED_RESPONSE"]


async def test_answers_nested_beyond_measure_fail_that_fetch_only() -> None:
    deep = "[" * 1000 + "]" * 1000
    shape = obj("Query", field("p", "P", obj("P", field("v", "Json"), field("w"))))
    first = Subgraph(b'{"data": {"p": {"v": [' + deep.encode() + b"]}}}")
    the_plan = plan(shape, root("a", "{ p { v { x } } }"), root("b", "{ p { v { y } w } }"))
    second = Subgraph(b'{"data": {"p": {"v": [' + deep.encode() + b'], "w": "1"}}}', delay_s=0.02)
    compiled = compile_plan(the_plan, SCHEMA)
    response = await compiled.execute({}, context(), client({"a": first, "b": second}))
    assert codes(response) == ["SUBREQUEST_MALFORMED_RESPONSE"]


def random_plan(edges: list[list[int]]) -> QueryPlan:
    """One root fetch, then fetches that each add the field `f<n>` and need the fields of those they depend on."""
    fields = [field(f"f{i}", "Int!") for i in range(1, len(edges) + 1)]
    fetches = [root("s0", "{ p { id } }")]
    for index, needs in enumerate(edges, 1):
        depends = tuple(sorted(set(needs)))
        key = by_id("P", *(f"f{each}" for each in depends if each))
        fetches.append(entities(f"s{index}", f"... on P {{ f{index} }}", "p@", key, after=depends))
    return plan(obj("Query", field("p", "[P!]!", obj("P", *fields))), *fetches)


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    size = draw(st.integers(1, 7))
    return [draw(st.lists(st.integers(0, index - 1), min_size=1, max_size=3)) for index in range(1, size + 1)]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs(), st.lists(st.sampled_from([0, 0.001, 0.003]), min_size=8, max_size=8))
async def test_any_graph_in_any_timing_gives_the_same_result(edges: list[list[int]], delays: list[float]) -> None:
    def answer(index: int) -> Any:
        def answered(request: dict[str, Any]) -> dict[str, Any]:
            # A value that depends on all inputs, so that a fetch that started too early would show.
            found = [
                {f"f{index}": int(each["id"]) + sum(v for k, v in each.items() if k.startswith("f")) + index}
                for each in request["variables"]["representations"]
            ]
            return {"data": {"_entities": found}}

        return answered

    subgraphs: dict[str, Any] = {"s0": Subgraph({"data": {"p": [{"id": "10"}, {"id": "20"}, {"id": "10"}]}})}
    for index in range(1, len(edges) + 1):
        subgraphs[f"s{index}"] = Subgraph(answer(index), delay_s=delays[index])
    response = await run(random_plan(edges), **subgraphs)

    def expected(identity: int) -> dict[str, int]:
        values = {0: 0}
        for index, needs in enumerate(edges, 1):
            values[index] = identity + sum(values[each] for each in set(needs)) + index
        return {f"f{index}": value for index, value in values.items() if index}

    assert response == {"data": {"p": [expected(10), expected(20), expected(10)]}}
    assert all(len(each.requests) == 1 for each in subgraphs.values())
