"""People, segments, campaigns with their variants, messages and what came of them."""

import sqlalchemy as sa
from alembic import op

from resolvers.migrations import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), sa.Computed("lower(name)", persisted=True), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_key", sa.Text(collation="C"), sa.Computed("lower(email)", persisted=True), nullable=True),
        sa.Column("company", sa.String(length=200), nullable=True),
        sa.Column("job_title", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_people_tenant_id_id"),
        schema="campaigns",
    )
    op.create_index("ix_people_email_key", "people", ["tenant_id", "email_key", "id"], unique=False, schema="campaigns")
    op.create_index("ix_people_name_key", "people", ["tenant_id", "name_key", "id"], unique=False, schema="campaigns")
    protect("campaigns", "people")
    op.create_table(
        "purchases",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.String(length=200), nullable=False),
        sa.Column("email_key", sa.Text(collation="C"), nullable=False),
        sa.Column("total", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_purchases"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_purchases_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "order_id", name="uq_purchases_order"),
        schema="campaigns",
    )
    op.create_index(
        "ix_purchases_email_key_placed_at",
        "purchases",
        ["tenant_id", "email_key", "placed_at", "id"],
        unique=False,
        schema="campaigns",
    )
    protect("campaigns", "purchases")
    op.create_table(
        "segments",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), sa.Computed("lower(name)", persisted=True), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_segments_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "name_key", name="uq_segments_name"),
        schema="campaigns",
    )
    op.create_index(
        "ix_segments_created_at", "segments", ["tenant_id", "created_at", "id"], unique=False, schema="campaigns"
    )
    protect("campaigns", "segments")
    op.create_table(
        "suppressions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("address_key", sa.Text(collation="C"), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("channel IN ('email', 'sms')", name="ck_suppressions_channel"),
        sa.CheckConstraint(
            "reason IN ('delivered', 'opened', 'clicked', 'bounced', 'complained', 'unsubscribed', 'converted')",
            name="ck_suppressions_reason",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_suppressions"),
        sa.UniqueConstraint("tenant_id", "channel", "address_key", name="uq_suppressions_address"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_suppressions_tenant_id_id"),
        schema="campaigns",
    )
    protect("campaigns", "suppressions")
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), sa.Computed("lower(name)", persisted=True), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("segment_id", sa.Uuid(), nullable=True),
        sa.Column("sender", sa.String(length=254), nullable=True),
        sa.Column("unsubscribe_url", sa.String(length=500), nullable=True),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("conversion_days", sa.SmallInteger(), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("failure_code", sa.String(length=100), nullable=True),
        sa.Column("failure", sa.String(length=500), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(status = 'failed') = (failure_code IS NOT NULL)", name="ck_campaigns_failed"),
        sa.CheckConstraint("channel IN ('email', 'sms')", name="ck_campaigns_channel"),
        sa.CheckConstraint(
            "status IN ('draft', 'planned', 'waiting', 'scheduled', 'running', 'finished', 'cancelled', 'failed')",
            name="ck_campaigns_status",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "segment_id"],
            ["campaigns.segments.tenant_id", "campaigns.segments.id"],
            name="fk_campaigns_tenant_id_segment_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_campaigns_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "name_key", name="uq_campaigns_name"),
        schema="campaigns",
    )
    op.create_index(
        "ix_campaigns_created_at", "campaigns", ["tenant_id", "created_at", "id"], unique=False, schema="campaigns"
    )
    op.create_index(
        "ix_campaigns_segment_id", "campaigns", ["tenant_id", "segment_id", "id"], unique=False, schema="campaigns"
    )
    op.create_index(
        "ix_campaigns_status_created_at",
        "campaigns",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="campaigns",
    )
    protect("campaigns", "campaigns")
    op.create_table(
        "variants",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), sa.Computed("lower(name)", persisted=True), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.campaigns.tenant_id", "campaigns.campaigns.id"],
            name="fk_variants_tenant_id_campaign_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_variants"),
        sa.UniqueConstraint("tenant_id", "campaign_id", "name_key", name="uq_variants_name"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_variants_tenant_id_id"),
        schema="campaigns",
    )
    op.create_index(
        "ix_variants_campaign_id_created_at",
        "variants",
        ["tenant_id", "campaign_id", "created_at", "id"],
        unique=False,
        schema="campaigns",
    )
    protect("campaigns", "variants")
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=True),
        sa.Column("address_key", sa.Text(collation="C"), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("reference", sa.String(length=200), nullable=True),
        sa.Column("failure", sa.String(length=100), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="ck_messages_sent"),
        sa.CheckConstraint(
            "status IN ('queued', 'claimed', 'sent', 'failed', 'unknown', 'skipped')", name="ck_messages_status"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.campaigns.tenant_id", "campaigns.campaigns.id"],
            name="fk_messages_tenant_id_campaign_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "variant_id"],
            ["campaigns.variants.tenant_id", "campaigns.variants.id"],
            name="fk_messages_tenant_id_variant_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("tenant_id", "campaign_id", "address_key", name="uq_messages_address"),
        sa.UniqueConstraint("tenant_id", "campaign_id", "contact_id", name="uq_messages_contact"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_messages_tenant_id_id"),
        schema="campaigns",
    )
    op.create_index(
        "ix_messages_address_key_sent_at",
        "messages",
        ["tenant_id", "address_key", "sent_at", "id"],
        unique=False,
        schema="campaigns",
    )
    op.create_index(
        "ix_messages_campaign_id_created_at",
        "messages",
        ["tenant_id", "campaign_id", "created_at", "id"],
        unique=False,
        schema="campaigns",
    )
    op.create_index(
        "ix_messages_campaign_id_status",
        "messages",
        ["tenant_id", "campaign_id", "status", "id"],
        unique=False,
        schema="campaigns",
    )
    op.create_index(
        "ix_messages_reference",
        "messages",
        ["tenant_id", "reference"],
        unique=False,
        schema="campaigns",
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_variant_id_status",
        "messages",
        ["tenant_id", "variant_id", "status", "id"],
        unique=False,
        schema="campaigns",
    )
    protect("campaigns", "messages")
    op.create_table(
        "message_events",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('delivered', 'opened', 'clicked', 'bounced', 'complained', 'unsubscribed', 'converted')",
            name="ck_message_events_kind",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "message_id"],
            ["campaigns.messages.tenant_id", "campaigns.messages.id"],
            name="fk_message_events_tenant_id_message_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_message_events"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_message_events_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "kind", "external_id", name="uq_message_events_external"),
        schema="campaigns",
    )
    op.create_index(
        "ix_message_events_campaign_id_kind_message_id",
        "message_events",
        ["tenant_id", "campaign_id", "kind", "message_id", "id"],
        unique=False,
        schema="campaigns",
    )
    op.create_index(
        "ix_message_events_message_id_at",
        "message_events",
        ["tenant_id", "message_id", "at", "id"],
        unique=False,
        schema="campaigns",
    )
    protect("campaigns", "message_events")


def downgrade() -> None:
    for table in (
        "message_events",
        "messages",
        "variants",
        "campaigns",
        "suppressions",
        "segments",
        "purchases",
        "people",
    ):
        op.drop_table(table, schema="campaigns")
