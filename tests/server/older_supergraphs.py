"""One federation of three subgraphs that really answer, and its supergraph as composers of each join version print it.

`join_v0_1.graphql` and `join_v0_2.graphql` are whole; the later versions say more, which is added to v0.2's.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from graphql import GraphQLSchema, build_schema, graphql

from router.executor import CoroutineTransport
from router.hooks import SubgraphCall, SubgraphReply

FOLDER = Path(__file__).parent / "supergraphs"
V01 = (FOLDER / "join_v0_1.graphql").read_text(encoding="utf-8")
V02 = (FOLDER / "join_v0_2.graphql").read_text(encoding="utf-8")


def _changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


V03 = _changed(
    V02,
    ("join/v0.2", "join/v0.3"),
    ("directive @join__field(graph: join__Graph!,", "directive @join__field(graph: join__Graph,"),
    ("resolvable: Boolean! = true)", "resolvable: Boolean! = true, isInterfaceObject: Boolean! = false)"),
    (
        "directive @link",
        (
            "directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE\n"
            "directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION\ndirective @link"
        ),
    ),
    ("  HARD\n", "  HARD @join__enumValue(graph: BOOKS)\n"),
    ("  SOFT\n", "  SOFT @join__enumValue(graph: BOOKS)\n"),
    ("  LOOSE @", "  LOOSE @join__enumValue(graph: BOOKS) @"),
    (
        "= Book | Person",
        (
            '  @join__unionMember(graph: BOOKS, member: "Book")\n  @join__unionMember(graph: BOOKS, member: "Person")\n'
            "= Book | Person"
        ),
    ),
)
V04 = _changed(
    V03,
    ("join/v0.3", "join/v0.4"),
    ("usedOverridden: Boolean)", "usedOverridden: Boolean, overrideLabel: String)"),
    (
        "directive @join__graph",
        (
            "directive @join__directive(graphs: [join__Graph!], name: String!, args: join__DirectiveArguments)"
            " repeatable on SCHEMA | OBJECT | INTERFACE | FIELD_DEFINITION\ndirective @join__graph"
        ),
    ),
    ("scalar join__FieldSet", "scalar join__DirectiveArguments\nscalar join__FieldSet"),
    (
        "  written: [Book!]! @",
        '  written: [Book!]! @join__directive(graphs: [BOOKS], name: "note", args: {by: "us"}) @',
    ),
    (
        "  title: String @join__field(graph: BOOKS)",
        (
            '  title: String @join__field(graph: BOOKS, override: "people", overrideLabel: "percent(0)")'
            ' @join__field(graph: BOOKS, overrideLabel: "percent(0)")'
        ),
    ),
)
V05 = _changed(
    V04,
    ("join/v0.4", "join/v0.5"),
    (
        "overrideLabel: String)",
        "overrideLabel: String, contextArguments: [join__ContextArgument!])",
    ),
    (
        "scalar join__FieldSet",
        (
            "input join__ContextArgument { name: String! type: String! context: String!"
            " selection: join__FieldValue! }\nscalar join__FieldValue\nscalar join__FieldSet"
        ),
    ),
)
RENAMED = _changed(
    V03,
    ('join/v0.3", for', 'join/v0.3", as: "j", for'),
    ("join__", "j__"),
    ('inaccessible/v0.2", for', 'inaccessible/v0.2", as: "hide", for'),
    ("@inaccessible", "@hide"),
    ('link/v1.0")', 'link/v1.0", as: "lnk")'),
    ("@link", "@lnk"),
    ("link__", "lnk__"),
)
RENAMED_V01 = _changed(
    V01,
    ('core/v0.1"', 'core/v0.1", as: "spec"'),
    ("@core(", "@spec("),
    ("directive @spec(feature: String!)", "directive @spec(feature: String!, as: String)"),
    ('join/v0.1"', 'join/v0.1", as: "graph"'),
    ("join__", "graph__"),
)
SUPERGRAPHS: Mapping[str, str] = {
    "v0.1": V01,
    "v0.1, renamed": RENAMED_V01,
    "v0.2": V02,
    "v0.3": V03,
    "v0.3, renamed": RENAMED,
    "v0.4": V04,
    "v0.5": V05,
}

_ENTITIES = (
    "scalar _Any\nextend type Query {{ _entities(representations: [_Any!]!): [_Entity]! }}\nunion _Entity = {}\n"
)
PEOPLE = """
type Query { me: Person }
type Mutation { rename(id: ID!, name: String!): Person }
interface Named { name: String }
type Address { city: String street: String }
type Person implements Named { id: ID! email: String name: String address: Address }
""" + _ENTITIES.format("Person")
BOOKS = """
type Query { books(filter: BookFilter): [Book!]! search(text: String!): [Found!]! named: [Named!]! }
interface Named { name: String }
union Found = Book | Person
enum Binding { HARD SOFT LOOSE }
input BookFilter { binding: Binding = SOFT }
type Person implements Named { id: ID! name: String written: [Book!]! }
type Book implements Named {
  isbn: ID! publisher: Publisher! name: String pages: Int binding: Binding author: Person
}
type Publisher { code: ID! title: String }
""" + _ENTITIES.format("Person | Book | Publisher")
STOCK = """
type Query { rare: Book }
type Address { city: String }
type Person { id: ID! }
type Book { isbn: ID! publisher: Publisher! pages: Int author: Person inStock: Boolean postage: String }
type Publisher { code: ID! warehouse: Address }
""" + _ENTITIES.format("Person | Book | Publisher")

_PERSON: dict[str, Any] = {"__typename": "Person", "id": "p1", "name": "Ada", "email": "ada@example.org"}
_PERSON["address"] = {"city": "London", "street": "Main Street"}
_PUBLISHER = {"__typename": "Publisher", "code": "pub", "title": "House", "warehouse": {"city": "York"}}
_BOOKS: list[dict[str, Any]] = [
    {"isbn": "b1", "name": "Notes", "pages": 10, "binding": "HARD"},
    {"isbn": "b2", "name": "Letters", "pages": 20, "binding": "LOOSE"},
]
for _book in _BOOKS:
    _book |= {"__typename": "Book", "author": _PERSON, "publisher": _PUBLISHER, "inStock": _book["isbn"] == "b1"}
_PERSON["written"] = _BOOKS


def _entity(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The object that a representation means; what it requires is taken from the representation alone."""
    match sent["__typename"]:
        case "Person":
            assert sent.get("id", "p1") == "p1"
            return _PERSON
        case "Publisher":
            return _PUBLISHER
        case _:
            book = next(b for b in _BOOKS if b["isbn"] == sent["isbn"])
            assert sent["publisher"]["code"] == "pub"
            postage = f"{sent['pages']} pages of {sent['author']['id']}" if "pages" in sent else None
            return {**book, "postage": postage}


class Library(CoroutineTransport):
    """Runs each subgraph's documents against its own schema, as a subgraph server would; `asked` has their names."""

    def __init__(self) -> None:
        self.schemas: dict[str, GraphQLSchema] = {
            name: build_schema(sdl) for name, sdl in (("people", PEOPLE), ("books", BOOKS), ("stock", STOCK))
        }
        self.asked: list[str] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        self.asked.append(call.subgraph)
        request = orjson.loads(call.body)
        root = {
            "me": _PERSON,
            "rename": lambda _info, name, **_: {**_PERSON, "name": name},
            "books": lambda _info, **given: [
                book for book in _BOOKS if not given or book["binding"] == given["filter"]["binding"]
            ],
            "search": lambda _info, text: [_BOOKS[0], _PERSON] if text else [],
            "named": [*_BOOKS, _PERSON],
            "rare": _BOOKS[1],
            "_entities": lambda _info, representations: [_entity(each) for each in representations],
        }
        schema = self.schemas[call.subgraph]
        result = await graphql(schema, request["query"], root, variable_values=request.get("variables"))
        assert not result.errors, (call.subgraph, request["query"], result.errors)
        return SubgraphReply(200, {}, orjson.dumps(result.formatted))
