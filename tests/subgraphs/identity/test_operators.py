"""Operators of the platform: made by the tables' owner alone, and by no way that a tenant has."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from resolvers.context import RequestContext
from resolvers.errors import BadUserInput, Conflict, NotFound
from resolvers.session import Database, TenantSession
from subgraphs.identity.domain import GRANTABLE_SCOPES, OPERATOR_SCOPES, ROLE_SCOPES
from subgraphs.identity.usecases import operators

INTERNAL: dict[str, Any] = {"tenant": None, "user": None, "scopes": ["internal"]}
AUTHENTICATE = "query ($key: String!) { authenticateOperator(key: $key) { name scopes expiresAt } }"
SCOPE = "platform:analytics"


@pytest.fixture
async def owner(identity: Any) -> AsyncIterator[TenantSession]:
    """A session as the command line has it; what it does is undone."""
    database = Database(identity.settings.admin_url(), "identity", pool_size=1)
    try:
        async with database.session(RequestContext.system(None)) as session:
            yield session
    finally:
        await database.close()


@pytest.fixture
def name() -> str:
    return f"eve-{uuid.uuid4().hex[:8]}@platform.example"


async def known(identity: Any, key: str) -> Any:
    return (await identity.data(AUTHENTICATE, {"key": key}, **INTERNAL))["authenticateOperator"]


async def kept(owner: TenantSession) -> None:
    """What was done so far is there for others."""
    await owner.commit()


async def test_a_key_speaks_for_its_operator_until_it_is_revoked(
    identity: Any, owner: TenantSession, name: str, admin: asyncpg.Connection
) -> None:
    key = await operators.add_operator(owner, name, [SCOPE], 30, "root")
    with pytest.raises(Conflict):
        await operators.add_operator(owner, name, [SCOPE], 30, "root")
    await kept(owner)
    grant = await known(identity, key)
    assert (grant["name"], grant["scopes"]) == (name, [SCOPE])
    assert 29 <= (datetime.fromisoformat(grant["expiresAt"]) - datetime.now(UTC)).days <= 30
    assert await known(identity, key) is not None
    for wrong in (key[:-1] + ("a" if key[-1] != "a" else "b"), key.replace("bo_", "bk_"), "", "bo_'; --"):
        assert await known(identity, wrong) is None
    rows = await admin.fetch("select o::text as row from identity.operators o")
    assert not any(key.split("_", 2)[2] in row["row"] for row in rows)
    await operators.revoke_operator(owner, name, "root")
    with pytest.raises(NotFound):
        await operators.revoke_operator(owner, name, "root")
    await kept(owner)
    assert await known(identity, key) is None
    entries = {
        (row.action, row.actor): row.times for row in await operators.operator_entries(owner) if row.name == name
    }
    assert entries == {("added", "root"): 1, ("used", ""): 2, ("revoked", "root"): 1}
    (row,) = [row for row in await operators.operators(owner) if row.name == name]
    assert row.revoked_at is not None


async def test_a_key_ends_by_itself(identity: Any, owner: TenantSession, name: str, admin: asyncpg.Connection) -> None:
    key = await operators.add_operator(owner, name, [SCOPE], 1, "root")
    await kept(owner)
    await admin.execute("update identity.operators set expires_at = now() where name = $1", name)
    assert await known(identity, key) is None


@pytest.mark.parametrize(
    ("change"),
    [
        {"name": "Eve"},
        {"name": "e"},
        {"name": "eve; drop"},
        {"scopes": []},
        {"scopes": ["internal"]},
        {"scopes": ["platform:act"]},
        {"scopes": [SCOPE, "identity:admin"]},
        {"days": 0},
        {"days": 367},
    ],
)
async def test_what_no_operator_can_be(owner: TenantSession, name: str, change: dict[str, Any]) -> None:
    given = {"name": name, "scopes": [SCOPE], "days": 30, "actor": "root", **change}
    with pytest.raises(BadUserInput):
        await operators.add_operator(owner, **given)


async def test_the_database_knows_no_more_scopes_either(admin: asyncpg.Connection) -> None:
    condition = await admin.fetchval(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'ck_operators_scopes'"
    )
    assert {part for part in condition.split("'") if ":" in part and "::" not in part} == OPERATOR_SCOPES


@pytest.mark.parametrize(
    "statement",
    [
        "select * from identity.operators",
        "insert into identity.operators (name) values ('eve')",
        "update identity.operators set revoked_at = null",
        "delete from identity.operators",
        "select * from identity.operator_entries",
        "delete from identity.operator_entries",
        "insert into identity.operator_entries (operator_id, action, actor) values (gen_random_uuid(), 'added', 'x')",
    ],
)
async def test_the_application_has_no_right_to_them(identity: Any, statement: str) -> None:
    url = identity.settings.app_url("identity").replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


# ---- ways that a tenant's owner has ---------------------------------------------------------------------------------


def test_no_role_and_no_api_key_has_a_scope_of_the_platform() -> None:
    for scopes in (*ROLE_SCOPES.values(), GRANTABLE_SCOPES):
        assert not [scope for scope in scopes if scope.startswith("platform:")]


async def test_an_owner_gives_it_to_no_api_key(identity: Any) -> None:
    query = "mutation ($i: CreateApiKeyInput!) { createApiKey(input: $i) { key errors { code } } }"
    # Also where the owner's own context had it, which no credential of a tenant gives.
    for held in (["identity:admin"], ["identity:admin", SCOPE]):
        values = {"i": {"name": "Mine", "scopes": [SCOPE]}}
        payload = (await identity.data(query, values, scopes=held))["createApiKey"]
        assert (payload["key"], [error["code"] for error in payload["errors"]]) == (None, ["BAD_USER_INPUT"])


@pytest.mark.parametrize("role", ["OPERATOR", "PLATFORM", "operator"])
async def test_there_is_no_role_to_invite_or_promote_to(identity: Any, role: str) -> None:
    for query in (
        f'mutation {{ inviteMember(input: {{email: "e@x.de", name: "E", role: {role}}}) {{ errors {{ code }} }} }}',
        f'mutation {{ changeRole(userId: "x", role: {role}) {{ errors {{ code }} }} }}',
    ):
        assert "errors" in await identity.call(query)


async def test_the_table_of_members_takes_no_other_role(tenant: uuid.UUID, admin: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await admin.execute("update identity.memberships set role = 'operator' where tenant_id = $1", tenant)


async def test_nobody_but_the_brain_asks_whose_a_key_is(identity: Any) -> None:
    body = await identity.call(AUTHENTICATE, {"key": "bo_x"})
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
