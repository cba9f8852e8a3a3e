import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from resolvers.demo import demo_id, demo_tenant_id

from .people import ANYONE, OWNER, PASSWORD, codes, invite, join

AUDIT = """
query ($filter: AuditFilter, $first: Int, $after: String) {
  auditEntries(filter: $filter, first: $first, after: $after) {
    edges { node { action actorLabel subjectLabel actor { id } subject { id } client details { name value } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
CHANGE = "mutation ($id: ID!, $role: Role!) { changeRole(userId: $id, role: $role) { errors { code } } }"
REMOVE = "mutation ($id: ID!) { removeMember(userId: $id) { errors { code } } }"
LogIn = Callable[..., Awaitable[dict[str, Any]]]


async def entries(identity: Any, tenant: uuid.UUID, **variables: Any) -> list[dict[str, Any]]:
    found = await identity.data(AUDIT, variables, tenant=tenant, user=OWNER)
    return [edge["node"] for edge in found["auditEntries"]["edges"]]


def details(entry: dict[str, Any]) -> dict[str, str]:
    return {detail["name"]: detail["value"] for detail in entry["details"]}


async def test_what_becomes_of_a_member_is_in_the_log(
    identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection
) -> None:
    user_id, tokens = await join(identity, tenant)
    address = await admin.fetchval("select email from identity.users where id = $1", uuid.UUID(user_id))
    caller = {"tenant": tenant, "user": OWNER, "claims": {"client": "203.0.113.9"}}
    await identity.data(CHANGE, {"id": user_id, "role": "MANAGER"}, **caller)
    await identity.data(CHANGE, {"id": user_id, "role": "MANAGER"}, **caller)  # which it is: nothing to note
    await identity.data(REMOVE, {"id": user_id}, **caller)
    found = list(reversed(await entries(identity, tenant)))
    owner = "ada@globex.example"
    assert [(entry["action"], entry["actorLabel"], entry["subjectLabel"]) for entry in found] == [
        ("INVITATION_CREATED", owner, address),
        ("MEMBER_JOINED", address, address),
        ("LOGGED_IN", address, address),
        ("ROLE_CHANGED", owner, address),
        ("MEMBER_REMOVED", owner, address),
    ]
    assert details(found[1]) == {"role": "agent", "by": "invitation", "invitedBy": str(OWNER)}
    assert details(found[3]) == {"role": "manager", "previousRole": "agent"}
    assert found[3]["client"] == "203.0.113.9"
    # Who is gone is not shown any more, and still named.
    assert (found[4]["actor"], found[4]["subject"]) == ({"id": str(OWNER)}, None)
    secrets = (tokens["refreshToken"], tokens["accessToken"], PASSWORD)
    stored = str(await admin.fetch("select to_jsonb(e) from identity.audit_entries e where tenant_id = $1", tenant))
    assert not any(secret in stored for secret in secrets)


async def test_others_are_told_who_belongs_to_the_tenant(
    identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection
) -> None:
    user_id, _ = await join(identity, tenant)
    await identity.data(CHANGE, {"id": user_id, "role": "VIEWER"}, tenant=tenant, user=OWNER)
    await identity.data(REMOVE, {"id": user_id}, tenant=tenant, user=OWNER)
    rows = await admin.fetch("select name, data from identity.outbox where tenant_id = $1 order by position", tenant)
    told = [(row["name"], json.loads(row["data"])) for row in rows]
    assert [name for name, _ in told] == [
        "identity.invitation_made",
        "identity.member_joined",
        "identity.role_changed",
        "identity.member_removed",
    ]
    del told[0]
    assert {data["user_id"] for _, data in told} == {user_id}
    assert (told[0][1]["role"], told[1][1]["role"], told[1][1]["previous_role"]) == ("agent", "viewer", "agent")
    assert "@" not in str(rows), "no addresses"


async def test_what_was_refused_is_not_in_the_log(identity: Any, tenant: uuid.UUID) -> None:
    removed = await identity.data(REMOVE, {"id": str(OWNER)}, tenant=tenant, user=OWNER)
    assert codes(removed["removeMember"]) == ["LAST_OWNER"]
    assert await entries(identity, tenant) == []


async def test_keys_and_stolen_tokens_are_in_the_log(
    identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection
) -> None:
    _, tokens = await join(identity, tenant)
    refresh = "mutation ($t: String!) { refreshTokens(refreshToken: $t) { errors { code } } }"
    await identity.data(refresh, {"t": tokens["refreshToken"]}, **ANYONE)
    later = "update identity.refresh_tokens set used_at = used_at - interval '11 seconds' where tenant_id = $1"
    await admin.execute(later, tenant)
    await identity.data(refresh, {"t": tokens["refreshToken"]}, **ANYONE)
    create = """
    mutation { createApiKey(input: {name: "Shop", scopes: ["crm:read"]}) { apiKey { id } key errors { code } } }
    """
    made = (await identity.data(create, tenant=tenant, user=OWNER))["createApiKey"]
    revoke = "mutation ($id: ID!) { revokeApiKey(id: $id) { errors { code } } }"
    await identity.data(revoke, {"id": made["apiKey"]["id"]}, tenant=tenant, user=OWNER)
    revoked, created, reused, *_ = await entries(identity, tenant)
    assert [entry["action"] for entry in (reused, created, revoked)] == [
        "REFRESH_TOKEN_REUSED",
        "API_KEY_CREATED",
        "API_KEY_REVOKED",
    ]
    assert (reused["actorLabel"], created["subjectLabel"]) == ("platform", "Shop")
    assert details(created)["scopes"] == "crm:read"
    assert made["key"].rpartition("_")[2] not in str(created)


async def test_the_log_is_read_by_pages_and_filters(identity: Any, tenant: uuid.UUID) -> None:
    user_id, _ = await join(identity, tenant)
    other_id, _ = await join(identity, tenant)
    first = await identity.data(AUDIT, {"first": 4}, tenant=tenant, user=OWNER)
    page = first["auditEntries"]["pageInfo"]
    assert page["hasNextPage"]
    rest = await entries(identity, tenant, after=page["endCursor"])
    assert [entry["action"] for entry in rest] == ["MEMBER_JOINED", "INVITATION_CREATED"]
    mine = await entries(identity, tenant, filter={"subjectId": user_id, "actions": ["LOGGED_IN", "MEMBER_JOINED"]})
    assert [(entry["action"], entry["subject"]["id"]) for entry in mine] == [
        ("LOGGED_IN", user_id),
        ("MEMBER_JOINED", user_id),
    ]
    assert len(await entries(identity, tenant, filter={"actorId": other_id})) == 2
    assert await entries(identity, tenant, filter={"until": "2020-01-01T00:00:00Z"}) == []
    assert len(await entries(identity, tenant, filter={"since": "2020-01-01T00:00:00Z"})) == 6
    for wrong in ({"since": "2020-01-01T00:00:00"}, {"actorId": "x"}):
        body = await identity.call(AUDIT, {"filter": wrong}, tenant=tenant, user=OWNER)
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_log_is_for_owners_and_of_one_tenant(identity: Any, tenant: uuid.UUID) -> None:
    await join(identity, tenant)
    body = await identity.call(AUDIT, tenant=tenant, user=OWNER, scopes=["identity:read", "identity:write"])
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "identity:admin"}
    elsewhere = await identity.data(AUDIT, {"filter": {"subjectId": str(OWNER)}}, tenant="acme")
    assert elsewhere["auditEntries"]["edges"] == []


@pytest.mark.parametrize("statement", ["update audit_entries set details = '{}'", "delete from audit_entries"])
async def test_the_application_cannot_change_the_log(identity: Any, tenant: uuid.UUID, statement: str) -> None:
    await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example")
    url = identity.settings.app_url("identity").replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"set app.tenant_id = '{tenant}'")
        assert await connection.fetchval("select count(*) from identity.audit_entries") == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement.replace("audit_entries", "identity.audit_entries"))
    finally:
        await connection.close()


async def test_a_page_of_the_log_takes_a_constant_number_of_statements(identity: Any, tenant: uuid.UUID) -> None:
    counts = []
    for _ in range(2):
        await join(identity, tenant)
        with identity.count_statements() as statements:
            await entries(identity, tenant)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 3


async def test_a_log_in_is_in_the_log_of_its_tenant_alone(
    identity: Any, log_in: LogIn, admin: asyncpg.Connection
) -> None:
    count = "select count(*) from identity.audit_entries where tenant_id = $1 and action = 'logged_in'"
    tenants = [demo_tenant_id(slug) for slug in ("acme", "globex")]
    before = [await admin.fetchval(count, each) for each in tenants]
    assert (await log_in())["user"]["id"] == str(demo_id("acme", "user", "ada"))
    assert [await admin.fetchval(count, each) for each in tenants] == [before[0] + 1, before[1]]
