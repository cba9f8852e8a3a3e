"""Arguments that come from ancestors, and fields that lead back to the query root."""

import pytest
from graphql import parse

from router.composition import Composed, Subgraph, compose
from router.errors import PlanningError
from router.graph.supergraph import Supergraph, load_supergraph
from router.planner import plan_operation
from router.planner.plan import QueryPlan

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.8",'
    ' import: ["@key", "@shareable", "@requires", "@external", "@context", "@fromContext"])\n'
)


def composed(**sdls: str) -> Supergraph:
    result = compose([Subgraph(name, LINK + sdl) for name, sdl in sdls.items()])
    assert isinstance(result, Composed), result
    return load_supergraph(result.supergraph_sdl)


def planned(operation: str, **sdls: str) -> QueryPlan:
    return plan_operation(parse(operation), None, composed(**sdls))


HOUSES = """
type Query { house: House }
type House @context(name: "house") @key(fields: "id") { id: ID! zone: String rooms: [[Room]] inner: House }
type Room @key(fields: "id") {
  id: ID! size: Int
  heat(at: Int, zone: String @fromContext(field: "$house { zone }")): Int
}
"""


def test_the_value_is_read_of_the_nearest_object_above_and_sent_as_a_variable() -> None:
    plan = planned("{ house { inner { rooms { heat(at: 3) warm: heat(at: 4) size } } } }", a=HOUSES)
    root, rooms = plan.fetches
    assert root.document == "query { house { inner { zone rooms { id size } } } }"
    assert rooms.entity is not None
    (zone,) = rooms.entity.contexts
    assert [s.depth for s in zone.sources] == [2]
    assert zone.type == "String"
    assert rooms.entity.selection == "... on Room { heat(at: 3, zone: $_c0) warm: heat(at: 4, zone: $_c0) }"
    assert "$_c0: String" in rooms.document


def test_a_clients_variable_keeps_its_name() -> None:
    plan = planned("query($_c0: Int) { house { rooms { heat(at: $_c0) } } }", a=HOUSES)
    entity = plan.fetches[1].entity
    assert entity is not None
    assert entity.contexts[0].variable == "_c1"
    assert "$_c0: Int, $_c1" in plan.fetches[1].document or "$_c1: String, $_c0: Int" in plan.fetches[1].document


def test_the_fetch_waits_for_a_value_from_another_subgraph() -> None:
    plan = planned(
        "{ house { rooms { heat } } }",
        a=HOUSES.replace("zone: String rooms", "zone: String @external rooms"),
        b='type House @key(fields: "id") { id: ID! zone: String }',
    )
    root, zone, rooms = plan.fetches
    assert zone.subgraph == "b"
    assert rooms.depends_on == (root.id, zone.id)


def test_what_the_client_selects_of_the_same_field_is_kept_apart_from_the_value() -> None:
    plan = planned("{ house { zone: id rooms { heat } } }", a=HOUSES)
    entity = plan.fetches[1].entity
    assert entity is not None
    ((field,),) = (selection.fields for selection in entity.contexts[0].sources[0].value)
    assert field.storage_key != "zone"
    assert f"{field.storage_key}: zone" in plan.fetches[0].document
    (house,) = plan.projection.fields_by_type["Query"]
    assert house.selection is not None
    assert [f.response_key for f in house.selection.fields_by_type["House"]] == ["zone", "rooms"]


def test_members_of_a_union_give_the_value_in_their_own_ways() -> None:
    sdl = """
    type Query { home: Home }
    union Home = Boat | House
    type Boat @context(name: "home") @key(fields: "id") { id: ID! port: String rooms: [Room] }
    type House @context(name: "home") @key(fields: "id") { id: ID! place: Place rooms: [Room] }
    type Place { zone: String }
    type Room @key(fields: "id") {
      id: ID!
      heat(zone: String @fromContext(field: "$home ... on Boat { port } ... on House { place { zone } }")): Int
    }
    """
    plan = planned("{ home { ... on Boat { rooms { heat } } ... on House { rooms { heat } } } }", a=sdl)
    entity = plan.fetches[1].entity
    assert entity is not None
    by_type = {tuple(v.types or ()): v.fields[0] for v in entity.contexts[0].sources[0].value}
    assert by_type[("Boat",)].name == "port"
    assert by_type[("House",)].name == "place"
    assert by_type[("House",)].selections is not None


def test_a_field_of_the_query_type_leads_to_every_subgraph() -> None:
    plan = planned(
        "mutation { make { query { a b { x } } } }",
        a="type Query { a: Int } type Mutation { make: Made } type Made { query: Query! }",
        b="type Query { b: B } type B { x: Int }",
    )
    make, b = plan.fetches
    assert make.document == "mutation { make { query { a } } }"
    assert (b.subgraph, b.operation_type, b.document) == ("b", "query", "query { b { x } }")
    assert [step.key for step in b.path] == ["make", "query"]
    assert b.depends_on == (make.id,)
    assert b.entity is None


def test_the_query_type_below_itself_ends() -> None:
    plan = planned(
        "{ b { q { a b { q { a } } } } }", a="type Query { a: Int }", b="type Query { b: B } type B { q: Query }"
    )
    assert [(f.subgraph, len(f.path)) for f in plan.fetches] == [("b", 0), ("a", 2), ("a", 4)]


def test_a_needed_value_that_nothing_above_sets_is_an_error() -> None:
    """Our composition refuses such a supergraph; another one's may be lax."""
    sdl = composed(a=HOUSES).sdl.replace("  house: House\n", "  house: House\n  room: Room\n")
    plan = plan_operation(parse("{ room { heat } }"), None, load_supergraph(sdl))
    entity = plan.fetches[1].entity
    assert entity is not None
    assert entity.contexts[0].sources == ()
    needed = load_supergraph(sdl.replace('name: "zone", type: "String"', 'name: "zone", type: "String!"'))
    with pytest.raises(PlanningError, match="nothing above sets it"):
        plan_operation(parse("{ room { heat } }"), None, needed)


def test_where_only_some_objects_set_the_context_the_next_above_counts_for_the_others() -> None:
    sdl = """
    type Query { house: House }
    type House @context(name: "place") @key(fields: "id") { id: ID! zone: String parts: [Part] }
    union Part = Wing | Yard
    type Wing @context(name: "place") @key(fields: "id") { id: ID! zone: String room: Room }
    type Yard @key(fields: "id") { id: ID! room: Room }
    type Room @key(fields: "id") { id: ID! heat(zone: String @fromContext(field: "$place { zone }")): Int }
    """
    plan = planned("{ house { parts { ... on Wing { room { heat } } ... on Yard { room { heat } } } } }", a=sdl)
    entity = plan.fetches[1].entity
    assert entity is not None
    parts, house = entity.contexts[0].sources
    assert (parts.depth, house.depth) == (2, 1)
    assert [v.types for v in parts.value] == [frozenset({"Wing"})]


def test_only_the_field_itself_takes_the_argument_not_what_is_selected_below_it() -> None:
    sdl = """
    type Query { house: House }
    type House @context(name: "house") @key(fields: "id") { id: ID! zone: String room: Room }
    type Room @key(fields: "id") { id: ID! heat(zone: String @fromContext(field: "$house { zone }")): Heat }
    type Heat { degrees: Int }
    """
    entity = planned("{ house { room { heat { degrees } } } }", a=sdl).fetches[1].entity
    assert entity is not None
    assert entity.selection == "... on Room { heat(zone: $_c0) { degrees } }"
