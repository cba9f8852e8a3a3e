"""The tables of sourcing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from resolvers.migrations import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_AMOUNT = sa.Numeric(14, 4)
_NOW = sa.text("now()")


def _table(name: str, *items: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        *items,
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("tenant_id", "id", name=f"uq_{name}_tenant_id_id"),
        schema="sourcing",
    )
    protect("sourcing", name)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _amount(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, _AMOUNT, nullable=nullable)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _one_of(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"ck_{table}_{column}")


def _candidate(table: str, ondelete: str | None = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "candidate_id"],
        ["sourcing.candidates.tenant_id", "sourcing.candidates.id"],
        name=f"fk_{table}_tenant_id_candidate_id",
        ondelete=ondelete,
    )


def upgrade() -> None:
    _table(
        "settings",
        _amount("min_margin_percent", nullable=False),
        _amount("max_change_percent", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.UniqueConstraint("tenant_id", name="uq_settings_tenant_id"),
    )
    _table(
        "candidates",
        _text("asin", 10),
        _text("marketplace_id", 16),
        _text("title", 500),
        _text("brand", 200, nullable=True),
        _text("image_url", 1000, nullable=True),
        sa.Column("sales_rank", sa.Integer()),
        _text("rank_category", 200, nullable=True),
        _text("status", 16),
        _text("currency", 3),
        _amount("unit_price"),
        _amount("shipping_price"),
        sa.Column("in_stock", sa.Boolean()),
        sa.Column("offer_count", sa.Integer()),
        _moment("observed_at"),
        sa.Column("evaluation_id", sa.Uuid()),
        sa.Column("margin_percent", sa.Numeric(14, 2)),
        sa.Column("validation_run_id", sa.Uuid()),
        sa.Column("findings", postgresql.JSONB(), nullable=False),
        _text("note", 500, nullable=True),
        sa.Column("decided_by", sa.Uuid()),
        _moment("decided_at"),
        _text("product_id", 200, nullable=True),
        _text("variant_id", 200, nullable=True),
        _text("sku", 200, nullable=True),
        _amount("selling_price"),
        _text("selling_currency", 3, nullable=True),
        _moment("listed_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        _one_of("candidates", "status", "found", "evaluated", "validating", "approved", "rejected", "listed"),
        sa.UniqueConstraint("tenant_id", "marketplace_id", "asin", name="uq_candidates_asin"),
    )
    op.create_index("ix_candidates_created_at", "candidates", ["tenant_id", "created_at", "id"], schema="sourcing")
    op.create_index(
        "ix_candidates_status", "candidates", ["tenant_id", "status", "observed_at", "id"], schema="sourcing"
    )
    op.create_index(
        "uq_candidates_variant",
        "candidates",
        ["tenant_id", "variant_id"],
        unique=True,
        schema="sourcing",
        postgresql_where=sa.text("variant_id is not null"),
    )
    _table(
        "evaluations",
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(), nullable=False),
        sa.Column("costs", postgresql.JSONB(), nullable=False),
        sa.Column("evaluated_by", sa.Uuid()),
        _candidate("evaluations"),
    )
    _table(
        "changes",
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        _text("kind", 16),
        _amount("before"),
        _amount("after"),
        _text("currency", 3, nullable=True),
        _one_of("changes", "kind", "supply_price", "stock", "selling_price"),
        _candidate("changes"),
    )
    for name in ("evaluations", "changes"):
        columns = ["tenant_id", "candidate_id", "created_at", "id"]
        op.create_index(f"ix_{name}_candidate", name, columns, schema="sourcing")
    _table(
        "price_proposals",
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        _amount("current_price", nullable=False),
        _amount("proposed_price"),
        _text("currency", 3),
        _text("reason", 300),
        _text("status", 16),
        sa.Column("decided_by", sa.Uuid()),
        _moment("decided_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        _one_of("price_proposals", "status", "pending", "approved", "rejected", "superseded"),
        _candidate("price_proposals"),
    )
    op.create_index(
        "uq_price_proposals_pending",
        "price_proposals",
        ["tenant_id", "candidate_id"],
        unique=True,
        schema="sourcing",
        postgresql_where=sa.text("status = 'pending'"),
    )
    _table(
        "dropship_orders",
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        _text("order_id", 200),
        _text("order_number", 200),
        sa.Column("line", sa.Integer(), nullable=False),
        _text("variant_id", 200),
        _text("sku", 200),
        sa.Column("quantity", sa.Integer(), nullable=False),
        _amount("unit_cost"),
        _text("currency", 3),
        _text("status", 16),
        _text("supplier_reference", 100, nullable=True),
        _text("carrier", 100, nullable=True),
        _text("tracking_number", 100, nullable=True),
        _text("tracking_url", 1000, nullable=True),
        _text("cancel_reason", 300, nullable=True),
        _moment("placed_at", nullable=False),
        _moment("ordered_at"),
        _moment("shipped_at"),
        _moment("delivered_at"),
        _moment("cancelled_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        _one_of("dropship_orders", "status", "pending", "ordered", "shipped", "delivered", "cancelled"),
        sa.UniqueConstraint("tenant_id", "order_id", "line", name="uq_dropship_orders_line"),
        _candidate("dropship_orders", None),
    )
    for name in ("price_proposals", "dropship_orders"):
        op.create_index(f"ix_{name}_created_at", name, ["tenant_id", "created_at", "id"], schema="sourcing")


def downgrade() -> None:
    for name in ("dropship_orders", "price_proposals", "changes", "evaluations", "candidates", "settings"):
        op.drop_table(name, schema="sourcing")
