"""Suppliers and their offers, what is known of products, wishlists, questions, carts."""

from alembic import op

from resolvers.migrations import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "carts",
    "channel_taxes",
    "product_profiles",
    "questions",
    "stock_subscriptions",
    "suppliers",
    "viewed_products",
    "wishlists",
    "product_embeddings",
    "question_answers",
    "supplier_offers",
    "wishlist_items",
)

DDL = (
    """
        create table storefront.carts (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            owner_id UUID NOT NULL,
            checkout_id TEXT NOT NULL,
            channel TEXT,
            name TEXT NOT NULL,
            status TEXT NOT NULL,
            order_id TEXT,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_carts PRIMARY KEY (id),
            CONSTRAINT uq_carts_tenant_id_checkout_id UNIQUE (tenant_id, checkout_id),
            CONSTRAINT ck_carts_status CHECK (status in ('open', 'ordered', 'abandoned')),
            CONSTRAINT ck_carts_order CHECK ((status = 'ordered') = (order_id is not null)),
            CONSTRAINT uq_carts_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_carts_newest ON storefront.carts (tenant_id, owner_id, created_at, id)",
    """
        create table storefront.channel_taxes (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            channel TEXT NOT NULL,
            tax_percent NUMERIC(8, 4) NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_channel_taxes PRIMARY KEY (id),
            CONSTRAINT uq_channel_taxes_tenant_id_channel UNIQUE (tenant_id, channel),
            CONSTRAINT ck_channel_taxes_tax CHECK (tax_percent >= 0),
            CONSTRAINT uq_channel_taxes_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table storefront.product_profiles (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            product_id TEXT NOT NULL,
            seller_id UUID,
            title TEXT NOT NULL,
            description TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_product_profiles PRIMARY KEY (id),
            CONSTRAINT uq_product_profiles_tenant_id_product_id UNIQUE (tenant_id, product_id),
            CONSTRAINT uq_product_profiles_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_product_profiles_seller ON storefront.product_profiles (tenant_id, seller_id)",
    """
        create table storefront.questions (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            product_id TEXT NOT NULL,
            channel TEXT,
            author_id UUID NOT NULL,
            text TEXT NOT NULL,
            status TEXT NOT NULL,
            moderator_id UUID,
            moderated_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_questions PRIMARY KEY (id),
            CONSTRAINT ck_questions_status CHECK (status in ('pending', 'published', 'rejected')),
            CONSTRAINT uq_questions_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_questions_newest ON storefront.questions (tenant_id, created_at, id)",
    "create index ix_questions_product ON storefront.questions (tenant_id, product_id, created_at, id)",
    """
        create table storefront.stock_subscriptions (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            user_id UUID NOT NULL,
            variant_id TEXT NOT NULL,
            channel TEXT,
            notified_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_stock_subscriptions PRIMARY KEY (id),
            CONSTRAINT uq_stock_subscriptions_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create index ix_stock_subscriptions_newest
            ON storefront.stock_subscriptions (tenant_id, user_id, created_at, id)
    """,
    "create index ix_stock_subscriptions_variant ON storefront.stock_subscriptions (tenant_id, variant_id)",
    """
        create unique index uq_stock_subscriptions_waiting
            ON storefront.stock_subscriptions (tenant_id, user_id, variant_id) WHERE notified_at IS NULL
    """,
    """
        create table storefront.suppliers (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            name TEXT NOT NULL,
            country_code TEXT NOT NULL,
            time_zone TEXT NOT NULL,
            cutoff TIME WITHOUT TIME ZONE NOT NULL,
            working_days SMALLINT[] NOT NULL,
            handling_days SMALLINT NOT NULL,
            transit_min_days SMALLINT NOT NULL,
            transit_max_days SMALLINT NOT NULL,
            version INTEGER DEFAULT '1' NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_suppliers PRIMARY KEY (id),
            CONSTRAINT uq_suppliers_tenant_id_name UNIQUE (tenant_id, name),
            CONSTRAINT ck_suppliers_working_days CHECK (
                working_days <@ '{0,1,2,3,4,5,6}' and cardinality(working_days) > 0
            ),
            CONSTRAINT ck_suppliers_days CHECK (handling_days >= 0 and transit_min_days between 0 and transit_max_days),
            CONSTRAINT uq_suppliers_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table storefront.viewed_products (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            user_id UUID NOT NULL,
            product_id TEXT NOT NULL,
            channel TEXT,
            viewed_at TIMESTAMP WITH TIME ZONE NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_viewed_products PRIMARY KEY (id),
            CONSTRAINT uq_viewed_products_tenant_id_user_id_product_id UNIQUE (tenant_id, user_id, product_id),
            CONSTRAINT uq_viewed_products_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_viewed_products_latest ON storefront.viewed_products (tenant_id, user_id, viewed_at, id)",
    """
        create table storefront.wishlists (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            owner_id UUID NOT NULL,
            name TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_wishlists PRIMARY KEY (id),
            CONSTRAINT uq_wishlists_tenant_id_owner_id_name UNIQUE (tenant_id, owner_id, name),
            CONSTRAINT uq_wishlists_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table storefront.product_embeddings (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            profile_id UUID NOT NULL,
            model_id TEXT NOT NULL,
            content_sha256 TEXT NOT NULL,
            embedding public.vector(384) NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_product_embeddings PRIMARY KEY (id),
            CONSTRAINT fk_product_embeddings_tenant_id_profile_id FOREIGN KEY(tenant_id, profile_id)
                REFERENCES storefront.product_profiles (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT uq_product_embeddings_tenant_id_profile_id_model_id UNIQUE (tenant_id, profile_id, model_id),
            CONSTRAINT uq_product_embeddings_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table storefront.question_answers (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            question_id UUID NOT NULL,
            author_id UUID NOT NULL,
            text TEXT NOT NULL,
            status TEXT NOT NULL,
            is_official BOOLEAN NOT NULL,
            moderator_id UUID,
            moderated_at TIMESTAMP WITH TIME ZONE,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_question_answers PRIMARY KEY (id),
            CONSTRAINT fk_question_answers_tenant_id_question_id FOREIGN KEY(tenant_id, question_id)
                REFERENCES storefront.questions (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT ck_question_answers_status CHECK (status in ('pending', 'published', 'rejected')),
            CONSTRAINT uq_question_answers_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create index ix_question_answers_oldest
            ON storefront.question_answers (tenant_id, question_id, created_at, id)
    """,
    """
        create table storefront.supplier_offers (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            supplier_id UUID NOT NULL,
            product_id TEXT NOT NULL,
            variant_id TEXT NOT NULL,
            supplier_sku TEXT NOT NULL,
            asin TEXT,
            currency TEXT NOT NULL,
            unit_cost NUMERIC(12, 4) NOT NULL,
            shipping_cost NUMERIC(12, 4) NOT NULL,
            duty_percent NUMERIC(8, 4) NOT NULL,
            minimum_quantity INTEGER NOT NULL,
            available_quantity INTEGER,
            handling_days SMALLINT,
            url TEXT,
            is_active BOOLEAN NOT NULL,
            version INTEGER DEFAULT '1' NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_supplier_offers PRIMARY KEY (id),
            CONSTRAINT fk_supplier_offers_tenant_id_supplier_id FOREIGN KEY(tenant_id, supplier_id)
                REFERENCES storefront.suppliers (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT uq_supplier_offers_number UNIQUE (tenant_id, supplier_id, variant_id, supplier_sku),
            CONSTRAINT ck_supplier_offers_costs CHECK (unit_cost >= 0 and shipping_cost >= 0 and duty_percent >= 0),
            CONSTRAINT ck_supplier_offers_quantities CHECK (minimum_quantity > 0 and available_quantity >= 0),
            CONSTRAINT uq_supplier_offers_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_supplier_offers_asin ON storefront.supplier_offers (tenant_id, asin)",
    "create index ix_supplier_offers_product ON storefront.supplier_offers (tenant_id, product_id)",
    "create index ix_supplier_offers_variant ON storefront.supplier_offers (tenant_id, variant_id)",
    """
        create table storefront.wishlist_items (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            wishlist_id UUID NOT NULL,
            product_id TEXT NOT NULL,
            variant_id TEXT,
            channel TEXT,
            note TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_wishlist_items PRIMARY KEY (id),
            CONSTRAINT fk_wishlist_items_tenant_id_wishlist_id FOREIGN KEY(tenant_id, wishlist_id)
                REFERENCES storefront.wishlists (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT uq_wishlist_items_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_wishlist_items_newest ON storefront.wishlist_items (tenant_id, wishlist_id, created_at, id)",
    "create index ix_wishlist_items_product ON storefront.wishlist_items (tenant_id, product_id)",
    """
        create unique index uq_wishlist_items_product
            ON storefront.wishlist_items (tenant_id, wishlist_id, product_id, coalesce(variant_id, ''))
    """,
)


def upgrade() -> None:
    """Create everything."""
    op.execute("create extension if not exists vector schema public")
    for statement in DDL:
        op.execute(statement)
    for table in TABLES:
        protect("storefront", table)


def downgrade() -> None:
    """Drop the tables; the extension may serve others."""
    for table in reversed(TABLES):
        op.execute(f"drop table storefront.{table}")
