"""Fields of agents behind which crews stand."""

from typing import Any
from uuid import uuid4

ANALYSE = """
mutation { analyseTenant {
  run { id status crew } report { summary findings figures { name value source } } errors { code }
} }
"""
REPORT = {
    "summary": "All is counted.",
    "findings": ["7 open leads."],
    "figures": [{"name": "open leads", "value": 7.0, "source": "leads"}],
}


async def report(tenant: Any, run: str, seq: int, **values: Any) -> None:
    payload = await tenant.mutate(
        "reportAgentRun", "run { id }", caller=tenant.workflow(run), runId=run, seq=seq, **values
    )
    assert payload["errors"] == []


async def test_the_report_is_there_when_the_run_has_succeeded(tenant):
    run = await tenant.run(crew="tenant_analyst", subgraph="agents", field="analyseTenant", risk="READ", arguments={})
    caller = {"claims": {"run": run}}
    scopes = ["agents:read", "agents:write"]
    before = (await tenant.data(ANALYSE, scopes=scopes, **caller))["analyseTenant"]
    assert before == {"run": {"id": run, "status": "QUEUED", "crew": "tenant_analyst"}, "report": None, "errors": []}
    await report(tenant, run, 1, status="RUNNING", phase="PLAN")
    await report(tenant, run, 2, status="SUCCEEDED", phase="DONE", result=REPORT)
    after = (await tenant.data(ANALYSE, scopes=scopes, **caller))["analyseTenant"]
    assert after["run"]["status"] == "SUCCEEDED"
    assert after["report"] == REPORT


async def test_it_needs_a_run_of_the_tenant_and_the_scope(tenant, agents):
    run = await tenant.run(crew="tenant_analyst", subgraph="agents", field="analyseTenant", risk="READ", arguments={})
    scopes = ["agents:write"]
    refused = await agents.call(ANALYSE, tenant=tenant.id, scopes=scopes)
    assert refused["errors"][0]["extensions"]["code"] == "AGENT_RUN_REQUIRED"
    refused = await agents.call(ANALYSE, tenant=tenant.id, scopes=["agents:read"], claims={"run": run})
    assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "agents:write"}
    for other, named in ((uuid4(), run), (tenant.id, str(uuid4()))):
        found = await agents.call(ANALYSE, tenant=other, scopes=scopes, claims={"run": named})
        assert found["data"] is None or found["data"]["analyseTenant"]["errors"] == [{"code": "AGENT_RUN_NOT_FOUND"}]


ANSWER = """
mutation ($question: String!) { answerSupportQuestion(input: {question: $question}) {
  run { id } answer { answered answer citations { documentId title quote } }
  errors { code ... on InvalidInputError { path } }
} }
"""


async def test_an_answer_is_there_with_what_it_rests_on(tenant):
    run = await tenant.run(crew="support_answer", subgraph="agents", field="answerSupportQuestion", risk="READ")
    caller = {"scopes": ["agents:write"], "claims": {"run": run}}
    citation = {"documentId": "d", "title": "Returns", "quote": "Within 30 days."}
    result = {"answered": True, "answer": "Within 30 days.", "citations": [citation]}
    await report(tenant, run, 1, status="SUCCEEDED", phase="DONE", result=result)
    found = (await tenant.data(ANSWER, {"question": "Until when?"}, **caller))["answerSupportQuestion"]
    assert found == {"run": {"id": run}, "answer": result, "errors": []}
    refused = (await tenant.data(ANSWER, {"question": " "}, **caller))["answerSupportQuestion"]
    assert refused["errors"] == [{"code": "BAD_USER_INPUT", "path": ["input", "question"]}]


async def test_remedies_are_told_when_they_are_done(tenant):
    heal = "mutation { healIncident { run { id } report { summary forPeople } errors { code } } }"
    run = await tenant.run(crew="incident_healer", subgraph="agents", field="healIncident", arguments={})
    caller = {"scopes": ["agents:write"], "claims": {"run": run}}
    found = (await tenant.data(heal, **caller))["healIncident"]
    assert found == {"run": {"id": run}, "report": None, "errors": []}
    result = {"summary": "Nothing is wrong.", "retry": [], "cancel": [], "stop": [], "forPeople": []}
    await report(tenant, run, 1, status="SUCCEEDED", phase="DONE", result=result)
    found = (await tenant.data(heal, **caller))["healIncident"]
    assert found["report"] == {"summary": "Nothing is wrong.", "forPeople": []}
