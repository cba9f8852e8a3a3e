"""What a view hides cannot be told from what does not exist.

Each probe is sent to two servers: one whose graph has hidden parts, asked in a view without them, and one whose graph
never had them. The answers must be equal, byte for byte. A probe names what is hidden, almost names it (for "did you
mean"), asks introspection, or sends it as a value.
"""

import re
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
from graphql import GraphQLError, build_schema, get_introspection_query, graphql, print_ast

from router.composition import Composed, Subgraph, compose
from router.composition.contracts import Contract, InvalidContract, view_of
from router.executor import CoroutineTransport
from router.graph.api_schema import api_document
from router.graph.supergraph import Supergraph, load_supergraph
from router.hooks import RequestContext, RouterHooks, SubgraphCall, SubgraphReply
from router.server.app import RouterApp, create_app
from router.server.config import RouterConfig
from tests.server.live import Sources, live_router

Connect = Callable[[RouterApp], httpx.AsyncClient]

# `<...>` is there in the graph with hidden parts only.
GRAPH = """
directive @trace(level: Level = LOW) on FIELD | QUERY
type Query {
  "A pet."
  pet(kind: Kind = CAT, <mystery: Mystery <hide>>, <mysteries: [Kind] = [CAT, BAT] <hide>>): Pet
  dog(where: DogFilter = {name: "Rex"}): Dog
  <wolf: Wolf <hide>>
  <wolves(tooth: Tooth = {kind: BAT}): [Wolf!]! <hide>>
  both: Both
  <secret: Secret <hide>>
  level: Level
}
<type Mutation <hide> { bite(tooth: Tooth): Wolf feed: Int }>
"Kinds of animals."
enum Kind { CAT <BAT <hide>> COW }
enum Level { LOW HIGH }
<enum Mystery <hide> { GHOST GOBLIN }>
<scalar Secret <hide> @specifiedBy(url: "https://secret.invalid")>
interface Pet { name: String <alias: String <hide>> }
<interface Hunter <hide> { prey: String }>
type Dog implements Pet <& Hunter> { name: String weight: Int @deprecated(reason: "heavy") <alias: String <hide>>
  <prey: String <hide>> friends(first: Int = 3 <, after: Secret <hide>>): [Pet] }
type Cat implements Pet { name: String <alias: String <hide>> lives: Level }
<type Wolf implements Pet & Hunter <hide> { name: String alias: String prey: String teeth: Int pack: [Lair] }>
<type Lair { depth: Int trap: Trap }>
<enum Trap { PIT NET }>
union Both = Dog | Cat <| Wolf>
<union Beasts <hide> = Dog | Wolf>
input DogFilter { name: String <tooth: Tooth <hide>> kinds: [Kind!] and: [DogFilter!]
  <mystery: Mystery = GHOST <hide>> }
<input Tooth <hide> { kind: Kind length: Int }>
"""


def graph(*, with_hidden: bool) -> str:
    """The SDL, `<...>` taken out or opened, inner ones first."""
    text = GRAPH.replace("<hide>", '@tag(name: "internal")' if with_hidden else "")
    while re.search(r"<[^<>]*>", text):
        text = re.sub(r"<([^<>]*)>", r"\1" if with_hidden else "", text)
    return text


class AsIs(RouterHooks):
    async def on_request(self, context: RequestContext) -> None:
        context.view = context.headers.get("x-view") or None


class Zoo(CoroutineTransport):
    """Answers from a schema of its own; `asked` has the documents that reached it."""

    def __init__(self, sdl: str) -> None:
        everywhere = (
            "FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE"
            " | INPUT_OBJECT | INPUT_FIELD_DEFINITION"
        )
        tag = f"directive @tag(name: String!) repeatable on {everywhere}"
        self.schema = build_schema(tag + sdl)
        self.asked: list[str] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        request = orjson.loads(call.body)
        self.asked.append(request["query"])
        rex = {"__typename": "Dog", "name": "Rex", "weight": 3, "friends": [{"__typename": "Cat", "name": "Tom"}]}
        root = {"pet": rex, "dog": rex, "both": rex, "level": "LOW"}
        result = await graphql(self.schema, request["query"], root, variable_values=request.get("variables"))
        return SubgraphReply(200, {}, orjson.dumps(result.formatted))


def served(*, with_hidden: bool) -> tuple[RouterApp, Zoo]:
    sdl = graph(with_hidden=with_hidden)
    link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@tag"])\n'
    composed = compose([Subgraph("zoo", link + sdl, "http://zoo.invalid/graphql")])
    assert isinstance(composed, Composed), composed.errors
    zoo = Zoo(sdl)
    contract = Contract("outside", exclude=frozenset({"internal"}))
    views = {"outside": contract} if with_hidden else None
    return create_app(composed.supergraph_sdl, hooks=AsIs(), transport=zoo, views=views), zoo


TYPES = ("Wolf", "Hunter", "Beasts", "Mystery", "Secret", "Tooth", "Mutation", "Lair", "Trap")
FIELDS = ("wolf", "wolves", "secret", "alias", "prey", "teeth", "pack")
DETAILS = (
    "{ kind name description specifiedByURL fields(includeDeprecated: true) { name type { name } args { name"
    " defaultValue } } interfaces { name } possibleTypes { name } enumValues(includeDeprecated: true) { name }"
    " inputFields { name defaultValue type { name kind ofType { name } } } ofType { name } }"
)
ALL = (*TYPES, "Query", "Kind", "Level", "Pet", "Dog", "Cat", "Both", "DogFilter")
PROBES: list[tuple[str, dict[str, Any]]] = [
    (get_introspection_query(descriptions=True, specified_by_url=True, input_value_deprecation=True), {}),
    ("{ __schema { queryType { name } mutationType { name } subscriptionType { name } } }", {}),
    *((f'{{ __type(name: "{name}") {DETAILS} }}', {}) for name in ALL),
    *(("query ($n: String!) { __type(name: $n) { name kind } }", {"n": name}) for name in ALL),
    *((f"{{ {name} }}", {}) for name in FIELDS),
    *((f"{{ {name[:-1]} }}", {}) for name in FIELDS),
    *((f"{{ dog {{ {name} }} pet {{ {name} }} both {{ {name} }} }}", {}) for name in FIELDS),
    *((f"{{ dog {{ {name}s }} }}", {}) for name in FIELDS),
    *((f"{{ pet {{ ... on {name} {{ __typename }} }} }}", {}) for name in TYPES),
    *((f"{{ pet {{ ... on {name}s {{ __typename }} }} }}", {}) for name in TYPES),
    *((f"{{ pet {{ ...F }} }} fragment F on {name} {{ __typename }}", {}) for name in TYPES),
    *((f"query ($v: {name}) {{ dog {{ name }} }}", {"v": 1}) for name in TYPES),
    *((f"query ($v: [{name}s!]) {{ dog {{ name }} }}", {}) for name in TYPES),
    ("mutation { feed }", {}),
    ("mutation { fed { x } }", {}),
    ("subscription { feed }", {}),
    *((f"{{ pet({argument}) {{ name }} }}", {}) for argument in (
        "kind: BAT", "kind: BAD", "kind: CAR", "mystery: GHOST", "mysterie: GHOST", "mysteries: [BAT]", 'kind: "BAT"',
    )),
    *((f"{{ dog(where: {value}) {{ name }} }}", {}) for value in (
        "{tooth: {kind: BAT}}", "{teeth: 1}", "{mystery: GHOST}", "{kinds: [BAT]}", "{and: [{tooth: {}}]}",
        "{and: [{kinds: [BAR]}]}", "{mysteri: 1}", "{}", '{name: "Rex"}',
    )),
    *(("query ($w: DogFilter) { dog(where: $w) { name } }", {"w": value}) for value in (
        {"tooth": {"kind": "BAT"}}, {"toot": 1}, {"mystery": "GHOST"}, {"kinds": ["BAT"]}, {"kinds": ["COW"]},
        {"and": [{"and": [{"tooth": None}]}]}, {"and": [{"kinds": ["BAR"]}]}, {"and": {"kinds": "BAT"}},
    )),
    *(("query ($k: Kind = BAT) { pet(kind: $k) { name } }", value) for value in ({}, {"k": "BAT"}, {"k": "CAT"})),
    *(("query ($k: Kind) { pet(kind: $k) { name } }", {"k": value})
      for value in ("BAT", "CAT", "BAR", None, 1, ["BAT"])),
    ("{ dog { friends(after: 1) { name } } }", {}),
    ("{ dog { friends(afte: 1) { name } } }", {}),
    ("{ dog { friends(first: 1) { name ... on Cat { lives } } weight __typename } }", {}),
    ("{ __typename level @trace(level: LOW) pet { __typename name } both { __typename ... on Pet { name } } }", {}),
    ("{ level @trace(leve: HIGH) }", {}),
    ("{ level @tag(name: 1) }", {}),
    ("{ level @inaccessible }", {}),
    ("{ dog { ... on Hunter { prey } ... on Pet { alias } } }", {}),
    ('{ _service { sdl } _entities(representations: [{__typename: "Wolf"}]) { __typename } }', {}),
]  # fmt: skip


async def test_what_is_hidden_cannot_be_told_from_what_is_not_there(connect: Connect) -> None:
    (hiding, zoo), (without, _) = served(with_hidden=True), served(with_hidden=False)
    behind, plain = connect(hiding), connect(without)
    different = []
    for query, variables in PROBES:
        body = {"query": query, "variables": variables}
        in_view = await behind.post("/graphql", json=body, headers={"x-view": "outside"})
        expected = await plain.post("/graphql", json=body)
        if (in_view.status_code, in_view.content) != (expected.status_code, expected.content):
            different.append((query, variables, in_view.text, expected.text))
    assert not different, different[0]
    assert zoo.asked
    assert not any(re.search("wolf|BAT|GHOST|tooth|secret|alias|prey", document) for document in zoo.asked)


async def test_the_probes_find_what_is_not_hidden(connect: Connect) -> None:
    """The same probes in the full schema: most of them are answered otherwise, so they do probe."""
    (hiding, _), (without, _) = served(with_hidden=True), served(with_hidden=False)
    full, plain = connect(hiding), connect(without)
    different = 0
    for query, variables in PROBES:
        body = {"query": query, "variables": variables}
        different += (await full.post("/graphql", json=body)).content != (
            await plain.post("/graphql", json=body)
        ).content
    assert different > len(PROBES) * 0.6


def test_the_views_sdl_is_that_of_the_graph_without() -> None:
    def loaded(*, with_hidden: bool) -> Supergraph:
        link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@tag"])\n'
        composed = compose([Subgraph("zoo", link + graph(with_hidden=with_hidden))])
        assert isinstance(composed, Composed), composed.errors
        return load_supergraph(composed.supergraph_sdl)

    view = view_of(Contract("outside", exclude=frozenset({"internal"})), loaded(with_hidden=True))
    assert view.sdl == print_ast(api_document(loaded(with_hidden=False).document)) + "\n"


def test_a_directives_argument_of_a_hidden_type_is_refused() -> None:
    link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@tag"])\n'
    sdl = 'directive @trace(by: Inner) on FIELD type Query { a: Int } enum Inner @tag(name: "internal") { A B }'
    composed = compose([Subgraph("a", link + sdl)])
    assert isinstance(composed, Composed), composed.errors
    with pytest.raises(InvalidContract) as refusal:
        view_of(Contract("v", exclude=frozenset({"internal"})), load_supergraph(composed.supergraph_sdl))
    assert [(e.code, e.coordinate) for e in refusal.value.errors] == [("REFERENCED_INACCESSIBLE", "@trace(by:)")]


# ---- what planning reads behind the client's back -------------------------------------------------------------------

STOCK = """
type Query { product: Product list: [Product!]! }
type Product @key(fields: "serial") @key(fields: "id") {
  id: ID!  serial: ID! @tag(name: "internal")  cost: Int @tag(name: "internal")  name: String
}
"""
PRICES = """
type Product @key(fields: "serial") {
  serial: ID! @tag(name: "internal")  cost: Int @external
  price: Int @requires(fields: "cost")  discount: Int
}
"""


class Confidential(Zoo):
    """Two subgraphs of which one gives no costs, and says so at length."""

    def __init__(self) -> None:
        entities = (
            "scalar _Any extend type Query { _entities(representations: [_Any!]!): [_Entity]! } union _Entity = Product"
        )
        self.schemas = {
            "stock": build_schema("type Product { id: ID! serial: ID! cost: Int name: String }"
                                  "type Query { product: Product list: [Product!]! }" + entities),
            "prices": build_schema("type Product { serial: ID! price: Int discount: Int }"
                                   "type Query { a: Int }" + entities),
        }  # fmt: skip
        self.asked = []

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        request = orjson.loads(call.body)

        def refused(_info: Any) -> int:
            details = {"code": "FORBIDDEN", "field": "Product.cost", "reason": "cost is confidential"}
            raise GraphQLError("Product.cost is confidential", extensions=details)

        product = {"__typename": "Product", "id": "1", "serial": "s1", "cost": refused, "name": "Pen"}
        root = {
            "product": product,
            "list": [product, {**product, "serial": refused}],
            "_entities": [{"__typename": "Product", "price": 3, "discount": refused}],
        }
        result = await graphql(
            self.schemas[call.subgraph], request["query"], root, variable_values=request.get("variables")
        )
        return SubgraphReply(200, {}, orjson.dumps(result.formatted))


@pytest.mark.parametrize("query", ["{ product { name price } }", "{ list { name price } }", "{ list { price id } }"])
async def test_errors_of_hidden_fields_that_planning_asked_for_do_not_name_them(connect: Connect, query: str) -> None:
    link = (
        'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5",'
        ' import: ["@key", "@tag", "@external", "@requires"])\n'
    )
    composed = compose([Subgraph("stock", link + STOCK), Subgraph("prices", link + PRICES)])
    assert isinstance(composed, Composed), composed.errors
    views = {"outside": Contract("outside", exclude=frozenset({"internal"}))}
    config = RouterConfig(expose_subgraph_errors=True)
    app = create_app(composed.supergraph_sdl, hooks=AsIs(), config=config, transport=Confidential(), views=views)
    client = connect(app)
    answer = await client.post("/graphql", json={"query": query}, headers={"x-view": "outside"})
    assert answer.json()["errors"]
    assert not re.search("cost|serial|confidential", answer.text)
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} <= {
        "FORBIDDEN",
        "RESPONSE_VALIDATION_FAILED",
    }
    full = await client.post("/graphql", json={"query": query})
    assert "Product.cost is confidential" in full.text


async def test_errors_of_what_the_client_asked_for_stay_as_they_are(connect: Connect) -> None:
    link = (
        'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5",'
        ' import: ["@key", "@tag", "@external", "@requires"])\n'
    )
    composed = compose([Subgraph("stock", link + STOCK), Subgraph("prices", link + PRICES)])
    assert isinstance(composed, Composed), composed.errors
    views = {"outside": Contract("outside", exclude=frozenset({"internal"}))}
    config = RouterConfig(expose_subgraph_errors=True)
    app = create_app(composed.supergraph_sdl, hooks=AsIs(), config=config, transport=Confidential(), views=views)
    client = connect(app)
    query = {"query": "{ product { discount } }"}
    answer = await client.post("/graphql", json=query, headers={"x-view": "outside"})
    (error,) = answer.json()["errors"]
    assert (error["message"], error["path"]) == ("Product.cost is confidential", ["product", "discount"])
    assert answer.json() == (await client.post("/graphql", json=query)).json()


# ---- a view that changes while a subscription runs ------------------------------------------------------------------


class Later(RouterHooks):
    """From the second event on, the client belongs in a view."""

    def __init__(self) -> None:
        self.requests = 0

    async def on_request(self, context: RequestContext) -> None:
        self.requests += 1
        context.view = "outside" if self.requests > 2 else None


async def test_a_stream_ends_when_its_client_comes_to_see_another_schema() -> None:
    sources = Sources()
    body = {"query": "subscription { ticks(count: 5) { number } }"}
    async with live_router(sources, Later()) as (_, url), httpx.AsyncClient() as client:
        answer = await client.post(f"{url}/graphql", json=body, headers={"accept": "text/event-stream"}, timeout=10)
        await sources.until(0)
    events = [orjson.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert len(events) == 2
    assert events[0] == {"data": {"ticks": {"number": 0}}}
    (error,) = events[1]["errors"]
    assert (error["extensions"]["code"], "data" in events[1]) == ("VIEW_CHANGED", False)
