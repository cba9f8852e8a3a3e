"""What happens by itself when a lead enters a stage."""

import sqlalchemy as sa
from alembic import op

from resolvers.migrations import protect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stage_rules",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("stage_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=True),
        sa.Column("due_in_days", sa.SmallInteger(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(action = 'assign') = (assignee_id IS NOT NULL)", name="ck_stage_rules_assign"),
        sa.CheckConstraint("(action = 'create_task') = (subject IS NOT NULL)", name="ck_stage_rules_task"),
        sa.CheckConstraint("action IN ('create_task', 'assign', 'notify')", name="ck_stage_rules_action"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "stage_id"],
            ["crm.stages.tenant_id", "crm.stages.id"],
            name="fk_stage_rules_tenant_id_stage_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_stage_rules"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_stage_rules_tenant_id_id"),
        schema="crm",
    )
    op.create_index(
        "ix_stage_rules_stage_id_created_at", "stage_rules", ["tenant_id", "stage_id", "created_at", "id"], schema="crm"
    )
    protect("crm", "stage_rules")


def downgrade() -> None:
    op.drop_table("stage_rules", schema="crm")
