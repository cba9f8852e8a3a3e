"""Agent-backed mutations: the directive in the SDL and in the supergraph, and the guard."""

import base64
import json
import secrets
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import strawberry

from resolvers.agent_fields import AGENT_SPEC_URL, AgentPayload, AgentRisk, agent_mutation
from resolvers.app import subgraph_app
from resolvers.errors import NotFound
from resolvers.mutations import MutationPayload
from resolvers.operation import Info
from resolvers.schema import build_schema
from resolvers.settings import Settings
from router import Composed, Subgraph, compose

OTHER = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.11", import: ["@key"])
type Query { agentRun(id: ID!): AgentRun }
type AgentRun @key(fields: "id") { id: ID! status: String! }
"""
KEY = secrets.token_bytes(32)
RUN = str(uuid.uuid4())


@strawberry.type
class ScorePayload(AgentPayload):
    score: int | None = None


@strawberry.type
class Query:
    @strawberry.field
    def ok(self) -> str:
        return "ok"


@strawberry.type
class Mutation:
    @agent_mutation(ScorePayload, crew="scoring", risk=AgentRisk.WRITE, wait_seconds=5, scope="scratch:write")
    async def score(self, info: Info, known: bool = True) -> ScorePayload:
        if not known:
            raise NotFound("No such lead.")
        return ScorePayload(score=7)

    @agent_mutation(ScorePayload, crew="payer", risk=AgentRisk.MONEY)
    async def pay(self, info: Info) -> ScorePayload:
        return ScorePayload()


SCHEMA = build_schema(query=Query, mutation=Mutation)


def test_the_directive_reaches_the_supergraph() -> None:
    composed = compose([Subgraph("scratch", SCHEMA.as_str()), Subgraph("agents", OTHER)])
    assert isinstance(composed, Composed)
    supergraph = composed.supergraph_sdl
    assert f'@link(url: "{AGENT_SPEC_URL}", import: ["@agent"])' in supergraph
    assert "directive @agent(crew: String!, risk: AgentRisk!, waitSeconds: Int) on FIELD_DEFINITION" in supergraph
    assert '@agent(crew: "scoring", risk: WRITE, waitSeconds: 5)' in supergraph
    assert '@agent(crew: "payer", risk: MONEY' in supergraph


def test_a_payload_without_a_run_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="has no field `run`"):
        agent_mutation(MutationPayload, crew="scoring", risk=AgentRisk.READ)


@pytest.fixture
async def ask(settings: Settings, tmp_path: Path) -> AsyncIterator[Any]:
    jwk = {"kty": "oct", "alg": "HS256", "kid": "k", "k": base64.urlsafe_b64encode(KEY).decode()}
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [jwk]}))
    app = subgraph_app("scratch", SCHEMA, settings.model_copy(update={"context_keys_file": keys}))

    async def ask(query: str, run: str | None, *scopes: str) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": "brain", "aud": "scratch", "iat": now, "exp": now + 30, "jti": uuid.uuid4().hex,
            "tenant": str(uuid.uuid4()), "sub": None, "roles": [], "scopes": list(scopes), "plan": None,
            "locale": None, "channel": None, "rid": "r", "run": run, "deadline": (now + 20) * 1000,
        }  # fmt: skip
        token = jwt.encode(claims, KEY, algorithm="HS256", headers={"kid": "k", "typ": "brain-context+jwt"})
        response = await client.post("/scratch/graphql", json={"query": query}, headers={"x-brain-context": token})
        body: dict[str, Any] = response.json()
        return body

    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://subgraph.test") as client,
    ):
        yield ask


async def test_the_field_answers_its_own_data_and_the_run(ask: Any) -> None:
    body = await ask("mutation { score { run { id } score errors { code } } }", RUN, "scratch:write")
    assert body == {"data": {"score": {"run": {"id": RUN}, "score": 7, "errors": []}}}


async def test_a_refusal_as_data_names_the_run_too(ask: Any) -> None:
    body = await ask("mutation { score(known: false) { run { id } score errors { code } } }", RUN, "scratch:write")
    assert body == {"data": {"score": {"run": {"id": RUN}, "score": None, "errors": [{"code": "NOT_FOUND"}]}}}


@pytest.mark.parametrize("run", [None, "", "not-an-id"])
async def test_without_a_run_it_is_refused(ask: Any, run: str | None) -> None:
    body = await ask("mutation { score { score } }", run, "scratch:write")
    assert body["data"] is None
    assert [error["extensions"]["code"] for error in body["errors"]] == ["AGENT_RUN_REQUIRED"]


async def test_who_may_not_call_it_is_told_that_first(ask: Any) -> None:
    body = await ask("mutation { score { score } }", None, "scratch:read")
    assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"]
