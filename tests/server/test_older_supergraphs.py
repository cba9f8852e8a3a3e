"""Supergraphs of every join version are loaded, planned and executed, and answer the same."""

from random import Random
from typing import Any

import httpx
import pytest

from router.errors import InvalidSupergraph
from router.graph.api_schema import build_api_schema
from router.graph.query_graph import QueryGraph
from router.graph.supergraph import load_supergraph
from router.server.app import create_app
from tests.composition.fuzz import characters, cyclic, huge, nested, repeated, shuffled, truncated
from tests.server.older_supergraphs import SUPERGRAPHS, V02, V03, Library

MUTATIONS = (truncated, repeated, shuffled, shuffled, characters, characters, nested, huge, cyclic)
OPERATIONS: dict[str, tuple[str, Any, set[str]]] = {
    "one subgraph": (
        "{ me { id email address { city street } } }",
        {"me": {"id": "p1", "email": "ada@example.org", "address": {"city": "London", "street": "Main Street"}}},
        {"people"},
    ),
    "an entity's fields elsewhere": (
        "{ me { name written { name pages } } }",
        {"me": {"name": "Ada", "written": [{"name": "Notes", "pages": 10}, {"name": "Letters", "pages": 20}]}},
        {"people", "books"},
    ),
    "provided": (
        "{ books(filter: {binding: HARD}) { name author { id name } } }",
        {"books": [{"name": "Notes", "author": {"id": "p1", "name": "Ada"}}]},
        {"books"},
    ),
    "beyond what is provided": (
        "{ books(filter: {binding: HARD}) { author { name email } } }",
        {"books": [{"author": {"name": "Ada", "email": "ada@example.org"}}]},
        {"books", "people"},
    ),
    "a composite key, a requirement with an object": (
        "{ me { written { inStock postage } } }",
        {"me": {"written": [{"inStock": True, "postage": "10 pages of p1"},
                            {"inStock": False, "postage": "20 pages of p1"}]}},
        {"people", "books", "stock"},
    ),
    "keys are where they are keys": (
        "{ rare { isbn publisher { code warehouse { city } } } }",
        {"rare": {"isbn": "b2", "publisher": {"code": "pub", "warehouse": {"city": "York"}}}},
        {"stock"},
    ),
    "from one that has little": (
        "{ rare { name publisher { title warehouse { city } } } }",
        {"rare": {"name": "Letters", "publisher": {"title": "House", "warehouse": {"city": "York"}}}},
        {"stock", "books"},
    ),
    "union": (
        '{ search(text: "a") { __typename ... on Book { name inStock } ... on Person { email } } }',
        {"search": [{"__typename": "Book", "name": "Notes", "inStock": True},
                    {"__typename": "Person", "email": "ada@example.org"}]},
        {"books", "stock", "people"},
    ),
    "interface": (
        "{ named { name __typename ... on Person { address { city } } } }",
        {"named": [{"name": "Notes", "__typename": "Book"}, {"name": "Letters", "__typename": "Book"},
                   {"name": "Ada", "__typename": "Person", "address": {"city": "London"}}]},
        {"books", "people"},
    ),
    "mutation": (
        'mutation { rename(id: "p1", name: "B") { name written { isbn } } }',
        {"rename": {"name": "B", "written": [{"isbn": "b1"}, {"isbn": "b2"}]}},
        {"people", "books"},
    ),
}  # fmt: skip


async def answered(sdl: str, query: str) -> tuple[dict[str, Any], set[str]]:
    library = Library()
    app = create_app(sdl, transport=library)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://router.test") as client:
        response = await client.post("/graphql", json={"query": query})
    await app.shutdown()
    return dict(response.json()), set(library.asked)


@pytest.mark.parametrize("version", SUPERGRAPHS)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_operations_are_answered(version: str, operation: str) -> None:
    query, data, subgraphs = OPERATIONS[operation]
    answer, asked = await answered(SUPERGRAPHS[version], query)
    assert "errors" not in answer
    assert answer["data"] == data
    if version.startswith("v0.1") and operation == "interface":
        subgraphs = asked  # which subgraph has what of a type without joins is not known
    assert asked == subgraphs


@pytest.mark.parametrize("version", SUPERGRAPHS)
async def test_clients_see_no_machinery(version: str) -> None:
    query = '{ __schema { types { name } directives { name } } __type(name: "Binding") { enumValues { name } } }'
    answer, asked = await answered(SUPERGRAPHS[version], query)
    assert asked == set()
    types = {t["name"] for t in answer["data"]["__schema"]["types"] if not t["name"].startswith("__")}
    assert types == {"Address", "Binding", "Book", "BookFilter", "Boolean", "Found", "ID", "Int", "Mutation",
                     "Named", "Person", "Publisher", "Query", "String"}  # fmt: skip
    directives = {d["name"] for d in answer["data"]["__schema"]["directives"]}
    assert directives == {"skip", "include", "deprecated", "specifiedBy", "oneOf", "defer", "stream"}
    assert [v["name"] for v in answer["data"]["__type"]["enumValues"]] == ["HARD", "SOFT"]


@pytest.mark.parametrize("version", [v for v in SUPERGRAPHS if not v.startswith("v0.1")])
async def test_what_is_inaccessible_is_hidden_under_any_name(version: str) -> None:
    answer, _ = await answered(SUPERGRAPHS[version], "{ rare { binding name } }")
    assert answer["data"] == {"rare": {"binding": None, "name": "Letters"}}
    assert [e["extensions"]["code"] for e in answer["errors"]] == ["RESPONSE_VALIDATION_FAILED"]
    mark = "@hide" if "renamed" in version else "@inaccessible"
    hidden = SUPERGRAPHS[version].replace("type Address\n", f"type Address {mark}\n")
    hidden = hidden.replace("address: Address ", f"address: Address {mark} ")
    hidden = hidden.replace("warehouse: Address ", f"warehouse: Address {mark} ")
    assert load_supergraph(hidden).types["Address"].is_inaccessible
    assert build_api_schema(load_supergraph(hidden).document).get_type("Address") is None
    answer, _ = await answered(hidden, "{ me { address { city } } }")
    assert [e["extensions"]["code"] for e in answer["errors"]] == ["GRAPHQL_VALIDATION_FAILED"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("join/v0.3", "join/v0.6", r"join/v0\.6.* for EXECUTION.*known are its versions v0\.1, v0\.2"),
        ('join/v0.3", for: EXECUTION', 'join/v1.0"', r"join/v1\.0"),
        ("inaccessible/v0.2", "inaccessible/v0.9", r"inaccessible/v0\.9.* for SECURITY"),
        ("https://specs.apollo.dev/inaccessible", "https://specs.example.org/inaccessible", "specs.example.org"),
        ("/inaccessible/v0.2", "/encrypted", '"https://specs.apollo.dev/encrypted" for SECURITY'),
        ("/inaccessible/v0.2", "/deep/inaccessible/v0.2", "deep"),
    ],
)  # fmt: skip
def test_what_must_be_understood_and_is_not_is_refused(old: str, new: str, words: str) -> None:
    assert old in V03
    with pytest.raises(InvalidSupergraph, match=words) as refusal:
        load_supergraph(V03.replace(old, new, 1))
    assert refusal.value.code == "UNSUPPORTED_LINKED_FEATURE"


def test_a_demand_under_a_renamed_link_is_seen() -> None:
    url = "https://specs.apollo.dev/link/v1.0"
    for link in (f'@lnk(url: "{url}", as: "lnk")', f'@lnk(url: "{url}", import: [{{name: "@link", as: "@lnk"}}])'):
        sdl = V03.replace(f'@link(url: "{url}")', link).replace("@link(", "@lnk(")
        assert load_supergraph(sdl)
        with pytest.raises(InvalidSupergraph, match="secret") as refusal:
            load_supergraph(sdl.replace("inaccessible/v0.2", "secret/v0.2"))
        assert refusal.value.code == "UNSUPPORTED_LINKED_FEATURE"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("= Book | Person", "= Book | Person | Nobody", "Nobody"),
        ('interface: "Named"', 'interface: "Unnamed"', "Unnamed"),
        ("pages: Int", "pages: Pages", "Book.pages names the type Pages, which is missing"),
        ('@join__graph(name: "people",', "@join__graph(", "PEOPLE has no name"),
        ('key: "email"', "key: 1", "key 1: it must be a string"),
        ('interface: "Named"', "graph: PEOPLE", "lacks the argument interface"),
        ("type Address\n", "extend type Address\n", 'extends "Address"'),
        ("type Address\n", "type Person\n", '"Person" twice'),
        ("mutation: Mutation", "mutation: Nothing", "no mutation root"),
        ("email: String @", "email: " + "[" * 5000 + "String" + "]" * 5000 + " @", "nested too deeply"),
    ],
)
def test_what_contradicts_itself_is_refused(old: str, new: str, words: str) -> None:
    assert old in V02
    with pytest.raises(InvalidSupergraph, match=words) as refusal:
        load_supergraph(V02.replace(old, new))
    assert refusal.value.code == "INVALID_FEDERATION_SUPERGRAPH"


@pytest.mark.parametrize("version", SUPERGRAPHS)
def test_broken_supergraphs_are_refused_and_raise_nothing_else(version: str) -> None:
    """Mutated a few hundred times: a supergraph, or one that is refused; never another exception."""
    loaded = 0
    for seed in range(150):
        random = Random(f"{version} {seed}")
        sdl = SUPERGRAPHS[version]
        for _ in range(random.choice((1, 1, 3))):
            sdl = random.choice(MUTATIONS)(sdl, random)[:300_000]
        try:
            supergraph = load_supergraph(sdl)
            build_api_schema(supergraph.document)
            graph = QueryGraph(supergraph)
            for name, type_ in supergraph.types.items():
                if type_.kind == "OBJECT":
                    graph.key_edges(name)
                    for field in type_.fields:
                        graph.field_edges(name, field)
            loaded += 1
        except InvalidSupergraph:
            continue
    assert 0 < loaded < 150
