"""A small identity of our own on loopback: what the Brain's side of tenancy is tested against.

The whole platform with the real one is in tests/e2e; here identity has to misbehave, too.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from redis.asyncio import Redis

from brain.caller import Caller
from brain.context_header import CONTEXT_HEADER, ContextSigner
from brain.context_keys import ContextSecret, new_secret
from brain.http_client import HttpClient
from brain.identity_client import IdentityClient
from brain.jwks import key_thumbprint, public_jwk
from brain.mark_watch import SURE_FOR_S, MarkWatch
from brain.revocation import MARKS, Revocations
from brain.tenancy import TenantResolver
from brain.tokens import AccessTokens, SigningKeys
from router.hooks import RequestRefused

ACME = {
    "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, "acme")),
    "slug": "acme",
    "plan": "growth",
    "locale": "en-GB",
    "channel": "uk",
}
GLOBEX = {
    "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, "globex")),
    "slug": "globex",
    "plan": "starter",
    "locale": "de-DE",
    "channel": "de",
}
TENANTS = {"acme.localhost": ACME, "globex.localhost": GLOBEX}


@dataclass
class Identity:
    """The server's state, for tests to change and to look at."""

    url: str = ""
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    context_secret: ContextSecret = field(default_factory=new_secret)
    api_keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    contexts: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    answer: Any = None
    operators: dict[str, Any] = field(default_factory=dict)

    def token(
        self, *, key: Ed25519PrivateKey | None = None, headers: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """An access token as identity issues it for an acme user; claims given as `...` are left out."""
        now = int(time.time())
        content = {
            "iss": "brain",
            "aud": "brain",
            "sub": str(uuid.uuid5(uuid.NAMESPACE_DNS, "ada")),
            "tenant": ACME["id"],
            "tenant_slug": "acme",
            "roles": ["owner"],
            "scopes": ["crm:read"],
            "plan": "growth",
            "locale": "en-GB",
            "channel": "uk",
            "iat": now,
            "exp": now + 900,
            "jti": uuid.uuid4().hex,
            **claims,
        }
        content = {name: value for name, value in content.items() if value is not ...}
        signing = key or self.key
        return jwt.encode(
            content, signing, algorithm="EdDSA", headers={"kid": key_thumbprint(signing), **(headers or {})}
        )

    async def graphql(self, request: web.Request) -> web.StreamResponse:
        self.contexts.append(
            jwt.decode(
                request.headers[CONTEXT_HEADER],
                self.context_secret.key_for("identity"),
                algorithms=["HS256"],
                audience="identity",
                issuer="brain",
                options={"verify_sub": False},
            )
        )
        body = await request.json()
        variables = body["variables"]
        if self.status != 200 or self.answer is not None:
            self.calls.append("failed")
            return web.json_response(self.answer or {}, status=self.status)
        if "resolveTenant" in body["query"]:
            self.calls.append(variables.get("domain") or variables["slug"])
            by_slug = {tenant["slug"]: tenant for tenant in TENANTS.values()}
            found = TENANTS.get(variables.get("domain")) or by_slug.get(variables.get("slug"))
            return web.json_response({"data": {"resolveTenant": found}})
        if "whoami" in body["query"]:
            self.calls.append("whoami")
            return web.json_response({"data": {"whoami": json.dumps(self.contexts[-1])}})
        if "authenticateOperator" in body["query"]:
            self.calls.append("operator")
            return web.json_response({"data": {"authenticateOperator": self.operators.get(variables["key"])}})
        self.calls.append("api key")
        known = self.api_keys.get(variables["key"])
        return web.json_response({"data": {"authenticateApiKey": known and {"createdBy": None, **known}}})

    async def health(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "ok"}, status=self.status)

    async def jwks(self, request: web.Request) -> web.StreamResponse:
        self.calls.append("jwks")
        return web.json_response({"keys": [public_jwk(self.key.public_key())]}, status=self.status)


@pytest.fixture
async def identity() -> AsyncIterator[Identity]:
    state = Identity()
    app = web.Application()
    app.router.add_post("/identity/graphql", state.graphql)
    app.router.add_get("/identity/health", state.health)
    app.router.add_get("/identity/.well-known/jwks.json", state.jwks)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    state.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield state
    finally:
        await runner.cleanup()


@pytest.fixture
async def identity_client(identity: Identity) -> AsyncIterator[IdentityClient]:
    http = HttpClient()
    await http.start()
    signer = ContextSigner(identity.context_secret)
    yield IdentityClient(
        http, f"{identity.url}/identity/graphql", f"{identity.url}/identity/.well-known/jwks.json", signer
    )
    await http.close()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Empty; where identity would leave its marks."""
    client: Redis = Redis.from_url(redis_url)
    await client.flushdb()
    yield client
    await client.flushdb()
    await client.aclose()


@pytest.fixture
async def marks(redis: Redis) -> AsyncIterator[MarkWatch]:
    """Hears what is written to the Redis of the test."""
    watch = MarkWatch(redis, MARKS)
    async with watch.running():
        await watch.listening()
        yield watch


class Checked(TenantResolver):
    """Says the same at once, from what it remembers, as when it asks."""

    async def resolve(self, headers: Mapping[str, str]) -> Caller:
        try:
            asked: Caller | RequestRefused = await super().resolve(headers)
        except RequestRefused as error:
            asked = error
        async with asyncio.timeout(SURE_FOR_S + 5):
            # What was written just now may take its time to be heard: no longer than promised.
            while not self.says(headers, asked):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        if isinstance(asked, RequestRefused):
            raise asked
        return asked

    def says(self, headers: Mapping[str, str], asked: Caller | RequestRefused) -> bool:
        try:
            known = self.known(headers)
        except RequestRefused as error:
            assert isinstance(asked, RequestRefused)
            return (error.message, error.code, error.status) == (asked.message, asked.code, asked.status)
        return known is None or known == asked


@pytest.fixture
def resolver(identity_client: IdentityClient, redis: Redis, marks: MarkWatch) -> TenantResolver:
    revocations = Revocations(redis, marks)
    tokens = AccessTokens(SigningKeys(identity_client.jwks), "brain", revocations)
    return Checked(identity_client, tokens, revocations)
