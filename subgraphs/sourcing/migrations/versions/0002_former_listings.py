"""Which price a person has agreed to, and as what a candidate was sold before it was delisted."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NEW = (
    sa.Column("approved_price", sa.Numeric(14, 4)),
    sa.Column("former_variant_id", sa.String(200)),
    sa.Column("delisted_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    for column in _NEW:
        op.add_column("candidates", column, schema="sourcing")
    op.create_index(
        "ix_candidates_former_variant",
        "candidates",
        ["tenant_id", "former_variant_id"],
        schema="sourcing",
        postgresql_where=sa.text("former_variant_id is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_candidates_former_variant", "candidates", schema="sourcing")
    for column in _NEW:
        op.drop_column("candidates", column.name, schema="sourcing")
