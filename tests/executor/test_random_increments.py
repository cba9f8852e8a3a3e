"""Random federations and operations with `@defer` and `@stream`: the parts together are the whole."""

import copy
from contextlib import aclosing
from random import Random
from typing import Any

import orjson
from graphql import build_schema, parse
from graphql.execution import ExperimentalIncrementalExecutionResults, experimental_execute_incrementally
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.composition import Composed, Subgraph, compose
from router.executor import CompiledPlan, SubgraphClient, SubgraphTraits, compile_plan
from router.executor.increments import as_current, as_older
from router.graph.api_schema import build_api_schema
from router.graph.supergraph import load_supergraph
from router.hooks import RequestContext
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
from tests.planner.stubs import Monolith, client_of
from tests.planner.world import Thing

OPERATIONS_PER_FEDERATION = 6


async def both_forms(
    compiled: CompiledPlan, variables: dict[str, Any], client: SubgraphClient
) -> tuple[list[Any], list[Any]]:
    """All payloads, in the current and in the older form."""
    current, older = [], []
    delivery = compiled.deliver(variables, RequestContext("1", "POST", "/graphql", {}), client)
    async with aclosing(delivery.payloads()) as payloads:
        async for payload in payloads:
            current.append(orjson.loads(orjson.dumps(as_current(payload))))
            older.append(orjson.loads(orjson.dumps(as_older(payload))))
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
