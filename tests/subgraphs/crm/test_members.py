"""Whom work may be given to: members of the tenant, as identity tells of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from resolvers.context import RequestContext
from resolvers.events.consumer import Consumer
from resolvers.events.relay import Relay
from resolvers.events.streams import connect, stream_of
from subgraphs.crm.usecases.members import JoinedMember, RemovedMember, note_joined, note_removed
from subgraphs.event_commands import subscriptions_of
from subgraphs.identity.events import MemberConfirmed, MemberJoined, MemberRemoved


async def assigned(tenant: Any, lead: dict[str, Any], account: str) -> list[str]:
    payload = await tenant.mutate("assignLead", "lead { id }", id=lead["id"], assigneeId=account)
    return [error["code"] for error in payload["errors"]]


async def test_work_is_given_to_members_alone(tenant, new_tenant):
    other = await new_tenant()
    lead, theirs = await tenant.lead(), await other.member()
    for account in (str(uuid4()), theirs):
        assert await assigned(tenant, lead, account) == ["ASSIGNEE_NOT_FOUND"]
        for field, values in (
            ("createLead", {"name": "L", "source": "WEBSITE", "assigneeId": account}),
            ("createContact", {"name": "C", "ownerId": account}),
        ):
            payload = await tenant.mutate(field, "errors { code }", **values)
            assert [error["code"] for error in payload["errors"]] == ["ASSIGNEE_NOT_FOUND"], field
    contact = await tenant.contact()
    payload = await tenant.mutate("updateContact", "contact { id }", id=contact["id"], ownerId=theirs)
    assert [error["code"] for error in payload["errors"]] == ["ASSIGNEE_NOT_FOUND"]
    assert await assigned(tenant, lead, await tenant.member()) == []


async def test_the_caller_may_take_a_lead_at_once(tenant):
    lead, me = await tenant.lead(), uuid4()
    query = "mutation ($i: AssignLeadInput!) { assignLead(input: $i) { lead { assignee { id } } errors { code } } }"
    data = await tenant.data(query, {"i": {"id": lead["id"], "assigneeId": str(me)}}, user=me)
    assert data["assignLead"] == {"lead": {"assignee": {"id": str(me)}}, "errors": []}


async def test_who_has_left_keeps_what_they_had(tenant):
    account = await tenant.member()
    lead = await tenant.lead(assigneeId=account)
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        await note_removed(session, RemovedMember(UUID(account), datetime.now(UTC)))
    assert await assigned(tenant, lead, account) == []
    assert await assigned(tenant, await tenant.lead(), account) == ["ASSIGNEE_NOT_FOUND"]


async def test_what_is_told_late_changes_nothing(tenant):
    account, now = uuid4(), datetime.now(UTC)
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        await note_removed(session, RemovedMember(account, now))
        await note_joined(session, JoinedMember(account, now - timedelta(seconds=1)))
    lead = await tenant.lead()
    assert await assigned(tenant, lead, str(account)) == ["ASSIGNEE_NOT_FOUND"]
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        await note_joined(session, JoinedMember(account, now + timedelta(seconds=1)))
    assert await assigned(tenant, lead, str(account)) == []


async def test_identity_tells_of_them(tenant, start_subgraph):
    identity = await start_subgraph("identity")
    account, now = uuid4(), datetime.now(UTC)
    redis = connect(tenant.crm.settings.redis_url.get_secret_value(), 5)
    relay = Relay(identity.database, redis, ["crm"])
    consumer = Consumer(tenant.crm.database, redis, subscriptions_of("crm"))
    lead = await tenant.lead()
    told = (
        (MemberJoined(account, "Eve", "agent", now), []),
        (MemberRemoved(account, now + timedelta(seconds=1)), ["ASSIGNEE_NOT_FOUND"]),
        (MemberConfirmed(account, "agent", now), ["ASSIGNEE_NOT_FOUND"]),
        (MemberConfirmed(account, "agent", now + timedelta(seconds=2)), []),
    )
    for event, codes in told:
        async with identity.database.session(RequestContext.system(tenant.id)) as session:
            session.publish(event)
        await relay.once()
        while await consumer.once():
            pass
        assert await assigned(tenant, lead, str(account)) == codes
        await tenant.mutate("assignLead", "lead { id }", id=lead["id"], assigneeId=None)
    await redis.delete(stream_of("identity"), f"{stream_of('identity')}:mark")
    await redis.aclose()


async def test_an_assignment_asks_once(tenant):
    lead, account = await tenant.lead(), await tenant.member()
    with tenant.crm.count_statements() as statements:
        assert await assigned(tenant, lead, account) == []
    assert sum("crm.members" in str(statement) for statement in statements) == 1
