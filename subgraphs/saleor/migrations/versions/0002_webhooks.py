"""What a shop signs its webhooks with."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "alter table saleor.shops add column webhook_secret text not null"
        " default (gen_random_uuid()::text || gen_random_uuid()::text)"
    )


def downgrade() -> None:
    op.drop_column("shops", "webhook_secret", schema="saleor")
