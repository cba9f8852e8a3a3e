"""Estimated costs: single cases by hand, and any operation against what executing it really takes."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    build_schema,
    execute_sync,
    get_named_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from router import Composed, Subgraph, compose
from router.errors import InvalidSupergraph
from router.graph.selections import Selection
from router.graph.supergraph import Supergraph, load_supergraph
from router.planner import normalize
from router.planner.cost import OperationCost
from router.planner.cost_estimate import estimate_cost

SCHEMA = """
type Query {
  user: User
  node: Node
  nodes(first: Int): [Node!]! @listSize(slicingArguments: ["first"], assumedSize: 7, requireOneSlicingArgument: false)
  users(first: Int = 3, last: Int): [User!]! @listSize(slicingArguments: ["first", "last"])
  page(n: Int, m: Int): Page
    @cost(weight: 5)
    @listSize(slicingArguments: ["n", "m"], sizedFields: ["items", "marks"], requireOneSlicingArgument: false)
  search(filter: Filter, level: Level, many: [Filter!], heavy: Int @cost(weight: 9)): [Result!]!
  grid: [[Int!]!]! @cost(weight: 2)
  few: [Book!]! @listSize(assumedSize: 2)
}
type Mutation { touch: User, shelve(book: Filter): [Book!]! }
interface Node { id: ID!, near: [Node!]! @listSize(assumedSize: 2) }
type User implements Node { id: ID!, near: [Node!]!, friend: User @cost(weight: 0), mood: Mood, books: [Book!]! }
type Book implements Node @cost(weight: 4) { id: ID!, near: [Node!]!, pages: Int @cost(weight: 3), users: [User!]! }
type Page { items: [User!]!, marks: [Int!]! @cost(weight: 2), next: Page, rest: [Book!]! }
union Result = User | Book
input Filter { text: String @cost(weight: 2), and: Filter, any: [Filter!], deep: Deep }
input Deep { x: Int }
enum Level @cost(weight: 6) { LOW HIGH }
scalar Mood @cost(weight: 8)
"""
HEAD = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@cost", "@listSize"])\n"""


def supergraph_of(sdl: str = SCHEMA, head: str = HEAD) -> Supergraph:
    composed = compose([Subgraph("only", sdl=head + sdl, url="http://only.test")])
    assert isinstance(composed, Composed), composed.errors
    return load_supergraph(composed.supergraph_sdl)


@cache
def known() -> Supergraph:
    return supergraph_of()


@pytest.fixture
def supergraph() -> Supergraph:
    return known()


def cost_of(supergraph: Supergraph, text: str, list_size_default: int = 10) -> OperationCost:
    return estimate_cost(normalize(parse(text), None, supergraph), supergraph, list_size_default)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", 0),
        ("{ user { id } }", 1),
        ("{ a: user { id } b: user { id } user { id near { id } } user { id } }", 3 + 2 * 4),
        ("mutation { touch { id } }", 11),
        ("{ user { mood friend { id friend { mood } } } }", 1 + 8 + 0 + 8),
        ("{ node { id } }", 4),
        ("{ node { ... on User { id } } }", 4),
        ("{ node { ... on User { mood } ... on Book { id } } }", 1 + 8),
        ("{ node { ...U ...U ... on Book { pages } } } fragment U on User { mood id }", 9),
        ("{ nodes { id } }", 7 * 4),
        ("{ nodes(first: 2) { near { id } } }", 2 * (4 + 2 * 4)),
        ("{ nodes(first: null) { id } }", 7 * 4),
        ("{ nodes(first: 0) { id } }", 0),
        ("{ nodes(first: -5) { id } }", 0),
        ("{ users { id } }", 3),
        ("{ users(first: 20) { id } }", 20),
        ("{ users(last: 20) { id books { id } } }", 20 * (1 + 10 * 4)),
        ("{ user { books { pages } } }", 1 + 10 * (4 + 3)),
        ("{ page(n: 4) { items { id } marks rest { id } } }", 5 + 4 * 1 + 4 * 2 + 10 * 4),
        ("{ page(n: 4, m: 6) { items { id } next { items { id } } } }", 5 + 6 + 1 + 10),
        ("{ page { items { id } } }", 5 + 10),
        ("{ grid }", 10 * 10 * 2),
        ("{ few { pages } }", 2 * 7),
        ("{ search { __typename } }", 10 * 4),
        ('{ search(filter: {text: "x"}) { __typename } }', 40 + 1 + 2),
        ("{ search(filter: null) { __typename } }", 40),
        ('{ search(filter: {and: {text: "x", any: [{}, {deep: {x: 1}}]}}) { __typename } }', 47),
        ("{ search(many: [{}, {}]) { __typename } }", 42),
        ("{ search(many: {}) { __typename } }", 41),
        ("{ search(level: LOW, heavy: 1) { __typename } }", 40 + 6 + 9),
        ("{ user @skip(if: true) { id } node @include(if: true) { id } }", 4),
        ("{ __schema { types { name fields { name } } } }", 0),
    ],
)
def test_by_hand(supergraph: Supergraph, text: str, expected: float) -> None:
    cost = cost_of(supergraph, text)
    assert not cost.steps
    assert cost.estimate({}) == expected


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("query($n: Int) { nodes(first: $n) { id } }", {"n": 3}, 12),
        ("query($n: Int) { nodes(first: $n) { id } }", {"n": None}, 28),
        ("query($n: Int) { nodes(first: $n) { id } }", {}, 28),
        ("query($n: Int) { users(first: $n) { id } }", {}, 3),
        ("query($n: Int) { users(first: $n) { id } }", {"n": -4}, 0),
        ("query($n: Int) { page(n: $n, m: 2) { items { friend { id } } } }", {"n": 5}, 5 + 5),
        ("query($n: Int) { page(n: $n, m: 2) { items { friend { id } } } }", {"n": 1}, 5 + 2),
        ("query($s: Boolean!) { user @skip(if: $s) { id mood } }", {"s": True}, 0),
        ("query($s: Boolean!) { user @skip(if: $s) { id mood } }", {"s": False}, 9),
        ("query($s: Boolean!) { user { id mood @include(if: $s) } }", {"s": False}, 1),
        ("query($f: Filter) { search(filter: $f) { __typename } }", {"f": {"text": "x", "any": [{}, {}]}}, 40 + 5),
        ("query($f: Filter) { search(filter: $f) { __typename } }", {"f": None}, 40),
        ("query($f: Filter) { search(filter: $f) { __typename } }", {}, 40),
        ('query($f: Filter = {text: "x"}) { search(filter: $f) { __typename } }', {}, 43),
        ("query($t: String) { search(filter: {text: $t}) { __typename } }", {"t": "x"}, 43),
        ("query($t: String) { search(filter: {text: $t}) { __typename } }", {"t": None}, 41),
        ("query($h: Int) { search(heavy: $h) { __typename } }", {"h": 0}, 49),
        ("query($l: Level, $m: [Filter!]) { search(level: $l, many: $m) { __typename } }", {"l": "LOW", "m": [{}]}, 47),
        (
            "query($n: Int) { nodes(first: $n) { ... on User { near { near { id } } } ... on Book { near { id } } } }",
            {"n": 2},
            2 * max(1 + 2 * (4 + 2 * 4), 4 + 2 * 4),
        ),
    ],
)
def test_with_variables(supergraph: Supergraph, text: str, variables: dict[str, Any], expected: float) -> None:
    assert cost_of(supergraph, text).estimate(variables) == expected


@pytest.mark.parametrize(
    ("text", "variables", "is_clear"),
    [
        ("{ users { id } }", {}, True),
        ("{ users(first: 1) { id } }", {}, True),
        ("{ users(last: 1) { id } }", {}, True),
        ("{ users(first: 1, last: 1) { id } }", {}, False),
        ("{ users(first: null) { id } }", {}, False),
        ("query($n: Int) { users(first: $n) { id } }", {}, True),
        ("query($n: Int) { users(first: $n) { id } }", {"n": None}, False),
        ("query($n: Int) { users(last: $n) { id } }", {}, True),
        ("query($n: Int) { users(last: $n) { id } }", {"n": 1}, True),
        ("query($n: Int) { users(first: 2, last: $n) { id } }", {"n": 1}, False),
        ("query($n: Int, $m: Int) { users(first: $m, last: $n) { id } }", {"n": 1, "m": 1}, False),
        ("query($n: Int, $m: Int) { users(first: $m, last: $n) { id } }", {"n": 1}, True),
        ("{ page { items { id } } }", {}, True),
    ],
)
def test_one_slicing_argument(supergraph: Supergraph, text: str, variables: dict[str, Any], is_clear: bool) -> None:
    unclear = cost_of(supergraph, text).unclear(variables)
    assert (unclear is None) == is_clear
    assert unclear is None or unclear.coordinate == "Query.users"


def test_other_names_of_the_directives() -> None:
    head = HEAD.replace('"@cost", "@listSize"', '{name: "@cost", as: "@weight"}, {name: "@listSize", as: "@length"}')
    renamed = supergraph_of(SCHEMA.replace("@cost", "@weight").replace("@listSize", "@length"), head)
    assert "@weight(" in renamed.sdl
    assert renamed.costs == supergraph_of().costs


def test_directives_of_somebody_else_are_no_costs() -> None:
    own = "directive @cost(weight: Int!) on FIELD_DEFINITION\ntype Query { a: Int @cost(weight: 7) }"
    supergraph = supergraph_of(own, "")
    assert cost_of(supergraph, "{ a }").estimate({}) == 0


@pytest.mark.parametrize(
    ("old", "new"), [("@cost(weight: 5)", "@cost(weight: [])"), ('sizedFields: ["items"', 'sizedFields: [1, "items"')]
)
def test_what_is_not_understood_is_refused(supergraph: Supergraph, old: str, new: str) -> None:
    assert old in supergraph.sdl
    with pytest.raises(InvalidSupergraph, match=r"Query\.page needs"):
        _ = load_supergraph(supergraph.sdl.replace(old, new)).costs


def test_time_and_steps_grow_with_the_document(supergraph: Supergraph) -> None:
    """Two types at each of many levels: paths double with each, and steps do not."""
    levels = 12
    inner = "... on User { mood @include(if: $b) } ... on Book { pages }"
    for _ in range(levels):
        inner = f"near {{ {inner} }}"
    cost = cost_of(supergraph, f"query($n: Int, $b: Boolean!) {{ nodes(first: $n) {{ {inner} }} }}")
    assert len(cost.steps) <= 4 * (levels + 2)
    assert cost.estimate({"n": 2, "b": True}) > cost.estimate({"n": 1, "b": True}) > 2**levels


# ---- any operation --------------------------------------------------------------------------------------------------


PLACES = "ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR"
ARGUMENTS = (
    "weight: Int, assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], "
    "requireOneSlicingArgument: Boolean"
)
BARE = build_schema("".join(f"directive @{name}({ARGUMENTS}) on {PLACES}\n" for name in ("cost", "listSize")) + SCHEMA)


class Oracle:
    """Executes operations on a schema whose lists are as long as they are said to be, and adds up what was resolved.

    Args:
        drawn: chooses objects' types, whether there are objects, and how much shorter lists are.
    """

    def __init__(self, supergraph: Supergraph, drawn: st.DataObject | None, list_size: int) -> None:
        self.schema = BARE
        self.rules = supergraph.costs
        self.drawn = drawn
        self.list_size = list_size
        self.total = 0.0

    def run(self, text: str, variables: Mapping[str, Any]) -> float:
        document = parse(text)
        assert not validate(self.schema, document)
        result = execute_sync(
            self.schema, document, {}, variable_values=dict(variables), field_resolver=self.resolve,
            type_resolver=lambda value, *_: value["__typename"],
        )  # fmt: skip
        assert not result.errors, result.errors
        return self.total + (10 if text.startswith("mutation") else 0)

    def resolve(self, parent: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        key = info.parent_type.name, info.field_name
        for name, value in arguments.items():
            argument = info.parent_type.fields[info.field_name].args[name]
            is_given = any(node.name.value == name for node in info.field_nodes[0].arguments or ())
            if is_given:
                weight = {"heavy": 9.0}.get(name)
                self.total += self.input(value, get_named_type(argument.type), weight)
        rule = self.rules.list_sizes.get(key)
        said = None
        if rule is not None:
            values = [arguments[name] for name, _ in rule.slicing if arguments.get(name) is not None]
            said = max(values) if values else rule.assumed
            said = self.list_size if said is None else max(said, 0)
        own = parent.get("sizes", {}).get(info.field_name)
        if own is None and rule is not None and not rule.sized:
            own = said
        below = {} if rule is None else dict.fromkeys(rule.sized, said)
        return self.value(info, info.return_type, own, below)

    def value(self, info: GraphQLResolveInfo, type_: Any, size: int | None, below: dict[str, Any]) -> Any:
        may_be_null = not is_non_null_type(type_)
        type_ = type_ if may_be_null else type_.of_type
        if is_list_type(type_):
            length = self.list_size if size is None else size
            if self.drawn is not None:
                length = self.drawn.draw(st.integers(0, length))
            return [self.value(info, type_.of_type, None, below) for _ in range(length)]
        if may_be_null and self.drawn is not None and self.drawn.draw(st.integers(0, 9)) == 0:
            return None
        weight = self.rules.fields.get((info.parent_type.name, info.field_name))
        if isinstance(type_, GraphQLScalarType | GraphQLEnumType):
            self.total += self.rules.types.get(type_.name, 0.0) if weight is None else weight
            return 1
        name = type_.name
        if is_abstract_type(type_):
            names = sorted(each.name for each in self.schema.get_possible_types(type_))
            name = names[0] if self.drawn is None else self.drawn.draw(st.sampled_from(names))
        self.total += self.rules.types.get(name, 1.0) if weight is None else weight
        return {"__typename": name, "sizes": below}

    def input(self, value: Any, type_: Any, weight: float | None) -> float:
        if value is None:
            return 0.0
        if isinstance(value, list):
            return sum(self.input(each, type_, weight) for each in value)
        if isinstance(type_, GraphQLInputObjectType):
            inner = (
                self.input(each, get_named_type(type_.fields[name].type), 2.0 if name == "text" else None)
                for name, each in value.items()
            )
            return 1.0 + sum(inner)
        return weight if weight is not None else {"Level": 6.0}.get(type_.name, 0.0)


sizes = st.sampled_from(["", "null", "0", "1", "2", "$n", "$m"])
conditions = st.sampled_from(
    ["", "", "", " @skip(if: $s)", " @include(if: $s)", " @include(if: $t)", " @skip(if: true)"]
)
filters = st.sampled_from(
    ["", "filter: $f", 'filter: {text: "x", and: $f}', "filter: {any: [{}, $g]}", "many: [$g, {}]"]
)


def field(name: str, arguments: st.SearchStrategy[str], inner: st.SearchStrategy[str] | None) -> st.SearchStrategy[str]:
    return st.builds(
        lambda alias, given, condition, below: f"{alias}{name}{f'({given})' if given else ''}{condition}{below}",
        st.sampled_from(["", *(f"{name}{letter}: " for letter in "ab")]),
        arguments,
        conditions,
        st.just("") if inner is None else inner.map("{{ {} }}".format),
    )


none = st.just("")


def named(name: str, values: st.SearchStrategy[str] = sizes) -> st.SearchStrategy[str]:
    return values.map(lambda value: value and f"{name}: {value}")


def several(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(st.one_of(*parts), min_size=1, max_size=3).map(" ".join)


def on(name: str, inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return inner.map(f"... on {name} {{{{ {{}} }}}}".format)


leaf = st.just("id")
both = st.lists(st.sampled_from(["n: $n", "m: 2", "m: $m", "n: 1"]), max_size=2, unique_by=lambda t: t[0]).map(" ".join)
searching = st.builds(
    lambda *given: " ".join(filter(None, given)),
    filters,
    named("level", st.sampled_from(["", "LOW", "$l"])),
    named("heavy"),
)


@st.composite
def user(draw: st.DrawFn, levels: int) -> str:
    inner = [leaf, field("mood", none, None)]
    if levels:
        inner += [field("friend", none, user(levels - 1)), field("books", none, book(levels - 1))]
    return draw(several(*inner))


@st.composite
def book(draw: st.DrawFn, levels: int) -> str:
    inner = [leaf, field("pages", none, None)]
    if levels:
        inner += [field("users", none, user(levels - 1))]
    return draw(several(*inner))


@st.composite
def node(draw: st.DrawFn, levels: int) -> str:
    inner = [leaf, on("User", user(levels)), on("Book", book(levels))]
    if levels:
        near = node(levels - 1)
        inner += [field("near", none, near), on("Node", near), on("User", field("near", none, near))]
    return draw(several(*inner))


@st.composite
def page(draw: st.DrawFn, levels: int) -> str:
    inner = [st.just("__typename"), field("items", none, user(levels)), field("marks", none, None)]
    if levels:
        inner += [field("next", none, page(levels - 1)), field("rest", none, book(levels - 1))]
    return draw(several(*inner))


@st.composite
def operation(draw: st.DrawFn, *, abstract: bool) -> str:
    root = [
        field("user", none, user(2)),
        field("users", named("first"), user(1)),
        field("page", both, page(1)),
        field("grid", none, None),
        field("few", none, book(1)),
    ]
    if abstract:
        root += [
            field("node", none, node(2)),
            field("nodes", named("first"), node(2)),
            field("search", searching, several(on("User", user(1)), on("Book", book(1)))),
        ]
    body = draw(several(*root))
    used = ", ".join(f"${name}: {type_}" for name, type_ in DECLARED.items() if f"${name}" in body)
    text = f"query({used}) {{ {body} }}" if used else f"{{ {body} }}"
    assume(not validate(BARE, parse(text)))
    return text


values = st.fixed_dictionaries(
    {"s": st.booleans(), "t": st.booleans()},
    optional={
        "n": st.none() | st.integers(-1, 3),
        "m": st.none() | st.integers(0, 3),
        "l": st.none() | st.just("HIGH"),
        "f": st.none() | st.just({"text": "y", "any": [{"deep": {"x": 1}}]}),
        "g": st.just({"and": {}}),
    },
)
DECLARED = {
    "n": "Int", "m": "Int = 2", "s": "Boolean!", "t": "Boolean!", "l": "Level", "f": "Filter",
    "g": 'Filter! = {text: "z"}',
}  # fmt: skip


def with_defaults(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """As the router has them: those that the operation declares, with defaults of built-in types."""
    used = {name: value for name, value in given.items() if f"${name}:" in text}
    return {"m": 2, **used} if "$m:" in text else used


def has_twins(selection: Selection) -> bool:
    """Whether a field is asked for twice under one key, in cases that do not exclude one another: it counts twice."""
    keys = [field.response_key for field in selection.own]
    return len(set(keys)) < len(keys) or any(has_twins(each.selection) for each in selection.own if each.selection)


MANY = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(operation(abstract=True), values, st.data(), st.integers(0, 3))
def test_an_estimate_is_never_too_low(text: str, given_: dict[str, Any], data: st.DataObject, list_size: int) -> None:
    estimated = cost_of(known(), text, list_size).estimate(with_defaults(text, given_))
    assert estimated >= Oracle(known(), data, list_size).run(text, given_)


@MANY
@given(operation(abstract=False), values, st.integers(0, 3))
def test_it_is_exact_where_lists_are_full_and_types_are_known(
    text: str, given_: dict[str, Any], list_size: int
) -> None:
    operation = normalize(parse(text), None, known())
    assume(not has_twins(operation.selection))
    estimated = estimate_cost(operation, known(), list_size).estimate(with_defaults(text, given_))
    assert estimated == Oracle(known(), None, list_size).run(text, given_)


@MANY
@given(operation(abstract=True), values, st.integers(0, 3))
def test_more_items_cost_no_less(text: str, given_: dict[str, Any], more: int) -> None:
    cost = cost_of(known(), text, 2)
    fewer = {**with_defaults(text, given_), "n": 1}
    assert cost.estimate({**fewer, "n": 1 + more}) >= cost.estimate(fewer) >= 0
