"""Runs one context as it really runs: its ASGI application, its own role in PostgreSQL, a signed header per call.

@pytest.fixture(scope="session")
async def crm(start_subgraph): return await start_subgraph("crm")

async def test_leads(crm):
    with crm.count_statements() as statements:
        data = await crm.data("{ leads { edges { node { id } } } }", scopes=["crm:read"])
    assert len(statements) == 1
"""

import base64
import hmac
import importlib
import json
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import jwt
import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from resolvers.app import Subgraph
from resolvers.context import RequestContext
from resolvers.demo import demo_id, demo_tenant_id
from resolvers.session import Database, Statements
from resolvers.settings import Settings
from subgraphs import CONTEXTS, STAND_INS
from subgraphs.__main__ import migrate_all, seed_all

KID = "test"
CHEAP = {"time_cost": 2, "memory_cost": 64, "parallelism": 1}
ALL_SCOPES = [
    *(f"{context}:{right}" for context in (*CONTEXTS, *STAND_INS) for right in ("read", "write")),
    "identity:admin",
    "agents:approve",
    "agents:admin",
    "gaming:play",
    "content:publish",
    "sourcing:approve",
]


@dataclass(frozen=True)
class ContextSigner:
    """Signs context headers as the Brain does, and, with `claims` and `header`, as it never would."""

    secret: bytes

    def key_for(self, audience: str) -> bytes:
        """The key of one subgraph."""
        return hmac.digest(self.secret, audience.encode(), "sha256")

    def __call__(
        self,
        audience: str,
        *,
        tenant: str | uuid.UUID | None = "acme",
        user: str | uuid.UUID | None = "ada",
        roles: Iterable[str] = (),
        scopes: Iterable[str] = ALL_SCOPES,
        deadline_s: float = 20,
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        key: Any = None,
        algorithm: str = "HS256",
    ) -> str:
        """`tenant` is a demo tenant's slug or an id; `user` a demo user's key of that tenant or an id."""
        now = int(time.time())
        slug = tenant if isinstance(tenant, str) else "acme"
        payload = {
            "iss": "brain",
            "aud": audience,
            "iat": now,
            "exp": now + 30,
            "jti": uuid.uuid4().hex,
            "tenant": str(demo_tenant_id(tenant)) if isinstance(tenant, str) else tenant and str(tenant),
            "sub": str(demo_id(slug, "user", user)) if isinstance(user, str) else user and str(user),
            "roles": list(roles),
            "scopes": list(scopes),
            "plan": "growth",
            "locale": "en",
            "channel": None,
            "rid": f"test-{uuid.uuid4().hex[:8]}",
            "run": None,
            "deadline": int((time.time() + deadline_s) * 1000),
            **(claims or {}),
        }
        return jwt.encode(
            payload,
            self.key_for(audience) if key is None else key,
            algorithm=algorithm,
            headers={"kid": KID, "typ": "brain-context+jwt", **(header or {})},
        )


@dataclass(frozen=True)
class RunningSubgraph:
    """One context, started. The keyword arguments of its calls are those of `ContextSigner`."""

    app: Subgraph
    settings: Settings
    sign: ContextSigner
    client: httpx.AsyncClient

    @property
    def name(self) -> str:
        return self.app.name

    @property
    def database(self) -> Database:
        """With the context's own role, as the application uses it."""
        return self.app.database

    async def post(self, query: str, variables: Mapping[str, Any] | None = None, **caller: Any) -> httpx.Response:
        """One GraphQL request with a fresh context header."""
        return await self.client.post(
            f"/{self.name}/graphql",
            content=json.dumps({"query": query, "variables": variables or {}}),
            headers={"content-type": "application/json", "x-brain-context": self.sign(self.name, **caller)},
        )

    async def call(self, query: str, variables: Mapping[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
        """The response map (`data`, `errors`)."""
        response = await self.post(query, variables, **caller)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def data(self, query: str, variables: Mapping[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
        """`data` of an answer without errors."""
        body = await self.call(query, variables, **caller)
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data

    async def entities(
        self, representations: list[dict[str, Any]], selection: str, **caller: Any
    ) -> list[dict[str, Any] | None]:
        """The entities that a router would fetch: `selection` is what stands inside `_entities { ... }`."""
        query = f"query ($r: [_Any!]!) {{ _entities(representations: $r) {{ {selection} }} }}"
        found: list[dict[str, Any] | None] = (await self.data(query, {"r": representations}, **caller))["_entities"]
        return found

    def count_statements(self) -> AbstractContextManager[Statements]:
        """Collects the SQL statements executed inside the block."""
        return self.database.count_statements()

    def context(self, tenant: str | None = "acme", user: str = "ada") -> RequestContext:
        """A caller for tests that go beneath GraphQL."""
        return RequestContext(
            tenant_id=demo_tenant_id(tenant) if tenant else None,
            user_id=demo_id(tenant, "user", user) if tenant else None,
            scopes=frozenset(ALL_SCOPES),
            request_id="test",
        )


@pytest.fixture(scope="session")
async def subgraph_settings(
    postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory, sign_context: ContextSigner
) -> Settings:
    """Settings for a database of its own on the session's server."""
    name = f"subgraphs_{uuid.uuid4().hex[:8]}"
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()
    folder = tmp_path_factory.mktemp("keys")
    for context in CONTEXTS:
        k = base64.urlsafe_b64encode(sign_context.key_for(context)).rstrip(b"=").decode()
        jwk = {"kty": "oct", "alg": "HS256", "kid": KID, "k": k}
        (folder / f"{context}.keys.json").write_text(json.dumps({"keys": [jwk]}))
    identity_key = Ed25519PrivateKey.generate()
    (folder / "identity.pem").write_bytes(identity_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    parts = urlsplit(postgres_url)
    return Settings(
        database_url=urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, "")),  # type: ignore[arg-type]
        database_app_password="it's a pass%word",  # type: ignore[arg-type]
        redis_url=redis_url,  # type: ignore[arg-type]
        context_keys_file=folder / "{name}.keys.json",
        identity_private_key_file=folder / "identity.pem",
        media_folder=tmp_path_factory.mktemp("media"),
        oidc_loopback=True,
    )


@pytest.fixture(scope="session")
def sign_context() -> ContextSigner:
    """Signs context headers."""
    return ContextSigner(secrets.token_bytes(32))


QUIET: Final[Mapping[str, Mapping[str, float]]] = {
    "crm": {"remind_every_s": 3600.0},
    "gaming": {"sweep_every_s": 3600.0},
}
"""What looks around on its own does so when a test says, and not in the middle of one."""


@contextmanager
def cheap_passwords() -> Iterator[None]:
    """What is made inside hashes passwords for a thousandth of the cost: to be slow is tested of one hash, once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("subgraphs.identity.passwords.PasswordHasher", partial(PasswordHasher, **CHEAP))
        yield


@pytest.fixture(scope="session")
async def start_subgraph(
    subgraph_settings: Settings, sign_context: ContextSigner
) -> AsyncIterator[Callable[[str], Awaitable[RunningSubgraph]]]:
    """`await start_subgraph("crm")`: migrated, seeded with the demo data, ready; the same one each time."""
    running: dict[str, RunningSubgraph] = {}
    async with AsyncExitStack() as stack:

        async def start(name: str) -> RunningSubgraph:
            if name not in running:
                module = importlib.import_module(f"subgraphs.{name}.app")
                await migrate_all([name], subgraph_settings)
                with cheap_passwords():
                    await seed_all([name], subgraph_settings)
                    app = module.create_app(subgraph_settings, **QUIET.get(name, {}))
                await stack.enter_async_context(app.router.lifespan_context(app))
                transport = httpx.ASGITransport(app, raise_app_exceptions=False)
                client = await stack.enter_async_context(
                    httpx.AsyncClient(transport=transport, base_url="http://subgraph.test")
                )
                running[name] = RunningSubgraph(app, subgraph_settings, sign_context, client)
            return running[name]

        yield start
