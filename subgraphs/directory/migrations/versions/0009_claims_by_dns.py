"""Claims are proved by a record of the domain, too."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_CHECK = "ck_business_claims_method"
_METHODS = "'email', 'phone', 'website', 'document', 'transfer'"


def upgrade() -> None:
    op.drop_constraint(_CHECK, "business_claims", schema="directory")
    op.create_check_constraint(_CHECK, "business_claims", f"method IN ({_METHODS}, 'dns')", schema="directory")


def downgrade() -> None:
    op.execute("delete from directory.business_claims where method = 'dns'")
    op.drop_constraint(_CHECK, "business_claims", schema="directory")
    op.create_check_constraint(_CHECK, "business_claims", f"method IN ({_METHODS})", schema="directory")
