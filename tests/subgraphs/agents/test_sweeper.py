"""Runs that were opened and never started are started, once, each for its own tenant."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from temporalio.client import Client, WorkflowExecutionStatus

from resolvers.context import RequestContext
from subgraphs.agents.domain.errors import TemporalUnavailable
from subgraphs.agents.sweeper import Sweeper
from subgraphs.agents.workflows import TemporalSettings, Workflows


async def test_what_was_left_is_started(tenant: Any, agents: Any, temporal: Any) -> None:
    client = await Client.connect(temporal.address)
    other = type(tenant)(agents, uuid4())
    stopped = type(tenant)(agents, uuid4())
    opened = [await tenant.open("a"), await tenant.open("b"), await other.open("a"), await stopped.open("a")]
    ended = await tenant.run(key="c")
    await tenant.mutate("reportAgentRun", "run { id }", runId=ended, seq=1, status="FAILED")
    admin = {"scopes": ["agents:admin"]}
    await stopped.mutate("setAgentControls", "controls { version }", admin, killSwitch=True)
    sweeper = Sweeper(Workflows(TemporalSettings(temporal_address=temporal.address)), age_s=0)
    for _ in range(2):
        assert await sweeper.sweep(agents.database) >= 3
    for payload in opened[:3]:
        handle = client.get_workflow_handle(payload["workflowId"])
        description = await handle.describe()
        assert description.status is WorkflowExecutionStatus.RUNNING
        assert description.typed_search_attributes.search_attributes[0].value == payload["workflowInput"]["tenant"]
        started = description.raw_description.workflow_execution_info
        assert started.priority.fairness_key == payload["workflowInput"]["tenant"]
        await handle.terminate()
    for workflow_id in (opened[3]["workflowId"], f"{tenant.id}:lead_scoring:c"):
        with pytest.raises(Exception, match="not found"):
            await client.get_workflow_handle(workflow_id).describe()


async def test_young_runs_are_left_to_who_opened_them(tenant: Any, agents: Any, temporal: Any) -> None:
    payload = await tenant.open("a")
    client = await Client.connect(temporal.address)
    await Sweeper(Workflows(TemporalSettings(temporal_address=temporal.address))).sweep(agents.database)
    with pytest.raises(Exception, match="not found"):
        await client.get_workflow_handle(payload["workflowId"]).describe()


async def test_without_the_service_nothing_changes(tenant: Any, agents: Any) -> None:
    run_id = await tenant.run()
    nowhere = Workflows(TemporalSettings(temporal_address="127.0.0.1:1"))
    with pytest.raises(TemporalUnavailable):
        await Sweeper(nowhere, age_s=0).sweep(agents.database)
    data = await tenant.data("query ($id: ID!) { agentRun(id: $id) { status } }", {"id": run_id})
    assert data["agentRun"] == {"status": "QUEUED"}


async def test_no_tenant_waits_for_anothers_backlog(tenant: Any, agents: Any) -> None:
    """The oldest of each tenant comes first; whoever has stopped its agents stands in nobody's way."""
    other, stopped = type(tenant)(agents, uuid4()), type(tenant)(agents, uuid4())
    for _ in range(3):
        await stopped.open()
    backlog = [await tenant.run() for _ in range(5)]
    theirs = [await other.run() for _ in range(2)]
    await stopped.mutate("setAgentControls", "controls { version }", {"scopes": ["agents:admin"]}, killSwitch=True)
    ours = {str(tenant.id), str(other.id), str(stopped.id)}
    async with agents.database.session(RequestContext.system(None)) as session:
        rows = await session.rows(text("select * from agents.unstarted_runs(interval '0', 1000)"))
    found = [str(row.run_id) for row in rows if str(row.tenant_id) in ours]
    assert found == [backlog[0], theirs[0], backlog[1], theirs[1], *backlog[2:]]


async def test_the_look_across_tenants_tells_ids_alone(tenant: Any, agents: Any) -> None:
    run_id = await tenant.run()
    async with agents.database.session(RequestContext.system(None)) as session:
        rows = await session.rows(text("select * from agents.unstarted_runs(interval '0', 1000)"))
        assert run_id in {str(row.run_id) for row in rows}
        assert set(rows[0]._fields) == {"tenant_id", "run_id"}
        assert await session.scalar(text("select count(*) from agents.runs")) == 0
