"""Whose rights a run has, also where a schedule started it: as it was when the run was opened."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# What is under way was opened with the rights of who had written its schedule; that is known of schedules that remain.
KNOWN = """
    update agents.runs r set answered_for_by = coalesce(
        r.requested_by,
        (select s.changed_by from agents.schedules s where s.tenant_id = r.tenant_id and s.id = r.schedule_id)
    )
"""


def upgrade() -> None:
    op.execute("alter table agents.runs add column answered_for_by UUID")
    op.execute(KNOWN)


def downgrade() -> None:
    op.execute("alter table agents.runs drop column answered_for_by")
