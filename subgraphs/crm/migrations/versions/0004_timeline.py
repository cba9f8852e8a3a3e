"""What happened elsewhere with a contact."""

import sqlalchemy as sa
from alembic import op

from resolvers.migrations import protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "timeline_entries",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("summary", sa.String(length=500), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('review', 'order')", name="ck_timeline_entries_kind"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["crm.contacts.tenant_id", "crm.contacts.id"],
            name="fk_timeline_entries_tenant_id_contact_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_timeline_entries"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_timeline_entries_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "contact_id", "event_id", name="uq_timeline_entries_event"),
        schema="crm",
    )
    op.create_index(
        "ix_timeline_entries_contact_id_at", "timeline_entries", ["tenant_id", "contact_id", "at", "id"], schema="crm"
    )
    op.create_index("ix_contacts_business_id", "contacts", ["tenant_id", "business_id", "id"], schema="crm")
    protect("crm", "timeline_entries")


def downgrade() -> None:
    op.drop_index("ix_contacts_business_id", "contacts", schema="crm")
    op.drop_table("timeline_entries", schema="crm")
