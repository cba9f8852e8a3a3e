"""What is found in the catalogue: root fields, categories and collections."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ariadne import ObjectType
from sqlalchemy import Row

from subgraphs.saleor import loaders
from subgraphs.saleor.domain.errors import Failed
from subgraphs.saleor.domain.ids import number_of, split_id
from subgraphs.saleor.repository import catalogue
from subgraphs.saleor.repository.catalogue import ProductFilter, Scope
from subgraphs.saleor.repository.pages import Sort
from subgraphs.saleor.schema.nodes import Info, Node, call_of, connection, node, scope_of
from subgraphs.saleor.tables import categories, collections, page_types, product_types, variants

__all__ = ["TYPES", "by_id_or", "key_or_none"]

_query = ObjectType("Query")
_category = ObjectType("Category")
_collection = ObjectType("Collection")
TYPES = (_query, _category, _collection)


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


# ---- categories and collections ----


@_collection.field("channel")
def _channel_slug(found: Node, _: Info) -> str | None:
    return None if found.channel is None else found.channel.slug


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
