"""A mutation with a key is done once: repeated, at the same time, after a failure, by another tenant."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import strawberry
from sqlalchemy import func, insert, select

from brain.caller import Caller
from brain.context_header import ContextSigner
from brain.context_keys import key_set, new_secret
from resolvers.app import Subgraph, subgraph_app
from resolvers.context import RequestContext
from resolvers.errors import NotFound
from resolvers.idempotency import is_mutation
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.schema import build_schema
from resolvers.settings import Settings

from .conftest import things

SECRET = new_secret()
TENANT = str(uuid.uuid4())
ADD = "mutation ($name: String!) { add(name: $name) { id errors { code } } }"


@strawberry.type
class AddPayload(MutationPayload):
    id: strawberry.ID | None = None


@strawberry.type
class Query:
    @strawberry.field
    def ok(self) -> str:
        return "ok"


@strawberry.type
class Mutation:
    @mutation(AddPayload)
    async def add(self, info: Info, name: str) -> AddPayload:
        session = info.context.session
        statement = insert(things).values(tenant_id=info.context.tenant_id(), name=name).returning(things.c.id)
        row = await session.row(statement)
        assert row is not None
        if name == "missing":
            raise NotFound
        if name == "bug":
            raise RuntimeError
        return AddPayload(id=strawberry.ID(str(row.id)))


@pytest.fixture
async def app(settings: Settings, tmp_path: Path) -> AsyncIterator[Subgraph]:
    keys = tmp_path / "context.keys.json"
    keys.write_text(json.dumps(key_set([SECRET], "scratch")))
    schema = build_schema(query=Query, mutation=Mutation)
    app = subgraph_app("scratch", schema, settings.model_copy(update={"context_keys_file": keys}))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def ask(app: Subgraph) -> AsyncIterator[Any]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://subgraph.test") as client:

        async def ask(
            query: str, variables: dict[str, Any] | None = None, *, key: str | None = None, tenant: str = TENANT
        ) -> dict[str, Any]:
            signed = ContextSigner(SECRET).sign(
                Caller(tenant_id=tenant, scopes=("scratch:write",)),
                "scratch",
                request_id="r",
                deadline_ms=int(time.time() * 1000) + 20_000,
                idempotency_key=key,
            )
            headers = {"x-brain-context": signed}
            response = await client.post(
                "/scratch/graphql", json={"query": query, "variables": variables}, headers=headers
            )
            body: dict[str, Any] = response.json()
            return body

        yield ask


async def count(app: Subgraph, name: str, tenant: str = TENANT) -> int:
    async with app.database.session(RequestContext.system(uuid.UUID(tenant))) as session:
        return int(await session.scalar(select(func.count()).select_from(things).where(things.c.name == name)))


async def test_the_same_again_is_answered_and_not_done(ask: Any, app: Subgraph) -> None:
    first = await ask(ADD, {"name": "once"}, key="k:0")
    assert first["data"]["add"]["errors"] == []
    assert await ask(ADD, {"name": "once"}, key="k:0") == first
    assert await count(app, "once") == 1


async def test_at_the_same_time(ask: Any, app: Subgraph) -> None:
    answers = await asyncio.gather(*[ask(ADD, {"name": "together"}, key="k:1") for _ in range(4)])
    assert answers == [answers[0]] * 4
    assert await count(app, "together") == 1


async def test_another_request_under_the_key_is_refused(ask: Any, app: Subgraph) -> None:
    await ask(ADD, {"name": "mine"}, key="k:2")
    body = await ask(ADD, {"name": "yours"}, key="k:2")
    assert body["data"] is None
    assert [error["extensions"]["code"] for error in body["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert await count(app, "yours") == 0


async def test_a_tenants_key_is_its_own(ask: Any, app: Subgraph) -> None:
    other = str(uuid.uuid4())
    first = await ask(ADD, {"name": "both"}, key="k:3")
    second = await ask(ADD, {"name": "both"}, key="k:3", tenant=other)
    assert first["data"]["add"]["id"] != second["data"]["add"]["id"]
    assert (await count(app, "both"), await count(app, "both", other)) == (1, 1)


async def test_a_business_no_is_kept_too(ask: Any) -> None:
    first = await ask(ADD, {"name": "missing"}, key="k:4")
    assert first["data"]["add"]["errors"] == [{"code": "NOT_FOUND"}]
    assert await ask(ADD, {"name": "missing"}, key="k:4") == first


async def test_what_failed_may_be_tried_again(ask: Any, app: Subgraph) -> None:
    assert (await ask(ADD, {"name": "bug"}, key="k:5"))["data"] is None
    assert (await ask(ADD, {"name": "fine"}, key="k:5"))["data"]["add"]["errors"] == []
    assert (await count(app, "bug"), await count(app, "fine")) == (0, 1)


async def test_without_a_key_and_for_queries_nothing_is_kept(ask: Any, app: Subgraph) -> None:
    await ask(ADD, {"name": "twice"})
    await ask(ADD, {"name": "twice"})
    assert await count(app, "twice") == 2
    await ask(ADD, {"name": "x"}, key="k:6")
    assert await ask("{ ok }", key="k:6") == {"data": {"ok": "ok"}}


def test_what_is_a_mutation() -> None:
    def body(query: object, name: str | None = None) -> bytes:
        return json.dumps({"query": query, "operationName": name}).encode()

    assert is_mutation(body(ADD))
    assert is_mutation(body("query A { ok } mutation B { add }", "B"))
    for other in (body("{ ok }"), body("query A { ok } mutation B { add }", "A"), body("{"), body(1), b"[]", b"", b"1"):
        assert not is_mutation(other)
