"""Suppliers, their offers, the tax in a channel's prices, what is told of products."""

import uuid
from typing import Any

import pytest

from subgraphs.storefront.seed import demo_product, demo_variant
from tests.subgraphs.storefront.conftest import SUPPLIER, Tenant


async def test_a_supplier_and_its_changes(tenant: Tenant) -> None:
    made = await tenant.mutate(
        "addSupplier", "AddSupplierInput", "supplier { id version countryCode cutoff workingDays }", **SUPPLIER
    )
    assert made["errors"] == []
    assert made["supplier"] | {"id": ""} == {
        "id": "",
        "version": 1,
        "countryCode": "PT",
        "cutoff": "14:00:00",
        "workingDays": SUPPLIER["workingDays"],
    }
    key = made["supplier"]["id"]
    again = await tenant.mutate("addSupplier", "AddSupplierInput", "supplier { id }", **SUPPLIER)
    assert [error["code"] for error in again["errors"]] == ["NAME_TAKEN"]
    selection = "supplier { version handlingDays name }"
    changed = await tenant.mutate(
        "updateSupplier", "UpdateSupplierInput", selection, id=key, expectedVersion=1, handlingDays=3
    )
    assert changed["supplier"] == {"version": 2, "handlingDays": 3, "name": "Somebody"}
    stale = await tenant.mutate("updateSupplier", "UpdateSupplierInput", selection, id=key, expectedVersion=1, name="X")
    assert [error["code"] for error in stale["errors"]] == ["VERSION_CONFLICT"]
    nothing = await tenant.mutate("updateSupplier", "UpdateSupplierInput", selection, id=key, timeZone=None)
    assert nothing["errors"][0]["path"] == ["input", "timeZone"]
    none = await tenant.mutate("updateSupplier", "UpdateSupplierInput", selection, id=str(uuid.uuid4()))
    assert [error["code"] for error in none["errors"]] == ["NOT_FOUND"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("countryCode", "PRT"),
        ("timeZone", "Nowhere"),
        ("workingDays", []),
        ("handlingDays", 99),
        ("transitMinDays", 9),
        ("cutoff", "14:00:30"),
    ],
)
async def test_suppliers_that_are_refused(tenant: Tenant, field: str, value: Any) -> None:
    payload = await tenant.mutate("addSupplier", "AddSupplierInput", "supplier { id }", **{**SUPPLIER, field: value})
    assert payload["supplier"] is None
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("BAD_USER_INPUT", ["input", field])]


async def test_offers(tenant: Tenant) -> None:
    supplier = await tenant.supplier()
    made = await tenant.offer(supplier, shippingCost="2", dutyPercent="6.5", asin="b07x1234zz", supplierSku="A")
    assert made["errors"] == []
    assert made["offer"]["landedCost"] == {"amount": "12.78", "currency": "USD"}
    assert made["offer"]["asin"] == "B07X1234ZZ"
    assert made["offer"]["supplier"] == {"name": "Somebody"}
    assert [error["code"] for error in (await tenant.offer(supplier, supplierSku="A"))["errors"]] == ["OFFER_TAKEN"]
    unknown = await tenant.offer(str(uuid.uuid4()))
    assert [error["code"] for error in unknown["errors"]] == ["NOT_FOUND"]
    key = made["offer"]["id"]
    selection = "offer { version asin unitCost { amount } availableQuantity }"
    changed = await tenant.mutate(
        "updateSupplierOffer",
        "UpdateSupplierOfferInput",
        selection,
        id=key,
        expectedVersion=1,
        asin=None,
        unitCost=9.99,
        availableQuantity=4,
    )
    assert changed["offer"] == {
        "version": 2,
        "asin": None,
        "unitCost": {"amount": "9.9900"},
        "availableQuantity": 4,
    }
    query = "query ($s: ID) { supplierOffers(supplierId: $s) { edges { node { id } } } }"
    assert len((await tenant.data(query, {"s": supplier}))["supplierOffers"]["edges"]) == 1
    remove = "mutation ($id: ID!) { removeSupplierOffer(id: $id) { removedId errors { code } } }"
    assert (await tenant.data(remove, {"id": key}))["removeSupplierOffer"] == {"removedId": key, "errors": []}
    assert (await tenant.data(remove, {"id": key}))["removeSupplierOffer"]["errors"] == [{"code": "NOT_FOUND"}]


@pytest.mark.parametrize("value", ['"x"', '"1e400"', "true", '"NaN"', '""', "[]"])
async def test_what_is_no_number(tenant: Tenant, value: str) -> None:
    query = f'mutation {{ setChannelTax(input: {{channel: "c", taxPercent: {value}}}) {{ channel }} }}'
    body = await tenant.call(query)
    assert "ExactDecimal" in body["errors"][0]["message"]
    assert body.get("data") is None


async def test_the_tax_in_prices(tenant: Tenant) -> None:
    await tenant.offer(await tenant.supplier(), unitCost="8")
    listing = {"channel": {"slug": "shop"}, "price": {"amount": 12.0, "currency": "USD"}}
    asked = [{"__typename": "ProductVariant", "id": demo_variant(126), "channel": "shop", "channelListings": [listing]}]
    query = (
        "query ($r: [_Any!]!) { _entities(representations: $r) { ... on ProductVariant { profitMargin { rate } } } }"
    )
    for percent, rate in (("0", "0.3333"), ("20", "0.2000"), ("0", "0.3333")):
        payload = await tenant.mutate(
            "setChannelTax", "SetChannelTaxInput", "channel", channel="shop", taxPercent=percent
        )
        assert payload["errors"] == []
        assert (await tenant.data(query, {"r": asked}))["_entities"] == [{"profitMargin": {"rate": rate}}]


async def test_describing_products(tenant: Tenant) -> None:
    seller = str(uuid.uuid4())
    texts = {
        126: ("Ceramic cup", "For coffee and tea"),
        127: ("Stoneware mug", "For hot drinks"),
        128: ("Mountain bicycle", "With 27 gears"),
    }
    for number, (title, description) in texts.items():
        payload = await tenant.mutate(
            "describeProduct",
            "DescribeProductInput",
            "product { id seller { id } recommendations { product { id } } }",
            productId=demo_product(number),
            title=title,
            description=description,
            sellerId=seller,
        )
        assert payload["errors"] == []
        assert payload["product"]["seller"] == {"id": seller}
    assert len(payload["product"]["recommendations"]) == 2
    asked = [{"__typename": "Product", "id": demo_product(126), "channel": None}]
    query = """query ($r: [_Any!]!) { _entities(representations: $r) {
      ... on Product { recommendations { product { id } } } } }"""

    async def alike() -> list[str]:
        (found,) = (await tenant.data(query, {"r": asked}))["_entities"]
        return [each["product"]["id"] for each in found["recommendations"]]

    assert await alike() == [demo_product(127), demo_product(128)]
    changed = {"productId": demo_product(127), "title": "Racing bicycle", "description": "Carbon frame"}
    await tenant.mutate("describeProduct", "DescribeProductInput", "product { id }", **changed)
    changed = {"productId": demo_product(128), "title": "Espresso cup", "description": "For coffee"}
    await tenant.mutate("describeProduct", "DescribeProductInput", "product { id }", **changed)
    assert await alike() == [demo_product(128), demo_product(127)]


async def test_writing_needs_the_scope(tenant: Tenant) -> None:
    body = await tenant.call(
        'mutation { setChannelTax(input: {channel: "c", taxPercent: "1"}) { channel } }', scopes=["storefront:read"]
    )
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "storefront:write"}
