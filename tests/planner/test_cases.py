"""One file per case in `cases/`: subgraphs and an operation; beside it the plan, as text.

To accept changed plans after reading them: `UPDATE_PLANS=1 pytest tests/planner/test_cases.py`. The shape, which a
file's head says, is what is wanted of the plan: it does not change with the text.
"""

import functools
import json
import os
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from graphql import parse, validate

from router.composition import Composed, Subgraph, compose
from router.executor import SubgraphClient, compile_plan
from router.graph.api_schema import build_api_schema
from router.graph.supergraph import Supergraph, load_supergraph
from router.hooks import RequestContext
from router.planner import plan_operation
from router.planner.cover import Solver
from router.planner.plan import QueryPlan
from router.planner.render import as_text, shape
from router.server.variables import compile_variables
from tests.planner.case_files import Case, Observed, in_order, read_case, sketch
from tests.planner.running import is_part
from tests.planner.stubs import AnsweringSubgraph, Monolith
from tests.planner.world import World

WORLDS = 8
CONTEXT = RequestContext("1", "POST", "/graphql", {})
CASES = [read_case(path) for path in sorted(Path(__file__).parent.glob("cases/*.graphql"))]


def _param(case: Case) -> ParameterSet:
    marks = [pytest.mark.xfail(strict=True, reason=case.fault)] if case.fault is not None else []
    return pytest.param(case, id=case.path.stem, marks=marks)


every_case = pytest.mark.parametrize("case", [_param(case) for case in CASES])
with_null_keys = pytest.mark.parametrize("case", [_param(case) for case in CASES if case.null_keys])


@functools.cache
def supergraph_of(case: Case) -> Supergraph:
    result = compose([Subgraph(name, sdl) for name, sdl in case.sdls.items()])
    assert isinstance(result, Composed), result
    return load_supergraph(result.supergraph_sdl)


def plan_of(case: Case, supergraph: Supergraph) -> QueryPlan:
    return plan_operation(parse(case.operation), None, supergraph, case.labels)


@every_case
def test_plan(case: Case) -> None:
    plan = plan_of(case, supergraph_of(case))
    expected = case.path.with_suffix(".plan")
    if os.environ.get("UPDATE_PLANS"):
        expected.write_text(as_text(plan))
    assert sketch(plan) == case.shape
    assert as_text(plan) == expected.read_text()


@every_case
async def test_data(case: Case) -> None:
    """In several worlds: the answer is the monolith's, with requests that are valid and do not go beyond the shape."""
    supergraph = supergraph_of(case)
    schema = build_api_schema(supergraph.document)
    assert validate(schema, parse(case.operation)) == []
    plan = plan_of(case, supergraph)
    compiled = compile_plan(plan, schema)
    declared = compile_variables(schema, plan.variable_definitions)
    made, sent = set(), set()
    world = World(case.sdls, case.labels)
    subgraphs = {name: AnsweringSubgraph(name, world) for name in case.sdls}
    for fetch in plan.fetches:
        assert validate(subgraphs[fetch.subgraph].schema, parse(fetch.document)) == []
    for variant in range(WORLDS):
        world.become(variant)
        for variables in case.variables:
            expected, errors = Monolith(world, schema).answer(case.operation, variables)
            assert not errors
            transport = Observed(subgraphs)
            client = SubgraphClient({name: f"http://{name}/" for name in subgraphs}, transport)
            response = await compiled.execute(declared.values(variables), CONTEXT, client)
            assert response == {"data": expected}
            if "@skip" not in case.operation and "@include" not in case.operation:
                assert json.dumps(response["data"]) == json.dumps(expected), "keys are in the operation's order"
            made.add(in_order(transport.rounds))
            sent |= transport.fetch_ids
            assert sum(map(len, transport.rounds)) <= shape(plan)["fetches"]
    assert sent == {fetch.id for fetch in plan.fetches}, "a fetch that is never made says nothing"
    if case.calls is not None:
        longest = max(map(len, made))
        assert {calls for calls in made if len(calls) == longest} == {case.calls}


@with_null_keys
async def test_null_keys(case: Case) -> None:
    """Where keys may be null, data may be missing, but what comes is right, and nobody is sent half a key."""
    supergraph = supergraph_of(case)
    schema = build_api_schema(supergraph.document)
    plan = plan_of(case, supergraph)
    compiled = compile_plan(plan, schema)
    declared = compile_variables(schema, plan.variable_definitions)
    world = World(case.sdls, case.labels, null_keys=True)
    complete = True
    subgraphs = {name: AnsweringSubgraph(name, world) for name in case.sdls}
    for variant in range(5 * WORLDS):
        world.become(variant)
        client = SubgraphClient({name: f"http://{name}/" for name in subgraphs}, Observed(subgraphs))
        for variables in case.variables:
            expected, _ = Monolith(world, schema).answer(case.operation, variables)
            response = await compiled.execute(declared.values(variables), CONTEXT, client)
            assert not response.get("errors")
            assert is_part(response["data"], expected)
            complete &= response["data"] == expected
    assert not complete, "no key was null"


@pytest.mark.parametrize("case", [pytest.param(c, id=c.path.stem) for c in CASES if c.work is not None])
def test_work(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    supergraph = supergraph_of(case)
    spent: list[int] = []
    spend = Solver.spend

    def counted(self: Solver, amount: int = 1) -> None:
        spent.append(amount)
        spend(self, amount)

    monkeypatch.setattr(Solver, "spend", counted)
    plan_of(case, supergraph)
    assert case.work is not None
    assert 0 < sum(spent) <= case.work
