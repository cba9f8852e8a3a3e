"""Products, variants, categories and collections in the graph."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ariadne import ObjectType
from sqlalchemy import Row

from subgraphs.saleor import loaders
from subgraphs.saleor.domain.errors import Failed
from subgraphs.saleor.domain.ids import global_id, number_of, split_id
from subgraphs.saleor.domain.money import Money, rounded, taxed
from subgraphs.saleor.repository import catalogue
from subgraphs.saleor.repository.catalogue import ProductFilter, Scope
from subgraphs.saleor.repository.pages import Sort
from subgraphs.saleor.schema.nodes import MONEY_FIELDS, Call, Info, Node, call_of, connection, node
from subgraphs.saleor.tables import categories, collections, page_types, product_types, variants
from subgraphs.saleor.usecases.checkout import free_items

__all__ = ["TYPES", "by_id_or", "key_or_none", "scope_of", "thumbnail"]

_query = ObjectType("Query")
_product = ObjectType("Product")
_variant = ObjectType("ProductVariant")
_category = ObjectType("Category")
_collection = ObjectType("Collection")
_media = ObjectType("ProductMedia")
_stock = ObjectType("Stock")
_attribute = ObjectType("SelectedAttribute")
_money = ObjectType("Money")
_taxed = ObjectType("TaxedMoney")
TYPES = (_query, _product, _variant, _category, _collection, _media, _stock, _attribute, _money, _taxed)

_STAFF_ONLY = ("MANAGE_PRODUCTS", "MANAGE_ORDERS")


# ---- root fields ----


def key_or_none(value: str, typename: str) -> int | None:
    """The key of a global id; None if it is of another type.

    Raises:
        Failed: it is no global id.
    """
    parts = split_id(value)
    if parts is None:
        raise Failed(f"Invalid ID: {value}. Expected: {typename}.")
    return number_of(value, typename) if parts[0] == typename else None


def by_id_or(arguments: Mapping[str, Any], *names: str) -> str:
    """Which one of the arguments is given.

    Raises:
        Failed: none is, or more than one.
    """
    given = [name for name in names if arguments.get(name) is not None]
    if len(given) != 1:
        listed = ", ".join(f"'{name}'" for name in names)
        word = "At least one of" if not given else "Only one of"
        raise Failed(f"{word} arguments is required: {listed}.")
    return given[0]


@_query.field("product")
async def _find_product(_: Any, info: Info, channel: str | None = None, **given: Any) -> Node | None:
    by = by_id_or(given, "id", "slug", "externalReference")
    call = call_of(info)
    seen = call.scope(channel)
    key = key_or_none(given["id"], "Product") if by == "id" else None
    if seen is None or by == "externalReference" or (by == "id" and key is None):
        return None
    if key is not None:
        return node("Product", await call.loaders.load(loaders.product_in, key, seen[0]), *seen)
    wanted = ProductFilter(slugs=(given["slug"],))
    statement = catalogue.filtered(catalogue.product_list(seen[0]), wanted, seen[0])
    return node("Product", await call.session.row(statement), *seen)


@_query.field("products")
async def _find_products(_: Any, info: Info, channel: str | None = None, **given: Any) -> Any:
    order = given.get("sortBy") or {}
    return await _product_page(info, call_of(info).scope(channel or order.get("channel")), given)


async def _product_page(
    info: Info,
    seen: tuple[Scope, Row[Any] | None] | None,
    given: Mapping[str, Any],
    *,
    categories_of: tuple[int, ...] | None = None,
    collections_of: tuple[int, ...] | None = None,
) -> Any:
    scope, channel = seen or (Scope(0, sees_all=False), None)  # no channel has the key 0
    order = given.get("sortBy") or {}
    wanted = _filter_of(given)
    statement = catalogue.filtered(catalogue.product_list(scope), wanted, scope)
    within = ProductFilter(categories=categories_of, collections=collections_of, search=given.get("search"))
    statement = catalogue.filtered(statement, within, scope)
    sort = catalogue.product_sort(order.get("field"), scope, descending=order.get("direction") == "DESC")
    return await connection(info, statement, sort, given, lambda row: Node("Product", row, scope, channel))


def _filter_of(given: Mapping[str, Any]) -> ProductFilter:
    wanted = given.get("filter") or {}

    def keys(field: str, typename: str) -> tuple[int, ...] | None:
        values = wanted.get(field)
        return None if values is None else tuple(number_of(value, typename) for value in values)

    def amount(field: str, end: str) -> Decimal | None:
        value = (wanted.get(field) or {}).get(end)
        return None if value is None else Decimal(str(value))

    stock = wanted.get("stockAvailability")
    return ProductFilter(
        search=wanted.get("search"),
        ids=keys("ids", "Product"),
        slugs=None if wanted.get("slugs") is None else tuple(wanted["slugs"]),
        categories=keys("categories", "Category"),
        collections=keys("collections", "Collection"),
        product_types=keys("productTypes", "ProductType"),
        has_category=wanted.get("hasCategory"),
        is_available=wanted.get("isAvailable"),
        in_stock=None if stock is None else stock == "IN_STOCK",
        price_from=amount("price", "gte"),
        price_to=amount("price", "lte"),
        minimal_price_from=amount("minimalPrice", "gte"),
        minimal_price_to=amount("minimalPrice", "lte"),
    )


@_query.field("productVariant")
async def _find_variant(_: Any, info: Info, channel: str | None = None, **given: Any) -> Node | None:
    by = by_id_or(given, "id", "sku")
    call = call_of(info)
    seen = call.scope(channel)
    key = key_or_none(given["id"], "ProductVariant") if by == "id" else None
    if seen is None or (by == "id" and key is None):
        return None
    if key is not None:
        return node("ProductVariant", await call.loaders.load(loaders.variant_in, key, seen[0]), *seen)
    found = await call.session.row(catalogue.variant_list(seen[0]).where(variants.c.sku == given["sku"]))
    return node("ProductVariant", found, *seen)


@_query.field("productVariants")
async def _find_variants(_: Any, info: Info, channel: str | None = None, **given: Any) -> Any:
    scope, found = call_of(info).scope(channel) or (Scope(0, sees_all=False), None)
    statement = catalogue.variant_list(scope)
    if given.get("ids") is not None:
        statement = statement.where(variants.c.id.in_([number_of(each, "ProductVariant") for each in given["ids"]]))
    sort = Sort(variants.c.id, variants.c.id)
    return await connection(info, statement, sort, given, lambda row: Node("ProductVariant", row, scope, found))


@_query.field("category")
async def _find_category(_: Any, info: Info, **given: Any) -> Node | None:
    call = call_of(info)
    if by_id_or(given, "id", "slug") == "slug":
        return node("Category", await catalogue.categories_by(call.session, given["slug"]))
    key = key_or_none(given["id"], "Category")
    return None if key is None else node("Category", await call.loaders.load(loaders.row_by_id, key, "Category"))


@_query.field("categories")
async def _find_categories(_: Any, info: Info, level: int | None = None, **given: Any) -> Any:
    wanted = given.get("filter") or {}
    ids = wanted.get("ids")
    statement = catalogue.category_list(
        search=wanted.get("search"),
        level=level,
        ids=None if ids is None else [number_of(each, "Category") for each in ids],
    )
    if wanted.get("slugs") is not None:
        statement = statement.where(categories.c.slug.in_(wanted["slugs"]))
    return await _category_page(info, statement, given)


async def _category_page(info: Info, statement: Any, given: Mapping[str, Any]) -> Any:
    sort = Sort(categories.c.name, categories.c.id)
    return await connection(info, statement, sort, given, lambda row: Node("Category", row))


@_query.field("collection")
async def _find_collection(_: Any, info: Info, channel: str | None = None, **given: Any) -> Node | None:
    by = by_id_or(given, "id", "slug")
    call = call_of(info)
    seen = call.scope(channel)
    key = key_or_none(given["id"], "Collection") if by == "id" else None
    if seen is None or (by == "id" and key is None):
        return None
    if key is not None:
        return node("Collection", await call.loaders.load(loaders.collection_in, key, seen[0]), *seen)
    statement = catalogue.collection_list(seen[0]).where(collections.c.slug == given["slug"])
    return node("Collection", await call.session.row(statement), *seen)


@_query.field("collections")
async def _find_collections(_: Any, info: Info, channel: str | None = None, **given: Any) -> Any:
    scope, found = call_of(info).scope(channel) or (Scope(0, sees_all=False), None)
    wanted = given.get("filter") or {}
    statement = catalogue.collection_list(scope)
    if wanted.get("ids") is not None:
        statement = statement.where(collections.c.id.in_([number_of(each, "Collection") for each in wanted["ids"]]))
    if wanted.get("slugs") is not None:
        statement = statement.where(collections.c.slug.in_(wanted["slugs"]))
    if wanted.get("search"):
        statement = statement.where(collections.c.name.icontains(wanted["search"], autoescape=True))
    sort = Sort(collections.c.slug, collections.c.id)
    return await connection(info, statement, sort, given, lambda row: Node("Collection", row, scope, found))


@_query.field("productTypes")
async def _find_product_types(_: Any, info: Info, **given: Any) -> Any:
    sort = Sort(product_types.c.name, product_types.c.id)
    return await connection(info, catalogue.product_type_list(), sort, given, lambda row: Node("ProductType", row))


@_query.field("pageTypes")
async def _find_page_types(_: Any, info: Info, **given: Any) -> Any:
    sort = Sort(page_types.c.name, page_types.c.id)
    return await connection(info, catalogue.page_type_list(), sort, given, lambda row: Node("PageType", row))


# ---- products ----


def scope_of(found: Node) -> Scope:
    """Which products are seen from there."""
    assert found.scope is not None
    return found.scope


@_product.field("channel")
@_variant.field("channel")
@_collection.field("channel")
def _channel_slug(found: Node, _: Info) -> str | None:
    return None if found.channel is None else found.channel.slug


@_product.field("productType")
async def _product_type(found: Node, info: Info) -> Node | None:
    row = await call_of(info).loaders.load(loaders.row_by_id, found.row.product_type_id, "ProductType")
    return node("ProductType", row)


@_product.field("category")
async def _product_category(found: Node, info: Info) -> Node | None:
    if found.row.category_id is None:
        return None
    return node("Category", await call_of(info).loaders.load(loaders.row_by_id, found.row.category_id, "Category"))


@_product.field("created")
@_variant.field("created")
def _created(found: Node, _: Info) -> Any:
    return found.row.created_at


@_product.field("attributes")
@_variant.field("attributes")
def _attributes(found: Node, _: Info) -> Any:
    return found.row.attributes


@_attribute.field("attribute")
def _assigned_attribute(found: Mapping[str, Any], _: Info) -> Any:
    return {**found["attribute"], "id": global_id("Attribute", found["attribute"]["id"]), "metadata": []}


@_attribute.field("values")
def _assigned_values(found: Mapping[str, Any], _: Info) -> Any:
    return [{**value, "id": global_id("AttributeValue", value["id"])} for value in found["values"]]


async def _variant_rows(found: Node, info: Info) -> list[Row[Any]]:
    return await call_of(info).loaders.load(loaders.variants_of_product, found.row.id, scope_of(found))


@_product.field("variants")
async def _variants(found: Node, info: Info) -> list[Node]:
    return [found.beside("ProductVariant", row) for row in await _variant_rows(found, info)]


@_product.field("defaultVariant")
async def _default_variant(found: Node, info: Info) -> Node | None:
    rows = await _variant_rows(found, info)
    return found.beside("ProductVariant", rows[0]) if rows else None


@_product.field("variant")
async def _one_variant(found: Node, info: Info, **given: Any) -> Node | None:
    by = by_id_or(given, "id", "sku")
    key = key_or_none(given["id"], "ProductVariant") if by == "id" else None
    for row in await _variant_rows(found, info):
        if row.id == key if by == "id" else row.sku == given["sku"]:
            return found.beside("ProductVariant", row)
    return None


@_product.field("collections")
async def _collections(found: Node, info: Info) -> list[Node]:
    rows = await call_of(info).loaders.load(loaders.collections_of_product, found.row.id, scope_of(found))
    return [found.beside("Collection", row) for row in rows]


@_product.field("media")
async def _product_media(found: Node, info: Info) -> list[Node]:
    return [
        Node("ProductMedia", row) for row in await call_of(info).loaders.load(loaders.media_of_product, found.row.id)
    ]


@_variant.field("media")
async def _variant_media(found: Node, info: Info) -> list[Node]:
    rows = await call_of(info).loaders.load(loaders.media_of_product, found.row.product_id)
    return [Node("ProductMedia", row) for row in rows]


async def thumbnail(call: Call, product_id: int, size: int | None) -> dict[str, str] | None:
    """A product's first picture."""
    rows = await call.loaders.load(loaders.media_of_product, product_id)
    return {"url": _picture(call, rows[0].id, size), "alt": rows[0].alt} if rows else None


@_product.field("thumbnail")
async def _thumbnail(found: Node, info: Info, size: int | None = None, **_: Any) -> Any:
    return await thumbnail(call_of(info), found.row.id, size)


def _picture(call: Call, media_id: int, size: int | None) -> str:
    return f"{call.base_url}/thumbnail/{global_id('ProductMedia', media_id)}/{size or 4096}/"


@_media.field("url")
def _media_url(found: Node, info: Info, size: int | None = None, **_: Any) -> str:
    return _picture(call_of(info), found.row.id, size)


@_media.field("type")
def _media_type(_: Node, __: Info) -> str:
    return "IMAGE"


@_media.field("sortOrder")
def _media_order(found: Node, _: Info) -> int:
    order: int = found.row.position
    return order


@_media.field("productId")
def _media_product(found: Node, _: Info) -> str:
    return global_id("Product", found.row.product_id)


@_product.field("isAvailable")
async def _is_available(found: Node, info: Info) -> bool | None:
    if found.channel is None:
        return None
    if not found.row.is_available:
        return False
    call = call_of(info)
    rows = await _variant_rows(found, info)
    stocks = await asyncio.gather(*[call.loaders.load(loaders.stocks_in, row.id, found.channel.id) for row in rows])
    return any(not row.track_inventory or free_items(each) for row, each in zip(rows, stocks, strict=True))


@_product.field("isAvailableForPurchase")
def _is_for_sale(found: Node, _: Info) -> bool | None:
    return found.row.is_available if found.channel is not None else None


# ---- prices ----


def _price_of(amount: Decimal, channel: Any) -> Any:
    return taxed(rounded(amount, channel.currency), channel.tax_percent, channel.currency)


@_product.field("pricing")
async def _product_pricing(found: Node, info: Info) -> Any:
    channel = found.channel
    if channel is None:
        return None
    call = call_of(info)
    rows = await _variant_rows(found, info)
    listings = await asyncio.gather(*[call.loaders.load(loaders.prices_in, row.id, channel.id) for row in rows])
    sold = [each for each in listings if each is not None]
    if not sold:
        return None
    full = [each.price for each in sold]
    now = [each.price if each.discounted_price is None else each.discounted_price for each in sold]
    off = min(full) - min(now)
    return {
        "on_sale": any(a != b for a, b in zip(full, now, strict=True)),
        "discount": _price_of(off, channel) if off else None,
        "display_gross_prices": True,
        "price_range": {"start": _price_of(min(now), channel), "stop": _price_of(max(now), channel)},
        "price_range_undiscounted": {"start": _price_of(min(full), channel), "stop": _price_of(max(full), channel)},
    }


@_variant.field("pricing")
async def _variant_pricing(found: Node, info: Info) -> Any:
    channel = found.channel
    if channel is None:
        return None
    listing = await call_of(info).loaders.load(loaders.prices_in, found.row.id, channel.id)
    if listing is None:
        return None
    now = listing.price if listing.discounted_price is None else listing.discounted_price
    off = listing.price - now
    return {
        "on_sale": bool(off),
        "discount": _price_of(off, channel) if off else None,
        "price": _price_of(now, channel),
        "price_undiscounted": _price_of(listing.price, channel),
    }


for _name, _read in MONEY_FIELDS.items():
    _money.set_field(_name, lambda found, _, read=_read: read(found))


@_taxed.field("gross")
def _gross(found: Any, _: Info) -> Money:
    return Money(found.gross, found.currency)


@_taxed.field("net")
def _net(found: Any, _: Info) -> Money:
    return Money(found.net, found.currency)


@_taxed.field("tax")
def _tax(found: Any, _: Info) -> Money:
    return Money(found.tax, found.currency)


# ---- variants and stock ----


@_variant.field("product")
async def _variant_product(found: Node, info: Info) -> Node | None:
    row = await call_of(info).loaders.load(loaders.product_in, found.row.product_id, scope_of(found))
    return None if row is None else found.beside("Product", row)


@_variant.field("quantityLimitPerCustomer")
def _limit(found: Node, _: Info) -> int | None:
    limit: int | None = found.row.quantity_limit
    return limit


@_variant.field("quantityAvailable")
async def _quantity_available(found: Node, info: Info, **_: Any) -> int:
    call = call_of(info)
    limit: int = call.shop.quantity_limit if found.row.quantity_limit is None else found.row.quantity_limit
    if not found.row.track_inventory:
        return limit
    channel_id = None if found.channel is None else found.channel.id
    return min(limit, free_items(await call.loaders.load(loaders.stocks_in, found.row.id, channel_id)))


@_variant.field("stocks")
async def _stocks(found: Node, info: Info, **_: Any) -> list[Node]:
    call = call_of(info)
    call.requester.require(*_STAFF_ONLY)
    channel_id = None if found.channel is None else found.channel.id
    rows = await call.loaders.load(loaders.stocks_in, found.row.id, channel_id)
    return [found.beside("Stock", row) for row in rows]


@_stock.field("warehouse")
async def _warehouse(found: Node, info: Info) -> Node | None:
    return node("Warehouse", await call_of(info).loaders.load(loaders.row_by_id, found.row.warehouse_id, "Warehouse"))


@_stock.field("productVariant")
async def _stocked_variant(found: Node, info: Info) -> Node | None:
    row = await call_of(info).loaders.load(loaders.variant_in, found.row.variant_id, scope_of(found))
    return None if row is None else found.beside("ProductVariant", row)


@_stock.field("quantityReserved")
def _reserved(_: Node, __: Info) -> int:
    return 0


# ---- categories and collections ----


@_category.field("parent")
async def _parent(found: Node, info: Info) -> Node | None:
    if found.row.parent_id is None:
        return None
    return node("Category", await call_of(info).loaders.load(loaders.row_by_id, found.row.parent_id, "Category"))


@_category.field("ancestors")
async def _ancestors(found: Node, info: Info, **given: Any) -> Any:
    return await _category_page(info, catalogue.ancestors_of(found.row.id), given)


@_category.field("children")
async def _children(found: Node, info: Info, **given: Any) -> Any:
    return await _category_page(info, catalogue.category_list(parent=found.row.id), given)


@_category.field("products")
async def _category_products(found: Node, info: Info, channel: str | None = None, **given: Any) -> Any:
    return await _product_page(info, call_of(info).scope(channel), given, categories_of=(found.row.id,))


@_collection.field("products")
async def _collection_products(found: Node, info: Info, **given: Any) -> Any:
    seen = scope_of(found), found.channel
    return await _product_page(info, seen, given, collections_of=(found.row.id,))
