"""What users have noted: wishlists, what they looked at, what they wait for, their carts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page, fetch_pages
from resolvers.rows import refusing
from resolvers.session import TenantSession
from subgraphs.storefront.repository.rows import REFUSALS
from subgraphs.storefront.tables import carts, stock_subscriptions, viewed_products, wishlist_items, wishlists

WISHLISTS_BY_NAME = Ordering("name", Key(wishlists.c.name), Key(wishlists.c.id))
ITEMS_NEWEST = Ordering("newest", Key(wishlist_items.c.created_at, descending=True), Key(wishlist_items.c.id))
VIEWED_LATEST = Ordering("latest", Key(viewed_products.c.viewed_at, descending=True), Key(viewed_products.c.id))
WAITING_NEWEST = Ordering(
    "newest", Key(stock_subscriptions.c.created_at, descending=True), Key(stock_subscriptions.c.id)
)
CARTS_NEWEST = Ordering("newest", Key(carts.c.created_at, descending=True), Key(carts.c.id))


# ---- wishlists ----


async def wishlist_page(session: TenantSession, owner_id: UUID, window: Window) -> Page[Row[Any]]:
    """A page of a user's wishlists."""
    return await fetch_page(session, select(wishlists).where(wishlists.c.owner_id == owner_id), window)


async def lock_wishlists(session: TenantSession, owner_id: UUID) -> Sequence[Row[Any]]:
    """A user's wishlists in the order in which they were made, held until the transaction ends."""
    statement = select(wishlists).where(wishlists.c.owner_id == owner_id).order_by(wishlists.c.id)
    return await session.rows(statement.with_for_update())


async def add_wishlist(session: TenantSession, tenant_id: UUID, owner_id: UUID, name: str) -> Row[Any]:
    """Stores a new wishlist.

    Raises:
        NameTaken: the user has one of this name.
    """
    statement = insert(wishlists).values(tenant_id=tenant_id, owner_id=owner_id, name=name)
    with refusing(REFUSALS):
        row = await session.row(statement.returning(wishlists))
    assert row is not None, "an insert answers its row"
    return row


async def remove_wishlist(session: TenantSession, wishlist_id: UUID) -> None:
    """Deletes a wishlist with its items."""
    await session.execute(delete(wishlists).where(wishlists.c.id == wishlist_id))


async def item_pages(session: TenantSession, wishlist_ids: Sequence[UUID], window: Window) -> list[Page[Row[Any]]]:
    """A page of the items of each wishlist."""
    return await fetch_pages(session, select(wishlist_items), wishlist_items.c.wishlist_id, wishlist_ids, window)


async def item_counts(session: TenantSession, wishlist_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """How many items there are on wishlists that have any."""
    table = wishlist_items.c
    rows = await session.rows(
        select(table.wishlist_id, func.count().label("items"))
        .where(table.wishlist_id.in_(wishlist_ids))
        .group_by(table.wishlist_id)
    )
    return {row.wishlist_id: row.items for row in rows}


async def put_item(
    session: TenantSession,
    tenant_id: UUID,
    wishlist_id: UUID,
    *,
    product_id: str,
    variant_id: str | None,
    **values: Any,
) -> None:
    """Stores an item; if it is on the list already, what is noted about it."""
    statement = insert(wishlist_items).values(
        tenant_id=tenant_id, wishlist_id=wishlist_id, product_id=product_id, variant_id=variant_id, **values
    )
    table = wishlist_items.c
    target = [table.tenant_id, table.wishlist_id, table.product_id, func.coalesce(table.variant_id, text("''"))]
    await session.execute(
        statement.on_conflict_do_update(index_elements=target, set_={**values, "updated_at": func.now()})
    )


async def remove_item(session: TenantSession, wishlist_id: UUID, product_id: str, variant_id: str | None) -> bool:
    """Deletes an item; False if it is not on the list."""
    table = wishlist_items.c
    return bool(
        await session.execute(
            delete(wishlist_items).where(
                table.wishlist_id == wishlist_id,
                table.product_id == product_id,
                table.variant_id.is_not_distinct_from(variant_id),
            )
        )
    )


async def wished(session: TenantSession, owner_id: UUID, column: str, ids: Sequence[str]) -> frozenset[str]:
    """Which of `ids` are on any of the user's wishlists.

    Args:
        column: "product_id" or "variant_id".
    """
    statement = (
        select(wishlist_items.c[column])
        .join(wishlists, wishlists.c.id == wishlist_items.c.wishlist_id)
        .where(wishlists.c.owner_id == owner_id, wishlist_items.c[column].in_(ids))
        .distinct()
    )
    return frozenset(row[0] for row in await session.rows(statement))


# ---- recently viewed ----


async def note_view(
    session: TenantSession, tenant_id: UUID, user_id: UUID, product_id: str, channel: str | None, at: datetime
) -> None:
    """Notes that the user has looked at a product."""
    values = {"channel": channel, "viewed_at": at}
    statement = insert(viewed_products).values(tenant_id=tenant_id, user_id=user_id, product_id=product_id, **values)
    await session.execute(
        statement.on_conflict_do_update(
            constraint="uq_viewed_products_tenant_id_user_id_product_id", set_={**values, "updated_at": func.now()}
        )
    )


async def forget_views(session: TenantSession, user_id: UUID, *, keep: int) -> int:
    """Deletes all but the latest `keep` that the user has looked at; returns how many."""
    table = viewed_products
    latest = (
        select(table.c.id)
        .where(table.c.user_id == user_id)
        .order_by(table.c.viewed_at.desc(), table.c.id)
        .limit(keep)
        .scalar_subquery()
    )
    return await session.execute(delete(table).where(table.c.user_id == user_id, table.c.id.not_in(latest)))


async def viewed_page(session: TenantSession, user_id: UUID, window: Window) -> Page[Row[Any]]:
    """A page of what the user has looked at."""
    return await fetch_page(session, select(viewed_products).where(viewed_products.c.user_id == user_id), window)


# ---- what is waited for ----


async def waiting(session: TenantSession, user_id: UUID, variant_ids: Sequence[str]) -> Mapping[str, Row[Any]]:
    """The subscriptions of a user to these variants that still wait."""
    table = stock_subscriptions.c
    rows = await session.rows(
        select(stock_subscriptions).where(
            table.user_id == user_id, table.variant_id.in_(variant_ids), table.notified_at.is_(None)
        )
    )
    return {row.variant_id: row for row in rows}


async def subscribe(
    session: TenantSession, tenant_id: UUID, user_id: UUID, variant_id: str, channel: str | None
) -> Row[Any]:
    """Stores that the user waits for a variant, once."""
    statement = insert(stock_subscriptions).values(
        tenant_id=tenant_id, user_id=user_id, variant_id=variant_id, channel=channel
    )
    table = stock_subscriptions.c
    row = await session.row(
        statement.on_conflict_do_update(
            index_elements=[table.tenant_id, table.user_id, table.variant_id],
            index_where=table.notified_at.is_(None),
            set_={"channel": channel, "updated_at": func.now()},
        ).returning(stock_subscriptions)
    )
    assert row is not None, "an upsert answers its row"
    return row


async def count_waiting(session: TenantSession, user_id: UUID) -> int:
    """For how many variants the user waits."""
    table = stock_subscriptions.c
    return int(
        await session.scalar(
            select(func.count())
            .select_from(stock_subscriptions)
            .where(table.user_id == user_id, table.notified_at.is_(None))
        )
    )


async def unsubscribe(session: TenantSession, user_id: UUID, subscription_id: UUID) -> bool:
    """Deletes a subscription of the user's; False if there is none."""
    table = stock_subscriptions.c
    return bool(
        await session.execute(delete(stock_subscriptions).where(table.id == subscription_id, table.user_id == user_id))
    )


async def waiting_page(session: TenantSession, user_id: UUID, window: Window) -> Page[Row[Any]]:
    """A page of what the user waits for, or has been told of."""
    return await fetch_page(
        session, select(stock_subscriptions).where(stock_subscriptions.c.user_id == user_id), window
    )


async def notified(session: TenantSession, variant_id: str, channel: str | None, at: datetime) -> list[UUID]:
    """Ends the waiting for a variant; returns who waited.

    Args:
        channel: where it can be had again; who named no channel waits for any.
    """
    table = stock_subscriptions.c
    here = table.channel.is_(None) if channel is None else (table.channel.is_(None) | (table.channel == channel))
    ended = (
        update(stock_subscriptions)
        .where(table.variant_id == variant_id, table.notified_at.is_(None), here)
        .values(notified_at=at, updated_at=func.now())
        .returning(table.user_id)
    )
    return [row.user_id for row in await session.rows(ended)]


# ---- carts ----


async def add_cart(session: TenantSession, tenant_id: UUID, **values: Any) -> Row[Any]:
    """Stores a new cart.

    Raises:
        CartTaken: the checkout belongs to a cart.
    """
    with refusing(REFUSALS):
        row = await session.row(insert(carts).values(tenant_id=tenant_id, **values).returning(carts))
    assert row is not None, "an insert answers its row"
    return row


async def cart_page(session: TenantSession, owner_id: UUID, status: str | None, window: Window) -> Page[Row[Any]]:
    """A page of a user's carts."""
    statement = select(carts).where(carts.c.owner_id == owner_id)
    return await fetch_page(session, statement if status is None else statement.where(carts.c.status == status), window)


async def count_carts(session: TenantSession, owner_id: UUID) -> int:
    """How many open carts the user has."""
    statement = select(func.count()).select_from(carts).where(carts.c.owner_id == owner_id, carts.c.status == "open")
    return int(await session.scalar(statement))
