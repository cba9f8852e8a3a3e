"""A tenant's connection is tried, and what came of it is written down."""

from collections.abc import Mapping
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from brain.catalogue.connector import Connector
from brain.integrations.connection_checks import ConnectionChecks
from brain.integrations.credentials import NoCredentials
from brain.run_ids import run_id_of
from brain.vault import VaultError, VaultUnavailable
from brain.workflows.connection_check import ConnectionInput
from brain.workflows.messages import RunRef
from tests.brain.catalogue.contract_server import Step
from tests.brain.catalogue.provider_files import PROVIDERS

TENANT = "0190b5a0-0000-7000-8000-00000000000a"
STRIPE = next(provider for provider in PROVIDERS if provider.name == "stripe")


class Graph:
    """Takes what is written down, and remembers who said it."""

    def __init__(self) -> None:
        self.told: list[tuple[RunRef, Mapping[str, Any]]] = []
        self.forgotten: list[tuple[str, str]] = []

    def of(self, run: RunRef) -> Any:
        told = self.told

        class Speaker:
            async def execute(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
                told.append((run, variables["input"]))
                return {"recordAgentIntegration": {"errors": []}}

        return Speaker()

    def forget(self, tenant: str, integration: str) -> None:
        self.forgotten.append((tenant, integration))


def health(**answer: Any) -> Step:
    return STRIPE.step({"request": STRIPE.file["health"], "reply": STRIPE.file["health_reply"]}, **answer)


async def check(graph: Graph, connector: Any, integration: str = "stripe", attempt: int = 1) -> str:
    environment = ActivityEnvironment()
    environment.info = ActivityEnvironment.default_info()
    object.__setattr__(environment.info, "attempt", attempt)
    checks = ConnectionChecks(graph, connector)  # type: ignore[arg-type]
    found: str = await environment.run(checks.check_connection, ConnectionInput(TENANT, integration))
    return found


async def test_what_comes_of_it(server: Any, stored: Any, make_connector: Any) -> None:
    graph, connector = Graph(), make_connector()
    assert await check(graph, connector) == "MISSING_CREDENTIALS"
    run, told = graph.told[0]
    assert (told["name"], told["state"]) == ("stripe", "MISSING_CREDENTIALS")
    assert "not connected" in told["detail"]
    assert (run.tenant, run.run_id) == (TENANT, run_id_of(TENANT, "integration_stripe", "connection"))
    assert (run.crew, run.scopes, run.requested_by) == ("integration_stripe", [], None)

    stored.fields[TENANT, "stripe"] = STRIPE.credentials
    server.play(health(**STRIPE.failure("unauthorized")))
    assert await check(graph, connector) == "FAILED"
    assert "sk_test_old" not in str(graph.told[1]), "what a provider says may have the key in it"

    server.play(health())
    assert await check(graph, connector) == "CONNECTED"
    assert graph.told[2][1] == {"name": "stripe", "state": "CONNECTED", "detail": None}
    assert graph.forgotten == [(TENANT, "stripe")] * 3
    server.verify()


async def test_a_provider_without_an_answer_is_asked_again_and_then_told_of(
    server: Any, stored: Any, make_connector: Any
) -> None:
    stored.fields[TENANT, "stripe"] = STRIPE.credentials
    graph, connector = Graph(), make_connector()
    server.play(*[health(status=503, reply={}) for _ in range(20)])
    with pytest.raises(ApplicationError) as caught:
        await check(graph, connector)
    assert not caught.value.non_retryable
    assert graph.told == [], "what passes is no news"
    server.play(*[health(status=503, reply={}) for _ in range(20)])
    assert await check(graph, connector, attempt=3) == "FAILED"


async def test_an_integration_that_there_is_not(make_connector: Any) -> None:
    graph = Graph()
    with pytest.raises(ApplicationError) as caught:
        await check(graph, make_connector(), "myspace")
    assert caught.value.non_retryable
    assert graph.told == []


async def test_a_vault_that_is_away_says_nothing_about_the_connection(make_connector: Any, stored: Any) -> None:
    def away(_: int) -> None:
        raise VaultUnavailable("Cannot read: the Vault is away.")

    stored.on_read = away
    graph = Graph()
    with pytest.raises(ApplicationError) as caught:
        await check(graph, make_connector())
    assert (caught.value.type, caught.value.non_retryable) == ("VAULT_UNAVAILABLE", False)
    assert graph.told == []


async def test_without_a_vault_nothing_is_connected_and_nothing_kept() -> None:
    from brain.catalogue import load_catalogue

    source, graph = NoCredentials(), Graph()
    async with Connector(load_catalogue(), source) as connector:
        assert await check(graph, connector) == "MISSING_CREDENTIALS"
    with pytest.raises(VaultError, match="BRAIN_VAULT_ADDRESS"):
        await source.put(TENANT, "xero", {"refresh_token": "new"})
