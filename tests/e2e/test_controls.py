"""What owners can do about agents, on the whole platform: kill switch, dry runs, usage, and a log that is checked."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from resolvers.demo import demo_tenant_id

from .conftest import Platform, codes
from .runs import SCORE, Client, open_leads, scores_of

ADA, BEN = "ada@acme", "ben@acme"
SET = """
mutation ($input: SetAgentControlsInput!) {
  setAgentControls(input: $input) { controls { killSwitch dryRun } errors { code } }
}
"""
NOTE = 'mutation ($id: ID!) { updateLead(input: {id: $id, notes: "Call us."}) { errors { code } } }'


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=platform.url, timeout=40, trust_env=False) as http:
        yield Client(platform, http)


@pytest.fixture
async def lead(platform: Platform, client: Client) -> str:
    """One with an outsider's words, so that a run about it waits for a person."""
    found = (await open_leads(platform, demo_tenant_id("acme")))[-1]
    await client.until(NOTE, {"id": found}, ADA)
    return found


async def switched(client: Client, **switches: Any) -> None:
    payload = (await client.until(SET, {"input": switches}, ADA))["setAgentControls"]
    assert payload["errors"] == []


async def score(client: Client, lead: str) -> httpx.Response:
    """Sent again under its key where a busy machine could not say whether the run was opened, as the error tells."""
    key = uuid.uuid4().hex
    for _ in range(10):
        response = await client.ask(SCORE, {"id": lead}, ADA, idempotency_key=key, prefer="respond-async")
        if "AGENTS_UNAVAILABLE" not in response.text:
            break
        await asyncio.sleep(1)
    return response


def run_of(response: httpx.Response) -> str:
    assert "errors" not in response.json(), response.text
    return str(response.json()["data"]["scoreLead"]["run"]["id"])


async def test_a_dry_run_proposes_and_writes_nothing(platform: Platform, client: Client, lead: str) -> None:
    await switched(client, dryRun=True, reason="We look first.")
    try:
        run_id = run_of(await score(client, lead))
        run = await client.ended(run_id, BEN)
    finally:
        await switched(client, dryRun=False)
    assert (run["status"], [action["status"] for action in run["actions"]]) == ("SUCCEEDED", ["SKIPPED"])
    assert await scores_of(platform, [run_id]) == {run_id: 0}


async def test_the_kill_switch_stops_what_is_under_way(platform: Platform, client: Client, lead: str) -> None:
    run_id = run_of(await score(client, lead))
    run = await client.waiting(run_id, BEN)
    assert run["status"] == "WAITING_FOR_APPROVAL", run
    await switched(client, killSwitch=True, reason="Something is wrong.")
    try:
        assert codes(await score(client, lead)) == ["KILL_SWITCH"]
        await client.decide(run_id, run, BEN)
        run = await client.ended(run_id, BEN)
    finally:
        await switched(client, killSwitch=False)
    assert (run["status"], run["error"]["code"]) == ("FAILED", "KILL_SWITCH")
    assert await scores_of(platform, [run_id]) == {run_id: 0}
    again = run_of(await score(client, lead))
    waiting = await client.waiting(again, BEN)
    assert waiting["status"] == "WAITING_FOR_APPROVAL", "switched off, agents go on"
    await client.decide(again, waiting, BEN, "REJECT")
    await client.ended(again, BEN)


async def test_what_was_used_and_the_log_are_the_tenants_own(client: Client) -> None:
    query = """{
      agentUsage { calls micros currency rows { crew model runs } }
      agentBudgets { crew hardMicros spentMicros exhausted }
      agentCrews { name engine { kind } }
      agentAudit(first: 50) { edges { node { kind actor data } } verification { intact problem } }
    }"""
    found = await client.until(query, {}, ADA)
    assert found["agentAudit"]["verification"] == {"intact": True, "problem": None}
    kinds = {edge["node"]["kind"] for edge in found["agentAudit"]["edges"]}
    assert {"CONTROLS_SET", "RUN_OPENED"} <= kinds
    assert found["agentBudgets"][0]["crew"] is None
    assert found["agentUsage"]["currency"] == "USD"
    assert {crew["engine"]["kind"] for crew in found["agentCrews"]} == {"PLAYBOOK"}
    elsewhere = await client.until("{ agentAudit(first: 50) { edges { node { data } } } }", {}, "ada@globex")
    assert "Something is wrong." not in str(elsewhere)
