"""Which operations share a plan."""

import dataclasses

import pytest
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    NameNode,
    Node,
    OperationDefinitionNode,
    StringValueNode,
    Visitor,
    parse,
    print_ast,
    strip_ignored_characters,
    visit,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.composition import Composed, Subgraph, compose
from router.graph.selection_syntax import InlineFragments
from router.graph.selections import Selection, SelectionField
from router.graph.supergraph import Supergraph, load_supergraph
from router.planner import fingerprint, normalize, plan_operation
from router.planner.normalize import NormalizedOperation
from router.planner.plan import QueryPlan
from tests.planner.correctness import GENERATORS, federation_named, operations_of

SDL = """
scalar JSON
type Query { u(n: Int, o: JSON): U node: Node us: [U] }
interface Node { id: ID }
type U implements Node { id: ID name: String u: U }
type V implements Node { id: ID size: Int }
"""


@pytest.fixture(scope="module")
def supergraph() -> Supergraph:
    composed = compose([Subgraph("a", SDL)])
    assert isinstance(composed, Composed)
    return load_supergraph(composed.supergraph_sdl)


def of(supergraph: Supergraph, text: str, name: str | None = None) -> bytes:
    return fingerprint(normalize(parse(text), name, supergraph))


EQUAL = [
    ("{ u { id name } }", "query {\n u { id,, name } # comment\n}"),
    ("{ u { id name } }", "{ u { id ...F } } fragment F on U { name }"),
    ("{ u { id ...F } } fragment F on U { name }", "{ u { id ...Other } } fragment Other on U { name }"),
    ("{ u { id name } }", "{ u { ... { id } ... on U { name } id } u { name } }"),
    ("{ u { id } }", "{ u { id name @include(if: false) } us @skip(if: true) { id } }"),
    ("{ node { id ... on U { name } } }", "{ node { id ...F } } fragment F on U { ... on Node { id } name }"),
    ("query Q { u { id } }", '"""what it is for""" query Q { u { id } }'),
    ("query ($n: Int = 5) { u(n: $n) { id } }", 'query ("how many" $n: Int = 5) { u(n: $n) { id } }'),
    ("query ($n: Int, $o: JSON) { u(n: $n, o: $o) { id } }", "query ($o: JSON, $n: Int) { u(n: $n, o: $o) { id } }"),
    (
        "query ($a: Boolean!, $b: Boolean!) { u @include(if: $a) @skip(if: $b) { id } }",
        "query ($a: Boolean!, $b: Boolean!) { ... @skip(if: $b) { u @include(if: $a) { id } } }",
    ),
    ("query Q { u { id } } query R { us { id } }", "query S { us { id } } query Q { u { id } }"),
]

DIFFERENT = [
    ("{ u { id name } }", "{ u { name id } }"),  # the client's fields come in the order of the document
    ("{ u { id name } }", "{ u { id label: name } }"),
    ("{ u(n: 1) { id } }", "{ u(n: 2) { id } }"),
    ('{ u(o: {a: "x"}) { id } }', "{ u(o: {a: x}) { id } }"),
    ("{ u(n: 1) { id } }", "query ($n: Int = 1) { u(n: $n) { id } }"),
    ("query ($n: Int = 1) { u(n: $n) { id } }", "query ($n: Int = 2) { u(n: $n) { id } }"),
    ("query ($n: Int) { u(n: $n) { id } }", "query ($n: Int!) { u(n: $n) { id } }"),
    ("query Q { u { id } }", "query R { u { id } }"),
    ("query Q { u { id } }", "{ u { id } }"),
    ("{ u { id } }", "{ u { id __typename } }"),
    ("{ node { id } }", "{ node { ... on U { id } } }"),
    ("{ node { ... on U { id } } }", "{ node { ... on V { id } } }"),
    ("{ u { id } }", "{ u { u { id } } }"),
    ("query ($a: Boolean!) { u { id @include(if: $a) } }", "query ($a: Boolean!) { u { id @skip(if: $a) } }"),
    ("{ __schema { types { name } } }", "{ __schema { types { kind } } }"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_operations_have_equal_plans(supergraph: Supergraph, one: str, other: str) -> None:
    name = "Q" if "query Q" in one else None
    assert of(supergraph, one, name) == of(supergraph, other, name)
    assert plan_operation(parse(one), name, supergraph) == plan_operation(parse(other), name, supergraph)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_ones(supergraph: Supergraph, one: str, other: str) -> None:
    assert of(supergraph, one) != of(supergraph, other)


def test_it_is_the_same_in_every_process(supergraph: Supergraph) -> None:
    """Ids of selections are not: a digest that read them would make every text its own operation."""
    assert len({of(supergraph, "{ us { id u { name } } }") for _ in range(3)}) == 1


def test_a_fragment_bomb_is_linear(supergraph: Supergraph) -> None:
    text = "{ u { ...F0 } }" + "".join(
        f"fragment F{n} on U {{ a: u {{ ...F{n + 1} }} b: u {{ ...F{n + 1} }} }}" for n in range(25)
    )
    assert len(of(supergraph, text + " fragment F25 on U { id }")) == 32


def test_nothing_that_planning_reads_is_left_out() -> None:
    """Whoever adds an attribute must decide whether operations that differ in it may share a plan."""
    assert [f.name for f in dataclasses.fields(NormalizedOperation)] == [
        "type", "name", "root_type", "selection", "variables", "requirements", "denials", "work",
    ]  # fmt: skip
    assert [f.name for f in dataclasses.fields(Selection)] == ["id", "type", "own", "by_type", "defers"]
    assert [f.name for f in dataclasses.fields(SelectionField)] == [
        "id", "response_key", "name", "arguments", "variables", "conditions", "type", "selection", "introspection",
        "defer", "stream", "denied",
    ]  # fmt: skip


def test_descriptions_and_directives_of_variables_do_not_travel(supergraph: Supergraph) -> None:
    text = 'query Q("how many" $n: Int = 5 @deprecated, """b""" $o: JSON) { u(n: $n, o: $o) { id } }'
    (fetch,) = plan_operation(parse(text), None, supergraph).fetches
    assert fetch.document == "query Q__a__0($n: Int = 5, $o: JSON) { u(n: $n, o: $o) { id } }"


# ---- random operations ----------------------------------------------------------------------------------------------


def rewritten(text: str, how: str) -> str:
    """The same operation, written in another way."""
    document = parse(text)
    if how == "tight":
        return strip_ignored_characters(text)
    if how == "renamed":
        return print_ast(visit(document, RenamedFragments()))
    if how == "described":
        (described, *others) = (
            dataclasses.replace(node, description=StringValueNode(value="what it is for"))
            if isinstance(node, OperationDefinitionNode) and node.name is not None
            else node
            for node in document.definitions
        )
        return print_ast(DocumentNode(definitions=(*others, described)))
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return print_ast(visit(DocumentNode(definitions=tuple(operations)), InlineFragments(fragments)))


class RenamedFragments(Visitor):
    def leave(self, node: Node, *_: object) -> Node | None:
        if isinstance(node, FragmentDefinitionNode | FragmentSpreadNode):
            return dataclasses.replace(node, name=NameNode(value=f"Other_{node.name.value}"))
        return None


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["federations", *GENERATORS]), st.integers(0, 2**32))
def test_random_operations(generator: str, seed: int) -> None:
    name = f"{generator}:{seed}"
    federation = federation_named(name)
    if federation is None:
        return
    supergraph = federation.supergraph
    plans: dict[bytes, QueryPlan] = {}
    for text, _ in operations_of(name, federation, 6):
        plan, found = federation.plan(text), of(supergraph, text)
        assert plans.setdefault(found, plan) == plan, "what is taken for the same has the same plan"
        for how in ("tight", "renamed", "described", "inlined"):
            other = rewritten(text, how)
            assert of(supergraph, other) == found, how
            assert federation.plan(other) == plan, how
