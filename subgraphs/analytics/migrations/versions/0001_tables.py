"""Facts, who appears in them, and what they come to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.migrations import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "facts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subjects", JSONB(), nullable=False),
        sa.Column("traits", JSONB(), nullable=False),
        sa.Column("values", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "event_id", name="pk_facts"),
        schema="analytics",
    )
    op.create_table(
        "appearances",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("traits", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "subject", "event", "at", "event_id", name="pk_appearances"),
        schema="analytics",
    )
    op.create_index("ix_appearances_event", "appearances", ["tenant_id", "kind", "event", "at"], schema="analytics")
    op.create_table(
        "rollups",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(collation="C"), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total", sa.Numeric(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "metric", "unit", "dimension", "value", "slot", name="pk_rollups"),
        schema="analytics",
    )
    op.create_index(
        "ix_rollups_slot", "rollups", ["tenant_id", "metric", "unit", "dimension", "slot"], schema="analytics"
    )
    for table in ("facts", "appearances", "rollups"):
        protect("analytics", table)


def downgrade() -> None:
    for table in ("rollups", "appearances", "facts"):
        op.drop_table(table, schema="analytics")
