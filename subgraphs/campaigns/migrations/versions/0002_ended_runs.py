"""Runs that ended before what they launch was written down."""

import sqlalchemy as sa
from alembic import op

from resolvers.migrations import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_runs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("error_code", sa.String(length=100), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ended_runs"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_ended_runs_tenant_id_id"),
        schema="campaigns",
    )
    protect("campaigns", "ended_runs")
    op.create_index(
        "ix_campaigns_run_id",
        "campaigns",
        ["tenant_id", "run_id"],
        schema="campaigns",
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_campaigns_run_id", "campaigns", schema="campaigns")
    op.drop_table("ended_runs", schema="campaigns")
