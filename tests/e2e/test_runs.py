"""Agent-backed mutations on the whole platform: from the client's request to the write that a person approved."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from brain.embedded.data_folder import find_data_folder
from brain.run_tokens import RunTokenSigner
from resolvers.demo import demo_id, demo_tenant_id

from .conftest import Platform, codes
from .runs import SCORE, Client, open_leads, scores_of

ADA, BEN, CLEO, DAN = "ada@acme", "ben@acme", "cleo@acme", "dan@acme"


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=platform.url, timeout=40, trust_env=False) as http:
        yield Client(platform, http)


@pytest.fixture(scope="module")
async def leads(platform: Platform) -> list[str]:
    found = await open_leads(platform, demo_tenant_id("acme"))
    assert len(found) >= 4
    return found


def key() -> str:
    return uuid.uuid4().hex


async def test_a_lead_is_scored_once_a_person_approves(platform: Platform, client: Client, leads: list[str]) -> None:
    response = await client.ask(SCORE, {"id": leads[0]}, ADA, idempotency_key=key(), prefer="wait=30")
    assert response.headers["preference-applied"].startswith("wait=")
    run_id = response.json()["data"]["scoreLead"]["run"]["id"]
    run = await client.waiting(run_id, BEN)
    if run["status"] == "WAITING_FOR_APPROVAL":  # the lead has notes, which anybody could have written
        assert await scores_of(platform, [run_id]) == {run_id: 0}
        await client.decide(run_id, run, BEN)
    run = await client.ended(run_id, BEN)
    assert (run["status"], run["phase"], run["progress"]) == ("SUCCEEDED", "DONE", 1.0)
    assert [action["status"] for action in run["actions"]] == ["DONE"]
    assert await scores_of(platform, [run_id]) == {run_id: 1}


async def test_the_same_key_finds_the_same_run(client: Client, leads: list[str]) -> None:
    given, own = {"id": leads[1]}, key()
    first = await client.ask(SCORE, given, ADA, idempotency_key=own, prefer="respond-async")
    again = await client.ask(SCORE, given, ADA, idempotency_key=own, prefer="respond-async")
    assert first.headers["preference-applied"] == "respond-async"
    run_id = first.json()["data"]["scoreLead"]["run"]["id"]
    assert again.json()["data"]["scoreLead"]["run"]["id"] == run_id
    other = await client.ask(SCORE, {"id": leads[2]}, ADA, idempotency_key=own, prefer="respond-async")
    assert codes(other) == ["IDEMPOTENCY_KEY_REUSED"]
    run = await client.waiting(run_id, BEN)
    await client.decide(run_id, run, BEN, "REJECT")
    await client.ended(run_id, BEN)


async def test_without_a_key_an_equal_request_is_the_same(client: Client, leads: list[str]) -> None:
    ids = set()
    for _ in range(2):
        response = await client.ask(SCORE, {"id": leads[3]}, ADA, prefer="respond-async")
        ids.add(response.json()["data"]["scoreLead"]["run"]["id"])
    (run_id,) = ids
    await client.decide(run_id, await client.waiting(run_id, BEN), BEN, "REJECT")
    await client.ended(run_id, BEN)


async def test_a_key_that_is_none(client: Client, leads: list[str]) -> None:
    response = await client.ask(SCORE, {"id": leads[0]}, ADA, idempotency_key="a b")
    assert codes(response) == ["BAD_USER_INPUT"]


async def test_one_run_per_request(client: Client, leads: list[str]) -> None:
    both = "mutation ($id: ID!) { a: scoreLead(input: {leadId: $id}) { run { id } } b: analyseTenant { run { id } } }"
    response = await client.ask(both, {"id": leads[0]}, ADA)
    assert (response.status_code, codes(response)) == (400, ["AGENT_ONE_PER_REQUEST"])


async def test_who_may_not_write_starts_nothing(client: Client, leads: list[str]) -> None:
    before = (await client.until("{ agentRuns { totalCount } }", {}, DAN))["agentRuns"]["totalCount"]
    response = await client.ask(SCORE, {"id": leads[0]}, DAN, idempotency_key=key())
    assert codes(response) == ["FORBIDDEN"]
    assert codes(await client.ask(SCORE, {"id": leads[0]})) == ["UNAUTHENTICATED"]
    after = (await client.until("{ agentRuns { totalCount } }", {}, DAN))["agentRuns"]["totalCount"]
    assert after == before


async def test_a_runs_token_reaches_that_run_and_starts_none(
    platform: Platform, client: Client, leads: list[str]
) -> None:
    response = await client.ask(SCORE, {"id": leads[0]}, ADA, idempotency_key=key(), prefer="respond-async")
    run_id = response.json()["data"]["scoreLead"]["run"]["id"]
    folder = find_data_folder(platform.data_dir)
    assert folder is not None
    signer = RunTokenSigner.from_file(folder.path / "keys" / "worker.pem")
    tenant, ada = str(demo_tenant_id("acme")), str(demo_id("acme", "user", "ada"))

    async def ask(query: str, variables: dict[str, Any], run: str, *scopes: str, **other: Any) -> httpx.Response:
        spoken = {"tenant": tenant, "run_id": run, "crew": "lead_scoring", "user_id": ada, "scopes": scopes, **other}
        return await client.ask(query, variables, authorization=f"Bearer {signer.sign(**spoken)}")

    report = "mutation ($input: ReportAgentRunInput!) { reportAgentRun(input: $input) { errors { code } } }"
    told = {"input": {"runId": run_id, "seq": 900, "status": "SUCCEEDED", "phase": "DONE"}}
    assert codes(await ask(report, told, str(uuid.uuid4()))) == ["FORBIDDEN"]
    assert codes(await ask(SCORE, {"id": leads[0]}, run_id, "crm:read", "crm:write")) == ["AGENT_NOT_NESTED"]
    assert codes(await ask("{ leads { totalCount } }", {}, run_id)) == ["FORBIDDEN"], "of the crew's grants only these"
    assert (await ask("{ leads { totalCount } }", {}, run_id, "identity:read")).status_code == 401
    leads_query = "{ leads { totalCount } }"
    assert codes(await ask(leads_query, {}, run_id, "crm:read")) == []
    # A stolen key opens what the run was opened with, for whom it was opened, and nothing besides.
    for other in (
        {"user_id": None},
        {"user_id": str(demo_id("acme", "user", "ben"))},
        {"tenant": str(demo_tenant_id("globex"))},
        {"run_id": str(uuid.uuid4())},
        {"crew": "tenant_analyst"},
    ):
        assert (await ask(leads_query, {}, run_id, "crm:read", **other)).status_code == 401, other
    await client.decide(run_id, await client.waiting(run_id, BEN), BEN, "REJECT")
    await client.ended(run_id, BEN)
    deadline = time.monotonic() + 10
    while (over := await ask(leads_query, {}, run_id, "crm:read")).status_code == 200:
        assert time.monotonic() < deadline, "a run that has ended reads on"
        await asyncio.sleep(0.2)
    assert (over.status_code, codes(over)) == (403, ["AGENT_RUN_OVER"])


async def test_who_loses_the_role_writes_nothing_more(platform: Platform, client: Client, leads: list[str]) -> None:
    """Asked for as an agent, approved by a manager, and meanwhile no agent any more."""
    change = """mutation ($id: ID!, $role: Role!) { changeRole(userId: $id, role: $role) { errors { code } } }"""
    note = 'mutation ($id: ID!) { updateLead(input: {id: $id, notes: "Call us."}) { errors { code } } }'
    cleo = {"id": str(demo_id("acme", "user", "cleo"))}
    await client.until(note, {"id": leads[2]}, ADA)  # an outsider's words: the run waits for a person
    response = await client.ask(SCORE, {"id": leads[2]}, CLEO, idempotency_key=key(), prefer="respond-async")
    run_id = response.json()["data"]["scoreLead"]["run"]["id"]
    run = await client.waiting(run_id, BEN)
    assert run["status"] == "WAITING_FOR_APPROVAL", run
    await client.until(change, {**cleo, "role": "VIEWER"}, ADA)
    try:
        await client.decide(run_id, run, BEN)
        run = await client.ended(run_id, BEN)
    finally:
        await client.until(change, {**cleo, "role": "AGENT"}, ADA)
    assert (run["status"], run["error"]["code"]) == ("FAILED", "AGENT_RIGHTS_WITHDRAWN")
    assert await scores_of(platform, [run_id]) == {run_id: 0}


async def test_the_logs_name_run_and_tenant(platform: Platform, client: Client, leads: list[str]) -> None:
    response = await client.ask(SCORE, {"id": leads[0]}, ADA, idempotency_key=key(), prefer="respond-async")
    run_id = response.json()["data"]["scoreLead"]["run"]["id"]
    await client.waiting(run_id, BEN)
    lines = [line for line in platform.logs().splitlines() if run_id in line]
    assert any('"tenant":"acme"' in line and f'"run":"{run_id}"' in line for line in lines)
