"""What holds for some providers: those that take idempotency keys, and nonsense that others may say."""

from collections.abc import Iterator
from typing import Any

import pytest

from brain.catalogue import load_catalogue
from brain.catalogue.errors import Malformed, ProviderError
from tests.brain.catalogue.conftest import TENANT, Make, Stored
from tests.brain.catalogue.contract_server import ContractServer
from tests.brain.catalogue.provider_files import PROVIDERS, Provider
from tests.brain.catalogue.test_providers import read, write

NONSENSE = ("<html>Bad gateway</html>", "[", '"text"', "[1, 2]", "{}")
KEYED = [provider for provider in PROVIDERS if "idempotency" in provider.file["write"]]


def nonsense() -> Iterator[Any]:
    """Each provider with what its answer to the read can never look like."""
    for provider in PROVIDERS:
        integration = load_catalogue().integrations[provider.name]
        operation = integration.operations[provider.file["read"]["operation"]]
        items = operation.pagination.items if operation.pagination is not None else operation.result
        for text in NONSENSE:
            if not (text == "[1, 2]" and not items) and not (text == "{}" and integration.omits_empty):
                yield pytest.param(provider, text, id=f"{provider.name}-{text}")


@pytest.fixture(autouse=True)
def connected(stored: Stored) -> None:
    for provider in PROVIDERS:
        stored.fields[TENANT, provider.name] = provider.credentials


@pytest.mark.parametrize("provider", KEYED, ids=lambda provider: provider.name)
async def test_the_same_write_again_has_the_same_key(
    provider: Provider, server: ContractServer, make_connector: Make
) -> None:
    server.play(*provider.token_step(), provider.write(**provider.failure("broken")), provider.write())
    await write(make_connector, provider)
    server.verify()
    first, second = server.received[-2:]
    assert first["body"] == second["body"]
    key = provider.file["write"]["idempotency"].get("header", "-").lower()
    assert first["headers"].get(key) == second["headers"].get(key)


@pytest.mark.parametrize(("provider", "nonsense"), list(nonsense()))
async def test_nonsense(provider: Provider, nonsense: str, server: ContractServer, make_connector: Make) -> None:
    integration = load_catalogue().integrations[provider.name]
    server.play(*provider.token_step(), provider.first_page(text=nonsense))
    # One that says success in the body says by nonsense that it did not succeed.
    with pytest.raises((Malformed, ProviderError) if integration.errors.failure else Malformed):
        await read(make_connector, provider)
    server.verify()
