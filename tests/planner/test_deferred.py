"""Plans of operations with `@defer`: what is fetched apart, and what is delivered with what."""

import pytest
from graphql import parse

from router.composition import Composed, Subgraph, compose
from router.graph.supergraph import Supergraph, load_supergraph
from router.planner import plan_operation, render
from router.planner.plan import OutputField, Projection, QueryPlan

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable"])\n'
ACCOUNTS = (
    LINK
    + """
    type Query { me: User users: [User!]! size: Size }
    type Mutation { rename: User }
    type User @key(fields: "id") { id: ID! name: String slow: String friend: User size: Size }
    type Size @shareable { height: Int width: Int }
    """
)
REVIEWS = (
    LINK
    + """
    type Query { best: Review }
    type User @key(fields: "id") { id: ID! reviews: [Review!]! }
    type Review { text: String author: User! }
    """
)


@pytest.fixture(scope="module")
def supergraph() -> Supergraph:
    composed = compose([Subgraph("accounts", sdl=ACCOUNTS), Subgraph("reviews", sdl=REVIEWS)])
    assert isinstance(composed, Composed), composed.errors
    return load_supergraph(composed.supergraph_sdl)


def planned(supergraph: Supergraph, operation: str, *, incremental: bool = True) -> QueryPlan:
    return plan_operation(parse(operation), None, supergraph, incremental=incremental)


def fetches(plan: QueryPlan) -> list[tuple[str, str, int | None]]:
    """Subgraph, place and deferred fragment of each fetch."""
    return [(f.subgraph, ".".join(step.key for step in f.path), f.deferred) for f in plan.fetches]


def keys(projection: Projection) -> dict[str, object]:
    (fields,) = projection.fields_by_type.values()
    return {f.response_key: below(f) for f in fields}


def below(field: OutputField) -> object:
    return keys(field.selection) if field.selection is not None else None


def test_an_entity_is_entered_again_in_its_own_subgraph(supergraph: Supergraph) -> None:
    plan = planned(supergraph, '{ me { name ... @defer(label: "later") { slow } } }')
    assert fetches(plan) == [("accounts", "", None), ("accounts", "me", 0)]
    assert keys(plan.projection) == {"me": {"name": None}}
    (deferred,) = plan.deferred
    assert (deferred.label, deferred.parent, deferred.fetches) == ("later", None, (1,))
    assert [step.response_key for step in deferred.path] == ["me"]
    assert keys(deferred.projection) == {"slow": None}
    assert plan.complete is not None
    assert keys(plan.complete) == {"me": {"name": None, "slow": None}}


def test_without_a_key_it_is_fetched_with_the_first_part(supergraph: Supergraph) -> None:
    plan = planned(supergraph, "{ size { height ... @defer { width } } }")
    assert fetches(plan) == [("accounts", "", None)]
    assert plan.deferred[0].fetches == ()
    assert keys(plan.projection) == {"size": {"height": None}}


def test_at_the_root_it_is_a_request_of_its_own(supergraph: Supergraph) -> None:
    plan = planned(supergraph, "{ me { name } ... @defer { users { name } best { text } } }")
    assert fetches(plan) == [("accounts", "", None), ("accounts", "", 0), ("reviews", "", 0)]


def test_what_is_in_the_first_part_is_not_deferred(supergraph: Supergraph) -> None:
    assert planned(supergraph, "{ me { name ... @defer { name } } }").deferred == ()
    plan = planned(supergraph, "{ me { friend { name } ... @defer { name friend { name slow } } } }")
    (deferred,) = plan.deferred
    assert keys(plan.projection) == {"me": {"friend": {"name": None}}}
    assert keys(deferred.projection) == {"name": None, "friend": {"slow": None}}


def test_nested_fragments_have_parents(supergraph: Supergraph) -> None:
    plan = planned(supergraph, "{ me { ... @defer { slow ... @defer { friend { name ... @defer { slow } } } } } }")
    assert [d.parent for d in plan.deferred] == [None, 0, 1]
    assert {f.deferred for f in plan.fetches} == {None, 0, 1, 2}
    empty = planned(supergraph, "{ me { ... @defer { ... @defer { slow } } } }")
    assert [(d.parent, keys(d.projection)) for d in empty.deferred] == [(None, {"slow": None})]


def test_a_variable_switches_it_by_conditions(supergraph: Supergraph) -> None:
    plan = planned(supergraph, "query ($v: Boolean) { me { name ... @defer(if: $v) { slow } } }")
    assert plan.variable_definitions == {"v": "$v: Boolean! = true"}
    (first, second) = plan.fetches
    assert "slow @skip(if: $v)" in first.document
    assert (second.deferred, second.run_if) == (0, ((("v", True),),))


def test_it_is_ignored_on_demand_and_in_subscriptions(supergraph: Supergraph) -> None:
    operation = "{ me { name ... @defer { slow } } }"
    plain = planned(supergraph, "{ me { name slow } }")
    assert planned(supergraph, operation, incremental=False) == plain
    assert planned(supergraph, "{ me { name ... @defer(if: false) { slow } } }") == plain


def test_a_mutation_does_not_wait_for_what_is_deferred(supergraph: Supergraph) -> None:
    plan = planned(supergraph, "mutation { a: rename { ... @defer { reviews { text } } } b: rename { name } }")
    deferred = {f.id for f in plan.fetches if f.deferred is not None}
    assert deferred
    assert not any(deferred & set(f.depends_on) for f in plan.fetches if f.deferred is None)


def test_plans_show_it(supergraph: Supergraph) -> None:
    plan = planned(supergraph, '{ users { name ... @defer(label: "later") { slow reviews { text } } } }')
    text = render.as_text(plan)
    assert "fetch 1 from accounts after 0 for deferred 0" in text
    assert text.endswith('  deferred 0 "later" at users.@: slow, reviews\n')
    assert render.as_json(plan)["deferred"][0]["fetches"] == [1, 2]
    assert "deferred 0" in render.as_mermaid(plan)


def test_no_fetch_of_the_first_part_waits_for_a_deferred_one() -> None:
    """Two `@requires` of one subgraph, ready at different times, are one fetch; but not across a fragment's border."""
    first = LINK.replace('"@shareable"', '"@shareable", "@external", "@requires"')
    one = first + 'type Query { a: A } type A @key(fields: "id") { id: ID! x: Int }'
    two = first + 'type A @key(fields: "id") { id: ID! y: Int }'
    three = (
        first
        + """
        type A @key(fields: "id") {
          id: ID! x: Int @external y: Int @external early: Int! @requires(fields: "x") late: Int @requires(fields: "y")
        }
        """
    )
    sdls = {"one": one, "two": two, "three": three}
    composed = compose([Subgraph(name, sdl=sdl) for name, sdl in sdls.items()])
    assert isinstance(composed, Composed), composed.errors
    other = load_supergraph(composed.supergraph_sdl)
    together = planned(other, "{ a { early late } }")
    assert [f.subgraph for f in together.fetches] == ["one", "two", "three"]
    apart = planned(other, "{ a { early ... @defer { late } } }")
    parts = [("one", "", None), ("three", "a", 0), ("three", "a", None), ("two", "a", 0)]
    assert sorted(fetches(apart), key=str) == sorted(parts, key=str)
    first_part = {f.id for f in apart.fetches if f.deferred is None}
    assert all(set(f.depends_on) <= first_part for f in apart.fetches if f.deferred is None)
