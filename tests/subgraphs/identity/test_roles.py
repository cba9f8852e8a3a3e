"""Who may change whom."""

import uuid
from typing import Any

import pytest

from subgraphs.identity.domain import GRANTABLE_SCOPES, ROLE_SCOPES, Role

from .people import OWNER, codes, invite, join

CHANGE = "mutation ($id: ID!, $role: Role!) { changeRole(userId: $id, role: $role) { errors { code } } }"
REMOVE = "mutation ($id: ID!) { removeMember(userId: $id) { errors { code } } }"


def caller(tenant: uuid.UUID, user_id: str, role: Role) -> dict[str, Any]:
    return {"tenant": tenant, "user": uuid.UUID(user_id), "scopes": sorted(ROLE_SCOPES[role])}


async def test_managers_manage_those_who_may_no_more_than_they(identity: Any, tenant: uuid.UUID) -> None:
    manager, _ = await join(identity, tenant, "MANAGER")
    agent, _ = await join(identity, tenant, "AGENT")
    owner, _ = await join(identity, tenant, "OWNER")
    asks = caller(tenant, manager, Role.MANAGER)
    for role in ("VIEWER", "MANAGER", "AGENT"):
        assert codes((await identity.data(CHANGE, {"id": agent, "role": role}, **asks))["changeRole"]) == []
    for target, role in ((agent, "OWNER"), (manager, "OWNER"), (owner, "VIEWER"), (str(OWNER), "MANAGER")):
        body = await identity.call(CHANGE, {"id": target, "role": role}, **asks)
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN", (target, role)
    body = await identity.call(REMOVE, {"id": owner}, **asks)
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert codes((await identity.data(REMOVE, {"id": agent}, **asks))["removeMember"]) == []


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
async def test_agents_and_viewers_change_nobody(identity: Any, tenant: uuid.UUID, role: Role) -> None:
    user_id, _ = await join(identity, tenant, role.name)
    for query, values in ((CHANGE, {"id": user_id, "role": "VIEWER"}), (REMOVE, {"id": user_id})):
        body = await identity.call(query, values, **caller(tenant, user_id, role))
        assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "identity:write"}


async def test_keys_change_nobody(identity: Any, tenant: uuid.UUID) -> None:
    viewer, _ = await join(identity, tenant, "VIEWER")
    key = {"tenant": tenant, "user": None, "scopes": sorted(GRANTABLE_SCOPES)}
    for query, values in ((CHANGE, {"id": viewer, "role": "AGENT"}), (REMOVE, {"id": viewer})):
        body = await identity.call(query, values, **key)
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_manager_of_another_tenant_is_a_stranger(identity: Any, tenant: uuid.UUID) -> None:
    user_id, _ = await join(identity, tenant, "AGENT")
    body = await identity.call(CHANGE, {"id": user_id, "role": "VIEWER"}, tenant=tenant, user="ben")
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (await invite(identity, tenant, "ok@people.example"))["errors"] == []
