"""When a candidate's supply was last asked for, whether the marketplace had an answer or not."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("candidates", sa.Column("looked_at", sa.DateTime(timezone=True)), schema="sourcing")


def downgrade() -> None:
    op.drop_column("candidates", "looked_at", schema="sourcing")
