"""A crew of an integration, from the mutation to the provider: all of the platform, and a contract server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.brain.catalogue.contract_server import ContractServer, Step
from tests.brain.catalogue.provider_files import PROVIDERS

from .connected import NOTICES, connect

STRIPE = next(provider for provider in PROVIDERS if provider.name == "stripe")

RUN = """
mutation ($input: RunIntegrationAgentInput!) { runIntegrationAgent(input: $input) {
  run { id status } report { summary findings data } errors { code message }
} }
"""
STATE = """
query ($id: ID!) { agentRun(id: $id) {
  status crew error { code message } actions { index tool risk status arguments argumentsHash outcome }
} }
"""
CATALOGUE = "{ agentCatalogue { integrations { name state } } }"
DECIDE = """
mutation ($input: DecideAgentActionInput!) { decideAgentAction(input: $input) { errors { code message } } }
"""


AMAZON = next(provider for provider in PROVIDERS if provider.name == "amazon_sp")
DE, EU = "A1PA6795UKMFR9", "sellingpartnerapi-eu.amazon.com"
FIND = """
mutation ($input: FindSourcingCandidatesInput!) { findSourcingCandidates(input: $input) {
  run { id status } errors { code message }
} }
"""
FOUND = """
query ($title: String!) { sourcingCandidates(filter: {title: $title}) {
  edges { node { asin title status unitPrice shippingPrice salesRank } }
} }
"""


@pytest.fixture
async def providers(platform: Any) -> AsyncIterator[ContractServer]:
    server = ContractServer(aside=NOTICES)
    await server.start(platform.providers_port)
    yield server
    await server.stop()


async def ask(platform: Any, query: str, variables: dict[str, Any], user: str, **headers: str) -> Any:
    return await asyncio.to_thread(platform.data, query, variables, user=user, **headers)


async def ended(platform: Any, run: str, user: str, *statuses: str) -> Any:
    for _ in range(300):
        state = (await ask(platform, STATE, {"id": run}, user))["agentRun"]
        if state["status"] in statuses:
            return state
        await asyncio.sleep(0.1)
    pytest.fail(f"the run is {state}")


async def test_it_reads_proposes_and_writes_once_it_is_approved(platform: Any, providers: ContractServer) -> None:
    await connect(platform, "acme", "stripe", **STRIPE.credentials)
    providers.play(*STRIPE.pages())
    asked = {"integration": "stripe", "goal": "See.", "operation": "list_charges", "arguments": {"customer": "cus_1"}}
    payload = (await ask(platform, RUN, {"input": asked}, "ada@acme", prefer="wait=25"))["runIntegrationAgent"]
    assert payload["errors"] == []
    state = await ended(platform, payload["run"]["id"], "ada@acme", "SUCCEEDED", "FAILED")
    assert state["status"] == "SUCCEEDED", (state, platform.logs()[-3000:])
    payload = (await ask(platform, RUN, {"input": asked}, "ada@acme", prefer="wait=25"))["runIntegrationAgent"]
    assert [charge["id"] for charge in payload["report"]["data"]] == ["ch_1", "ch_2", "ch_3"]
    providers.verify()

    providers.play()
    part = STRIPE.file["write"]
    asked = {"integration": "stripe", "goal": "A double.", "operation": "create_refund", "arguments": part["arguments"]}
    payload = (await ask(platform, RUN, {"input": asked}, "ada@acme", prefer="wait=25"))["runIntegrationAgent"]
    run = payload["run"]["id"]
    state = await ended(platform, run, "ada@acme", "WAITING_FOR_APPROVAL", "FAILED")
    (action,) = state["actions"]
    assert (action["tool"], action["risk"], action["status"]) == ("create_refund", "MONEY", "PROPOSED")
    assert not providers.received
    providers.play(STRIPE.write())
    decision = {"runId": run, "index": 0, "decision": "APPROVE", "argumentsHash": action["argumentsHash"]}
    own = (await ask(platform, DECIDE, {"input": decision}, "ada@acme"))["decideAgentAction"]["errors"]
    assert own, "who asks for money does not approve it"
    decided = (await ask(platform, DECIDE, {"input": decision}, "ben@acme"))["decideAgentAction"]
    assert decided["errors"] == [], decided
    state = await ended(platform, run, "ada@acme", "SUCCEEDED", "FAILED")
    assert state["actions"][0]["status"] == "DONE", state
    assert state["actions"][0]["outcome"]["answer"]["data"] == part["result"]
    providers.verify()
    assert providers.received[0]["headers"]["idempotency-key"] == f"{run}:0"
    shown = (await ask(platform, CATALOGUE, {}, "ada@acme"))["agentCatalogue"]["integrations"]
    assert {"name": "stripe", "state": "CONNECTED"} in shown


async def test_a_tenant_that_is_not_connected_is_told_so(platform: Any, providers: ContractServer) -> None:
    providers.play()
    asked = {"integration": "stripe", "goal": "See.", "operation": "get_balance"}
    payload = (await ask(platform, RUN, {"input": asked}, "ada@globex", prefer="wait=25"))["runIntegrationAgent"]
    state = await ended(platform, payload["run"]["id"], "ada@globex", "SUCCEEDED", "FAILED")
    assert state["status"] == "FAILED"
    assert state["error"]["code"] == "MISSING_CREDENTIALS", state
    assert not providers.received


async def test_an_integration_that_there_is_not(platform: Any) -> None:
    asked = {"integration": "myspace", "goal": "See."}
    answer = await asyncio.to_thread(platform.ask, RUN, {"input": asked}, user="ada@acme")
    assert answer.json()["errors"][0]["extensions"]["code"] == "AGENT_CREW_UNKNOWN"


SET = """
mutation ($key: String!) { setAgentIntegrationCredentials(input: {
  integration: "stripe", credentials: [{name: "secret_key", value: $key}]
}) { integration { state detail } isChecked errors { code message } } }
"""
REMOVE = """
mutation { removeAgentIntegrationCredentials(input: {integration: "stripe"}) {
  integration { state } errors { code message }
} }
"""


async def test_an_owner_connects_an_integration(platform: Any, providers: ContractServer) -> None:
    def health(key: str, **answer: Any) -> Step:
        headers = {"Authorization": f"Bearer {key}"}
        return Step(STRIPE.file["health"], headers=headers, **(answer or {"reply": STRIPE.file["health_reply"]}))

    providers.play(health("sk_test_Wrong", **STRIPE.failure("unauthorized")))
    wrong = await ask(platform, SET, {"key": "sk_test_Wrong"}, "ada@globex")
    assert wrong["setAgentIntegrationCredentials"]["errors"] == []
    assert wrong["setAgentIntegrationCredentials"]["isChecked"], platform.logs()[-3000:]
    assert wrong["setAgentIntegrationCredentials"]["integration"]["state"] == "FAILED"
    providers.verify()

    providers.play(health("sk_test_Right"))
    right = await ask(platform, SET, {"key": "sk_test_Right"}, "ada@globex")
    connected = {"integration": {"state": "CONNECTED", "detail": None}, "isChecked": True, "errors": []}
    assert right["setAgentIntegrationCredentials"] == connected
    providers.verify()

    gone = (await ask(platform, REMOVE, {}, "ada@globex"))["removeAgentIntegrationCredentials"]
    assert gone == {"integration": {"state": "MISSING_CREDENTIALS"}, "errors": []}
    providers.play()
    asked = {"integration": "stripe", "goal": "See.", "operation": "get_balance"}
    payload = (await ask(platform, RUN, {"input": asked}, "ada@globex", prefer="wait=25"))["runIntegrationAgent"]
    state = await ended(platform, payload["run"]["id"], "ada@globex", "SUCCEEDED", "FAILED")
    assert state["error"]["code"] == "MISSING_CREDENTIALS"
    assert not providers.received
    assert "sk_test_Right" not in platform.logs()
    assert "sk_test_Wrong" not in platform.logs()

    refused = await asyncio.to_thread(platform.ask, SET, {"key": "sk_test_Right"}, user="ben@acme")
    assert refused.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN", "a manager is no owner"


async def test_sourcing_finds_products_with_the_tenants_own_connection(
    platform: Any, providers: ContractServer
) -> None:
    given = {"input": {"marketplaceId": DE, "keywords": ["e2e"]}}
    providers.play()
    refused = (await ask(platform, FIND, given, "ada@acme", prefer="wait=25"))["findSourcingCandidates"]
    state = await ended(platform, refused["run"]["id"], "ada@acme", "SUCCEEDED", "FAILED")
    assert (state["status"], state["error"]["code"]) == ("FAILED", "MISSING_CREDENTIALS")

    await connect(platform, "acme", "amazon_sp", **AMAZON.credentials)
    item = {
        "asin": "B0E2E00001",
        "summaries": [{"itemName": "A bottle of e2e", "brand": "E2E"}],
        "salesRanks": [{"displayGroupRanks": [{"title": "Kitchen", "rank": 42}]}],
    }
    price, shipping = {"amount": 12.9, "currencyCode": "EUR"}, {"amount": 3.5, "currencyCode": "EUR"}
    offer = {"sellerId": "S1", "listingPrice": price, "shippingOptions": [{"price": shipping}]}
    featured = [{"buyingOptionType": "New", "segmentedFeaturedOffers": [offer]}]
    answer = {"status": {"statusCode": 200}, "body": {"asin": item["asin"], "featuredBuyingOptions": featured}}
    search = "/catalog/2022-04-01/items?marketplaceIds=%s&keywords=e2e&includedData=summaries,salesRanks&pageSize=20"
    uri = "/products/pricing/2022-05-01/items/competitiveSummary"
    offers, included = f"/batches{uri}", ["featuredBuyingOptions", "lowestPricedOffers"]
    asked = {"asin": item["asin"], "marketplaceId": DE, "includedData": included, "method": "GET", "uri": uri}
    providers.play(
        *AMAZON.token_step(),
        AMAZON.step({"request": f"GET {EU}{search % DE}", "reply": {"items": [item]}}),
        AMAZON.step({"request": f"POST {EU}{offers}", "json": {"requests": [asked]}, "reply": {"responses": [answer]}}),
    )
    # The credentials that there were not are asked for again after a while.
    payload: Any = None
    for attempt in range(60):
        payload = (await ask(platform, FIND, given, "ada@acme", prefer="wait=25", idempotency_key=f"find-{attempt}"))[
            "findSourcingCandidates"
        ]
        state = await ended(platform, payload["run"]["id"], "ada@acme", "SUCCEEDED", "FAILED")
        if state["status"] == "SUCCEEDED":
            break
        assert state["error"]["code"] == "MISSING_CREDENTIALS", (state, platform.logs()[-3000:])
        await asyncio.sleep(0.5)
    providers.verify()
    assert [action["status"] for action in state["actions"]] == ["DONE"], state
    nodes = (await ask(platform, FOUND, {"title": "bottle of e2e"}, "ada@acme"))["sourcingCandidates"]["edges"]
    assert [edge["node"] for edge in nodes] == [
        {
            "asin": "B0E2E00001",
            "title": "A bottle of e2e",
            "status": "FOUND",
            "unitPrice": "12.9",
            "shippingPrice": "3.5",
            "salesRank": 42,
        }
    ]
    theirs = await ask(platform, FOUND, {"title": "bottle of e2e"}, "ada@globex")
    assert theirs["sourcingCandidates"]["edges"] == []
