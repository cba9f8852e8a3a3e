"""The catalogue, and how a tenant's integrations are."""

from typing import Any
from uuid import uuid4

from subgraphs.agents.catalogue import load_catalogue
from subgraphs.agents.domain.values import run_id_of

CATALOGUE = """
{ agentCatalogue { version
    integrations { name title agents { name riskCeiling } tools { tool risk } credentials { name secret } state detail }
    agents { name integration tools }
} }
"""


async def test_all_of_it_is_shown(tenant: Any) -> None:
    found = (await tenant.data(CATALOGUE))["agentCatalogue"]
    assert (len(found["integrations"]), len(found["agents"])) == (40, 93)
    assert found["version"] == load_catalogue()["version"]
    assert {entry["state"] for entry in found["integrations"]} == {None}
    of_integrations = [agent["name"] for entry in found["integrations"] for agent in entry["agents"]]
    of_platform = [agent["name"] for agent in found["agents"] if agent["integration"] is None]
    assert sorted(of_integrations + of_platform) == sorted(agent["name"] for agent in found["agents"])
    assert (len(of_integrations), len(of_platform)) == (86, 7)
    assert all(entry["tools"] and entry["credentials"] for entry in found["integrations"])


async def test_what_came_of_an_integration_is_the_tenants_own(tenant: Any, agents: Any) -> None:
    run_id = await tenant.run(crew="integration_stripe")
    me = tenant.workflow(run_id)
    tried = tenant.workflow(str(run_id_of(tenant.id, "integration_slack", "connection")))
    payload = await tenant.mutate("recordAgentIntegration", "state", tried, name="slack", state="CONNECTED")
    assert payload == {"state": "CONNECTED", "errors": []}, "one that only tries the connection"
    for state in ("CONNECTED", "MISSING_CREDENTIALS"):
        payload = await tenant.mutate(
            "recordAgentIntegration", "state", me, name="stripe", state=state, detail="No key is set."
        )
        assert payload == {"state": state, "errors": []}
    told = [(event["integration"], event["state"]) for event in await tenant.told("agents.integration_checked")]
    assert told == [("slack", "connected"), ("stripe", "connected"), ("stripe", "missing")]
    by_name = {entry["name"]: entry for entry in (await tenant.data(CATALOGUE))["agentCatalogue"]["integrations"]}
    assert (by_name["stripe"]["state"], by_name["stripe"]["detail"]) == ("MISSING_CREDENTIALS", "No key is set.")
    others = await agents.data(CATALOGUE, tenant=uuid4())
    assert {entry["state"] for entry in others["agentCatalogue"]["integrations"]} == {None}
    payload = await tenant.mutate("recordAgentIntegration", "state", me, name="nowhere", state="FAILED")
    assert [error["code"] for error in payload["errors"]] == ["INTEGRATION_NOT_FOUND"]
    query = 'mutation { recordAgentIntegration(input: {name: "stripe", state: CONNECTED}) { state } }'
    other = tenant.workflow(await tenant.run(crew="integration_slack"))
    for caller in ({"scopes": ["agents:run"]}, {"scopes": ["agents:admin", "agents:write"]}, other, tried):
        body = await agents.call(query, tenant=tenant.id, **caller)
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN", caller
