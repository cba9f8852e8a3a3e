"""Channels that a subgraph of ours would store: the tenant's alone."""

from typing import Any

import orjson
import pytest

from brain.caller import Caller
from brain.http_client import HttpClient
from brain.saleor.calls import SaleorCalls
from brain.saleor.channels import named_channels
from brain.saleor.links import SaleorLinks, SaleorSecrets
from brain.saleor.service_tokens import ServiceTokens
from router.hooks import RequestContext, SubgraphCall

WISH = "mutation ($input: AddToWishlistInput!) { addToWishlist(input: $input) { wishlist { id channel } } }"
ENTRIES = {"acme": {"channel": "default-channel", "channels": "channel-pln"}}
ACME = Caller("t-1", "acme", channel="acme-uk")


@pytest.mark.parametrize(
    ("query", "variables", "named"),
    [
        (WISH, {"input": {"productId": "x"}}, []),
        (WISH, {"input": {"productId": "x", "channel": None}}, []),
        (WISH, {"input": {"channel": "a"}}, ["a"]),
        ('mutation ($c: String) { f(input: {channel: $c}) { g(channel: "b", x: "channel") } }', {"c": "a"}, ["a", "b"]),
        ("mutation ($c: String) { f(input: {channel: $c}) }", {}, []),
        ('mutation ($c: String = "a") { f(channel: $c) }', {}, ["a"]),
        ('mutation ($c: String = "a") { f(channel: $c) }', {"c": None}, []),
        ("mutation ($c: [String!]) { f(channels: $c) }", {"c": ["a", "b"]}, ["a", "b"]),
        ('mutation { f(i: [{channels: ["a"]}, {at: {channel: "b"}}]) { ...F } }', {}, ["a", "b"]),
        ('mutation { f { ...F } } fragment F on X { g(channel: "c") }', {}, ["c"]),
    ],
)
def test_the_channels_that_are_named(query: str, variables: dict[str, Any], named: list[str]) -> None:
    assert named_channels({"query": query, "variables": variables}) == named


def call(channel: str | None, *, subgraph: str = "storefront", operation: str = "mutation") -> SubgraphCall:
    body = orjson.dumps({"query": WISH, "variables": {"input": {"productId": "x", "channel": channel}}})
    context = RequestContext("req-1", "POST", "/graphql", {})
    return SubgraphCall(
        subgraph=subgraph, url="", headers={}, body=body, operation_type=operation, fetch_ids=(0,), context=context
    )


async def codes(caller: Caller, sent: SubgraphCall, links: SaleorLinks | None = None) -> list[str]:
    links = links or SaleorLinks("http://shops.example/{tenant}/graphql/", ENTRIES)
    calls = SaleorCalls(links, ServiceTokens(HttpClient()), lambda: pytest.fail("it is not asked"))
    assert calls.holds(sent)
    reply = await calls.held(sent, caller)
    return [] if reply is None else [each["extensions"]["code"] for each in orjson.loads(reply.body)["errors"]]


@pytest.mark.parametrize(
    ("channel", "found"),
    [
        (None, []),
        ("default-channel", []),
        ("channel-pln", []),
        ("acme-uk", ["SALEOR_CHANNEL_REFUSED"]),  # identity's, over which the link goes
        ("globex-eu", ["SALEOR_CHANNEL_REFUSED"]),
    ],
)
async def test_a_channel_that_is_not_the_tenants_is_not_stored(channel: str | None, found: list[str]) -> None:
    assert await codes(ACME, call(channel)) == found


async def test_who_has_no_shop_has_no_channel() -> None:
    nobody = Caller("t-2", "initech")
    links = SaleorLinks("http://shared.example/graphql/", {})
    assert await codes(nobody, call("globex-eu"), links) == ["SALEOR_NOT_LINKED"]
    assert await codes(nobody, call(None), links) == []


async def test_while_the_tenants_channels_are_not_known_none_is_stored() -> None:
    class Down:
        async def read(self, name: str, tenant: str) -> None:
            raise OSError

    links = SaleorLinks("http://shops.example/{tenant}/graphql/", secrets=SaleorSecrets(Down()))
    assert await codes(ACME, call("default-channel"), links) == ["SALEOR_LINK_UNAVAILABLE"]


def test_what_is_not_held() -> None:
    calls = SaleorCalls(SaleorLinks(None), ServiceTokens(HttpClient()), lambda: pytest.fail("it is not asked"))
    assert not calls.holds(call("a", subgraph="crm"))
