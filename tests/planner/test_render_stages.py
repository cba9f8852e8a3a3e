"""Every stage of planning can be printed, as text and as JSON, and says where things are read."""

import json

import pytest
from graphql import FieldNode, Visitor, parse, visit

from router.planner import query_graph, stages
from router.planner.cover import ObjectCover
from router.planner.fetch_graph import FetchGraph
from router.planner.normalize import NormalizedOperation
from router.planner.plan import QueryPlan
from router.planner.render_stages import stage_json, stage_text
from tests.planner.test_cases import CASES, Case, supergraph_of


class Names(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        self.found.add(node.name.value)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.path.stem) for case in CASES if case.fault is None])
def test_every_stage_can_be_printed(case: Case) -> None:
    supergraph = supergraph_of(case)
    graph = query_graph(supergraph, case.labels)
    document = parse(case.operation)
    normal, cover, fetch_graph, plan = stages(document, None, supergraph, case.labels)
    assert isinstance(normal, NormalizedOperation)
    assert isinstance(cover, ObjectCover)
    assert isinstance(fetch_graph, FetchGraph)
    assert isinstance(plan, QueryPlan)
    names = Names()
    visit(document, names)
    asked = {fetch.subgraph for fetch in plan.fetches}
    for stage in (normal, cover, fetch_graph, plan):
        text, data = stage_text(stage, graph), json.dumps(stage_json(stage, graph))
        for said in (text, data):
            if stage is not normal:
                assert all(subgraph in said for subgraph in asked)
            elif "@" not in case.operation:
                assert all(name in said for name in names.found)
        assert json.loads(data), "there is something in it"
