"""Acme, with every scope and ids, cursors and representations of globex in hand, neither sees nor changes anything."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from resolvers.context import RequestContext
from resolvers.demo import demo_id, demo_tenant_id
from subgraphs.agents.domain.values import run_id_of
from subgraphs.agents.tables import metadata

EVERYTHING = ["agents:read", "agents:write", "agents:approve", "agents:admin", "agents:run", "internal"]


def run_of(tenant: str, crew: str, key: str) -> str:
    return str(run_id_of(demo_tenant_id(tenant), crew, key))


LEFT = run_of("globex", "review_response", "demo-4")
FAILED = run_of("globex", "tenant_analyst", "demo-3")


async def everything(agents: Any, tenant: str) -> dict[str, Any]:
    """What a tenant has, as its own rows say."""
    async with agents.database.session(RequestContext.system(demo_tenant_id(tenant))) as session:
        return {
            table.name: [str(row) for row in await session.rows(select(table).order_by(table.c.created_at, table.c.id))]
            for table in metadata.sorted_tables
            if "id" in table.c
        }


async def test_the_demo_has_its_runs_in_both_tenants(agents):
    for tenant in ("acme", "globex"):
        data = await agents.data("{ agentRuns { edges { node { id status } } } }", tenant=tenant)
        found = {edge["node"]["id"]: edge["node"]["status"] for edge in data["agentRuns"]["edges"]}
        assert found[run_of(tenant, "lead_scoring", "demo-1")] == "SUCCEEDED"
        assert found[run_of(tenant, "tenant_analyst", "demo-3")] == "FAILED"
        assert run_of(tenant, "review_response", "demo-4") in found  # left to be started, which a sweeper may have done
        log = await agents.data("{ agentAudit { verification { intact } } }", tenant=tenant)
        assert log["agentAudit"]["verification"]["intact"]


async def test_ids_of_others_find_nothing(agents):
    data = await agents.data(
        """query ($run: ID!, $user: [ID!], $schedule: [ID!]) {
          agentRun(id: $run) { id }
          byUser: agentRuns(filter: {requestedBy: $user}) { totalCount edges { node { id } } }
          bySchedule: agentRuns(filter: {scheduleId: $schedule}) { totalCount edges { node { id } } }
        }""",
        {"run": LEFT, "user": [str(demo_id("globex", "user", "ben"))], "schedule": [str(uuid4())]},
        scopes=EVERYTHING,
    )
    nothing = {"totalCount": 0, "edges": []}
    assert data == {"agentRun": None, "byUser": nothing, "bySchedule": nothing}


async def test_representations_of_others_find_nothing(agents):
    own = run_of("acme", "lead_scoring", "demo-1")
    found = await agents.entities(
        [{"__typename": "AgentRun", "id": id_} for id_ in (LEFT, own, FAILED)],
        "... on AgentRun { id actions { index } auditTrail { seq } events { id } calls { callId } }",
        scopes=EVERYTHING,
    )
    assert found[0] is None
    assert found[2] is None
    assert found[1]["id"] == own
    assert found[1]["actions"]


async def test_a_cursor_of_others_is_a_position_and_no_more(agents):
    for field in ("agentRuns", "agentAudit"):
        theirs = await agents.data(f"{{ {field}(first: 1) {{ edges {{ cursor }} }} }}", tenant="globex")
        cursor = theirs[field]["edges"][0]["cursor"]
        node = "id" if field == "agentRuns" else "hash"
        query = f"query ($c: String) {{ {field}(first: 100, after: $c) {{ edges {{ node {{ {node} }} }} }} }}"
        seen = {edge["node"][node] for edge in (await agents.data(query, {"c": cursor}))[field]["edges"]}
        all_theirs = await agents.data(query, {"c": None}, tenant="globex")
        assert not seen & {edge["node"][node] for edge in all_theirs[field]["edges"]}


@pytest.mark.parametrize(
    ("field", "kind", "values", "code"),
    [
        ("decideAgentAction", None, {"runId": LEFT, "index": 0, "decision": "APPROVE", "argumentsHash": "x"}, "RUN"),
        ("cancelAgentRun", None, {"id": LEFT}, "RUN"),
        ("retryAgentRun", None, {"id": FAILED}, "RUN"),
        ("reportAgentRun", None, {"runId": LEFT, "seq": 99, "status": "CANCELLED"}, "RUN"),
        ("recordAgentDecision", None, {"runId": LEFT, "index": 0, "expired": True}, "RUN"),
        ("recordAgentAction", None, {"runId": LEFT, "index": 0, "status": "SKIPPED"}, "RUN"),
        ("reserveAgentBudget", None, {"runId": LEFT, "micros": 1}, "RUN"),
        ("settleAgentBudget", None, {"runId": LEFT}, "RUN"),
        ("updateAgentSchedule", None, {"id": str(uuid4()), "enabled": False}, "SCHEDULE"),
        ("deleteAgentSchedule", None, {"id": str(uuid4())}, "SCHEDULE"),
        ("openScheduledAgentRun", None, {"scheduleId": str(uuid4()), "key": "schedule:x"}, "SCHEDULE"),
    ],
)
async def test_no_mutation_reaches_others(agents, field, kind, values, code):
    before = await everything(agents, "globex"), await everything(agents, "acme")
    name = kind or field[0].upper() + field[1:] + "Input"
    data = await agents.data(
        f"mutation ($input: {name}!) {{ {field}(input: $input) {{ errors {{ code }} }} }}",
        {"input": values},
        scopes=EVERYTHING,
    )
    expected = {"RUN": "AGENT_RUN_NOT_FOUND", "SCHEDULE": "SCHEDULE_NOT_FOUND"}[code]
    assert data[field] == {"errors": [{"code": expected}]}
    assert (await everything(agents, "globex"), await everything(agents, "acme")) == before


async def test_the_same_key_in_two_tenants_is_two_runs(tenant, agents):
    other = type(tenant)(agents, uuid4())
    ids = {(await each.open("same-key"))["run"]["id"] for each in (tenant, other)}
    assert len(ids) == 2


async def test_lists_cost_the_same_however_long(tenant):
    """One statement per level, not one per run."""
    query = """{ agentRuns(first: 50) { totalCount edges { node {
        id status actions { index run { id } } events { id } auditTrail { seq } calls { callId } requestedBy { id }
    } } } }"""
    counts = []
    for _ in range(2):
        for _ in range(5):
            run_id = await tenant.run()
            action = {"tool": "t", "risk": "READ", "arguments": {}, "reason": "r"}
            await tenant.mutate("proposeAgentActions", "actions { index }", runId=run_id, actions=[action, action])
        with tenant.agents.count_statements() as statements:
            await tenant.data(query)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("decideAgentAction", {"runId": LEFT, "index": 0, "decision": "APPROVE", "argumentsHash": "x"}),
        ("setAgentBudget", {"hardMicros": 1}),
        ("removeAgentBudget", {"crew": "lead_scoring"}),
        ("setAgentControls", {"killSwitch": False}),
        ("setAgentControls", {"killSwitch": True, "dryRun": False}),
        ("setAgentControls", {"reason": "None."}),
        ("setAgentIntegrationCredentials", {"integration": "stripe", "credentials": []}),
        ("removeAgentIntegrationCredentials", {"integration": "stripe"}),
        ("setAgentEngine", {"provider": "openai", "model": "m", "apiKey": "k"}),
        ("removeAgentEngine", {}),
        ("createAgentSchedule", {"name": "n", "crew": "tenant_analyst", "cron": "0 7 * * *", "arguments": {}}),
        ("updateAgentSchedule", {"id": LEFT}),
        ("deleteAgentSchedule", {"id": LEFT}),
        ("addAgentDocument", {"title": "t", "text": "t"}),
        ("deleteAgentDocument", {"id": LEFT}),
    ],
)
async def test_no_run_does_what_people_do(tenant, field, values):
    """A worker's credential, which the crew of incidents has with `agents:admin`, sets nothing of the tenant's."""
    run_id = await tenant.run(crew="incident_healer")
    scopes = ["agents:read", "agents:write", "agents:approve", "agents:admin", "agents:run", "agents:act"]
    name = field[0].upper() + field[1:] + "Input"
    body = await tenant.agents.call(
        f"mutation ($input: {name}!) {{ {field}(input: $input) {{ errors {{ code }} }} }}",
        {"input": values},
        tenant=tenant.id,
        user=tenant.ada,
        scopes=scopes,
        claims={"run": run_id},
    )
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_run_stops_everything_and_no_more(tenant):
    caller = {"scopes": ["agents:admin", "agents:run"], "claims": {"run": await tenant.run(crew="incident_healer")}}
    payload = await tenant.mutate(
        "setAgentControls", "controls { killSwitch reason }", caller, killSwitch=True, reason="It spends too much."
    )
    assert payload["controls"] == {"killSwitch": True, "reason": "It spends too much."}
