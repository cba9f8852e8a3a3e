"""The graph as a run reaches it: its own credential, and which answers are final."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from brain.crews.errors import GraphRefused, GraphUnavailable
from brain.embedded.ports import free_port
from brain.graph_client import GraphAccess
from brain.http_client import HttpClient
from brain.run_tokens import RunTokenSigner
from brain.workflows.messages import RunRef

RUN = RunRef("t1", "r1", "lead_scoring", "u1", ["crm:read", "crm:write", "agents:approve"])


@dataclass
class Brain:
    """Answers as it is told and remembers what it was asked."""

    url: str = ""
    status: int = 200
    answer: Any = field(default_factory=lambda: {"data": {"ok": 1}})
    received: list[tuple[dict[str, str], Any]] = field(default_factory=list)

    async def graphql(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append((headers, await request.json()))
        text = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
        return web.Response(status=self.status, text=text, content_type="application/json")


@pytest.fixture
async def brain() -> AsyncIterator[Brain]:
    brain, app = Brain(), web.Application()
    app.router.add_post("/graphql", brain.graphql)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    brain.url = f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"
    yield brain
    await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient()
    await client.start()
    yield client
    await client.close()


@pytest.fixture
def access(brain: Brain, http: HttpClient) -> GraphAccess:
    return GraphAccess(http, brain.url, RunTokenSigner(Ed25519PrivateKey.generate()))


def errors(code: str | None) -> Any:
    return {"data": None, "errors": [{"message": "No.", "extensions": {"code": code} if code else {}}]}


async def test_a_run_speaks_for_itself_and_with_what_both_may(access: GraphAccess, brain: Brain) -> None:
    graph = access.of(RUN, frozenset({"crm:read", "crm:write", "directory:read"}))
    assert await graph.execute("query ($a: Int) { ok(a: $a) }", {"a": 1}) == {"ok": 1}
    ((headers, body),) = brain.received
    assert body == {"query": "query ($a: Int) { ok(a: $a) }", "variables": {"a": 1}}
    assert "idempotency-key" not in headers
    claims = jwt.decode(headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False})
    assert (claims["tenant"], claims["run"], claims["crew"], claims["sub"]) == ("t1", "r1", "lead_scoring", "u1")
    assert set(claims["scopes"]) - {"agents:run"} == {"crm:read", "crm:write"}
    assert claims["exp"] - claims["iat"] <= 120


async def test_without_grants_it_may_only_write_about_itself(access: GraphAccess, brain: Brain) -> None:
    await access.of(RUN).execute("{ ok }", {})
    token = brain.received[0][0]["authorization"].removeprefix("Bearer ")
    assert set(jwt.decode(token, options={"verify_signature": False})["scopes"]) <= {"agents:run"}


async def test_a_write_carries_its_key(access: GraphAccess, brain: Brain) -> None:
    await access.of(RUN).execute("mutation { ok }", {}, idempotency_key="r1:0")
    assert brain.received[0][0]["idempotency-key"] == "r1:0"


@pytest.mark.parametrize("code", ["FORBIDDEN", "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", None])
async def test_what_will_come_again_is_refused(access: GraphAccess, brain: Brain, code: str | None) -> None:
    brain.answer = errors(code)
    with pytest.raises(GraphRefused, match=r"No\.") as refused:
        await access.of(RUN).execute("{ ok }", {})
    assert refused.value.cause_code == str(code)
    assert not refused.value.retryable


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, errors("SUBREQUEST_TIMEOUT")),
        (200, errors("SUBGRAPH_CIRCUIT_OPEN")),
        (200, {"data": {"ok": 1}, "errors": [*errors("FORBIDDEN")["errors"], *errors("RATE_LIMITED")["errors"]]}),
        (429, errors("FORBIDDEN")),
        (500, errors("FORBIDDEN")),
        (503, "away"),
        (502, ""),
        (200, "<html>"),
        (200, "[]"),
        (200, {"data": None}),
        (200, {"data": []}),
        (404, {"data": {"ok": 1}}),
    ],
)
async def test_what_may_pass_is_waited_for(access: GraphAccess, brain: Brain, status: int, answer: Any) -> None:
    """Also what nobody understands: whoever got it does not know what was done."""
    brain.status, brain.answer = status, answer
    with pytest.raises(GraphUnavailable) as away:
        await access.of(RUN).execute("{ ok }", {})
    assert away.value.retryable


async def test_nobody_there(http: HttpClient) -> None:
    access = GraphAccess(http, f"http://127.0.0.1:{free_port()}/graphql", RunTokenSigner(Ed25519PrivateKey.generate()))
    with pytest.raises(GraphUnavailable, match="does not answer"):
        await access.of(RUN).execute("{ ok }", {})
