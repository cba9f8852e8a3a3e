"""Tasks: made, listed, given to somebody, done, by the tenant's people alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from resolvers.context import RequestContext
from subgraphs.crm.reminders import Reminders

TASK = """task { id title body dueAt completedAt version assignee { id } createdBy { id } completedBy { id }
  lead { id } contact { id } }"""


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


async def made(tenant: Any, title: str = "Call back", **values: Any) -> dict[str, Any]:
    payload = await tenant.mutate("createCrmTask", TASK, title=title, **values)
    assert payload["errors"] == []
    task: dict[str, Any] = payload["task"]
    return task


async def told(tenant: Any) -> list[tuple[str, Any]]:
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        rows = await session.rows(text("select name, data from outbox where name like '%task%' order by position"))
        return [(row.name, row.data) for row in rows]


async def test_from_its_making_to_its_end(tenant):
    contact = await tenant.contact()
    lead, account, me = await tenant.lead(contactId=contact["id"]), await tenant.member(), uuid4()
    task = await made(tenant, " Call back ", leadId=lead["id"], body="By noon", dueAt="2026-03-01T12:00:00+02:00")
    assert (task["title"], task["body"], task["dueAt"]) == ("Call back", "By noon", "2026-03-01T10:00:00+00:00")
    assert (task["lead"], task["contact"], task["assignee"], task["version"]) == ({"id": lead["id"]}, None, None, 1)
    given = await tenant.mutate("assignCrmTask", TASK, id=task["id"], assigneeId=account, expectedVersion=1)
    assert (given["task"]["assignee"], given["task"]["version"]) == ({"id": account}, 2)
    edited = await tenant.mutate("updateCrmTask", TASK, id=task["id"], title="Write", body=None)
    assert (edited["task"]["title"], edited["task"]["body"], edited["task"]["dueAt"]) == ("Write", None, task["dueAt"])
    query = f"mutation ($i: CompleteCrmTaskInput!) {{ completeCrmTask(input: $i) {{ {TASK} errors {{ code }} }} }}"
    done = (await tenant.data(query, {"i": {"id": task["id"]}}, user=me))["completeCrmTask"]["task"]
    assert done["completedAt"] is not None
    assert done["completedBy"] == {"id": str(me)}
    (created, begun), (completed, ended) = await told(tenant)
    assert (created, begun["task_id"], begun["lead_id"]) == ("crm.task_created", task["id"], lead["id"])
    assert (completed, ended["title"], ended["completed_by"]) == ("crm.task_completed", "Write", str(me))
    shown = "query ($id: ID!) { contact(id: $id) { timeline { edges { node { kind summary reference } } } } }"
    data = await tenant.data(shown, {"id": contact["id"]})
    assert [edge["node"] for edge in data["contact"]["timeline"]["edges"]] == [
        {"kind": "TASK", "summary": "Done: Write", "reference": task["id"]}
    ]


async def test_what_is_done_stays_as_it_was(tenant):
    task = await made(tenant, leadId=(await tenant.lead())["id"])
    assert codes(await tenant.mutate("completeCrmTask", TASK, id=task["id"])) == []
    for field, values in (
        ("completeCrmTask", {}),
        ("updateCrmTask", {"title": "Other"}),
        ("assignCrmTask", {"assigneeId": await tenant.member()}),
    ):
        assert codes(await tenant.mutate(field, TASK, id=task["id"], **values)) == ["TASK_ALREADY_COMPLETED"], field
    assert len(await told(tenant)) == 2


async def test_versions_are_checked_if_given(tenant):
    task = await made(tenant, leadId=(await tenant.lead())["id"])
    for field, values in (
        ("completeCrmTask", {}),
        ("updateCrmTask", {"title": "x"}),
        ("assignCrmTask", {"assigneeId": None}),
    ):
        payload = await tenant.mutate(field, TASK, id=task["id"], expectedVersion=7, **values)
        assert codes(payload) == ["VERSION_CONFLICT"], field


async def test_what_is_no_task(tenant):
    lead = (await tenant.lead())["id"]
    for values, path in (
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"body": "x" * 5001}, "body"),
        ({"leadId": None}, "leadId"),
        ({"contactId": str(uuid4())}, "leadId"),
        ({"dueAt": "0001-01-01T00:00:00+10:00"}, "dueAt"),
        ({"assigneeId": "me"}, "assigneeId"),
    ):
        payload = await tenant.mutate("createCrmTask", TASK, **{"title": "x", "leadId": lead, **values})
        assert codes(payload) == ["BAD_USER_INPUT"], values
        assert payload["errors"][0]["path"] == ["input", path]
    task = await made(tenant, leadId=lead)
    for values in ({"title": None}, {"dueAt": None}):
        assert codes(await tenant.mutate("updateCrmTask", TASK, id=task["id"], **values)) == ["BAD_USER_INPUT"]
    assert codes(await tenant.mutate("completeCrmTask", TASK, id=str(uuid4()))) == ["TASK_NOT_FOUND"]


async def test_other_tenants_are_out_of_reach(tenant, new_tenant):
    other = await new_tenant()
    lead, contact, member = await other.lead(), await other.contact(), await other.member()
    theirs = await made(other, leadId=lead["id"], assigneeId=member)
    for values, code in (
        ({"leadId": lead["id"]}, "LEAD_NOT_FOUND"),
        ({"contactId": contact["id"]}, "CONTACT_NOT_FOUND"),
        ({"leadId": (await tenant.lead())["id"], "assigneeId": member}, "ASSIGNEE_NOT_FOUND"),
    ):
        assert codes(await tenant.mutate("createCrmTask", TASK, title="x", **values)) == [code]
    for field, values in (
        ("completeCrmTask", {}),
        ("updateCrmTask", {"title": "x"}),
        ("assignCrmTask", {"assigneeId": None}),
    ):
        assert codes(await tenant.mutate(field, TASK, id=theirs["id"], **values)) == ["TASK_NOT_FOUND"]
    data = await tenant.data(
        "query ($id: ID!, $a: [ID!]) { crmTask(id: $id) { id } crmTasks(filter: {assigneeId: $a}) { totalCount } }",
        {"id": theirs["id"], "a": [member]},
    )
    assert data == {"crmTask": None, "crmTasks": {"totalCount": 0}}
    (entity,) = await tenant.crm.entities(
        [{"__typename": "CrmTask", "id": theirs["id"]}], "... on CrmTask { title }", tenant=tenant.id
    )
    assert entity is None


async def test_lists_are_cut_ordered_and_paged(tenant):
    lead, contact, account = await tenant.lead(), await tenant.contact(), await tenant.member()
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for day, about in enumerate(({"leadId": lead["id"]}, {"contactId": contact["id"]}) * 2):
        who = {"assigneeId": account} if day < 2 else {}
        await made(tenant, f"{day}", dueAt=(start + timedelta(days=day)).isoformat(), **about, **who)
    first = await made(tenant, "done", leadId=lead["id"], dueAt="2026-02-01T00:00:00Z")
    await tenant.mutate("completeCrmTask", TASK, id=first["id"])

    async def titles(arguments: str) -> str:
        data = await tenant.data("{ crmTasks" + arguments + " { totalCount edges { node { title } } } }")
        return " ".join(edge["node"]["title"] for edge in data["crmTasks"]["edges"])

    assert await titles("") == "done 0 1 2 3"
    assert await titles("(orderBy: {field: DUE_AT, direction: DESC}, first: 2)") == "3 2"
    assert await titles("(filter: {completed: false, assigned: false})") == "2 3"
    assert await titles(f'(filter: {{assigneeId: ["{account}"]}})') == "0 1"
    assert await titles(f'(filter: {{contactId: ["{contact["id"]}"]}})') == "1 3"
    assert await titles("(filter: {leadId: []})") == ""
    assert await titles('(filter: {dueAt: {since: "2026-03-02T00:00:00Z", until: "2026-03-04T00:00:00Z"}})') == "1 2"
    page = (
        "query ($after: String) { crmTasks(first: 2, after: $after) { totalCount pageInfo { endCursor hasNextPage } } }"
    )
    one = (await tenant.data(page))["crmTasks"]
    assert (one["totalCount"], one["pageInfo"]["hasNextPage"]) == (5, True)
    of_both = """query ($l: ID!, $c: ID!) { lead(id: $l) { tasks(filter: {completed: false}) { totalCount } }
      contact(id: $c) { tasks { totalCount edges { node { title } } } } }"""
    data = await tenant.data(of_both, {"l": lead["id"], "c": contact["id"]})
    assert data["lead"]["tasks"]["totalCount"] == 2
    assert [edge["node"]["title"] for edge in data["contact"]["tasks"]["edges"]] == ["1", "3"]


async def test_tasks_of_many_leads_are_one_statement(tenant):
    for number in range(4):
        lead = await tenant.lead(f"Lead {number}")
        await made(tenant, leadId=lead["id"])
    with tenant.crm.count_statements() as statements:
        data = await tenant.data(
            "{ leads { edges { node { tasks(first: 1) { edges { node { title lead { id } } } } } } } }"
        )
    assert len(statements) == 3
    assert [len(edge["node"]["tasks"]["edges"]) for edge in data["leads"]["edges"]] == [1] * 4


async def test_they_go_with_merged_contacts_and_with_what_they_are_about(tenant):
    kept, other, lead = await tenant.contact("Kept"), await tenant.contact("Other"), await tenant.lead()
    task = await made(tenant, contactId=other["id"])
    await made(tenant, leadId=lead["id"])
    merged = await tenant.mutate("mergeContacts", "contact { id }", id=kept["id"], otherId=other["id"])
    assert merged["errors"] == []
    await tenant.mutate("deleteLead", "deletedId", id=lead["id"])
    data = await tenant.data("{ crmTasks { edges { node { id contact { id } } } } }")
    assert [edge["node"] for edge in data["crmTasks"]["edges"]] == [{"id": task["id"], "contact": {"id": kept["id"]}}]


async def test_others_are_told_once_that_a_task_is_due(tenant):
    contact, account = (await tenant.contact())["id"], await tenant.member()
    now = datetime.now(UTC)
    moments = {"due": -60, "later": 3600, "stale": -3 * 86400, "done": -60}
    tasks = {
        name: await made(
            tenant, name, contactId=contact, assigneeId=account, dueAt=(now + timedelta(seconds=seconds)).isoformat()
        )
        for name, seconds in moments.items()
    }
    await tenant.mutate("completeCrmTask", TASK, id=tasks["done"]["id"])
    database, reminders = tenant.crm.database, Reminders()

    async def due() -> list[Any]:
        return [data for name, data in await told(tenant) if name == "crm.task_due"]

    await asyncio.gather(*(reminders.remind(database) for _ in range(3)))
    (event,) = await due()
    assert (event["task_id"], event["title"], event["assignee_id"]) == (tasks["due"]["id"], "due", account)
    await tenant.mutate("updateCrmTask", TASK, id=tasks["due"]["id"], title="Renamed")
    await reminders.remind(database)
    assert len(await due()) == 1, "another title is no news"
    put_off = (now - timedelta(seconds=5)).isoformat()
    await tenant.mutate("updateCrmTask", TASK, id=tasks["due"]["id"], dueAt=put_off)
    await reminders.remind(database)
    assert [event["title"] for event in await due()] == ["due", "Renamed"], "another moment is"
