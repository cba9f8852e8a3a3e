"""Wishlists, what was looked at, what is waited for, carts: for their owner alone."""

import uuid
from base64 import b64encode
from typing import Any

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from subgraphs.storefront.seed import demo_product, demo_variant
from subgraphs.storefront.usecases import noted
from tests.subgraphs.storefront.conftest import Tenant

WISHLISTS = """{ wishlists { edges { node { id name itemCount items { edges { node {
  note product { id channel } variant { id } } } } } } } }"""
ITEM = "wishlist { id name itemCount }"


def checkout() -> str:
    return b64encode(f"Checkout:{uuid.uuid4()}".encode()).decode()


async def add(tenant: Tenant, number: int, **values: Any) -> Any:
    return await tenant.mutate("addToWishlist", "AddToWishlistInput", ITEM, productId=demo_product(number), **values)


async def test_a_wishlist(tenant: Tenant) -> None:
    first = await add(tenant, 126, channel="c", note="for Ada")
    assert first["errors"] == []
    assert (first["wishlist"]["name"], first["wishlist"]["itemCount"]) == ("Wishlist", 1)
    # Once; again, it changes the note.
    assert (await add(tenant, 126, channel="c", note="for Ben"))["wishlist"]["itemCount"] == 1
    assert (await add(tenant, 126, variantId=demo_variant(126)))["wishlist"]["itemCount"] == 2
    (edge,) = (await tenant.data(WISHLISTS))["wishlists"]["edges"]
    assert [item["node"] for item in edge["node"]["items"]["edges"]] == [
        {"note": "", "product": {"id": demo_product(126), "channel": None}, "variant": {"id": demo_variant(126)}},
        {"note": "for Ben", "product": {"id": demo_product(126), "channel": "c"}, "variant": None},
    ]
    key = first["wishlist"]["id"]
    given = {"wishlistId": key, "productId": demo_product(126)}
    removed = await tenant.mutate("removeFromWishlist", "RemoveFromWishlistInput", ITEM, **given)
    assert removed["wishlist"]["itemCount"] == 1
    again = await tenant.mutate("removeFromWishlist", "RemoveFromWishlistInput", ITEM, **given)
    assert [error["code"] for error in again["errors"]] == ["NOT_FOUND"]


async def test_no_channel_is_the_tenants_own_whichever_that_is(tenant: Tenant) -> None:
    """The caller's context has a channel, but which one is put in the shop's requests, the tenant's link says."""
    caller = {"claims": {"channel": "acme-uk"}}
    given = {"productId": demo_product(126)}
    seen = "product { id channel }"
    no_channel = {"product": {"id": demo_product(126), "channel": None}}
    viewed = await tenant.mutate("noteProductView", "NoteProductViewInput", seen, caller, **given)
    assert viewed == {**no_channel, "errors": []}
    described = {**given, "title": "T-shirt"}
    told = await tenant.mutate("describeProduct", "DescribeProductInput", seen, caller, **described)
    assert told == {**no_channel, "errors": []}
    asked = await tenant.mutate(
        "askProductQuestion", "AskProductQuestionInput", f"question {{ {seen} }}", caller, text="Why?", **given
    )
    assert asked["question"] == no_channel
    kind = "BackInStockInput"
    selection = "subscription { variant { channel } }"
    waits = await tenant.mutate("subscribeBackInStock", kind, selection, caller, variantId=demo_variant(126))
    assert waits["subscription"] == {"variant": {"channel": None}}
    cart = await tenant.mutate("addCart", "AddCartInput", "cart { channel }", caller, checkoutId=checkout())
    assert cart["cart"] == {"channel": None}
    selection = f"wishlist {{ items {{ edges {{ node {{ {seen} }} }} }} }}"
    for _ in range(2):  # once, without a channel, too
        wished = await tenant.mutate("addToWishlist", "AddToWishlistInput", selection, caller, **given)
        assert wished["wishlist"]["items"]["edges"] == [{"node": no_channel}]
    for field in ("recentlyViewedProducts", "myProductQuestions"):
        found = (await tenant.data(f"{{ {field} {{ edges {{ node {{ {seen} }} }} }} }}", **caller))[field]
        assert [edge["node"] for edge in found["edges"]] == [no_channel]


async def test_more_wishlists(tenant: Tenant) -> None:
    create = "mutation ($n: String!) { createWishlist(name: $n) { wishlist { id } errors { code } } }"
    delete = "mutation ($id: ID!) { deleteWishlist(id: $id) { removedId errors { code } } }"
    rename = (
        "mutation ($id: ID!, $n: String!) { renameWishlist(id: $id, name: $n) { wishlist { name } errors { code } } }"
    )
    one = (await tenant.data(create, {"n": "One"}))["createWishlist"]["wishlist"]["id"]
    assert (await tenant.data(delete, {"id": one}))["deleteWishlist"]["errors"] == [{"code": "LAST_WISHLIST"}]
    two = (await tenant.data(create, {"n": "Two"}))["createWishlist"]["wishlist"]["id"]
    assert (await tenant.data(create, {"n": "Two"}))["createWishlist"]["errors"] == [{"code": "NAME_TAKEN"}]
    assert (await tenant.data(rename, {"id": two, "n": "One"}))["renameWishlist"]["errors"] == [{"code": "NAME_TAKEN"}]
    assert (await tenant.data(rename, {"id": two, "n": "2"}))["renameWishlist"]["wishlist"] == {"name": "2"}
    assert (await tenant.data(delete, {"id": one}))["deleteWishlist"] == {"removedId": one, "errors": []}


async def test_wishlists_are_their_owners(tenant: Tenant) -> None:
    key = (await add(tenant, 126))["wishlist"]["id"]
    other = {"user": uuid.uuid4()}
    assert (await tenant.data(WISHLISTS, **other))["wishlists"]["edges"] == []
    one = "query ($id: ID!) { wishlist(id: $id) { id } }"
    assert (await tenant.data(one, {"id": key}))["wishlist"] == {"id": key}
    assert (await tenant.data(one, {"id": key}, **other))["wishlist"] is None
    for field, kind in (("addToWishlist", "AddToWishlistInput"), ("removeFromWishlist", "RemoveFromWishlistInput")):
        payload = await tenant.mutate(field, kind, ITEM, other, wishlistId=key, productId=demo_product(126))
        assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]
    delete = "mutation ($id: ID!) { deleteWishlist(id: $id) { errors { code } } }"
    assert (await tenant.data(delete, {"id": key}, **other))["deleteWishlist"]["errors"] == [{"code": "NOT_FOUND"}]


async def test_the_wishlist_state_of_products(tenant: Tenant) -> None:
    await add(tenant, 126)
    await add(tenant, 127, variantId=demo_variant(127))
    asked = [{"__typename": "Product", "id": demo_product(number), "channel": "c"} for number in (126, 127, 128)]
    asked += [{"__typename": "ProductVariant", "id": demo_variant(number), "channel": "c"} for number in (126, 127)]
    query = """query ($r: [_Any!]!) { _entities(representations: $r) {
      ... on Product { isInWishlist } ... on ProductVariant { isInWishlist } } }"""

    async def state(**caller: Any) -> list[bool]:
        return [each["isInWishlist"] for each in (await tenant.data(query, {"r": asked}, **caller))["_entities"]]

    assert await state() == [True, True, False, False, True]
    assert await state(user=uuid.uuid4()) == [False] * 5
    assert await state(user=None, scopes=[]) == [False] * 5


async def test_full_lists(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAX_ITEMS", "MAX_WISHLISTS", "MAX_WAITING", "MAX_CARTS"):
        monkeypatch.setattr(noted, name, 1)
    await add(tenant, 126)
    assert [error["code"] for error in (await add(tenant, 127))["errors"]] == ["TOO_MANY"]
    create = 'mutation { createWishlist(name: "Two") { errors { code } } }'
    assert (await tenant.data(create))["createWishlist"]["errors"] == [{"code": "TOO_MANY"}]
    for number, codes in ((126, []), (127, ["TOO_MANY"])):
        payload = await tenant.mutate(
            "subscribeBackInStock", "BackInStockInput", "subscription { id }", variantId=demo_variant(number)
        )
        assert [error["code"] for error in payload["errors"]] == codes
        payload = await tenant.mutate("addCart", "AddCartInput", "cart { id }", checkoutId=checkout())
        assert [error["code"] for error in payload["errors"]] == codes


async def test_what_was_looked_at(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noted, "MAX_VIEWED", 3)
    for number in (126, 127, 128, 126, 129):
        payload = await tenant.mutate(
            "noteProductView", "NoteProductViewInput", "product { id }", productId=demo_product(number), channel="c"
        )
        assert payload == {"product": {"id": demo_product(number)}, "errors": []}
    query = "{ recentlyViewedProducts { edges { node { product { id channel } } } } }"
    found = [edge["node"]["product"]["id"] for edge in (await tenant.data(query))["recentlyViewedProducts"]["edges"]]
    assert found == [demo_product(number) for number in (129, 126, 128)]
    other = await tenant.data(query, user=uuid.uuid4())
    assert other["recentlyViewedProducts"]["edges"] == []


async def test_waiting_for_what_is_sold_out(tenant: Tenant) -> None:
    selection = "subscription { id notifiedAt variant { id channel backInStockSubscription { id } } }"
    given = {"variantId": demo_variant(126), "channel": "c"}
    made = await tenant.mutate("subscribeBackInStock", "BackInStockInput", selection, **given)
    key = made["subscription"]["id"]
    assert made["subscription"]["variant"]["backInStockSubscription"] == {"id": key}
    again = await tenant.mutate("subscribeBackInStock", "BackInStockInput", selection, **given)
    assert again["subscription"]["id"] == key
    other = {"user": uuid.uuid4()}
    await tenant.mutate("subscribeBackInStock", "BackInStockInput", selection, other, variantId=demo_variant(126))
    remove = "mutation ($id: ID!) { unsubscribeBackInStock(id: $id) { removedId errors { code } } }"
    assert (await tenant.data(remove, {"id": key}, **other))["unsubscribeBackInStock"]["errors"] == [
        {"code": "NOT_FOUND"}
    ]
    for channel, ended in (("elsewhere", 1), ("c", 1), ("c", 0)):
        payload = await tenant.mutate(
            "markBackInStock", "BackInStockInput", "ended", variantId=demo_variant(126), channel=channel
        )
        assert payload == {"ended": ended, "errors": []}
    async with tenant.storefront.database.session(RequestContext.system(tenant.id)) as session:
        events = await session.rows(text("select data from outbox where name = 'storefront.variant_back_in_stock'"))
    assert sorted(row.data["user_ids"] for row in events) == sorted([[str(tenant.user)], [str(other["user"])]])
    query = "{ backInStockSubscriptions { edges { node { id notifiedAt } } } }"
    ((told,),) = [(await tenant.data(query))["backInStockSubscriptions"]["edges"]]
    assert told["node"]["id"] == key
    assert told["node"]["notifiedAt"]
    assert (await tenant.data(remove, {"id": key}))["unsubscribeBackInStock"]["removedId"] == key


async def test_carts(tenant: Tenant) -> None:
    selection = "cart { id checkoutId status channel order { id } }"
    made = await tenant.mutate("addCart", "AddCartInput", selection, checkoutId=(own := checkout()), channel="c")
    key = made["cart"]["id"]
    assert made["cart"] == {"id": key, "checkoutId": own, "status": "OPEN", "channel": "c", "order": None}
    other = {"user": uuid.uuid4()}
    taken = await tenant.mutate("addCart", "AddCartInput", selection, other, checkoutId=own)
    assert [error["code"] for error in taken["errors"]] == ["CART_TAKEN"]
    order = b64encode(f"Order:{uuid.uuid4()}".encode()).decode()
    stolen = await tenant.mutate("closeCart", "CloseCartInput", selection, other, id=key, orderId=order)
    assert [error["code"] for error in stolen["errors"]] == ["NOT_FOUND"]
    closed = await tenant.mutate("closeCart", "CloseCartInput", selection, id=key, orderId=order)
    assert (closed["cart"]["status"], closed["cart"]["order"]) == ("ORDERED", {"id": order})
    again = await tenant.mutate("closeCart", "CloseCartInput", selection, id=key)
    assert [error["code"] for error in again["errors"]] == ["CART_CLOSED"]
    query = "query ($s: CartStatus) { carts(status: $s) { edges { node { id } } } }"
    assert len((await tenant.data(query, {"s": "ORDERED"}))["carts"]["edges"]) == 1
    assert (await tenant.data(query, {"s": "OPEN"}))["carts"]["edges"] == []
    assert (await tenant.data(query, **other))["carts"]["edges"] == []


@pytest.mark.parametrize(
    "query",
    [
        "{ wishlists { edges { cursor } } }",
        "{ carts { edges { cursor } } }",
        "{ recentlyViewedProducts { edges { cursor } } }",
        "{ backInStockSubscriptions { edges { cursor } } }",
        "{ myProductQuestions { edges { cursor } } }",
        'mutation { createWishlist(name: "X") { errors { code } } }',
        'mutation { addCart(input: {checkoutId: "x"}) { errors { code } } }',
    ],
)
async def test_nobody_notes_anything(tenant: Tenant, query: str) -> None:
    body = await tenant.call(query, user=None)
    assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"]
