"""Temporal for tests of workflows, and a graph that only remembers what it was told."""

import asyncio
import shutil
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.common import Priority
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from brain.embedded.temporal import TemporalServer
from brain.workflows.agent_run import AgentRunWorkflow
from brain.workflows.decisions import APPROVE_SCOPE
from brain.workflows.messages import (
    AGENT_RUN,
    RUNS_QUEUE,
    Action,
    ActionOutcome,
    ActionStatus,
    Actor,
    ApprovedAction,
    BudgetGrant,
    CrewOutline,
    CrewRef,
    Decision,
    DecisionKind,
    DecisionRecord,
    Engine,
    Proposal,
    Risk,
    RunInput,
    RunRef,
    RunReport,
    RunState,
    TaskInput,
    TaskOutput,
    crews_queue,
    workflow_id,
)

TENANT = str(uuid.uuid5(uuid.NAMESPACE_DNS, "acme"))
USER = str(uuid.uuid5(uuid.NAMESPACE_DNS, "ada"))
MANAGER = Actor(str(uuid.uuid5(uuid.NAMESPACE_DNS, "ben")), ["manager"], [APPROVE_SCOPE])


def program(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"the wheel with {name} is not installed")
    return found


@pytest.fixture
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A server that skips the time in which nothing happens, until the first update: hence one for each test."""
    path = program("temporal-test-server")
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=path) as environment:
        yield environment


@dataclass
class Graph:
    """What activities would do, as the workflow sees it: told in advance what comes of it, it remembers what was done.

    `plans`, `refusals` and `outcomes` are looked up by task name, activity name and action index.
    """

    outline: CrewOutline = field(default_factory=lambda: CrewOutline(["score"]))
    grant: BudgetGrant = field(default_factory=lambda: BudgetGrant(5000))
    plans: dict[str, TaskOutput] = field(default_factory=dict)
    outcomes: dict[int, ActionOutcome] = field(default_factory=dict)
    refusals: dict[str, Callable[[], Exception | None]] = field(default_factory=dict)
    reports: list[RunReport] = field(default_factory=list)
    decisions: list[DecisionRecord] = field(default_factory=list)
    proposed: list[Action] = field(default_factory=list)
    executed: list[ApprovedAction] = field(default_factory=list)
    given_up: list[tuple[ApprovedAction, ActionOutcome]] = field(default_factory=list)
    tasks: list[TaskInput] = field(default_factory=list)
    settled: list[RunRef] = field(default_factory=list)
    queues: list[str] = field(default_factory=list)
    before_action: Callable[[], Awaitable[None]] | None = None
    after_task: Callable[[], Awaitable[None]] | None = None

    def outcome(self, index: int) -> ActionOutcome:
        """What comes of an action."""
        return self.outcomes.get(index, ActionOutcome(ActionStatus.DONE, {"ok": True}))

    def refuse(self, activity_type: str) -> None:
        refusal = self.refusals.get(activity_type)
        error = None if refusal is None else refusal()
        if error is not None:
            raise error


GRAPHS: dict[str, Graph] = {}
"""By workflow id: the workers are shared by all tests."""


def _graph() -> Graph:
    info = activity.info()
    assert info.workflow_id is not None
    graph = GRAPHS[info.workflow_id]
    graph.refuse(info.activity_type)
    return graph


@activity.defn
async def describe_crew(crew: CrewRef) -> CrewOutline:
    return _graph().outline


@activity.defn
async def reserve_budget(run: RunInput) -> BudgetGrant:
    return _graph().grant


@activity.defn
async def plan_with_crew(task: TaskInput) -> TaskOutput:
    graph = _graph()
    graph.tasks.append(task)
    graph.queues.append(activity.info().task_queue)
    if graph.after_task is not None:
        await graph.after_task()
    return graph.plans.get(task.task, TaskOutput({"of": task.task}, Engine("PLAYBOOK")))


@activity.defn
async def propose_actions(run: RunRef, actions: list[Action]) -> None:
    graph = _graph()
    graph.proposed[actions[0].index :] = actions


@activity.defn
async def record_decision(record: DecisionRecord) -> None:
    _graph().decisions.append(record)


@activity.defn
async def execute_action(approved: ApprovedAction) -> ActionOutcome:
    graph = _graph()
    if graph.before_action is not None:
        await asyncio.shield(asyncio.ensure_future(graph.before_action()))
    graph.executed.append(approved)
    return graph.outcome(approved.action.index)


@activity.defn
async def record_outcome(approved: ApprovedAction, outcome: ActionOutcome) -> None:
    _graph().given_up.append((approved, outcome))


@activity.defn
async def settle_run(run: RunRef) -> None:
    _graph().settled.append(run)


@activity.defn
async def report_run(report: RunReport) -> None:
    _graph().reports.append(report)


@asynccontextmanager
async def workers(client: Client) -> AsyncIterator[None]:
    """Workers for all queues."""
    async with AsyncExitStack() as stack:
        light = [describe_crew, reserve_budget, propose_actions, record_decision, execute_action, record_outcome]
        await stack.enter_async_context(
            Worker(
                client,
                task_queue=RUNS_QUEUE,
                workflows=[AgentRunWorkflow],
                activities=[*light, settle_run, report_run],
            )
        )
        for weight in (1, 3):
            await stack.enter_async_context(Worker(client, task_queue=crews_queue(weight), activities=[plan_with_crew]))
        yield


@dataclass
class Started:
    """A run under way."""

    handle: WorkflowHandle[AgentRunWorkflow, RunState]
    graph: Graph

    async def decide(
        self, index: int, kind: DecisionKind = DecisionKind.APPROVE, *, actor: Actor = MANAGER, **changed: Any
    ) -> RunState:
        """Decide with the arguments that were proposed."""
        seen = self.graph.proposed[index].arguments_hash if index < len(self.graph.proposed) else ""
        decision = Decision(index, kind, **{"arguments_hash": seen, "actor": actor, **changed})
        return await self.handle.execute_update(AgentRunWorkflow.decide, decision)

    async def settled(self) -> RunState:
        return await self.handle.execute_update(AgentRunWorkflow.settled)


@dataclass
class Runs:
    """Starts runs on a server that has workers."""

    client: Client

    async def start(self, graph: Graph, *, party: str | None = None, **changed: Any) -> Started:
        """A run whose activities are those of the graph. `party` takes turns with others, by default the tenant."""
        run = a_run(**changed)
        name = workflow_id(run.tenant, run.crew, run.run_id)
        GRAPHS[name] = graph
        handle = await self.client.start_workflow(
            AGENT_RUN,
            run,
            id=name,
            task_queue=RUNS_QUEUE,
            result_type=RunState,
            priority=Priority(fairness_key=party or run.tenant),
        )
        return Started(handle, graph)


@pytest.fixture(scope="module")
async def runs(temporal: TemporalServer) -> AsyncIterator[Runs]:
    client = await Client.connect(temporal.address, identity="tests")
    async with workers(client):
        yield Runs(client)


@pytest.fixture
async def skipping_runs(skipping: WorkflowEnvironment) -> AsyncIterator[Runs]:
    async with workers(skipping.client):
        yield Runs(skipping.client)


def a_run(**changed: Any) -> RunInput:
    """Ada of acme asks for a lead to be scored."""
    given: dict[str, Any] = {
        "tenant": TENANT,
        "run_id": str(uuid.uuid4()),
        "crew": "lead_scoring",
        "catalogue_version": "1",
        "field": "scoreLead",
        "arguments": {"input": {"leadId": "l1"}},
        "requested_by": USER,
        "scopes": ["crm:read", "crm:write"],
        "risk": Risk.WRITE,
        **changed,
    }
    return RunInput(**given)


def planned(*actions: Proposal, read_untrusted: bool = False) -> dict[str, TaskOutput]:
    """One task that proposes these actions."""
    return {"score": TaskOutput({"score": 71}, Engine("PLAYBOOK"), list(actions), read_untrusted)}


def write(**arguments: Any) -> Proposal:
    return Proposal("recordLeadScore", Risk.WRITE, arguments or {"leadId": "l1", "score": 71}, "scored")


def pay(amount: int = 100) -> Proposal:
    return Proposal("refund", Risk.MONEY, {"amount": amount}, "customer is right")


def refusal(code: str, message: str = "No.") -> Callable[[], Exception]:
    return lambda: ApplicationError(message, type=code, non_retryable=True)


def failing(times: int) -> Callable[[], Exception | None]:
    """Fails so often, then no more."""
    left = [times]

    def fail() -> Exception | None:
        left[0] -= 1
        return ConnectionError("away") if left[0] >= 0 else None

    return fail
