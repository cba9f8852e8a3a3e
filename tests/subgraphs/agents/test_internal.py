"""What the Brain and a run's workflow write: idempotent, compared and set, once however often at once."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from subgraphs.agents.domain.values import action_hash

SCORE = {"tool": "recordLeadScore", "risk": "WRITE", "arguments": {"leadId": "l1", "score": 70}, "reason": "Because."}
PAY = {"tool": "payInvoice", "risk": "MONEY", "arguments": {"cents": 100}, "reason": "It is due."}


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


async def test_opening_says_how_to_start_the_workflow(tenant):
    payload = await tenant.open("k1", arguments={"leadId": "l1"}, scopes=["crm:write", "crm:read"])
    assert payload["isNew"]
    assert payload["workflowId"] == f"{tenant.id}:lead_scoring:k1"
    assert payload["workflowInput"] == {
        "tenant": str(tenant.id),
        "run_id": payload["run"]["id"],
        "crew": "lead_scoring",
        "catalogue_version": "1",
        "field": "scoreLead",
        "arguments": {"leadId": "l1"},
        "requested_by": str(tenant.ada),
        "scopes": ["crm:read", "crm:write"],
        "risk": "WRITE",
        "dry_run": False,
        "approval_timeout_s": 86400,
        "budget_micros": 1_000_000,
        "answered_for_by": str(tenant.ada),
    }
    assert (payload["run"]["status"], payload["run"]["phase"]) == ("QUEUED", "RESERVE")


async def test_opening_twice_finds_the_same_run(tenant):
    first, second = await tenant.open("k"), await tenant.open("k")
    assert (first["isNew"], second["isNew"]) == (True, False)
    assert first["run"]["id"] == second["run"]["id"]
    assert (await tenant.open("k", crew="other"))["isNew"]


async def test_opening_at_the_same_time_opens_once(tenant):
    payloads = await asyncio.gather(*(tenant.open("k") for _ in range(12)))
    assert sorted(payload["isNew"] for payload in payloads) == [False] * 11 + [True]
    assert len({payload["run"]["id"] for payload in payloads}) == 1
    data = await tenant.data("{ agentRuns { totalCount edges { node { events { id kind } auditTrail { kind } } } } }")
    assert data["agentRuns"]["totalCount"] == 1
    (edge,) = data["agentRuns"]["edges"]
    assert edge["node"]["events"] == [{"id": "1", "kind": "RUN_OPENED"}]
    assert edge["node"]["auditTrail"] == [{"kind": "RUN_OPENED"}]


@pytest.mark.parametrize("change", [{"arguments": {"leadId": "l2"}}, {"field": "other"}, {"user": uuid4()}])
async def test_a_key_is_good_for_one_request(tenant, change):
    await tenant.open("k")
    payload = await tenant.open("k", **change)
    assert payload["run"] is None
    assert payload["refusal"]["code"] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize(
    "value",
    [
        {"key": "with space"},
        {"key": "x" * 256},
        {"crew": "no/slash"},
        {"arguments": []},
        {"arguments": {"a": "\0"}},
        {"arguments": {"a": "x" * 200_001}},
        {"approvalTimeoutSeconds": 0},
        {"scopes": [""]},
    ],
)
async def test_what_cannot_be_opened(tenant, value):
    given = {"crew": "c", "subgraph": "crm", "field": "f", "key": "k", "risk": "READ", "arguments": {}, **value}
    assert codes(await tenant.mutate("openAgentRun", "run { id }", **given)) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("budget", [-1, 1.5, True, "1", 2**53])
async def test_money_is_whole_and_bounded(tenant, budget):
    given = {"crew": "c", "subgraph": "crm", "field": "f", "key": "k", "risk": "READ", "arguments": {}}
    body = await tenant.agents.call(
        "mutation ($i: OpenAgentRunInput!) { openAgentRun(input: $i) { isNew } }",
        {"i": {**given, "budgetMicros": budget}},
        tenant=tenant.id,
        scopes=["internal"],
    )
    assert [error["extensions"]["code"] for error in body["errors"]] == ["GRAPHQL_VALIDATION_FAILED"]


async def test_only_the_brain_opens_runs(tenant):
    given = {"crew": "c", "subgraph": "crm", "field": "f", "key": "k", "risk": "READ", "arguments": {}}
    everything = ["agents:run", "agents:admin", "agents:write", "agents:approve", "agents:read"]
    body = await tenant.agents.call(
        "mutation ($i: OpenAgentRunInput!) { openAgentRun(input: $i) { isNew } }",
        {"i": given},
        tenant=tenant.id,
        scopes=everything,
    )
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "internal"}


INPUTS: dict[str, dict[str, Any]] = {
    "reportAgentRun": {"seq": 1},
    "proposeAgentActions": {"actions": [SCORE]},
    "recordAgentDecision": {"index": 0, "kind": "APPROVE", "argumentsHash": "x"},
    "recordAgentAction": {"index": 0, "status": "EXECUTING"},
    "reserveAgentBudget": {"micros": 1},
    "recordAgentLlmCall": {
        "callId": "c", "agent": "a", "model": "m", "inputTokens": 1, "outputTokens": 1, "micros": 1
    },
    "settleAgentBudget": {},
}  # fmt: skip


@pytest.mark.parametrize("name", INPUTS)
async def test_a_workflow_writes_for_its_own_run_alone(tenant, name):
    mine, other = await tenant.run(), await tenant.run()
    before = await tenant.data("{ agentRuns { edges { node { id status events { id } } } } }")
    kind = {"recordAgentLlmCall": "LlmCall"}.get(name, name[0].upper() + name[1:]) + "Input"
    query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ errors {{ code }} }} }}"
    for caller in (
        tenant.workflow(mine),
        {"scopes": ["agents:run"]},
        {"scopes": ["agents:admin", "agents:write", "agents:approve"], "claims": {"run": other}},
    ):
        body = await tenant.agents.call(
            query, {"input": {**INPUTS[name], "runId": other}}, tenant=tenant.id, user=tenant.ada, **caller
        )
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN", caller
    assert await tenant.data("{ agentRuns { edges { node { id status events { id } } } } }") == before


@pytest.mark.parametrize("name", INPUTS)
async def test_another_tenants_run_is_not_there(tenant, name, agents):
    run_id = await tenant.run()
    kind = {"recordAgentLlmCall": "LlmCall"}.get(name, name[0].upper() + name[1:]) + "Input"
    query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ errors {{ code }} }} }}"
    for caller in ({"scopes": ["internal"]}, tenant.workflow(run_id)):
        data = await agents.data(query, {"input": {**INPUTS[name], "runId": run_id}}, tenant=uuid4(), **caller)
        assert codes(data[name]) == ["AGENT_RUN_NOT_FOUND"]


async def test_reports_count_once_and_never_back(tenant):
    run_id = await tenant.run()
    me = tenant.workflow(run_id)

    async def says(**values: Any) -> Any:
        return await tenant.mutate(
            "reportAgentRun", "run { status phase progress note endedAt engine { kind model } error { code } result }",
            me, runId=run_id, **values,
        )  # fmt: skip

    first = await says(seq=1, phase="PLAN", progress=0.3, engine={"kind": "LLM", "model": "m"}, note="Planning")
    assert first["run"]["status"] == "RUNNING"
    assert first["run"]["engine"] == {"kind": "LLM", "model": "m"}
    assert (await says(seq=1, phase="EXECUTE", progress=0.9))["run"] == first["run"]
    assert codes(await says(seq=2, phase="RESERVE")) == ["INVALID_TRANSITION"]
    assert codes(await says(seq=2, status="QUEUED")) == ["BAD_USER_INPUT"]
    assert (await says(seq=3, phase="APPROVE", status="WAITING_FOR_APPROVAL"))["run"][
        "status"
    ] == "WAITING_FOR_APPROVAL"
    assert (await says(seq=4, status="RUNNING", phase="EXECUTE"))["run"]["status"] == "RUNNING"
    over = await says(seq=9, status="SUCCEEDED", result={"score": 7})
    assert (over["run"]["status"], over["run"]["phase"], over["run"]["progress"]) == ("SUCCEEDED", "DONE", 1.0)
    assert over["run"]["endedAt"]
    assert (await says(seq=9, status="FAILED"))["run"] == over["run"]
    assert codes(await says(seq=10, status="FAILED")) == ["AGENT_RUN_OVER"]
    (event,) = await tenant.told("agents.approval_requested")
    assert (event["run_id"], event["crew"], event["actions"]) == (run_id, "lead_scoring", 0)


async def test_the_same_report_at_the_same_time_is_one_event(tenant):
    run_id = await tenant.run()
    await asyncio.gather(
        *(tenant.mutate("reportAgentRun", "run { id }", runId=run_id, seq=1, phase="PLAN") for _ in range(8))
    )
    data = await tenant.data(
        "query ($id: ID!) { agentRun(id: $id) { events { kind } auditTrail { kind } } }", {"id": run_id}
    )
    assert [event["kind"] for event in data["agentRun"]["events"]] == ["RUN_OPENED", "RUN_REPORTED"]
    assert [entry["kind"] for entry in data["agentRun"]["auditTrail"]] == ["RUN_OPENED", "RUN_REPORTED"]


ACTION = (
    "action { index status argumentsHash arguments proposedArguments decision { kind by { id } note } outcome } changed"
)


async def proposed(tenant: Any, *actions: dict[str, Any], **values: Any) -> str:
    run_id: str = await tenant.run(**{"risk": "MONEY", **values})
    payload = await tenant.mutate(
        "proposeAgentActions", "actions { index argumentsHash }", runId=run_id, actions=actions
    )
    assert payload["actions"] == [
        {"index": index, "argumentsHash": action_hash(action["tool"], action["arguments"])}
        for index, action in enumerate(actions)
    ]
    return run_id


async def test_proposals_are_made_once(tenant):
    run_id = await proposed(tenant, SCORE, PAY)
    again = await tenant.mutate("proposeAgentActions", "actions { index }", runId=run_id, actions=[SCORE, PAY])
    assert [action["index"] for action in again["actions"]] == [0, 1]
    assert again["errors"] == []
    for other in ([SCORE], [SCORE, {**PAY, "arguments": {"cents": 101}}], [PAY, SCORE], []):
        payload = await tenant.mutate("proposeAgentActions", "actions { index }", runId=run_id, actions=other)
        assert codes(payload) == ["PROPOSAL_CHANGED"]


@pytest.mark.parametrize("by", ["workflow", "brain"])
@pytest.mark.parametrize(("risk", "worse"), [("READ", SCORE), ("READ", PAY), ("WRITE", PAY)])
async def test_the_risk_of_a_run_is_the_worst_that_it_proposes(tenant, by, risk, worse):
    run_id = await tenant.run(risk=risk)
    caller = tenant.workflow(run_id) if by == "workflow" else None
    fits = {"tool": "look", "risk": "READ", "arguments": {}, "reason": "To know."}
    query = "query ($id: ID!) { agentRun(id: $id) { actions { index } auditTrail { kind actor data } } }"
    payload = await tenant.mutate(
        "proposeAgentActions", "actions { index }", caller, runId=run_id, actions=[fits, worse, fits]
    )
    assert codes(payload) == ["AGENT_RISK_EXCEEDED"]
    run = (await tenant.data(query, {"id": run_id}))["agentRun"]
    assert run["actions"] == [], "also not what would have been allowed"
    assert [(entry["kind"], entry["actor"]) for entry in run["auditTrail"]][1:] == [("PROPOSAL_REFUSED", "workflow")]
    assert worse["tool"] in run["auditTrail"][-1]["data"]["message"]
    payload = await tenant.mutate("proposeAgentActions", "actions { index }", caller, runId=run_id, actions=[fits])
    assert payload == {"actions": [{"index": 0}], "errors": []}
    later = await tenant.mutate(
        "proposeAgentActions", "actions { index }", caller, runId=run_id, actions=[worse], after=1
    )
    assert codes(later) == ["AGENT_RISK_EXCEEDED"], "nor in a later step"


async def test_later_steps_propose_behind_the_earlier_ones(tenant):
    run_id = (await tenant.open("k", risk="MONEY"))["run"]["id"]
    wanted = "actions { index tool }"
    first = await tenant.mutate("proposeAgentActions", wanted, runId=run_id, actions=[SCORE, PAY])
    for _ in range(2):
        later = await tenant.mutate("proposeAgentActions", wanted, runId=run_id, actions=[SCORE], after=2)
        assert later["actions"] == [{"index": 2, "tool": "recordLeadScore"}]
    assert [action["index"] for action in first["actions"]] == [0, 1]
    data = await tenant.data("query ($id: ID!) { agentRun(id: $id) { actions { index } } }", {"id": run_id})
    assert [action["index"] for action in data["agentRun"]["actions"]] == [0, 1, 2]
    for after, code in (
        (2, "PROPOSAL_CHANGED"),
        (0, "PROPOSAL_CHANGED"),
        (9, "BAD_USER_INPUT"),
        (-1, "BAD_USER_INPUT"),
    ):
        payload = await tenant.mutate("proposeAgentActions", wanted, runId=run_id, actions=[PAY], after=after)
        assert codes(payload) == [code], after


async def test_without_the_right_to_act_nothing_is_spent_or_carried_out(tenant):
    run_id = await proposed(tenant, SCORE)
    silenced = {"scopes": ["agents:run"], "claims": {"run": run_id}}
    hash_ = action_hash(SCORE["tool"], SCORE["arguments"])
    payload = await tenant.mutate(
        "recordAgentDecision", ACTION, silenced, runId=run_id, index=0, kind="APPROVE", argumentsHash=hash_
    )
    assert payload["errors"] == []
    payload = await tenant.mutate("recordAgentAction", ACTION, silenced, runId=run_id, index=0, status="EXECUTING")
    assert codes(payload) == ["AGENT_RIGHTS_WITHDRAWN"]
    payload = await tenant.mutate("reserveAgentBudget", "refusal { code }", silenced, runId=run_id, micros=5)
    assert payload["refusal"] == {"code": "AGENT_RIGHTS_WITHDRAWN"}
    payload = await tenant.mutate(
        "reportAgentRun", "run { status }", silenced, runId=run_id, seq=9, status="FAILED",
        error={"code": "AGENT_RIGHTS_WITHDRAWN", "message": "No."},
    )  # fmt: skip
    assert payload["run"] == {"status": "FAILED"}, "how it ended is written down"


STANDING = "query ($id: ID!) { agentRunStanding(id: $id) { crew scopes requestedBy answeredForBy isOver } }"


async def test_what_a_run_was_opened_with_is_for_the_brain_alone(tenant, agents):
    run_id = await tenant.run(scopes=["crm:write", "crm:read"])
    brain = {"scopes": ["internal"], "user": None}
    found = (await tenant.data(STANDING, {"id": run_id}, **brain))["agentRunStanding"]
    assert found == {
        "crew": "lead_scoring", "scopes": ["crm:read", "crm:write"], "requestedBy": str(tenant.ada),
        "answeredForBy": str(tenant.ada), "isOver": False,
    }  # fmt: skip
    assert (await agents.data(STANDING, {"id": run_id}, tenant=uuid4(), **brain))["agentRunStanding"] is None
    for scopes in (["agents:run", "agents:act"], ["agents:admin", "agents:read"]):
        body = await agents.call(STANDING, {"id": run_id}, tenant=tenant.id, user=tenant.ada, scopes=scopes)
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_an_action_is_carried_out_once(tenant):
    run_id = await proposed(tenant, SCORE)
    hash_ = action_hash(SCORE["tool"], SCORE["arguments"])

    async def becomes(status: str, **values: Any) -> Any:
        return await tenant.mutate("recordAgentAction", ACTION, runId=run_id, index=0, status=status, **values)

    assert codes(await becomes("EXECUTING")) == ["INVALID_TRANSITION"]
    for status in ("APPROVED", "REJECTED", "EXPIRED", "PROPOSED", "DONE"):
        payload = await becomes(status)
        assert codes(payload) == ([] if status == "PROPOSED" else ["INVALID_TRANSITION"])
        assert not payload["changed"]
    decided = await tenant.mutate(
        "recordAgentDecision", ACTION, runId=run_id, index=0, kind="APPROVE", argumentsHash=hash_
    )
    assert (decided["action"]["status"], decided["changed"]) == ("APPROVED", True)
    assert decided["action"]["decision"] == {"kind": "APPROVE", "by": None, "note": None}
    again = await tenant.mutate(
        "recordAgentDecision", ACTION, runId=run_id, index=0, kind="APPROVE", argumentsHash=hash_
    )
    assert (again["action"], again["changed"]) == (decided["action"], False)
    begun = await asyncio.gather(*(becomes("EXECUTING") for _ in range(8)))
    assert sorted(payload["changed"] for payload in begun) == [False] * 7 + [True]
    ended = await asyncio.gather(*(becomes("DONE", outcome={"n": n}) for n in range(4)))
    assert sum(payload["changed"] for payload in ended) == 1
    assert len({payload["action"]["outcome"]["n"] for payload in ended}) == 1
    assert codes(await becomes("FAILED")) == ["INVALID_TRANSITION"]


async def test_what_no_person_decided_is_not_decided(tenant):
    """A workflow, or whoever speaks for one, cannot make up a person's decision."""
    run_id = await proposed(tenant, PAY, {**SCORE, "readUntrusted": True}, SCORE)
    hashes = [action_hash(PAY["tool"], PAY["arguments"])] + [action_hash(SCORE["tool"], SCORE["arguments"])] * 2
    for index in (0, 1):
        for by in (None, str(tenant.ben), str(tenant.ada)):
            payload = await tenant.mutate(
                "recordAgentDecision", ACTION, tenant.workflow(run_id),
                runId=run_id, index=index, kind="APPROVE", argumentsHash=hashes[index], by=by,
            )  # fmt: skip
            own_money = index == 0 and by == str(tenant.ada)
            assert codes(payload) == ["OWN_MONEY_ACTION" if own_money else "APPROVAL_REQUIRED"], by
    payload = await tenant.mutate(
        "recordAgentDecision", ACTION, runId=run_id, index=2, kind="EDIT", argumentsHash=hashes[2], editedArguments={}
    )
    assert codes(payload) == ["APPROVAL_REQUIRED"]
    payload = await tenant.mutate(
        "recordAgentDecision", ACTION, runId=run_id, index=2, kind="APPROVE", argumentsHash="x"
    )
    assert codes(payload) == ["ARGUMENTS_CHANGED"]
    await tenant.mutate("reportAgentRun", "run { id }", runId=run_id, seq=1, readUntrusted=True)
    payload = await tenant.mutate(
        "recordAgentDecision", ACTION, runId=run_id, index=2, kind="APPROVE", argumentsHash=hashes[2]
    )
    assert codes(payload) == ["APPROVAL_REQUIRED"]


async def test_time_that_is_over_never_approves(tenant):
    run_id = await proposed(tenant, PAY)
    payload = await tenant.mutate("recordAgentDecision", ACTION, runId=run_id, index=0, expired=True)
    assert (payload["action"]["status"], payload["action"]["decision"]) == ("EXPIRED", None)
    assert codes(await tenant.mutate("recordAgentAction", ACTION, runId=run_id, index=0, status="EXECUTING")) == [
        "INVALID_TRANSITION"
    ]
    payload = await tenant.mutate(
        "recordAgentDecision",
        ACTION,
        runId=run_id,
        index=0,
        kind="REJECT",
        argumentsHash=action_hash(PAY["tool"], PAY["arguments"]),
    )
    assert codes(payload) == ["ALREADY_DECIDED"]


async def test_a_dry_run_carries_nothing_out(tenant):
    run_id = await proposed(tenant, SCORE, dryRun=True)
    await tenant.mutate(
        "recordAgentDecision",
        ACTION,
        runId=run_id,
        index=0,
        kind="APPROVE",
        argumentsHash=action_hash(SCORE["tool"], SCORE["arguments"]),
    )
    assert codes(await tenant.mutate("recordAgentAction", ACTION, runId=run_id, index=0, status="EXECUTING")) == [
        "DRY_RUN"
    ]
    payload = await tenant.mutate("recordAgentAction", ACTION, runId=run_id, index=0, status="SKIPPED")
    assert payload["action"]["status"] == "SKIPPED"


async def test_a_run_that_has_ended_leaves_nothing_open(tenant):
    run_id = await proposed(tenant, SCORE, PAY)
    await tenant.mutate("reserveAgentBudget", "granted", runId=run_id, micros=500)
    payload = await tenant.mutate(
        "reportAgentRun", "run { actions { status } cost { reservedMicros } }", runId=run_id, seq=1, status="CANCELLED"
    )
    assert payload["run"] == {"actions": [{"status": "SKIPPED"}] * 2, "cost": {"reservedMicros": 0}}
    assert codes(await tenant.mutate("proposeAgentActions", "actions { index }", runId=run_id, actions=[SCORE])) == [
        "PROPOSAL_CHANGED"
    ]


BUDGET = "granted warned refusal { code } run { cost { budgetMicros reservedMicros spentMicros } }"


async def test_money_is_reserved_recorded_and_settled_once(tenant):
    run_id = await tenant.run(budgetMicros=1000)

    async def reserve(micros: int, call: str | None = None) -> Any:
        return await tenant.mutate("reserveAgentBudget", BUDGET, runId=run_id, micros=micros, callId=call)

    async def record(call: str, micros: int) -> Any:
        return await tenant.mutate(
            "recordAgentLlmCall", "call { micros } run { cost { reservedMicros spentMicros } }",
            runId=run_id, callId=call, agent="a", model="m", inputTokens=10, outputTokens=5, micros=micros,
        )  # fmt: skip

    payload = await reserve(600)
    assert payload["run"]["cost"] == {"budgetMicros": 1000, "reservedMicros": 600, "spentMicros": 0}
    assert (await reserve(600))["run"]["cost"]["reservedMicros"] == 600
    for _ in range(2):
        assert (await reserve(400, "c1"))["run"]["cost"]["reservedMicros"] == 600
    assert codes(await reserve(401, "c1")) == ["CALL_CHANGED"]
    assert (await reserve(500, "c2"))["run"]["cost"]["reservedMicros"] == 900
    refused = await reserve(101, "c3")
    assert (refused["granted"], refused["refusal"]) == (False, {"code": "BUDGET_EXHAUSTED"})
    for _ in range(2):
        assert (await record("c1", 300))["run"]["cost"] == {"reservedMicros": 600, "spentMicros": 300}
    assert codes(await record("c1", 301)) == ["CALL_CHANGED"]
    for _ in range(2):
        payload = await tenant.mutate("settleAgentBudget", "run { cost { reservedMicros spentMicros } }", runId=run_id)
        assert payload["run"]["cost"] == {"reservedMicros": 0, "spentMicros": 300}
    assert (await reserve(1, "c4"))["refusal"] == {"code": "AGENT_RUN_OVER"}
    assert (await record("c2", 200))["run"]["cost"] == {"reservedMicros": 0, "spentMicros": 500}


async def test_runs_at_the_same_time_share_one_budget(tenant, agents):
    """Twenty runs want 100 each of 1000: ten get it, whatever the order."""
    from resolvers.context import RequestContext
    from subgraphs.agents.domain.budgets import Limit
    from subgraphs.agents.repository import budgets
    from subgraphs.agents.usecases.work import Work

    async with agents.database.session(RequestContext.system(tenant.id)) as session:
        work = Work(session)
        await budgets.set_limit(session, budgets.LimitRow("", Limit(1000), 1, None, work.now))
    run_ids = [await tenant.run() for _ in range(20)]
    payloads = await asyncio.gather(
        *(tenant.mutate("reserveAgentBudget", BUDGET, runId=run_id, micros=100) for run_id in run_ids)
    )
    assert sorted(payload["granted"] for payload in payloads) == [False] * 10 + [True] * 10
    assert {payload["warned"] for payload in payloads} == {False, True}
    await asyncio.gather(*(tenant.mutate("settleAgentBudget", "run { id }", runId=run_id) for run_id in run_ids))
    more = await tenant.run()
    assert (await tenant.mutate("reserveAgentBudget", BUDGET, runId=more, micros=1000))["granted"]


async def test_what_a_crew_was_refused_is_in_its_runs_story(tenant):
    run_id = await tenant.run()
    refusals = [
        {"tool": "export_contacts", "reason": "it is not one of this task's tools"},
        {"tool": "x", "reason": "y"},
    ]
    given = {"runId": run_id, "task": "score", "attempt": 1, "refusals": refusals}
    for _ in range(2):
        payload = await tenant.mutate("recordAgentRefusals", "run { id }", tenant.workflow(run_id), **given)
        assert payload == {"run": {"id": run_id}, "errors": []}
    await tenant.mutate("recordAgentRefusals", "run { id }", **{**given, "attempt": 2, "refusals": refusals[:1]})
    query = "query ($id: ID!) { agentRun(id: $id) { events { kind data } auditTrail { kind actor data } } }"
    run = (await tenant.data(query, {"id": run_id}))["agentRun"]
    told = [event["data"] for event in run["events"] if event["kind"] == "TOOL_REFUSED"]
    first = {"task": "score", "attempt": 1}
    assert told == [{**first, **refusals[0]}, {**first, **refusals[1]}, {"task": "score", "attempt": 2, **refusals[0]}]
    entries = [entry for entry in run["auditTrail"] if entry["kind"] == "TOOL_REFUSED"]
    assert [entry["data"] for entry in entries] == told
    assert {entry["actor"] for entry in entries} == {"workflow"}


@pytest.mark.parametrize(
    "value",
    [{"refusals": []}, {"refusals": [{"tool": " ", "reason": "r"}]}, {"refusals": [{"tool": "t", "reason": "r" * 501}]},
     {"refusals": [{"tool": "t", "reason": "r"}] * 51}, {"task": "no task"}],
)  # fmt: skip
async def test_refusals_that_cannot_be_written_down(tenant, value):
    run_id = await tenant.run()
    given = {"runId": run_id, "task": "score", "attempt": 1, "refusals": [{"tool": "t", "reason": "r"}], **value}
    payload = await tenant.mutate("recordAgentRefusals", "run { id }", **given)
    assert codes(payload) == ["BAD_USER_INPUT"]


async def test_who_writes_down_refusals(tenant):
    run_id, other = await tenant.run(), await tenant.run()
    query = "mutation ($input: RecordAgentRefusalsInput!) { recordAgentRefusals(input: $input) { errors { code } } }"
    given = {"runId": run_id, "task": "score", "attempt": 1, "refusals": [{"tool": "t", "reason": "r"}]}
    for caller in (tenant.workflow(other), {"scopes": ["agents:admin", "agents:write"]}):
        body = await tenant.agents.call(query, {"input": given}, tenant=tenant.id, **caller)
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    theirs = type(tenant)(tenant.agents)
    payload = await theirs.mutate("recordAgentRefusals", "run { id }", **given)
    assert codes(payload) == ["AGENT_RUN_NOT_FOUND"]
