"""One file per case in `cases/`: subgraphs and an operation; beside it the plan, as text.

To accept changed plans after reading them: `UPDATE_PLANS=1 pytest tests/planner/test_cases.py`.
"""

import os
from pathlib import Path

import pytest
from graphql import parse, validate

from router.composition import Composed, Subgraph, compose
from router.graph.supergraph import Supergraph, load_supergraph
from router.planner import plan_operation
from router.planner.render import as_text
from tests.planner.subgraph_types import SubgraphTypes

CASES = sorted(Path(__file__).parent.glob("cases/*.graphql"))


def read(path: Path) -> tuple[dict[str, str], str]:
    sections = path.read_text().split("# --- ")[1:]
    parts = {s.split("\n", 1)[0].strip(): s.split("\n", 1)[1] for s in sections}
    operation = parts.pop("operation")
    return {name.removeprefix("subgraph "): sdl for name, sdl in parts.items()}, operation


def supergraph_of(sdls: dict[str, str]) -> Supergraph:
    result = compose([Subgraph(name, sdl) for name, sdl in sdls.items()])
    assert isinstance(result, Composed), result
    return load_supergraph(result.supergraph_sdl)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_plan(path: Path) -> None:
    sdls, operation = read(path)
    text = as_text(plan_operation(parse(operation), None, supergraph_of(sdls)))
    expected = path.with_suffix(".plan")
    if os.environ.get("UPDATE_PLANS"):
        expected.write_text(text)
    assert text == expected.read_text()


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_every_document_is_valid_in_its_subgraph(path: Path) -> None:
    sdls, operation = read(path)
    plan = plan_operation(parse(operation), None, supergraph_of(sdls))
    schemas = {name: SubgraphTypes(sdl).schema for name, sdl in sdls.items()}
    for fetch in plan.fetches:
        assert validate(schemas[fetch.subgraph], parse(fetch.document)) == []
