"""Which crews there are, and what makes their results for a tenant now."""

import json
from pathlib import Path
from typing import Any

from brain.crews.export import crews_json
from brain.integrations import all_crews
from subgraphs.agents.engine_settings import EngineSettings

CREWS = """
{ agentCrews {
  name title mutation risk agents grants tasks steps approveWrites budgetMicros integration
  engine { kind provider model isOwn }
} }
"""
RULES = {"kind": "PLAYBOOK", "provider": None, "model": None, "isOwn": False}


def test_the_committed_file_is_of_the_crews_that_there_are() -> None:
    assert Path("schema/agent-crews.json").read_text() == crews_json(all_crews())


async def test_all_crews_with_their_mutations(tenant: Any) -> None:
    found = (await tenant.data(CREWS, scopes=["agents:read"]))["agentCrews"]
    assert len(found) == 10 + 40
    by_name = {crew["name"]: crew for crew in found}
    assert by_name["lead_scoring"] == {
        "name": "lead_scoring", "title": "Lead scoring", "mutation": "crm.scoreLead", "risk": "WRITE", "agents": 1,
        "grants": ["crm:read", "crm:write", "directory:read"], "tasks": ["score"], "steps": [], "approveWrites": False,
        "budgetMicros": 50_000, "integration": None, "engine": RULES,
    }  # fmt: skip
    stripe = by_name["integration_stripe"]
    assert (stripe["integration"], stripe["agents"], stripe["risk"], stripe["approveWrites"]) == (
        "stripe", 4, "MONEY", True
    )  # fmt: skip
    for name, crew in all_crews().items():
        assert by_name[name]["agents"] == crew.weight
        assert tuple(by_name[name]["tasks"]) == tuple(crew.tasks)


async def test_a_budget_that_is_spent_leaves_the_work_to_the_rules(tenant: Any, monkeypatch: Any) -> None:
    engines = EngineSettings(engine_provider="openai", engine_model="gpt-4.1-mini")
    monkeypatch.setattr("subgraphs.agents.schema.secrets._platform", lambda info: engines)
    chosen = {"kind": "LLM", "provider": "openai", "model": "gpt-4.1-mini", "isOwn": False}

    async def engines_now() -> dict[str, Any]:
        found = (await tenant.data(CREWS, scopes=["agents:read"]))["agentCrews"]
        return {crew["name"]: crew["engine"] for crew in found}

    assert set(map(json.dumps, (await engines_now()).values())) == {json.dumps(chosen)}
    owner = {"scopes": ["agents:admin"]}
    payload = await tenant.mutate("setAgentBudget", "budget { crew }", owner, crew="lead_scoring", hardMicros=0)
    assert payload["errors"] == []
    now = await engines_now()
    assert (now["lead_scoring"], now["tenant_analyst"]) == (RULES, chosen)
    await tenant.mutate("setAgentBudget", "budget { crew }", owner, hardMicros=0)
    assert set(map(json.dumps, (await engines_now()).values())) == {json.dumps(RULES)}


async def test_who_may_look(tenant: Any) -> None:
    body = await tenant.agents.call(CREWS, tenant=tenant.id, user=tenant.ada, scopes=["crm:read"])
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
