"""Who wrote the arguments of an action that was edited: somebody else approves them where money is spent."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table agents.actions add column edited_by UUID")
    op.execute("update agents.actions set edited_by = decided_by where decision_kind = 'edit'")


def downgrade() -> None:
    op.execute("alter table agents.actions drop column edited_by")
