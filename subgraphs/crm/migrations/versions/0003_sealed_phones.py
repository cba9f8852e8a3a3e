"""Phone numbers are sealed: what is stored is longer than what was typed."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("leads", "contacts"):
        op.execute(f"alter table crm.{table} alter column phone type text")
