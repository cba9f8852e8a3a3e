"""What people are shown of their log-ins: how, from where, when last."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("method", sa.Text(), server_default="password", nullable=False),
        sa.Column("client", sa.Text()),
        sa.Column("last_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ):
        op.add_column("login_sessions", column, schema="identity")
    op.create_check_constraint(
        "ck_login_sessions_method",
        "login_sessions",
        "method in ('password', 'invitation', 'single_sign_on')",
        schema="identity",
    )
    columns = ["tenant_id", "user_id", "created_at", "id"]
    op.create_index("ix_login_sessions_user_id_created_at", "login_sessions", columns, schema="identity")
    op.drop_index("ix_login_sessions_tenant_id_user_id", "login_sessions", schema="identity")


def downgrade() -> None:
    columns = ["tenant_id", "user_id"]
    op.create_index("ix_login_sessions_tenant_id_user_id", "login_sessions", columns, schema="identity")
    op.drop_index("ix_login_sessions_user_id_created_at", "login_sessions", schema="identity")
    for column in ("last_used_at", "client", "method"):
        op.drop_column("login_sessions", column, schema="identity")
