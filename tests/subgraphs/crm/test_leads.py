"""Mutations of leads, over HTTP to a real database."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


LEAD = """
lead { id version status name email score valueMinor currency lostReason closedAt convertedAt
       stage { id name } pipeline { id } contact { id name email } assignee { id } business { id } }
"""


async def test_a_new_lead_starts_in_the_first_stage_of_the_default_pipeline(tenant):
    user, business = await tenant.member(), str(uuid4())
    payload = await tenant.mutate(
        "createLead",
        LEAD,
        name="  Ada Byron ",
        source="EVENT",
        email="Ada@Byron.example",
        score=70,
        valueMinor=120000,
        currency="eur",
        assigneeId=user,
        businessId=business,
    )
    assert payload["errors"] == []
    lead = payload["lead"]
    assert lead["name"] == "Ada Byron"
    assert lead["email"] == "Ada@Byron.example"
    assert (lead["status"], lead["version"], lead["currency"]) == ("OPEN", 1, "EUR")
    assert lead["stage"] == {"id": tenant.stages["Idea"], "name": "Idea"}
    assert lead["pipeline"]["id"] == tenant.pipeline
    assert lead["assignee"] == {"id": user}
    assert lead["business"] == {"id": business}
    again = await tenant.data("query ($id: ID!) { lead(id: $id) { name score valueMinor } }", {"id": lead["id"]})
    assert again["lead"] == {"name": "Ada Byron", "score": 70, "valueMinor": 120000}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "nul \0"}, "name"),
        ({"email": "not an address"}, "email"),
        ({"email": "two@at@signs.example"}, "email"),
        ({"email": "dotless@domain"}, "email"),
        ({"score": 101}, "score"),
        ({"score": -1}, "score"),
        ({"valueMinor": -1}, "valueMinor"),
        ({"currency": "euro"}, "currency"),
        ({"pipelineId": "p1"}, "pipelineId"),
        ({"notes": "x" * 5001}, "notes"),
    ],
)
async def test_a_bad_value_is_named(tenant, values, field):
    payload = await tenant.mutate("createLead", LEAD, **{"name": "Ada", "source": "EVENT", **values})
    assert payload["lead"] is None
    (error,) = payload["errors"]
    assert error["__typename"] == "InvalidInputError"
    assert error["path"] == ["input", field]


async def test_a_lead_does_not_begin_where_it_ends_nor_elsewhere(tenant, new_tenant):
    async def create(**values: Any) -> list[str]:
        return codes(await tenant.mutate("createLead", LEAD, name="Ada", source="EVENT", **values))

    other = await new_tenant()
    assert await create(stageId=tenant.stages["Won"]) == ["BAD_USER_INPUT"]
    assert await create(stageId=str(uuid4())) == ["STAGE_NOT_FOUND"]
    assert await create(stageId=other.stages["Idea"]) == ["STAGE_NOT_FOUND"]
    assert await create(pipelineId=str(uuid4())) == ["PIPELINE_NOT_FOUND"]
    assert await create(pipelineId=other.pipeline) == ["PIPELINE_NOT_FOUND"]
    assert await create(pipelineId=other.pipeline, stageId=tenant.stages["Idea"]) == ["STAGE_NOT_IN_PIPELINE"]
    assert await create(contactId=str(uuid4())) == ["CONTACT_NOT_FOUND"]
    assert (await tenant.data("{ leads { totalCount } }"))["leads"]["totalCount"] == 0


async def test_without_a_pipeline_there_is_none_to_start_in(crm):
    data = await crm.data(
        'mutation { createLead(input: {name: "Ada", source: EVENT}) { errors { __typename code } } }', tenant=uuid4()
    )
    assert data["createLead"]["errors"] == [{"__typename": "NotFoundError", "code": "NO_DEFAULT_PIPELINE"}]


async def test_open_leads_have_an_email_each_whatever_its_case(tenant, new_tenant):
    first = await tenant.lead(email="ada@byron.example")
    payload = await tenant.mutate("createLead", LEAD, name="Other", source="EVENT", email="ADA@Byron.Example")
    assert codes(payload) == ["DUPLICATE_EMAIL"]
    assert payload["errors"][0]["__typename"] == "ConflictError"
    await (await new_tenant()).lead(email="ada@byron.example")
    lost = await tenant.mutate("moveLead", LEAD, id=first["id"], stageId=tenant.stages["Lost"], lostReason="No budget")
    assert lost["errors"] == []
    second = await tenant.lead(email="ADA@Byron.Example")
    reopened = await tenant.mutate("moveLead", LEAD, id=first["id"], stageId=tenant.stages["Talk"])
    assert codes(reopened) == ["DUPLICATE_EMAIL"]
    third = await tenant.lead(email="other@byron.example")
    changed = await tenant.mutate("updateLead", LEAD, id=third["id"], email=second["email"])
    assert codes(changed) == ["DUPLICATE_EMAIL"]


async def test_it_is_told_that_a_lead_is_new_and_closed_and_each_time_once(tenant):
    lead = await tenant.lead(email="ada@byron.example", valueMinor=1250, currency="JPY")
    for stage, more in (
        ("Talk", {}),
        ("Lost", {"lostReason": "No budget"}),
        ("Lost", {"lostReason": "x"}),
        ("Idea", {}),
    ):
        await tenant.mutate("moveLead", LEAD, id=lead["id"], stageId=tenant.stages[stage], **more)
    async with tenant.crm.database.session(RequestContext.system(tenant.id)) as session:
        statement = text("select name, data from outbox where name in ('crm.lead_created', 'crm.lead_closed')")
        created, closed = await session.rows(statement)
    assert (created.data["lead_id"], created.data["email"], created.data["source"]) == (
        lead["id"],
        "ada@byron.example",
        "website",
    )
    assert (closed.data["status"], closed.data["value"], closed.data["currency"]) == ("lost", "1250", "JPY")


async def test_an_update_changes_what_is_given_and_empties_what_is_null(tenant):
    lead = await tenant.lead(email="ada@byron.example", company="Engines", score=5, notes="first")
    payload = await tenant.mutate(
        "updateLead", "lead { name email company score notes version }", id=lead["id"], score=9, email=None
    )
    assert payload["lead"] == {
        "name": "Ada Byron",
        "email": None,
        "company": "Engines",
        "score": 9,
        "notes": "first",
        "version": 2,
    }
    refused = await tenant.mutate("updateLead", LEAD, id=lead["id"], name=None)
    assert refused["errors"][0]["path"] == ["input", "name"]


async def test_versions_are_checked_if_given(tenant):
    lead = await tenant.lead()
    first = await tenant.mutate("updateLead", LEAD, id=lead["id"], score=1, expectedVersion=1)
    assert first["lead"]["version"] == 2
    for field, values in (
        ("updateLead", {"score": 2}),
        ("moveLead", {"stageId": tenant.stages["Talk"]}),
        ("assignLead", {"assigneeId": str(uuid4())}),
        ("convertLead", {}),
    ):
        payload = await tenant.mutate(field, LEAD, id=lead["id"], expectedVersion=1, **values)
        assert codes(payload) == ["VERSION_CONFLICT"], field
        assert "version 2" in payload["errors"][0]["message"]
    assert codes(await tenant.mutate("deleteLead", "deletedId", id=lead["id"], expectedVersion=1)) == [
        "VERSION_CONFLICT"
    ]
    deleted = await tenant.mutate("deleteLead", "deletedId", id=lead["id"], expectedVersion=2)
    assert deleted["deletedId"] == lead["id"]
    assert codes(await tenant.mutate("deleteLead", "deletedId", id=lead["id"])) == ["LEAD_NOT_FOUND"]


async def test_the_way_of_a_lead(tenant):
    lead = await tenant.lead(email="ada@byron.example")

    async def move(stage: str, **values: Any) -> dict[str, Any]:
        payload: dict[str, Any] = await tenant.mutate(
            "moveLead", LEAD, id=lead["id"], stageId=tenant.stages[stage], **values
        )
        return payload

    assert (await move("Talk"))["lead"]["stage"]["name"] == "Talk"
    assert codes(await move("Won")) == ["CONTACT_REQUIRED"]
    assert codes(await move("Lost")) == ["LOST_REASON_REQUIRED"]
    assert codes(await move("Lost", lostReason="   ")) == ["LOST_REASON_REQUIRED"]
    assert codes(await move("Idea", lostReason="none")) == ["BAD_USER_INPUT"]
    lost = (await move("Lost", lostReason=" No budget "))["lead"]
    assert (lost["status"], lost["lostReason"]) == ("LOST", "No budget")
    assert lost["closedAt"] is not None
    assert codes(await tenant.mutate("convertLead", LEAD, id=lead["id"])) == ["LEAD_CLOSED"]
    assert codes(await tenant.mutate("updateLead", LEAD, id=lead["id"], score=3)) == ["LEAD_CLOSED"]
    assert codes(await move("Won")) == ["LEAD_CLOSED"]
    reopened = (await move("Talk"))["lead"]
    assert (reopened["status"], reopened["lostReason"], reopened["closedAt"]) == ("OPEN", None, None)
    converted = await tenant.mutate("convertLead", LEAD + "contact { email } contactCreated", id=lead["id"])
    assert converted["contactCreated"] is True
    assert converted["lead"]["contact"]["email"] == "ada@byron.example"
    assert converted["lead"]["convertedAt"] is not None
    assert codes(await tenant.mutate("convertLead", LEAD, id=lead["id"])) == ["LEAD_ALREADY_CONVERTED"]
    assert codes(await tenant.mutate("updateLead", LEAD, id=lead["id"], contactId=None)) == ["CONTACT_REQUIRED"]
    won = (await move("Won"))["lead"]
    assert won["status"] == "WON"
    unchanged = (await move("Won"))["lead"]
    assert unchanged["version"] == won["version"]
    assert codes(await move("Lost", lostReason="Changed their mind")) == ["LEAD_CLOSED"]


async def test_a_stage_of_another_pipeline_is_refused(tenant, new_tenant):
    lead = await tenant.lead()
    stages = [{"name": name, "status": name.upper()} for name in ("Open", "Won", "Lost")]
    second = await tenant.mutate("createPipeline", "pipeline { stages { id } }", name="Second", stages=stages)
    stage = second["pipeline"]["stages"][0]["id"]
    assert codes(await tenant.mutate("moveLead", LEAD, id=lead["id"], stageId=stage)) == ["STAGE_NOT_IN_PIPELINE"]
    foreign = (await new_tenant()).stages["Talk"]
    assert codes(await tenant.mutate("moveLead", LEAD, id=lead["id"], stageId=foreign)) == ["STAGE_NOT_FOUND"]


async def test_conversion_finds_the_contact_with_the_same_email(tenant):
    contact = await tenant.contact("Countess Lovelace", email="ADA@byron.example")
    lead = await tenant.lead(email="ada@BYRON.example")
    payload = await tenant.mutate("convertLead", "contact { id name } contactCreated", id=lead["id"])
    assert payload == {
        "contact": {"id": contact["id"], "name": "Countess Lovelace"},
        "contactCreated": False,
        "errors": [],
    }


async def test_conversion_into_a_given_contact(tenant, new_tenant):
    contact = await tenant.contact("Countess Lovelace")
    foreign = await (await new_tenant()).contact()
    lead = await tenant.lead()
    assert codes(await tenant.mutate("convertLead", LEAD, id=lead["id"], contactId=foreign["id"])) == [
        "CONTACT_NOT_FOUND"
    ]
    payload = await tenant.mutate(
        "convertLead", "contact { id } contactCreated", id=lead["id"], contactId=contact["id"]
    )
    assert payload == {"contact": {"id": contact["id"]}, "contactCreated": False, "errors": []}


async def test_a_refused_conversion_leaves_no_contact(tenant):
    lead = await tenant.lead(email="ada@byron.example")
    await tenant.mutate("moveLead", LEAD, id=lead["id"], stageId=tenant.stages["Lost"], lostReason="No budget")
    await tenant.mutate("convertLead", LEAD, id=lead["id"])
    assert (await tenant.data("{ contacts { totalCount } }"))["contacts"]["totalCount"] == 0


async def test_assigning(tenant):
    lead, user = await tenant.lead(), await tenant.member()
    given = await tenant.mutate("assignLead", LEAD, id=lead["id"], assigneeId=user)
    assert (given["lead"]["assignee"], given["lead"]["version"]) == ({"id": user}, 2)
    same = await tenant.mutate("assignLead", LEAD, id=lead["id"], assigneeId=user)
    assert same["lead"]["version"] == 2
    taken = await tenant.mutate("assignLead", LEAD, id=lead["id"], assigneeId=None)
    assert taken["lead"]["assignee"] is None


async def test_fields_beside_a_refused_one_keep_what_they_wrote(tenant):
    data = await tenant.data(
        """mutation {
          a: createContact(input: {name: "A", email: "a@b.example"}) { errors { code } contact { id } }
          b: createContact(input: {name: "B", email: "A@B.example"}) { errors { code } contact { id } }
          c: createContact(input: {name: "C"}) { errors { code } contact { id } }
        }"""
    )
    assert [codes(data[alias]) for alias in "abc"] == [[], ["DUPLICATE_EMAIL"], []]
    names = await tenant.data("{ contacts { edges { node { name } } } }")
    assert [edge["node"]["name"] for edge in names["contacts"]["edges"]] == ["A", "C"]
