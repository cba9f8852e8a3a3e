"""`@oneOf` reaches the supergraph and the API schema. The reference composer does not know it yet."""

import pytest
from graphql import GraphQLInputObjectType, build_schema, parse

from router.composition import Composed, Rejected, Subgraph, compose
from router.graph.api_schema import build_api_schema

HEADER = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@shareable"])\n'


def composed(*inputs: str) -> Composed | Rejected:
    text = HEADER + "type Query { find(by: By): Int @shareable }\n"
    return compose([Subgraph(name, f"{text} input By {by}") for name, by in zip("ab", inputs, strict=False)])


@pytest.mark.parametrize("other", ["@oneOf { id: ID name: String }", "{ id: ID name: String }"])
def test_it_holds_where_one_subgraph_demands_it(other: str) -> None:
    result = composed("@oneOf { id: ID name: String }", other)
    assert isinstance(result, Composed), result.errors
    for schema in (build_api_schema(parse(result.supergraph_sdl)), build_schema(result.api_sdl)):
        by = schema.type_map["By"]
        assert isinstance(by, GraphQLInputObjectType)
        assert by.is_one_of


def test_a_plain_input_object_does_not_become_one() -> None:
    result = composed("{ id: ID }", "{ id: ID }")
    assert isinstance(result, Composed), result.errors
    assert "oneOf" not in result.supergraph_sdl


@pytest.mark.parametrize("field", ["id: ID!", 'id: ID = "x"'])
def test_its_fields_are_nullable_and_have_no_default(field: str) -> None:
    result = composed(f"@oneOf {{ {field} name: String }}")
    assert isinstance(result, Rejected)
    assert [(e.code, e.coordinate) for e in result.errors] == [("INVALID_GRAPHQL", "By.id")]


def test_no_subgraph_may_demand_one_of_its_fields() -> None:
    result = composed("@oneOf { id: ID name: String }", "{ id: ID! name: String }")
    assert isinstance(result, Rejected)
    assert [(e.code, e.coordinate, e.subgraphs) for e in result.errors] == [("INVALID_GRAPHQL", "By.id", ("a", "b"))]
    assert '"By" is @oneOf in "a" but "By.id" is non-null in "b"' in result.errors[0].message
