"""What goes to subgraphs: one fresh context per call, for the right audience, and never the client's own."""

import asyncio
import math
import time
from collections.abc import Awaitable
from typing import Any

import httpx
import jwt
import pytest

from brain.context_header import CONTEXT_HEADER, ContextSigner
from brain.hooks import BrainHooks, caller_of
from brain.tenancy import TenantResolver
from router import Composed, Subgraph, SubgraphError, compose, create_app
from router.executor import CoroutineTransport, SubgraphClient, Transport
from router.hooks import RequestContext, RequestRefused, RouterHooks, Send, SubgraphCall, SubgraphReply
from router.server.config.traffic import BudgetConfig, RetriesConfig
from router.server.traffic.budget import Budget
from router.server.traffic.retries import Retries

from .conftest import ACME, Identity


@pytest.fixture
def hooks(resolver: TenantResolver, identity: Identity) -> BrainHooks:
    signer = ContextSigner(identity.context_secret)
    return BrainHooks(resolver, signer, request_timeout_s=60)


def request(headers: dict[str, str]) -> RequestContext:
    return RequestContext("req-1", "POST", "/graphql", {"host": "localhost", **headers})


async def enter(hooks: BrainHooks, context: RequestContext) -> None:
    asking = hooks.on_request(context)
    if asking is not None:
        await asking


class Subgraphs(CoroutineTransport):
    """Takes calls, remembers what they carried, answers with one status."""

    def __init__(self, identity: Identity, status: int = 200) -> None:
        self.identity = identity
        self.status = status
        self.claims: list[dict[str, Any]] = []

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        names = [name for name in call.headers if name.lower() == CONTEXT_HEADER]
        assert names == [CONTEXT_HEADER]
        self.claims.append(
            jwt.decode(
                call.headers[CONTEXT_HEADER],
                self.identity.context_secret.key_for(call.subgraph),
                algorithms=["HS256"],
                audience=call.subgraph,
                issuer="brain",
                options={"verify_sub": False},
            )
        )
        return SubgraphReply(self.status, {}, b"{}")


async def fetch(hooks: BrainHooks, subgraphs: Transport, context: RequestContext, name: str) -> SubgraphReply:
    class Forging(RouterHooks):
        """A client's header that was passed on, in a spelling of its own."""

        def on_fetch(self, call: SubgraphCall, send: Send) -> Awaitable[SubgraphReply]:
            call.headers["X-Brain-Context"] = "forged"
            return hooks.on_fetch(call, send)

    client = SubgraphClient({name: "http://x"}, subgraphs, Forging())
    answered: asyncio.Future[SubgraphReply | Exception] = asyncio.get_running_loop().create_future()
    client.send(name, b"", "query", (0,), context, math.inf, answered.set_result)
    reply = await answered
    if isinstance(reply, Exception):
        raise reply
    return reply


async def test_every_call_has_its_own_context(hooks: BrainHooks, identity: Identity) -> None:
    context = request({"authorization": f"Bearer {identity.token()}"})
    await enter(hooks, context)
    subgraphs = Subgraphs(identity)
    for name in ("crm", "crm", "directory"):
        assert (await fetch(hooks, subgraphs, context, name)).status == 200
    assert [claims["aud"] for claims in subgraphs.claims] == ["crm", "crm", "directory"]
    assert len({claims["jti"] for claims in subgraphs.claims}) == 3
    for claims in subgraphs.claims:
        assert (claims["tenant"], claims["scopes"], claims["rid"]) == (ACME["id"], ["crm:read"], "req-1")
        assert 0 < claims["deadline"] / 1000 - time.time() <= 60


async def test_a_clients_context_is_taken_off(hooks: BrainHooks) -> None:
    context = request({CONTEXT_HEADER: "forged"})
    await enter(hooks, context)
    assert CONTEXT_HEADER not in context.headers


async def test_the_tenant_is_the_partition(hooks: BrainHooks, identity: Identity) -> None:
    context, anonymous = request({"authorization": f"Bearer {identity.token()}"}), request({})
    await enter(hooks, context)
    await enter(hooks, anonymous)
    assert context.partition == ACME["id"]
    assert context.caller == caller_of(context).user_id
    assert anonymous.partition != context.partition


async def test_a_call_that_is_sent_again_has_a_context_of_its_own(hooks: BrainHooks, identity: Identity) -> None:
    context = request({"authorization": f"Bearer {identity.token()}"})
    await enter(hooks, context)
    subgraphs = Subgraphs(identity, 503)
    settings = RetriesConfig(max_retries=2, initial_backoff_s=0.001)
    assert (await fetch(hooks, Retries(subgraphs, settings, Budget(BudgetConfig())), context, "crm")).status == 503
    assert len({claims["jti"] for claims in subgraphs.claims}) == 3


async def test_access_rules_know_the_caller(hooks: BrainHooks, identity: Identity) -> None:
    context, anonymous = request({"authorization": f"Bearer {identity.token()}"}), request({})
    await enter(hooks, context)
    await enter(hooks, anonymous)
    caller = caller_of(context)
    assert context.claims is not None
    assert (context.claims["sub"], context.claims["tenant"]) == (caller.user_id, ACME["id"])
    assert tuple(context.scopes or ()) == caller.scopes == ("crm:read",)
    assert list(context.policies) == [f"role:{role}" for role in caller.roles]
    assert context.expires_at is not None
    assert context.expires_at > time.time()
    assert (anonymous.claims, anonymous.scopes, anonymous.policies) == (None, None, ())


@pytest.mark.parametrize(
    ("field", "may"),
    [("known", True), ("reads", True), ("writes", False), ("either", True), ("own", True), ("any", True)],
)
async def test_a_supergraph_can_demand_the_brains_scopes_and_roles(
    hooks: BrainHooks, identity: Identity, field: str, may: bool
) -> None:
    sdl = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
      import: ["@authenticated", "@requiresScopes", "@policy"])
    type Query {
      any: Int
      known: Int @authenticated
      reads: Int @requiresScopes(scopes: [["crm:read"]])
      writes: Int @requiresScopes(scopes: [["crm:write"]])
      either: Int @requiresScopes(scopes: [["crm:write"], ["crm:read"]])
      own: Int @policy(policies: [["role:ROLE"]])
    }"""
    me = request({"authorization": f"Bearer {identity.token()}"})
    await enter(hooks, me)
    composed = compose([Subgraph("crm", sdl.replace("ROLE", caller_of(me).roles[0]))])
    assert isinstance(composed, Composed)

    class Crm(Subgraphs):
        async def start(self) -> None: ...

        async def close(self) -> None: ...

        async def exchange(self, call: SubgraphCall) -> SubgraphReply:
            await super().exchange(call)
            return SubgraphReply(200, {}, b'{"data": {"%s": 1}}' % field.encode())

    subgraphs = Crm(identity)
    app = create_app(composed.supergraph_sdl, hooks=hooks, transport=subgraphs)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        query = {"query": f"{{ {field} }}"}
        answer = (await client.post("/graphql", json=query, headers=dict(me.headers))).json()
        assert answer["data"] == {field: 1 if may else None}
        assert len(subgraphs.claims) == may
        nobody = (await client.post("/graphql", json=query)).json()
        assert nobody["data"] == {field: 1 if field == "any" else None}
    await app.shutdown()


async def test_who_may_share_an_answer(hooks: BrainHooks, identity: Identity) -> None:
    async def key(token: str | None, client: str = "10.0.0.1") -> object:
        context = request({} if token is None else {"authorization": f"Bearer {token}"})
        context.client = client
        await enter(hooks, context)
        hash(context.share_key)
        return context.share_key

    assert await key(identity.token()) == await key(identity.token()), "another token of the same caller"
    assert await key(identity.token()) != await key(None)
    assert await key(identity.token()) != await key(identity.token(), "10.0.0.2")


async def test_log_fields_name_tenant_and_user_and_no_secret(hooks: BrainHooks, identity: Identity) -> None:
    token = identity.token()
    context = request({"authorization": f"Bearer {token}"})
    await enter(hooks, context)
    assert context.log_fields["tenant"] == "acme"
    assert context.log_fields["via"] == "token"
    assert context.partition == ACME["id"]
    assert token not in str(context.log_fields)


async def test_refused_request_calls_nobody(hooks: BrainHooks) -> None:
    context = request({"authorization": "Bearer nonsense"})
    with pytest.raises(RequestRefused):
        await enter(hooks, context)
    assert context.log_fields == {}


async def test_a_subgraphs_401_is_our_fault_not_the_clients(
    hooks: BrainHooks, identity: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    context = request({})
    await enter(hooks, context)
    with pytest.raises(SubgraphError) as caught:
        await fetch(hooks, Subgraphs(identity, 401), context, "crm")
    assert caught.value.code != "UNAUTHENTICATED"
    assert "crm refused the context header of request req-1" in caplog.text
