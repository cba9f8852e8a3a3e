"""`kill -9` of each part while runs of agents are under way: every run ends once, in the right state, and writes once.

More of them: pytest tests/e2e/test_kills.py --killed-runs 100
"""

import asyncio
import os
import random
import signal
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest

from resolvers.demo import demo_tenant_id

from .conftest import Platform
from .runs import SCORE, Client, component_pid, open_leads, scores_of

ADA, BEN = "ada@acme", "ben@acme"
PARTS = ("worker", "brain", "subgraphs", "redis", "temporal")
TOGETHER = 5


@pytest.fixture(scope="module")
async def client(platform: Platform) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=platform.url, timeout=15, trust_env=False) as http:
        yield Client(platform, http, patience_s=240)


async def one_run(client: Client, lead: str, chance: random.Random) -> str:
    """From the request to the end of the run, whatever is killed meanwhile; the run's id."""
    await asyncio.sleep(chance.uniform(0, 2))
    key = uuid.UUID(int=chance.getrandbits(128)).hex
    asked = await client.until(SCORE, {"id": lead}, ADA, idempotency_key=key, prefer="respond-async")
    run_id = str(asked["scoreLead"]["run"]["id"])
    run = await client.waiting(run_id, BEN)
    if run["status"] == "WAITING_FOR_APPROVAL":
        await asyncio.sleep(chance.uniform(0, 1))
        await client.decide(run_id, run, BEN)
    run = await client.ended(run_id, BEN)
    assert run["status"] == "SUCCEEDED", run
    assert [action["status"] for action in run["actions"]] == ["DONE"], run
    again = await client.until(SCORE, {"id": lead}, ADA, idempotency_key=key, prefer="respond-async")
    assert again["scoreLead"]["run"] == {"id": run_id, "status": "SUCCEEDED"}
    return run_id


async def kill(platform: Platform, part: str, after_s: float) -> bool:
    """Kill a part, unless it is away already."""
    await asyncio.sleep(after_s)
    pid = component_pid(platform, part)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


async def test_every_run_ends_once_whatever_is_killed(client: Client, pytestconfig: pytest.Config) -> None:
    wanted: int = pytestconfig.getoption("--killed-runs")
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    print(f"seed {seed}")
    leads = await open_leads(client.platform, demo_tenant_id("acme"))
    parts = list(PARTS)
    chance.shuffle(parts)
    killed: Counter[str] = Counter()
    ids: list[str] = []
    began = time.monotonic()
    while len(ids) < wanted:
        part = parts[len(ids) // TOGETHER % len(parts)]
        runs = [one_run(client, chance.choice(leads), chance) for _ in range(min(TOGETHER, wanted - len(ids)))]
        found, *hits = await asyncio.gather(
            asyncio.gather(*runs),
            kill(client.platform, part, chance.uniform(0, 4)),
            # A second one, of any part: what is being restarted is needed by somebody.
            kill(client.platform, chance.choice(PARTS), chance.uniform(2, 7)),
        )
        killed[part] += sum(hits)
        ids += found
        print(f"{len(ids)} runs, {sum(killed.values())} kills, {time.monotonic() - began:.0f} s")
    assert len(set(ids)) == wanted, "no run was taken for another"
    assert set((await scores_of(client.platform, ids)).values()) == {1}, "each has written once"
    query = """query ($id: ID!) { agentRun(id: $id) { auditTrail { kind } } }"""
    for run_id in ids:
        trail = (await client.until(query, {"id": run_id}, BEN))["agentRun"]["auditTrail"]
        kinds = Counter(entry["kind"] for entry in trail)
        assert kinds["RUN_OPENED"] == kinds["ACTION_EXECUTING"] == kinds["ACTION_DONE"] == 1, (run_id, kinds)
    log = await client.until("{ agentAudit(first: 1) { verification { intact problem } } }", {}, ADA)
    assert log["agentAudit"]["verification"] == {"intact": True, "problem": None}
