"""Loading supergraphs: every composer's SDL, and clear errors for what is none."""

import pytest

from router.composition import Composed, Subgraph, compose
from router.errors import InvalidSupergraph
from router.graph.query_graph import QueryGraph
from router.graph.supergraph import Supergraph, load_supergraph

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@override"])\n'

JOIN_V01 = """
schema @core(feature: "https://specs.apollo.dev/core/v0.1") @core(feature: "https://specs.apollo.dev/join/v0.1") {
  query: Query
}
enum join__Graph {
  A @join__graph(name: "a", url: "http://a/")
  B @join__graph(name: "b", url: "http://b/")
}
type Query { user: User @join__field(graph: A) }
type User @join__owner(graph: A) @join__type(graph: A, key: "id") @join__type(graph: B, key: "id") {
  id: ID!
  name: String
  karma: Int @join__field(graph: B)
}
type Size { width: Int }
"""


def composed(**sdls: str) -> Supergraph:
    result = compose([Subgraph(name, LINK + sdl) for name, sdl in sdls.items()])
    assert isinstance(result, Composed), result
    return load_supergraph(result.supergraph_sdl)


def owners(supergraph: Supergraph, type_name: str, field: str, *labels: str) -> set[str]:
    edges = QueryGraph(supergraph, frozenset(labels)).field_edges(type_name, field)
    return {supergraph.subgraphs[e.subgraph].name for e in edges}


def test_join_v01_owner_resolves_what_no_join_names() -> None:
    supergraph = load_supergraph(JOIN_V01)
    assert [s.name for s in supergraph.subgraphs] == ["a", "b"]
    assert owners(supergraph, "User", "name") == {"a"}
    assert owners(supergraph, "User", "karma") == {"b"}
    assert set(supergraph.types["Size"].joins) == {0, 1}


@pytest.mark.parametrize(
    ("sdl", "words"),
    [
        ("type Query {", "not valid GraphQL (line 1)"),
        ("type Query { a: Int }", "no enum join__Graph"),
        ('enum join__Graph { A @join__graph(name: "a", url: "") } type A { a: Int }', "no query root"),
        (
            'enum join__Graph { A @join__graph(name: "a", url: "") } type Query @join__type(graph: B) { a: Int }',
            "unknown graph 'B'",
        ),
    ],
)
def test_what_is_no_supergraph_is_refused(sdl: str, words: str) -> None:
    with pytest.raises(InvalidSupergraph) as caught:
        load_supergraph(sdl)
    assert words in caught.value.message
    assert caught.value.code == "INVALID_FEDERATION_SUPERGRAPH"


def test_a_field_set_that_is_no_selection_of_its_type_names_itself() -> None:
    graph = QueryGraph(load_supergraph(JOIN_V01.replace('graph: B, key: "id"', 'graph: B, key: "nothing"')))
    with pytest.raises(InvalidSupergraph, match=r"'nothing'.*User"):
        graph.key_edges("User")


def test_override_moves_a_field_at_once_or_by_label() -> None:
    old = 'type Query { u: U } type U @key(fields: "id") { id: ID! n: Int m: Int }'
    moved = '@override(from: "old") m: Int @override(from: "old", label: "move")'
    new = f'type U @key(fields: "id") {{ id: ID! n: Int {moved} }}'
    supergraph = composed(old=old, new=new)
    assert owners(supergraph, "U", "n") == {"new"}
    assert owners(supergraph, "U", "m") == {"old"}
    assert owners(supergraph, "U", "m", "move") == {"new"}


def test_hidden_enum_values_are_not_among_the_values() -> None:
    link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@inaccessible"])'
    sdl = f"{link} type Query {{ e: E }} enum E {{ A B @inaccessible }}"
    result = compose([Subgraph("a", sdl)])
    assert isinstance(result, Composed)
    assert load_supergraph(result.supergraph_sdl).types["E"].values == ("A",)
