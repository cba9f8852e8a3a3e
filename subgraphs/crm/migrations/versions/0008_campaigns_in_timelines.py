"""Timelines show campaigns."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NAME = "ck_timeline_entries_kind"


def upgrade() -> None:
    op.drop_constraint(_NAME, "timeline_entries", schema="crm")
    op.create_check_constraint(_NAME, "timeline_entries", "kind IN ('review', 'order', 'campaign')", schema="crm")


def downgrade() -> None:
    op.execute("delete from crm.timeline_entries where kind = 'campaign'")
    op.drop_constraint(_NAME, "timeline_entries", schema="crm")
    op.create_check_constraint(_NAME, "timeline_entries", "kind IN ('review', 'order')", schema="crm")
