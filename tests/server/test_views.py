"""Several views of one supergraph at once: what each client may ask, see and learn."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from graphql import build_schema, graphql

from router.composition import Composed, Subgraph, compose
from router.composition.contracts import Contract, InvalidContract
from router.errors import RequestRefused
from router.executor import CoroutineTransport
from router.hooks import RequestContext, RouterHooks, SubgraphCall, SubgraphReply
from router.server.app import RouterApp, create_app
from router.server.config import InvalidConfig, RouterConfig, load_config

Connect = Callable[[RouterApp], httpx.AsyncClient]

SDL = """
type Query {
  pets(kind: Kind = ANY): [Pet]
  pet: Pet
  dog: Dog
  animals: [Animal!]
  level: Level
  levels: [Level]
  secret: String @tag(name: "internal")
  echo(kind: Kind, limit: Int @tag(name: "internal")): String
}
enum Kind { ANY CATS BIRDS @tag(name: "internal") }
enum Level { LOW HIGH @tag(name: "internal") }
interface Pet { name: String }
type Dog implements Pet { name: String weight: Int @tag(name: "internal") }
type Cat implements Pet { name: String lives: Int }
type Wolf implements Pet @tag(name: "internal") { name: String teeth: Int }
union Animal = Dog | Wolf
"""
CONTRACT = Contract("outside", exclude=frozenset({"internal"}))
DOG = {"__typename": "Dog", "name": "Rex", "weight": 30}
WOLF = {"__typename": "Wolf", "name": "Akela", "teeth": 42}
ROOT = {
    "pets": [DOG, WOLF],
    "pet": WOLF,
    "dog": DOG,
    "animals": [DOG, WOLF],
    "level": "HIGH",
    "levels": ["LOW", "HIGH"],
    "secret": "s",
    "echo": lambda _info, **arguments: orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS).decode(),
}


class Zoo(CoroutineTransport):
    """Runs each subgraph document with graphql-core."""

    def __init__(self) -> None:
        self.schema = build_schema("directive @tag(name: String!) repeatable on FIELD_DEFINITION | OBJECT | "
                                   "ENUM_VALUE | ARGUMENT_DEFINITION\n" + SDL)  # fmt: skip
        self.calls = 0

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        self.calls += 1
        request = orjson.loads(call.body)
        result = await graphql(self.schema, request["query"], ROOT, variable_values=request.get("variables"))
        return SubgraphReply(200, {}, orjson.dumps(result.formatted))


class ByHeader(RouterHooks):
    async def on_request(self, context: RequestContext) -> None:
        if "x-view" in context.headers:
            context.view = context.headers["x-view"] or None


def supergraph() -> str:
    link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@tag"])\n'
    composed = compose([Subgraph("zoo", link + SDL, "http://zoo.invalid/graphql")])
    assert isinstance(composed, Composed), composed.errors
    return composed.supergraph_sdl


@pytest.fixture
def app() -> RouterApp:
    return create_app(supergraph(), hooks=ByHeader(), transport=Zoo(), views={"outside": CONTRACT})


async def ask(client: httpx.AsyncClient, query: str, view: str | None = None, **variables: Any) -> dict[str, Any]:
    headers = {} if view is None else {"x-view": view}
    response = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    return dict(response.json())


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


@pytest.mark.parametrize(
    "query",
    [
        "{ secret }",
        "{ dog { weight } }",
        "{ pet { ... on Wolf { teeth } } }",
        "{ echo(limit: 1) }",
        "{ echo(kind: BIRDS) }",
        "query ($a: Int) { echo(limit: $a) }",
    ],
)
async def test_validation_is_per_view_and_the_cache_does_not_leak(app: RouterApp, connect: Connect, query: str) -> None:
    client = connect(app)
    for _ in range(2):
        assert codes(await ask(client, query)) == []
        assert codes(await ask(client, query, "outside")) == ["GRAPHQL_VALIDATION_FAILED"]
    assert [key.view for key in app.pipeline.cache.texts] == [None]


async def test_both_at_the_same_time(app: RouterApp, connect: Connect) -> None:
    client = connect(app)
    query = "{ dog { weight } }"
    answers = await asyncio.gather(*(ask(client, query, view) for view in ("outside", None, "outside", None)))
    assert [codes(answer) for answer in answers] == [["GRAPHQL_VALIDATION_FAILED"], []] * 2


async def test_one_graph_serves_all_views(app: RouterApp, connect: Connect) -> None:
    client = connect(app)
    query = "{ dog { name } }"
    assert await ask(client, query) == await ask(client, query, "outside") == {"data": {"dog": {"name": "Rex"}}}
    assert sorted(str(key.view) for key in app.pipeline.cache.texts) == ["None", "outside"]


async def test_variables_are_of_the_view(app: RouterApp, connect: Connect) -> None:
    client = connect(app)
    query = "query ($k: Kind) { echo(kind: $k) }"
    assert await ask(client, query, k="BIRDS") == {"data": {"echo": '{"kind":"BIRDS"}'}}
    assert codes(await ask(client, query, "outside", k="BIRDS")) == ["BAD_USER_INPUT"]
    assert "errors" not in await ask(client, query, "outside", k="CATS")


async def test_introspection_is_per_view(app: RouterApp, connect: Connect) -> None:
    client = connect(app)
    query = """{
      __schema { types { name } }
      query: __type(name: "Query") { fields { name args { name } } }
      level: __type(name: "Level") { enumValues { name } }
      pet: __type(name: "Pet") { possibleTypes { name } }
      wolf: __type(name: "Wolf") { name }
    }"""
    full, outside = (await ask(client, query))["data"], (await ask(client, query, "outside"))["data"]
    assert {t["name"] for t in full["__schema"]["types"]} - {t["name"] for t in outside["__schema"]["types"]} == {
        "Wolf"
    }
    assert (full["wolf"], outside["wolf"]) == ({"name": "Wolf"}, None)
    assert [v["name"] for v in outside["level"]["enumValues"]] == ["LOW"]
    assert {t["name"] for t in outside["pet"]["possibleTypes"]} == {"Cat", "Dog"}
    fields = {field["name"]: [a["name"] for a in field["args"]] for field in outside["query"]["fields"]}
    assert "secret" not in fields
    assert fields["echo"] == ["kind"]


@pytest.mark.parametrize("pet", ["name", "__typename name", "... on Dog { name } name", "... on Pet { name }"])
async def test_objects_of_hidden_types_are_null_with_an_error(app: RouterApp, connect: Connect, pet: str) -> None:
    client = connect(app)
    answer = await ask(client, f"{{ pet {{ {pet} }} pets {{ {pet} }} }}", "outside")
    assert answer["data"]["pet"] is None
    assert answer["data"]["pets"][1] is None
    assert answer["data"]["pets"][0]["name"] == "Rex"
    assert codes(answer) == ["RESPONSE_VALIDATION_FAILED"] * 2
    assert [error["path"] for error in answer["errors"]] == [["pet"], ["pets", 1]]
    assert "Wolf" not in orjson.dumps(answer).decode()
    full = await ask(client, f"{{ pet {{ {pet} }} }}")
    assert full["data"]["pet"]["name"] == "Akela"


async def test_hidden_union_members_in_data_make_the_list_null(app: RouterApp, connect: Connect) -> None:
    client = connect(app)
    answer = await ask(client, "{ animals { __typename ... on Dog { name } } }", "outside")
    assert (answer["data"], codes(answer)) == ({"animals": None}, ["RESPONSE_VALIDATION_FAILED"])
    full = await ask(client, "{ animals { __typename } }")
    assert full == {"data": {"animals": [{"__typename": "Dog"}, {"__typename": "Wolf"}]}}


async def test_hidden_enum_values_are_null_with_an_error(app: RouterApp, connect: Connect) -> None:
    client = connect(app)
    answer = await ask(client, "{ level levels }", "outside")
    assert answer["data"] == {"level": None, "levels": ["LOW", None]}
    assert codes(answer) == ["RESPONSE_VALIDATION_FAILED"] * 2
    assert await ask(client, "{ level }") == {"data": {"level": "HIGH"}}


async def test_an_unknown_view_is_our_fault_and_shows_nothing(
    app: RouterApp, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(app)
    await ask(client, "{ level }")  # planned for others already
    response = await client.post("/graphql", json={"query": "{ level }"}, headers={"x-view": "nobodys"})
    assert response.status_code == 500
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "UNKNOWN_VIEW"
    assert "nobodys" not in response.text
    (record,) = [record for record in caplog.records if record.name == "router.server"]
    assert record.__dict__["fields"]["known"] == ["outside"]


async def test_a_hook_may_refuse_in_place_of_a_view(connect: Connect) -> None:
    class Refusing(RouterHooks):
        async def on_request(self, context: RequestContext) -> None:
            raise RequestRefused("no")

    zoo = Zoo()
    client = connect(create_app(supergraph(), hooks=Refusing(), transport=zoo, views={"outside": CONTRACT}))
    assert codes(await ask(client, "{ level }")) == ["FORBIDDEN"]
    assert zoo.calls == 0


async def test_default_view_and_batches(tmp_path: Path, connect: Connect) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "outside.toml").write_text('exclude = ["internal"]')
    (tmp_path / "router.yaml").write_text(
        "views: {outside: c/outside.toml}\ndefault_view: outside\nbatching: {enabled: true}\n"
    )
    config = load_config(tmp_path / "router.yaml")
    assert config.views == {"outside": tmp_path / "c" / "outside.toml"}
    client = connect(create_app(supergraph(), config=config, hooks=ByHeader(), transport=Zoo()))
    assert codes(await ask(client, "{ secret }")) == ["GRAPHQL_VALIDATION_FAILED"]
    assert await ask(client, "{ secret }", "") == {"data": {"secret": "s"}}, "the hook chose the full schema"
    batch = await client.post("/graphql", json=[{"query": "{ secret }"}, {"query": "{ level: __typename }"}])
    assert [codes(answer) for answer in batch.json()] == [["GRAPHQL_VALIDATION_FAILED"], []]


def test_wrong_views_end_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="there is no view 'x'"):
        create_app(supergraph(), config=RouterConfig(default_view="x"))
    with pytest.raises(InvalidContract, match=r"v\.toml:1:1: The contract cannot be read"):
        create_app(supergraph(), views={"v": tmp_path / "v.toml"})
    with pytest.raises(InvalidContract, match="No element of the supergraph has the tag"):
        create_app(supergraph(), views={"v": Contract("v", include=frozenset({"nobody"}))})
