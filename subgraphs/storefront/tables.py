"""Tables of the storefront. All are tenant-scoped and under row-level security.

Products and variants are Saleor's: here they are global ids (`Product:152` in base64), texts without a foreign key.
Two tenants' shops use the same numbers, so an id means nothing without its tenant.
"""

from __future__ import annotations

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from resolvers.tables import context_metadata, tenant_reference, tenant_table

DIMENSIONS = 384

metadata = context_metadata("storefront")

suppliers = tenant_table(
    metadata,
    "suppliers",
    Column("name", Text, nullable=False),
    Column("country_code", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("cutoff", Time, nullable=False),
    Column("working_days", ARRAY(SmallInteger), nullable=False),
    Column("handling_days", SmallInteger, nullable=False),
    Column("transit_min_days", SmallInteger, nullable=False),
    Column("transit_max_days", SmallInteger, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    UniqueConstraint("tenant_id", "name"),
    CheckConstraint("working_days <@ '{0,1,2,3,4,5,6}' and cardinality(working_days) > 0", "working_days"),
    CheckConstraint("handling_days >= 0 and transit_min_days between 0 and transit_max_days", "days"),
)

supplier_offers = tenant_table(
    metadata,
    "supplier_offers",
    Column("supplier_id", Uuid, nullable=False),
    Column("product_id", Text, nullable=False),
    Column("variant_id", Text, nullable=False),
    Column("supplier_sku", Text, nullable=False),
    Column("asin", Text),
    Column("currency", Text, nullable=False),
    Column("unit_cost", Numeric(12, 4), nullable=False),
    Column("shipping_cost", Numeric(12, 4), nullable=False),
    Column("duty_percent", Numeric(8, 4), nullable=False),
    Column("minimum_quantity", Integer, nullable=False),
    Column("available_quantity", Integer),
    Column("handling_days", SmallInteger),
    Column("url", Text),
    Column("is_active", Boolean, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    tenant_reference("supplier_id", "storefront.suppliers", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "supplier_id", "variant_id", "supplier_sku", name="uq_supplier_offers_number"),
    CheckConstraint("unit_cost >= 0 and shipping_cost >= 0 and duty_percent >= 0", "costs"),
    CheckConstraint("minimum_quantity > 0 and available_quantity >= 0", "quantities"),
    Index("ix_supplier_offers_product", "tenant_id", "product_id"),
    Index("ix_supplier_offers_variant", "tenant_id", "variant_id"),
    Index("ix_supplier_offers_asin", "tenant_id", "asin"),
)

channel_taxes = tenant_table(
    metadata,
    "channel_taxes",
    Column("channel", Text, nullable=False),
    Column("tax_percent", Numeric(8, 4), nullable=False),
    UniqueConstraint("tenant_id", "channel"),
    CheckConstraint("tax_percent >= 0", "tax"),
)
"""How much tax is in the prices that are entered in a channel; none where there is no row."""

product_profiles = tenant_table(
    metadata,
    "product_profiles",
    Column("product_id", Text, nullable=False),
    Column("seller_id", Uuid),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("channels", ARRAY(Text)),
    UniqueConstraint("tenant_id", "product_id"),
    Index("ix_product_profiles_seller", "tenant_id", "seller_id"),
)
"""What the storefront knows of a product: who sells it, the words by which similar ones are found, and `channels` where
the shop shows it in some of them only."""

product_embeddings = tenant_table(
    metadata,
    "product_embeddings",
    Column("profile_id", Uuid, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("embedding", VECTOR(DIMENSIONS), nullable=False),
    tenant_reference("profile_id", "storefront.product_profiles", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "profile_id", "model_id"),
)
"""One vector per product and model. No index on the vectors: those of one tenant are compared one by one, which is
exact, and under row-level security quicker than an index that spans all tenants."""

wishlists = tenant_table(
    metadata,
    "wishlists",
    Column("owner_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("tenant_id", "owner_id", "name"),
)

wishlist_items = tenant_table(
    metadata,
    "wishlist_items",
    Column("wishlist_id", Uuid, nullable=False),
    Column("product_id", Text, nullable=False),
    Column("variant_id", Text),
    Column("channel", Text),
    Column("note", Text, nullable=False),
    tenant_reference("wishlist_id", "storefront.wishlists", ondelete="CASCADE"),
    Index("ix_wishlist_items_product", "tenant_id", "product_id"),
)
Index(
    "ix_wishlist_items_newest",
    wishlist_items.c.tenant_id,
    wishlist_items.c.wishlist_id,
    wishlist_items.c.created_at,
    wishlist_items.c.id,
)
Index(
    "uq_wishlist_items_product",
    wishlist_items.c.tenant_id,
    wishlist_items.c.wishlist_id,
    wishlist_items.c.product_id,
    func.coalesce(wishlist_items.c.variant_id, text("''")),
    unique=True,
)

viewed_products = tenant_table(
    metadata,
    "viewed_products",
    Column("user_id", Uuid, nullable=False),
    Column("product_id", Text, nullable=False),
    Column("channel", Text),
    Column("viewed_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("tenant_id", "user_id", "product_id"),
    Index("ix_viewed_products_latest", "tenant_id", "user_id", "viewed_at", "id"),
)

stock_subscriptions = tenant_table(
    metadata,
    "stock_subscriptions",
    Column("user_id", Uuid, nullable=False),
    Column("variant_id", Text, nullable=False),
    Column("channel", Text),
    Column("notified_at", DateTime(timezone=True)),
    Index("ix_stock_subscriptions_variant", "tenant_id", "variant_id"),
)
Index(
    "ix_stock_subscriptions_newest",
    stock_subscriptions.c.tenant_id,
    stock_subscriptions.c.user_id,
    stock_subscriptions.c.created_at,
    stock_subscriptions.c.id,
)
"""Who wants to hear when a variant can be had again; waits until `notified_at`."""
Index(
    "uq_stock_subscriptions_waiting",
    stock_subscriptions.c.tenant_id,
    stock_subscriptions.c.user_id,
    stock_subscriptions.c.variant_id,
    unique=True,
    postgresql_where=stock_subscriptions.c.notified_at.is_(None),
)

questions = tenant_table(
    metadata,
    "questions",
    Column("product_id", Text, nullable=False),
    Column("channel", Text),
    Column("author_id", Uuid, nullable=False),
    Column("text", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("moderator_id", Uuid),
    Column("moderated_at", DateTime(timezone=True)),
    CheckConstraint("status in ('pending', 'published', 'rejected')", "status"),
)
Index("ix_questions_product", questions.c.tenant_id, questions.c.product_id, questions.c.created_at, questions.c.id)
Index("ix_questions_newest", questions.c.tenant_id, questions.c.created_at, questions.c.id)

answers = tenant_table(
    metadata,
    "question_answers",
    Column("question_id", Uuid, nullable=False),
    Column("author_id", Uuid, nullable=False),
    Column("text", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("is_official", Boolean, nullable=False),
    Column("moderator_id", Uuid),
    Column("moderated_at", DateTime(timezone=True)),
    tenant_reference("question_id", "storefront.questions", ondelete="CASCADE"),
    CheckConstraint("status in ('pending', 'published', 'rejected')", "status"),
)
Index("ix_question_answers_oldest", answers.c.tenant_id, answers.c.question_id, answers.c.created_at, answers.c.id)

carts = tenant_table(
    metadata,
    "carts",
    Column("owner_id", Uuid, nullable=False),
    Column("checkout_id", Text, nullable=False),
    Column("channel", Text),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("order_id", Text),
    UniqueConstraint("tenant_id", "checkout_id"),
    CheckConstraint("status in ('open', 'ordered', 'abandoned')", "status"),
    CheckConstraint("(status = 'ordered') = (order_id is not null)", "order"),
)
Index("ix_carts_newest", carts.c.tenant_id, carts.c.owner_id, carts.c.created_at, carts.c.id)
"""Which of Saleor's checkouts are whose; what is in them, the shop alone knows."""

order_webhooks = tenant_table(
    metadata,
    "order_webhooks",
    Column("secret", Text, nullable=False),
    Column("channels", ARRAY(Text)),
    UniqueConstraint("tenant_id"),
)
"""With what a tenant's shop signs what it tells of orders; `channels` where only these of it are the tenant's."""
