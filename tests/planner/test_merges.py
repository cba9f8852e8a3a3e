"""The pass that lets fetches wait for later ones: nothing lost, nothing dangling, no deeper, done at once."""

from graphql import parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.composition import Composed, Subgraph, compose
from router.graph.selections import SelectionField
from router.graph.supergraph import load_supergraph
from router.planner import plan_operation, query_graph
from router.planner.contexts import attach_contexts, resolve_contexts
from router.planner.cover import Solver, Stand
from router.planner.fetch_builder import build_fetch_graph
from router.planner.fetch_graph import FetchGraph, FetchNode, Position, Slot
from router.planner.merges import merge_into_later
from router.planner.normalize import normalize
from router.planner.passes import levels, topological
from router.planner.render import shape
from tests.planner.correctness import federation_named, operations_of
from tests.planner.running import Federation

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3",'
    ' import: ["@key", "@external", "@requires", "@shareable"])\n'
)
A = 'type P @key(fields: "id") { id: ID! w: Int }'
B = 'type Query { p: P } type P @key(fields: "id") { id: ID! v: Int }'
C = """
type P @key(fields: "id") {
  id: ID! v: Int @external w: Int @external a: Int @requires(fields: "v") b: Int @requires(fields: "w")
}
"""


def unmerged(federation: Federation, operation: str) -> FetchGraph:
    """The fetch graph as it comes to the pass."""
    graph = query_graph(federation.supergraph, federation.labels)
    normal = normalize(parse(operation), None, federation.supergraph)
    selection = attach_contexts(graph, normal.selection)
    joins = federation.supergraph.types[normal.root_type].joins
    stands = tuple(Stand(s, normal.root_type, paid=False) for s in sorted(joins))
    cover = Solver(graph).cover_object(normal.root_type, selection.fields_of(normal.root_type), stands)
    assert cover is not None
    made = build_fetch_graph(graph, normal.type, cover, normal.variables)
    resolve_contexts(graph, made)
    return made


def selected(fetches: tuple[FetchNode, ...]) -> set[tuple[int, Position, Slot]]:
    return {(f.subgraph, p, s) for f in fetches for p, slots in f.selected.items() for s in slots}


def depth(fetches: tuple[FetchNode, ...]) -> int:
    return max(levels(topological(fetches)).values(), default=0)


def dangling(fetches: tuple[FetchNode, ...]) -> list[SelectionField]:
    """What a representation needs, but no fetch before it reads."""
    found = []
    for fetch in fetches:
        before, waiting = set(), [fetch]
        while waiting:
            new = waiting.pop().depends_on - before
            before |= new
            waiting.extend(new)
        there = {slot for f in before for slots in f.selected.values() for slot in slots}
        for spec in fetch.representations.values():
            found += [w for w, slot in (*spec.key.items(), *spec.requires.items()) if slot not in there]
    return found


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["federations", "suites", "designs"]), st.integers(0, 2**32))
def test_nothing_is_lost_or_left_dangling_or_made_deeper(generator: str, seed: int) -> None:
    name = f"{generator}:{seed}"
    federation = federation_named(name)
    for operation, _ in operations_of(name, federation, 5) if federation is not None else ():
        made = unmerged(federation, operation)
        asked, deep, requests = selected(made.fetches), depth(made.fetches), len(made.fetches)
        assert not dangling(made.fetches)
        merged = merge_into_later(made)
        assert selected(merged.fetches) == asked
        assert not dangling(merged.fetches)
        assert depth(merged.fetches) == deep
        assert len(merged.fetches) <= requests
        assert merge_into_later(merged).fetches == merged.fetches


def planned(operation: str, **more: str) -> dict[str, object]:
    sdls = {"a": A, "b": B, "c": C, **more}
    composed = compose([Subgraph(name, LINK + sdl) for name, sdl in sdls.items()])
    assert isinstance(composed, Composed), composed
    return shape(plan_operation(parse(operation), None, load_supergraph(composed.supergraph_sdl)))


def test_a_fetch_that_nothing_waits_for_goes_with_a_later_one() -> None:
    plan = planned("{ p { a b } }")
    assert (plan["fetches"], plan["depth"]) == (3, 3)


def test_a_fetch_under_a_condition_of_its_own_does_not_wait() -> None:
    assert planned("query($x: Boolean!) { p { a b @include(if: $x) } }")["fetches"] == 4


def test_what_another_fetch_waits_for_does_not_wait() -> None:
    plan = planned(
        "{ p { a b d } }",
        d='type P @key(fields: "id") { id: ID! a: Int @external d: Int @requires(fields: "a") }',
    )
    assert (plan["fetches"], plan["depth"]) == (5, 3)


def test_two_values_of_one_required_field_are_not_sent_in_one_representation() -> None:
    """`inland` could wait for `late`, which would save a request; but they need the price in two currencies."""
    link = (
        'extend schema @link(url: "https://specs.apollo.dev/federation/v2.7",'
        ' import: ["@key", "@requires", "@external"])\n'
    )
    sdls = {
        "a": 'type Query { p: P } type P @key(fields: "id") { id: ID! price(in: String!): Int }',
        "b": """type P @key(fields: "id") {
          id: ID! price(in: String!): Int @external x: Int @external
          inland: Int @requires(fields: "price(in: \\"USD\\")")
          late: Int @requires(fields: "price(in: \\"EUR\\") x")
        }""",
        "c": 'type P @key(fields: "id") { id: ID! x: Int }',
    }
    result = compose([Subgraph(name, link + sdl) for name, sdl in sdls.items()])
    assert isinstance(result, Composed), result
    plan = plan_operation(parse("{ p { inland late } }"), None, load_supergraph(result.supergraph_sdl))
    sent = [f.entity.representations[0].requires for f in plan.fetches if f.subgraph == "b" and f.entity is not None]
    assert [[i.name for i in each] for each in sent] == [["price"], ["price", "x"]]
    assert sent[0][0].storage_key != sent[1][0].storage_key
