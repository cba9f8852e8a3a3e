"""Secrets that owners hand over: kept by a real Vault, tried by the worker's own workflow, and never given back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import hvac
import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from brain.embedded.openbao import OpenBaoServer
from brain.embedded.ports import free_port
from brain.embedded.temporal import TemporalServer
from brain.vault import Vault
from brain.vault.setup import admin_client, set_up
from brain.workflows.connection_check import ConnectionCheckWorkflow, ConnectionInput
from subgraphs.agents.app import create_app
from subgraphs.agents.domain.credentials import checked_credentials
from subgraphs.agents.domain.engines import EngineDetails
from subgraphs.agents.domain.errors import InvalidValue
from subgraphs.agents.domain.values import run_id_of
from subgraphs.agents.workflows import TemporalSettings
from vault import VaultDenied

ADMIN = {"scopes": ["agents:admin", "agents:read"]}
SECRET = "sk_live_NeverToBeSeen"
STRIPE = [{"name": "secret_key", "value": SECRET}]
STATE = "integration { name state detail } isChecked"
ENGINE = "engine { kind provider model isOwn hasKey baseUrl inputMicros version changedBy { id } }"
SERVER = "http://vllm.internal:8000"


@pytest.fixture(scope="module")
def roles(openbao: OpenBaoServer, openbao_token: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("roles")
    admin = admin_client(openbao.address, openbao_token)
    set_up(admin, ["subgraph-agents", "worker"], folder)
    admin.session.close()
    return folder


@pytest.fixture(scope="module")
def kept(openbao: OpenBaoServer, openbao_token: str) -> Any:
    """What the Vault has at a tenant's path, seen by an administrator."""
    client = hvac.Client(openbao.address, token=openbao_token)

    def read(tenant: Any, name: str) -> Any:
        try:
            answer = client.secrets.kv.v2.read_secret_version(
                f"tenants/{tenant.id}/{name}", mount_point="kv", raise_on_deleted_version=True
            )
        except hvac.exceptions.InvalidPath:
            return None
        return answer["data"]["data"]

    return read


@pytest.fixture(scope="module")
async def with_vault(agents: Any, openbao: OpenBaoServer, roles: Path, temporal: TemporalServer) -> AsyncIterator[Any]:
    """The subgraph with a real Vault and a real Temporal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAIN_ENGINE_SERVERS", f"http://other:1, {SERVER}/")
        patch.setenv("BRAIN_ENGINE_PROVIDER", "openai")
        patch.setenv("BRAIN_ENGINE_MODEL", "gpt-4.1-mini")
        settings = agents.settings.model_copy(
            update={
                "vault_address": openbao.address,
                "vault_role_id_file": roles / "{role}" / "role_id",
                "vault_secret_id_file": roles / "{role}" / "secret_id",
            }
        )
        app = create_app(settings, TemporalSettings(temporal_address=temporal.address))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://subgraph.test")
        )
        yield replace(agents, app=app, client=client)


@pytest.fixture
def tenant(tenant: Any, with_vault: Any) -> Any:
    return type(tenant)(with_vault, tenant.id)


@pytest.fixture
async def worker(tenant: Any, temporal: TemporalServer, roles: Path, openbao: OpenBaoServer) -> AsyncIterator[Client]:
    """The worker's own workflow; its activity reads the credentials as the worker does, and asks no provider."""
    vault = Vault.from_settings(
        tenant.agents.settings.model_copy(
            update={
                "vault_address": openbao.address,
                "vault_role_id_file": roles / "{role}" / "role_id",
                "vault_secret_id_file": roles / "{role}" / "secret_id",
            }
        ),
        "worker",
    )

    @activity.defn(name="check_connection")
    async def check_connection(wanted: ConnectionInput) -> str:
        found = await vault.read(f"integrations/{wanted.integration}", wanted.tenant)
        state = "MISSING_CREDENTIALS" if found is None else "CONNECTED" if "live" in str(found) else "FAILED"
        run_id = run_id_of(UUID(wanted.tenant), f"integration_{wanted.integration}", "connection")
        me = {"scopes": ["agents:run"], "claims": {"run": str(run_id)}}
        await tenant.mutate("recordAgentIntegration", "state", me, name=wanted.integration, state=state)
        return state

    client = await Client.connect(temporal.address)
    async with (
        vault,
        Worker(client, task_queue="agent-runs", workflows=[ConnectionCheckWorkflow], activities=[check_connection]),
    ):
        yield client


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


async def log_of(tenant: Any) -> list[dict[str, Any]]:
    data = await tenant.data("{ agentAudit { edges { node { kind actor data } } verification { intact } } }", **ADMIN)
    assert data["agentAudit"]["verification"] == {"intact": True}
    return [edge["node"] for edge in data["agentAudit"]["edges"]]


async def test_credentials_are_kept_tried_replaced_and_forgotten(tenant: Any, worker: Client, kept: Any) -> None:
    given = {"integration": "stripe", "credentials": STRIPE}
    payload = await tenant.mutate("setAgentIntegrationCredentials", STATE, ADMIN, **given)
    assert payload["errors"] == []
    assert payload["integration"] == {"name": "stripe", "state": "CONNECTED", "detail": None}
    assert payload["isChecked"]
    assert kept(tenant, "integrations/stripe") == {"secret_key": SECRET}
    checks = worker.get_schedule_handle(f"{tenant.id}:connection:stripe")
    assert (await checks.describe()).schedule.spec.intervals[0].every.total_seconds() == 6 * 3600

    wrong = [{"name": "secret_key", "value": "sk_test_Other"}]
    payload = await tenant.mutate("setAgentIntegrationCredentials", STATE, ADMIN, **{**given, "credentials": wrong})
    assert (payload["integration"]["state"], payload["isChecked"]) == ("FAILED", True)

    payload = await tenant.mutate("removeAgentIntegrationCredentials", STATE, ADMIN, integration="stripe")
    assert payload["integration"]["state"] == "MISSING_CREDENTIALS"
    assert kept(tenant, "integrations/stripe") is None
    with pytest.raises(Exception, match="not found"):
        await checks.describe()
    payload = await tenant.mutate("checkAgentIntegration", STATE, ADMIN, integration="stripe")
    assert (payload["integration"]["state"], payload["isChecked"]) == ("MISSING_CREDENTIALS", True)
    again = await tenant.mutate("removeAgentIntegrationCredentials", STATE, ADMIN, integration="stripe")
    assert again["errors"] == [], "what is not there is forgotten, too"

    log = await log_of(tenant)
    assert [entry["kind"] for entry in log] == [
        "CREDENTIALS_REMOVED", "CREDENTIALS_REMOVED", "CREDENTIALS_SET", "CREDENTIALS_SET"
    ]  # fmt: skip
    assert log[-1] == {
        "kind": "CREDENTIALS_SET",
        "actor": f"user:{tenant.ada}",
        "data": {"integration": "stripe", "fields": ["secret_key"]},
    }
    assert SECRET not in json.dumps(log)


async def test_the_schedule_tries_the_connection(tenant: Any, worker: Client) -> None:
    await tenant.mutate("setAgentIntegrationCredentials", STATE, ADMIN, integration="stripe", credentials=STRIPE)
    me = {"scopes": ["internal"]}
    await tenant.mutate("recordAgentIntegration", "state", me, name="stripe", state="FAILED")
    handle = worker.get_schedule_handle(f"{tenant.id}:connection:stripe")
    await handle.trigger()
    async with asyncio.timeout(20):
        while True:
            data = await tenant.data("{ agentCatalogue { integrations { name state } } }", **ADMIN)
            states = {entry["name"]: entry["state"] for entry in data["agentCatalogue"]["integrations"]}
            if states["stripe"] == "CONNECTED":
                break
            await asyncio.sleep(0.05)
    await handle.delete()


async def test_without_a_worker_they_are_kept_and_said_to_be_untried(tenant: Any, kept: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("subgraphs.agents.workflows._CHECK_S", 0.2)
        payload = await tenant.mutate(
            "setAgentIntegrationCredentials", STATE, ADMIN, integration="stripe", credentials=STRIPE
        )
    assert payload == {
        "integration": {"name": "stripe", "state": None, "detail": None},
        "isChecked": False,
        "errors": [],
    }
    assert kept(tenant, "integrations/stripe") == {"secret_key": SECRET}


@pytest.mark.parametrize(
    ("credentials", "problem"),
    [
        ([], "secret_key is missing"),
        ([{"name": "secret_key", "value": "  "}], "secret_key is missing"),
        ([{"name": "secret_key", "value": f"{SECRET}\n"}, {"name": "secret_key", "value": SECRET}], "given twice"),
        ([{"name": "secret_key", "value": f"{SECRET}\nx"}], "has characters that no credential has"),
        ([{"name": "secret_key", "value": SECRET * 2000}], "at most 20000 characters"),
        ([{"name": "password", "value": SECRET}], "is none of its credentials: secret_key"),
    ],
)
async def test_credentials_that_cannot_be_right(tenant: Any, kept: Any, credentials: Any, problem: str) -> None:
    payload = await tenant.mutate(
        "setAgentIntegrationCredentials", "isChecked errors { ... on InvalidInputError { path } }", ADMIN,
        integration="stripe", credentials=credentials,
    )  # fmt: skip
    (error,) = payload["errors"]
    assert error["code"] == "BAD_USER_INPUT"
    assert problem in error["message"]
    assert error["path"][:2] == ["input", "credentials"]
    assert SECRET not in json.dumps(payload)
    assert kept(tenant, "integrations/stripe") is None
    assert await log_of(tenant) == []


def test_a_pattern_is_held_against_without_showing_the_value() -> None:
    wanted = [{"name": "shop", "description": "Name of the shop", "required": True, "pattern": "[a-z]+"}]
    assert checked_credentials(wanted, [("shop", " acme ")]) == {"shop": "acme"}
    with pytest.raises(Exception, match="shop cannot be right: it should be Name of the shop") as caught:
        checked_credentials(wanted, [("shop", "Acme 7")])
    assert "Acme 7" not in str(caught.value)


async def test_an_integration_that_there_is_not(tenant: Any) -> None:
    for name, given in (
        ("setAgentIntegrationCredentials", {"credentials": STRIPE}),
        ("removeAgentIntegrationCredentials", {}),
        ("checkAgentIntegration", {}),
    ):
        payload = await tenant.mutate(name, "isChecked", ADMIN, integration="../llm", **given)
        assert codes(payload) == ["INTEGRATION_NOT_FOUND"]


async def test_a_tenant_has_its_own_language_model(tenant: Any, kept: Any) -> None:
    shown = "{ agentEngine { kind provider model isOwn } }"
    platform = {"kind": "LLM", "provider": "openai", "model": "gpt-4.1-mini", "isOwn": False}
    assert (await tenant.data(shown, **ADMIN))["agentEngine"] == platform
    given = {"provider": "anthropic", "model": "claude-sonnet-4-5", "apiKey": SECRET}
    payload = await tenant.mutate("setAgentEngine", ENGINE, ADMIN, **given, inputMicros=3, outputMicros=15)
    assert payload["errors"] == []
    assert payload["engine"] == {
        "kind": "LLM", "provider": "anthropic", "model": "claude-sonnet-4-5", "isOwn": True, "hasKey": True,
        "baseUrl": None, "inputMicros": 3, "version": 1, "changedBy": {"id": str(tenant.ada)},
    }  # fmt: skip
    assert kept(tenant, "llm") == {
        "provider": "anthropic", "model": "claude-sonnet-4-5", "api_key": SECRET,
        "input_micros": 3, "output_micros": 15, "max_output_tokens": 2000,
    }  # fmt: skip
    payload = await tenant.mutate("setAgentEngine", ENGINE, ADMIN, **given, expectedVersion=7)
    assert codes(payload) == ["VERSION_CONFLICT"]
    payload = await tenant.mutate(
        "setAgentEngine", ENGINE, ADMIN, provider="hosted_vllm", model="qwen", baseUrl=f"{SERVER}/v1", expectedVersion=1
    )
    assert (payload["engine"]["baseUrl"], payload["engine"]["hasKey"]) == (f"{SERVER}/v1", False)
    assert "api_key" not in kept(tenant, "llm"), "a key goes to nobody but its own provider"
    payload = await tenant.mutate("removeAgentEngine", ENGINE, ADMIN, expectedVersion=2)
    assert payload["errors"] == []
    assert kept(tenant, "llm") is None
    assert (await tenant.data(shown, **ADMIN))["agentEngine"] == platform
    log = await log_of(tenant)
    assert [entry["kind"] for entry in log] == ["ENGINE_REMOVED", "ENGINE_SET", "ENGINE_SET"]
    assert SECRET not in json.dumps(log)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"provider": "bedrock"}, "provider"),  # would be paid for by the platform's own account
        ({"provider": "nobody"}, "provider"),
        ({"model": "a b"}, "model"),
        ({"apiKey": None}, "apiKey"),
        ({"apiKey": "key\nAuthorization: other"}, "apiKey"),
        ({"baseUrl": "http://169.254.169.254/latest"}, "baseUrl"),
        ({"baseUrl": "http://127.0.0.1:8200"}, "baseUrl"),
        ({"baseUrl": "http://vllm.internal:8000@evil.example/"}, "baseUrl"),
        ({"baseUrl": "http://vllm.internal:8001/v1"}, "baseUrl"),
        ({"baseUrl": "file:///etc/passwd"}, "baseUrl"),
        ({"provider": "ollama", "apiKey": None}, "baseUrl"),
        ({"provider": "azure"}, "baseUrl"),
        ({"provider": "azure", "baseUrl": "https://openai.azure.com.evil.example"}, "baseUrl"),
        ({"provider": "openai", "baseUrl": "https://acme.openai.azure.com"}, "baseUrl"),
        ({"inputMicros": 1}, "inputMicros"),
        ({"maxOutputTokens": 0}, "maxOutputTokens"),
    ],
)
async def test_what_cannot_be_an_engine(tenant: Any, kept: Any, given: dict[str, Any], path: str) -> None:
    whole = {"provider": "openai", "model": "gpt-4.1-mini", "apiKey": SECRET, **given}
    payload = await tenant.mutate(
        "setAgentEngine", "engine { provider } errors { ... on InvalidInputError { path } }", ADMIN, **whole
    )
    assert payload["errors"][0]["path"] == ["input", path]
    assert SECRET not in json.dumps(payload)
    assert kept(tenant, "llm") is None


def test_an_account_with_azure_is_at_its_own_address() -> None:
    for address in ("https://acme.openai.azure.com/openai/deployments/x", "https://acme.services.ai.azure.com"):
        EngineDetails("azure", "gpt-4o", address).check_address(())
    with pytest.raises(InvalidValue):
        EngineDetails("azure", "gpt-4o", "http://acme.openai.azure.com").check_address(())


async def test_who_may_not(tenant: Any) -> None:
    query = """mutation ($c: [AgentCredentialInput!]!) {
      setAgentIntegrationCredentials(input: {integration: "stripe", credentials: $c}) { isChecked }
    }"""
    engine = 'mutation { setAgentEngine(input: {provider: "openai", model: "m", apiKey: "k"}) { engine { model } } }'
    for scopes in (["agents:read", "agents:write", "agents:approve"], ["agents:run"], ["internal"]):
        for document, variables in ((query, {"c": STRIPE}), (engine, {})):
            body = await tenant.agents.call(document, variables, tenant=tenant.id, user=tenant.ada, scopes=scopes)
            assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN", scopes


async def test_this_context_cannot_read_what_it_wrote(
    tenant: Any, roles: Path, openbao: OpenBaoServer, kept: Any
) -> None:
    await tenant.mutate("setAgentEngine", ENGINE, ADMIN, provider="openai", model="m", apiKey=SECRET)
    assert kept(tenant, "llm")["api_key"] == SECRET
    settings = tenant.agents.settings.model_copy(
        update={
            "vault_address": openbao.address,
            "vault_role_id_file": roles / "{role}" / "role_id",
            "vault_secret_id_file": roles / "{role}" / "secret_id",
        }
    )
    async with Vault.from_settings(settings, "subgraph-agents") as vault:
        with pytest.raises(VaultDenied):
            await vault.read("llm", tenant.id)


async def test_another_tenants_are_untouched(tenant: Any, kept: Any) -> None:
    other = type(tenant)(tenant.agents)
    await tenant.mutate("setAgentEngine", ENGINE, ADMIN, provider="openai", model="m", apiKey=SECRET)
    payload = await other.mutate("removeAgentEngine", ENGINE, ADMIN)
    assert payload["errors"] == []
    assert kept(tenant, "llm")["api_key"] == SECRET
    assert not (await other.data("{ agentEngine { isOwn } }", **ADMIN))["agentEngine"]["isOwn"]


async def test_no_field_gives_a_secret_back(tenant: Any) -> None:
    names = await tenant.data("{ __schema { types { name kind fields { name } } } }")
    outputs = {
        f"{kind['name']}.{field['name']}" for kind in names["__schema"]["types"] for field in kind["fields"] or ()
    }
    assert not [name for name in outputs if name.lower().endswith(("apikey", "secret.value", "credential.value"))]


async def test_while_the_vault_is_away_nothing_changes(agents: Any, tenant: Any, roles: Path) -> None:
    settings = agents.settings.model_copy(
        update={
            "vault_address": f"http://127.0.0.1:{free_port()}",
            "vault_role_id_file": roles / "{role}" / "role_id",
            "vault_secret_id_file": roles / "{role}" / "secret_id",
        }
    )
    for chosen in (settings, agents.settings):
        app = create_app(chosen, TemporalSettings(temporal_address=None))
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://subgraph.test") as client:
                mine = type(tenant)(replace(agents, app=app, client=client), tenant.id)
                payload = await mine.mutate(
                    "setAgentIntegrationCredentials", STATE, ADMIN, integration="stripe", credentials=STRIPE
                )
                assert codes(payload) == ["SECRETS_UNAVAILABLE"]
                payload = await mine.mutate(
                    "setAgentEngine", ENGINE, ADMIN, provider="openai", model="m", apiKey=SECRET
                )
                assert codes(payload) == ["SECRETS_UNAVAILABLE"]
                assert not (await mine.data("{ agentEngine { isOwn } }", **ADMIN))["agentEngine"]["isOwn"]
                assert await log_of(mine) == []
