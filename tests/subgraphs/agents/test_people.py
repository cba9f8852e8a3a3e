"""What people do with runs, with a real Temporal behind the subgraph and a workflow that speaks as a run's does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from subgraphs.agents.domain.values import action_hash

REFUND = {"payment_intent": "pi_1", "amount": 100}
PAY = {"tool": "create_refund", "risk": "MONEY", "arguments": REFUND, "reason": "It is due."}
HASH = action_hash("create_refund", REFUND)
SCORED = {"leadId": "l1", "value": 70, "reasons": ["Why not."], "engine": "PLAYBOOK", "model": None}
SCORE = {
    "tool": "record_lead_score", "risk": "WRITE", "arguments": SCORED, "reason": "So it is.", "readUntrusted": True
}  # fmt: skip
DECIDE = """
mutation ($input: DecideAgentActionInput!) {
  decideAgentAction(input: $input) {
    errors { code message ... on InvalidInputError { path } }
    run { status }
    action { status arguments proposedArguments editedBy { id } editableArguments decision { kind by { id } note } }
  }
}
"""
CANCEL = "mutation ($id: ID!) { cancelAgentRun(input: {id: $id}) { errors { code } run { status } } }"
RETRY = """
mutation ($id: ID!) {
  retryAgentRun(input: {id: $id}) { errors { code } refusal { code } run { id status retryOf requestedBy { id } } }
}
"""


@workflow.defn(name="AgentRun")
class WaitingRun:
    """Proposes one payment, waits for the decision or the cancellation, and says what came of it."""

    def __init__(self) -> None:
        self.decision: dict[str, Any] | None = None
        self.is_cancelled = False

    async def says(self, name: str, **values: Any) -> None:
        await workflow.execute_activity(
            "says",
            args=[self.run_input, name, values],
            schedule_to_close_timeout=timedelta(seconds=20),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )

    @workflow.run
    async def run(self, run_input: dict[str, Any]) -> str:
        self.run_input = run_input
        if workflow.info().priority.fairness_key != run_input["tenant"]:
            raise ApplicationError("Without its tenant as fairness key a run has no turn.", non_retryable=True)
        await self.says("proposeAgentActions", actions=[PAY if run_input["risk"] == "MONEY" else SCORE])
        await self.says("reportAgentRun", seq=1, phase="APPROVE", status="WAITING_FOR_APPROVAL")
        await workflow.wait_condition(lambda: self.decision is not None or self.is_cancelled)
        await workflow.wait_condition(workflow.all_handlers_finished)
        status = "CANCELLED" if self.is_cancelled else "REJECTED" if self.decision["kind"] == "REJECT" else "SUCCEEDED"
        await self.says("reportAgentRun", seq=2, status=status)
        return status

    @workflow.update
    async def decide(self, decision: dict[str, Any]) -> None:
        if decision["kind"] != "EDIT" or self.run_input["risk"] != "MONEY":
            self.decision = decision
        await self.says(
            "recordAgentDecision",
            index=decision["index"],
            kind=decision["kind"],
            by=decision["actor"]["user_id"],
            argumentsHash=decision["arguments_hash"],
            editedArguments=decision["edited_arguments"],
            note=decision["note"],
        )

    @decide.validator
    def check(self, decision: dict[str, Any]) -> None:
        if self.decision is not None:
            raise ApplicationError("Too late.", type="ALREADY_DECIDED", non_retryable=True)
        if decision["note"] == "objectionable":
            raise ApplicationError("No.", type="SOMETHING_ELSE", non_retryable=True)
        assert "agents:approve" in decision["actor"]["scopes"]

    @workflow.signal
    def cancel(self, actor: dict[str, Any]) -> None:
        assert actor["user_id"]
        self.is_cancelled = True


@pytest.fixture(scope="module")
async def worker(agents: Any, temporal: Any) -> AsyncIterator[Client]:
    """A worker whose only activity calls the subgraph with the run's own context."""

    @activity.defn(name="says")
    async def says(run: dict[str, Any], name: str, values: dict[str, Any]) -> None:
        kind = name[0].upper() + name[1:] + "Input"
        query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ errors {{ code message }} }} }}"
        data = await agents.data(
            query,
            {"input": {"runId": run["run_id"], **values}},
            claims={"tenant": run["tenant"], "run": run["run_id"]},
            scopes=["agents:run"],
        )
        if data[name]["errors"]:
            raise ApplicationError(str(data[name]["errors"]), non_retryable=True)

    client = await Client.connect(temporal.address)
    async with Worker(
        client,
        task_queue="agent-runs",
        workflows=[WaitingRun],
        activities=[says],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield client


@pytest.fixture
def tenant(tenant: Any, with_temporal: Any) -> Any:
    return type(tenant)(with_temporal, tenant.id)


async def waiting(tenant: Any, client: Client, **values: Any) -> str:
    """A run whose workflow waits for a decision, started as the Brain does it."""
    payload = await tenant.open(**{"risk": "MONEY", "crew": "integration_stripe", **values})
    await client.start_workflow(
        "AgentRun",
        payload["workflowInput"],
        id=payload["workflowId"],
        task_queue="agent-runs",
        priority=Priority(fairness_key=str(tenant.id)),
    )
    run_id: str = payload["run"]["id"]
    await becomes(tenant, run_id, "WAITING_FOR_APPROVAL")
    return run_id


async def becomes(tenant: Any, run_id: str, status: str) -> None:
    async with asyncio.timeout(20):
        while True:
            data = await tenant.data("query ($id: ID!) { agentRun(id: $id) { status } }", {"id": run_id})
            if data["agentRun"]["status"] == status:
                return
            await asyncio.sleep(0.05)


async def ended(tenant: Any, run_id: str, status: str) -> str:
    """The run, at its end."""
    payload = await tenant.mutate("reportAgentRun", "run { id }", runId=run_id, seq=9, status=status)
    assert payload["errors"] == []
    return run_id


async def decide(tenant: Any, run_id: str, user: Any = None, **values: Any) -> Any:
    given = {"runId": run_id, "index": 0, "argumentsHash": HASH, **values}
    return (await tenant.data(DECIDE, {"input": given}, user=user or tenant.ben))["decideAgentAction"]


async def test_a_decision_is_read_in_its_own_answer(tenant, worker):
    run_id = await waiting(tenant, worker)
    data = await tenant.data("{ waitingAgentActions { totalCount edges { node { argumentsHash run { id } } } } }")
    assert data["waitingAgentActions"] == {
        "totalCount": 1,
        "edges": [{"node": {"argumentsHash": HASH, "run": {"id": run_id}}}],
    }
    payload = await decide(tenant, run_id, decision="APPROVE", note="Why not.")
    assert payload["errors"] == []
    assert payload["action"] == {
        "status": "APPROVED",
        "arguments": REFUND,
        "proposedArguments": None,
        "editedBy": None,
        "editableArguments": ["amount", "payment_intent", "reason"],
        "decision": {"kind": "APPROVE", "by": {"id": str(tenant.ben)}, "note": "Why not."},
    }
    await becomes(tenant, run_id, "SUCCEEDED")
    data = await tenant.data("query ($id: ID!) { agentRun(id: $id) { auditTrail { kind actor } } }", {"id": run_id})
    trail = [(entry["kind"], entry["actor"]) for entry in data["agentRun"]["auditTrail"]]
    by_ben = f"user:{tenant.ben}"
    assert [entry for entry in trail if entry[1] == by_ben] == [("ACTION_VOTED", by_ben), ("ACTION_DECIDED", by_ben)]


async def test_who_edits_what_is_spent_does_not_approve_it(tenant, worker):
    run_id, cleo = await waiting(tenant, worker), uuid4()
    more = {**REFUND, "amount": 9000}
    payload = await decide(tenant, run_id, decision="EDIT", editedArguments=more, note="Much more.")
    assert payload["errors"] == []
    assert payload["run"] == {"status": "WAITING_FOR_APPROVAL"}
    edited = {"status": "PROPOSED", "arguments": more, "proposedArguments": REFUND, "editedBy": {"id": str(tenant.ben)}}
    assert {name: payload["action"][name] for name in (*edited, "decision")} == {**edited, "decision": None}
    shown = action_hash("create_refund", more)
    own = await decide(tenant, run_id, decision="APPROVE", argumentsHash=shown)
    assert [error["code"] for error in own["errors"]] == ["OWN_MONEY_ACTION"]
    stale = await decide(tenant, run_id, cleo, decision="APPROVE")
    assert [error["code"] for error in stale["errors"]] == ["ARGUMENTS_CHANGED"], "that is what the crew had wanted"
    payload = await decide(tenant, run_id, cleo, decision="APPROVE", argumentsHash=shown)
    assert (payload["action"]["status"], payload["action"]["editedBy"]) == ("APPROVED", {"id": str(tenant.ben)})
    assert payload["action"]["decision"]["by"] == {"id": str(cleo)}
    await becomes(tenant, run_id, "SUCCEEDED")
    data = await tenant.data("query ($id: ID!) { agentRun(id: $id) { auditTrail { kind actor } } }", {"id": run_id})
    kinds = ("ACTION_EDITED", "ACTION_DECIDED")
    trail = [(entry["kind"], entry["actor"]) for entry in data["agentRun"]["auditTrail"] if entry["kind"] in kinds]
    assert trail == [("ACTION_EDITED", f"user:{tenant.ben}"), ("ACTION_DECIDED", f"user:{cleo}")]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"leadId": "l2"}, ["leadId"]),
        ({"engine": "LLM"}, ["engine"]),
        ({"model": "openai/gpt-5"}, ["model"]),
        ({"value": "lots"}, ["value"]),
        ({"value": 101}, ["value"]),
        ({"value": None}, ["value"]),
        ({"reasons": ["Fine.", 7]}, ["reasons", "1"]),
        ({"sort": "new"}, []),
        (None, []),
    ],
)
async def test_edits_that_do_not_fit(tenant, agents, change, path):
    """They are refused when they are made, by the place; what the action is about is no matter of edits."""
    tenant = type(tenant)(agents, tenant.id)
    run_id = await tenant.run()
    await tenant.mutate("proposeAgentActions", "actions { index }", runId=run_id, actions=[SCORE])
    edited = {"value": 1} if change is None else {**SCORED, **change}
    given = {"decision": "EDIT", "argumentsHash": action_hash(SCORE["tool"], SCORED), "editedArguments": edited}
    payload = await decide(tenant, run_id, **given)
    (error,) = payload["errors"]
    assert error["code"] == "BAD_USER_INPUT"
    if change is not None:
        assert error["path"] == ["input", "editedArguments", *path]
    query = "query ($id: ID!) { agentRun(id: $id) { actions { status arguments editableArguments } } }"
    (action,) = (await tenant.data(query, {"id": run_id}))["agentRun"]["actions"]
    assert action == {"status": "PROPOSED", "arguments": SCORED, "editableArguments": ["value", "reasons"]}


async def test_a_write_is_approved_as_edited(tenant, worker):
    run_id = await waiting(tenant, worker, risk="WRITE", crew="lead_scoring")
    given = {"argumentsHash": action_hash(SCORE["tool"], SCORED), "editedArguments": {**SCORED, "value": 7}}
    payload = await decide(tenant, run_id, tenant.ada, decision="EDIT", note="Hardly.", **given)
    assert payload["errors"] == []
    assert (payload["action"]["status"], payload["action"]["arguments"]["value"]) == ("APPROVED", 7)
    assert payload["action"]["decision"] == {"kind": "EDIT", "by": {"id": str(tenant.ada)}, "note": "Hardly."}
    await becomes(tenant, run_id, "SUCCEEDED")


@pytest.mark.parametrize(
    ("edited", "path"),
    [
        ({"payment_intent": "pi_1", "amount": "100"}, ["amount"]),
        ({"payment_intent": "4711", "amount": 100}, ["payment_intent"]),
        ({**REFUND, "reason": "because"}, ["reason"]),
    ],
)
async def test_edits_of_what_is_done_at_a_provider_fit_the_catalogue(tenant, agents, edited, path):
    tenant = type(tenant)(agents, tenant.id)
    run_id = await tenant.run(risk="MONEY", crew="integration_stripe")
    await tenant.mutate("proposeAgentActions", "actions { index }", runId=run_id, actions=[PAY])
    payload = await decide(tenant, run_id, decision="EDIT", editedArguments=edited)
    assert payload["errors"][0]["path"] == ["input", "editedArguments", *path]
    unknown = await tenant.run(risk="MONEY", crew="somebodys_own")
    await tenant.mutate("proposeAgentActions", "actions { index }", runId=unknown, actions=[PAY])
    payload = await decide(tenant, unknown, decision="EDIT", editedArguments=REFUND)
    assert payload["errors"][0]["path"] == ["input", "editedArguments"], "nobody knows what it takes"


async def test_a_tool_is_as_risky_as_the_catalogue_says(tenant, agents):
    """A worker that calls a refund a write has it decided by a second person all the same."""
    tenant = type(tenant)(agents, tenant.id)
    run_id = await tenant.run(risk="MONEY", crew="integration_stripe")
    for _ in range(2):
        payload = await tenant.mutate(
            "proposeAgentActions", "actions { risk }", tenant.workflow(run_id),
            runId=run_id, actions=[{**PAY, "risk": "READ"}],
        )  # fmt: skip
        assert payload == {"actions": [{"risk": "MONEY"}], "errors": []}
    payload = await tenant.mutate(
        "recordAgentDecision", "action { status }", tenant.workflow(run_id),
        runId=run_id, index=0, kind="APPROVE", argumentsHash=HASH,
    )  # fmt: skip
    assert [error["code"] for error in payload["errors"]] == ["APPROVAL_REQUIRED"]


async def test_many_decide_at_once_and_one_holds(tenant, worker):
    run_id = await waiting(tenant, worker)
    deciders = [uuid4() for _ in range(6)]
    payloads = await asyncio.gather(*(decide(tenant, run_id, user, decision="APPROVE") for user in deciders))
    held = [payload for payload in payloads if not payload["errors"]]
    assert len(held) == 1
    assert {error["code"] for payload in payloads for error in payload["errors"]} <= {
        "ALREADY_DECIDED",
        "AGENT_RUN_OVER",
    }
    await becomes(tenant, run_id, "SUCCEEDED")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"decision": "APPROVE", "argumentsHash": "x"}, "ARGUMENTS_CHANGED"),
        ({"decision": "APPROVE", "index": 1}, "AGENT_ACTION_NOT_FOUND"),
        ({"decision": "EDIT"}, "BAD_USER_INPUT"),
        ({"decision": "APPROVE", "editedArguments": {}}, "BAD_USER_INPUT"),
        ({"decision": "APPROVE", "runId": str(uuid4())}, "AGENT_RUN_NOT_FOUND"),
        ({"decision": "REJECT", "note": "objectionable"}, "DECISION_REFUSED"),
    ],
)
async def test_decisions_that_do_not_hold(tenant, worker, values, code):
    run_id = await waiting(tenant, worker)
    payload = await decide(tenant, run_id, **values)
    assert [error["code"] for error in payload["errors"]] == [code]
    assert (await decide(tenant, run_id, decision="REJECT"))["action"]["status"] == "REJECTED"
    await becomes(tenant, run_id, "REJECTED")
    again = await decide(tenant, run_id, decision="APPROVE")
    assert [error["code"] for error in again["errors"]] in (["AGENT_RUN_OVER"], ["ALREADY_DECIDED"])


async def test_who_may_decide(tenant, worker):
    run_id = await waiting(tenant, worker)
    given = {"runId": run_id, "index": 0, "argumentsHash": HASH, "decision": "APPROVE"}
    for caller, code in (
        ({"scopes": ["agents:read", "agents:write", "agents:admin"]}, "FORBIDDEN"),
        ({"scopes": ["agents:run"], "claims": {"run": run_id}}, "FORBIDDEN"),
        ({"scopes": []}, "UNAUTHENTICATED"),
        ({"user": None}, "UNAUTHENTICATED"),
    ):
        body = await tenant.agents.call(DECIDE, {"input": given}, **{"tenant": tenant.id, "user": tenant.ben, **caller})
        assert body["errors"][0]["extensions"]["code"] == code
    payload = await decide(tenant, run_id, tenant.ada, decision="APPROVE")
    assert [error["code"] for error in payload["errors"]] == ["OWN_MONEY_ACTION"], "ada asked for the run"
    other = await tenant.agents.data(DECIDE, {"input": given}, tenant=uuid4(), user=tenant.ben)
    assert [error["code"] for error in other["decideAgentAction"]["errors"]] == ["AGENT_RUN_NOT_FOUND"]
    assert (await decide(tenant, run_id, tenant.ada, decision="REJECT"))["errors"] == []


async def test_who_made_an_api_key_does_not_approve_what_it_asks_for(tenant, worker):
    run_id = await waiting(tenant, worker, user=None, answeredForBy=str(tenant.ben))
    payload = await decide(tenant, run_id, decision="APPROVE")
    assert [error["code"] for error in payload["errors"]] == ["OWN_MONEY_ACTION"]
    query = "query ($id: ID!) { agentRunStanding(id: $id) { requestedBy answeredForBy } }"
    found = await tenant.data(query, {"id": run_id}, scopes=["internal"], user=None)
    assert found["agentRunStanding"] == {"requestedBy": None, "answeredForBy": None}, "the key's rights are its own"
    assert (await decide(tenant, run_id, tenant.ada, decision="APPROVE"))["errors"] == []
    await becomes(tenant, run_id, "SUCCEEDED")


async def test_a_run_is_cancelled(tenant, worker):
    run_id = await waiting(tenant, worker)
    for _ in range(2):
        data = await tenant.data(CANCEL, {"id": run_id})
        assert data["cancelAgentRun"] == {"errors": [], "run": {"status": "CANCELLED"}}
    unstarted = await tenant.run()
    data = await tenant.data(CANCEL, {"id": unstarted})
    assert data["cancelAgentRun"] == {"errors": [], "run": {"status": "CANCELLED"}}
    data = await tenant.data(CANCEL, {"id": str(uuid4())})
    assert data["cancelAgentRun"]["errors"] == [{"code": "AGENT_RUN_NOT_FOUND"}]


async def test_a_run_is_tried_again_in_the_callers_name(tenant, worker):
    run_id = await waiting(tenant, worker)
    data = await tenant.data(RETRY, {"id": run_id}, user=tenant.ben)
    assert data["retryAgentRun"]["errors"] == [{"code": "RETRY_NOT_POSSIBLE"}]
    await tenant.data(CANCEL, {"id": run_id})
    data = await tenant.data(RETRY, {"id": run_id}, user=tenant.ben)
    again = data["retryAgentRun"]["run"]
    assert (again["retryOf"], again["requestedBy"]) == (run_id, {"id": str(tenant.ben)})
    await becomes(tenant, again["id"], "WAITING_FOR_APPROVAL")
    await tenant.data(CANCEL, {"id": again["id"]})


async def retried(tenant: Any, run_id: str, user: Any = None, **values: Any) -> Any:
    query = "mutation ($input: RetryAgentRunInput!) { retryAgentRun(input: $input) { errors { code } run { id } } }"
    payload = (await tenant.data(query, {"input": {"id": run_id, **values}}, user=user or tenant.ada))["retryAgentRun"]
    return payload["run"]["id"] if payload["run"] else payload["errors"][0]["code"]


async def test_trying_again_sent_again_is_one_run(tenant, agents):
    tenant = type(tenant)(agents, tenant.id)
    failed = await ended(tenant, await tenant.run(), "FAILED")
    answers = await asyncio.gather(*(retried(tenant, failed, user) for user in (tenant.ada, tenant.ben) * 4))
    assert len(set(answers)) == 1, "whoever asks: one is at it"
    second = await retried(tenant, await ended(tenant, answers[0], "FAILED"))
    assert second not in (failed, answers[0]), "a retry has a retry of its own"
    again = await retried(tenant, failed)
    assert again not in (failed, answers[0], second), "the first retry failed"
    await ended(tenant, again, "SUCCEEDED")
    assert await retried(tenant, failed) == again, "it is done"
    data = await tenant.data("{ agentRuns { totalCount } }")
    assert data["agentRuns"]["totalCount"] == 4


async def test_a_key_finds_its_retry_whatever_became_of_it(tenant, agents):
    tenant = type(tenant)(agents, tenant.id)
    failed = await ended(tenant, await tenant.run(), "FAILED")
    first = await retried(tenant, failed, idempotencyKey="k1")
    assert await retried(tenant, failed, idempotencyKey="k2") == first, "it is under way"
    await ended(tenant, first, "FAILED")
    assert await retried(tenant, failed, idempotencyKey="k1") == first
    second = await retried(tenant, failed, idempotencyKey="k2")
    assert second != first
    assert await retried(tenant, failed, tenant.ben, idempotencyKey="k1") == second, "his key is another"
    assert await retried(tenant, failed, idempotencyKey="two words") == "BAD_USER_INPUT"


async def test_a_dry_retry_has_not_done_it(tenant, agents):
    tenant = type(tenant)(agents, tenant.id)
    failed = await ended(tenant, await tenant.run(), "FAILED")
    owner = {"scopes": ["agents:admin"]}
    await tenant.mutate("setAgentControls", "controls { dryRun }", owner, dryRun=True)
    dry = await ended(tenant, await retried(tenant, failed), "SUCCEEDED")
    assert await retried(tenant, failed) == dry
    await tenant.mutate("setAgentControls", "controls { dryRun }", owner, dryRun=False)
    assert await retried(tenant, failed) != dry


async def test_who_lacks_what_the_crew_works_with_has_nothing_tried_again(tenant, agents):
    tenant = type(tenant)(agents, tenant.id)
    failed = await ended(tenant, await tenant.run(), "FAILED")
    body = await agents.call(
        RETRY, {"id": failed}, tenant=tenant.id, user=tenant.ben, scopes=["agents:write", "crm:read"]
    )
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "crm:write"}


async def test_without_the_workflow_service_it_says_so_and_loses_nothing(tenant, agents):
    tenant = type(tenant)(agents, tenant.id)
    run_id = await tenant.run(risk="MONEY")
    await tenant.mutate("proposeAgentActions", "actions { index }", runId=run_id, actions=[PAY])
    await tenant.mutate(
        "reportAgentRun", "run { id }", runId=run_id, seq=1, phase="APPROVE", status="WAITING_FOR_APPROVAL"
    )
    payload = await decide(tenant, run_id, decision="APPROVE")
    assert [error["code"] for error in payload["errors"]] == ["TEMPORAL_UNAVAILABLE"]
    data = await tenant.data("query ($id: ID!) { agentRun(id: $id) { status actions { status } } }", {"id": run_id})
    assert data["agentRun"] == {"status": "WAITING_FOR_APPROVAL", "actions": [{"status": "PROPOSED"}]}
    data = await tenant.data(CANCEL, {"id": run_id})
    assert data["cancelAgentRun"]["errors"] == [{"code": "TEMPORAL_UNAVAILABLE"}]
    queued = await tenant.run()
    assert (await tenant.data(CANCEL, {"id": queued}))["cancelAgentRun"]["run"] == {"status": "CANCELLED"}
    data = await tenant.data(RETRY, {"id": queued})
    assert data["retryAgentRun"]["run"]["status"] == "QUEUED"
