"""Products found, filtered, sorted and paged."""

from decimal import Decimal
from typing import Any

import pytest

from subgraphs.saleor.domain.ids import global_id
from tests.subgraphs.saleor.shop import Shop

FIELDS = """
totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node {
  id name slug category { name } isAvailable collections { slug }
  pricing { onSale priceRange { start { gross { amount } } } priceRangeUndiscounted { start { gross { amount } } } } } }
"""


APPAREL = {"T-shirts", "Hoodies", "Shoes"}
FEATURED = [{"slug": "featured-products"}]
FULL = "priceRangeUndiscounted"
DIGITAL = global_id("ProductType", 17)
# The last one can be had all the same: nobody counts audiobooks.
SOLD_OUT = {global_id("Product", key) for key in (138, 151, 164)}
CURSORS = ["x", "W10=", "WyJhIl0=", "WzEsMl0=", "WyJhIiwiYiJd", "WyIxIiwiOTk5OTk5OTk5OTk5OTk5OTk5OTkiXQ=="]
FIELDS_OF_ORDER = ["NAME", "PRICE", "MINIMAL_PRICE", "DATE", "CREATED_AT", "LAST_MODIFIED_AT", "RATING"]


async def find(shop: Shop, **given: Any) -> Any:
    query = f"""query ($filter: ProductFilterInput, $sortBy: ProductOrder, $search: String, $first: Int, $last: Int,
        $after: String, $before: String) {{ products(channel: "default-channel", filter: $filter, sortBy: $sortBy,
        search: $search, first: $first, last: $last, after: $after, before: $before) {{ {FIELDS} }} }}"""
    if not given.keys() & {"first", "last"}:
        given["first"] = 100
    return (await shop.data(query, **given))["products"]


def nodes(found: Any) -> list[Any]:
    return [each["node"] for each in found["edges"]]


def price(node: Any, which: str = "priceRange") -> Decimal:
    return Decimal(str(node["pricing"][which]["start"]["gross"]["amount"]))


async def test_all_that_is_published(acme: Shop, app: Shop) -> None:
    found = await find(acme)
    assert found["totalCount"] == len(nodes(found)) == 39  # of forty
    assert [each["slug"] for each in nodes(found)] == sorted(each["slug"] for each in nodes(found))
    assert (await find(app))["totalCount"] == 40


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        ({"search": "meadow mug"}, lambda node: node["name"] == "Meadow Mug"),
        ({"filter": {"search": "STONEWARE"}}, lambda node: node["category"]["name"] == "Kitchen"),
        ({"filter": {"search": "AC-384"}}, lambda node: node["id"] == global_id("Product", 152)),
        ({"filter": {"categories": [global_id("Category", 25)]}}, lambda node: node["category"]["name"] in APPAREL),
        ({"filter": {"collections": [global_id("Collection", 4)]}}, lambda node: node["collections"] == FEATURED),
        ({"filter": {"productTypes": [DIGITAL]}}, lambda node: node["category"]["name"] == "Audiobooks"),
        ({"filter": {"price": {"gte": 8, "lte": 10}}}, lambda node: 8 <= price(node, FULL) <= 10),
        ({"filter": {"minimalPrice": {"lte": 9.95}}}, lambda node: price(node) <= Decimal("9.95")),
        ({"filter": {"stockAvailability": "OUT_OF_STOCK"}}, lambda node: node["id"] in SOLD_OUT),
        ({"filter": {"ids": [global_id("Product", 152)]}}, lambda node: node["id"] == global_id("Product", 152)),
        ({"filter": {"slugs": ["meadow-mug", "nope"]}}, lambda node: node["slug"] == "meadow-mug"),
        ({"filter": {"isAvailable": True}}, lambda node: True),
    ],
)  # fmt: skip
async def test_filters(acme: Shop, given: Any, holds: Any) -> None:
    everything = nodes(await find(acme))
    found = nodes(await find(acme, **given))
    assert found
    assert found == [each for each in everything if holds(each)]
    assert all(holds(each) for each in found)


@pytest.mark.parametrize("search", ["%", "_", "\\", "' or 1=1 --"])
async def test_words_are_no_patterns(acme: Shop, search: str) -> None:
    found = await find(acme, search=search)
    assert nodes(found) == [] or search == "\x00"


@pytest.mark.parametrize(
    "field", ["NAME", "PRICE", "MINIMAL_PRICE", "DATE", "CREATED_AT", "LAST_MODIFIED_AT", "RATING"]
)
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_in_any_order_are_the_whole(acme: Shop, field: str, direction: str) -> None:
    sort = {"field": field, "direction": direction}
    whole = [each["id"] for each in nodes(await find(acme, sortBy=sort))]
    forwards, after = [], None
    while True:
        found = await find(acme, sortBy=sort, first=7, after=after)
        forwards += [each["id"] for each in nodes(found)]
        assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    assert forwards == whole
    backwards: list[str] = []
    before = None
    while True:
        found = await find(acme, sortBy=sort, last=11, before=before)
        backwards = [each["id"] for each in nodes(found)] + backwards
        if not found["pageInfo"]["hasPreviousPage"]:
            break
        before = found["pageInfo"]["startCursor"]
    assert backwards == whole


async def test_prices_go_up(acme: Shop) -> None:
    prices = [price(each) for each in nodes(await find(acme, sortBy={"field": "MINIMAL_PRICE", "direction": "ASC"}))]
    assert prices == sorted(prices)
    assert any(each["pricing"]["onSale"] for each in nodes(await find(acme)))


async def test_what_no_text_may_have_is_refused_where_it_stands(acme: Shop) -> None:
    """In a literal, in a variable and deep in one: the field is null, and its siblings are there."""
    query = """query ($s: String, $f: ProductFilterInput) {
      slug: product(slug: "a\\u0000b", channel: "default-channel") { id }
      search: products(search: $s, channel: "default-channel", first: 1) { totalCount }
      filter: products(filter: $f, channel: "default-channel", first: 1) { totalCount }
      inside: category(slug: "apparel") { level products(channel: "a\\u0000b", first: 1) { totalCount } }
      shop { name } }"""
    body = await acme.call(query, s="\0", f={"search": "a\0"})
    data = body["data"]
    assert (data["slug"], data["search"], data["filter"]) == (None, None, None)
    assert data["inside"] == {"level": 0, "products": None}
    assert data["shop"]["name"]
    assert [each["path"] for each in body["errors"]] == [["slug"], ["search"], ["filter"], ["inside", "products"]]
    told = {(each["message"], each["extensions"]["exception"]["code"]) for each in body["errors"]}
    assert told == {("Null characters are not allowed.", "GraphQLError")}


async def test_entities_with_what_no_text_may_have(acme: Shop) -> None:
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } shop { name } }"
    body = await acme.call(query, r=[{"__typename": "Product", "id": "\0", "channel": "default-channel"}])
    assert body["data"]["_entities"] is None
    assert body["data"]["shop"]["name"]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ("first: 0", "You must provide a `first` or `last` value to properly paginate the `products` connection."),
        ("last: 0", "You must provide a `first` or `last` value to properly paginate the `products` connection."),
        ("first: -1", "Argument `first` must be a non-negative integer."),
        ("last: -1", "Argument `last` must be a non-negative integer."),
        ("first: 1, last: 1", "Argument `last` cannot be combined with `first`."),
    ],
)
async def test_sizes_that_are_none(acme: Shop, sizes: str, message: str) -> None:
    body = await acme.call(f'{{ products(channel: "default-channel", {sizes}) {{ edges {{ node {{ id }} }} }} }}')
    assert body["data"] == {"products": None}
    assert [each["message"] for each in body["errors"]] == [message]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "W10=",
        "WyJhIl0=",
        "WzEsMl0=",
        "WyJhIiwiYiJd",
        "WyIxIiwiOTk5OTk5OTk5OTk5OTk5OTk5OTkiXQ==",
        "WyJcdTAwMDAiLCIxIl0=",
    ],
)
async def test_a_cursor_that_is_none_is_refused(acme: Shop, cursor: str) -> None:
    query = 'query ($c: String) { products(channel: "default-channel", first: 1, after: $c) { totalCount } }'
    (error,) = (await acme.call(query, c=cursor))["errors"]
    assert error["message"] == "Received cursor is invalid."


async def test_categories_and_collections(acme: Shop) -> None:
    data = await acme.data(
        """query ($id: ID!) { category(slug: "apparel") { level children(first: 5) { edges { node { name
        parent { slug } ancestors(first: 5) { edges { node { slug } } } } } }
        products(first: 50, channel: "default-channel") { totalCount } }
        collection(id: $id, channel: "channel-pln") { channel products(first: 3) { edges { node { channel } } } } }""",
        id=global_id("Collection", 4),
    )
    children = [each["node"] for each in data["category"]["children"]["edges"]]
    assert [each["name"] for each in children] == ["Hoodies", "Shoes", "T-shirts"]
    assert all(each["ancestors"]["edges"] == [{"node": {"slug": "apparel"}}] for each in children)
    assert data["category"]["products"]["totalCount"] == 14
    assert {each["node"]["channel"] for each in data["collection"]["products"]["edges"]} == {"channel-pln"}


async def test_what_only_staff_may_see(acme: Shop, app: Shop) -> None:
    stocks = "stocks { quantity warehouse { slug } }"
    query = f'query ($id: ID!) {{ productVariant(id: $id, channel: "default-channel") {{ {stocks} }} }}'
    (error,) = (await acme.call(query, id=global_id("ProductVariant", 384)))["errors"]
    assert error["extensions"]["exception"]["code"] == "PermissionDenied"
    found = (await app.data(query, id=global_id("ProductVariant", 384)))["productVariant"]["stocks"]
    assert {each["warehouse"]["slug"] for each in found} == {"americas", "europe"}


async def test_prices_in_all_channels_are_for_staff_and_apps(
    acme: Shop, app: Shop, admin: Shop, customer: Shop
) -> None:
    listings = "channelListings { id channel { slug } price { amount currency } }"
    query = f'query ($id: ID!) {{ productVariant(id: $id, channel: "default-channel") {{ sku {listings} }} }}'
    key = global_id("ProductVariant", 384)
    for caller in (acme, customer):
        body = await caller.call(query, id=key)
        assert body["data"]["productVariant"] == {"sku": "AC-384", "channelListings": None}
        assert body["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"
    for caller in (app, admin):
        found = (await caller.data(query, id=key))["productVariant"]["channelListings"]
        assert [each["channel"]["slug"] for each in found] == ["default-channel", "channel-pln"]
        assert [each["price"]["currency"] for each in found] == ["USD", "PLN"]
        assert len({each["id"] for each in found}) == 2


async def test_a_page_of_products_takes_few_statements(acme: Shop, shops: Any) -> None:
    with shops.count_statements() as few:
        await find(acme, first=2)
    with shops.count_statements() as many:
        await find(acme, first=30)
    assert len(many) == len(few)
