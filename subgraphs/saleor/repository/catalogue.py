"""Channels, products, variants, categories and collections.

What is on sale depends on the channel. Whoever sees all products sees also what a channel does not publish and, without
a channel, what none of them lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select

from resolvers.session import TenantSession
from subgraphs.saleor.repository.pages import Sort
from subgraphs.saleor.tables import (
    categories,
    channels,
    collection_listings,
    collection_products,
    collections,
    media,
    page_types,
    product_listings,
    product_types,
    products,
    shops,
    stocks,
    variant_listings,
    variants,
    warehouses,
)

__all__ = [
    "ProductFilter",
    "Scope",
    "all_channels",
    "ancestors_of",
    "categories_by",
    "category_list",
    "collection_list",
    "collections_by_id",
    "collections_of",
    "filtered",
    "media_of",
    "page_type_list",
    "product_list",
    "product_sort",
    "product_type_list",
    "products_by_id",
    "rows_by",
    "shop",
    "stocks_of",
    "variant_list",
    "variant_prices",
    "variants_by_id",
    "variants_of",
]

_TABLES = {
    "Category": categories,
    "PageType": page_types,
    "ProductMedia": media,
    "ProductType": product_types,
    "Warehouse": warehouses,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which products are seen.

    Attributes:
        channel_id: of the channel, or None for all products of the shop, if `sees_all`.
        sees_all: whether unpublished ones are seen.
    """

    channel_id: int | None
    sees_all: bool


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """Conditions on products; None where there is none. `search` are words that must all occur."""

    search: str | None = None
    ids: tuple[int, ...] | None = None
    slugs: tuple[str, ...] | None = None
    categories: tuple[int, ...] | None = None
    collections: tuple[int, ...] | None = None
    product_types: tuple[int, ...] | None = None
    has_category: bool | None = None
    is_available: bool | None = None
    in_stock: bool | None = None
    price_from: Decimal | None = None
    price_to: Decimal | None = None
    minimal_price_from: Decimal | None = None
    minimal_price_to: Decimal | None = None


async def shop(session: TenantSession) -> Row[Any] | None:
    """The shop itself."""
    return await session.row(select(shops))


async def all_channels(session: TenantSession) -> Sequence[Row[Any]]:
    """All channels by name of their slug."""
    return await session.rows(select(channels).order_by(channels.c.slug))


async def rows_by(session: TenantSession, typename: str, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Rows of a type that is the same in all channels, by id."""
    table = _TABLES[typename]
    return {row.id: row for row in await session.rows(select(table).where(table.c.id.in_(ids)))}


def visible(scope: Scope) -> ColumnElement[bool] | None:
    """The condition on products; None if there is none."""
    if scope.channel_id is None:
        return None
    listing = (
        select(product_listings.c.product_id)
        .where(product_listings.c.product_id == products.c.id, product_listings.c.channel_id == scope.channel_id)
        .correlate(products)
    )
    return (listing if scope.sees_all else listing.where(product_listings.c.is_published)).exists()


def product_list(scope: Scope) -> Select[Any]:
    """All products that are seen, with `is_available` of the channel."""
    available = (
        select(and_(product_listings.c.is_published, product_listings.c.is_available))
        .where(product_listings.c.product_id == products.c.id, product_listings.c.channel_id == scope.channel_id)
        .correlate(products)
        .scalar_subquery()
    )
    statement = select(products, available.label("is_available"))
    condition = visible(scope)
    return statement if condition is None else statement.where(condition)


def _prices(scope: Scope, column: ColumnElement[Any]) -> Any:
    return (
        select(func.min(column))
        .select_from(variant_listings.join(variants, variants.c.id == variant_listings.c.variant_id))
        .where(variants.c.product_id == products.c.id, variant_listings.c.channel_id == scope.channel_id)
        .correlate(products)
        .scalar_subquery()
    )


def _minimal_price(scope: Scope) -> Any:
    return _prices(scope, func.coalesce(variant_listings.c.discounted_price, variant_listings.c.price))


def filtered(statement: Select[Any], by: ProductFilter, scope: Scope) -> Select[Any]:
    """The products of a list that meet all conditions."""
    conditions: list[ColumnElement[bool]] = []
    for word in (by.search or "").split():
        pattern = f"%{_escaped(word)}%"
        conditions.append(
            or_(
                products.c.name.ilike(pattern, escape="\\"),
                products.c.plain_text.ilike(pattern, escape="\\"),
                select(variants.c.id)
                .where(variants.c.product_id == products.c.id, variants.c.sku.ilike(pattern, escape="\\"))
                .correlate(products)
                .exists(),
            )
        )
    for column, values in (
        (products.c.id, by.ids),
        (products.c.slug, by.slugs),
        (products.c.product_type_id, by.product_types),
    ):
        if values is not None:
            conditions.append(column.in_(values))
    if by.categories:
        conditions.append(products.c.category_id.in_(_with_descendants(by.categories)))
    if by.collections:
        conditions.append(
            select(collection_products.c.product_id)
            .where(
                collection_products.c.product_id == products.c.id,
                collection_products.c.collection_id.in_(by.collections),
            )
            .correlate(products)
            .exists()
        )
    if by.has_category is not None:
        conditions.append((products.c.category_id.is_not(None)) == by.has_category)
    if by.in_stock is not None:
        free = _free_items().exists()
        conditions.append(free if by.in_stock else ~free)
    if by.is_available is not None:
        listed = (
            select(product_listings.c.product_id)
            .where(
                product_listings.c.product_id == products.c.id,
                product_listings.c.channel_id == scope.channel_id,
                product_listings.c.is_published,
                product_listings.c.is_available,
            )
            .correlate(products)
            .exists()
        )
        conditions.append(listed if by.is_available else ~listed)
    for price, low, high in (
        (_prices(scope, variant_listings.c.price), by.price_from, by.price_to),
        (_minimal_price(scope), by.minimal_price_from, by.minimal_price_to),
    ):
        if low is not None:
            conditions.append(price >= low)
        if high is not None:
            conditions.append(price <= high)
    return statement.where(*conditions)


def product_sort(field: str | None, scope: Scope, *, descending: bool) -> Sort:
    """An order of products by a value of `ProductOrderField`; by slug without one."""
    columns = {
        "NAME": products.c.name,
        "DATE": products.c.updated_at,
        "LAST_MODIFIED_AT": products.c.updated_at,
        "CREATED_AT": products.c.created_at,
        "RATING": func.coalesce(products.c.rating, -1),
        "PRICE": func.coalesce(_minimal_price(scope), 0),
        "MINIMAL_PRICE": func.coalesce(_minimal_price(scope), 0),
    }
    return Sort(products.c.slug if field is None else columns[field], products.c.id, descending)


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _with_descendants(ids: Sequence[int]) -> Select[Any]:
    tree = select(categories.c.id).where(categories.c.id.in_(ids)).cte("tree", recursive=True)
    tree = tree.union(select(categories.c.id).where(categories.c.parent_id == tree.c.id))
    return select(tree.c.id)


def _free_items() -> Select[Any]:
    return (
        select(stocks.c.id)
        .select_from(stocks.join(variants, variants.c.id == stocks.c.variant_id))
        .where(variants.c.product_id == products.c.id, stocks.c.quantity > stocks.c.quantity_allocated)
        .correlate(products)
    )


def variant_list(scope: Scope) -> Select[Any]:
    """All variants that are seen: of products that are, and with a price in the channel."""
    condition = visible(scope)
    if condition is None:
        return select(variants)
    listed = (
        select(variant_listings.c.variant_id)
        .where(variant_listings.c.variant_id == variants.c.id, variant_listings.c.channel_id == scope.channel_id)
        .correlate(variants)
        .exists()
    )
    product = select(products.c.id).where(products.c.id == variants.c.product_id, condition).correlate(variants)
    return select(variants).where(product.exists(), listed)


async def products_by_id(session: TenantSession, scope: Scope, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Rows of products that are seen."""
    return {row.id: row for row in await session.rows(product_list(scope).where(products.c.id.in_(ids)))}


async def variants_by_id(session: TenantSession, scope: Scope, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Rows of variants that are seen."""
    return {row.id: row for row in await session.rows(variant_list(scope).where(variants.c.id.in_(ids)))}


async def collections_by_id(session: TenantSession, scope: Scope, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Rows of collections that are seen."""
    return {row.id: row for row in await session.rows(collection_list(scope).where(collections.c.id.in_(ids)))}


async def variants_of(session: TenantSession, scope: Scope, product_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The variants of products, in their order."""
    statement = variant_list(scope).where(variants.c.product_id.in_(product_ids))
    found: dict[int, list[Row[Any]]] = {}
    for row in await session.rows(statement.order_by(variants.c.position, variants.c.id)):
        found.setdefault(row.product_id, []).append(row)
    return found


async def variant_prices(session: TenantSession, channel_id: int, variant_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Rows with `price` and `discounted_price` of a channel, by variant."""
    statement = select(variant_listings).where(
        variant_listings.c.channel_id == channel_id, variant_listings.c.variant_id.in_(variant_ids)
    )
    return {row.variant_id: row for row in await session.rows(statement)}


async def stocks_of(
    session: TenantSession, channel_id: int | None, variant_ids: Sequence[int], *, locked: bool = False
) -> dict[int, list[Row[Any]]]:
    """Stocks of variants, of the warehouses that serve a channel; `locked` until the transaction ends."""
    statement = (
        select(stocks)
        .join(warehouses, warehouses.c.id == stocks.c.warehouse_id)
        .where(stocks.c.variant_id.in_(variant_ids))
        .order_by(stocks.c.id)  # everyone locks in the same order, so nobody waits in a circle
    )
    if channel_id is not None:
        statement = statement.where(warehouses.c.channel_ids.contains([channel_id]))
    if locked:
        statement = statement.with_for_update(of=stocks)
    found: dict[int, list[Row[Any]]] = {}
    for row in await session.rows(statement):
        found.setdefault(row.variant_id, []).append(row)
    return found


async def media_of(session: TenantSession, product_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The media of products, in their order."""
    statement = select(media).where(media.c.product_id.in_(product_ids)).order_by(media.c.position, media.c.id)
    found: dict[int, list[Row[Any]]] = {}
    for row in await session.rows(statement):
        found.setdefault(row.product_id, []).append(row)
    return found


def collection_list(scope: Scope) -> Select[Any]:
    """All collections that are seen."""
    if scope.channel_id is None:
        return select(collections)
    return select(collections).where(
        select(collection_listings.c.collection_id)
        .where(
            collection_listings.c.collection_id == collections.c.id,
            collection_listings.c.channel_id == scope.channel_id,
        )
        .correlate(collections)
        .exists()
    )


async def collections_of(session: TenantSession, scope: Scope, product_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The collections of products."""
    statement = (
        collection_list(scope)
        .add_columns(collection_products.c.product_id)
        .join(collection_products, collection_products.c.collection_id == collections.c.id)
        .where(collection_products.c.product_id.in_(product_ids))
        .order_by(collections.c.slug)
    )
    found: dict[int, list[Row[Any]]] = {}
    for row in await session.rows(statement):
        found.setdefault(row.product_id, []).append(row)
    return found


def category_list(
    *, search: str | None = None, level: int | None = None, parent: int | None = None, ids: Sequence[int] | None = None
) -> Select[Any]:
    """All categories that meet the conditions."""
    statement = select(categories)
    if search:
        statement = statement.where(categories.c.name.ilike(f"%{_escaped(search)}%", escape="\\"))
    if level is not None:
        statement = statement.where(categories.c.level == level)
    if parent is not None:
        statement = statement.where(categories.c.parent_id == parent)
    return statement if ids is None else statement.where(categories.c.id.in_(ids))


async def categories_by(session: TenantSession, slug: str) -> Row[Any] | None:
    """The category of a slug."""
    return await session.row(select(categories).where(categories.c.slug == slug))


def ancestors_of(category_id: int) -> Select[Any]:
    """The categories above one."""
    tree = select(categories.c.id, categories.c.parent_id).where(categories.c.id == category_id)
    above = tree.cte("above", recursive=True)
    above = above.union(select(categories.c.id, categories.c.parent_id).where(categories.c.id == above.c.parent_id))
    return select(categories).where(categories.c.id.in_(select(above.c.id)), categories.c.id != category_id)


def product_type_list() -> Select[Any]:
    """All types of products."""
    return select(product_types)


def page_type_list() -> Select[Any]:
    """All types of pages."""
    return select(page_types)
