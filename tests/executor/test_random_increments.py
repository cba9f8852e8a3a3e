"""Random federations and operations with `@defer` and `@stream`: the parts together are the whole."""

import copy
import zlib
from contextlib import aclosing
from random import Random
from typing import Any

import orjson
from graphql import GraphQLError, GraphQLResolveInfo, build_schema, parse
from graphql.execution import ExperimentalIncrementalExecutionResults, experimental_execute_incrementally
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.composition import Composed, Subgraph, compose
from router.executor import CompiledPlan, CoroutineTransport, SubgraphClient, SubgraphTraits, compile_plan
from router.executor.increments import as_current, as_older
from router.graph.api_schema import build_api_schema
from router.graph.supergraph import load_supergraph
from router.hooks import RequestContext, SubgraphCall, SubgraphReply
from router.planner import plan_operation
from router.server.variables import compile_variables
from tests.executor.merging import merged_current, merged_older
from tests.executor.test_random_federations import (
    DIRECTIVES,
    LINK,
    STRICT,
    Subgraphs,
    federations,
    resolve,
    selections,
)
from tests.planner.correctness import GENERATORS, federation_named, operations_of
from tests.planner.increments import incremental_schema, with_increments, without_increments
from tests.planner.running import Federation
from tests.planner.stubs import AnsweringSubgraph, Monolith, client_of
from tests.planner.world import Thing

OPERATIONS_PER_FEDERATION = 6


class FaultySubgraph(AnsweringSubgraph):
    """Some fields of some of its objects raise: always the same ones, one in `rate`."""

    rate = 1

    def _resolve(self, thing: Thing, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        where = f"{self.rate}{self.name}{thing.type}{thing.id}{info.field_name}"
        if info.field_name != "_entities" and zlib.crc32(where.encode()) % self.rate == 0:
            raise GraphQLError("boom")
        return super()._resolve(thing, info, **arguments)


async def both_forms(
    compiled: CompiledPlan, variables: dict[str, Any], client: SubgraphClient
) -> tuple[list[Any], list[Any]]:
    """All payloads, in the current and in the older form: both must have every error that was found."""
    current, older = [], []
    delivery = compiled.deliver(variables, RequestContext("1", "POST", "/graphql", {}), client)
    async with aclosing(delivery.payloads()) as payloads:
        async for payload in payloads:
            current.append(orjson.loads(orjson.dumps(as_current(payload))))
            older.append(orjson.loads(orjson.dumps(as_older(payload))))
    for merged, form in ((merged_current, current), (merged_older, older)):
        told = merged(copy.deepcopy(form))[1]
        for error in delivery.run.errors.errors:
            assert orjson.loads(orjson.dumps(error)) in told, (error, form)
    return current, older


async def problem(federation: Federation, operation: str, variables: dict[str, Any]) -> str | None:
    """What is wrong with the answer in parts; None if it is the monolith's."""
    monolith = Monolith(federation.world, federation.schema)
    expected, expected_errors = monolith.answer(without_increments(operation), variables)
    plan = plan_operation(parse(operation), None, federation.supergraph, federation.labels, incremental=True)
    if wrong := federation.shape_problem(plan):
        return wrong
    compiled = compile_plan(plan, federation.schema)
    if not compiled.is_incremental:
        return None
    definitions = compile_variables(federation.schema, plan.variable_definitions, suggest=False)
    if definitions.problems(variables):
        return str(definitions.problems(variables))
    values = definitions.values(variables)
    current, older = await both_forms(compiled, values, client_of(federation.subgraphs))
    for merged, payloads in ((merged_current, current), (merged_older, older)):
        data, errors = merged(copy.deepcopy(payloads))
        if not expected_errors:
            if errors:
                return f"errors: {errors[:3]} in {payloads}"
            if data != expected:
                return f"{data} instead of {expected} in {payloads}"
    if not expected_errors and plan.operation_type == "query":
        reference = experimental_execute_incrementally(
            incremental_schema(federation.schema),
            parse(operation),
            root_value=Thing("Query", "0"),
            variable_values=variables,
            field_resolver=monolith._resolve,
            type_resolver=lambda thing, *_: thing.type,
        )
        in_parts = isinstance(reference, ExperimentalIncrementalExecutionResults)
        first = reference.initial_result.data if in_parts else reference.data  # type: ignore[union-attr]
        if current[0]["data"] != first:
            return f"first {current[0]['data']} instead of {first}"
    return None


async def check(name: str, count: int) -> int:
    """Asks some operations of one federation in parts; returns how many."""
    federation = federation_named(name)
    if federation is None:
        return 0
    schema = incremental_schema(federation.schema)
    asked = 0
    for at, (operation, variables) in enumerate(operations_of(name, federation, count)):
        changed = with_increments(Random(f"{name}/{at}"), schema, operation, variables)
        if changed is not None:
            asked += 1
            wrong = await problem(federation, *changed)
            assert wrong is None, f"{name}/{at}: {wrong}\n{changed[0]}\n{changed[1]}"
    return asked


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["federations", *GENERATORS]), st.integers(0, 2**32))
async def test_the_parts_together_are_the_whole(generator: str, seed: int) -> None:
    await check(f"{generator}:{seed}", OPERATIONS_PER_FEDERATION)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(federations(), selections(3, STRICT), st.booleans(), st.booleans(), st.integers(0, 2**32))
async def test_errors_end_what_they_would_in_one_server(
    sdl: dict[str, str], selection: str, x: bool, y: bool, seed: int
) -> None:
    """Some fields raise, some of these are non-null: both sides' parts, put together, must be the same."""
    await check_errors(sdl, selection, x, y, seed)


async def check_errors(sdl: dict[str, str], selection: str, x: bool, y: bool, seed: int) -> None:
    composed = compose([Subgraph(name, sdl=LINK + each, url=f"http://{name}/") for name, each in sdl.items()])
    assert isinstance(composed, Composed), composed.errors
    supergraph = load_supergraph(composed.supergraph_sdl)
    schema = build_api_schema(supergraph.document)
    used = "k: __typename @include(if: $x) l: __typename @skip(if: $y)"
    query = f"query($x: Boolean!, $y: Boolean!) {{ {used} start {{ {selection} }} again: start {{ {selection} }} }}"
    changed = with_increments(Random(seed), incremental_schema(schema), query, {"x": x, "y": y})
    if changed is None or "@stream" in changed[0]:
        return  # of a list, all items are completed before the first is delivered
    operation, variables = changed
    entities = " extend type Query { _entities(representations: [_Any!]!): [_Entity]! }"
    schemas = {name: build_schema(DIRECTIVES + each + entities) for name, each in sdl.items()}
    plan = plan_operation(parse(operation), None, supergraph, incremental=True)
    compiled = compile_plan(plan, schema)
    if not compiled.is_incremental:
        return
    traits = {name: SubgraphTraits() for name in sdl}
    values = compile_variables(schema, plan.variable_definitions, suggest=False).values(variables)
    client = SubgraphClient(
        {name: f"http://{name}/" for name in sdl}, Subgraphs(schemas, [seed % 3, seed % 5, 0], traits)
    )
    current, older = await both_forms(compiled, values, client)
    reference = experimental_execute_incrementally(
        incremental_schema(schema), parse(operation), variable_values=variables, field_resolver=resolve
    )
    if isinstance(reference, ExperimentalIncrementalExecutionResults):
        first = reference.initial_result
        expected = [orjson.loads(orjson.dumps(first.formatted))]
        expected += [orjson.loads(orjson.dumps(part.formatted)) async for part in reference.subsequent_results]
        if len(expected) == 1:
            del expected[0]["hasNext"]
        data, errors = merged_current(expected)
    else:
        data, errors = reference.data, reference.formatted.get("errors", [])
    mine, my_errors = merged_current(copy.deepcopy(current))
    assert mine == data, (operation, variables, current)
    assert merged_older(copy.deepcopy(older))[0] == data, (operation, variables, older)
    assert bool(my_errors) is bool(errors), (operation, variables, current)
    assert {error["message"] for error in my_errors} <= {"tough"}


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["federations", *GENERATORS]), st.integers(0, 2**32), st.sampled_from([5, 15, 40]))
async def test_no_error_is_lost(generator: str, seed: int, rate: int) -> None:
    await check_faults(f"{generator}:{seed}", OPERATIONS_PER_FEDERATION, rate)


async def check_faults(name: str, count: int, rate: int) -> None:
    """Asks some operations of one federation with faults in parts; `both_forms` looks for the errors."""
    federation = federation_named(name)
    if federation is None:
        return
    schema = incremental_schema(federation.schema)
    faulty = {each: FaultySubgraph(each, federation.world) for each in federation.subgraphs}
    for subgraph in faulty.values():
        subgraph.rate = rate
    for at, (operation, variables) in enumerate(operations_of(name, federation, count)):
        changed = with_increments(Random(f"{name}/{at}"), schema, operation, variables)
        if changed is None:
            continue
        plan = plan_operation(parse(changed[0]), None, federation.supergraph, federation.labels, incremental=True)
        compiled = compile_plan(plan, federation.schema)
        if compiled.is_incremental:
            definitions = compile_variables(federation.schema, plan.variable_definitions, suggest=False)
            await both_forms(compiled, definitions.values(changed[1]), client_of(faulty))


async def test_an_error_is_told_with_the_null_that_it_caused() -> None:
    """The field that failed is deferred, but its object is null from the start: the fragment is never announced."""
    sdl = 'type Query { items: [Item] } type Item @key(fields: "id") { id: ID! x: Int }'
    composed = compose([Subgraph("a", sdl=LINK + sdl, url="http://a/")])
    assert isinstance(composed, Composed), composed.errors
    supergraph = load_supergraph(composed.supergraph_sdl)
    operation = parse("{ items { x ... @defer { id } } }")
    compiled = compile_plan(
        plan_operation(operation, None, supergraph, incremental=True), build_api_schema(supergraph.document)
    )
    errors = [{"message": "boom", "path": ["items", 1, "id"]}]
    transport = Canned({"data": {"items": [{"id": "1", "x": 1}, None]}, "errors": errors})
    current, older = await both_forms(compiled, {}, SubgraphClient({"a": "http://a/"}, transport))
    for first in (current[0], older[0]):
        assert first["data"] == {"items": [{"x": 1}, None]}
        assert [error["path"] for error in first["errors"]] == [["items", 1, "id"]]


class Canned(CoroutineTransport):
    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        return SubgraphReply(200, {}, orjson.dumps(self.answer))
