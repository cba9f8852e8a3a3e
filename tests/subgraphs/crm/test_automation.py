"""What happens by itself when a lead enters a stage."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from subgraphs.crm.usecases.members import RemovedMember, note_removed

RULE = "rule { id action subject dueInDays assignee { id } }"
SHOWN = """lead { version assignee { id }
  tasks { edges { node { title dueAt completedAt assignee { id } createdBy { id } } } } }"""


async def rule(tenant: Any, stage: str, action: str, **values: Any) -> dict[str, Any]:
    payload = await tenant.mutate("createStageRule", RULE, stageId=tenant.stages[stage], action=action, **values)
    assert payload["errors"] == []
    made: dict[str, Any] = payload["rule"]
    return made


TOLD = text("select data from outbox where name in ('crm.lead_entered_stage', 'crm.task_created') order by position")


async def told(tenant: Any) -> list[Any]:
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        return [row.data for row in await session.rows(TOLD)]


async def test_a_lead_changes_hands_gets_a_task_and_is_told_of(tenant):
    user = await tenant.member()
    await rule(tenant, "Talk", "CREATE_TASK", subject="Call them", dueInDays=3)
    await rule(tenant, "Talk", "ASSIGN", assigneeId=user)
    await rule(tenant, "Talk", "NOTIFY")
    lead = await tenant.lead()
    moved = await tenant.mutate("moveLead", SHOWN, id=lead["id"], stageId=tenant.stages["Talk"])
    assert moved["errors"] == []
    assert moved["lead"]["assignee"] == {"id": user}
    (edge,) = moved["lead"]["tasks"]["edges"]
    task = edge["node"]
    assert (task["title"], task["completedAt"], task["createdBy"]) == ("Call them", None, None)
    assert task["assignee"] == {"id": user}
    assert 2 <= (datetime.fromisoformat(task["dueAt"]) - datetime.now(UTC)).days <= 3
    created, event = await told(tenant)
    assert (created["title"], created["lead_id"], created["assignee_id"]) == ("Call them", lead["id"], user)
    assert (event["lead_id"], event["stage_name"], event["assignee_id"]) == (lead["id"], "Talk", user)


async def test_it_happens_on_entering_alone(tenant):
    await rule(tenant, "Talk", "CREATE_TASK", subject="Call them")
    lead = await tenant.lead()
    for stage in ("Talk", "Talk", "Idea"):
        moved = await tenant.mutate("moveLead", SHOWN, id=lead["id"], stageId=tenant.stages[stage])
    assert len(moved["lead"]["tasks"]["edges"]) == 1
    assert [event["title"] for event in await told(tenant)] == ["Call them"]


async def test_a_refused_move_leaves_nothing(tenant):
    await rule(tenant, "Lost", "CREATE_TASK", subject="Ask why")
    await rule(tenant, "Lost", "NOTIFY")
    lead = await tenant.lead()
    refused = await tenant.mutate("moveLead", SHOWN, id=lead["id"], stageId=tenant.stages["Lost"])
    assert [error["code"] for error in refused["errors"]] == ["LOST_REASON_REQUIRED"]
    assert (await tenant.data("{ crmTasks { totalCount } }"))["crmTasks"]["totalCount"] == 0
    assert await told(tenant) == []


async def test_rules_are_shown_and_deleted(tenant):
    made = await rule(tenant, "Talk", "CREATE_TASK", subject=" Call ")
    assert made == {"id": made["id"], "action": "CREATE_TASK", "subject": "Call", "dueInDays": 0, "assignee": None}
    query = "{ pipelines { stages { name rules { id } } } }"
    with tenant.crm.count_statements() as statements:
        (pipeline,) = (await tenant.data(query))["pipelines"]
    assert len(statements) == 3
    assert {stage["name"]: stage["rules"] for stage in pipeline["stages"]}["Talk"] == [{"id": made["id"]}]
    gone = await tenant.mutate("deleteStageRule", "deletedId", id=made["id"])
    assert gone == {"deletedId": made["id"], "errors": []}
    again = await tenant.mutate("deleteStageRule", "deletedId", id=made["id"])
    assert [error["code"] for error in again["errors"]] == ["STAGE_RULE_NOT_FOUND"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"action": "CREATE_TASK"}, "BAD_USER_INPUT"),
        ({"action": "CREATE_TASK", "subject": "x", "dueInDays": 366}, "BAD_USER_INPUT"),
        ({"action": "CREATE_TASK", "subject": "x", "assigneeId": str(uuid4())}, "BAD_USER_INPUT"),
        ({"action": "ASSIGN"}, "BAD_USER_INPUT"),
        ({"action": "ASSIGN", "assigneeId": str(uuid4())}, "ASSIGNEE_NOT_FOUND"),
        ({"action": "ASSIGN_IN_TURN"}, "BAD_USER_INPUT"),
        ({"action": "ASSIGN_IN_TURN", "assigneeIds": []}, "BAD_USER_INPUT"),
        ({"action": "ASSIGN_IN_TURN", "assigneeIds": [str(uuid4()) for _ in range(51)]}, "BAD_USER_INPUT"),
        ({"action": "ASSIGN_IN_TURN", "assigneeIds": [str(uuid4())]}, "ASSIGNEE_NOT_FOUND"),
        ({"action": "NOTIFY", "assigneeIds": [str(uuid4())]}, "BAD_USER_INPUT"),
        ({"action": "NOTIFY", "subject": "x"}, "BAD_USER_INPUT"),
        ({"action": "NOTIFY", "dueInDays": 1}, "BAD_USER_INPUT"),
        ({"action": "NOTIFY", "stageId": str(uuid4())}, "STAGE_NOT_FOUND"),
    ],
)
async def test_what_is_no_rule(tenant, values, code):
    given = {"stageId": tenant.stages["Talk"], **values}
    payload = await tenant.mutate("createStageRule", RULE, **given)
    assert [error["code"] for error in payload["errors"]] == [code]


async def test_a_stage_has_twenty_at_most(tenant):
    for _ in range(20):
        await rule(tenant, "Talk", "NOTIFY")
    payload = await tenant.mutate("createStageRule", RULE, stageId=tenant.stages["Talk"], action="NOTIFY")
    assert [error["code"] for error in payload["errors"]] == ["TOO_MANY_RULES"]
    lead = await tenant.lead()
    await tenant.mutate("moveLead", SHOWN, id=lead["id"], stageId=tenant.stages["Talk"])
    assert len(await told(tenant)) == 1


async def test_another_tenants_stage_takes_no_rule(tenant, new_tenant):
    other = await new_tenant()
    payload = await other.mutate("createStageRule", RULE, stageId=tenant.stages["Talk"], action="NOTIFY")
    assert [error["code"] for error in payload["errors"]] == ["STAGE_NOT_FOUND"]
    made = await rule(tenant, "Talk", "NOTIFY")
    refused = await other.mutate("deleteStageRule", "deletedId", id=made["id"])
    assert [error["code"] for error in refused["errors"]] == ["STAGE_RULE_NOT_FOUND"]


async def test_leads_go_to_people_in_turn(tenant):
    one, two, gone = [await tenant.member() for _ in range(3)]
    made = await tenant.mutate(
        "createStageRule",
        "rule { assignees { id } }",
        stageId=tenant.stages["Idea"],
        action="ASSIGN_IN_TURN",
        assigneeIds=[one, two, gone, one],
    )
    assert made["rule"] == {"assignees": [{"id": one}, {"id": two}, {"id": gone}]}
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        await note_removed(session, RemovedMember(UUID(gone), datetime.now(UTC)))
    shown = "lead { assignee { id } }"
    given = [
        (await tenant.mutate("createLead", shown, name="L", source="WEBSITE"))["lead"]["assignee"]["id"]
        for _ in range(4)
    ]
    assert given == [one, two, one, two]
    named = await tenant.mutate("createLead", shown, name="L", source="WEBSITE", assigneeId=two)
    assert named["lead"]["assignee"]["id"] == two


async def test_at_the_same_moment_everybody_gets_their_share(tenant):
    people = [await tenant.member() for _ in range(2)]
    await rule(tenant, "Talk", "ASSIGN_IN_TURN", assigneeIds=people)
    leads = [await tenant.lead() for _ in range(6)]
    moves = (tenant.mutate("moveLead", SHOWN, id=lead["id"], stageId=tenant.stages["Talk"]) for lead in leads)
    async with asyncio.timeout(20):
        moved = await asyncio.gather(*moves)
    assert Counter(each["lead"]["assignee"]["id"] for each in moved) == dict.fromkeys(people, 3)
