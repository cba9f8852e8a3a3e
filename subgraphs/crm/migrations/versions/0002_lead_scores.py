"""Scores of leads, with reasons and who judged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from resolvers.migrations import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lead_scores",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("engine", sa.String(length=16), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("value BETWEEN 0 AND 100", name="ck_lead_scores_value"),
        sa.CheckConstraint("(engine = 'person') = (run_id IS NULL)", name="ck_lead_scores_run"),
        sa.CheckConstraint("(engine = 'llm') = (model IS NOT NULL)", name="ck_lead_scores_model"),
        sa.CheckConstraint("engine IN ('person', 'llm', 'playbook')", name="ck_lead_scores_engine"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lead_id"],
            ["crm.leads.tenant_id", "crm.leads.id"],
            name="fk_lead_scores_tenant_id_lead_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_lead_scores"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_lead_scores_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "lead_id", "run_id", name="uq_lead_scores_run"),
        schema="crm",
    )
    op.create_index(
        "ix_lead_scores_lead_id_scored_at", "lead_scores", ["tenant_id", "lead_id", "scored_at", "id"], schema="crm"
    )
    protect("crm", "lead_scores")


def downgrade() -> None:
    op.drop_table("lead_scores", schema="crm")
