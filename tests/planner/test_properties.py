"""Random federations and operations: every plan's documents are valid, and its data is the monolith's."""

import random
from typing import Any

import orjson
import pytest
from graphql import parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.composition import Composed, Subgraph, compose
from router.executor import SubgraphClient, compile_plan
from router.graph.api_schema import build_api_schema
from router.graph.supergraph import load_supergraph
from router.hooks import RequestContext, SubgraphCall, SubgraphReply
from router.planner import plan_operation
from router.planner.documents import entities_document
from router.planner.plan import QueryPlan
from tests.planner.federation import AnsweringSubgraph, FederationMaker, OperationMaker

OPERATIONS_PER_FEDERATION = 8


class InProcess:
    """A transport to subgraphs of this process."""

    def __init__(self, subgraphs: dict[str, AnsweringSubgraph]) -> None:
        self.subgraphs = subgraphs

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        request = orjson.loads(call.body)
        answer = self.subgraphs[call.subgraph].answer(request["query"], request.get("variables"))
        return SubgraphReply(200, {"content-type": "application/json"}, orjson.dumps(answer))


def check_shape(plan: QueryPlan) -> None:
    for index, fetch in enumerate(plan.fetches):
        assert fetch.id == index
        assert all(d < index for d in fetch.depends_on)
        assert set(fetch.variables) <= plan.variable_definitions.keys()
        if fetch.entity is not None:
            assert fetch.path
            assert fetch.entity.representations
            alone = entities_document(fetch.operation_name, [fetch.entity], fetch.variables, plan.variable_definitions)
            assert fetch.document == alone.text


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
@pytest.mark.asyncio
async def test_data_equals_the_monolith(seed: int) -> None:
    federation = FederationMaker(random.Random(seed)).make()
    composed = compose([Subgraph(name, sdl) for name, sdl in federation.sdls.items()])
    if not isinstance(composed, Composed):
        assert {e.code for e in composed.errors} == {"SATISFIABILITY_ERROR"}, composed.errors
        return
    supergraph = load_supergraph(composed.supergraph_sdl)
    schema = build_api_schema(supergraph.document)
    subgraphs = federation.subgraphs()
    client = SubgraphClient({name: f"http://{name}/" for name in subgraphs}, InProcess(subgraphs))
    for n in range(OPERATIONS_PER_FEDERATION):
        operation, variables = OperationMaker(random.Random(seed * 100 + n), schema).make()
        expected = federation.monolith(schema, operation, variables)
        plan = plan_operation(parse(operation), None, supergraph)
        check_shape(plan)
        assert plan == plan_operation(parse(operation), None, supergraph), "plans are deterministic"
        context = RequestContext("1", "POST", "/graphql", {})
        response: dict[str, Any] = await compile_plan(plan, schema).execute(variables, context, client)
        assert not response.get("errors"), (operation, variables, response["errors"])
        assert response["data"] == expected, (operation, variables)
