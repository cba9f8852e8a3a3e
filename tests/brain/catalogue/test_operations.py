"""Every operation of every integration can be asked for; and a mistake in a descriptor is seen by the contract."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from brain.catalogue import load_catalogue
from brain.catalogue.arguments import check_arguments
from brain.catalogue.credentials import Credentials
from brain.catalogue.descriptors import Body, Integration, Operation, Place, Risk
from brain.catalogue.errors import ConnectorError
from brain.catalogue.requests import base_address, build, encode
from tests.brain.catalogue.conftest import TENANT, Make, Stored
from tests.brain.catalogue.contract_server import ContractServer
from tests.brain.catalogue.provider_files import PROVIDERS, Provider

BY_NAME = {provider.name: provider for provider in PROVIDERS}
OPERATIONS = [
    operation for integration in load_catalogue().integrations.values() for operation in integration.operations.values()
]

# Values for patterns of which no text can be made from the schema alone.
_EXAMPLES = (
    "cus_1", "pi_1", "12", "16505551234", "act", "https://a.example", "PLN", "usd", "1.50", "a@b.example",
    "C012AB", "PWIXJZ", "HSP",
    "ED-1", "18c1", "app1", "rec1", "2026-01-01T00:00:00Z", "24h", "+15558675310", "123-4567890-1234567", "hello_world",
    "urn:li:organization:1", "urn:li:share:1", "customers/1/campaigns/1", "customers/1/campaignBudgets/1",
    "B0AMAZON01", "A1PA6795UKMFR9",
    "properties/1/audiences/1", "SELECT a FROM b", "/a", "0011" * 4, "0" * 24, "9276c761-1111-2222-3333-444455556666",
)  # fmt: skip


def example(schema: dict[str, Any]) -> Any:
    """A value that a schema allows."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema["type"]
    if kind == "string":
        pattern = schema.get("pattern", "")
        found = (text for text in _EXAMPLES if re.search(pattern, text))
        return next(found) if pattern else "text"
    if kind == "object":
        return {name: example(part) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema["items"]) if "type" in schema.get("items", {}) else "x"]
    return {"integer": schema.get("minimum", 7), "number": 7.5, "boolean": True}[kind]


def credentials_of(integration: Integration) -> Credentials:
    fields = BY_NAME[integration.name].credentials
    return Credentials(fields, frozenset(fields))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.tool)
@pytest.mark.parametrize("everything", [True, False], ids=["all", "needed"])
def test_it_can_be_asked_for(operation: Operation, everything: bool) -> None:
    integration = load_catalogue().integrations[operation.integration]
    schema = operation.arguments
    wanted = schema["properties"] if everything else schema["required"]
    arguments = {name: example(schema["properties"][name]) for name in wanted}
    check_arguments(operation, arguments)
    credentials = credentials_of(integration)
    request = build(integration, operation, arguments, credentials, "key-1")
    url, headers, content = encode(request)
    base = base_address(integration, credentials, operation.name)
    assert (url.scheme, url.host) == ("https", base.host)
    assert url.path.startswith(base.path.rstrip("/"))
    sent = f"{url} {headers} {content.decode()}"
    assert "{" not in url.path
    assert "$" not in sent.replace("$message", "")
    if operation.body_kind is Body.JSON:
        json.loads(content)
    if operation.method == "GET":
        assert content == b""
        assert operation.risk is Risk.READ


def test_what_moves_money_is_called_so() -> None:
    """Words that would be a mistake on an operation of a lesser risk."""
    for operation in OPERATIONS:
        if any(word in operation.name for word in ("refund", "capture_order", "payment_intent", "budget", "price")):
            assert operation.risk is Risk.MONEY or operation.method == "GET", operation.tool


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
@pytest.mark.parametrize("mistake", ["path", "method", "authentication", "query"])
async def test_a_mistake_in_a_descriptor_is_seen(
    mistake: str, provider: Provider, server: ContractServer, stored: Stored, make_connector: Make
) -> None:
    catalogue = load_catalogue()
    integration = catalogue.integrations[provider.name]
    part = provider.file["read"]
    operation = integration.operations[part["operation"]]
    if mistake == "path":
        operation = replace(operation, path=operation.path + "s")
    elif mistake == "method":
        operation = replace(operation, method="POST" if operation.method == "GET" else "GET", repeatable=True)
    elif mistake == "query":
        operation = replace(operation, query={**operation.query, "more": "1"})
    elif not integration.auth.secrets:
        integration = replace(integration, base_url=integration.base_url.replace("/bot", "/b"))
    else:
        secrets = tuple(
            replace(s, value="x" + s.value) if s.place is Place.HEADER else replace(s, value=s.value + "x")
            for s in integration.auth.secrets
        )
        integration = replace(integration, auth=replace(integration.auth, secrets=secrets))
    integration = replace(integration, operations={**integration.operations, operation.name: operation})
    spoilt = replace(catalogue, integrations={provider.name: integration})
    stored.fields[TENANT, provider.name] = provider.credentials
    server.play(*provider.token_step(), provider.pages()[0])
    with pytest.raises(ConnectorError):
        await make_connector(spoilt, attempts=1).call(
            TENANT, provider.name, operation.name, part.get("arguments", {}), max_pages=1
        )
    assert server.wrong
