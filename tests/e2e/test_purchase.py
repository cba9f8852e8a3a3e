"""From the shop window to the order, for two tenants; nothing of one is seen by the other."""

import time
from pathlib import Path
from typing import Any

import pytest

from subgraphs.saleor.domain.ids import global_id
from subgraphs.saleor.seed.people import customer_email
from subgraphs.storefront.seed import demo_product
from tests.e2e.conftest import Platform

pytestmark = pytest.mark.stack

ADDRESS = {
    "firstName": "Alba",
    "lastName": "Conti",
    "streetAddress1": "1 Main St",
    "city": "New York",
    "postalCode": "10001",
    "country": "US",
    "countryArea": "NY",
}
LOG_IN = (
    'mutation ($email: String!) { tokenCreate(email: $email, password: "demo-customer") { token errors { code } } }'
)
BROWSE = """query { categories(first: 3, level: 0) { edges { node { name slug } } }
  products(first: 3, search: "mug") { edges { node {
    id name seller { id } deliveryPromise { earliest latest }
    variants { id quantityAvailable pricing { price { gross { amount currency } } } } } } } }"""
CREATE = """mutation ($input: CheckoutCreateInput!) { checkoutCreate(input: $input) {
  errors { field code } checkout { id totalPrice { gross { amount } } } } }"""
STEP = (
    "mutation ($id: ID!, $value: {kind}) {{ it: {field}(id: $id, {argument}: $value) {{ errors {{ field code }} }} }}"
)
COMPLETE = """mutation ($id: ID!) { checkoutComplete(id: $id) { errors { field code } order {
  id number status isPaid userEmail total { gross { amount } } lines { productName quantity } } } }"""
CART = """mutation ($id: ID!) { addCart(input: {checkoutId: $id}) { errors { code } cart { id status channel } } }"""
CLOSE = """mutation ($cart: ID!, $order: ID) { closeCart(input: {id: $cart, orderId: $order}) {
  errors { code } cart { status order { number total { gross { amount } } } } } }"""


def buy(platform: Platform, tenant: str) -> dict[str, Any]:
    """A customer of the tenant's shop, who is signed in as `dan`, too, buys two mugs."""
    host = {"host": f"{tenant}.localhost"}
    found = platform.data(BROWSE, **host)
    assert len(found["categories"]["edges"]) == 3
    product = found["products"]["edges"][0]["node"]
    assert "Mug" in product["name"]
    assert product["seller"]["id"]
    assert product["deliveryPromise"]["earliest"] <= product["deliveryPromise"]["latest"]
    variant = product["variants"][0]
    assert variant["quantityAvailable"] >= 2

    token = platform.data(LOG_IN, {"email": customer_email(tenant, 6)}, **host)["tokenCreate"]["token"]
    shopper = {"user": f"dan@{tenant}", "authorization_bearer": token, **host}
    given = {"lines": [{"variantId": variant["id"], "quantity": 2}], "email": customer_email(tenant, 6)}
    made = platform.data(CREATE, {"input": given}, **shopper)["checkoutCreate"]
    assert made["errors"] == []
    checkout = made["checkout"]["id"]
    cart = platform.data(CART, {"id": checkout}, **shopper)["addCart"]
    assert cart["errors"] == []
    assert cart["cart"]["status"] == "OPEN"

    for field, argument, kind, value in (
        ("checkoutShippingAddressUpdate", "shippingAddress", "AddressInput!", ADDRESS),
        ("checkoutBillingAddressUpdate", "billingAddress", "AddressInput!", ADDRESS),
        ("checkoutDeliveryMethodUpdate", "deliveryMethodId", "ID", global_id("ShippingMethod", 1)),
        ("checkoutPaymentCreate", "input", "PaymentInput!", {"gateway": "mirumee.payments.dummy", "token": "t"}),
    ):
        query = STEP.format(kind=kind, field=field, argument=argument)
        assert platform.data(query, {"id": checkout, "value": value}, **shopper)["it"]["errors"] == [], field
    done = platform.data(COMPLETE, {"id": checkout}, **shopper)["checkoutComplete"]
    assert done["errors"] == []
    order = done["order"]
    assert order["isPaid"]
    assert order["lines"] == [{"productName": product["name"], "quantity": 2}]

    closed = platform.data(CLOSE, {"cart": cart["cart"]["id"], "order": order["id"]}, **shopper)["closeCart"]
    assert closed["errors"] == []
    assert closed["cart"]["status"] == "ORDERED"
    assert closed["cart"]["order"]["number"] == order["number"]
    own = platform.data("{ me { orders(first: 100) { edges { node { id } } } } }", **shopper)["me"]["orders"]["edges"]
    assert order["id"] in [edge["node"]["id"] for edge in own]
    return {
        "checkout": checkout,
        "cart": cart["cart"]["id"],
        "order": order,
        "shopper": shopper,
        "token": token,
        "variant": variant["id"],
    }


TIMELINES = """query ($email: String!) { contacts(filter: {search: $email}, first: 10) { edges { node {
  timeline(first: 50) { edges { node { kind source reference summary } } } } } } }"""


def told(platform: Platform, tenant: str, email: str) -> list[dict[str, Any]]:
    """What the timelines of the tenant's contacts with this address say of orders."""
    contacts = platform.data(TIMELINES, {"email": email}, user=f"ada@{tenant}")["contacts"]["edges"]
    entries = [entry["node"] for contact in contacts for entry in contact["node"]["timeline"]["edges"]]
    return [entry for entry in entries if entry["source"] == "storefront.order_placed"]


def test_purchases_of_two_tenants(platform: Platform) -> None:
    bought = {tenant: buy(platform, tenant) for tenant in ("acme", "globex")}
    one = "query ($id: ID!) { order(id: $id) { id userEmail } }"
    carts = "{ carts(first: 100) { edges { node { id } } } }"
    listed = "{ orders(first: 100) { edges { node { id } } } }"
    for tenant, other in (("acme", "globex"), ("globex", "acme")):
        mine, theirs = bought[tenant], bought[other]
        key = {"id": theirs["order"]["id"]}
        # Their order by its id: for a visitor, a customer, and who runs the shop.
        host = {"host": f"{tenant}.localhost"}
        assert platform.data(one, key, **mine["shopper"])["order"] is None
        assert platform.data(one, key, user=f"ada@{tenant}")["order"] is None
        assert theirs["order"]["userEmail"] not in platform.ask(one, key, **host).text
        # With their customer's token at home, and with the host name of the other shop.
        forged = {"user": f"dan@{tenant}", "authorization_bearer": theirs["token"], **host}
        assert platform.data(one, key, **forged)["order"] is None
        assert platform.data("{ me { email } }", **forged)["me"] is None
        crossed = platform.ask(one, key, user=f"dan@{other}", authorization_bearer=theirs["token"], **host)
        assert crossed.status_code == 403
        # Their checkout and their cart.
        checkout = "query ($id: ID!) { checkout(id: $id) { id } }"
        assert platform.data(checkout, {"id": theirs["checkout"]}, **mine["shopper"])["checkout"] is None
        closed = platform.data(CLOSE, {"cart": theirs["cart"]}, **mine["shopper"])["closeCart"]
        assert closed["errors"] == [{"code": "NOT_FOUND"}]
        own = [edge["node"]["id"] for edge in platform.data(carts, **mine["shopper"])["carts"]["edges"]]
        assert mine["cart"] in own
        assert theirs["cart"] not in own
        # Another user of the same tenant sees the order, who manages orders, but not the cart.
        all_orders = [edge["node"]["id"] for edge in platform.data(listed, user=f"ada@{tenant}")["orders"]["edges"]]
        assert mine["order"]["id"] in all_orders
        assert theirs["order"]["id"] not in all_orders
        seen = platform.data(carts, user=f"ada@{tenant}")["carts"]["edges"]
        assert mine["cart"] not in [edge["node"]["id"] for edge in seen]


@pytest.mark.parametrize(("tenant", "name"), [("acme", "Meadow T-shirt"), ("globex", "Signal T-shirt")])
def test_the_page_of_a_product(platform: Platform, tenant: str, name: str) -> None:
    """The shop, the storefront, the directory and identity in one answer."""
    query = (Path(__file__).parents[2] / "schema" / "queries" / "01-product-page.graphql").read_text()
    product = platform.data(query, {"id": demo_product(126)}, user=f"dan@{tenant}")["product"]
    assert product["name"] == name
    assert product["seller"]["name"]
    assert product["deliveryPromise"] == {"earliest": "2026-03-18", "latest": "2026-03-31"}
    lowest = product["profitMargin"]["lowest"]
    assert lowest["profit"]["currency"] == "USD"
    assert lowest["offer"]["supplier"] == {"name": "Pearl Delta Trading"}
    assert [edge["node"]["author"]["name"] for edge in product["questions"]["edges"]]
    # Costs are for staff: a visitor gets the rest of the page.
    visitor = platform.ask(query, {"id": demo_product(126)}, host=f"{tenant}.localhost").json()
    assert visitor["data"]["product"]["name"] == name
    assert visitor["data"]["product"]["profitMargin"] is None
    assert visitor["data"]["product"]["deliveryPromise"]


def test_an_order_comes_to_the_customers_timeline(platform: Platform) -> None:
    number = buy(platform, "globex")["order"]["number"]
    email = customer_email("globex", 6)
    deadline = time.monotonic() + 30
    while not (found := [each for each in told(platform, "globex", email) if f"{number}" in each["summary"]]):
        assert time.monotonic() < deadline, "the event did not arrive"
        time.sleep(0.2)
    assert [each["kind"] for each in found] == ["ORDER"]
    assert told(platform, "acme", email) == []


STOCK = """query ($id: ID!) { productVariant(id: $id) { stocks { quantity quantityAllocated } } }"""


def promised(platform: Platform, tenant: str, variant: str) -> int:
    """How many of it are promised to orders, in all warehouses."""
    found = platform.data(STOCK, {"id": variant}, user=f"ada@{tenant}")["productVariant"]["stocks"]
    return sum(int(each["quantityAllocated"]) for each in found)


def test_what_is_left_in_stock_and_paid(platform: Platform) -> None:
    """A checkout that was ordered takes its items once, and none of the other shop's customers pays for it."""
    variants = {tenant: buy(platform, tenant)["variant"] for tenant in ("acme", "globex")}

    def taken() -> dict[str, int]:
        return {tenant: promised(platform, tenant, variant) for tenant, variant in variants.items()}

    expected = taken()
    done = buy(platform, "acme")
    assert done["variant"] == variants["acme"]
    expected["acme"] += 2
    assert taken() == expected
    # Once more, by the same customer: what is there already, and no items.
    again = platform.data(COMPLETE, {"id": done["checkout"]}, **done["shopper"])["checkoutComplete"]
    assert (again["errors"], again["order"]["id"]) == ([], done["order"]["id"])
    # By a customer of the other shop, with a token that is good there: to pay, and to complete.
    stranger = buy(platform, "globex")["shopper"]
    expected["globex"] += 2
    pay = STEP.format(kind="PaymentInput!", field="checkoutPaymentCreate", argument="input")
    given = {"id": done["checkout"], "value": {"gateway": "mirumee.payments.dummy", "token": "t"}}
    assert platform.data(pay, given, **stranger)["it"]["errors"][0]["code"] == "NOT_FOUND"
    theirs = platform.data(COMPLETE, {"id": done["checkout"]}, **stranger)["checkoutComplete"]
    assert theirs["order"] is None
    assert theirs["errors"][0]["code"] == "NOT_FOUND"
    assert taken() == expected
