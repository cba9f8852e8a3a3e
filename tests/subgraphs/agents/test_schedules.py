"""Schedules, kept by a real Temporal; the workflow that they start is the worker's own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from brain.recording import OPEN_SCHEDULED
from brain.workflows.schedule_messages import DueMoment, OpenedRun
from brain.workflows.scheduled_run import ScheduledRunWorkflow
from resolvers.context import RequestContext
from subgraphs.agents.domain.values import action_hash, run_id_of
from subgraphs.agents.repository import schedules

SCHEDULE = "schedule { id name crew cron timeZone arguments risk budgetMicros enabled changedBy { id } version }"
STRIPE = {"integration": "stripe", "goal": "Look."}
QUESTION = {"question": "What is new?"}
DAILY = {"name": "Every morning", "crew": "support_answer", "cron": "0 7 * * MON-FRI", "arguments": QUESTION}
OPEN = "run { id status requestedBy { id } scheduleId arguments } isNew workflowId workflowInput refusal { code }"


@workflow.defn(name="AgentRun")
class Run:
    """Stands for a run's workflow, and says with what it was started."""

    @workflow.run
    async def run(self, run: dict[str, Any]) -> dict[str, Any]:
        return run


@pytest.fixture(scope="module")
async def worker(agents: Any, temporal: Any) -> AsyncIterator[Client]:
    """The worker's own workflow, and its activity with the run's context but without the Brain in between."""

    @activity.defn(name="open_scheduled_run")
    async def open_scheduled_run(due: DueMoment) -> OpenedRun:
        run_id = str(run_id_of(type(uuid4())(due.tenant), due.crew, due.key))
        data = await agents.data(
            OPEN_SCHEDULED,
            {"input": {"scheduleId": due.schedule_id, "key": due.key}},
            claims={"tenant": due.tenant, "run": run_id},
            scopes=["agents:run"],
            user=None,
        )
        opened = data["openScheduledAgentRun"]
        return OpenedRun(opened["workflowId"], opened["workflowInput"])

    client = await Client.connect(temporal.address)
    async with Worker(
        client,
        task_queue="agent-runs",
        workflows=[ScheduledRunWorkflow, Run],
        activities=[open_scheduled_run],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield client


@pytest.fixture
def tenant(tenant: Any, with_temporal: Any) -> Any:
    return type(tenant)(with_temporal, tenant.id)


def manager(tenant: Any) -> dict[str, Any]:
    return {"scopes": ["agents:approve", "agents:read", "crm:read"], "user": tenant.ben}


async def created(tenant: Any, **values: Any) -> Any:
    payload = await tenant.mutate("createAgentSchedule", SCHEDULE, manager(tenant), **{**DAILY, **values})
    assert payload["errors"] == []
    return payload["schedule"]


async def test_a_schedule_is_kept_changed_and_deleted(tenant, worker):
    schedule = await created(tenant, timeZone="Europe/Lisbon")
    assert schedule == {
        **DAILY, "id": schedule["id"], "timeZone": "Europe/Lisbon", "risk": "WRITE", "budgetMicros": 1_000_000,
        "enabled": True, "changedBy": {"id": str(tenant.ben)}, "version": 1,
    }  # fmt: skip
    handle = worker.get_schedule_handle(f"{tenant.id}:{schedule['id']}")
    kept = (await handle.describe()).schedule
    assert (kept.spec.time_zone_name, kept.state.paused) == ("Europe/Lisbon", False)
    me = manager(tenant)
    payload = await tenant.mutate(
        "updateAgentSchedule", SCHEDULE, me, id=schedule["id"], enabled=False, cron="30 8 1 * *", expectedVersion=1
    )
    assert payload["schedule"] == {**schedule, "cron": "30 8 1 * *", "enabled": False, "version": 2}
    assert (await handle.describe()).schedule.state.paused
    payload = await tenant.mutate("updateAgentSchedule", SCHEDULE, me, id=schedule["id"], expectedVersion=1)
    assert [error["code"] for error in payload["errors"]] == ["VERSION_CONFLICT"]
    data = await tenant.data("{ agentSchedules { id } }")
    assert data["agentSchedules"] == [{"id": schedule["id"]}]
    payload = await tenant.mutate("deleteAgentSchedule", "deletedId", me, id=schedule["id"])
    assert payload == {"deletedId": schedule["id"], "errors": []}
    with pytest.raises(Exception, match="not found"):
        await handle.describe()
    payload = await tenant.mutate("deleteAgentSchedule", "deletedId", me, id=schedule["id"])
    assert [error["code"] for error in payload["errors"]] == ["SCHEDULE_NOT_FOUND"]


async def runs_of(tenant: Any, schedule_id: str) -> Any:
    query = """query ($s: [ID!]) {
      agentRuns(filter: {scheduleId: $s}) { edges { node { id scheduleId requestedBy { id } } } }
    }"""
    return (await tenant.data(query, {"s": [schedule_id]}))["agentRuns"]["edges"]


async def there(look: Callable[[], Awaitable[Any]]) -> Any:
    """What `look` finds, once there is anything."""
    async with asyncio.timeout(20):
        while True:
            if found := await look():
                return found
            await asyncio.sleep(0.05)


async def test_when_it_is_due_a_run_is_opened_and_started(tenant, worker):
    schedule = await created(tenant)
    handle = worker.get_schedule_handle(f"{tenant.id}:{schedule['id']}")
    await handle.trigger()
    edge = (await there(partial(runs_of, tenant, schedule["id"])))[0]
    assert edge["node"]["requestedBy"] is None

    async def recent() -> Any:
        return (await handle.describe()).info.recent_actions

    started = (await there(recent))[0].action.workflow_id
    opened = await worker.get_workflow_handle_for(ScheduledRunWorkflow.run, started).result()
    assert opened.workflow_id == f"{tenant.id}:support_answer:{started.partition(':')[2]}"
    for workflow_id in (started, opened.workflow_id):
        description = await worker.get_workflow_handle(workflow_id).describe()
        assert description.raw_description.workflow_execution_info.priority.fairness_key == str(tenant.id)
    run = await worker.get_workflow_handle(opened.workflow_id).result()
    assert (run["run_id"], run["arguments"], run["requested_by"]) == (edge["node"]["id"], QUESTION, None)
    assert run["scopes"] == ["agents:approve", "agents:read", "crm:read"]
    await tenant.mutate("deleteAgentSchedule", "deletedId", manager(tenant), id=schedule["id"])


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"cron": "0 7 * *"}, "cron"),
        ({"cron": "61 7 * * *"}, "cron"),
        ({"cron": "@reboot; rm x x x"}, "cron"),
        ({"timeZone": "Mars/Base"}, "timeZone"),
        ({"timeZone": "../etc/passwd"}, "timeZone"),
        ({"name": " "}, "name"),
        ({"crew": "no crew"}, "crew"),
        ({"crew": "no_such_crew"}, "crew"),
        ({"arguments": 1}, "arguments"),
        ({"arguments": {}}, "arguments"),
        ({"arguments": {"question": 7}}, "arguments.question"),
        ({"arguments": {"input": {"question": None}}}, "arguments.input.question"),
        ({"arguments": {**QUESTION, "days": 7}}, "arguments"),
        ({"crew": "integration_stripe", "arguments": {"integration": "paypal", "goal": "Look."}}, "arguments"),
        ({"crew": "integration_stripe", "arguments": {**STRIPE, "operation": "no_such"}}, "arguments"),
        (
            {
                "crew": "integration_stripe",
                "arguments": {
                    **STRIPE,
                    "operation": "create_refund",
                    "arguments": {"payment_intent": "pi_1", "amount": "1"},
                },
            },
            "arguments.arguments.amount",
        ),
        ({"cron": "0 7 30 2 *"}, "cron"),
        ({"cron": "0 7 31 FEB,APR,6-6,9/2 *"}, "cron"),
        ({"cron": "0 7 30-31 2 MON"}, "cron"),
    ],
)
async def test_what_cannot_be_scheduled(tenant, worker, values, path):
    payload = await tenant.mutate(
        "createAgentSchedule", "errors { ... on InvalidInputError { path } } schedule { id }", manager(tenant),
        **{**DAILY, **values},
    )  # fmt: skip
    assert payload["schedule"] is None
    assert ".".join(payload["errors"][0]["path"]) == f"input.{path}"
    assert (await tenant.data("{ agentSchedules { id } }"))["agentSchedules"] == []


async def test_who_lacks_what_a_crew_works_with_schedules_it_not(tenant, worker):
    """Its runs would have the rights of who wrote the schedule, and come to nothing."""
    given = {**DAILY, "crew": "tenant_analyst", "arguments": {}}
    body = await tenant.agents.call(
        "mutation ($input: CreateAgentScheduleInput!) { createAgentSchedule(input: $input) { schedule { id } } }",
        {"input": given},
        **{"tenant": tenant.id, **manager(tenant)},
    )
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "directory:read"}


async def test_a_tenant_has_so_many_schedules_and_no_more(tenant, agents, monkeypatch):
    monkeypatch.setattr("subgraphs.agents.usecases.schedules.MAX_SCHEDULES", 0)
    alone = type(tenant)(agents, tenant.id)
    payload = await alone.mutate("createAgentSchedule", SCHEDULE, manager(tenant), **DAILY)
    assert [error["code"] for error in payload["errors"]] == ["TOO_MANY_SCHEDULES"], "before the service is asked"


async def test_a_schedule_whose_crew_has_changed_can_be_switched_off(tenant, worker):
    schedule = await created(tenant)
    async with tenant.agents.database.session(RequestContext.system(tenant.id)) as session:
        row = await schedules.schedule_for_update(session, UUID(schedule["id"]))
        await schedules.change_schedule(session, replace(row, arguments={"of": "old"}))
    me = manager(tenant)
    payload = await tenant.mutate("updateAgentSchedule", "schedule { enabled }", me, id=schedule["id"], name="Other")
    assert [error["code"] for error in payload["errors"]] == ["BAD_USER_INPUT"]
    payload = await tenant.mutate("updateAgentSchedule", "schedule { enabled }", me, id=schedule["id"], enabled=False)
    assert payload == {"schedule": {"enabled": False}, "errors": []}
    await tenant.mutate("deleteAgentSchedule", "deletedId", me, id=schedule["id"])


async def test_who_opens_runs_of_a_schedule(tenant, worker, agents):
    schedule = await created(tenant)
    key = f"schedule:{schedule['id']}-2026-05-04T07:00:00Z"
    own = str(run_id_of(tenant.id, "support_answer", key))
    query = (
        "mutation ($input: OpenScheduledAgentRunInput!) { openScheduledAgentRun(input: $input) { "
        + OPEN
        + " errors { code } } }"
    )

    async def opened(caller: dict[str, Any], **values: Any) -> Any:
        given = {"scheduleId": schedule["id"], "key": key, **values}
        return await agents.call(query, {"input": given}, **{"tenant": tenant.id, "user": None, **caller})

    for caller in (
        {"scopes": ["agents:run"], "claims": {"run": str(uuid4())}},
        {"scopes": ["agents:run"]},
        {"scopes": ["agents:admin", "agents:approve", "agents:write"], "claims": {"run": own}},
    ):
        assert (await opened(caller))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    workflow_caller = {"scopes": ["agents:run"], "claims": {"run": own}}
    body = await opened({**workflow_caller, "tenant": uuid4()})
    assert body["data"]["openScheduledAgentRun"]["errors"] == [{"code": "SCHEDULE_NOT_FOUND"}]
    other_key = "free-choice"
    other = {"scopes": ["agents:run"], "claims": {"run": str(run_id_of(tenant.id, "support_answer", other_key))}}
    body = await opened(other, key=other_key)
    assert body["data"]["openScheduledAgentRun"]["errors"] == [{"code": "BAD_USER_INPUT"}]
    answers = await asyncio.gather(*(opened(workflow_caller) for _ in range(5)))
    payloads = [answer["data"]["openScheduledAgentRun"] for answer in answers]
    assert sum(payload["isNew"] for payload in payloads) == 1
    assert {payload["run"]["id"] for payload in payloads} == {own}
    await tenant.mutate("updateAgentSchedule", SCHEDULE, manager(tenant), id=schedule["id"], enabled=False)
    body = await opened(workflow_caller)
    assert body["data"]["openScheduledAgentRun"]["errors"] == [{"code": "SCHEDULE_NOT_FOUND"}]
    await tenant.mutate("deleteAgentSchedule", "deletedId", manager(tenant), id=schedule["id"])


async def test_who_wrote_a_schedule_does_not_approve_what_its_runs_spend(tenant, worker):
    """Nor does it help to have somebody else write it anew while the run is under way."""
    schedule = await created(tenant, risk="MONEY")
    key = f"schedule:{schedule['id']}-2026-05-04T07:00:00Z"
    payload = await tenant.mutate(
        "openScheduledAgentRun", "run { id answeredForBy { id } } workflowInput", scheduleId=schedule["id"], key=key
    )
    run_id = payload["run"]["id"]
    assert payload["run"]["answeredForBy"] == {"id": str(tenant.ben)}
    assert payload["workflowInput"]["answered_for_by"] == str(tenant.ben)
    pay = {"tool": "payInvoice", "risk": "MONEY", "arguments": {"cents": 100}, "reason": "It is due."}
    await tenant.mutate("proposeAgentActions", "actions { index }", runId=run_id, actions=[pay])
    given = {
        "runId": run_id, "index": 0, "decision": "APPROVE", "argumentsHash": action_hash("payInvoice", {"cents": 100})
    }  # fmt: skip

    async def approving(user: Any) -> Any:
        caller = {"scopes": ["agents:approve"], "user": user}
        return (await tenant.mutate("decideAgentAction", "run { id }", caller, **given))["errors"][0]["code"]

    assert await approving(tenant.ben) == "OWN_MONEY_ACTION"
    by_ada = {**manager(tenant), "user": tenant.ada}
    await tenant.mutate("updateAgentSchedule", SCHEDULE, by_ada, id=schedule["id"], name="Another")
    assert await approving(tenant.ben) == "OWN_MONEY_ACTION"
    await tenant.mutate("deleteAgentSchedule", "deletedId", manager(tenant), id=schedule["id"])
    assert await approving(tenant.ben) == "OWN_MONEY_ACTION"
    query = "query ($id: ID!) { agentRunStanding(id: $id) { answeredForBy } }"
    found = await tenant.data(query, {"id": run_id}, scopes=["internal"], user=None)
    assert found["agentRunStanding"] == {"answeredForBy": str(tenant.ben)}, "it runs with ben's rights"
    assert await approving(tenant.ada) == "AGENT_RUN_OVER", "she may, though no workflow is there to hear it"


async def test_without_the_service_nothing_is_scheduled(tenant, agents):
    alone = type(tenant)(agents, tenant.id)
    payload = await alone.mutate("createAgentSchedule", SCHEDULE, manager(tenant), **DAILY)
    assert [error["code"] for error in payload["errors"]] == ["TEMPORAL_UNAVAILABLE"]
    assert (await tenant.data("{ agentSchedules { id } }"))["agentSchedules"] == []
