"""Tables of the shops. All are tenant-scoped and under row-level security.

Unlike our own contexts', keys are numbers, as Saleor's are, and belong to a shop: product 1 is another one in each.
Hence primary keys are `(tenant_id, id)`, and references carry the tenant.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.schema import SchemaItem

from resolvers.tables import context_metadata, tenant_reference

__all__ = ["metadata"]

metadata: MetaData = context_metadata("saleor")


def _table(name: str, *items: SchemaItem, key: Any = BigInteger) -> Table:
    """A table with the primary key `(tenant_id, id)`; numbers count on from a thousand after the seeds' own."""
    own = Column("id", key, Identity(start=1000)) if key is BigInteger else Column("id", Uuid)
    return Table(
        name,
        metadata,
        Column("tenant_id", Uuid, nullable=False),
        own,
        *items,
        PrimaryKeyConstraint("tenant_id", "id"),
    )


def _link(name: str, first: str, second: str, *items: SchemaItem) -> Table:
    """A table between two others: `first` and `second` are columns and their tables, as `column table`."""
    columns = [(each.split()[0], f"saleor.{each.split()[1]}") for each in (first, second)]
    return Table(
        name,
        metadata,
        Column("tenant_id", Uuid, nullable=False),
        *[Column(column, BigInteger, nullable=False) for column, _ in columns],
        *items,
        PrimaryKeyConstraint("tenant_id", *[column for column, _ in columns]),
        *[tenant_reference(column, target, ondelete="CASCADE") for column, target in columns],
    )


def _price(name: str = "price", *, nullable: bool = False) -> Column[Any]:
    return Column(name, Numeric(14, 3), nullable=nullable)


def _now(name: str) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))


def _words(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False, server_default="")


def _texts(*names: str) -> list[Column[Any]]:
    return [Column(name, Text, nullable=False) for name in names]


shops = Table(
    "shops",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    _words("description"),
    Column("country", Text, nullable=False),
    Column("quantity_limit", Integer, nullable=False, server_default="50"),
    Column("next_order_number", BigInteger, nullable=False, server_default="1"),
    Column("secret", Text, nullable=False, server_default=text("gen_random_uuid()::text || gen_random_uuid()::text")),
    Column(
        "webhook_secret",
        Text,
        nullable=False,
        server_default=text("gen_random_uuid()::text || gen_random_uuid()::text"),
    ),
)
"""`secret` signs the users' tokens of one shop, so that no other shop takes them; `webhook_secret` its webhooks."""

channels = _table(
    "channels",
    *_texts("slug", "name", "currency", "country"),
    Column("tax_percent", Numeric(6, 3), nullable=False, server_default="0"),
    Column("is_active", Boolean, nullable=False, server_default="true"),
    UniqueConstraint("tenant_id", "slug"),
)

product_types = _table(
    "product_types",
    *_texts("name", "slug"),
    Column("is_shipping_required", Boolean, nullable=False, server_default="true"),
    Column("is_digital", Boolean, nullable=False, server_default="false"),
)

page_types = _table("page_types", *_texts("name", "slug"))

categories = _table(
    "categories",
    Column("parent_id", BigInteger),
    *_texts("name", "slug"),
    Column("description", Text),
    Column("level", Integer, nullable=False, server_default="0"),
    _now("updated_at"),
    tenant_reference("parent_id", "saleor.categories", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "slug"),
)

collections = _table(
    "collections",
    *_texts("name", "slug"),
    Column("description", Text),
    UniqueConstraint("tenant_id", "slug"),
)

collection_listings = _link("collection_listings", "collection_id collections", "channel_id channels")

products = _table(
    "products",
    Column("product_type_id", BigInteger, nullable=False),
    Column("category_id", BigInteger),
    *_texts("name", "slug"),
    Column("description", Text),
    _words("plain_text"),
    Column("attributes", JSONB, nullable=False, server_default="[]"),
    Column("rating", Double),
    _now("created_at"),
    _now("updated_at"),
    tenant_reference("product_type_id", "saleor.product_types", ondelete="RESTRICT"),
    tenant_reference("category_id", "saleor.categories", ondelete="RESTRICT"),
    UniqueConstraint("tenant_id", "slug"),
    Index("ix_products_category", "tenant_id", "category_id"),
)
"""`description` is the editor's JSON, `plain_text` the words in it; `attributes` are those of `SelectedAttribute`."""

product_listings = _link(
    "product_listings",
    "product_id products",
    "channel_id channels",
    Column("is_published", Boolean, nullable=False, server_default="true"),
    Column("is_available", Boolean, nullable=False, server_default="true"),
)

collection_products = _link("collection_products", "collection_id collections", "product_id products")

variants = _table(
    "variants",
    Column("product_id", BigInteger, nullable=False),
    *_texts("name"),
    Column("sku", Text),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("track_inventory", Boolean, nullable=False, server_default="true"),
    Column("quantity_limit", Integer),
    Column("attributes", JSONB, nullable=False, server_default="[]"),
    _now("created_at"),
    _now("updated_at"),
    tenant_reference("product_id", "saleor.products", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "sku"),
    Index("ix_variants_product", "tenant_id", "product_id"),
)

variant_listings = _link(
    "variant_listings",
    "variant_id variants",
    "channel_id channels",
    _price(),
    _price("discounted_price", nullable=True),
    CheckConstraint("price >= 0 and discounted_price between 0 and price", "price"),
)

media = _table(
    "media",
    Column("product_id", BigInteger, nullable=False),
    _words("alt"),
    Column("position", Integer, nullable=False, server_default="0"),
    tenant_reference("product_id", "saleor.products", ondelete="CASCADE"),
    Index("ix_media_product", "tenant_id", "product_id"),
)

warehouses = _table(
    "warehouses",
    *_texts("name", "slug"),
    Column("channel_ids", ARRAY(BigInteger), nullable=False),
)

stocks = _table(
    "stocks",
    Column("warehouse_id", BigInteger, nullable=False),
    Column("variant_id", BigInteger, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("quantity_allocated", Integer, nullable=False, server_default="0"),
    tenant_reference("warehouse_id", "saleor.warehouses", ondelete="CASCADE"),
    tenant_reference("variant_id", "saleor.variants", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "variant_id", "warehouse_id"),
    CheckConstraint("quantity_allocated between 0 and quantity", "allocated"),
)

shipping_methods = _table(
    "shipping_methods",
    *_texts("name"),
    Column("minimum_days", Integer),
    Column("maximum_days", Integer),
)

shipping_listings = _link(
    "shipping_listings",
    "shipping_method_id shipping_methods",
    "channel_id channels",
    _price(),
    CheckConstraint("price >= 0", "price"),
)

vouchers = _table(
    "vouchers",
    *_texts("code", "kind", "value_kind"),
    Column("usage_limit", Integer),
    Column("used", Integer, nullable=False, server_default="0"),
    _now("starts_at"),
    Column("ends_at", DateTime(timezone=True)),
    UniqueConstraint("tenant_id", "code"),
    CheckConstraint("kind in ('ENTIRE_ORDER', 'SHIPPING')", "kind"),
    CheckConstraint("value_kind in ('FIXED', 'PERCENTAGE')", "value_kind"),
    CheckConstraint("used >= 0 and (usage_limit is null or used <= usage_limit)", "used"),
)

voucher_listings = _link(
    "voucher_listings",
    "voucher_id vouchers",
    "channel_id channels",
    _price("value"),
    _price("min_spent", nullable=True),
    CheckConstraint("value >= 0", "value"),
)

users = _table(
    "users",
    *_texts("email", "password_hash", "first_name", "last_name"),
    Column("is_staff", Boolean, nullable=False, server_default="false"),
    Column("is_active", Boolean, nullable=False, server_default="true"),
    Column("permissions", ARRAY(Text), nullable=False, server_default="{}"),
    _now("joined_at"),
    _now("updated_at"),
    UniqueConstraint("tenant_id", "email"),
)

addresses = _table(
    "addresses",
    Column("user_id", BigInteger),
    *[
        _words(name)
        for name in (
            "first_name", "last_name", "company_name", "street_address_1", "street_address_2", "city", "city_area",
            "postal_code", "country", "country_area", "phone",
        )
    ],
    tenant_reference("user_id", "saleor.users", ondelete="CASCADE"),
    Index("ix_addresses_user", "tenant_id", "user_id"),
)  # fmt: skip
"""A user's, or, without one, a copy that belongs to a checkout or an order."""

apps = _table(
    "apps",
    *_texts("name", "token_sha256"),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("is_active", Boolean, nullable=False, server_default="true"),
    UniqueConstraint("tenant_id", "token_sha256"),
)

login_delays = Table(
    "login_delays",
    metadata,
    Column("tenant_id", Uuid, nullable=False),
    Column("client", Text, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("tenant_id", "client"),
)
"""Addresses that failed to log in, and until when they may not try again."""


def _addressed() -> list[SchemaItem]:
    return [
        Column("shipping_address_id", BigInteger),
        Column("billing_address_id", BigInteger),
        tenant_reference("shipping_address_id", "saleor.addresses"),
        tenant_reference("billing_address_id", "saleor.addresses"),
    ]


checkouts = _table(
    "checkouts",
    Column("channel_id", BigInteger, nullable=False),
    Column("user_id", BigInteger),
    Column("email", Text),
    Column("shipping_method_id", BigInteger),
    Column("voucher_code", Text),
    Column("metadata", JSONB, nullable=False, server_default="{}"),
    _now("created_at"),
    _now("updated_at"),
    tenant_reference("channel_id", "saleor.channels", ondelete="CASCADE"),
    tenant_reference("user_id", "saleor.users", ondelete="CASCADE"),
    *_addressed(),
    key=Uuid,
)

checkout_lines = _table(
    "checkout_lines",
    Column("checkout_id", Uuid, nullable=False),
    Column("variant_id", BigInteger, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("place", BigInteger, Identity(start=1), nullable=False),
    tenant_reference("checkout_id", "saleor.checkouts", ondelete="CASCADE"),
    tenant_reference("variant_id", "saleor.variants", ondelete="CASCADE"),
    CheckConstraint("quantity > 0", "quantity"),
    Index("ix_checkout_lines_checkout", "tenant_id", "checkout_id"),
    key=Uuid,
)

orders = _table(
    "orders",
    Column("number", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("user_id", BigInteger),
    *_texts("email", "status"),
    Column("checkout_id", Uuid),
    Column("shipping_method_id", BigInteger),
    Column("shipping_method_name", Text),
    Column("is_shipping_required", Boolean, nullable=False, server_default="true"),
    *_texts("currency"),
    *[_price(name) for name in ("total_net", "total_gross", "shipping_net", "shipping_gross", "discount")],
    _price("undiscounted_shipping"),
    Column("tax_percent", Numeric(6, 3), nullable=False),
    Column("voucher_code", Text),
    Column("metadata", JSONB, nullable=False, server_default="{}"),
    _now("created_at"),
    _now("updated_at"),
    tenant_reference("channel_id", "saleor.channels"),
    tenant_reference("user_id", "saleor.users"),
    *_addressed(),
    UniqueConstraint("tenant_id", "number"),
    UniqueConstraint("tenant_id", "checkout_id"),
    Index("ix_orders_user", "tenant_id", "user_id"),
    key=Uuid,
)

order_lines = _table(
    "order_lines",
    Column("order_id", Uuid, nullable=False),
    Column("variant_id", BigInteger),
    *_texts("product_name", "variant_name"),
    Column("sku", Text),
    Column("quantity", Integer, nullable=False),
    *[_price(name) for name in ("unit_net", "unit_gross", "total_net", "total_gross", "undiscounted_unit")],
    Column("is_shipping_required", Boolean, nullable=False),
    Column("place", BigInteger, Identity(start=1), nullable=False),
    tenant_reference("order_id", "saleor.orders", ondelete="CASCADE"),
    tenant_reference("variant_id", "saleor.variants"),
    Index("ix_order_lines_order", "tenant_id", "order_id"),
    key=Uuid,
)

payments = _table(
    "payments",
    Column("checkout_id", Uuid),
    Column("order_id", Uuid),
    *_texts("gateway", "token", "charge_status", "currency"),
    _price("amount"),
    _price("captured"),
    Column("is_active", Boolean, nullable=False, server_default="true"),
    _now("created_at"),
    tenant_reference("checkout_id", "saleor.checkouts"),
    tenant_reference("order_id", "saleor.orders", ondelete="CASCADE"),
    Index("ix_payments_checkout", "tenant_id", "checkout_id"),
    Index("ix_payments_order", "tenant_id", "order_id"),
)
