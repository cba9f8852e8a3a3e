import pytest
from graphql import parse, print_schema

from router.errors import InvalidSupergraph
from router.graph.api_schema import build_api_schema

SUPERGRAPH = """
schema
  @link(url: "https://specs.apollo.dev/link/v1.0")
  @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)
  @link(url: "https://specs.apollo.dev/inaccessible/v0.2", as: "hidden", for: SECURITY)
  @link(url: "https://specs.apollo.dev/tag/v0.3", import: [{name: "@tag", as: "@label"}])
  @link(url: "https://example.org/notes/v1.0", import: ["@note"])
{
  query: Query
}

directive @hidden on FIELD_DEFINITION | OBJECT | ARGUMENT_DEFINITION | ENUM_VALUE | INPUT_FIELD_DEFINITION
directive @join__field(graph: join__Graph) repeatable on FIELD_DEFINITION
directive @join__type(graph: join__Graph!, key: join__FieldSet) repeatable on OBJECT | UNION
directive @label(name: String!) on OBJECT
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
directive @note(text: String) on FIELD_DEFINITION
directive @live(every: Int, secret: Int @hidden) on QUERY

scalar join__FieldSet
scalar link__Import
enum link__Purpose { SECURITY EXECUTION }
enum join__Graph { A @join__graph(name: "a", url: "") }

"Where it starts"
type Query @join__type(graph: A) {
  "A thing"
  thing(id: ID!, internal: Int = 1 @hidden): Thing @join__field(graph: A) @note(text: "x")
  secret: Secret @hidden
  old: Int @deprecated(reason: "gone")
  find(by: By): [Any]
}

interface Node { id: ID! }
interface Audited @hidden { by: String }
type Thing implements Node & Audited @join__type(graph: A, key: "id") @label(name: "l") {
  id: ID!
  by: String @hidden
  kind: Kind
}
type Secret @hidden { id: ID! }
union Any @join__type(graph: A) = Thing | Secret
enum Kind { OPEN CLOSED @hidden }
input By { id: ID token: String @hidden }
"""

API = '''
directive @live(every: Int) on QUERY

"""Where it starts"""
type Query {
  """A thing"""
  thing(id: ID!): Thing
  old: Int @deprecated(reason: "gone")
  find(by: By): [Any]
}

interface Node {
  id: ID!
}

type Thing implements Node {
  id: ID!
  kind: Kind
}

union Any = Thing

enum Kind {
  OPEN
}

input By {
  id: ID
}
'''


def test_keeps_what_clients_may_see_under_any_names_of_the_links() -> None:
    assert print_schema(build_api_schema(parse(SUPERGRAPH))).strip() == API.strip()


def test_definitions_keep_filtered_nodes() -> None:
    schema = build_api_schema(parse(SUPERGRAPH))
    node = schema.type_map["Thing"].ast_node
    assert node is not None
    assert not node.directives


def test_core_supergraphs_and_plain_schemas_are_accepted() -> None:
    core = """
    schema @core(feature: "https://specs.apollo.dev/core/v0.1") @core(feature: "https://specs.apollo.dev/join/v0.1") {
      query: Query
    }
    directive @core(feature: String!) repeatable on SCHEMA
    directive @join__owner(graph: join__Graph!) on OBJECT
    enum join__Graph { A }
    type Query @join__owner(graph: A) { a: Int }
    """
    assert print_schema(build_api_schema(parse(core))).strip() == "type Query {\n  a: Int\n}"
    assert print_schema(build_api_schema(parse("type Query { a: Int }"))).strip() == "type Query {\n  a: Int\n}"


@pytest.mark.parametrize("sdl", ["type Query { a: Missing }", "type Thing { a: Int }", "union Query = Thing"])
def test_incomplete_schemas_are_refused(sdl: str) -> None:
    with pytest.raises(InvalidSupergraph):
        build_api_schema(parse(sdl))
