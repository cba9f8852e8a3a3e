"""Who belongs to the tenant, as identity tells; rules that give leads to several people in turn."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from resolvers.migrations import protect

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ACTION = "ck_stage_rules_action"
_IN_TURN = "ck_stage_rules_turn"


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("is_member", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_members_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "account_id", name="uq_members_account"),
        schema="crm",
    )
    protect("crm", "members")
    # Whoever has been given work is taken for a member: refusing what was taken before would help nobody.
    op.execute(
        "insert into crm.members (tenant_id, account_id, is_member, changed_at)"
        " select tenant_id, account_id, true, 'epoch' from ("
        " select tenant_id, assignee_id as account_id from crm.leads"
        " union select tenant_id, owner_id from crm.contacts"
        " union select tenant_id, assignee_id from crm.stage_rules"
        " union select tenant_id, actor_id from crm.activities) as known where account_id is not null"
    )
    op.add_column("stage_rules", sa.Column("assignee_ids", ARRAY(sa.Uuid()), nullable=True), schema="crm")
    op.add_column(
        "stage_rules", sa.Column("turn", sa.Integer(), server_default=sa.text("0"), nullable=False), schema="crm"
    )
    op.drop_constraint(_ACTION, "stage_rules", schema="crm")
    op.create_check_constraint(
        _ACTION, "stage_rules", "action IN ('create_task', 'assign', 'assign_in_turn', 'notify')", schema="crm"
    )
    op.create_check_constraint(
        _IN_TURN, "stage_rules", "(action = 'assign_in_turn') = (assignee_ids IS NOT NULL)", schema="crm"
    )


def downgrade() -> None:
    op.execute("delete from crm.stage_rules where action = 'assign_in_turn'")
    op.drop_constraint(_IN_TURN, "stage_rules", schema="crm")
    op.drop_constraint(_ACTION, "stage_rules", schema="crm")
    op.create_check_constraint(_ACTION, "stage_rules", "action IN ('create_task', 'assign', 'notify')", schema="crm")
    op.drop_column("stage_rules", "turn", schema="crm")
    op.drop_column("stage_rules", "assignee_ids", schema="crm")
    op.drop_table("members", schema="crm")
