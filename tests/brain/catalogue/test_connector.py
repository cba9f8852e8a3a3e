"""What the connector does beyond what a provider documents: tokens, limits, bounds, and what it refuses."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from email import message_from_bytes
from typing import Any

import httpcore
import pytest

from brain.catalogue import Catalogue, load_catalogue
from brain.catalogue.connector import Connector
from brain.catalogue.errors import (
    AuthenticationFailed,
    InvalidArguments,
    Malformed,
    MissingCredentials,
    ProviderError,
    RateLimited,
    TimedOut,
    Unreachable,
)
from brain.catalogue.network import Gateway, NotPublic, PublicNetwork
from tests.brain.catalogue.conftest import TENANT, Clock, Make, Stored
from tests.brain.catalogue.contract_server import ContractServer, Step
from tests.brain.catalogue.provider_files import PROVIDERS, Provider

BY_NAME = {provider.name: provider for provider in PROVIDERS}
STRIPE, XERO, YOUTUBE, SHOPIFY = (BY_NAME[name] for name in ("stripe", "xero", "youtube", "shopify"))


@pytest.fixture(autouse=True)
def connected(stored: Stored) -> None:
    for provider in PROVIDERS:
        stored.fields[TENANT, provider.name] = provider.credentials


async def health(connector: Connector, provider: Provider, times: int = 1) -> None:
    await asyncio.gather(*(connector.check(TENANT, provider.name) for _ in range(times)))


def healthy(provider: Provider, number: int = 1) -> Step:
    return provider.step({"request": provider.file["health"], "reply": provider.file["health_reply"]}, number)


def with_integration(name: str, **changes: Any) -> Catalogue:
    catalogue = load_catalogue()
    changed = replace(catalogue.integrations[name], **changes)
    return replace(catalogue, integrations={**catalogue.integrations, name: changed})


# --- access tokens


async def test_one_token_for_all_who_wait(server: ContractServer, make_connector: Make) -> None:
    server.play(*XERO.token_step(), *[healthy(XERO)] * 5)
    await health(make_connector(), XERO, times=5)
    server.verify()


async def test_one_renewal_for_all_who_were_refused(server: ContractServer, make_connector: Make) -> None:
    connector = make_connector()
    refused = XERO.step({"request": XERO.file["health"]}, **XERO.failure("unauthorized"))
    server.play(*XERO.token_step(), refused, refused, refused, *XERO.token_step(2), *[healthy(XERO, 2)] * 3)
    # The refusals come before any of the three has asked for a new token: they are sent together.
    await health(connector, XERO, times=3)
    server.verify()


async def test_a_token_is_renewed_before_it_ends(server: ContractServer, clock: Clock, make_connector: Make) -> None:
    connector = make_connector()
    server.play(*XERO.token_step(), healthy(XERO), healthy(XERO), *XERO.token_step(2), healthy(XERO, 2))
    await health(connector, XERO)
    clock.now += 1800 - 61
    await health(connector, XERO)
    clock.now += 2
    await health(connector, XERO)
    server.verify()


async def test_a_refresh_token_that_cannot_be_stored_is_not_lost(
    server: ContractServer, stored: Stored, clock: Clock, make_connector: Make
) -> None:
    connector = make_connector()
    stored.fails_to_put = True
    server.play(*XERO.token_step(), healthy(XERO))
    await health(connector, XERO)
    assert stored.fields[TENANT, "xero"]["refresh_token"] == "old"
    stored.fails_to_put = False
    server.play(*XERO.token_step(2), healthy(XERO, 2))
    clock.now += 1800
    await health(connector, XERO)
    server.verify()
    assert stored.fields[TENANT, "xero"]["refresh_token"] == "new1"


async def test_a_refresh_token_that_another_process_has_used(
    server: ContractServer, stored: Stored, make_connector: Make
) -> None:
    first, second = XERO.token_step()[0], XERO.token_step(2)[0]
    used = replace(first, status=400, reply={"error": "invalid_grant"})

    def other_process(reads: int) -> None:
        if reads == 3:  # the call's, the renewal's, and the one after it was refused
            stored.fields[TENANT, "xero"] = {**XERO.credentials, "refresh_token": "new1"}

    stored.on_read = other_process
    server.play(used, second, healthy(XERO, 2))
    await health(make_connector(), XERO)
    server.verify()


async def test_a_grant_that_is_refused(server: ContractServer, make_connector: Make) -> None:
    refused = replace(XERO.token_step()[0], status=400, reply={"error": "invalid_grant"})
    server.play(refused)
    with pytest.raises(AuthenticationFailed, match="gives no access token for these credentials: invalid_grant"):
        await health(make_connector(), XERO)
    server.verify()


@pytest.mark.parametrize(
    ("status", "reply", "error"),
    [(200, {}, Malformed), (500, {}, ProviderError), (429, {}, RateLimited), (401, {}, AuthenticationFailed)],
)
async def test_a_grant_that_fails(
    status: int, reply: dict[str, Any], error: type[Exception], server: ContractServer, make_connector: Make
) -> None:
    server.play(replace(XERO.token_step()[0], status=status, reply=reply))
    with pytest.raises(error):
        await health(make_connector(), XERO)


async def test_other_credentials_get_another_token(
    server: ContractServer, stored: Stored, make_connector: Make
) -> None:
    connector = make_connector()
    server.play(*YOUTUBE.token_step(), healthy(YOUTUBE))
    await health(connector, YOUTUBE)
    stored.fields[TENANT, "youtube"] = {**YOUTUBE.credentials, "refresh_token": "1//other"}
    other = replace(YOUTUBE.token_step(2)[0], form={**YOUTUBE.file["token"]["form"], "refresh_token": "1//other"})
    server.play(other, healthy(YOUTUBE, 2))
    await health(connector, YOUTUBE)
    server.verify()


async def test_tokens_of_tenants_are_their_own(server: ContractServer, stored: Stored, make_connector: Make) -> None:
    connector = make_connector()
    stored.fields["other", "youtube"] = {**YOUTUBE.credentials, "refresh_token": "1//b"}
    other = replace(YOUTUBE.token_step(2)[0], form={**YOUTUBE.file["token"]["form"], "refresh_token": "1//b"})
    server.play(*YOUTUBE.token_step(), healthy(YOUTUBE), other, healthy(YOUTUBE, 2), healthy(YOUTUBE))
    await connector.check(TENANT, "youtube")
    await connector.check("other", "youtube")
    await connector.check(TENANT, "youtube")
    server.verify()


# --- limits


async def test_requests_are_spread_by_the_rate(server: ContractServer, clock: Clock, make_connector: Make) -> None:
    limit = load_catalogue().integrations["shopify"].rate_limit
    connector = make_connector(with_integration("shopify", rate_limit=replace(limit, burst=2)))
    server.play(*[healthy(SHOPIFY)] * 4)
    for _ in range(4):
        await health(connector, SHOPIFY)
    server.verify()
    assert clock.pauses == [0.5, 0.5]


async def test_a_tenant_does_not_wait_for_another(server: ContractServer, clock: Clock, make_connector: Make) -> None:
    limit = load_catalogue().integrations["stripe"].rate_limit
    connector = make_connector(with_integration("stripe", rate_limit=replace(limit, burst=1)))
    connector._means.source.fields["other", "stripe"] = STRIPE.credentials  # type: ignore[attr-defined]
    server.play(healthy(STRIPE), healthy(STRIPE))
    await connector.check(TENANT, "stripe")
    await connector.check("other", "stripe")
    assert clock.pauses == []


async def test_a_day_has_a_quota(server: ContractServer, make_connector: Make) -> None:
    connector = make_connector()
    server.play(*YOUTUBE.token_step(), *[YOUTUBE.step(search_request())] * 100)
    for _ in range(100):
        await connector.call(TENANT, "youtube", "search_videos", {"words": "tea"})
    with pytest.raises(RateLimited, match="the day's 10000 quota units are used up") as caught:
        await connector.call(TENANT, "youtube", "search_videos", {"words": "tea"})
    assert caught.value.retry_after_s is not None
    assert 0 < caught.value.retry_after_s <= 86_400
    server.verify()


def search_request() -> dict[str, Any]:
    line = "GET www.googleapis.com/youtube/v3/search?part=snippet&type=video&q=tea&maxResults=50"
    return {"request": line, "reply": {"items": []}}


async def test_a_list_is_cut_at_the_bounds(server: ContractServer, make_connector: Make) -> None:
    page = STRIPE.pages()[0]
    server.play(page)
    result = await make_connector().call(TENANT, "stripe", "list_charges", {"customer": "cus_1"}, max_pages=1)
    assert (len(result.data), result.pages, result.complete) == (2, 1, False)
    server.play(page)
    result = await make_connector(items=1).call(TENANT, "stripe", "list_charges", {"customer": "cus_1"})
    assert (len(result.data), result.complete) == (1, False)
    server.verify()


async def test_an_answer_that_is_too_large(server: ContractServer, make_connector: Make) -> None:
    server.play(replace(healthy(STRIPE), reply={"a": "x" * 1000}))
    with pytest.raises(Malformed, match="larger than 500 bytes"):
        await health(make_connector(answer_bytes=500), STRIPE)


async def test_a_page_that_leads_to_itself(server: ContractServer, make_connector: Make) -> None:
    link = {"Link": '<https://acme.myshopify.com/admin/api/2026-04/orders.json?limit=250&page_info=a>; rel="next"'}
    first, second = SHOPIFY.pages()
    line = second.request.replace("hijgklmn", "a")
    server.play(replace(first, reply_headers=link), replace(second, request=line, reply_headers=link))
    with pytest.raises(Malformed, match="the next page is this page"):
        await make_connector().call(TENANT, "shopify", "list_orders", {"status": "any"})


async def test_all_of_a_call_has_a_time(server: ContractServer, make_connector: Make) -> None:
    server.play(STRIPE.pages()[0], replace(STRIPE.pages()[1], hang=True))
    with pytest.raises(TimedOut, match=r"not done within 0\.2 s") as caught:
        await make_connector(call_s=0.2).call(TENANT, "stripe", "list_charges", {"customer": "cus_1"})
    assert not caught.value.outcome_unknown


async def test_a_write_without_an_answer_may_have_been_done(server: ContractServer, make_connector: Make) -> None:
    part = SHOPIFY.file["write"]
    server.play(replace(SHOPIFY.write(), hang=True))
    with pytest.raises(TimedOut, match="may have been done") as caught:
        await make_connector(call_s=0.1).call(TENANT, "shopify", part["operation"], part["arguments"])
    assert caught.value.to_dict()["outcomeUnknown"]
    assert len(server.received) == 1


# --- what is refused


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/admin/api/2026-04/orders.json?page_info=x",
        "http://acme.myshopify.com/admin/api/2026-04/orders.json?page_info=x",
        "https://acme.myshopify.com:8443/admin/api/2026-04/orders.json?page_info=x",
        "https://user@acme.myshopify.com/admin/api/2026-04/orders.json?page_info=x",
        "//evil.example/orders.json",
    ],
)
async def test_the_next_page_is_not_on_another_host(link: str, server: ContractServer, make_connector: Make) -> None:
    server.play(replace(SHOPIFY.pages()[0], reply_headers={"Link": f'<{link}>; rel="next"'}))
    with pytest.raises(Malformed, match="another host"):
        await make_connector().call(TENANT, "shopify", "list_orders", {"status": "any"})
    server.verify()


@pytest.mark.parametrize("target", ["https://evil.example/v1/balance", "http://169.254.169.254/latest/meta-data"])
async def test_a_redirect_to_another_host_is_not_followed(
    target: str, server: ContractServer, make_connector: Make
) -> None:
    server.play(replace(healthy(STRIPE), status=307, reply=None, reply_headers={"Location": target}))
    with pytest.raises(ProviderError, match="send us elsewhere, which is refused") as caught:
        await health(make_connector(), STRIPE)
    server.verify()
    assert target not in str(caught.value)


async def test_a_redirect_within_the_host_is_followed_for_reads(server: ContractServer, make_connector: Make) -> None:
    moved = replace(healthy(STRIPE), status=301, reply=None, reply_headers={"Location": "/v1/balances"})
    server.play(moved, replace(healthy(STRIPE), request="GET api.stripe.com/v1/balances"))
    await health(make_connector(), STRIPE)
    server.verify()


@pytest.mark.parametrize(
    ("integration", "fields"),
    [
        ("shopify", {"shop": "evil.example/"}),
        ("shopify", {"shop": "acme.evil.example#"}),
        ("shopify", {"api_version": "../../x"}),
        ("woocommerce", {"store": "127.0.0.1"}),
        ("woocommerce", {"store": "localhost"}),
        ("woocommerce", {"store": "shop.example:8443"}),
        ("woocommerce", {"store": "user@shop.example"}),
        ("woocommerce", {"store": "[::1]"}),
        ("amazon_sp", {"region": "evil.example"}),
        ("zendesk", {"subdomain": "a.b"}),
        ("docusign", {"base_host": "evil"}),
        ("telegram", {"bot_token": "x/../../"}),
        ("mailchimp", {"server": "us19.evil.example/"}),
        ("stripe", {"secret_key": "sk_test_x\r\nX-Evil: 1"}),
        ("facebook", {"access_token": "a\nb"}),
    ],
)
async def test_credentials_cannot_change_the_address(
    integration: str, fields: dict[str, str], server: ContractServer, stored: Stored, make_connector: Make
) -> None:
    server.play()
    stored.fields[TENANT, integration] = {**BY_NAME[integration].credentials, **fields}
    with pytest.raises(MissingCredentials) as caught:
        await make_connector().check(TENANT, integration)
    assert not server.received
    assert next(iter(fields.values())) not in str(caught.value)


@pytest.mark.parametrize(
    ("operation", "arguments", "message"),
    [
        ("create_refund", {}, "payment_intent"),
        ("create_refund", {"payment_intent": "pi_1", "amount": "100"}, "amount: '100' is not of type 'integer'"),
        ("create_refund", {"payment_intent": "pi_1", "amount": 0}, "less than the minimum"),
        ("create_refund", {"payment_intent": "pi_1", "account": "acct_2"}, "account"),
        ("create_refund", {"payment_intent": "../customers"}, "does not match"),
        ("delete_account", {}, "there is no such operation"),
    ],
)
async def test_arguments_that_do_not_fit_are_not_sent(
    operation: str, arguments: dict[str, Any], message: str, server: ContractServer, make_connector: Make
) -> None:
    server.play()
    with pytest.raises(InvalidArguments, match=message):
        await make_connector().call(TENANT, "stripe", operation, arguments)
    assert not server.received


@pytest.mark.parametrize("owner", ["..", "", "."])
async def test_an_argument_stays_one_segment_of_the_path(
    owner: str, server: ContractServer, make_connector: Make
) -> None:
    server.play()
    with pytest.raises(InvalidArguments, match="owner must not be"):
        await make_connector().call(TENANT, "github", "list_issues", {"owner": owner, "repo": "r"})
    slashed = "GET api.github.com/repos/a%2Fb%3Fc/r/issues?per_page=100"
    server.play(replace(BY_NAME["github"].first_page(), request=slashed, reply=[], reply_headers={}))
    await make_connector().call(TENANT, "github", "list_issues", {"owner": "a/b?c", "repo": "r"})
    server.verify()


@pytest.mark.parametrize("key", ["", "a b", "a\r\nb", "x" * 256, "ключ"])
async def test_an_idempotency_key_is_plain(key: str, server: ContractServer, make_connector: Make) -> None:
    server.play()
    part = STRIPE.file["write"]
    with pytest.raises(InvalidArguments, match="idempotency key"):
        await make_connector().call(TENANT, "stripe", part["operation"], part["arguments"], idempotency_key=key)
    assert not server.received


async def test_a_message_for_gmail_is_a_message(server: ContractServer, make_connector: Make) -> None:
    gmail = BY_NAME["gmail"]
    server.play(*gmail.token_step(), gmail.write())
    given = {"to": "b@acme.example", "subject": "Grüße", "text": "Guten Morgen\n"}
    await make_connector().call(TENANT, "gmail", "send_message", given)
    raw = json.loads(server.received[-1]["body"])["raw"]
    message = message_from_bytes(base64.urlsafe_b64decode(raw))
    assert message["To"] == "b@acme.example"
    assert message.get_payload(decode=True) == b"Guten Morgen\n"
    server.play()
    with pytest.raises(InvalidArguments):
        await make_connector().call(TENANT, "gmail", "send_message", {**given, "subject": "a\r\nBcc: all@acme.example"})
    assert not server.received


# --- secrets


async def test_nothing_secret_is_logged_or_shown(
    server: ContractServer, make_connector: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for provider in PROVIDERS:
        server.play(*provider.token_step(), provider.first_page(**provider.failure("refused")))
        part = provider.file["read"]
        with pytest.raises(ProviderError):
            await make_connector(attempts=1).call(TENANT, provider.name, part["operation"], part.get("arguments", {}))
    lines = "\n".join(record.getMessage() for record in caplog.records if record.name != "uvicorn.access")
    assert f"stripe.list_charges for tenant {TENANT}" in lines
    for provider in PROVIDERS:
        secret = {field.name for field in load_catalogue().integrations[provider.name].credentials if field.secret}
        for name in secret & set(provider.credentials):
            value = provider.credentials[name]
            assert len(value) < 4 or value not in lines, (provider.name, name)
        if provider.uses_tokens:
            assert provider.token(1) not in lines


async def test_what_a_provider_says_is_shown_without_secrets(server: ContractServer, make_connector: Make) -> None:
    server.play(STRIPE.first_page(status=400, reply={"error": {"message": "no: sk_test_old", "code": "bad"}}))
    with pytest.raises(ProviderError) as caught:
        await make_connector().call(TENANT, "stripe", "list_charges", {"customer": "cus_1"})
    assert str(caught.value) == "stripe.list_charges: Stripe says no (status 400, bad): no: ***"
    assert caught.value.to_dict()["providerCode"] == "bad"


# --- the network


async def test_only_public_addresses_are_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses: list[str] = []

    async def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", (address, 443)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve, raising=False)
    network = PublicNetwork()
    private = (
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
    )
    for address in private:
        addresses[:] = ["93.184.216.34", address]
        with pytest.raises(NotPublic):
            await network.connect_tcp("shop.example", 443, timeout=0.1)


async def test_a_name_that_stands_for_this_machine(stored: Stored, clock: Clock) -> None:
    stored.fields[TENANT, "woocommerce"] = {**BY_NAME["woocommerce"].credentials, "store": "localhost.localdomain"}

    async def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", ("127.0.0.1", 443))]

    loop = asyncio.get_running_loop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "getaddrinfo", resolve, raising=False)
        async with Connector(load_catalogue(), stored, sleep=clock.sleep) as connector:
            with pytest.raises(Unreachable, match="not public"):
                await connector.check(TENANT, "woocommerce")


def test_a_gateway_is_on_this_machine() -> None:
    with pytest.raises(ValueError, match="on this machine"):
        Gateway("10.0.0.1", 80)


class Broken(httpcore.AsyncNetworkBackend):
    """A network on which connections fail, or end after some bytes of an answer."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.connections = 0

    async def connect_tcp(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        self.connections += 1
        if self.answer is None:
            raise httpcore.ConnectError("refused")
        return httpcore.AsyncMockStream([self.answer, b""])

    async def sleep(self, seconds: float) -> None: ...


@pytest.fixture
async def broken(stored: Stored, clock: Clock) -> AsyncIterator[Any]:
    made: list[Connector] = []

    def make(answer: bytes | None) -> tuple[Connector, Broken]:
        network = Broken(answer)
        made.append(Connector(load_catalogue(), stored, network=network, sleep=clock.sleep))
        return made[-1], network

    yield make
    for connector in made:
        await connector.close()


async def test_what_was_never_sent_is_sent_again_even_if_it_writes(broken: Any) -> None:
    connector, network = broken(None)
    part = SHOPIFY.file["write"]
    with pytest.raises(Unreachable) as caught:
        await connector.call(TENANT, "shopify", part["operation"], part["arguments"])
    assert network.connections == 3
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"SSH-2.0-OpenSSH\r\n"])
async def test_a_connection_that_is_lost(answer: bytes, broken: Any) -> None:
    connector, network = broken(answer)
    part = SHOPIFY.file["write"]
    with pytest.raises(Unreachable, match="was lost") as caught:
        await connector.call(TENANT, "shopify", part["operation"], part["arguments"])
    assert network.connections == 1
    assert caught.value.outcome_unknown
    with pytest.raises(Unreachable):
        await connector.check(TENANT, "shopify")
    assert network.connections == 4


async def test_cookies_of_a_provider_are_not_kept(server: ContractServer, make_connector: Make) -> None:
    connector = make_connector()
    with_cookie = replace(healthy(STRIPE), reply_headers={"Set-Cookie": "session=1; Path=/"})
    server.play(with_cookie, replace(healthy(STRIPE), absent=("Cookie",)))
    await health(connector, STRIPE)
    await health(connector, STRIPE)
    server.verify()
