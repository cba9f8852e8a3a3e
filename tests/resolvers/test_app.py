"""A whole subgraph over `scratch`: masking, entities, mutations, batching, the edge of the transaction."""

import asyncio
import base64
import json
import logging
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import httpx
import jwt
import pytest
import strawberry
from sqlalchemy import func, insert, select, text

from resolvers.app import Subgraph, subgraph_app
from resolvers.context import RequestContext
from resolvers.errors import BadUserInput, Conflict, NotFound, RateLimited, Refused
from resolvers.ids import parse_id, wire_id
from resolvers.loaders import aligned
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.permissions import requires
from resolvers.schema import build_schema
from resolvers.session import TenantSession
from resolvers.settings import Settings

from .conftest import things

SECRET = "postgresql://user:hunter2@10.0.0.1/db"
TENANT = uuid.uuid4()


@dataclass(frozen=True, slots=True)
class ChildArguments:
    prefix: str | None


async def things_by_id(session: TenantSession, ids: Sequence[uuid.UUID]) -> list[Any]:
    rows = await session.rows(select(things).where(things.c.id.in_(ids)))
    return aligned(ids, {row.id: row for row in rows})


async def children(session: TenantSession, ids: Sequence[uuid.UUID], arguments: ChildArguments) -> list[list[Any]]:
    statement = select(things).where(things.c.parent_id.in_(ids)).order_by(things.c.name)
    if arguments.prefix is not None:
        statement = statement.where(things.c.name.startswith(arguments.prefix))
    found: dict[uuid.UUID, list[Any]] = {}
    for row in await session.rows(statement):
        found.setdefault(row.parent_id, []).append(row)
    return [found.get(key, []) for key in ids]


@strawberry.federation.type(keys=["id", "name otherName"])
class Thing:
    id: strawberry.ID
    name: str | None

    @strawberry.field
    async def children(self, info: Info, prefix: str | None = None) -> list["Thing"]:
        return [Thing.of(row) for row in await info.context.load(children, parse_id(self.id), ChildArguments(prefix))]

    @strawberry.field
    def other_name(self) -> str:
        return f"other {self.name}"

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(id=wire_id(row.id), name=row.name)

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID, other_name: str = "") -> Self | None:  # noqa: A002
        row = await info.context.load(things_by_id, parse_id(id))
        return None if row is None else cls.of(row)


@strawberry.federation.type(keys=["id"])
class Guarded:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Self:  # noqa: A002
        return cls(id=id)


@strawberry.type
class AddPayload(MutationPayload):
    thing: Thing | None = None


class Unlucky(Refused):
    """Thirteen brings bad luck."""

    code = "UNLUCKY"


FAILURES: dict[str, Exception] = {
    "input": BadUserInput("No.", path=("input", "name")),
    "missing": NotFound(),
    "conflict": Conflict(),
    "rule": Unlucky(),
    "rate": RateLimited(30),
    "bug": RuntimeError(SECRET),
}


@strawberry.type
class Query:
    @strawberry.field
    def ok(self) -> str:
        return "ok"

    @strawberry.field
    def required(self) -> str:
        return None  # type: ignore[return-value]

    @strawberry.field
    def bug(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    def odd(self) -> int | None:
        return "not a number"  # type: ignore[return-value]

    @strawberry.field
    async def sql(self, info: Info, statement: str) -> str | None:
        return str(await info.context.session.scalar(text(statement)))

    @strawberry.field(extensions=[requires("scratch:read", "scratch:extra")])
    async def guarded(self) -> str | None:
        return "shown"

    @strawberry.field(extensions=[requires("scratch:read")])
    def guarded_sync(self) -> str | None:
        return "shown"

    @strawberry.field
    async def thing(self, info: Info, id: strawberry.ID) -> Thing | None:  # noqa: A002
        row = await info.context.load(things_by_id, parse_id(id))
        return None if row is None else Thing.of(row)

    @strawberry.field
    async def slow(self, info: Info) -> str | None:
        await asyncio.sleep(10)
        return "late"

    @strawberry.field
    def entity(self) -> Guarded | None:
        return None


@strawberry.type
class Mutation:
    @mutation(AddPayload, scope="scratch:write")
    async def add(self, info: Info, name: str, then: str | None = None) -> AddPayload:
        statement = insert(things).values(tenant_id=info.context.tenant_id(), name=name).returning(things)
        row = await info.context.session.row(statement)
        if then in FAILURES:
            raise FAILURES[then]
        return AddPayload(thing=Thing.of(row))

    @strawberry.mutation
    async def break_transaction(self, info: Info) -> str | None:
        info.context.mutates = True
        await info.context.session.execute(insert(things).values(tenant_id=info.context.tenant_id(), name="lost"))
        try:
            await info.context.session.scalar(text("select 1/0"))
        except Exception:  # noqa: BLE001
            return "written, or so it says"
        return None


KEY = secrets.token_bytes(32)


def header(**claims: Any) -> str:
    now = int(time.time())
    return jwt.encode(
        {
            "iss": "brain",
            "aud": "scratch",
            "iat": now,
            "exp": now + 30,
            "jti": uuid.uuid4().hex,
            "tenant": str(TENANT),
            "sub": None,
            "roles": [],
            "scopes": ["scratch:read", "scratch:write"],
            "plan": None,
            "locale": None,
            "channel": None,
            "rid": "request-1",
            "run": None,
            "deadline": int(time.time() * 1000) + 20_000,
            **claims,
        },
        KEY,
        algorithm="HS256",
        headers={"kid": "k", "typ": "brain-context+jwt"},
    )


@pytest.fixture(scope="module")
async def app(settings: Settings) -> AsyncIterator[Subgraph]:
    jwk = {"kty": "oct", "alg": "HS256", "kid": "k", "k": base64.urlsafe_b64encode(KEY).decode()}
    settings.context_keys_file.write_text(json.dumps({"keys": [jwk]}))
    schema = build_schema(
        query=Query, mutation=Mutation, types=[Thing, Guarded], entity_scopes={"Guarded": "scratch:secret"}
    )
    app = subgraph_app("scratch", schema, settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def ask(app: Subgraph) -> AsyncIterator[Any]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://subgraph.test") as client:

        async def ask(query: str, variables: dict[str, Any] | None = None, **claims: Any) -> dict[str, Any]:
            response = await client.post(
                "/scratch/graphql",
                json={"query": query, "variables": variables},
                headers={"x-brain-context": header(**claims)},
            )
            assert response.status_code == 200
            assert SECRET not in response.text
            assert "hunter2" not in response.text
            body: dict[str, Any] = response.json()
            return body

        yield ask


async def count(app: Subgraph) -> int:
    async with app.database.session(_context()) as session:
        return int(await session.scalar(select(func.count()).select_from(things)))


def _context() -> RequestContext:
    return RequestContext.system(TENANT)


@pytest.mark.parametrize("field", ["bug", "odd", "required", 'sql(statement: "select * from nowhere")'])
async def test_what_is_ours_is_masked_and_logged(ask: Any, field: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "resolvers.errors"):
        body = await ask(f"{{ ok it: {field} }}")
    (error,) = body["errors"]
    assert error["message"] == "Internal server error"
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "traceId": "request-1"}
    assert error["path"] == ["it"]
    assert body["data"] is None if field == "required" else body["data"]["ok"] == "ok"
    (record,) = caplog.records
    assert "request-1" in record.getMessage()
    assert record.exc_info is not None


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("select 2147483647::int + 1", "BAD_USER_INPUT"),
        ("select '\\\\u0000'::jsonb ->> 0", "BAD_USER_INPUT"),
        ("select pg_sleep(9)", "DEADLINE_EXCEEDED"),
    ],
)
async def test_what_the_database_says_about_input_and_time(ask: Any, statement: str, code: str) -> None:
    deadline = int(time.time() * 1000) + (400 if code == "DEADLINE_EXCEEDED" else 9000)
    body = await ask(f'{{ sql(statement: "{statement}") }}', deadline=deadline)
    assert body["errors"][0]["extensions"]["code"] == code


async def test_the_deadline_ends_the_operation(ask: Any) -> None:
    started = time.monotonic()
    body = await ask("{ slow }", deadline=int(time.time() * 1000) + 300)
    assert time.monotonic() - started < 3
    assert body["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"


async def test_the_callers_mistakes_are_shown(ask: Any) -> None:
    for query, code in (
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ok", "GRAPHQL_PARSE_FAILED"),
        ("query ($id: ID!) { thing(id: $id) { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ('{ thing(id: "x") { id } }', "BAD_USER_INPUT"),
    ):
        body = await ask(query)
        assert body["errors"][0]["extensions"]["code"] == code, query
    assert "Cannot query field" in (await ask("{ nope }"))["errors"][0]["message"]


async def test_missing_scopes_are_named(ask: Any) -> None:
    body = await ask("{ guarded guardedSync }")
    assert body["data"] == {"guarded": None, "guardedSync": "shown"}
    (error,) = body["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN", "missingScope": "scratch:extra"}
    body = await ask("{ guarded guardedSync }", scopes=[])
    assert {error["extensions"]["code"] for error in body["errors"]} == {"UNAUTHENTICATED"}
    body = await ask("{ guarded }", scopes=["scratch:read", "scratch:extra"])
    assert body == {"data": {"guarded": "shown"}}


async def added(ask: Any, name: str) -> str:
    body = await ask("mutation ($n: String!) { add(name: $n) { thing { id } errors { code } } }", {"n": name})
    assert body["data"]["add"]["errors"] == []
    return str(body["data"]["add"]["thing"]["id"])


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("input", {"__typename": "InvalidInputError", "code": "BAD_USER_INPUT", "path": ["input", "name"]}),
        ("missing", {"__typename": "NotFoundError", "code": "NOT_FOUND"}),
        ("conflict", {"__typename": "ConflictError", "code": "CONFLICT"}),
        ("rule", {"__typename": "RefusedError", "code": "UNLUCKY"}),
    ],
)
async def test_business_errors_are_data_and_undo_the_field(ask: Any, app: Subgraph, then: str, expected: Any) -> None:
    before = await count(app)
    body = await ask(
        """mutation ($t: String) {
          bad: add(name: "x", then: $t) {
            thing { id } errors { __typename code message ... on InvalidInputError { path } }
          }
          good: add(name: "y") { thing { name } errors { code } }
        }""",
        {"t": then},
    )
    expected = {**expected, "message": FAILURES[then].message}  # type: ignore[attr-defined]
    assert body == {
        "data": {"bad": {"thing": None, "errors": [expected]}, "good": {"thing": {"name": "y"}, "errors": []}}
    }
    assert await count(app) == before + 1


@pytest.mark.parametrize(("then", "code"), [("rate", "RATE_LIMITED"), ("bug", "INTERNAL_SERVER_ERROR")])
async def test_other_errors_are_graphql_errors_and_undo_the_field(
    ask: Any, app: Subgraph, then: str, code: str
) -> None:
    before = await count(app)
    body = await ask('mutation ($t: String) { add(name: "x", then: $t) { errors { code } } }', {"t": then})
    assert body["errors"][0]["extensions"]["code"] == code
    assert await count(app) == before


async def test_mutations_need_their_scope(ask: Any, app: Subgraph) -> None:
    before = await count(app)
    body = await ask('mutation { add(name: "x") { errors { code } } }', scopes=["scratch:read"])
    assert body["errors"][0]["extensions"]["missingScope"] == "scratch:write"
    assert await count(app) == before


async def test_nothing_is_claimed_that_was_not_kept(ask: Any, app: Subgraph) -> None:
    before = await count(app)
    body = await ask("mutation { breakTransaction }")
    assert body["data"] is None
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert await count(app) == before


ENTITIES = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Thing { id name } } }"


async def test_each_representation_stands_for_itself(ask: Any) -> None:
    known = await added(ask, "known")
    unknown = str(uuid.uuid4())
    representations: list[Any] = [
        {"__typename": "Thing", "id": known},
        {"__typename": "Nowhere", "id": known},
        {"__typename": "Thing"},
        {"__typename": "Thing", "id": unknown},
        {"__typename": "Thing", "id": "no uuid"},
        {"__typename": "Thing", "id": 7},
        {"__typename": "Query", "id": known},
        {"id": known},
        "text",
        {"__typename": "Guarded", "id": known},
        {"__typename": "Thing", "id": known, "name": "ignored", "otherName": "taken"},
    ]
    body = await ask(ENTITIES, {"r": representations})
    thing = {"__typename": "Thing", "id": known, "name": "known"}
    assert body["data"]["_entities"] == [thing, *[None] * 9, thing]
    errors = {error["path"][1]: error for error in body["errors"]}
    assert sorted(errors) == [1, 2, 4, 5, 6, 7, 8, 9]
    for place in (1, 2, 4, 5, 6, 7, 8):
        assert errors[place]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "'id'" in errors[2]["message"]
    assert errors[9]["extensions"] == {"code": "FORBIDDEN", "missingScope": "scratch:secret"}


async def test_one_variable_serves_several_aliases(ask: Any) -> None:
    known = await added(ask, "twice")
    query = """
    query ($r: [_Any!]!) {
      a: _entities(representations: $r) { ... on Thing { id } }
      b: _entities(representations: $r) { ... on Thing { name } }
    }
    """
    body = await ask(query, {"r": [{"__typename": "Thing", "id": known}]})
    assert body == {"data": {"a": [{"id": known}], "b": [{"name": "twice"}]}}


async def test_lists_under_many_parents_batch_by_their_arguments(ask: Any, app: Subgraph) -> None:
    parents = [await added(ask, f"p{n}") for n in range(5)]
    async with app.database.session(_context()) as session:
        for parent in parents:
            for name in ("a1", "a2", "b1"):
                values = {"tenant_id": TENANT, "parent_id": uuid.UUID(parent), "name": name}
                await session.execute(insert(things).values(**values))
    query = """
    query ($r: [_Any!]!) {
      _entities(representations: $r) {
        ... on Thing { all: children { name } a: children(prefix: "a") { name } again: children(prefix: "a") { name } }
      }
    }
    """
    with app.database.count_statements() as statements:
        body = await ask(query, {"r": [{"__typename": "Thing", "id": parent} for parent in parents]})
    for entity in body["data"]["_entities"]:
        assert [child["name"] for child in entity["all"]] == ["a1", "a2", "b1"]
        assert [child["name"] for child in entity["a"]] == ["a1", "a2"] == [c["name"] for c in entity["again"]]
    assert len(statements) == 3


async def test_introspection_takes_no_connection(ask: Any, app: Subgraph) -> None:
    with app.database.count_statements() as statements:
        body = await ask("{ _service { sdl } __schema { queryType { name } } }")
    assert statements == []
    assert 'url: "https://specs.apollo.dev/federation/v2.11"' in body["data"]["_service"]["sdl"]


@pytest.mark.parametrize("broken", ["redis", "postgres"])
async def test_a_missing_server_is_told_without_detail(settings: Settings, broken: str) -> None:
    """Without the replay guard no call is let through; without the database the operation fails, masked."""
    urls = {
        "redis": {"redis_url": "redis://127.0.0.1:1/0"},
        "postgres": {"database_url": "postgresql://a:b@127.0.0.1:1/c"},
    }
    lost = Settings(**{**settings.model_dump(), **urls[broken]})
    app = subgraph_app("scratch", build_schema(query=Query, mutation=Mutation, types=[Thing, Guarded]), lost)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://subgraph.test") as client,
    ):
        health = await client.get("/scratch/health")
        assert (health.status_code, health.json()) == (503, {"status": "unavailable"})
        query = {"query": '{ sql(statement: "select 1") }'}
        response = await client.post("/scratch/graphql", json=query, headers={"x-brain-context": header()})
    (error,) = response.json()["errors"]
    if broken == "redis":
        assert response.status_code == 503
        assert error == {"message": "The service is not available.", "extensions": {"code": "SERVICE_UNAVAILABLE"}}
    else:
        assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "traceId": "request-1"}
        assert error["message"] == "Internal server error"


async def test_a_document_is_read_once_and_means_what_it_says_each_time(ask: Any) -> None:
    """Also one that is wrong: its errors are each request's own."""
    for query, code in (("{ nope }", "GRAPHQL_VALIDATION_FAILED"), ("{ ok", "GRAPHQL_PARSE_FAILED")):
        first, second = await ask(query), await ask(query)
        assert first["errors"] == second["errors"]
        assert second["errors"][0]["extensions"]["code"] == code
    query = "query ($id: ID!) { thing(id: $id) { id } }"
    wrong = await ask(query)
    assert wrong["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert (await ask("{ ok }"))["data"] == (await ask("{ ok }"))["data"]
