"""Tenants' shops through the graph: each its own, whatever is forged."""

from typing import Any

import httpx
import pytest

from subgraphs.saleor.seed.people import customer_email
from tests.e2e.conftest import Platform

pytestmark = pytest.mark.stack

PRODUCTS = "query ($channel: String) { products(first: 3, channel: $channel) { edges { node { id name channel } } } }"
NESTED = """{ categories(first: 1) { edges { node {
  products(first: 1, channel: "globex-eu") { edges { node { id } } } } } } }"""
LOG_IN = """
mutation ($email: String!) {
  tokenCreate(email: $email, password: "demo-customer") { token user { email } errors { code } }
}
"""
CHECKOUT = """
mutation ($input: CheckoutCreateInput!) { checkoutCreate(input: $input) {
  checkout { id channel { slug } lines { quantity } } errors { field code } } }
"""


def codes(response: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json().get("errors", ())]


def nodes(connection: Any) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


@pytest.mark.parametrize("tenant", ["acme", "globex"])
def test_a_visitor_sees_the_tenants_shop_in_its_channel(platform: Platform, tenant: str) -> None:
    found = nodes(platform.data(PRODUCTS, host=f"{tenant}.localhost")["products"])
    assert len(found) == 3
    assert {product["channel"] for product in found} == {"default-channel"}
    other = nodes(platform.data(PRODUCTS, {"channel": "channel-pln"}, host=f"{tenant}.localhost")["products"])
    assert {product["channel"] for product in other} == {"channel-pln"}
    assert platform.data("{ shop { name } }", user=f"dan@{tenant}")["shop"]["name"].lower().startswith(tenant)


def test_a_channel_that_is_not_the_tenants_is_refused(platform: Platform) -> None:
    for query, variables in (
        (PRODUCTS, {"channel": "globex-eu"}),
        ('{ products(first: 1, channel: "globex-eu") { edges { node { id } } } }', {}),
        (NESTED, {}),
        (CHECKOUT, {"input": {"channel": "globex-eu", "lines": []}}),
    ):
        assert codes(platform.ask(query, variables, host="acme.localhost")) == ["SALEOR_CHANNEL_REFUSED"], query


def test_without_a_tenant_there_is_no_shop(platform: Platform) -> None:
    assert codes(platform.ask(PRODUCTS)) == ["SALEOR_NOT_LINKED"]


def test_staff_act_as_the_platforms_app_and_visitors_do_not(platform: Platform) -> None:
    customers = "{ customers(first: 2) { edges { node { email } } } }"
    for tenant in ("acme", "globex"):
        emails = [each["email"] for each in nodes(platform.data(customers, user=f"dan@{tenant}")["customers"])]
        assert len(emails) == 2
        assert all(tenant in email for email in emails)
    refused = platform.ask(customers, host="acme.localhost")
    assert codes(refused) == ["FORBIDDEN"]
    assert "exception" not in refused.text


def test_a_customers_token_is_good_in_its_own_shop_only(platform: Platform) -> None:
    made = platform.data(LOG_IN, {"email": customer_email("acme", 6)}, host="acme.localhost")["tokenCreate"]
    assert made["errors"] == []
    token = made["token"]
    me = "{ me { email } }"
    at_home = platform.data(me, host="acme.localhost", authorization_bearer=token)
    assert at_home["me"] == made["user"]
    assert platform.data(me, host="globex.localhost", authorization_bearer=token) == {"me": None}
    assert platform.data(me, user="ada@globex", authorization_bearer=token) == {"me": None}
    # The customer's own token wins over the rights of the platform's app.
    response = platform.ask("{ customers(first: 1) { totalCount } }", user="ada@acme", authorization_bearer=token)
    assert codes(response) == ["FORBIDDEN"]


def test_a_checkout_gets_the_channel_and_stays_in_its_shop(platform: Platform) -> None:
    variant = platform.data("{ products(first: 1) { edges { node { variants { id } } } } }", host="acme.localhost")[
        "products"
    ]["edges"][0]["node"]["variants"][0]["id"]
    given = {"lines": [{"quantity": 1, "variantId": variant}], "email": "a@b.example"}
    made = platform.data(CHECKOUT, {"input": given}, host="acme.localhost")["checkoutCreate"]
    assert made["errors"] == []
    assert made["checkout"]["channel"] == {"slug": "default-channel"}
    query = "query ($id: ID) { checkout(id: $id) { id } }"
    variables = {"id": made["checkout"]["id"]}
    assert platform.data(query, variables, host="acme.localhost")["checkout"] == variables
    assert platform.data(query, variables, host="globex.localhost") == {"checkout": None}
    assert platform.data(query, variables, user="ada@globex") == {"checkout": None}


def test_what_shops_cost_is_counted_for_all_tenants_together(platform: Platform) -> None:
    platform.data(PRODUCTS, host="acme.localhost")
    text = platform.client.get("/metrics").text
    (line,) = [line for line in text.splitlines() if line.startswith('brain_saleor_cost_total{operation_type="query"}')]
    assert float(line.split()[-1]) > 0
