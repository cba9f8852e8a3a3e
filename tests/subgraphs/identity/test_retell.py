"""Members are told of once more, for those who have begun to listen since they joined."""

import json
import uuid
from typing import Any

import asyncpg

from resolvers.session import Database
from subgraphs.identity import retell as retelling
from subgraphs.identity.retell import retell

from .people import OWNER


async def told(admin: asyncpg.Connection, tenant: uuid.UUID) -> list[tuple[str, dict[str, Any]]]:
    rows = await admin.fetch("select name, data from identity.outbox where tenant_id = $1 order by position", tenant)
    return [(row["name"], json.loads(row["data"])) for row in rows]


async def test_all_members_are_told_of_as_they_are(
    identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection, monkeypatch: Any
) -> None:
    people = await admin.fetch("select id from identity.users where id <> $1 order by id limit 2", OWNER)
    for person in people:
        await admin.execute(
            "insert into identity.memberships (tenant_id, user_id, role, updated_at)"
            " values ($1, $2, 'viewer', '2026-01-02T03:04:05Z')",
            tenant,
            person["id"],
        )
    monkeypatch.setattr(retelling, "_AT_ONCE", 2)
    owner = Database(identity.settings.admin_url(), "identity", pool_size=1)
    try:
        assert await retell(owner, tenant) == 3
        assert await retell(owner, uuid.uuid4()) == 0
        found = await told(admin, tenant)
        assert {name for name, _ in found} == {"identity.member_confirmed"}, "nobody joins again"
        assert {data["user_id"]: data["role"] for _, data in found} == {
            str(OWNER): "owner", **{str(person["id"]): "viewer" for person in people},
        }  # fmt: skip
        assert {data["changed_at"][:19] for _, data in found if data["role"] == "viewer"} == {"2026-01-02T03:04:05"}
    finally:
        await owner.close()
