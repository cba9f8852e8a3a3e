"""Price level and attributes of listings."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        alter table directory.businesses
            add column price_level SMALLINT,
            add column attributes TEXT[] DEFAULT '{}' NOT NULL,
            add constraint ck_businesses_price check (price_level between 1 and 4)
        """
    )


def downgrade() -> None:
    op.execute("alter table directory.businesses drop column price_level, drop column attributes")
