"""What the storefront adds to the shop's products and variants."""

from typing import Any

import pytest

from resolvers.demo import demo_id
from subgraphs.storefront.seed import demo_product, demo_variant

CHANNEL = "default-channel"


def listing(channel: str, amount: float, currency: str) -> dict[str, Any]:
    return {"channel": {"slug": channel}, "price": {"amount": amount, "currency": currency}}


def product(number: int, channel: str | None = CHANNEL, **required: Any) -> dict[str, Any]:
    return {"__typename": "Product", "id": demo_product(number), "channel": channel, **required}


def variant(number: int, place: int = 0, channel: str | None = CHANNEL, **required: Any) -> dict[str, Any]:
    return {"__typename": "ProductVariant", "id": demo_variant(number, place), "channel": channel, **required}


MARGIN = (
    "price { amount currency } landedCost { amount } profit { amount } rate offer { supplierSku supplier { name } }"
)


async def test_the_margin_of_a_variant(storefront: Any) -> None:
    prices = [listing(CHANNEL, 20.0, "USD"), listing("channel-pln", 81.0, "PLN")]
    asked = [variant(126, channelListings=prices), variant(126, channel="channel-pln", channelListings=prices)]
    dollars, zloty = await storefront.entities(asked, f"... on ProductVariant {{ profitMargin {{ {MARGIN} }} }}")
    assert dollars["profitMargin"] == {
        "price": {"amount": "20.00", "currency": "USD"},
        "landedCost": {"amount": "7.28"},  # (20 * 0.42 * 0.6 + 1.80) * 1.065
        "profit": {"amount": "12.72"},
        "rate": "0.6358",
        "offer": {"supplierSku": "FAR-126-0-USD", "supplier": {"name": "Pearl Delta Trading"}},
    }
    # 81.00 with 23 % of tax in it; 81 * 0.42 + 0.35 * 4.05
    assert zloty["profitMargin"]["price"] == {"amount": "65.85", "currency": "PLN"}
    assert zloty["profitMargin"]["landedCost"] == {"amount": "35.44"}


@pytest.mark.parametrize(
    "asked",
    [
        variant(126, channelListings=None),
        variant(126, channelListings=[]),
        variant(126, channelListings=[listing("another", 20.0, "USD")]),
        variant(126, channelListings=[{"channel": {"slug": CHANNEL}, "price": None}]),
        variant(126, channelListings=[listing(CHANNEL, 20.0, "CHF")]),
        variant(126, channel=None, channelListings=[listing("a", 20.0, "USD"), listing("b", 20.0, "USD")]),
        variant(161, channelListings=[listing(CHANNEL, 9.95, "USD")]),  # digital: nobody supplies it
    ],
    ids=["refused", "nowhere", "elsewhere", "priceless", "currency", "unclear", "digital"],
)
async def test_margins_that_are_not_known(storefront: Any, asked: Any) -> None:
    (found,) = await storefront.entities([asked], "... on ProductVariant { profitMargin { rate } }")
    assert found == {"profitMargin": None}


async def test_the_margin_of_a_product(storefront: Any) -> None:
    variants = [
        {"id": demo_variant(127, 0), "channelListings": [listing(CHANNEL, 21.0, "USD")]},
        {"id": demo_variant(127, 1), "channelListings": [listing(CHANNEL, 30.0, "USD")]},
        {"id": demo_variant(128, 0), "channelListings": [listing(CHANNEL, 30.0, "USD")]},  # of another product
        {"id": demo_variant(129, 0), "channelListings": []},
    ]
    selection = f"... on Product {{ profitMargin {{ lowest {{ {MARGIN} }} highest {{ rate variantId }} uncovered }} }}"
    (found,) = await storefront.entities([product(127, variants=variants)], selection)
    margin = found["profitMargin"]
    assert margin["lowest"]["rate"] == "0.5633"  # 21 * 0.42 + 0.35
    assert margin["highest"] == {"rate": "0.6943", "variantId": demo_variant(127, 1)}
    assert margin["uncovered"] == 1


async def test_costs_are_for_those_who_run_the_shop(storefront: Any) -> None:
    query = """query ($r: [_Any!]!) { _entities(representations: $r) { ... on Product {
      profitMargin { uncovered } seller { id } isInWishlist } ... on ProductVariant {
        supplierOffers { edges { cursor } } } } }"""
    asked = [product(126, variants=[]), variant(126)]
    for scopes, code in (([], "UNAUTHENTICATED"), (["crm:read"], "FORBIDDEN")):
        body = await storefront.call(query, {"r": asked}, scopes=scopes, user=None)
        shown, hidden = body["data"]["_entities"]
        assert shown == {
            "profitMargin": None,
            "seller": {"id": str(demo_id("acme", "business", "b001"))},
            "isInWishlist": False,
        }
        assert hidden == {"supplierOffers": None}  # and the variant is still there
        assert {error["extensions"]["code"] for error in body["errors"]} == {code}


async def test_offers_in_pages(storefront: Any) -> None:
    selection = """... on Product { supplierOffers(first: 2) {
      edges { cursor node { id productId asin unitCost { amount currency } } } pageInfo { hasNextPage endCursor } } }"""
    (first,) = await storefront.entities([product(126)], selection)
    page = first["supplierOffers"]
    assert page["pageInfo"]["hasNextPage"]
    assert {edge["node"]["productId"] for edge in page["edges"]} == {demo_product(126)}
    after = page["pageInfo"]["endCursor"]
    selection = f'... on Product {{ supplierOffers(first: 100, after: "{after}") {{ edges {{ node {{ id }} }} }} }}'
    (rest,) = await storefront.entities([product(126)], selection)
    ids = [edge["node"]["id"] for edge in (*page["edges"], *rest["supplierOffers"]["edges"])]
    assert len(ids) == len(set(ids)) == 6  # two variants: near in two currencies, far in one


async def test_offers_that_are_refused_take_no_product_away(storefront: Any) -> None:
    query = """query ($r: [_Any!]!) { suppliers { edges { cursor } } supplierOffers { edges { cursor } }
      productQuestions { edges { cursor } }
      _entities(representations: $r) { ... on Product { isInWishlist supplierOffers { edges { cursor } } } } }"""
    body = await storefront.call(query, {"r": [product(126)]}, scopes=[], user=None)
    assert body["data"] == {
        "suppliers": None,
        "supplierOffers": None,
        "productQuestions": None,
        "_entities": [{"isInWishlist": False, "supplierOffers": None}],
    }
    assert {error["extensions"]["code"] for error in body["errors"]} == {"UNAUTHENTICATED"}


async def test_when_it_arrives(storefront: Any) -> None:
    selection = """... on Product { deliveryPromise(orderedAt: "2026-03-02T10:00:00Z") {
      orderBy dispatchedOn earliest latest } }"""
    near, far, digital = await storefront.entities([product(127), product(126), product(161)], selection)
    assert near["deliveryPromise"] == {
        "orderBy": "2026-03-02T14:00:00+00:00",
        "dispatchedOn": "2026-03-03",
        "earliest": "2026-03-05",
        "latest": "2026-03-07",
    }
    # Its supplier's clock shows another hour, and nobody learns which.
    assert far["deliveryPromise"]["orderBy"] == "2026-03-03T09:00:00+00:00"
    assert far["deliveryPromise"]["dispatchedOn"] == "2026-03-06"
    assert digital["deliveryPromise"] is None
    query = """query ($r: [_Any!]!) { _entities(representations: $r) { ... on Product {
      deliveryPromise(orderedAt: "2026-03-02T10:00:00") { latest } } } }"""
    body = await storefront.call(query, {"r": [product(127)]})
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_a_business_sells(storefront: Any) -> None:
    asked = [{"__typename": "Business", "id": str(demo_id("acme", "business", f"b{n:03}"))} for n in (1, 2, 60)]
    selection = """... on Business { products(first: 5, channel: "channel-pln") {
      edges { node { id channel seller { id } } } pageInfo { hasNextPage } } }"""
    with storefront.count_statements() as statements:
        first, second, none = await storefront.entities(asked, selection, user=None, scopes=[])
    assert len(statements) == 2  # the pages, and the sellers of what is on them
    assert first["products"]["edges"] == [
        {"node": {"id": demo_product(126), "channel": "channel-pln", "seller": {"id": asked[0]["id"]}}}
    ]
    assert second["products"]["edges"][0]["node"]["id"] == demo_product(127)
    assert none["products"]["edges"] == []
    others = await storefront.entities(asked, selection, tenant="globex")
    assert [each["products"]["edges"] for each in others] == [[], [], []]


async def test_similar_products(storefront: Any) -> None:
    selection = """... on Product { recommendations(first: 6) { similarity product { id channel } } }"""
    hoodie, unknown = await storefront.entities([product(131, "channel-pln"), product(999)], selection)
    found = hoodie["recommendations"]
    assert len(found) == 6
    ids = [each["product"]["id"] for each in found]
    assert demo_product(131) not in ids
    # The four other hoodies are nearest in meaning.
    assert set(ids[:4]) == {demo_product(number) for number in (132, 133, 134, 135)}
    assert {each["product"]["channel"] for each in found} == {"channel-pln"}
    assert [each["similarity"] for each in found] == sorted((each["similarity"] for each in found), reverse=True)
    assert unknown["recommendations"] == []
    for wrong in (0, 25):
        query = """query ($r: [_Any!]!, $n: Int!) { _entities(representations: $r) {
          ... on Product { recommendations(first: $n) { similarity } } } }"""
        body = await storefront.call(query, {"r": [product(131)], "n": wrong})
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_products_that_the_shop_does_not_show_are_not_named(storefront: Any) -> None:
    """Of the demo products 139 is not shown in the one channel, and 140 not in the other."""
    selection = "... on Product { recommendations(first: 24) { product { id } } }"
    asked = [product(138), product(138, "channel-pln")]  # these three are of one kind
    here, there = (
        {each["product"]["id"] for each in found["recommendations"]}
        for found in await storefront.entities(asked, selection, user=None, scopes=[])
    )
    assert (demo_product(139) in here, demo_product(140) in here) == (False, True)
    assert (demo_product(139) in there, demo_product(140) in there) == (True, False)
    business = [{"__typename": "Business", "id": str(demo_id("acme", "business", "b014"))}]  # it sells 139
    for channel, shown in ((CHANNEL, 0), ("channel-pln", 1)):
        selection = f'... on Business {{ products(channel: "{channel}") {{ edges {{ node {{ id }} }} }} }}'
        (found,) = await storefront.entities(business, selection, user=None, scopes=[])
        assert len(found["products"]["edges"]) == shown


@pytest.mark.parametrize(
    "representation",
    [
        {"__typename": "Product", "id": "zzz", "channel": CHANNEL},
        {"__typename": "Product", "id": demo_variant(126), "channel": CHANNEL},
        {"__typename": "Product", "id": 7, "channel": CHANNEL},
        {"__typename": "Product", "channel": CHANNEL},
        {"__typename": "Product", "id": demo_product(126), "channel": 7},
        {"__typename": "Product", "id": demo_product(126), "channel": "a b"},
        {"__typename": "ProductVariant", "id": demo_product(126), "channel": CHANNEL},
    ],
)
async def test_a_bad_key_costs_the_others_nothing(storefront: Any, representation: Any) -> None:
    query = """query ($r: [_Any!]!) { _entities(representations: $r) {
      ... on Product { isInWishlist } ... on ProductVariant { isInWishlist } } }"""
    body = await storefront.call(query, {"r": [product(126), representation]}, user="dan")
    assert body["data"]["_entities"] == [{"isInWishlist": False}, None]
    (error,) = body["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["_entities", 1], "BAD_USER_INPUT")
