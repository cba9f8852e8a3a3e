"""Who did what to whom: a log that the application can add to and read, and nothing else."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.migrations import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid()),
        sa.Column("actor_label", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid()),
        sa.Column("subject_label", sa.Text(), nullable=False),
        sa.Column("details", JSONB(), nullable=False),
        sa.Column("client", sa.Text()),
        sa.Column("request_id", sa.Text(), nullable=False),
        # Of the statement, not of the transaction: entries of one transaction have an order, too.
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["identity.tenants.id"], name="fk_audit_entries_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_audit_entries_tenant_id_id"),
        schema="identity",
    )
    for name, columns in {
        "created_at": ("created_at", "id"),
        "subject_id": ("subject_id", "created_at", "id"),
        "actor_id": ("actor_id", "created_at", "id"),
        "action": ("action", "created_at", "id"),
    }.items():
        op.create_index(f"ix_audit_entries_{name}", "audit_entries", ["tenant_id", *columns], schema="identity")
    protect("identity", "audit_entries")
    op.execute("revoke update, delete, truncate on identity.audit_entries from identity_app")


def downgrade() -> None:
    op.drop_table("audit_entries", schema="identity")
