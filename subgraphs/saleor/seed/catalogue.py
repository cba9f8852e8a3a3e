"""What the demo shops sell."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Table

from resolvers.demo import demo_webhook_secret
from subgraphs.saleor import tables

__all__ = ["FIRST_PRODUCT", "PRICES", "PRODUCTS", "catalogue_rows", "variants_of"]

Rows = tuple[Table, Sequence[dict[str, Any]]]

NAMES = {"acme": "Acme Store", "globex": "Globex Supply"}
FLAVOURS = {
    "acme": ("Meadow", "Harbour", "Ember", "Granite", "Aurora"),
    "globex": ("Signal", "Cobalt", "Maple", "Vector", "Lumen"),
}
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
FIRST_PRODUCT = 126
DEFAULT_CHANNEL, ZLOTY_CHANNEL = 1, 2
PRICES = {DEFAULT_CHANNEL: Decimal(1), ZLOTY_CHANNEL: Decimal("4.05")}
"""Channels, and how their prices relate to those below."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Five products that differ by their flavour."""

    name: str
    category: int
    product_type: int
    price: str
    text: str


PRODUCTS = (
    Kind("T-shirt", 39, 20, "20.00", "Soft cotton, cut straight, made to be washed a hundred times."),
    Kind("Hoodie", 40, 20, "45.50", "Brushed inside, with a pocket that holds a book."),
    Kind("Sneakers", 41, 20, "79.90", "A light sole and laces that stay tied."),
    Kind("Mug", 42, 19, "12.25", "Stoneware for a third of a litre, safe in the dishwasher."),
    Kind("Juice", 43, 23, "1.99", "Pressed fruit, nothing added, in a bottle that comes back."),
    Kind("Coffee", 44, 23, "8.49", "Whole beans, roasted on Mondays."),
    Kind("Cushion", 45, 19, "24.00", "Linen outside, wool inside."),
    Kind("Audiobook", 46, 17, "9.95", "Six hours, read by the author."),
)
CATEGORIES = (
    (1, "Default Category", None),
    (25, "Apparel", None),
    (26, "Groceries", None),
    (27, "Home", None),
    (39, "T-shirts", 25),
    (40, "Hoodies", 25),
    (41, "Shoes", 25),
    (42, "Kitchen", 27),
    (43, "Juices", 26),
    (44, "Coffee", 26),
    (45, "Textiles", 27),
    (46, "Audiobooks", None),
)
PRODUCT_TYPES = ((17, "Audiobook", True), (19, "Homeware", False), (20, "Top", False), (23, "Grocery", False))


def slug_of(name: str) -> str:
    """A name as part of an address."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def variants_of(product_id: int) -> tuple[int, ...]:
    """Ids of a product's variants."""
    first = 332 + 2 * (product_id - FIRST_PRODUCT)
    return (first,) if _kind(product_id).product_type in {17, 23} else (first, first + 1)


def _kind(product_id: int) -> Kind:
    return PRODUCTS[(product_id - FIRST_PRODUCT) // 5]


def catalogue_rows(slug: str) -> Iterator[Rows]:
    """The rows of one shop, those that others refer to first."""
    yield (
        tables.shops,
        [
            {
                "slug": slug,
                "name": NAMES[slug],
                "description": "",
                "country": "US",
                "next_order_number": 21,
                "webhook_secret": demo_webhook_secret(slug),
            }
        ],
    )
    yield (
        tables.channels,
        [
            {
                "id": DEFAULT_CHANNEL, "slug": "default-channel", "name": "Default channel",
                "currency": "USD", "country": "US", "tax_percent": Decimal(0),
            },
            {
                "id": ZLOTY_CHANNEL, "slug": "channel-pln", "name": "Channel PLN",
                "currency": "PLN", "country": "PL", "tax_percent": Decimal(23),
            },
        ],
    )  # fmt: skip
    yield (
        tables.product_types,
        [
            {"id": key, "name": name, "slug": slug_of(name), "is_shipping_required": not digital, "is_digital": digital}
            for key, name, digital in PRODUCT_TYPES
        ],
    )
    yield tables.page_types, [{"id": 5, "name": "Brand", "slug": "brand"}, {"id": 4, "name": "Page", "slug": "page"}]
    yield (
        tables.categories,
        [
            {"id": key, "name": name, "slug": slug_of(name), "parent_id": parent, "level": int(parent is not None)}
            for key, name, parent in CATEGORIES
        ],
    )
    yield (
        tables.collections,
        [
            {"id": 4, "name": "Featured Products", "slug": "featured-products"},
            {"id": 5, "name": "Summer Picks", "slug": "summer-picks"},
        ],
    )
    yield (
        tables.collection_listings,
        [{"collection_id": each, "channel_id": channel} for each in (4, 5) for channel in PRICES],
    )
    yield from _product_rows(slug)
    yield from _stock_rows()
    yield from _offer_rows()


def _product_rows(slug: str) -> Iterator[Rows]:
    products, listings, picked, variants, prices, media = [], [], [], [], [], []
    for place in range(5 * len(PRODUCTS)):
        key, kind = FIRST_PRODUCT + place, PRODUCTS[place // 5]
        name = f"{FLAVOURS[slug][place % 5]} {kind.name}"
        block = {"id": f"p{key}", "data": {"text": kind.text}, "type": "paragraph"}
        products.append(
            {
                "id": key,
                "product_type_id": kind.product_type,
                "category_id": kind.category,
                "name": name,
                "slug": slug_of(name),
                "description": json.dumps({"time": 0, "blocks": [block], "version": "2.22.2"}),
                "plain_text": kind.text,
                "attributes": [_attribute(1, "Line", FLAVOURS[slug][place % 5], place % 5)],
                "rating": None if place % 3 else float(3 + place % 2),
                "created_at": START + timedelta(hours=place),
                "updated_at": START + timedelta(hours=2 * place),
            }
        )
        for channel, factor in PRICES.items():
            # One product in each channel is still being prepared.
            listings.append({"product_id": key, "channel_id": channel, "is_published": place != 12 + channel})
            for at, variant in enumerate(variants_of(key)):
                price = (Decimal(kind.price) * factor + place % 5).quantize(Decimal("0.01"))
                off = (price * Decimal("0.8")).quantize(Decimal("0.01")) if place % 7 == 3 and at == 0 else None
                prices.append({"variant_id": variant, "channel_id": channel, "price": price, "discounted_price": off})
        for at, variant in enumerate(variants_of(key)):
            size = "SML"[at]
            variants.append(
                {
                    "id": variant,
                    "product_id": key,
                    "name": size if len(variants_of(key)) > 1 else name,
                    "sku": f"{slug[:2].upper()}-{variant}",
                    "position": at,
                    "track_inventory": kind.product_type != 17,
                    "attributes": [_attribute(2, "Size", size, 100 + at)],
                }
            )
        if place % 4 == 0:
            picked.append({"collection_id": 4 + place % 8 // 4, "product_id": key})
        media.append({"id": key - 90, "product_id": key, "alt": name, "position": 0})
    yield tables.products, products
    yield tables.product_listings, listings
    yield tables.collection_products, picked
    yield tables.variants, variants
    yield tables.variant_listings, prices
    yield tables.media, media


def _attribute(key: int, name: str, value: str, value_key: int) -> dict[str, Any]:
    values = [{"id": value_key, "name": value, "slug": slug_of(value), "value": ""}]
    return {"attribute": {"id": key, "name": name, "slug": slug_of(name)}, "values": values}


def _stock_rows() -> Iterator[Rows]:
    yield (
        tables.warehouses,
        [
            {"id": 1, "name": "Americas", "slug": "americas", "channel_ids": [DEFAULT_CHANNEL]},
            {"id": 2, "name": "Europe", "slug": "europe", "channel_ids": [DEFAULT_CHANNEL, ZLOTY_CHANNEL]},
        ],
    )
    stocks = []
    for place in range(5 * len(PRODUCTS)):
        for variant in variants_of(FIRST_PRODUCT + place):
            for warehouse in (1, 2):
                # Every thirteenth product is sold out.
                quantity = 0 if place % 13 == 12 else 60 + 10 * warehouse + place
                stocks.append(
                    {"id": 2 * variant + warehouse, "warehouse_id": warehouse, "variant_id": variant,
                     "quantity": quantity}
                )  # fmt: skip
    yield tables.stocks, stocks


def _offer_rows() -> Iterator[Rows]:
    methods = ((1, "Default", "0", 5, 10), (13, "Express", "66.19", 1, 2), (14, "Parcel", "12.50", 2, 4))
    yield (
        tables.shipping_methods,
        [{"id": key, "name": name, "minimum_days": low, "maximum_days": high} for key, name, _, low, high in methods],
    )
    yield (
        tables.shipping_listings,
        [
            {
                "shipping_method_id": key,
                "channel_id": channel,
                "price": (Decimal(price) * factor).quantize(Decimal("0.01")),
            }
            for key, _, price, _, _ in methods
            for channel, factor in PRICES.items()
        ],
    )
    vouchers = (
        (1, "WELCOME10", "ENTIRE_ORDER", "PERCENTAGE", None, "10", None),
        (2, "FIVEOFF", "ENTIRE_ORDER", "FIXED", None, "5", "25"),
        (3, "FREESHIPPING", "SHIPPING", "PERCENTAGE", None, "100", None),
        (4, "ONLYONCE", "ENTIRE_ORDER", "PERCENTAGE", 1, "50", None),
        (5, "OVER", "ENTIRE_ORDER", "PERCENTAGE", None, "50", None),
    )
    yield (
        tables.vouchers,
        [
            {
                "id": key,
                "code": code,
                "kind": kind,
                "value_kind": value_kind,
                "usage_limit": limit,
                "starts_at": START,
                "ends_at": START + timedelta(days=1) if code == "OVER" else None,
            }
            for key, code, kind, value_kind, limit, _, _ in vouchers
        ],
    )
    yield (
        tables.voucher_listings,
        [
            {
                "voucher_id": key,
                "channel_id": channel,
                "value": Decimal(value) if value_kind == "PERCENTAGE" else Decimal(value) * factor,
                "min_spent": None if least is None else Decimal(least) * factor,
            }
            for key, _, _, value_kind, _, value, least in vouchers
            for channel, factor in PRICES.items()
        ],
    )
