"""From an empty checkout to an order."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from subgraphs.saleor.domain.ids import global_id, split_id
from tests.subgraphs.saleor.shop import ADDRESS, Shop

PRICES = """
id token quantity lines { id quantity totalPrice { gross { amount } } } totalPrice { gross { amount } net { amount } }
"""
ERRORS = "errors { field code variants }"


def variant(number: int) -> str:
    return global_id("ProductVariant", number)


async def mutate(shop: Shop, field: str, arguments: str, types: str, selection: str, **values: Any) -> Any:
    found = await shop.data(f"mutation ({types}) {{ {field}({arguments}) {{ {selection} {ERRORS} }} }}", **values)
    return found[field]


async def create(shop: Shop, *lines: tuple[int, int], channel: str | None = "default-channel", **more: Any) -> Any:
    given = {
        "channel": channel,
        "email": "buyer@example.com",
        "lines": [{"variantId": variant(key), "quantity": count} for key, count in lines],
        **more,
    }
    return await mutate(
        shop, "checkoutCreate", "input: $i", "$i: CheckoutCreateInput!", f"created checkout {{ {PRICES} }}", i=given
    )


async def step(shop: Shop, field: str, key: str, argument: str, kind: str, value: Any, more: str = "") -> Any:
    return await mutate(
        shop,
        field,
        f"id: $id, {argument}: $v",
        f"$id: ID!, $v: {kind}",
        f"checkout {{ {PRICES} }} {more}",
        id=key,
        v=value,
    )


async def ready(shop: Shop, *lines: tuple[int, int], channel: str = "default-channel", method: int = 1) -> str:
    """A checkout that lacks nothing but its payment."""
    made = await create(shop, *lines, channel=channel, shippingAddress=ADDRESS, billingAddress=ADDRESS)
    assert made["errors"] == []
    key: str = made["checkout"]["id"]
    chosen = await step(
        shop, "checkoutDeliveryMethodUpdate", key, "deliveryMethodId", "ID", global_id("ShippingMethod", method)
    )
    assert chosen["errors"] == []
    return key


async def pay(shop: Shop, key: str, **given: Any) -> Any:
    wanted = {"gateway": "mirumee.payments.dummy", "token": "t", **given}
    return await step(
        shop,
        "checkoutPaymentCreate",
        key,
        "input",
        "PaymentInput!",
        wanted,
        "payment { id chargeStatus total { amount } }",
    )


async def complete(shop: Shop, key: str) -> Any:
    query = f"""mutation ($id: ID!) {{ checkoutComplete(id: $id) {{ confirmationNeeded order {{
        id number status isPaid paymentStatus userEmail voucherCode shippingMethodName total {{ gross {{ amount }} }}
        subtotal {{ gross {{ amount }} }} shippingPrice {{ gross {{ amount }} }} discount {{ amount }}
        undiscountedTotal {{ gross {{ amount }} }} lines {{ quantity variant {{ id }} }} }} {ERRORS} }} }}"""
    return (await shop.data(query, id=key))["checkoutComplete"]


async def test_a_whole_purchase(acme: Shop, app: Shop) -> None:
    made = await create(acme, (384, 2))
    assert made["created"] is True
    key = made["checkout"]["id"]
    first = Decimal(str(made["checkout"]["totalPrice"]["gross"]["amount"]))
    added = await step(
        acme, "checkoutLinesAdd", key, "lines", "[CheckoutLineInput!]!", [{"variantId": variant(348), "quantity": 3}]
    )
    assert [line["quantity"] for line in added["checkout"]["lines"]] == [2, 3]
    again = await step(
        acme, "checkoutLinesAdd", key, "lines", "[CheckoutLineInput!]!", [{"variantId": variant(348), "quantity": 1}]
    )
    assert [line["quantity"] for line in again["checkout"]["lines"]] == [2, 4]
    fewer = [{"variantId": variant(348), "quantity": 1}, {"lineId": again["checkout"]["lines"][0]["id"], "quantity": 0}]
    updated = await step(acme, "checkoutLinesUpdate", key, "lines", "[CheckoutLineUpdateInput!]!", fewer)
    assert [line["quantity"] for line in updated["checkout"]["lines"]] == [1]
    assert updated["checkout"]["quantity"] == 1
    early = await step(
        acme, "checkoutDeliveryMethodUpdate", key, "deliveryMethodId", "ID", global_id("ShippingMethod", 14)
    )
    assert early["errors"][0]["code"] == "SHIPPING_ADDRESS_NOT_SET"
    for field, argument in (
        ("checkoutShippingAddressUpdate", "shippingAddress"),
        ("checkoutBillingAddressUpdate", "billingAddress"),
    ):
        assert (await step(acme, field, key, argument, "AddressInput!", ADDRESS))["errors"] == []
    chosen = await step(
        acme, "checkoutDeliveryMethodUpdate", key, "deliveryMethodId", "ID", global_id("ShippingMethod", 14)
    )
    assert chosen["errors"] == []
    total = chosen["checkout"]["totalPrice"]["gross"]["amount"]
    assert Decimal(str(total)) == Decimal(str(updated["checkout"]["totalPrice"]["gross"]["amount"])) + Decimal("12.50")
    assert first > 0
    unpaid = await complete(acme, key)
    assert unpaid["errors"] == [{"field": None, "code": "CHECKOUT_NOT_FULLY_PAID", "variants": None}]
    paid = await pay(acme, key)
    assert paid["payment"] == {"id": paid["payment"]["id"], "chargeStatus": "NOT_CHARGED", "total": {"amount": total}}
    done = await complete(acme, key)
    order = done["order"]
    assert done["errors"] == []
    assert (order["status"], order["isPaid"], order["paymentStatus"]) == ("UNFULFILLED", True, "FULLY_CHARGED")
    assert order["total"]["gross"]["amount"] == total
    assert order["shippingPrice"]["gross"]["amount"] == 12.5
    assert [line["variant"]["id"] for line in order["lines"]] == [variant(348)]
    # The checkout is gone; asking again is no harm.
    assert (await acme.data("query ($id: ID!) { checkout(id: $id) { id } }", id=key))["checkout"] is None
    assert (await complete(acme, key))["order"]["number"] == order["number"]
    seen = await app.data("{ orders(first: 1) { edges { node { id payments { capturedAmount { amount } } } } } }")
    assert seen["orders"]["edges"][0]["node"] == {
        "id": order["id"],
        "payments": [{"capturedAmount": {"amount": total}}],
    }


async def test_a_customer_sees_the_own_order(customer: Shop) -> None:
    key = await ready(customer, (352, 1))
    await pay(customer, key)
    order = (await complete(customer, key))["order"]
    mine = await customer.data("{ me { orders(first: 1) { edges { node { id shippingAddress { firstName } } } } } }")
    assert mine["me"]["orders"]["edges"][0]["node"] == {"id": order["id"], "shippingAddress": {"firstName": "A"}}


async def test_a_stranger_sees_no_personal_data_of_an_order(acme: Shop) -> None:
    key = await ready(acme, (352, 1))
    await pay(acme, key)
    order = (await complete(acme, key))["order"]
    query = "query ($id: ID!) { order(id: $id) { shippingAddress { firstName streetAddress1 country { code } } } }"
    found = await acme.data(query, id=order["id"])
    assert found["order"]["shippingAddress"] == {
        "firstName": "A...",
        "streetAddress1": "1...",
        "country": {"code": "US"},
    }


async def test_tax_is_in_the_price(acme: Shop) -> None:
    made = await create(acme, (348, 1), channel="channel-pln")
    total = made["checkout"]["totalPrice"]
    gross, net = (Decimal(str(total[each]["amount"])) for each in ("gross", "net"))
    assert net == (gross / Decimal("1.23")).quantize(Decimal("0.01"))


@pytest.mark.parametrize(
    ("lines", "more", "code"),
    [
        ([(999999, 1)], {}, "GRAPHQL_ERROR"),
        ([(384, 0)], {}, "ZERO_QUANTITY"),
        ([(384, 51)], {}, "QUANTITY_GREATER_THAN_LIMIT"),
        ([(384, 26), (384, 25)], {}, "QUANTITY_GREATER_THAN_LIMIT"),
        ([(356, 1)], {}, "INSUFFICIENT_STOCK"),
        ([(358, 1)], {}, "UNAVAILABLE_VARIANT_IN_CHANNEL"),
        ([(384, 1)], {"email": "nobody"}, "INVALID"),
        ([(384, 1)], {"channel": "nope"}, "NOT_FOUND"),
        ([(384, 1)], {"channel": None}, "MISSING_CHANNEL_SLUG"),
        ([(384, 1)], {"shippingAddress": {"country": "US"}}, "REQUIRED"),
    ],
)
async def test_what_is_refused_leaves_nothing_behind(
    acme: Shop, shops: Any, lines: list[tuple[int, int]], more: dict[str, Any], code: str
) -> None:
    async with shops.database.session(shops.context("acme")) as session:
        before = await session.scalar(text("select count(*) from saleor.checkouts"))
    made = await create(acme, *lines, **more)
    assert made["checkout"] is None
    assert [each["code"] for each in made["errors"]] == [code]
    async with shops.database.session(shops.context("acme")) as session:
        assert await session.scalar(text("select count(*) from saleor.checkouts")) == before


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"gateway": "other"}, "NOT_SUPPORTED_GATEWAY"),
        ({"amount": 0.01}, "PARTIAL_PAYMENT_NOT_ALLOWED"),
        ({"amount": "1000000"}, "PARTIAL_PAYMENT_NOT_ALLOWED"),
    ],
)
async def test_payments_that_are_refused(acme: Shop, given: dict[str, Any], code: str) -> None:
    refused = await pay(acme, await ready(acme, (384, 1)), **given)
    assert (refused["payment"], [each["code"] for each in refused["errors"]]) == (None, [code])


async def test_a_payment_does_not_cover_what_is_added_later(acme: Shop) -> None:
    key = await ready(acme, (384, 1))
    await pay(acme, key)
    await step(
        acme, "checkoutLinesAdd", key, "lines", "[CheckoutLineInput!]!", [{"variantId": variant(384), "quantity": 1}]
    )
    assert (await complete(acme, key))["errors"][0]["code"] == "CHECKOUT_NOT_FULLY_PAID"
    await pay(acme, key)
    assert (await complete(acme, key))["errors"] == []


@pytest.mark.parametrize(
    ("code", "refused"),
    [("WELCOME10", None), ("FREESHIPPING", None), ("OVER", "VOUCHER_NOT_APPLICABLE"), ("NONE", "NOT_FOUND")],
)
async def test_vouchers(acme: Shop, code: str, refused: str | None) -> None:
    key = await ready(acme, (348, 3), method=14)
    applied = await step(acme, "checkoutAddPromoCode", key, "promoCode", "String!", code)
    assert [each["code"] for each in applied["errors"]] == ([refused] if refused else [])
    if refused:
        return
    await pay(acme, key)
    order = (await complete(acme, key))["order"]
    amounts = {
        name: Decimal(str(order[name]["gross"]["amount"])) for name in ("total", "subtotal", "undiscountedTotal")
    }
    full = amounts["undiscountedTotal"] - Decimal("12.50")
    off = Decimal("12.50") if code == "FREESHIPPING" else (full / 10).quantize(Decimal("0.01"))
    assert Decimal(str(order["discount"]["amount"])) == off
    assert amounts["total"] == amounts["undiscountedTotal"] - off
    assert order["voucherCode"] == code


async def only(shops: Any, quantity: int) -> int:
    """A new variant of product 134 of which there are so many."""
    async with shops.database.session(shops.context("acme")) as session:
        tenant = {"tenant": shops.context("acme").tenant_id}
        key = int(
            await session.scalar(
                text("insert into saleor.variants (tenant_id, product_id, name, sku, position) "
                     "values (:tenant, 134, 'Rare', :sku, 9) returning id"),
                {**tenant, "sku": uuid4().hex},
            )
        )  # fmt: skip
        for channel in (1, 2):
            await session.execute(
                text("insert into saleor.variant_listings values (:tenant, :key, :channel, 10.00, null)"),
                {**tenant, "key": key, "channel": channel},
            )
        await session.execute(
            text("insert into saleor.stocks (tenant_id, warehouse_id, variant_id, quantity) "
                 "values (:tenant, 2, :key, :quantity)"),
            {**tenant, "key": key, "quantity": quantity},
        )  # fmt: skip
    return key


async def test_the_last_item_is_sold_once(acme: Shop, shops: Any) -> None:
    key = await only(shops, 1)
    checkouts = [await ready(acme, (key, 1), channel=each) for each in ("default-channel", "channel-pln") * 3]
    for each in checkouts:
        await pay(acme, each)
    done = await asyncio.gather(*[complete(acme, each) for each in checkouts])
    assert sum(each["order"] is not None for each in done) == 1
    refused = [each for each in done if each["order"] is None]
    assert {error["code"] for each in refused for error in each["errors"]} == {"INSUFFICIENT_STOCK"}
    assert {tuple(error["variants"]) for each in refused for error in each["errors"]} == {(variant(key),)}
    async with shops.database.session(shops.context("acme")) as session:
        row = await session.row(
            text("select quantity, quantity_allocated from saleor.stocks where variant_id = :key"), {"key": key}
        )
    assert row is not None
    assert tuple(row) == (1, 1)


async def test_one_checkout_becomes_one_order(acme: Shop, shops: Any) -> None:
    key = await only(shops, 5)
    checkout = await ready(acme, (key, 1))
    await pay(acme, checkout)
    done = await asyncio.gather(*[complete(acme, checkout) for _ in range(4)])
    assert len({each["order"]["id"] for each in done}) == 1
    async with shops.database.session(shops.context("acme")) as session:
        taken = await session.scalar(
            text("select quantity_allocated from saleor.stocks where variant_id = :key"), {"key": key}
        )
    assert taken == 1


async def test_orders_that_cross_do_not_wait_for_one_another_in_a_circle(acme: Shop, shops: Any) -> None:
    one, other = await only(shops, 20), await only(shops, 20)
    checkouts = [await ready(acme, *lines) for lines in ([(one, 1), (other, 1)], [(other, 1), (one, 1)]) * 3]
    for each in checkouts:
        await pay(acme, each)
    done = await asyncio.gather(*[complete(acme, each) for each in checkouts])
    assert all(each["errors"] == [] for each in done)
    numbers = sorted(int(each["order"]["number"]) for each in done)
    assert numbers == list(range(numbers[0], numbers[0] + 6))


async def test_a_voucher_for_one_order_is_used_once(acme: Shop) -> None:
    checkouts = [await ready(acme, (384, 1)) for _ in range(3)]
    for each in checkouts:
        applied = await step(acme, "checkoutAddPromoCode", each, "promoCode", "String!", "ONLYONCE")
        assert applied["errors"] == []
        await pay(acme, each)
    done = await asyncio.gather(*[complete(acme, each) for each in checkouts])
    assert sum(each["order"] is not None for each in done) == 1
    # The others have the full price again, which is more than was paid, or lose the race for the voucher.
    assert {each["errors"][0]["code"] for each in done if each["order"] is None} == {"VOUCHER_NOT_APPLICABLE"}


async def test_money_on_the_wire(acme: Shop) -> None:
    made = await create(acme, (384, 1))
    query = "query ($id: ID!) { checkout(id: $id) { totalPrice { gross { amount fractionalAmount fractionDigits } } } }"
    gross = (await acme.data(query, id=made["checkout"]["id"]))["checkout"]["totalPrice"]["gross"]
    assert gross == {"amount": 9.49, "fractionalAmount": 949, "fractionDigits": 2}
    parts = split_id(made["checkout"]["id"])
    assert parts is not None
    assert parts == ("Checkout", made["checkout"]["token"])


@pytest.mark.parametrize(
    ("field", "most"), [("firstName", 256), ("lastName", 256), ("cityArea", 128), ("postalCode", 20)]
)
async def test_an_address_has_its_lengths(acme: Shop, field: str, most: int) -> None:
    key = (await create(acme, (384, 1)))["checkout"]["id"]
    given = {**ADDRESS, field: "x" * most}
    written = await step(acme, "checkoutShippingAddressUpdate", key, "shippingAddress", "AddressInput!", given)
    assert written["errors"] == []
    given[field] += "x"
    refused = await step(acme, "checkoutShippingAddressUpdate", key, "shippingAddress", "AddressInput!", given)
    assert [(each["field"], each["code"]) for each in refused["errors"]] == [(field, "INVALID")]


async def test_a_null_character_is_refused_and_keeps_nothing_from_the_rest(acme: Shop) -> None:
    key = (await create(acme, (384, 1)))["checkout"]["id"]
    query = """mutation ($id: ID!, $bad: String!, $address: AddressInput!) {
      email: checkoutEmailUpdate(id: $id, email: $bad) { errors { code } }
      promo: checkoutAddPromoCode(id: $id, promoCode: $bad) { errors { code } }
      name: checkoutShippingAddressUpdate(id: $id, shippingAddress: $address) { errors { code } }
      good: checkoutEmailUpdate(id: $id, email: "new@example.com") { checkout { email } } }"""
    body = await acme.call(query, id=key, bad="a\0@example.com", address={**ADDRESS, "firstName": "A\0"})
    assert body["data"] == {
        "email": None,
        "promo": None,
        "name": None,
        "good": {"checkout": {"email": "new@example.com"}},
    }
    assert {each["message"] for each in body["errors"]} == {"Null characters are not allowed."}
    log_in = await acme.call('mutation { tokenCreate(email: "a\\u0000", password: "\\u0000") { token } }')
    assert log_in["data"] == {"tokenCreate": None}
