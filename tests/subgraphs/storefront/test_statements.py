"""However many there are, a level of the query is one statement."""

from typing import Any

import pytest

from subgraphs.storefront.seed import demo_product, demo_variant

PRODUCTS = """query ($r: [_Any!]!) { _entities(representations: $r) { ... on Product {
  profitMargin { lowest { rate offer { supplier { name } } } }
  supplierOffers(first: 2) { edges { node { id supplier { name } } } }
  deliveryPromise { latest } seller { id } isInWishlist recommendations(first: 3) { product { id } }
  questionCount questions(first: 2) { edges { node {
    text author { id } answers(first: 2) { edges { node { text } } } } } }
} } }"""
VARIANTS = """query ($r: [_Any!]!) { _entities(representations: $r) { ... on ProductVariant {
  profitMargin { rate offer { supplier { name } } } supplierOffers(first: 2) { edges { node { id } } }
  deliveryPromise { latest } isInWishlist backInStockSubscription { id }
} } }"""


def products(count: int) -> list[dict[str, Any]]:
    price = {"channel": {"slug": "default-channel"}, "price": {"amount": 20.0, "currency": "USD"}}
    return [
        {
            "__typename": "Product",
            "id": demo_product(number),
            "channel": "default-channel",
            "variants": [{"id": demo_variant(number), "channelListings": [price]}],
        }
        for number in range(126, 126 + count)
    ]


def variants(count: int) -> list[dict[str, Any]]:
    price = {"channel": {"slug": "default-channel"}, "price": {"amount": 20.0, "currency": "USD"}}
    return [
        {
            "__typename": "ProductVariant",
            "id": demo_variant(number),
            "channel": "default-channel",
            "channelListings": [price],
        }
        for number in range(126, 126 + count)
    ]


@pytest.mark.parametrize(("query", "made", "expected"), [(PRODUCTS, products, 10), (VARIANTS, variants, 6)])
async def test_products_and_all_that_hangs_on_them(storefront: Any, query: str, made: Any, expected: int) -> None:
    counts = {}
    for count in (4, 40):
        with storefront.count_statements() as statements:
            data = await storefront.data(query, {"r": made(count)})
        assert len(data["_entities"]) == count
        assert all(each is not None for each in data["_entities"])
        counts[count] = len(statements)
    # products: offers, tax, their pages, suppliers, profiles, wishes, alike, number of questions, questions, answers
    assert counts == {4: expected, 40: expected}


async def test_wishlists_and_what_is_on_them(storefront: Any) -> None:
    query = """{ wishlists { edges { node { itemCount items(first: 50) { edges { node {
      product { seller { id } isInWishlist } } } } } } } }"""
    with storefront.count_statements() as statements:
        await storefront.data(query, user="ada")
    # lists, their numbers, their items; profiles, wishes
    assert len(statements) == 5


@pytest.mark.parametrize("kind", ["Supplier", "SupplierOffer"])
async def test_references(storefront: Any, kind: str) -> None:
    field = "suppliers" if kind == "Supplier" else "supplierOffers"
    data = await storefront.data(f"{{ {field}(first: 100) {{ edges {{ node {{ id }} }} }} }}")
    ids = [edge["node"]["id"] for edge in data[field]["edges"]]
    with storefront.count_statements() as statements:
        found = await storefront.entities([{"__typename": kind, "id": key} for key in ids], f"... on {kind} {{ id }}")
    assert [each["id"] for each in found] == ids
    assert len(statements) == 1
