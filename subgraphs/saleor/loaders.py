"""Batch functions: one statement for all keys that a level of a query asks for (see `resolvers.loaders`)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.loaders import aligned
from resolvers.session import TenantSession
from subgraphs.saleor.repository import accounts, catalogue, checkouts, listings, orders
from subgraphs.saleor.repository.catalogue import Scope

__all__ = [
    "address_by_id",
    "addresses_of_user",
    "checkout_by_id",
    "collection_in",
    "collections_of_product",
    "lines_of_checkout",
    "lines_of_order",
    "listings_of_variant",
    "media_of_product",
    "order_by_id",
    "payment_by_id",
    "payments_of_order",
    "prices_in",
    "product_in",
    "row_by_id",
    "stocks_in",
    "user_by_email",
    "user_by_id",
    "variant_in",
    "variants_of_product",
]

Rows = list[Row[Any]]


async def row_by_id(session: TenantSession, ids: Sequence[int], typename: str) -> list[Row[Any] | None]:
    """Rows of a type that is the same in all channels."""
    return aligned(ids, await catalogue.rows_by(session, typename, ids))


async def product_in(session: TenantSession, ids: Sequence[int], scope: Scope) -> list[Row[Any] | None]:
    """Rows of products that are seen."""
    return aligned(ids, await catalogue.products_by_id(session, scope, ids))


async def variant_in(session: TenantSession, ids: Sequence[int], scope: Scope) -> list[Row[Any] | None]:
    """Rows of variants that are seen."""
    return aligned(ids, await catalogue.variants_by_id(session, scope, ids))


async def collection_in(session: TenantSession, ids: Sequence[int], scope: Scope) -> list[Row[Any] | None]:
    """Rows of collections that are seen."""
    return aligned(ids, await catalogue.collections_by_id(session, scope, ids))


async def variants_of_product(session: TenantSession, ids: Sequence[int], scope: Scope) -> list[Rows]:
    """The variants of products."""
    found = await catalogue.variants_of(session, scope, ids)
    return [found.get(key, []) for key in ids]


async def collections_of_product(session: TenantSession, ids: Sequence[int], scope: Scope) -> list[Rows]:
    """The collections of products."""
    found = await catalogue.collections_of(session, scope, ids)
    return [found.get(key, []) for key in ids]


async def media_of_product(session: TenantSession, ids: Sequence[int]) -> list[Rows]:
    """The media of products."""
    found = await catalogue.media_of(session, ids)
    return [found.get(key, []) for key in ids]


async def prices_in(session: TenantSession, ids: Sequence[int], channel_id: int) -> list[Row[Any] | None]:
    """Rows with `price` and `discounted_price` of variants."""
    return aligned(ids, await catalogue.variant_prices(session, channel_id, ids))


async def listings_of_variant(session: TenantSession, ids: Sequence[int]) -> list[Rows]:
    """What variants cost in all channels."""
    found = await listings.of_variants(session, ids)
    return [found.get(key, []) for key in ids]


async def stocks_in(session: TenantSession, ids: Sequence[int], channel_id: int | None) -> list[Rows]:
    """The stocks of variants."""
    found = await catalogue.stocks_of(session, channel_id, ids)
    return [found.get(key, []) for key in ids]


async def user_by_id(session: TenantSession, ids: Sequence[int]) -> list[Row[Any] | None]:
    """Rows of users."""
    return aligned(ids, await accounts.users_by_id(session, ids))


async def user_by_email(session: TenantSession, emails: Sequence[str]) -> list[Row[Any] | None]:
    """Rows of users."""
    return aligned(emails, await accounts.users_by_email(session, emails))


async def address_by_id(session: TenantSession, ids: Sequence[int]) -> list[Row[Any] | None]:
    """Rows of addresses."""
    return aligned(ids, await accounts.addresses_by_id(session, ids))


async def addresses_of_user(session: TenantSession, ids: Sequence[int]) -> list[Rows]:
    """The addresses of users."""
    found = await accounts.addresses_of(session, ids)
    return [found.get(key, []) for key in ids]


async def checkout_by_id(session: TenantSession, ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Rows of checkouts."""
    return aligned(ids, await checkouts.checkouts_by_id(session, ids))


async def lines_of_checkout(session: TenantSession, ids: Sequence[UUID]) -> list[Rows]:
    """The lines of checkouts."""
    found = await checkouts.lines_of(session, ids)
    return [found.get(key, []) for key in ids]


async def payment_by_id(session: TenantSession, ids: Sequence[int]) -> list[Row[Any] | None]:
    """Rows of payments."""
    return aligned(ids, await checkouts.payments_by_id(session, ids))


async def order_by_id(session: TenantSession, ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Rows of orders."""
    return aligned(ids, await orders.orders_by_id(session, ids))


async def lines_of_order(session: TenantSession, ids: Sequence[UUID]) -> list[Rows]:
    """The lines of orders."""
    found = await orders.lines_of(session, ids)
    return [found.get(key, []) for key in ids]


async def payments_of_order(session: TenantSession, ids: Sequence[UUID]) -> list[Rows]:
    """The payments of orders."""
    found = await orders.payments_of(session, ids)
    return [found.get(key, []) for key in ids]
