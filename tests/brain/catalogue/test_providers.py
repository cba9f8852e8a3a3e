"""Each of the 40 providers, as it documents itself, against its descriptor and the connector."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from brain.catalogue import load_catalogue
from brain.catalogue.connector import ConnectorResult
from brain.catalogue.errors import (
    AuthenticationFailed,
    ConnectorError,
    MissingCredentials,
    ProviderError,
    RateLimited,
    TimedOut,
)
from tests.brain.catalogue.conftest import TENANT, Clock, Make, Stored
from tests.brain.catalogue.contract_server import ContractServer
from tests.brain.catalogue.provider_files import PROVIDERS, Provider, at

KEY = "0190b5a0-1111:3"

pytestmark = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)


@pytest.fixture(autouse=True)
def connected(request: pytest.FixtureRequest, stored: Stored) -> None:
    provider = request.getfixturevalue("provider")
    stored.fields[TENANT, provider.name] = provider.credentials


async def read(make_connector: Make, provider: Provider, **bounds: Any) -> ConnectorResult:
    part = provider.file["read"]
    connector = make_connector(**bounds)
    return await connector.call(TENANT, provider.name, part["operation"], part.get("arguments", {}))


async def write(make_connector: Make, provider: Provider, **bounds: Any) -> ConnectorResult:
    part = provider.file["write"]
    connector = make_connector(**bounds)
    return await connector.call(TENANT, provider.name, part["operation"], part["arguments"], idempotency_key=KEY)


def assert_read(provider: Provider, result: ConnectorResult) -> None:
    part = provider.file["read"]
    assert [at(item, part.get("id_at", "id")) for item in result.data] == part["ids"]
    assert result.complete


def assert_no_secret(provider: Provider, error: ConnectorError) -> None:
    secret = {field.name for field in load_catalogue().integrations[provider.name].credentials if field.secret}
    shown = f"{error} {error!r} {error.to_dict()} {vars(error)}"
    for name in secret:
        assert provider.credentials.get(name, "\0") not in shown
    assert "-1 " not in shown or not provider.uses_tokens or provider.token(1) not in shown


async def test_documents(provider: Provider) -> None:
    assert all(link.startswith("https://") for link in provider.file["docs"])
    assert set(provider.credentials) <= {f.name for f in load_catalogue().integrations[provider.name].credentials}


async def test_health(provider: Provider, server: ContractServer, make_connector: Make) -> None:
    part = {"request": provider.file["health"], "reply": provider.file["health_reply"]}
    integration = load_catalogue().integrations[provider.name]
    if integration.operations[integration.health].method == "POST" and provider.name != "dropbox":
        part["json"] = {}
    server.play(*provider.token_step(), provider.step(part))
    result = await make_connector().check(TENANT, provider.name)
    server.verify()
    assert result.data


async def test_a_read_with_all_its_pages(provider: Provider, server: ContractServer, make_connector: Make) -> None:
    server.play(*provider.token_step(), *provider.pages())
    result = await read(make_connector, provider)
    server.verify()
    assert_read(provider, result)
    assert result.pages == result.requests == len(provider.file["read"]["pages"])
    integration = load_catalogue().integrations[provider.name]
    paged = integration.operations[provider.file["read"]["operation"]].pagination is not None
    # A provider whose reads come in pages must be shown to give more than one, unless only a full page has a next.
    assert not paged or len(provider.file["read"]["pages"]) > 1 or provider.name in {"sendgrid", "trello"}


async def test_a_write(provider: Provider, server: ContractServer, make_connector: Make) -> None:
    server.play(*provider.token_step(), provider.write())
    result = await write(make_connector, provider)
    server.verify()
    assert result.data == provider.file["write"]["result"]
    idempotency = provider.file["write"].get("idempotency", {})
    sent = server.received[-1]
    if "header" in idempotency:
        assert sent["headers"][idempotency["header"].lower()] == KEY
    elif "body" in idempotency:
        value = at(json.loads(sent["body"]), idempotency["body"])
        assert re.fullmatch(idempotency["form"], value) if "form" in idempotency else value == KEY


async def test_a_refused_credential_is_renewed_once(
    provider: Provider, server: ContractServer, stored: Stored, make_connector: Make
) -> None:
    refusal = provider.first_page(**provider.failure("unauthorized"))
    if provider.uses_tokens:
        server.play(*provider.token_step(), refusal, *provider.token_step(2), *provider.pages(2))
    else:
        server.play(refusal, *provider.pages(renewed=True))

        def change(reads: int) -> None:
            if reads == 2:
                stored.fields[TENANT, provider.name] = provider.renewed

        stored.on_read = change
    assert_read(provider, await read(make_connector, provider))
    server.verify()
    if provider.uses_tokens and "stores" in provider.file["token"]:
        kept = stored.fields[TENANT, provider.name]
        assert kept["refresh_token"] == provider.file["token"]["stores"]["refresh_token"]


async def test_a_credential_that_stays_refused(
    provider: Provider, server: ContractServer, make_connector: Make
) -> None:
    refusal = provider.failure("unauthorized")
    steps = [*provider.token_step(), provider.first_page(**refusal)]
    if provider.uses_tokens:
        steps += [*provider.token_step(2), provider.first_page(2, **refusal)]
    server.play(*steps)
    with pytest.raises(AuthenticationFailed) as caught:
        await read(make_connector, provider)
    server.verify()
    assert caught.value.code == "AUTHENTICATION_FAILED"
    assert "Connect the integration again" in str(caught.value)
    assert_no_secret(provider, caught.value)


async def test_too_many_requests_are_waited_out(
    provider: Provider, server: ContractServer, clock: Clock, make_connector: Make
) -> None:
    limited = provider.first_page(**provider.failure("limited"))
    server.play(*provider.token_step(), limited, *provider.pages())
    assert_read(provider, await read(make_connector, provider))
    server.verify()
    assert clock.pauses[0] == pytest.approx(provider.wait_s, abs=1.5)


async def test_too_many_requests_for_too_long(provider: Provider, server: ContractServer, make_connector: Make) -> None:
    server.play(*provider.token_step(), provider.write(**provider.failure("limited")))
    part = provider.file["write"]
    connector = make_connector(wait_s=0.5)
    with pytest.raises(RateLimited) as caught:
        await connector.call(TENANT, provider.name, part["operation"], part["arguments"])
    server.verify()
    assert not caught.value.outcome_unknown
    given = caught.value.retry_after_s
    assert given is None or given == pytest.approx(provider.wait_s, abs=1.5)
    # Until then further calls are held back without a request.
    server.play()
    with pytest.raises(RateLimited) as again:
        await connector.call(TENANT, provider.name, part["operation"], part["arguments"])
    assert again.value.retry_after_s == pytest.approx(provider.wait_s, abs=1.5)
    assert not server.received


async def test_a_broken_provider_is_asked_again_for_reads(
    provider: Provider, server: ContractServer, clock: Clock, make_connector: Make
) -> None:
    broken = provider.first_page(**provider.failure("broken"))
    server.play(*provider.token_step(), broken, broken, *provider.pages())
    assert_read(provider, await read(make_connector, provider))
    server.verify()
    assert len(clock.pauses) >= 2


async def test_a_provider_that_stays_broken(provider: Provider, server: ContractServer, make_connector: Make) -> None:
    broken = provider.first_page(**provider.failure("broken"))
    server.play(*provider.token_step(), broken, broken, broken)
    with pytest.raises(ProviderError) as caught:
        await read(make_connector, provider)
    server.verify()
    assert caught.value.status >= 500
    assert caught.value.to_dict()["retryable"]
    assert_no_secret(provider, caught.value)


async def test_a_write_that_may_have_been_done_is_not_sent_again(
    provider: Provider, server: ContractServer, make_connector: Make
) -> None:
    integration = load_catalogue().integrations[provider.name]
    operation = integration.operations[provider.file["write"]["operation"]]
    safe = operation.may_retry or "idempotency" in provider.file["write"]
    broken = provider.write(**provider.failure("broken"))
    server.play(*provider.token_step(), *[broken] * (3 if safe else 1))
    with pytest.raises(ProviderError) as caught:
        await write(make_connector, provider)
    server.verify()
    assert caught.value.outcome_unknown is not safe


async def test_no_answer(provider: Provider, server: ContractServer, make_connector: Make) -> None:
    catalogue = load_catalogue()
    hasty = replace(catalogue.integrations[provider.name], timeout_s=0.25 if provider.uses_tokens else 0.05)
    impatient = replace(catalogue, integrations={provider.name: hasty})
    server.play(*provider.token_step(), provider.first_page(hang=True))
    with pytest.raises(TimedOut) as caught:
        await read(make_connector, provider, catalogue=impatient, attempts=1)
    assert caught.value.code == "PROVIDER_TIMED_OUT"
    assert not caught.value.outcome_unknown
    assert_no_secret(provider, caught.value)


async def test_without_credentials(
    provider: Provider, server: ContractServer, stored: Stored, make_connector: Make
) -> None:
    server.play()
    stored.fields.clear()
    with pytest.raises(MissingCredentials) as caught:
        await read(make_connector, provider)
    assert caught.value.code == "MISSING_CREDENTIALS"
    assert f'setAgentIntegrationCredentials(integration: "{provider.name}")' in str(caught.value)
    for field in load_catalogue().integrations[provider.name].credentials:
        if field.required:
            stored.fields[TENANT, provider.name] = {**provider.credentials, field.name: ""}
            with pytest.raises(MissingCredentials, match=field.name):
                await write(make_connector, provider)
    assert not server.received


async def test_another_tenant_has_no_part_in_it(
    provider: Provider, server: ContractServer, make_connector: Make
) -> None:
    """The credentials, the token and the connection of one tenant are not used for another."""
    server.play(*provider.token_step(), *provider.pages())
    connector = make_connector()
    part = provider.file["read"]
    await connector.call(TENANT, provider.name, part["operation"], part.get("arguments", {}))
    with pytest.raises(MissingCredentials):
        await connector.call("another", provider.name, part["operation"], part.get("arguments", {}))
    server.verify()
