import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from resolvers.demo import demo_id
from subgraphs.identity.domain import ROLE_SCOPES, Role

from .people import ANYONE, OWNER, PASSWORD, codes, join

SESSIONS = """
query ($userId: ID, $active: Boolean! = true, $first: Int, $after: String) {
  loginSessions(userId: $userId, active: $active, first: $first, after: $after) {
    edges { node { id method client isActive revokedAt createdAt lastUsedAt user { id } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
REVOKE = """
mutation ($id: ID!) { revokeLoginSession(id: $id) { loginSession { id isActive revokedAt } errors { code } } }
"""
REVOKE_ALL = "mutation ($userId: ID) { revokeLoginSessions(userId: $userId) { count errors { code } } }"
REFRESH = "mutation ($t: String!) { refreshTokens(refreshToken: $t) { tokens { refreshToken } errors { code } } }"
LogIn = Callable[..., Awaitable[dict[str, Any]]]


def as_member(tenant: uuid.UUID, user_id: str, role: Role = Role.VIEWER) -> dict[str, Any]:
    return {"tenant": tenant, "user": uuid.UUID(user_id), "scopes": sorted(ROLE_SCOPES[role])}


async def sessions(identity: Any, caller: dict[str, Any], **variables: Any) -> list[dict[str, Any]]:
    found = await identity.data(SESSIONS, variables, **caller)
    return [edge["node"] for edge in found["loginSessions"]["edges"]]


async def refreshed(identity: Any, token: str) -> list[str]:
    return codes((await identity.data(REFRESH, {"t": token}, **ANYONE))["refreshTokens"])


async def slug_and_address(admin: asyncpg.Connection, tenant: uuid.UUID, user_id: str) -> tuple[str, str]:
    slug = await admin.fetchval("select slug from identity.tenants where id = $1", tenant)
    return slug, await admin.fetchval("select email from identity.users where id = $1", uuid.UUID(user_id))


async def test_own_log_ins_are_listed_and_ended(
    identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection, log_in: LogIn
) -> None:
    user_id, first = await join(identity, tenant)
    slug, address = await slug_and_address(admin, tenant, user_id)
    second = (await log_in(address, PASSWORD, slug, claims={"client": "203.0.113.7"}))["tokens"]
    me = as_member(tenant, user_id)
    found = await sessions(identity, me)
    assert [(each["method"], each["client"]) for each in found] == [("PASSWORD", "203.0.113.7"), ("INVITATION", None)]
    assert {each["user"]["id"] for each in found} == {user_id}
    page = (await identity.data(SESSIONS, {"first": 1}, **me))["loginSessions"]["pageInfo"]
    assert [each["id"] for each in await sessions(identity, me, after=page["endCursor"])] == [found[1]["id"]]
    ended = (await identity.data(REVOKE, {"id": found[1]["id"]}, **me))["revokeLoginSession"]
    assert (ended["errors"], ended["loginSession"]["isActive"]) == ([], False)
    assert ended["loginSession"]["revokedAt"] is not None
    assert await refreshed(identity, first["refreshToken"]) == ["INVALID_REFRESH_TOKEN"]
    # Access tokens that are out end too; the other log-in gets a new one.
    assert await identity.app.redis.get(f"identity:revoked:{tenant}:{user_id}") is not None
    assert await refreshed(identity, second["refreshToken"]) == []
    assert [each["id"] for each in await sessions(identity, me)] == [found[0]["id"]]
    assert len(await sessions(identity, me, active=False)) == 2
    again = (await identity.data(REVOKE, {"id": found[1]["id"]}, **me))["revokeLoginSession"]
    assert again == ended, "what has ended stays as it is"


async def test_a_renewed_log_in_was_used(identity: Any, tenant: uuid.UUID) -> None:
    user_id, tokens = await join(identity, tenant)
    me = as_member(tenant, user_id)
    (before,) = await sessions(identity, me)
    await identity.data(REFRESH, {"t": tokens["refreshToken"]}, **{**ANYONE, "claims": {"client": "203.0.113.8"}})
    (after,) = await sessions(identity, me)
    assert after["lastUsedAt"] > before["lastUsedAt"]
    assert (after["id"], after["client"]) == (before["id"], "203.0.113.8")


async def test_owners_see_and_end_those_of_members(identity: Any, tenant: uuid.UUID) -> None:
    user_id, tokens = await join(identity, tenant)
    owner = {"tenant": tenant, "user": OWNER}
    (found,) = await sessions(identity, owner, userId=user_id)
    assert codes((await identity.data(REVOKE, {"id": found["id"]}, **owner))["revokeLoginSession"]) == []
    assert await refreshed(identity, tokens["refreshToken"]) == ["INVALID_REFRESH_TOKEN"]
    other_id, tokens = await join(identity, tenant)
    assert (await identity.data(REVOKE_ALL, {"userId": other_id}, **owner))["revokeLoginSessions"]["count"] == 1
    assert (await identity.data(REVOKE_ALL, {"userId": other_id}, **owner))["revokeLoginSessions"]["count"] == 0
    assert await refreshed(identity, tokens["refreshToken"]) == ["INVALID_REFRESH_TOKEN"]
    log = "{ auditEntries(first: 2, filter: {actions: [SESSION_REVOKED, SESSIONS_REVOKED]}) "
    log += "{ edges { node { action actorLabel subject { id } } } } }"
    noted = [edge["node"] for edge in (await identity.data(log, **owner))["auditEntries"]["edges"]]
    assert noted == [
        {"action": action, "actorLabel": "ada@globex.example", "subject": {"id": whose}}
        for action, whose in (("SESSIONS_REVOKED", other_id), ("SESSION_REVOKED", user_id))
    ]


@pytest.mark.parametrize("role", [Role.MANAGER, Role.VIEWER])
async def test_nobody_else_does(identity: Any, tenant: uuid.UUID, role: Role) -> None:
    victim, tokens = await join(identity, tenant)
    (theirs,) = await sessions(identity, as_member(tenant, victim))
    user_id, _ = await join(identity, tenant, role.name)
    me = as_member(tenant, user_id, role)
    for query, values in ((SESSIONS, {"userId": victim}), (REVOKE_ALL, {"userId": victim})):
        body = await identity.call(query, values, **me)
        assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "identity:admin"}
    refused = (await identity.data(REVOKE, {"id": theirs["id"]}, **me))["revokeLoginSession"]
    assert codes(refused) == ["NOT_FOUND"]
    # A token that still says owner is worth no more than the role.
    demoted = {**me, "scopes": sorted(ROLE_SCOPES[Role.OWNER])}
    for query, values in ((SESSIONS, {"userId": victim}), (REVOKE, {"id": theirs["id"]})):
        assert (await identity.call(query, values, **demoted))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await refreshed(identity, tokens["refreshToken"]) == []


async def test_log_ins_to_another_tenant_are_out_of_reach(identity: Any, tenant: uuid.UUID) -> None:
    user_id, _ = await join(identity, tenant)
    (theirs,) = await sessions(identity, as_member(tenant, user_id))
    assert codes((await identity.data(REVOKE, {"id": theirs["id"]}))["revokeLoginSession"]) == ["NOT_FOUND"]
    assert await sessions(identity, {}, userId=user_id) == []
    assert (await identity.data(REVOKE_ALL, {"userId": user_id}))["revokeLoginSessions"]["count"] == 0
    assert len(await sessions(identity, as_member(tenant, user_id))) == 1


async def test_nobody_and_keys_have_no_log_ins(identity: Any) -> None:
    for query, values in ((SESSIONS, {}), (REVOKE_ALL, {}), (REVOKE, {"id": str(demo_id("acme", "user", "ada"))})):
        body = await identity.call(query, values, user=None)
        assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
