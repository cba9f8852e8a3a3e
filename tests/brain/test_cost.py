"""What tenants and the signed context cost a request, counted and not timed: calls of Python and of C functions.

As in `tests/executor/test_cost.py`: who makes it dearer sees it here, and either mends it or raises the number with a
reason. In microseconds: `python -m tests.bench.brain`.
"""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from brain.context_header import ContextSigner
from brain.hooks import BrainHooks
from brain.identity_client import IdentityClient
from brain.mark_watch import MarkWatch
from brain.revocation import MARKS, Revocations
from brain.tenancy import TenantResolver
from brain.tokens import AccessTokens, SigningKeys
from router.hooks import PendingReply, RequestContext, SubgraphCall
from tests.executor.test_cost import calls

from .conftest import ACME, Identity

API_KEY = "bk_p_secret"


class Sent:
    """What `send` gives; the router's own is counted in its own tests."""

    def __await__(self) -> Any:
        raise NotImplementedError

    def then(self, check: Any) -> "Sent":
        return self


@pytest.mark.parametrize(
    ("caller", "python", "c"),
    [("anonymous", 18, 41), ("host", 20, 44), ("token", 25, 55), ("api_key", 27, 56)],
)
async def test_a_request_costs_so_many_calls(
    caller: str,
    python: int,
    c: int,
    identity: Identity,
    identity_client: IdentityClient,
    redis: Redis,
) -> None:
    identity.api_keys[API_KEY] = {
        "tenantId": ACME["id"], "tenantSlug": "acme", "userId": None, "roles": [], "scopes": ["crm:read"],
        "plan": None, "locale": None, "channel": None,
    }  # fmt: skip
    headers = {
        "anonymous": {"host": "127.0.0.1:8001"},
        "host": {"host": "acme.localhost"},
        "token": {"host": "acme.localhost", "authorization": f"Bearer {identity.token()}"},
        "api_key": {"host": "127.0.0.1:8001", "x-api-key": API_KEY},
    }[caller]
    marks = MarkWatch(redis, MARKS, clock=lambda: 0.0)  # collecting garbage takes longer than heartbeats may
    revocations = Revocations(redis, marks)
    tokens = AccessTokens(SigningKeys(identity_client.jwks), "brain", revocations)
    resolver = TenantResolver(identity_client, tokens, revocations)
    hooks = BrainHooks(resolver, ContextSigner(identity.context_secret), request_timeout_s=30)
    context, sent = RequestContext("req-1", "POST", "/graphql", headers, "127.0.0.1"), Sent()
    called = [
        SubgraphCall(name, "http://x", {"content-type": "application/json"}, b"", "query", (0,), context)
        for name in ("crm", "directory")
    ]

    def send(_: SubgraphCall) -> PendingReply:
        return sent

    def request() -> None:
        assert hooks.on_request(context) is None
        for call in called:
            del call.headers["x-brain-context"]
            hooks.on_fetch(call, send)

    async with marks.running(), asyncio.timeout(10):
        await marks.listening()
        while (asking := hooks.on_request(context)) is not None:
            await asking
        for call in called:
            hooks.on_fetch(call, send)
        request()
        counted = calls(request)
    assert counted["call"] <= python
    assert counted["c_call"] <= c
