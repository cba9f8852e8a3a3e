"""Whose task is next where tasks queue up: with the tenant as fairness key nobody waits for another's backlog."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from temporalio import activity
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.worker import Worker

from brain.workflows.messages import CrewOutline, Engine, RunStatus, TaskInput, TaskOutput, crews_queue

from .conftest import Graph, Runs, Started

BACKLOG = 12
OTHERS = tuple(str(uuid.uuid5(uuid.NAMESPACE_DNS, name)) for name in ("one", "two", "three"))
FLOOD = str(uuid.uuid5(uuid.NAMESPACE_DNS, "flood"))
HEAVY = 4
"""The weight of crews that no other test's workers serve."""


@dataclass
class Crew:
    """A crew with one place: it notes whose turn it is."""

    had: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    @activity.defn(name="plan_with_crew")
    async def plan(self, task: TaskInput) -> TaskOutput:
        self.had.append(task.run.tenant)
        self.keys.append(activity.info().priority.fairness_key)
        return TaskOutput({}, Engine("PLAYBOOK"))


async def queued(client: Client, wanted: int) -> None:
    """Wait until so many tasks of heavy crews wait for a worker."""
    asked = DescribeTaskQueueRequest(
        namespace="default",
        task_queue=TaskQueue(name=crews_queue(HEAVY)),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        report_stats=True,
    )
    async with asyncio.timeout(90):
        while True:
            found = await client.workflow_service.describe_task_queue(asked)
            if found.stats.approximate_backlog_count >= wanted:
                return
            await asyncio.sleep(0.05)


async def order(runs: Runs, parties: dict[str, str]) -> Crew:
    """Who had a turn, in order: one tenant's backlog waits for a worker, then each other tenant asks for one run.

    Args:
        parties: by tenant, who takes turns; the tenant itself if not there.
    """

    async def asked(tenants: Sequence[str]) -> list[Started]:
        graphs = [Graph(outline=CrewOutline(["score"], weight=HEAVY)) for _ in tenants]
        starts = (
            runs.start(graph, tenant=tenant, party=parties.get(tenant))
            for graph, tenant in zip(graphs, tenants, strict=True)
        )
        return list(await asyncio.gather(*starts))

    crew = Crew()
    started = await asked([FLOOD] * BACKLOG)
    await queued(runs.client, BACKLOG)
    started += await asked(OTHERS)
    await queued(runs.client, BACKLOG + len(OTHERS))
    queue = crews_queue(HEAVY)
    async with Worker(runs.client, task_queue=queue, activities=[crew.plan], max_concurrent_activities=1):
        for run in started:
            assert (await run.handle.result()).status is RunStatus.SUCCEEDED
    assert len(crew.had) == BACKLOG + len(OTHERS)
    return crew


async def test_no_tenant_waits_for_anothers_backlog(runs: Runs) -> None:
    crew = await order(runs, {})
    assert crew.keys == list(crew.had), "activities have the key of their workflow"
    last = max(crew.had.index(tenant) for tenant in OTHERS)
    assert crew.had[: last + 1].count(FLOOD) <= 3, crew.had


async def test_without_a_key_of_their_own_they_do(runs: Runs) -> None:
    """The control: what makes the difference is the key."""
    crew = await order(runs, dict.fromkeys((FLOOD, *OTHERS), "everybody"))
    # Roughly as they came: tasks of one key that were queued at nearly the same moment change places.
    last = max(crew.had.index(tenant) for tenant in OTHERS)
    assert crew.had[: last + 1].count(FLOOD) > BACKLOG / 2, crew.had
