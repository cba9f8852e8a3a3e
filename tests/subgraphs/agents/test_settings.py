"""Switches, budgets, usage, and the log that tells of all of it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

MONTH = datetime.now(UTC).strftime("%Y-%m")
CONTROLS = "controls { killSwitch dryRun reason changedBy { id } version }"
BUDGET = """budget {
  crew hardMicros softPercent whenExhausted reservedMicros spentMicros leftMicros warned exhausted version
}"""
AUDIT = """
{ agentAudit(first: 100) {
    edges { node { seq kind actor hash prevHash } }
    verification { intact checked headSeq headHash brokenAt problem }
} }
"""


@pytest.fixture
def admin(tenant: Any) -> dict[str, Any]:
    return {"scopes": ["agents:admin", "agents:read"], "user": tenant.ada}


async def test_the_kill_switch_stops_everything_at_once(tenant, admin):
    before = await tenant.run()
    payload = await tenant.mutate("setAgentControls", CONTROLS, admin, killSwitch=True, reason="Too much mail.")
    assert payload["controls"] == {
        "killSwitch": True,
        "dryRun": False,
        "reason": "Too much mail.",
        "changedBy": {"id": str(tenant.ada)},
        "version": 1,
    }
    assert (await tenant.open())["refusal"]["code"] == "KILL_SWITCH"
    reserved = await tenant.mutate("reserveAgentBudget", "granted refusal { code }", runId=before, micros=1)
    assert (reserved["granted"], reserved["refusal"]) == (False, {"code": "KILL_SWITCH"})
    action = {"tool": "t", "risk": "WRITE", "arguments": {}, "reason": "r"}
    proposed = await tenant.mutate("proposeAgentActions", "actions { argumentsHash }", runId=before, actions=[action])
    await tenant.mutate(
        "recordAgentDecision", "changed", runId=before, index=0, kind="APPROVE",
        argumentsHash=proposed["actions"][0]["argumentsHash"],
    )  # fmt: skip
    begun = await tenant.mutate("recordAgentAction", "changed", runId=before, index=0, status="EXECUTING")
    assert [error["code"] for error in begun["errors"]] == ["KILL_SWITCH"]
    payload = await tenant.mutate("setAgentControls", CONTROLS, admin, dryRun=False, expectedVersion=1)
    assert payload["controls"]["reason"] == "Too much mail.", "what is left out stays"
    payload = await tenant.mutate("setAgentControls", CONTROLS, admin, reason=" ", expectedVersion=2)
    assert payload["controls"]["reason"] is None
    payload = await tenant.mutate("setAgentControls", CONTROLS, admin, killSwitch=False, expectedVersion=0)
    assert [error["code"] for error in payload["errors"]] == ["VERSION_CONFLICT"]
    await tenant.mutate("setAgentControls", CONTROLS, admin, killSwitch=False, expectedVersion=3)
    assert (await tenant.open())["isNew"]


async def test_in_a_dry_run_every_new_run_is_one(tenant, admin):
    await tenant.mutate("setAgentControls", CONTROLS, admin, dryRun=True)
    payload = await tenant.open()
    assert payload["run"]["dryRun"]
    assert payload["workflowInput"]["dry_run"]
    data = await tenant.data("{ agentControls { dryRun version } agentRuns(filter: {dryRun: true}) { totalCount } }")
    assert data == {"agentControls": {"dryRun": True, "version": 1}, "agentRuns": {"totalCount": 1}}


async def test_budgets_of_the_tenant_and_of_a_crew(tenant, admin):
    payload = await tenant.mutate("setAgentBudget", BUDGET, admin, hardMicros=1000, whenExhausted="REFUSE")
    assert payload["budget"] == {
        "crew": None, "hardMicros": 1000, "softPercent": 80, "whenExhausted": "REFUSE", "reservedMicros": 0,
        "spentMicros": 0, "leftMicros": 1000, "warned": False, "exhausted": False, "version": 1,
    }  # fmt: skip
    await tenant.mutate("setAgentBudget", BUDGET, admin, crew="lead_scoring", hardMicros=600)
    run_id = await tenant.run()
    refused = await tenant.mutate("reserveAgentBudget", "granted refusal { code message }", runId=run_id, micros=601)
    assert refused["refusal"]["code"] == "BUDGET_EXHAUSTED"
    assert (await tenant.mutate("reserveAgentBudget", "granted warned", runId=run_id, micros=500)) == {
        "granted": True, "warned": True, "errors": [],
    }  # fmt: skip
    other = await tenant.run(crew="other")
    assert (await tenant.mutate("reserveAgentBudget", "granted", runId=other, micros=500))["granted"]
    assert (await tenant.open())["refusal"]["code"] == "BUDGET_EXHAUSTED"
    await tenant.mutate(
        "recordAgentLlmCall", "call { callId }", runId=run_id, callId="c", agent="a", model="m", inputTokens=7,
        outputTokens=3, micros=120,
    )  # fmt: skip
    data = await tenant.data(
        "{ agentBudgets { crew reservedMicros spentMicros exhausted } "
        "agentUsage { period calls micros rows { crew model runs calls inputTokens outputTokens micros } } }"
    )
    assert data["agentBudgets"] == [
        {"crew": None, "reservedMicros": 880, "spentMicros": 120, "exhausted": True},
        {"crew": "lead_scoring", "reservedMicros": 380, "spentMicros": 120, "exhausted": False},
    ]
    row = {
        "crew": "lead_scoring", "model": "m", "runs": 1, "calls": 1, "inputTokens": 7, "outputTokens": 3, "micros": 120
    }  # fmt: skip
    assert data["agentUsage"] == {"period": MONTH, "calls": 1, "micros": 120, "rows": [row]}
    data = await tenant.data(
        '{ agentUsage(period: "2020-01") { calls rows { calls } } agentBudgets(period: "2020-01") { spentMicros } }'
    )
    assert data["agentUsage"] == {"calls": 0, "rows": []}
    for wrong in ("2020-13", "2020-1", "x", "2020-01-01", ""):
        body = await tenant.agents.call(
            "query ($p: String) { agentUsage(period: $p) { calls } }", {"p": wrong}, tenant=tenant.id
        )
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("crew", ["no_such_crew", "", "lead scoring", "LEAD_SCORING"])
async def test_only_crews_have_budgets(tenant, admin, crew):
    payload = await tenant.mutate(
        "setAgentBudget", "budget { crew } errors { ... on InvalidInputError { path } }", admin, crew=crew, hardMicros=1
    )
    assert payload["budget"] is None
    assert payload["errors"][0]["path"] == ["input", "crew"]
    assert [budget["crew"] for budget in (await tenant.data("{ agentBudgets { crew } }"))["agentBudgets"]] == [None]


async def test_a_crews_budget_is_taken_away(tenant, admin):
    await tenant.mutate("setAgentBudget", BUDGET, admin, crew="lead_scoring", hardMicros=10)
    run_id = await tenant.run()

    async def reserved() -> bool:
        found = await tenant.mutate("reserveAgentBudget", "granted", runId=run_id, micros=11)
        return bool(found["granted"])

    assert not await reserved()
    for expected, crew, code in ((0, "lead_scoring", "VERSION_CONFLICT"), (1, "tenant_analyst", "NOT_FOUND")):
        payload = await tenant.mutate("removeAgentBudget", "crew", admin, crew=crew, expectedVersion=expected)
        assert payload["errors"][0]["code"].endswith(code)
    payload = await tenant.mutate("removeAgentBudget", "crew", admin, crew="lead_scoring", expectedVersion=1)
    assert payload == {"crew": "lead_scoring", "errors": []}
    assert await reserved()
    assert [budget["crew"] for budget in (await tenant.data("{ agentBudgets { crew } }"))["agentBudgets"]] == [None]
    again = await tenant.mutate("removeAgentBudget", "crew", admin, crew="lead_scoring")
    assert [error["code"] for error in again["errors"]] == ["AGENT_BUDGET_NOT_FOUND"]
    own = await tenant.mutate("removeAgentBudget", "crew", admin, crew="")
    assert [error["code"] for error in own["errors"]] == ["AGENT_BUDGET_NOT_FOUND"], (
        "the tenant's own is set, not removed"
    )


async def test_who_may_set_and_see(tenant):
    run_id = await tenant.run()
    for query, scope in (
        ("mutation { setAgentControls(input: {killSwitch: true}) { errors { code } } }", "agents:admin"),
        ("mutation { setAgentBudget(input: {hardMicros: 1}) { errors { code } } }", "agents:admin"),
        ('mutation { removeAgentBudget(input: {crew: "lead_scoring"}) { errors { code } } }', "agents:admin"),
        ("{ agentAudit { edges { node { seq } } } }", "agents:admin"),
        ("{ agentRuns { totalCount } }", "agents:read"),
        ("{ agentControls { version } }", "agents:read"),
        ("{ agentBudgets { crew } }", "agents:read"),
        ("{ agentUsage { calls } }", "agents:read"),
        ("{ waitingAgentActions { totalCount } }", "agents:read"),
        (f'{{ agentRun(id: "{run_id}") {{ id }} }}', "agents:read"),
        (f'mutation {{ cancelAgentRun(input: {{id: "{run_id}"}}) {{ errors {{ code }} }} }}', "agents:write"),
        (f'mutation {{ retryAgentRun(input: {{id: "{run_id}"}}) {{ errors {{ code }} }} }}', "agents:write"),
    ):
        others = {"agents:read", "agents:write", "agents:approve", "agents:admin", "agents:run", "crm:read"} - {scope}
        body = await tenant.agents.call(query, tenant=tenant.id, scopes=others)
        assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": scope}, query


async def test_the_log_is_a_chain_without_gaps_however_much_happens_at_once(tenant):
    run_ids = await asyncio.gather(*(tenant.run() for _ in range(10)))
    await asyncio.gather(
        *(tenant.mutate("reportAgentRun", "run { id }", runId=run_id, seq=1, phase="PLAN") for run_id in run_ids)
    )
    log = (await tenant.data(AUDIT))["agentAudit"]
    nodes = [edge["node"] for edge in log["edges"]][::-1]
    assert [node["seq"] for node in nodes] == list(range(1, 21))
    assert [node["prevHash"] for node in nodes[1:]] == [node["hash"] for node in nodes[:-1]]
    head = nodes[-1]["hash"]
    assert log["verification"] == {
        "intact": True, "checked": 20, "headSeq": 20, "headHash": head, "brokenAt": None, "problem": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "place", "problem"),
    [
        ("update agents.audit set data = '{}' where tenant_id = $1 and seq = 2", 2, "was changed"),
        ("update agents.audit set actor = 'user:x' where tenant_id = $1 and seq = 3", 3, "was changed"),
        ("delete from agents.audit where tenant_id = $1 and seq = 2", 2, "is missing"),
        ("delete from agents.audit where tenant_id = $1 and seq = 3", 3, "is missing"),
        ("update agents.audit set seq = 5 - seq where tenant_id = $1 and seq in (2, 3)", 2, None),
    ],
)
async def test_who_changes_the_log_behind_its_back_is_found_out(tenant, agents, damage, place, problem):
    for _ in range(3):
        await tenant.open()
    owner = await asyncpg.connect(agents.settings.database_url.get_secret_value())
    try:
        await owner.execute("alter table agents.audit drop constraint uq_audit_seq")
        await owner.execute(damage, tenant.id)
        found = (await tenant.data(AUDIT))["agentAudit"]["verification"]
        assert (found["intact"], found["brokenAt"]) == (False, place)
        assert problem is None or found["problem"] == problem
    finally:
        await owner.execute("delete from agents.audit where tenant_id = $1", tenant.id)
        await owner.execute("alter table agents.audit add constraint uq_audit_seq unique (tenant_id, seq)")
        await owner.close()


async def test_the_application_cannot_change_history(agents, tenant):
    """Not even its own tenant's rows, and not even without row security in the way."""
    await tenant.run()
    owner = await asyncpg.connect(agents.settings.database_url.get_secret_value())
    try:
        for table, rights in {
            "audit": "ud",
            "ledger": "ud",
            "votes": "ud",
            "events": "ud",
            "runs": "d",
            "actions": "d",
            "audit_heads": "d",
        }.items():
            for right, name in (("u", "update"), ("d", "delete"), ("t", "truncate")):
                held = await owner.fetchval("select has_table_privilege('agents_app', $1, $2)", f"agents.{table}", name)
                assert held is (right not in rights and right != "t"), (table, name)
    finally:
        await owner.close()
