"""Leads are told of as they change, and everything once more for those who have begun to listen since."""

from typing import Any
from uuid import uuid4

from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.session import Database
from subgraphs.crm.retell import retell

STATES = text(
    "select name, data from outbox where name in ('crm.contact_changed', 'crm.lead_changed', 'crm.lead_deleted')"
    " order by position"
)
ONCE = text("select count(*) from outbox where name in ('crm.contact_created', 'crm.lead_created', 'crm.lead_closed')")


async def told(tenant: Any) -> list[tuple[str, dict[str, Any]]]:
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        return [(row.name, row.data) for row in await session.rows(STATES)]


async def test_a_lead_is_told_of_as_it_is_whenever_it_changes(tenant):
    contact = await tenant.contact(email="ada@byron.example")
    lead = await tenant.lead(contactId=contact["id"], valueMinor=1250, currency="EUR", score=7)
    await tenant.mutate("moveLead", "lead { id }", id=lead["id"], stageId=tenant.stages["Talk"])
    await tenant.mutate("deleteLead", "deletedId", id=lead["id"])
    _, (_, made), (_, moved), (name, gone) = await told(tenant)
    assert (made["stage"], made["status"], made["version"]) == ("Idea", "open", 1)
    assert (moved["stage"], moved["version"], moved["contact_id"]) == ("Talk", 2, contact["id"])
    assert (moved["value"], moved["currency"], moved["score"]) == ("12.50", "EUR", 7)
    assert (name, gone["lead_id"]) == ("crm.lead_deleted", lead["id"])


async def test_all_is_told_once_more_as_it_is(tenant, new_tenant):
    other = await new_tenant()
    await other.contact()
    contact = await tenant.contact(email="ada@byron.example", company="Engines")
    leads = [await tenant.lead(name=f"Lead {number}", contactId=contact["id"]) for number in range(3)]
    await tenant.mutate("moveLead", "lead { id }", id=leads[0]["id"], stageId=tenant.stages["Talk"])
    before = await told(tenant)
    theirs = await told(other)
    owner = Database(tenant.crm.settings.admin_url(), "crm", pool_size=1)
    try:
        assert await retell(owner, tenant.id) == 4
        assert await retell(owner, uuid4()) == 0
    finally:
        await owner.close()
    after = await told(tenant)
    newest = {data.get("lead_id", data["contact_id"]): (name, data) for name, data in before}
    assert {data.get("lead_id", data["contact_id"]): (name, data) for name, data in after[len(before) :]} == newest
    assert await told(other) == theirs
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        assert await session.scalar(ONCE) == 4, "what happened once is not told again"
