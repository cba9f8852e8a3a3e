"""What plans promise beyond their text: limits, names, forms, labels."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from graphql import build_ast_schema, parse, validate

from router.composition import Composed, Subgraph, compose
from router.errors import OperationError, PlanningError
from router.graph.supergraph import Supergraph, load_supergraph
from router.planner import plan_operation, query_graph, stages
from router.planner.render import as_json, as_mermaid, as_text, shape
from router.planner.render_stages import stage_text

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.7",'
    ' import: ["@key", "@override", "@shareable", "@requires", "@external", "@interfaceObject"])\n'
)
A = """
type Query { u(id: ID, representations: Int): U us: [U] }
type U @key(fields: "id") { id: ID! n(x: Int): Int e: E }
enum E { P Q }
"""
B = 'type U @key(fields: "id") { id: ID! m: Int friend: U }'


def composed(**sdls: str) -> Supergraph:
    result = compose([Subgraph(name, LINK + sdl) for name, sdl in sdls.items()])
    assert isinstance(result, Composed), result
    return load_supergraph(result.supergraph_sdl)


@pytest.fixture(scope="module")
def two() -> Supergraph:
    return composed(a=A, b=B)


def test_a_clients_variable_called_representations_keeps_its_name(two: Supergraph) -> None:
    text = "query($representations: Int) { u(representations: $representations) { m } }"
    plan = plan_operation(parse(text), None, two)
    root, entity = plan.fetches
    assert "$representations: Int" in root.document
    assert "$representations_: [_Any!]!" in entity.document


def test_only_the_variables_a_document_uses_are_declared(two: Supergraph) -> None:
    text = "query Q($a: ID, $b: Int = 3, $c: Boolean!) { u(id: $a) { n(x: $b) m @include(if: $c) } }"
    plan = plan_operation(parse(text), None, two)
    assert [f.variables for f in plan.fetches] == [("a", "b"), ("c",)]
    assert "$b: Int = 3" in plan.fetches[0].document
    assert [f.operation_name for f in plan.fetches] == ["Q__a__0", "Q__b__1"]
    assert plan.variable_definitions == {"a": "$a: ID", "b": "$b: Int = 3", "c": "$c: Boolean!"}


def test_introspection_and_typename_need_no_fetch(two: Supergraph) -> None:
    plan = plan_operation(
        parse("{ __typename __schema { ...F } } fragment F on __Schema { queryType { name } }"), None, two
    )
    assert plan.fetches == ()
    typename, schema = plan.projection.fields_by_type["Query"]
    assert typename.constant == "Query"
    assert schema.introspection is not None
    assert "...F" not in schema.introspection


def test_aliases_that_look_like_ours_are_renamed(two: Supergraph) -> None:
    plan = plan_operation(parse("{ us { __typename: n _q0: m } }"), None, two)
    fields = plan.projection.fields_by_type["Query"][0].selection.fields_by_type["U"]
    assert [f.response_key for f in fields] == ["__typename", "_q0"]
    assert len({f.storage_key for f in fields} | {"__typename"}) == 3


def test_enum_leaves_know_their_values(two: Supergraph) -> None:
    (leaf,) = (
        plan_operation(parse("{ us { e } }"), None, two)
        .projection.fields_by_type["Query"][0]
        .selection.fields_by_type["U"]
    )
    assert leaf.enum_values == {"P", "Q"}


def test_labels_choose_the_owner() -> None:
    supergraph = composed(
        old='type Query { u: U } type U @key(fields: "id") { id: ID! n: Int }',
        new='type U @key(fields: "id") { id: ID! n: Int @override(from: "old", label: "percent(50)") }',
    )
    off = plan_operation(parse("{ u { n } }"), None, supergraph)
    on = plan_operation(parse("{ u { n } }"), None, supergraph, frozenset(["percent(50)"]))
    assert [f.subgraph for f in off.fetches] == ["old"]
    assert [f.subgraph for f in on.fetches] == ["old", "new"]


def test_unreachable_fields_are_named() -> None:
    a = 'type Query { p: P } type P @key(fields: "id", resolvable: false) { id: ID! }'
    supergraph = composed(a=a, b=a.replace("p: P", "q: P"))
    assert len(plan_operation(parse("{ p { id } q { id } }"), None, supergraph).fetches) == 2
    broken = supergraph.sdl.replace("id: ID!", "id: ID!\n  z: Int @join__field(graph: B)", 1)
    with pytest.raises(PlanningError, match="below p") as caught:
        plan_operation(parse("{ p { z } q { z } }"), None, load_supergraph(broken))
    assert caught.value.code == "QUERY_PLANNING_FAILED"


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("query A { us { id } } query B { us { id } }", None, "operationName"),
        ("query A { us { id } }", "C", 'no operation "C"; it has: A'),
        ("fragment F on U { id }", None, "no operation"),
        ("mutation { x }", None, "no mutation operations"),
        ("{ us { nothing } }", None, 'Cannot query field "nothing" on type "U"'),
    ],
)
def test_wrong_operations_are_told_so(two: Supergraph, text: str, name: str | None, words: str) -> None:
    with pytest.raises(OperationError) as caught:
        plan_operation(parse(text), name, two)
    assert words in caught.value.message


def test_work_is_bounded(two: Supergraph) -> None:
    levels = 30
    bomb = "{ u { ...F0 } } " + " ".join(
        f"fragment F{i} on U {{ a: friend {{ ...F{i + 1} }} b: friend {{ ...F{i + 1} }} }}" for i in range(levels)
    )
    with pytest.raises(PlanningError) as caught:
        plan_operation(parse(bomb + f" fragment F{levels} on U {{ m }}"), None, two)
    assert caught.value.code == "QUERY_PLANNING_BUDGET_EXCEEDED"


def test_many_places_for_many_fields_are_covered_greedily() -> None:
    sdls = {
        f"s{i}": "type Query { " + " ".join(f"f{j}: Int @shareable" for j in range(24) if (i + j) % 6 < 3) + " }"
        for i in range(24)
    }
    plan = plan_operation(parse("{" + " ".join(f"f{j}" for j in range(24)) + "}"), None, composed(**sdls))
    assert shape(plan)["depth"] == 1
    assert shape(plan)["fetches"] <= 3


def test_every_form_of_a_plan(two: Supergraph) -> None:
    plan = plan_operation(parse("query Q($c: Boolean!) { us { m @include(if: $c) friend { n } } }"), None, two)
    assert as_text(plan).startswith("query Q\n  fetch 0 from a\n")
    as_data = json.loads(json.dumps(as_json(plan)))
    assert [f["subgraph"] for f in as_data["fetches"]] == ["a", "b", "a"]
    assert as_data["fetches"][2]["path"] == "us.@.friend"
    assert "f1 --> f2" in as_mermaid(plan)
    assert shape(plan) == {"fetches": 3, "pathCalls": 3, "depth": 3, "bySubgraph": {"a": 2, "b": 1}}


def test_every_stage_can_be_read(two: Supergraph) -> None:
    graph = query_graph(two)
    normal, cover, fetches, plan = (stage_text(s, graph) for s in stages(parse("{ us { id: m } }"), None, two))
    assert normal == "query\n  us: [U]\n    id: m: Int\n"
    assert cover == "us from a@0\n  enter b@1 as U with id from a@0\n  id from b@1\n"
    assert fetches == "fetch 0 from a at (root)\n  (root): us\n  us: _q0\nfetch 1 from b at us after 0\n  us: id\n"
    assert plan == as_text(plan_operation(parse("{ us { id: m } }"), None, two))


def test_documents_stay_as_small_as_the_operation_however_many_types_there_are() -> None:
    """Sixty types that are read alike, nested: as a tree this would be 60^5 selections."""
    names = [f"M{i}" for i in range(60)]
    sdl = "interface I { id: ID! a: Int us: [U] } type Query { us: [U] } union U = " + " | ".join(names)
    sdl += " ".join(f' type {n} implements I @key(fields: "id") {{ id: ID! a: Int us: [U] }}' for n in names)
    other = " ".join(f'type {n} @key(fields: "id") {{ id: ID! b: Int }}' for n in names)
    supergraph = composed(a=sdl, b=other)
    selection = "... on I { a } ... on M1 { b }"
    sizes = []
    for _ in range(5):
        selection = f"... on I {{ a us {{ {selection} }} }} ... on M1 {{ b }}"
        plan = plan_operation(parse(f"{{ us {{ {selection} }} }}"), None, supergraph)
        sizes.append(sum(len(fetch.document) for fetch in plan.fetches))
        schema = build_ast_schema(parse(sdl + " directive @key(fields: String!) repeatable on OBJECT"))
        assert validate(schema, parse(plan.fetches[0].document)) == []
    growth = [after - before for before, after in pairwise(sizes)]
    assert max(growth[1:]) < 1.2 * min(growth[1:])


def test_what_conditions_exclude_is_not_planned(two: Supergraph) -> None:
    text = "query($x: Boolean!) { us { n ... @include(if: $x) { friend @skip(if: $x) { m } e } } }"
    assert len(plan_operation(parse(text), None, two).fetches) == 1


def test_threads_may_plan_at_the_same_time(two: Supergraph) -> None:
    texts = [f"{{ us {{ m friend {{ m n(x: {i}) }} a{i}: n }} }}" for i in range(40)]
    expected = [as_text(plan_operation(parse(text), None, two)) for text in texts]
    fresh = load_supergraph(two.sdl)
    with ThreadPoolExecutor(4) as pool:
        plans = list(pool.map(lambda text: as_text(plan_operation(parse(text), None, fresh)), texts))
    assert plans == expected


def test_keys_of_two_types_may_need_one_another() -> None:
    supergraph = composed(
        a='type Query { p: P } type P @key(fields: "q { id }") { id: ID! @shareable q: Q! }'
        ' type Q @key(fields: "p { id }") { id: ID! @shareable p: P! here: V @shareable }'
        " type V @shareable { x: Int y: Int }",
        b='type P @key(fields: "q { id }") { id: ID! @shareable q: Q! m: Int }'
        ' type Q @key(fields: "p { id }") { id: ID! @shareable p: P! n: Int here: V @shareable }'
        " type V @shareable { x: Int y: Int }",
        c='type Q @key(fields: "p { id }") { id: ID! @shareable p: P! k: Int } '
        'type P @key(fields: "q { id }") { id: ID! @shareable q: Q! }',
    )
    plan = plan_operation(parse("{ p { m q { n k p { q { k } } here { x y } } } }"), None, supergraph)
    assert shape(plan)["depth"] == 2


def test_interface_objects_that_need_nothing_are_not_asked_for_what_others_need() -> None:
    supergraph = composed(
        a='type Query { es: [E] } union E = P | Q interface I @key(fields: "id") { id: ID! w: Int }'
        ' type P implements I @key(fields: "id") { id: ID! w: Int }'
        ' type Q implements I @key(fields: "id") { id: ID! w: Int }',
        b='type I @interfaceObject @key(fields: "id") { id: ID! w: Int @external'
        ' n: Int @requires(fields: "w") m: Int }',
    )
    plan = plan_operation(parse("{ es { ... on P { m } ... on Q { m n } } }"), None, supergraph)
    calls = [f.entity for f in plan.fetches if f.entity is not None]
    for call in calls:
        required = {tuple(i.name for i in r.requires) for r in call.representations}
        assert len(required) == 1
        assert ("n" in call.selection.split()) is (required == {("w",)})
    assert shape(plan)["fetches"] == 2


def test_requirements_that_share_what_they_need_are_not_counted_out() -> None:
    """Each field requires the two before it: as a tree these would be 1.6^40 requirements."""
    size = 40
    fields: dict[str, dict[str, str]] = {f"s{i}": {"id": "id: ID!"} for i in range(3)}
    for i in range(size):
        needed = [f"f{i - 1}", f"f{i - 2}"] if i > 1 else []
        own = fields[f"s{i % 3}"]
        own[f"f{i}"] = f"f{i}: Int" + (f' @requires(fields: "{" ".join(needed)}")' if needed else "")
        for name in needed:
            own.setdefault(name, f"{name}: Int @external")
    sdls = {n: f'type T @key(fields: "id") {{ {" ".join(own.values())} }}' for n, own in fields.items()}
    supergraph = composed(**{**sdls, "s0": sdls["s0"] + " type Query { r: T }"})
    plan = plan_operation(parse(f"{{ r {{ f{size - 1} }} }}"), None, supergraph)
    assert len(plan.fetches) == size


def test_a_plan_of_very_many_fetches_is_refused(two: Supergraph) -> None:
    text = "{" + " ".join(f"a{i}: us {{ m friend {{ n }} }}" for i in range(600)) + "}"
    with pytest.raises(PlanningError) as caught:
        plan_operation(parse(text), None, two)
    assert caught.value.code == "QUERY_PLANNING_BUDGET_EXCEEDED"


def test_the_old_owner_of_a_used_field_resolves_it_while_the_label_is_off() -> None:
    supergraph = composed(
        a='type Query { us: [U] } interface I { n: String } type U implements I @key(fields: "id") '
        "{ id: ID! n: String }",
        b='type Query { bu: U } type U @key(fields: "id") { id: ID! n: String @override(from: "a", label: "next") }',
    )
    for labels, subgraphs in ((frozenset[str](), ["a"]), (frozenset({"next"}), ["a", "b"])):
        plan = plan_operation(parse("{ us { n } }"), None, supergraph, labels)
        assert [fetch.subgraph for fetch in plan.fetches] == subgraphs
