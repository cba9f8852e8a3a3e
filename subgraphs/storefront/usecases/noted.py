"""What users note for themselves: wishlists, what they looked at, what they wait for, carts. Nobody else sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.session import TenantSession
from subgraphs.storefront.domain.errors import (
    CartClosed,
    CartNotFound,
    ItemNotFound,
    LastWishlist,
    SubscriptionNotFound,
    TooMany,
    WishlistNotFound,
)
from subgraphs.storefront.domain.values import MAX_NAME, MAX_NOTE, channel_slug, shop_id, text_of
from subgraphs.storefront.events import VariantBackInStock
from subgraphs.storefront.repository import noted, rows
from subgraphs.storefront.tables import carts, wishlists

MAX_WISHLISTS = 20
MAX_ITEMS = 500
MAX_VIEWED = 100
MAX_WAITING = 200
MAX_CARTS = 20
_TOLD_AT_ONCE = 500
FIRST_WISHLIST = "Wishlist"


async def add_wishlist(session: TenantSession, tenant_id: UUID, owner_id: UUID, name: str) -> Row[Any]:
    """Stores a new wishlist of the user's and returns its row.

    Raises:
        InvalidValue, NameTaken: see there.
        TooMany: the user has `MAX_WISHLISTS`.
    """
    if len(await noted.lock_wishlists(session, owner_id)) >= MAX_WISHLISTS:
        raise TooMany
    return await noted.add_wishlist(session, tenant_id, owner_id, text_of(name, MAX_NAME, "name"))


async def rename_wishlist(session: TenantSession, owner_id: UUID, wishlist_id: UUID, name: str) -> Row[Any]:
    """Gives a wishlist another name and returns its row.

    Raises:
        WishlistNotFound, InvalidValue, NameTaken: see there.
    """
    await _own_wishlist(session, owner_id, wishlist_id)
    row = await rows.change(session, wishlists, wishlist_id, name=text_of(name, MAX_NAME, "name"))
    assert row is not None, "the row is locked"
    return row


async def remove_wishlist(session: TenantSession, owner_id: UUID, wishlist_id: UUID) -> None:
    """Deletes a wishlist with what is on it.

    Raises:
        WishlistNotFound: there is none.
        LastWishlist: it is the only one.
    """
    own = await noted.lock_wishlists(session, owner_id)
    if wishlist_id not in {row.id for row in own}:
        raise WishlistNotFound
    if len(own) == 1:
        raise LastWishlist
    await noted.remove_wishlist(session, wishlist_id)


async def wish(
    session: TenantSession,
    tenant_id: UUID,
    owner_id: UUID,
    *,
    wishlist_id: UUID | None,
    product_id: str,
    variant_id: str | None,
    channel: str | None,
    note: str,
) -> Row[Any]:
    """Puts a product on a wishlist, once, and returns the list's row.

    Args:
        wishlist_id: None for the user's first one, which is made if there is none.

    Raises:
        WishlistNotFound, InvalidValue: see there.
        TooMany: there are `MAX_ITEMS` on it.
    """
    checked = shop_id(product_id, "Product", "productId")
    variant = None if variant_id is None else shop_id(variant_id, "ProductVariant", "variantId")
    details = {
        "channel": channel_slug(channel, "channel"),
        "note": text_of(note, MAX_NOTE, "note", minimum=0),
    }
    if wishlist_id is not None:
        wishlist = await _own_wishlist(session, owner_id, wishlist_id)
    else:
        own = await noted.lock_wishlists(session, owner_id)
        wishlist = own[0] if own else await noted.add_wishlist(session, tenant_id, owner_id, FIRST_WISHLIST)
    if (await noted.item_counts(session, [wishlist.id])).get(wishlist.id, 0) >= MAX_ITEMS:
        raise TooMany
    await noted.put_item(session, tenant_id, wishlist.id, product_id=checked, variant_id=variant, **details)
    return wishlist


async def unwish(
    session: TenantSession, owner_id: UUID, wishlist_id: UUID, product_id: str, variant_id: str | None
) -> Row[Any]:
    """Takes a product off a wishlist and returns the list's row.

    Raises:
        WishlistNotFound, ItemNotFound: see there.
    """
    wishlist = await _own_wishlist(session, owner_id, wishlist_id)
    if not await noted.remove_item(session, wishlist_id, product_id, variant_id):
        raise ItemNotFound
    return wishlist


async def note_view(
    session: TenantSession, tenant_id: UUID, user_id: UUID, product_id: str, channel: str | None
) -> None:
    """Notes that the user looks at a product; the oldest beyond `MAX_VIEWED` are forgotten.

    Raises:
        InvalidValue: no product's id, or no channel.
    """
    checked, slug = shop_id(product_id, "Product", "productId"), channel_slug(channel, "channel")
    await noted.note_view(session, tenant_id, user_id, checked, slug, datetime.now(UTC))
    await noted.forget_views(session, user_id, keep=MAX_VIEWED)


async def wait_for(
    session: TenantSession, tenant_id: UUID, user_id: UUID, variant_id: str, channel: str | None
) -> Row[Any]:
    """Notes that the user waits for a variant, once, and returns the subscription's row.

    Raises:
        InvalidValue: no variant's id, or no channel.
        TooMany: the user waits for `MAX_WAITING`.
    """
    checked, slug = shop_id(variant_id, "ProductVariant", "variantId"), channel_slug(channel, "channel")
    if await noted.count_waiting(session, user_id) >= MAX_WAITING:
        raise TooMany
    return await noted.subscribe(session, tenant_id, user_id, checked, slug)


async def stop_waiting(session: TenantSession, user_id: UUID, subscription_id: UUID) -> None:
    """Deletes a subscription of the user's.

    Raises:
        SubscriptionNotFound: there is none.
    """
    if not await noted.unsubscribe(session, user_id, subscription_id):
        raise SubscriptionNotFound


async def mark_back_in_stock(session: TenantSession, variant_id: str, channel: str | None) -> int:
    """Ends the waiting of all who wait for a variant, and has them told; returns for how many.

    Raises:
        InvalidValue: no variant's id, or no channel.
    """
    checked, slug = shop_id(variant_id, "ProductVariant", "variantId"), channel_slug(channel, "channel")
    now = datetime.now(UTC)
    users = await noted.notified(session, checked, slug, now)
    for start in range(0, len(users), _TOLD_AT_ONCE):
        session.publish(VariantBackInStock(checked, slug, tuple(users[start : start + _TOLD_AT_ONCE]), now))
    return len(users)


async def add_cart(
    session: TenantSession, tenant_id: UUID, owner_id: UUID, *, checkout_id: str, channel: str | None, name: str
) -> Row[Any]:
    """Notes that one of Saleor's checkouts is the user's, and returns the cart's row.

    Raises:
        InvalidValue, CartTaken: see there.
        TooMany: the user has `MAX_CARTS` open ones.
    """
    values = {
        "checkout_id": shop_id(checkout_id, "Checkout", "checkoutId"),
        "channel": channel_slug(channel, "channel"),
        "name": text_of(name, MAX_NAME, "name"),
    }
    if await noted.count_carts(session, owner_id) >= MAX_CARTS:
        raise TooMany
    return await noted.add_cart(session, tenant_id, owner_id=owner_id, status="open", **values)


async def close_cart(session: TenantSession, owner_id: UUID, cart_id: UUID, order_id: str | None) -> Row[Any]:
    """Closes a cart, as ordered or as given up, and returns its row.

    Args:
        order_id: Saleor's, of the order that was made of it; None: it was given up.

    Raises:
        CartNotFound, InvalidValue: see there.
        CartClosed: it is.
    """
    order = None if order_id is None else shop_id(order_id, "Order", "orderId")
    row = await rows.locked(session, carts, cart_id)
    if row is None or row.owner_id != owner_id:
        raise CartNotFound
    if row.status != "open":
        raise CartClosed
    status = "abandoned" if order is None else "ordered"
    changed = await rows.change(session, carts, cart_id, status=status, order_id=order)
    assert changed is not None, "the row is locked"
    return changed


async def _own_wishlist(session: TenantSession, owner_id: UUID, wishlist_id: UUID) -> Row[Any]:
    row = await rows.locked(session, wishlists, wishlist_id)
    if row is None or row.owner_id != owner_id:
        raise WishlistNotFound
    return row
