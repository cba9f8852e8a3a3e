"""The field behind which the crews of integrations stand."""

from typing import Any

RUN_INTEGRATION = """
mutation ($input: RunIntegrationAgentInput!) { runIntegrationAgent(input: $input) {
  run { id crew risk } report { summary findings data } errors { code ... on InvalidInputError { path } }
} }
"""


async def report(tenant: Any, run: str, seq: int, **values: Any) -> None:
    payload = await tenant.mutate(
        "reportAgentRun", "run { id }", caller=tenant.workflow(run), runId=run, seq=seq, **values
    )
    assert payload["errors"] == []


async def test_an_integration_s_crew_reports_what_it_read(tenant):
    run = await tenant.run(
        crew="integration_stripe", subgraph="agents", field="runIntegrationAgent", risk="MONEY", arguments={}
    )
    caller = {"scopes": ["agents:read", "agents:write"], "claims": {"run": run}}
    given = {"integration": "stripe", "goal": "See.", "operation": "list_charges", "arguments": {"customer": "cus_1"}}
    before = (await tenant.data(RUN_INTEGRATION, {"input": given}, **caller))["runIntegrationAgent"]
    assert before == {"run": {"id": run, "crew": "integration_stripe", "risk": "MONEY"}, "report": None, "errors": []}
    result = {"summary": "Read.", "findings": ["1 items"], "proposals": {}, "data": [{"id": "ch_1"}]}
    await report(tenant, run, 1, status="RUNNING", phase="PLAN")
    await report(tenant, run, 2, status="SUCCEEDED", phase="DONE", result=result)
    after = (await tenant.data(RUN_INTEGRATION, {"input": given}, **caller))["runIntegrationAgent"]
    assert after["report"] == {"summary": "Read.", "findings": ["1 items"], "data": [{"id": "ch_1"}]}
    for wrong, path in (
        ({"arguments": [1]}, "arguments"),
        ({"goal": " "}, "goal"),
        ({"integration": ""}, "integration"),
    ):
        payload = (await tenant.data(RUN_INTEGRATION, {"input": {**given, **wrong}}, **caller))["runIntegrationAgent"]
        assert payload["errors"][0]["code"] == "BAD_USER_INPUT", payload
        assert path in str(payload["errors"])
