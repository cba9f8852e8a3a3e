"""The whole way: real Strawberry subgraphs, composed, planned and executed, over real sockets."""

import asyncio
import enum
import socket
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
import strawberry
import uvicorn
from graphql import parse, validate
from strawberry.asgi import GraphQL

from router import Composed, Subgraph, compose, load_supergraph
from router.executor import AiohttpTransport, SubgraphClient, compile_plan
from router.graph.api_schema import build_api_schema
from router.planner import plan_operation
from tests.executor.plans import codes, context, paths


def accounts() -> strawberry.federation.Schema:
    names = {"1": "Ada", "2": "Ben", "3": None}

    @strawberry.federation.type(keys=["id"])
    class User:
        id: strawberry.ID

        @strawberry.field
        def name(self) -> str | None:
            if names[self.id] is None:
                raise ValueError("This user has no name.")
            return names[self.id]

        @classmethod
        def resolve_reference(cls, **key: strawberry.ID) -> "User | None":
            return User(**key) if key["id"] in names else None

    @strawberry.type
    class Query:
        @strawberry.field
        def users(self) -> list[User]:
            return [User(id=strawberry.ID(each)) for each in names]

    return strawberry.federation.Schema(query=Query)


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


def listings() -> strawberry.federation.Schema:
    @strawberry.federation.type(keys=["id"])
    class User:
        id: strawberry.ID

        @strawberry.field
        def homes(self) -> list[Annotated["Home", strawberry.lazy("tests.executor.test_planned")]]:
            return [Home(number=int(self.id) * 10 + i, colour=Colour.RED, owner=User(id=self.id)) for i in range(2)]

        @classmethod
        def resolve_reference(cls, **key: strawberry.ID) -> "User":
            return User(**key)

    @strawberry.federation.type(keys=["number"])
    class Home:
        number: int
        colour: Colour
        owner: User

    @strawberry.type
    class Query:
        @strawberry.field
        def home(self, number: int) -> Home | None:
            return Home(number=number, colour=Colour.BLUE, owner=User(id=strawberry.ID(str(number // 10))))

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        def paint(self, number: int, colour: Colour) -> Home:
            return Home(number=number, colour=colour, owner=User(id=strawberry.ID("2")))

    globals()["Home"] = Home
    return strawberry.federation.Schema(query=Query, mutation=Mutation)


def weather() -> strawberry.federation.Schema:
    @strawberry.federation.type(keys=["number"])
    class Home:
        number: int
        colour: Colour = strawberry.federation.field(external=True)

        @strawberry.federation.field(requires=["colour"])
        def heat(self) -> str:
            return f"{self.colour} {self.number}"

        @classmethod
        def resolve_reference(cls, number: int, colour: str | None = None) -> "Home":
            return Home(number=number, colour=colour)  # type: ignore[arg-type]

    @strawberry.type
    class Query:
        @strawberry.field
        def ok(self) -> bool:
            return True

    return strawberry.federation.Schema(query=Query, types=[Home])


class Federation:
    def __init__(self, supergraph_sdl: str, transport: AiohttpTransport) -> None:
        self.supergraph = load_supergraph(supergraph_sdl)
        self.schema = build_api_schema(self.supergraph.document)
        self.client = SubgraphClient({each.name: each.url for each in self.supergraph.subgraphs}, transport)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        document = parse(query)
        assert validate(self.schema, document) == []
        compiled = compile_plan(plan_operation(document, None, self.supergraph), self.schema)
        return await compiled.execute(variables, context(), self.client)


@pytest.fixture(scope="module")
async def federation() -> AsyncIterator[Federation]:
    schemas = {"accounts": accounts(), "listings": listings(), "weather": weather()}
    servers, running, subgraphs = [], [], []
    for name, schema in schemas.items():
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(GraphQL(schema), log_level="critical", lifespan="off"))
        running.append(asyncio.create_task(server.serve(sockets=[listening])))
        servers.append(server)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        subgraphs.append(Subgraph(name, sdl=schema.as_str(), url=url))
    composed = compose(subgraphs)
    assert isinstance(composed, Composed), composed.errors
    async with AiohttpTransport() as transport:
        yield Federation(composed.supergraph_sdl, transport)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*running)


async def test_three_subgraphs_with_requires(federation: Federation) -> None:
    response = await federation.ask("{ users { id homes { number heat owner { id } } } }")
    assert response == {
        "data": {
            "users": [
                {
                    "id": id_,
                    "homes": [
                        {"number": n, "heat": f"RED {n}", "owner": {"id": id_}}
                        for n in (int(id_) * 10, int(id_) * 10 + 1)
                    ],
                }
                for id_ in ("1", "2", "3")
            ]
        }
    }


async def test_error_in_an_entity_at_two_places(federation: Federation) -> None:
    query = "{ a: home(number: 30) { owner { n: name } } b: home(number: 31) { owner { n: name } } }"
    response = await federation.ask(query)
    assert response["data"] == {"a": {"owner": {"n": None}}, "b": {"owner": {"n": None}}}
    assert sorted(map(str, paths(response))) == ["['a', 'owner', 'n']", "['b', 'owner', 'n']"]
    assert codes(response) == ["DOWNSTREAM_SERVICE_ERROR"] * 2
    assert {each["extensions"]["service"] for each in response["errors"]} == {"accounts"}


async def test_unknown_entity(federation: Federation) -> None:
    response = await federation.ask("{ home(number: 95) { heat owner { name } } }")
    assert response["data"] == {"home": {"heat": "BLUE 95", "owner": {"name": None}}}


async def test_mutation_variables_aliases_and_introspection(federation: Federation) -> None:
    query = """
      mutation Paint($n: Int!, $colour: Colour!, $more: Boolean!) {
        first: paint(number: $n, colour: $colour) { heat who: owner { name @include(if: $more) __typename } }
        second: paint(number: 21, colour: RED) { heat }
        __typename
      }
    """
    response = await federation.ask(query, n=20, colour="BLUE", more=True)
    assert response == {
        "data": {
            "first": {"heat": "BLUE 20", "who": {"name": "Ben", "__typename": "User"}},
            "second": {"heat": "RED 21"},
            "__typename": "Mutation",
        }
    }
    response = await federation.ask(query, n=20, colour="BLUE", more=False)
    assert response["data"]["first"] == {"heat": "BLUE 20", "who": {"__typename": "User"}}
    response = await federation.ask('{ __type(name: "Home") { fields { name } } ok }')
    assert response == {
        "data": {"__type": {"fields": [{"name": n} for n in ("number", "colour", "owner", "heat")]}, "ok": True}
    }
