"""Contacts that are one person: how they are found, and which one each is now."""

import sqlalchemy as sa
from alembic import op

from resolvers.migrations import protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create extension if not exists pg_trgm schema public")
    op.execute(
        'alter table crm.contacts add column email_normal text collate "C" generated always as'
        " (lower(split_part(split_part(email, '@', 1), '+', 1) || '@' || split_part(email, '@', 2))) stored"
    )
    op.create_index("ix_contacts_email_normal", "contacts", ["tenant_id", "email_normal", "id"], schema="crm")
    op.create_table(
        "merged_contacts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email_key", sa.Text(collation="C"), nullable=True),
        sa.Column("merged_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "into_id"],
            ["crm.contacts.tenant_id", "crm.contacts.id"],
            name="fk_merged_contacts_tenant_id_into_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_merged_contacts"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_merged_contacts_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "from_id", name="uq_merged_contacts_from"),
        schema="crm",
    )
    op.create_index("ix_merged_contacts_email_key", "merged_contacts", ["tenant_id", "email_key", "id"], schema="crm")
    op.create_index("ix_merged_contacts_into_id", "merged_contacts", ["tenant_id", "into_id", "id"], schema="crm")
    protect("crm", "merged_contacts")


def downgrade() -> None:
    op.drop_table("merged_contacts", schema="crm")
    op.drop_index("ix_contacts_email_normal", "contacts", schema="crm")
    op.drop_column("contacts", "email_normal", schema="crm")
