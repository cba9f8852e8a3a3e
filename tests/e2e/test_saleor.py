"""Tenants' shops through the graph: each its own, whatever is forged."""

from typing import Any

import httpx
import pytest

from subgraphs.saleor.seed.people import customer_email
from subgraphs.storefront.seed import demo_product
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


def test_a_product_noted_without_a_channel_is_read_in_the_tenants(platform: Platform) -> None:
    given = {"productId": demo_product(129)}
    for field, kind, selection, at in (
        ("noteProductView", "NoteProductViewInput", "product { id name }", ("product",)),
        ("describeProduct", "DescribeProductInput", "product { id name }", ("product",)),
        ("askProductQuestion", "AskProductQuestionInput", "question { product { id name } }", ("question", "product")),
    ):
        more = {"describeProduct": {"title": "Granite T-shirt"}, "askProductQuestion": {"text": "Why?"}}.get(field, {})
        query = f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {selection} errors {{ code }} }} }}"
        found = platform.data(query, {"input": {**given, **more}}, user="ada@acme")[field]
        for name in at:
            found = found[name]
        assert found == {"id": demo_product(129), "name": "Granite T-shirt"}
    query = """{ recentlyViewedProducts(first: 1) { edges { node { product { id name } } } } }"""
    (viewed,) = nodes(platform.data(query, user="ada@acme")["recentlyViewedProducts"])
    assert viewed["product"]["name"] == "Granite T-shirt"


def test_a_foreign_channel_is_not_stored(platform: Platform) -> None:
    query = "mutation ($input: NoteProductViewInput!) { noteProductView(input: $input) { errors { code } } }"
    for channel in ("globex-eu", "acme-uk"):
        given = {"input": {"productId": demo_product(130), "channel": channel}}
        assert codes(platform.ask(query, given, user="dan@acme")) == ["SALEOR_CHANNEL_REFUSED"]


def test_what_the_shop_does_not_show_takes_nothing_else_away(platform: Platform) -> None:
    """The shop has no such product, or no more; what was noted about it is there, without it."""
    ask = "mutation ($input: AskProductQuestionInput!) { askProductQuestion(input: $input) { errors { code } } }"
    view = "mutation ($input: NoteProductViewInput!) { noteProductView(input: $input) { errors { code } } }"
    hidden = {"productId": demo_product(999)}
    platform.data(ask, {"input": {**hidden, "text": "When?"}}, user="cleo@acme")
    for number in (999, 138):
        platform.data(view, {"input": {"productId": demo_product(number)}}, user="cleo@acme")
    query = "{ recentlyViewedProducts(first: 2) { edges { node { product { name } } } } }"
    answer = platform.ask(query, user="cleo@acme")
    shown, gone = nodes(answer.json()["data"]["recentlyViewedProducts"])
    assert shown["product"]["name"]
    assert gone["product"] is None
    assert [error["path"][:3] for error in answer.json()["errors"]] == [["recentlyViewedProducts", "edges", 1]]
    query = "{ productQuestions(first: 20, status: PENDING) { edges { node { text product { name } } } } }"
    asked = nodes(platform.ask(query, user="ada@acme").json()["data"]["productQuestions"])
    assert {"text": "When?", "product": None} in asked
    assert any(each["product"] is not None for each in asked)


def test_every_product_has_its_recommendations(platform: Platform) -> None:
    query = "query ($id: ID!) { product(id: $id) { name recommendations(first: 24) { product { id name } } } }"
    for number in (*range(126, 139), *range(140, 166)):
        found = platform.data(query, {"id": demo_product(number)}, host="acme.localhost")["product"]
        alike = found["recommendations"]
        assert len(alike) == 24, number
        assert all(each["product"]["name"] for each in alike), number


def test_what_a_visitor_may_not_see_leaves_the_product(platform: Platform) -> None:
    query = "query ($id: ID!) { product(id: $id) { name supplierOffers { edges { cursor } } } }"
    answer = platform.ask(query, {"id": demo_product(126)}, host="acme.localhost")
    assert answer.json()["data"]["product"] == {"name": "Meadow T-shirt", "supplierOffers": None}
    assert codes(answer) == ["UNAUTHENTICATED"]


def test_without_a_tenant_there_is_no_shop(platform: Platform) -> None:
    assert codes(platform.ask(PRODUCTS)) == ["SALEOR_NOT_LINKED"]


def test_staff_act_as_the_platforms_app_and_visitors_do_not(platform: Platform) -> None:
    customers = "{ customers(first: 2) { edges { node { email } } } }"
    for tenant in ("acme", "globex"):
        emails = [each["email"] for each in nodes(platform.data(customers, user=f"dan@{tenant}")["customers"])]
        assert len(emails) == 2
        assert all(tenant in email for email in emails)
    refused = platform.ask(customers, host="acme.localhost")
    assert codes(refused) == ["UNAUTHENTICATED"]
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
