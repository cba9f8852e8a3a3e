"""Names of categories in several languages."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table directory.categories add column translations JSONB DEFAULT '{}' NOT NULL")


def downgrade() -> None:
    op.execute("alter table directory.categories drop column translations")
