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


def nested_conditions(levels: int, leaf: str, *, defer: str = "") -> tuple[str, SelectionBuilder]:
    """A lattice of 2 ** levels conditions, and a builder for it."""
    fragments = " ".join(
        f"fragment F{i} on T {{ ...F{i + 1} @include(if: $a{i}) {defer} ...F{i + 1} @include(if: $b{i}) }}"
        for i in range(levels)
    )
    text = f"{{ t {{ ...F0 }} }} {fragments} fragment F{levels} on T {{ {leaf} }}"
    named = {d.name.value: d for d in parse(text).definitions[1:]}
    return text, SelectionBuilder(SUPERGRAPH, named, incremental=bool(defer))


@pytest.mark.parametrize("leaf", ["x", "... on S { id }", "t { x }"])
@pytest.mark.parametrize("defer", ["", "@defer", "@defer(if: $d)"])
def test_conditions_without_end_are_refused_after_little_work(leaf: str, defer: str) -> None:
    text, builder = nested_conditions(30, leaf, defer=defer)
    with pytest.raises(OperationError, match="more than 1,000 different conditions at one place") as refused:
        selection(text, builder)
    assert refused.value.code == "QUERY_PLANNING_BUDGET_EXCEEDED"
    assert builder.work < 100_000


@pytest.mark.parametrize("defer", ["", "@defer", "@defer(if: $d)"])
def test_work_grows_with_the_number_of_conditions(defer: str) -> None:
    work = []
    for levels in (3, 5, 7):
        text, builder = nested_conditions(levels, "x t { id }", defer=defer)
        selection(text, builder)
        work.append(builder.work)
    assert work[2] < 16 * work[1] < 16 * 16 * work[0]


def test_one_field_under_many_conditions_is_refused() -> None:
    inner = " ".join(f"x @include(if: $b{i})" for i in range(40))
    text = "{ t { " + " ".join(f"... @include(if: $a{i}) {{ {inner} }}" for i in range(40)) + " } }"
    with pytest.raises(OperationError, match='"x" is selected under more than 1,000') as refused:
        selection(text)
    assert refused.value.code == "QUERY_PLANNING_BUDGET_EXCEEDED"


def test_long_conditions_of_many_positions_are_refused_within_the_budget() -> None:
    opened = " ".join(f"... @include(if: $a{i}) {{" for i in range(80)) + " "
    fields = " ".join(f"x{i}: x @skip(if: $b{i})" for i in range(100))
    fragment = f"fragment F on T {{ {opened} {fields} {'} ' * 80} }}"
    text = "{ " + " ".join(f"t{i}: t {{ ...F }}" for i in range(90)) + " } " + fragment
    named = {d.name.value: d for d in parse(text).definitions[1:]}
    builder = SelectionBuilder(SUPERGRAPH, named, budget=50_000)
    with pytest.raises(OperationError, match="fragments and conditions take too much work") as refused:
        selection(text, builder)
    assert refused.value.code == "QUERY_PLANNING_BUDGET_EXCEEDED"
    assert builder.work < 55_000
