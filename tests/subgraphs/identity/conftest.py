import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from .people import OWNER

LOG_IN = """
mutation ($input: LogInInput!) {
  logIn(input: $input) { tokens { accessToken refreshToken expiresIn } user { id email } errors { code message } }
}
"""


@pytest.fixture(scope="session")
async def identity(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    return await start_subgraph("identity")


@pytest.fixture
async def admin(identity: Any) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the tables, who sees all rows."""
    connection = await asyncpg.connect(identity.settings.database_url.get_secret_value())
    yield connection
    await connection.close()


@pytest.fixture(autouse=True)
async def no_attempts_yet(identity: Any) -> None:
    """Every test may log in as often as the limit allows."""
    async for key in identity.app.redis.scan_iter("identity:*"):
        await identity.app.redis.delete(key)


@pytest.fixture
async def tenant(admin: asyncpg.Connection) -> AsyncIterator[uuid.UUID]:
    """A tenant of its own with one owner, who is globex's ada."""
    tenant_id = uuid.uuid4()
    slug = f"t{tenant_id.hex[:10]}"
    await admin.execute(
        "insert into identity.tenants (id, slug, name, plan, locale) values ($1, $2, $2, 'starter', 'en')",
        tenant_id,
        slug,
    )
    await admin.execute(
        "insert into identity.memberships (tenant_id, user_id, role) values ($1, $2, 'owner')", tenant_id, OWNER
    )
    yield tenant_id
    for table in (
        "outbox",
        "audit_entries",
        "identity_providers",
        "refresh_tokens",
        "login_sessions",
        "invitations",
        "memberships",
    ):
        await admin.execute(f"delete from identity.{table} where tenant_id = $1", tenant_id)
    await admin.execute("delete from identity.tenants where id = $1", tenant_id)


@pytest.fixture
def log_in(identity: Any) -> Callable[..., Awaitable[dict[str, Any]]]:
    """The payload of a log-in, as the anonymous caller that the Brain makes of it."""

    async def log_in(
        email: str = "ada@acme.example", password: str | None = None, tenant: str | None = None, **caller: Any
    ) -> dict[str, Any]:
        user, _, domain = email.partition("@")
        values = {"email": email, "password": password or f"demo-{domain.removesuffix('.example')}-{user}"}
        caller = {"tenant": None, "user": None, "scopes": [], **caller}
        payload: dict[str, Any] = (await identity.data(LOG_IN, {"input": {**values, "tenant": tenant}}, **caller))[
            "logIn"
        ]
        return payload

    return log_in
