"""Retries are found by the run that they try again."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create index ix_runs_retry_of on agents.runs (tenant_id, retry_of) where retry_of is not null")


def downgrade() -> None:
    op.execute("drop index agents.ix_runs_retry_of")
