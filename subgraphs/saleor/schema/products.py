"""Products, their variants, prices and stock in the graph."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ariadne import ObjectType
from sqlalchemy import Row

from subgraphs.saleor import loaders
from subgraphs.saleor.domain.ids import global_id
from subgraphs.saleor.domain.money import Money, rounded, taxed
from subgraphs.saleor.schema.catalogue import by_id_or, key_or_none
from subgraphs.saleor.schema.nodes import MONEY_FIELDS, Call, Info, Node, call_of, node, scope_of
from subgraphs.saleor.usecases.checkout import free_items

__all__ = ["TYPES", "thumbnail"]

_product = ObjectType("Product")
_variant = ObjectType("ProductVariant")
_listing = ObjectType("ProductVariantChannelListing")
_media = ObjectType("ProductMedia")
_stock = ObjectType("Stock")
_attribute = ObjectType("SelectedAttribute")
_money = ObjectType("Money")
_taxed = ObjectType("TaxedMoney")
TYPES = (_product, _variant, _listing, _media, _stock, _attribute, _money, _taxed)

_STAFF_ONLY = ("MANAGE_PRODUCTS", "MANAGE_ORDERS")


# ---- products ----


@_product.field("channel")
@_variant.field("channel")
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


@_variant.field("channelListings")
async def _variant_listings(found: Node, info: Info) -> list[dict[str, Any]]:
    call = call_of(info)
    call.requester.require("AUTHENTICATED_APP", "AUTHENTICATED_STAFF_USER")
    listings = []
    for row in await call.loaders.load(loaders.listings_of_variant, found.row.id):
        channel = call.channel_by_id(row.channel_id)
        key = f"{row.variant_id}{row.channel_id:03}"
        price = Money(rounded(row.price, channel.currency), channel.currency)
        listings.append(
            {
                "id": global_id("ProductVariantChannelListing", key),
                "channel": Node("Channel", channel),
                "price": price,
            }
        )
    return listings


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
