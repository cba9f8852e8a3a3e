"""Runs whose histories are kept: the workflow must go on replaying them.

    python -m tests.brain.workflows.scenarios

writes `histories/*.json` anew, with a Temporal of its own. Do that for a scenario that is added; a history that is
there stands for runs that are under way somewhere, and is never rewritten to make a test pass.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from brain.workflows.agent_run import AgentRunWorkflow
from brain.workflows.connection_check import ConnectionCheckWorkflow, ConnectionInput
from brain.workflows.decisions import APPROVE_SCOPE
from brain.workflows.messages import (
    ActionOutcome,
    ActionStatus,
    Actor,
    CrewOutline,
    DecisionKind,
    RunFailure,
    arguments_hash,
)
from brain.workflows.notification_delivery import NotificationDeliveryInput, NotificationDeliveryWorkflow
from brain.workflows.steps import Step, StepKind

from .campaign import APPROVAL, AUDIENCE, CONTENT, MEASURE, PUBLISH, campaign
from .conftest import MANAGER, TENANT, Graph, Runs, Started, pay, planned, program, refusal, workers, write

HISTORIES = Path(__file__).parent / "histories"


async def approved(runs: Runs) -> Started:
    """A write that needs nobody, money approved, money edited, which was enough in the history that is kept."""
    run = await runs.start(Graph(plans=planned(write(), pay(1), pay(2))))
    await run.settled()
    await run.decide(1)
    await run.decide(2, DecisionKind.EDIT, edited_arguments={"amount": 3})
    return run


async def edited_and_seconded(runs: Runs) -> Started:
    """Money is edited by one and approved by another."""
    run = await runs.start(Graph(plans=planned(pay(1))))
    await run.settled()
    await run.decide(0, DecisionKind.EDIT, edited_arguments={"amount": 3})
    other = Actor("cleo", ["owner"], [APPROVE_SCOPE])
    await run.decide(0, actor=other, arguments_hash=arguments_hash("refund", {"amount": 3}))
    return run


async def rejected(runs: Runs) -> Started:
    """Everything is rejected."""
    run = await runs.start(Graph(plans=planned(pay(), write(), read_untrusted=True)))
    await run.settled()
    await run.decide(1, DecisionKind.REJECT, note="no")
    await run.decide(0, DecisionKind.REJECT)
    return run


async def expired(runs: Runs) -> Started:
    """One is approved, the other is decided by nobody."""
    run = await runs.start(Graph(plans=planned(pay(1), pay(2))), approval_timeout_s=2)
    await run.settled()
    await run.decide(0)
    return run


async def cancelled(runs: Runs) -> Started:
    """Stopped by a person while it waits."""
    run = await runs.start(Graph(plans=planned(write(), pay())))
    await run.settled()
    await run.handle.signal(AgentRunWorkflow.cancel, MANAGER)
    return run


async def terminated_early(runs: Runs) -> Started:
    """Cancelled by the workflow service."""
    run = await runs.start(Graph(plans=planned(pay())))
    await run.settled()
    await run.handle.cancel()
    return run


async def four_tasks(runs: Runs) -> Started:
    """Several tasks, no action."""
    return await runs.start(Graph(outline=CrewOutline(["research", "plan", "execute", "audit"], weight=3)))


async def dry_run(runs: Runs) -> Started:
    """Proposed only."""
    return await runs.start(Graph(plans=planned(write(), pay())), dry_run=True)


async def failed_action(runs: Runs) -> Started:
    """The second of three actions fails."""
    failed = ActionOutcome(ActionStatus.FAILED, None, RunFailure("NOT_FOUND", "No such lead."))
    return await runs.start(Graph(plans=planned(write(n=1), write(n=2), write(n=3)), outcomes={1: failed}))


async def refused(runs: Runs) -> Started:
    """A policy refuses the action, and the crew is not asked again."""
    return await runs.start(Graph(plans=planned(write()), refusals={"execute_action": refusal("AGENTS_STOPPED")}))


async def several_steps(runs: Runs) -> Started:
    """A campaign: one message is approved, the other not, and after a second it is measured."""
    rest = Step("rest", StepKind.WAIT, seconds=1)
    run = await runs.start(campaign(AUDIENCE, CONTENT, APPROVAL, PUBLISH, rest, MEASURE))
    await run.settled()
    await run.decide(0)
    await run.decide(1, DecisionKind.REJECT)
    return run


async def cancelled_between_steps(runs: Runs) -> Started:
    """A campaign that is stopped while it waits to be measured."""
    run = await runs.start(campaign(AUDIENCE, CONTENT, PUBLISH, Step("rest", StepKind.WAIT, seconds=600), MEASURE))
    await run.settled()
    await run.handle.signal(AgentRunWorkflow.cancel, MANAGER)
    return run


SCENARIOS: tuple[Callable[[Runs], Awaitable[Started]], ...] = (
    approved,
    edited_and_seconded,
    rejected,
    expired,
    cancelled,
    terminated_early,
    four_tasks,
    dry_run,
    failed_action,
    refused,
    several_steps,
    cancelled_between_steps,
)


async def record() -> None:
    """Write the histories that are not there."""
    path = program("temporal")
    async with (
        await WorkflowEnvironment.start_local(dev_server_existing_path=path, identity="recorder") as environment,
        workers(environment.client),
    ):
        HISTORIES.mkdir(exist_ok=True)
        for scenario in SCENARIOS:
            file = HISTORIES / f"agent_run_{scenario.__name__}.json"
            if file.exists():
                continue
            run = await scenario(Runs(environment.client))
            await run.handle.result()
            history = json.loads((await run.handle.fetch_history()).to_json())
            file.write_text(json.dumps(_portable(history), separators=(",", ":")) + "\n")
            print(file.name)
        await record_connection_check(environment.client)
        await record_notification_delivery(environment.client)


@activity.defn(name="check_connection")
async def _check_connection(wanted: ConnectionInput) -> str:
    return "CONNECTED"


async def record_connection_check(client: Client) -> None:
    """Write the history of a connection that is tried, unless it is there."""
    file = HISTORIES / "connection_check_connected.json"
    if file.exists():
        return
    async with Worker(client, task_queue="checks", workflows=[ConnectionCheckWorkflow], activities=[_check_connection]):
        handle = await client.start_workflow(
            ConnectionCheckWorkflow.run, ConnectionInput(TENANT, "stripe"), id="check", task_queue="checks"
        )
        await handle.result()
    history = json.loads((await handle.fetch_history()).to_json())
    file.write_text(json.dumps(_portable(history), separators=(",", ":")) + "\n")
    print(file.name)


@activity.defn(name="deliver_notifications")
async def _deliver_notifications(wanted: NotificationDeliveryInput) -> int:
    return 3 if activity.info().activity_id == "1" else 0


async def record_notification_delivery(client: Client) -> None:
    """Write the history of messages that are sent, unless it is there."""
    file = HISTORIES / "notification_delivery_sent.json"
    if file.exists():
        return
    workflows, activities = [NotificationDeliveryWorkflow], [_deliver_notifications]
    async with Worker(client, task_queue="messages", workflows=workflows, activities=activities):
        handle = await client.start_workflow(
            NotificationDeliveryWorkflow.run,
            NotificationDeliveryInput(TENANT),
            id="messages",
            task_queue="messages",
        )
        assert await handle.result() == 3
    history = json.loads((await handle.fetch_history()).to_json())
    file.write_text(json.dumps(_portable(history), separators=(",", ":")) + "\n")
    print(file.name)


def _portable(value: Any) -> Any:
    """Without what tells of the machine it was recorded on."""
    if isinstance(value, dict):
        return {name: _portable(item) for name, item in value.items() if name not in ("stackTrace", "identity")}
    return [_portable(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    asyncio.run(record())
    sys.stdout.flush()
    os._exit(0)  # the client's threads may abort the interpreter while it ends
