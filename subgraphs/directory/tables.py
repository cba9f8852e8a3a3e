"""Tables of the directory. All are tenant-scoped and under row-level security.

The extensions live in the schema ``public``. Under row-level security PostgreSQL uses an index for a condition only
if its operator is *leakproof*, which those of full text, ``cube`` and ``vector`` are not; it does use them for an ORDER
BY. Hence the GiST index serves distance ordering and the HNSW index nearest vectors, while radius and bounding-box
searches narrow down by the plain index on latitude and longitude first, and text search looks at the tenant's rows.
"""

from __future__ import annotations

from typing import Any

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.types import UserDefinedType

from resolvers.tables import context_metadata, enumeration, moment, tenant_reference, tenant_table
from subgraphs.directory.domain.claims import ClaimAction, ClaimMethod, ClaimState
from subgraphs.directory.domain.moderation import ModerationDecision, ReportReason
from subgraphs.directory.domain.photos import PhotoSize

DIMENSIONS = 384


class Cube(UserDefinedType[str]):
    """A point in the three-dimensional space of ``earthdistance``; never read by Python."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "public.cube"


metadata = context_metadata("directory")

categories = tenant_table(
    metadata,
    "categories",
    Column("parent_id", Uuid),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("sort", Integer, nullable=False, server_default="0"),
    Column("translations", JSONB, nullable=False, server_default="{}"),
    tenant_reference("parent_id", "directory.categories", ondelete="RESTRICT"),
    UniqueConstraint("tenant_id", "slug"),
    CheckConstraint("parent_id <> id", "not_its_own_parent"),
    Index("ix_categories_parent", "tenant_id", "parent_id"),
)

businesses = tenant_table(
    metadata,
    "businesses",
    Column("category_id", Uuid, nullable=False),
    Column("owner_id", Uuid),
    moment("verified_at", nullable=True),
    Column("name", Text, nullable=False),
    Column("folded_name", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("keywords", ARRAY(Text), nullable=False),
    Column("language", Text, nullable=False),
    Column("price_level", SmallInteger),
    Column("attributes", ARRAY(Text), nullable=False, server_default="{}"),
    Column("phone", Text),
    Column("website", Text),
    Column("street", Text, nullable=False),
    Column("postal_code", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("country_code", Text, nullable=False),
    Column("latitude", Double, nullable=False),
    Column("longitude", Double, nullable=False),
    Column("position", Cube, Computed("public.ll_to_earth(latitude, longitude)", persisted=True), nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("rating_count", Integer, nullable=False, server_default="0"),
    Column("rating_sum", Integer, nullable=False, server_default="0"),
    Column(
        "rating",
        Double,
        Computed("rating_sum::float8 / greatest(rating_count, 1)", persisted=True),
        nullable=False,
    ),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("search", TSVECTOR, nullable=False),
    tenant_reference("category_id", "directory.categories", ondelete="RESTRICT"),
    UniqueConstraint("tenant_id", "slug"),
    CheckConstraint("verified_at is null or owner_id is not null", "verified"),
    CheckConstraint("price_level between 1 and 4", "price"),
    CheckConstraint("latitude between -90 and 90", "latitude"),
    CheckConstraint("longitude between -180 and 180", "longitude"),
    CheckConstraint("rating_sum between rating_count and 5 * rating_count", "rating"),
    Index("ix_businesses_category", "tenant_id", "category_id"),
    Index("ix_businesses_name", "tenant_id", "folded_name", "id"),
    Index("ix_businesses_rating", "tenant_id", "rating", "id"),
    Index("ix_businesses_place", "tenant_id", "latitude", "longitude"),
    Index("ix_businesses_owner", "tenant_id", "owner_id"),
    Index("ix_businesses_position", "position", postgresql_using="gist"),
)
Index("ix_businesses_created", businesses.c.tenant_id, businesses.c.created_at, businesses.c.id)

opening_intervals = tenant_table(
    metadata,
    "opening_intervals",
    Column("business_id", Uuid, nullable=False),
    Column("start_minute", SmallInteger, nullable=False),
    Column("length_minutes", SmallInteger, nullable=False),
    tenant_reference("business_id", "directory.businesses", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "business_id", "start_minute"),
    CheckConstraint("start_minute between 0 and 10079", "start"),
    CheckConstraint("length_minutes between 1 and 1440", "length"),
)

opening_exceptions = tenant_table(
    metadata,
    "opening_exceptions",
    Column("business_id", Uuid, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("yearly", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("start_minutes", ARRAY(SmallInteger), nullable=False),
    Column("length_minutes", ARRAY(SmallInteger), nullable=False),
    tenant_reference("business_id", "directory.businesses", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "business_id", "yearly", "first_day"),
    CheckConstraint("last_day between first_day and first_day + 365", "days"),
    CheckConstraint("cardinality(start_minutes) = cardinality(length_minutes)", "minutes"),
)
"""Other hours on some days: of each interval that begins on them, the minute of the day and the length."""

reviews = tenant_table(
    metadata,
    "reviews",
    Column("business_id", Uuid, nullable=False),
    Column("author_id", Uuid, nullable=False),
    Column("rating", SmallInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("hidden_at", DateTime(timezone=True)),
    Column("hidden_by", Uuid),
    Column("hidden_reason", Text),
    tenant_reference("business_id", "directory.businesses", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "business_id", "author_id"),
    CheckConstraint("rating between 1 and 5", "rating"),
    CheckConstraint("(hidden_at is null) = (hidden_by is null)", "hidden"),
    CheckConstraint("(hidden_at is null) = (hidden_reason is null)", "hidden_reason"),
    Index("ix_reviews_author", "tenant_id", "author_id"),
)
Index("ix_reviews_newest", reviews.c.tenant_id, reviews.c.business_id, reviews.c.created_at, reviews.c.id)

review_reports = tenant_table(
    metadata,
    "review_reports",
    Column("review_id", Uuid, nullable=False),
    Column("reporter_id", Uuid, nullable=False),
    enumeration("reason", ReportReason),
    Column("note", Text, nullable=False),
    enumeration("decision", ModerationDecision, nullable=True),
    Column("decided_at", DateTime(timezone=True)),
    tenant_reference("review_id", "directory.reviews", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "review_id", "reporter_id"),
    CheckConstraint("(decision is null) = (decided_at is null)", "decided"),
)
Index(
    "ix_review_reports_open",
    *(review_reports.c[name] for name in ("tenant_id", "created_at", "id")),
    postgresql_where=review_reports.c.decided_at.is_(None),
)

review_responses = tenant_table(
    metadata,
    "review_responses",
    Column("review_id", Uuid, nullable=False),
    Column("text", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("model", Text),
    Column("run_id", Uuid),
    Column("user_id", Uuid),
    Column("published_at", DateTime(timezone=True)),
    tenant_reference("review_id", "directory.reviews", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "review_id"),
    CheckConstraint("engine in ('person', 'llm', 'playbook')", "engine"),
    CheckConstraint("(engine = 'person') = (run_id is null)", "run"),
    CheckConstraint("(engine = 'llm') = (model is not null)", "model"),
)
"""What the business says to a review; a draft until `published_at`. `engine` and `run_id` tell who wrote the text."""

photos = tenant_table(
    metadata,
    "photos",
    Column("business_id", Uuid, nullable=False),
    Column("position", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("alt_text", Text, nullable=False),
    Column("uploaded_by", Uuid),
    Column("hidden_at", DateTime(timezone=True)),
    Column("hidden_by", Uuid),
    Column("hidden_reason", Text),
    tenant_reference("business_id", "directory.businesses", ondelete="CASCADE"),
    CheckConstraint("(hidden_at is null) = (hidden_by is null)", "hidden"),
    CheckConstraint("(hidden_at is null) = (hidden_reason is null)", "hidden_reason"),
)
"""Photos of businesses. `key` is a part of their address; it changes when they are hidden."""
Index("ix_photos_business", *(photos.c[name] for name in ("tenant_id", "business_id", "position", "id")))

photo_files = tenant_table(
    metadata,
    "photo_files",
    Column("photo_id", Uuid, nullable=False),
    enumeration("size", PhotoSize),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    tenant_reference("photo_id", "directory.photos", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "photo_id", "size"),
    CheckConstraint("octet_length(content) between 1 and 8000000", "content"),
)
"""What is shown of a photo (WebP), a row for each size; goes with it."""

business_embeddings = tenant_table(
    metadata,
    "business_embeddings",
    Column("business_id", Uuid, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("embedding", VECTOR(DIMENSIONS), nullable=False),
    tenant_reference("business_id", "directory.businesses", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "business_id", "model_id"),
    Index(
        "ix_business_embeddings_nearest",
        "embedding",
        postgresql_using="hnsw",
        postgresql_ops={"embedding": "public.vector_cosine_ops"},
    ),
)
"""One vector per listing and model; the hash is of the text it was computed from."""

business_claims = tenant_table(
    metadata,
    "business_claims",
    Column("business_id", Uuid, nullable=False),
    Column("claimant_id", Uuid, nullable=False),
    enumeration("method", ClaimMethod),
    enumeration("state", ClaimState),
    Column("address", Text),
    Column("code_hash", Text),
    moment("code_expires_at", nullable=True),
    Column("sends", SmallInteger, nullable=False, server_default="0"),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("token", Text),
    Column("statement", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    moment("expires_at"),
    moment("decided_at", nullable=True),
    tenant_reference("business_id", "directory.businesses", ondelete="CASCADE"),
    CheckConstraint("(state = 'pending') = (decided_at is null)", "decided"),
    CheckConstraint("code_hash is null or state = 'pending'", "code"),
    Index(
        "uq_business_claims_pending",
        "tenant_id",
        "business_id",
        "claimant_id",
        unique=True,
        postgresql_where=text("state = 'pending'"),
    ),
    Index(
        "uq_business_claims_verified",
        "tenant_id",
        "business_id",
        unique=True,
        postgresql_where=text("state = 'verified'"),
    ),
)
"""Claims of listings. `code_hash` and `token` are what proves one; the code itself is nowhere."""
Index("ix_business_claims_newest", *(business_claims.c[name] for name in ("tenant_id", "created_at", "id")))
Index("ix_business_claims_claimant", *(business_claims.c[name] for name in ("tenant_id", "claimant_id", "created_at")))

business_claim_notes = tenant_table(
    metadata,
    "business_claim_notes",
    Column("claim_id", Uuid, nullable=False),
    enumeration("action", ClaimAction),
    Column("actor_id", Uuid),
    Column("note", Text, nullable=False),
    tenant_reference("claim_id", "directory.business_claims", ondelete="CASCADE"),
)
"""What was done about a claim, by whom; only ever added to."""
Index(
    "ix_business_claim_notes_claim",
    *(business_claim_notes.c[name] for name in ("tenant_id", "claim_id", "created_at", "id")),
)
