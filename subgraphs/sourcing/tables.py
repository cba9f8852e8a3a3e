"""Tables of schema `sourcing`. Each is one tenant's rows only: row-level security is on and forced."""

from typing import Any, Final

from sqlalchemy import Boolean, Column, Index, Integer, Numeric, String, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.tables import context_metadata, enumeration, moment, tenant_reference, tenant_table
from subgraphs.sourcing.domain.candidates import CandidateStatus
from subgraphs.sourcing.domain.dropship import DropshipStatus
from subgraphs.sourcing.domain.supply import ChangeKind, ProposalStatus

__all__ = [
    "SCHEMA",
    "candidates",
    "changes",
    "dropship_orders",
    "evaluations",
    "metadata",
    "price_proposals",
    "settings",
]

SCHEMA: Final = "sourcing"

metadata = context_metadata(SCHEMA)


def _amount(name: str, *, nullable: bool = True) -> Column[Any]:
    return Column(name, Numeric(14, 4), nullable=nullable)


def _currency(name: str = "currency", *, nullable: bool = False) -> Column[Any]:
    return Column(name, String(3), nullable=nullable)


settings = tenant_table(
    metadata,
    "settings",
    _amount("min_margin_percent", nullable=False),
    _amount("max_change_percent", nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("tenant_id", name="uq_settings_tenant_id"),
)

candidates = tenant_table(
    metadata,
    "candidates",
    Column("asin", String(10), nullable=False),
    Column("marketplace_id", String(16), nullable=False),
    Column("title", String(500), nullable=False),
    Column("brand", String(200)),
    Column("image_url", String(1000)),
    Column("sales_rank", Integer),
    Column("rank_category", String(200)),
    enumeration("status", CandidateStatus),
    _currency(),
    _amount("unit_price"),
    _amount("shipping_price"),
    Column("in_stock", Boolean),
    Column("offer_count", Integer),
    moment("observed_at", nullable=True),
    moment("looked_at", nullable=True),
    Column("evaluation_id", Uuid),
    Column("margin_percent", Numeric(14, 2)),
    Column("validation_run_id", Uuid),
    Column("findings", JSONB, nullable=False),
    Column("note", String(500)),
    Column("decided_by", Uuid),
    moment("decided_at", nullable=True),
    Column("product_id", String(200)),
    Column("variant_id", String(200)),
    Column("sku", String(200)),
    _amount("selling_price"),
    _currency("selling_currency", nullable=True),
    moment("listed_at", nullable=True),
    _amount("approved_price"),
    Column("former_variant_id", String(200)),
    moment("delisted_at", nullable=True),
    Column("version", Integer, nullable=False),
    UniqueConstraint("tenant_id", "marketplace_id", "asin", name="uq_candidates_asin"),
)
Index("ix_candidates_created_at", candidates.c.tenant_id, candidates.c.created_at, candidates.c.id)
Index("ix_candidates_status", candidates.c.tenant_id, candidates.c.status, candidates.c.observed_at, candidates.c.id)
Index(
    "uq_candidates_variant",
    candidates.c.tenant_id,
    candidates.c.variant_id,
    unique=True,
    postgresql_where=text("variant_id is not null"),
)
Index(
    "ix_candidates_former_variant",
    candidates.c.tenant_id,
    candidates.c.former_variant_id,
    postgresql_where=text("former_variant_id is not null"),
)

evaluations = tenant_table(
    metadata,
    "evaluations",
    Column("candidate_id", Uuid, nullable=False),
    Column("inputs", JSONB, nullable=False),
    Column("costs", JSONB, nullable=False),
    Column("evaluated_by", Uuid),
    tenant_reference("candidate_id", "sourcing.candidates", ondelete="CASCADE"),
)
Index(
    "ix_evaluations_candidate",
    evaluations.c.tenant_id,
    evaluations.c.candidate_id,
    evaluations.c.created_at,
    evaluations.c.id,
)

changes = tenant_table(
    metadata,
    "changes",
    Column("candidate_id", Uuid, nullable=False),
    enumeration("kind", ChangeKind),
    _amount("before"),
    _amount("after"),
    _currency(nullable=True),
    tenant_reference("candidate_id", "sourcing.candidates", ondelete="CASCADE"),
)
Index("ix_changes_candidate", changes.c.tenant_id, changes.c.candidate_id, changes.c.created_at, changes.c.id)

price_proposals = tenant_table(
    metadata,
    "price_proposals",
    Column("candidate_id", Uuid, nullable=False),
    _amount("current_price", nullable=False),
    _amount("proposed_price"),
    _currency(),
    Column("reason", String(300), nullable=False),
    enumeration("status", ProposalStatus),
    Column("decided_by", Uuid),
    moment("decided_at", nullable=True),
    Column("version", Integer, nullable=False),
    tenant_reference("candidate_id", "sourcing.candidates", ondelete="CASCADE"),
)
Index(
    "ix_price_proposals_created_at",
    price_proposals.c.tenant_id,
    price_proposals.c.created_at,
    price_proposals.c.id,
)
# A candidate has one that waits, whatever runs at the same time.
Index(
    "uq_price_proposals_pending",
    price_proposals.c.tenant_id,
    price_proposals.c.candidate_id,
    unique=True,
    postgresql_where=text("status = 'pending'"),
)

dropship_orders = tenant_table(
    metadata,
    "dropship_orders",
    Column("candidate_id", Uuid, nullable=False),
    Column("order_id", String(200), nullable=False),
    Column("order_number", String(200), nullable=False),
    Column("line", Integer, nullable=False),
    Column("variant_id", String(200), nullable=False),
    Column("sku", String(200), nullable=False),
    Column("quantity", Integer, nullable=False),
    _amount("unit_cost"),
    _currency(),
    enumeration("status", DropshipStatus),
    Column("supplier_reference", String(100)),
    Column("carrier", String(100)),
    Column("tracking_number", String(100)),
    Column("tracking_url", String(1000)),
    Column("cancel_reason", String(300)),
    moment("placed_at"),
    moment("ordered_at", nullable=True),
    moment("shipped_at", nullable=True),
    moment("delivered_at", nullable=True),
    moment("cancelled_at", nullable=True),
    Column("version", Integer, nullable=False),
    # However often an order is told of, each of its lines is sent once.
    UniqueConstraint("tenant_id", "order_id", "line", name="uq_dropship_orders_line"),
    tenant_reference("candidate_id", "sourcing.candidates"),
)
Index(
    "ix_dropship_orders_created_at",
    dropship_orders.c.tenant_id,
    dropship_orders.c.created_at,
    dropship_orders.c.id,
)
