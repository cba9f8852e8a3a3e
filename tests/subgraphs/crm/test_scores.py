"""Scores of leads: by people and by agent runs, over HTTP to a real database."""

import asyncio
from uuid import uuid4

import pytest

from resolvers.demo import demo_id
from subgraphs.crm.domain import LeadGrade, grade_of
from tests.subgraphs.conftest import ALL_SCOPES

SCORED = "lead { id score version scoring { value grade reasons engine model runId scoredBy { id } } }"


def codes(payload):
    return [error["code"] for error in payload["errors"]]


def as_run(run, **values):
    return {"claims": {"run": run, **values}, "scopes": [*ALL_SCOPES, "agents:run"]}


async def record(tenant, lead, caller=None, **values):
    query = (
        f"mutation ($input: RecordLeadScoreInput!) {{ recordLeadScore(input: $input) {{ {SCORED}"
        " errors { code message ... on InvalidInputError { path } } } }"
    )
    wanted = {"leadId": lead, "value": 72, "reasons": ["Asked for a quote."], **values}
    return (await tenant.data(query, {"input": wanted}, **(caller or {})))["recordLeadScore"]


def test_grades_have_no_gaps():
    grades = [grade_of(value) for value in range(101)]
    assert [grades.index(grade) for grade in (LeadGrade.D, LeadGrade.C, LeadGrade.B, LeadGrade.A)] == [0, 40, 60, 80]
    assert sorted(grades, key=lambda grade: grade.value, reverse=True) == grades


async def test_a_person_records_a_score(tenant):
    lead = await tenant.lead(score=5)
    payload = await record(tenant, lead["id"], reasons=["  Large company. ", "Called us."])
    assert payload["errors"] == []
    assert payload["lead"] == {
        "id": lead["id"],
        "score": 72,
        "version": 2,
        "scoring": {
            "value": 72,
            "grade": "B",
            "reasons": ["Large company.", "Called us."],
            "engine": "PERSON",
            "model": None,
            "runId": None,
            "scoredBy": {"id": str(demo_id("acme", "user", "ada"))},
        },
    }
    assert (await record(tenant, lead["id"], value=90))["lead"]["scoring"]["grade"] == "A"


async def test_a_run_records_once_however_often_it_is_told(tenant):
    lead, run = await tenant.lead(), str(uuid4())
    answers = await asyncio.gather(
        *(record(tenant, lead["id"], as_run(run), engine="PLAYBOOK", value=value) for value in (61, 62, 63))
    )
    scorings = [answer["lead"]["scoring"] for answer in answers]
    assert scorings[0] == scorings[1] == scorings[2]
    assert scorings[0]["runId"] == run
    assert {answer["lead"]["version"] for answer in answers} == {2}
    another = await record(tenant, lead["id"], as_run(str(uuid4())), engine="LLM", model="gpt-4.1-mini", value=10)
    assert another["lead"]["scoring"]["model"] == "gpt-4.1-mini"
    assert another["lead"]["scoring"]["grade"] == "D"


@pytest.mark.parametrize(
    ("values", "run", "field"),
    [
        ({"value": 101}, False, "value"),
        ({"value": -1}, False, "value"),
        ({"reasons": []}, False, "reasons"),
        ({"reasons": [" "]}, False, "reasons"),
        ({"reasons": ["x" * 301]}, False, "reasons"),
        ({"reasons": ["x"] * 21}, False, "reasons"),
        ({"engine": "LLM", "model": "gpt"}, False, "engine"),
        ({"engine": "PLAYBOOK"}, False, "engine"),
        ({"engine": "PERSON"}, True, "engine"),
        ({"engine": "LLM"}, True, "model"),
        ({"engine": "PLAYBOOK", "model": "gpt"}, True, "model"),
        ({"leadId": "x"}, False, "leadId"),
    ],
)
async def test_a_bad_value_is_named_and_nothing_is_kept(tenant, values, run, field):
    lead = await tenant.lead(score=3)
    caller = as_run(str(uuid4())) if run else None
    payload = await record(tenant, lead["id"], caller, **values)
    assert payload["lead"] is None
    (error,) = payload["errors"]
    assert error["path"] == ["input", field]
    again = await tenant.data(f'{{ lead(id: "{lead["id"]}") {{ score version scoring {{ value }} }} }}')
    assert again["lead"] == {"score": 3, "version": 1, "scoring": None}


async def test_a_closed_lead_a_stale_version_and_another_tenants_lead_are_refused(tenant, new_tenant):
    lead = await tenant.lead()
    assert codes(await record(tenant, lead["id"], expectedVersion=7)) == ["VERSION_CONFLICT"]
    moved = await tenant.mutate("moveLead", "lead { id }", id=lead["id"], stageId=tenant.stages["Lost"], lostReason="x")
    assert moved["errors"] == []
    assert codes(await record(tenant, lead["id"])) == ["LEAD_CLOSED"]
    other = await new_tenant()
    theirs = await other.lead()
    assert codes(await record(tenant, theirs["id"], as_run(str(uuid4())), engine="PLAYBOOK")) == ["LEAD_NOT_FOUND"]


async def test_the_scores_of_a_page_of_leads_are_one_statement(tenant, crm):
    for number in range(5):
        lead = await tenant.lead(name=f"Lead {number}")
        await record(tenant, lead["id"], value=number)
    with crm.count_statements() as statements:
        data = await tenant.data("{ leads { edges { node { scoring { value } } } } }")
    assert [edge["node"]["scoring"]["value"] for edge in data["leads"]["edges"]] == [4, 3, 2, 1, 0]
    assert len(statements) == 2


SCORE = """mutation ($id: ID!) { scoreLead(input: {leadId: $id}) {
  run { id } lead { id score scoring { value } } errors { code } } }"""


async def test_a_run_that_is_only_asked_for_records_nothing(tenant):
    lead = await tenant.lead()
    beside = {"claims": {"run": str(uuid4())}}
    payload = await record(tenant, lead["id"], beside, engine="LLM", model="gpt-4.1-mini")
    assert (payload["lead"], codes(payload)) == (None, ["BAD_USER_INPUT"])
    payload = await record(tenant, lead["id"], beside)
    assert (payload["lead"]["scoring"]["engine"], payload["lead"]["scoring"]["runId"]) == ("PERSON", None)


async def test_a_lead_is_judged_in_a_run_only(tenant, new_tenant):
    lead, run = await tenant.lead(score=4), str(uuid4())
    refused = await tenant.crm.call(SCORE, {"id": lead["id"]}, tenant=tenant.id)
    assert refused["errors"][0]["extensions"]["code"] == "AGENT_RUN_REQUIRED"
    data = await tenant.data(SCORE, {"id": lead["id"]}, **as_run(run))
    assert data["scoreLead"] == {
        "run": {"id": run},
        "lead": {"id": lead["id"], "score": 4, "scoring": None},
        "errors": [],
    }
    await record(tenant, lead["id"], as_run(run), engine="PLAYBOOK", value=55)
    data = await tenant.data(SCORE, {"id": lead["id"]}, **as_run(run))
    assert data["scoreLead"]["lead"] == {"id": lead["id"], "score": 55, "scoring": {"value": 55}}
    other = await new_tenant()
    theirs = await other.lead()
    data = await tenant.data(SCORE, {"id": theirs["id"]}, **as_run(run))
    assert data["scoreLead"] == {"run": {"id": run}, "lead": None, "errors": [{"code": "LEAD_NOT_FOUND"}]}


async def test_the_directive_says_which_crew_stands_behind_it(crm):
    sdl = (await crm.data("{ _service { sdl } }"))["_service"]["sdl"]
    assert '@agent(crew: "lead_scoring", risk: WRITE, waitSeconds: 5)' in sdl
