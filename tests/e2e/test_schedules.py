"""A schedule on the whole platform: Temporal keeps it, and what it starts is a run like others."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from temporalio.client import Client as Temporal

from brain.embedded.data_folder import find_data_folder
from resolvers.demo import demo_tenant_id

from .conftest import Platform
from .runs import FINAL, Client

ADA, BEN = "ada@acme", "ben@acme"
CREATE = """
mutation ($input: CreateAgentScheduleInput!) {
  createAgentSchedule(input: $input) { schedule { id } errors { code message } }
}
"""
RUNS = """
query ($s: [ID!]) { agentRuns(filter: {scheduleId: $s}) { edges { node { id status error { code } } } } }
"""
DELETE = "mutation ($id: ID!) { deleteAgentSchedule(input: {id: $id}) { errors { code } } }"


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=platform.url, timeout=40, trust_env=False) as http:
        yield Client(platform, http)


@pytest.fixture
async def temporal(platform: Platform) -> Temporal:
    folder = find_data_folder(platform.data_dir)
    assert folder is not None
    return await Temporal.connect(f"127.0.0.1:{folder.noted_port('temporal')}")


async def ended(client: Client, schedule_id: str) -> Any:
    deadline = time.monotonic() + 60
    while True:
        edges = (await client.until(RUNS, {"s": [schedule_id]}, BEN))["agentRuns"]["edges"]
        if edges and edges[0]["node"]["status"] in FINAL:
            return edges[0]["node"]
        assert time.monotonic() < deadline, edges
        await asyncio.sleep(0.2)


async def test_a_moment_of_a_schedule_is_a_run(platform: Platform, client: Client, temporal: Temporal) -> None:
    given = {"name": "Nightly", "crew": "tenant_analyst", "cron": "0 3 * * *", "arguments": {}, "risk": "READ"}
    made = (await client.until(CREATE, {"input": given}, BEN))["createAgentSchedule"]
    assert made["errors"] == []
    schedule_id = made["schedule"]["id"]
    await temporal.get_schedule_handle(f"{demo_tenant_id('acme')}:{schedule_id}").trigger()
    run = await ended(client, schedule_id)
    assert (run["status"], run["error"]) == ("SUCCEEDED", None)
    assert list((platform.data_dir / "crewai" / "home").rglob("*crewai*")), "the worker's home is its own"
    assert (await client.until(DELETE, {"id": schedule_id}, BEN))["deleteAgentSchedule"]["errors"] == []
