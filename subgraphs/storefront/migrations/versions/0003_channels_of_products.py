"""In which channels a shop shows a product."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("product_profiles", sa.Column("channels", ARRAY(sa.Text)), schema="storefront")


def downgrade() -> None:
    op.drop_column("product_profiles", "channels", schema="storefront")
