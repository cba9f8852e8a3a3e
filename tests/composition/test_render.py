"""Text goes through printing unchanged, and subgraph names become distinct GraphQL names."""

import re

import pytest
from graphql import build_schema
from hypothesis import given, settings
from hypothesis import strategies as st

from router.composition import Composed, Subgraph, compose
from router.composition.render import graph_names, render_constant

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@settings(max_examples=200, deadline=None)
@given(texts, texts)
def test_descriptions_and_string_defaults_are_kept(description: str, default: str) -> None:
    written = render_constant(description)
    sdl = f"{written} type Query {{ {written} a(x: String = {render_constant(default)}): Int }}"
    result = compose([Subgraph("a", sdl)])
    assert isinstance(result, Composed), result.errors
    for text in (result.api_sdl, result.supergraph_sdl):
        query = build_schema(text).query_type
        assert query is not None
        assert (query.description or "") == description
        assert (query.fields["a"].description or "") == description
        default_value = query.fields["a"].args["x"].ast_node
        assert default_value is not None
        assert default_value.default_value is not None
        assert getattr(default_value.default_value, "value", None) == default


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["users"], ["USERS"]),
        (["a b", "a-b", "a_b"], ["A_B_1", "A_B_2", "A_B_3"]),
        (["1a", "x_1"], ["_1A", "X_1_"]),
        (["é"], ["_"]),
    ],
)
def test_graph_names(names: list[str], expected: list[str]) -> None:
    assert graph_names(names) == expected


@given(st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=8))
def test_graph_names_are_names_and_distinct(names: list[str]) -> None:
    made = graph_names(sorted(names))
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"[_A-Za-z][_0-9A-Za-z]*", name) for name in made)


def test_types_are_sorted_whatever_order_they_are_written_in() -> None:
    result = compose(
        [Subgraph("b", "type Z { a: B } type B { x: Int }"), Subgraph("a", "type Query { c: C } enum C { X }")]
    )
    assert isinstance(result, Composed)
    assert re.findall(r"^(?:type|enum) (\w+)", result.api_sdl, re.MULTILINE) == ["B", "C", "Query", "Z"]
