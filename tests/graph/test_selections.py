"""Normal form: what is equal becomes one object, what never happens is gone."""

import pytest
from graphql import OperationDefinitionNode, parse

from router.errors import OperationError
from router.graph.selection_builder import SelectionBuilder
from router.graph.selections import Selection
from router.graph.supergraph import load_supergraph

SUPERGRAPH = load_supergraph(
    """
enum join__Graph { A @join__graph(name: "a", url: "") }
type Query @join__type(graph: A) { node: Node t: T u: U }
interface Node @join__type(graph: A) { id: ID! }
type T implements Node @join__type(graph: A) @join__implements(graph: A, interface: "Node") {
  id: ID!
  t: T
  x(n: Int): Int
}
type S implements Node @join__type(graph: A) @join__implements(graph: A, interface: "Node") { id: ID! }
union U @join__type(graph: A) @join__unionMember(graph: A, member: "T") = T
"""
)


def selection(text: str, builder: SelectionBuilder | None = None) -> Selection:
    document = parse(text)
    fragments = {d.name.value: d for d in document.definitions[1:]}
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return (builder or SelectionBuilder(SUPERGRAPH, fragments)).build("Query", operation.selection_set)


def outline(found: Selection) -> list[object]:
    lines: list[object] = []
    for field in found.own:
        text = f"{field.response_key}:{field.name}{field.arguments}"
        lines.append(
            (text, field.conditions, outline(field.selection)) if field.selection else (text, field.conditions)
        )
    return lines


def test_fragments_and_duplicates_disappear() -> None:
    builder = SelectionBuilder(SUPERGRAPH)
    plain = selection("{ t { x t { id x } } }", builder)
    assert selection("{ t { ... on T { x } x } t { t { id } ... on Node { ... on T { t { x } } } } }", builder) is plain


def test_order_is_that_of_first_occurrence() -> None:
    found = selection("{ t { x ...F id } } fragment F on T { y: x id }")
    assert [f.response_key for f in found.own[0].selection.own] == ["x", "y", "id"]


def test_literal_conditions_are_applied_and_variables_kept() -> None:
    found = selection("{ t { a: x @skip(if: true) b: x @include(if: true) c: x @include(if: $v) @skip(if: $w) } }")
    fields = found.own[0].selection.own
    assert [(f.response_key, f.conditions) for f in fields] == [("b", ()), ("c", (("v", True), ("w", False)))]


def test_a_conditional_duplicate_of_an_unconditional_field_goes_inside_it() -> None:
    found = selection("{ t { id } t @include(if: $v) { x } }")
    assert outline(found) == [("t:t", (), [("id:id", ()), ("x:x", (("v", True),))])]


def test_what_can_never_be_included_is_gone() -> None:
    found = selection("{ t { id ... @include(if: $v) { x @skip(if: $v) } } }")
    assert outline(found) == [("t:t", (), [("id:id", ())])]


def test_abstract_positions_say_what_each_object_type_is_asked() -> None:
    node = selection("{ node { id ... on T { x } } }").own[0].selection
    assert [f.name for f in node.own] == ["id"]
    assert {name: [f.name for f in fields] for name, fields in node.by_type.items()} == {"S": ["id"], "T": ["id", "x"]}


def test_a_fragment_that_no_object_meets_is_gone() -> None:
    union = selection("{ u { ... on S { id } ... on Node { id } } }").own[0].selection
    assert {name: [f.name for f in fields] for name, fields in union.by_type.items()} == {"T": ["id"]}


def test_arguments_tell_fields_apart_and_their_variables_are_known() -> None:
    fields = selection("{ t { a: x(n: 1) b: x(n: $n) } }").own[0].selection.own
    assert [(f.arguments, sorted(f.variables)) for f in fields] == [("(n: 1)", []), ("(n: $n)", ["n"])]


def test_fragments_that_multiply_end_with_an_error() -> None:
    levels = 40
    bomb = "{ t { ...F0 } } " + " ".join(
        f"fragment F{i} on T {{ " + " ".join(f"a{k}: t {{ ...F{i + 1} }}" for k in range(3)) + " }"
        for i in range(levels)
    )
    text = bomb + f" fragment F{levels} on T {{ id }}"
    document = parse(text)
    fragments = {d.name.value: d for d in document.definitions[1:]}
    with pytest.raises(OperationError) as caught:
        SelectionBuilder(SUPERGRAPH, fragments, max_fields=50).build("Query", document.definitions[0].selection_set)
    assert caught.value.code == "QUERY_PLANNING_BUDGET_EXCEEDED"
