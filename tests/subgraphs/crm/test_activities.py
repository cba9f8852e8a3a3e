"""Mutations and lists of activities."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

ACTIVITY = "activity { id kind subject body occursAt completedAt actor { id } lead { id name } contact { id name } }"


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


def at(**offset: float) -> str:
    return (datetime.now(UTC) + timedelta(**offset)).isoformat()


async def test_what_was_done_is_logged_as_the_callers(tenant):
    lead, user = await tenant.lead(), uuid4()
    query = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { " + ACTIVITY + " errors { code } } }"
    values = {"kind": "CALL", "subject": " Called ", "leadId": lead["id"], "occursAt": "2026-01-02T03:04:05+02:00"}
    activity = (await tenant.data(query, {"input": values}, user=user))["logActivity"]["activity"]
    assert activity == {
        "id": activity["id"],
        "kind": "CALL",
        "subject": "Called",
        "body": None,
        "occursAt": "2026-01-02T01:04:05+00:00",
        "completedAt": "2026-01-02T01:04:05+00:00",
        "actor": {"id": str(user)},
        "lead": {"id": lead["id"], "name": "Ada Byron"},
        "contact": None,
    }


async def test_what_is_planned_is_completed_once(tenant):
    contact = await tenant.contact()
    planned = await tenant.mutate(
        "logActivity", ACTIVITY, kind="CALL", subject="Write", contactId=contact["id"], occursAt=at(days=1)
    )
    assert planned["activity"]["completedAt"] is None
    assert planned["activity"]["contact"]["id"] == contact["id"]
    overdue = await tenant.mutate(
        "logActivity",
        ACTIVITY,
        kind="CALL",
        subject="Late",
        contactId=contact["id"],
        occursAt=at(days=-1),
        completed=False,
    )
    assert overdue["activity"]["completedAt"] is None
    done = await tenant.mutate("completeActivity", ACTIVITY, id=planned["activity"]["id"])
    assert done["activity"]["completedAt"] is not None
    again = await tenant.mutate("completeActivity", ACTIVITY, id=planned["activity"]["id"])
    assert codes(again) == ["ACTIVITY_ALREADY_COMPLETED"]
    assert codes(await tenant.mutate("completeActivity", ACTIVITY, id=str(uuid4()))) == ["ACTIVITY_NOT_FOUND"]
    open_ones = await tenant.data("{ activities(filter: {completed: false}) { edges { node { subject } } } }")
    assert [edge["node"]["subject"] for edge in open_ones["activities"]["edges"]] == ["Late"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"subject": " "}, "subject"),
        ({"leadId": None}, "leadId"),
        ({"contactId": str(uuid4())}, "leadId"),
        ({"occursAt": at(days=1), "completed": True}, "occursAt"),
        ({"kind": "NOTE", "occursAt": at(days=1)}, "completed"),
        ({"occursAt": "0001-01-01T00:00:00+10:00"}, "occursAt"),
        ({"leadId": "l1"}, "leadId"),
    ],
)
async def test_a_bad_value_is_named(tenant, values, field):
    lead = await tenant.lead()
    payload = await tenant.mutate(
        "logActivity", ACTIVITY, **{"kind": "CALL", "subject": "Call", "leadId": lead["id"], **values}
    )
    assert codes(payload) == ["BAD_USER_INPUT"]
    assert payload["errors"][0]["path"] == ["input", field]


async def test_activities_need_something_to_be_about(tenant, new_tenant):
    other = await new_tenant()
    lead, contact = await other.lead(), await other.contact()
    for values, code in (
        ({"leadId": str(uuid4())}, "LEAD_NOT_FOUND"),
        ({"leadId": lead["id"]}, "LEAD_NOT_FOUND"),
        ({"contactId": contact["id"]}, "CONTACT_NOT_FOUND"),
    ):
        payload = await tenant.mutate("logActivity", ACTIVITY, kind="CALL", subject="Call", **values)
        assert codes(payload) == [code]


async def test_they_go_with_what_they_are_about(tenant):
    lead = await tenant.lead()
    await tenant.mutate("logActivity", ACTIVITY, kind="CALL", subject="Call", leadId=lead["id"])
    assert (await tenant.data("{ activities { totalCount } }"))["activities"]["totalCount"] == 1
    await tenant.mutate("deleteLead", "deletedId", id=lead["id"])
    assert (await tenant.data("{ activities { totalCount } }"))["activities"]["totalCount"] == 0


async def test_filters_and_orders_over_the_wire(tenant):
    lead = await tenant.lead()
    for hour, kind in enumerate(("CALL", "EMAIL", "CALL", "NOTE")):
        await tenant.mutate(
            "logActivity",
            ACTIVITY,
            kind=kind,
            subject=f"{hour}",
            leadId=lead["id"],
            occursAt=f"2026-01-01T0{hour}:00:00Z",
        )

    async def subjects(arguments: str) -> str:
        data = await tenant.data(
            "query ($id: ID!) { lead(id: $id) { activities" + arguments + " { edges { node { subject } } } } }",
            {"id": lead["id"]},
        )
        return "".join(edge["node"]["subject"] for edge in data["lead"]["activities"]["edges"])

    assert await subjects("") == "3210"
    assert await subjects("(first: 2)") == "32"
    assert await subjects("(last: 2)") == "10"
    assert await subjects("(orderBy: {field: OCCURS_AT})") == "0123"
    assert await subjects("(filter: {kind: [CALL]})") == "20"
    assert await subjects("(filter: {kind: []})") == ""
    assert (
        await subjects('(filter: {occursAt: {since: "2026-01-01T01:00:00Z", until: "2026-01-01T03:00:00Z"}})') == "21"
    )
