"""Listings, categories, opening hours, reviews, embeddings."""

from alembic import op

from resolvers.migrations import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EXTENSIONS = ("cube", "earthdistance", "pg_trgm", "unaccent", "vector")
LANGUAGES = ("dutch", "english", "french", "german", "italian", "portuguese", "spanish")
TABLES = ("categories", "businesses", "opening_intervals", "reviews", "business_embeddings")

DDL = (
    """
        create table directory.categories (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            parent_id UUID,
            slug TEXT NOT NULL,
            name TEXT NOT NULL,
            description TEXT DEFAULT '' NOT NULL,
            sort INTEGER DEFAULT '0' NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_categories PRIMARY KEY (id),
            CONSTRAINT fk_categories_tenant_id_parent_id FOREIGN KEY(tenant_id, parent_id)
                REFERENCES directory.categories (tenant_id, id) ON DELETE RESTRICT,
            CONSTRAINT uq_categories_tenant_id_slug UNIQUE (tenant_id, slug),
            CONSTRAINT ck_categories_not_its_own_parent CHECK (parent_id <> id),
            CONSTRAINT uq_categories_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_categories_parent ON directory.categories (tenant_id, parent_id)",
    """
        create table directory.businesses (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            category_id UUID NOT NULL,
            owner_id UUID,
            name TEXT NOT NULL,
            folded_name TEXT NOT NULL,
            slug TEXT NOT NULL,
            description TEXT NOT NULL,
            keywords TEXT[] NOT NULL,
            language TEXT NOT NULL,
            phone TEXT,
            website TEXT,
            street TEXT NOT NULL,
            postal_code TEXT NOT NULL,
            city TEXT NOT NULL,
            country_code TEXT NOT NULL,
            latitude DOUBLE PRECISION NOT NULL,
            longitude DOUBLE PRECISION NOT NULL,
            position public.cube GENERATED ALWAYS AS (public.ll_to_earth(latitude, longitude))
                STORED NOT NULL,
            time_zone TEXT NOT NULL,
            rating_count INTEGER DEFAULT '0' NOT NULL,
            rating_sum INTEGER DEFAULT '0' NOT NULL,
            rating DOUBLE PRECISION GENERATED ALWAYS AS (rating_sum::float8 / greatest(rating_count, 1))
                STORED NOT NULL,
            version INTEGER DEFAULT '1' NOT NULL,
            search TSVECTOR NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_businesses PRIMARY KEY (id),
            CONSTRAINT fk_businesses_tenant_id_category_id FOREIGN KEY(tenant_id, category_id)
                REFERENCES directory.categories (tenant_id, id) ON DELETE RESTRICT,
            CONSTRAINT uq_businesses_tenant_id_slug UNIQUE (tenant_id, slug),
            CONSTRAINT ck_businesses_latitude CHECK (latitude between -90 and 90),
            CONSTRAINT ck_businesses_longitude CHECK (longitude between -180 and 180),
            CONSTRAINT ck_businesses_rating CHECK (rating_sum between rating_count and 5 * rating_count),
            CONSTRAINT uq_businesses_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_businesses_category ON directory.businesses (tenant_id, category_id)",
    "create index ix_businesses_created ON directory.businesses (tenant_id, created_at, id)",
    "create index ix_businesses_name ON directory.businesses (tenant_id, folded_name, id)",
    "create index ix_businesses_owner ON directory.businesses (tenant_id, owner_id)",
    "create index ix_businesses_place ON directory.businesses (tenant_id, latitude, longitude)",
    "create index ix_businesses_position ON directory.businesses USING gist (position)",
    "create index ix_businesses_rating ON directory.businesses (tenant_id, rating, id)",
    """
        create table directory.business_embeddings (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            business_id UUID NOT NULL,
            model_id TEXT NOT NULL,
            content_sha256 TEXT NOT NULL,
            embedding public.vector(384) NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_business_embeddings PRIMARY KEY (id),
            CONSTRAINT fk_business_embeddings_tenant_id_business_id FOREIGN KEY(tenant_id, business_id)
                REFERENCES directory.businesses (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT uq_business_embeddings_tenant_id_business_id_model_id UNIQUE (tenant_id, business_id, model_id),
            CONSTRAINT uq_business_embeddings_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create index ix_business_embeddings_nearest ON directory.business_embeddings
            USING hnsw (embedding public.vector_cosine_ops)
    """,
    """
        create table directory.opening_intervals (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            business_id UUID NOT NULL,
            start_minute SMALLINT NOT NULL,
            length_minutes SMALLINT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_opening_intervals PRIMARY KEY (id),
            CONSTRAINT fk_opening_intervals_tenant_id_business_id FOREIGN KEY(tenant_id, business_id)
                REFERENCES directory.businesses (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT uq_opening_intervals_tenant_id_business_id_start_minute
                UNIQUE (tenant_id, business_id, start_minute),
            CONSTRAINT ck_opening_intervals_start CHECK (start_minute between 0 and 10079),
            CONSTRAINT ck_opening_intervals_length CHECK (length_minutes between 1 and 1440),
            CONSTRAINT uq_opening_intervals_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    """
        create table directory.reviews (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            business_id UUID NOT NULL,
            author_id UUID NOT NULL,
            rating SMALLINT NOT NULL,
            title TEXT NOT NULL,
            body TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_reviews PRIMARY KEY (id),
            CONSTRAINT fk_reviews_tenant_id_business_id FOREIGN KEY(tenant_id, business_id)
                REFERENCES directory.businesses (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT uq_reviews_tenant_id_business_id_author_id UNIQUE (tenant_id, business_id, author_id),
            CONSTRAINT ck_reviews_rating CHECK (rating between 1 and 5),
            CONSTRAINT uq_reviews_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_reviews_author ON directory.reviews (tenant_id, author_id)",
    "create index ix_reviews_newest ON directory.reviews (tenant_id, business_id, created_at, id)",
)


def upgrade() -> None:
    """Create everything."""
    for extension in EXTENSIONS:
        op.execute(f"create extension if not exists {extension} schema public")
    # Text search that ignores accents: a query typed without them finds the word written with them.
    for language in LANGUAGES:
        op.execute(f"create text search configuration directory.{language} (copy = pg_catalog.{language})")
        op.execute(
            f"alter text search configuration directory.{language} "
            f"alter mapping for hword, hword_part, word with public.unaccent, pg_catalog.{language}_stem"
        )
    op.execute("create text search configuration directory.simple (copy = pg_catalog.simple)")
    op.execute(
        "alter text search configuration directory.simple "
        "alter mapping for hword, hword_part, word with public.unaccent, pg_catalog.simple"
    )
    for statement in DDL:
        op.execute(statement)
    for table in TABLES:
        protect("directory", table)


def downgrade() -> None:
    """Drop the tables; the extensions may serve others."""
    for table in reversed(TABLES):
        op.execute(f"drop table directory.{table}")
    for language in (*LANGUAGES, "simple"):
        op.execute(f"drop text search configuration directory.{language}")
