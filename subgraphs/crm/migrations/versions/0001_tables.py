"""Leads, contacts, pipelines with stages, activities."""

import sqlalchemy as sa
from alembic import op

from resolvers.migrations import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), sa.Computed("lower(name)", persisted=True), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_key", sa.Text(collation="C"), sa.Computed("lower(email)", persisted=True), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("company", sa.String(length=200), nullable=True),
        sa.Column(
            "search_key",
            sa.Text(collation="C"),
            sa.Computed("lower(name || ' ' || coalesce(email, '') || ' ' || coalesce(company, ''))", persisted=True),
            nullable=False,
        ),
        sa.Column("job_title", sa.String(length=200), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("business_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("tenant_id", "email_key", name="uq_contacts_email"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_contacts_tenant_id_id"),
        schema="crm",
    )
    op.create_index("ix_contacts_created_at", "contacts", ["tenant_id", "created_at", "id"], schema="crm")
    op.create_index("ix_contacts_name_key", "contacts", ["tenant_id", "name_key", "id"], schema="crm")
    op.create_index("ix_contacts_updated_at", "contacts", ["tenant_id", "updated_at", "id"], schema="crm")
    op.create_table(
        "pipelines",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), sa.Computed("lower(name)", persisted=True), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pipelines"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_pipelines_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "name_key", name="uq_pipelines_name"),
        schema="crm",
    )
    op.create_index(
        "uq_pipelines_default",
        "pipelines",
        ["tenant_id"],
        unique=True,
        schema="crm",
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "stages",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), sa.Computed("lower(name)", persisted=True), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("probability", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("probability BETWEEN 0 AND 100", name="ck_stages_probability"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pipeline_id"],
            ["crm.pipelines.tenant_id", "crm.pipelines.id"],
            name="fk_stages_tenant_id_pipeline_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_stages"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_stages_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "pipeline_id", "id", "status", name="uq_stages_lead"),
        sa.UniqueConstraint("tenant_id", "pipeline_id", "name_key", name="uq_stages_name"),
        sa.UniqueConstraint(
            "tenant_id", "pipeline_id", "position", deferrable=True, initially="DEFERRED", name="uq_stages_position"
        ),
        sa.CheckConstraint("status IN ('open', 'won', 'lost')", name="ck_stages_status"),
        schema="crm",
    )
    op.create_table(
        "leads",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("stage_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), sa.Computed("lower(name)", persisted=True), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_key", sa.Text(collation="C"), sa.Computed("lower(email)", persisted=True), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("company", sa.String(length=200), nullable=True),
        sa.Column(
            "search_key",
            sa.Text(collation="C"),
            sa.Computed("lower(name || ' ' || coalesce(email, '') || ' ' || coalesce(company, ''))", persisted=True),
            nullable=False,
        ),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("value_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("business_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("lost_reason", sa.String(length=500), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("converted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(status = 'lost') = (lost_reason IS NOT NULL)", name="ck_leads_lost"),
        sa.CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="ck_leads_closed"),
        sa.CheckConstraint(
            "contact_id IS NOT NULL OR (status <> 'won' AND converted_at IS NULL)", name="ck_leads_contact"
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name="ck_leads_score"),
        sa.CheckConstraint("value_minor >= 0", name="ck_leads_value"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["crm.contacts.tenant_id", "crm.contacts.id"],
            name="fk_leads_tenant_id_contact_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pipeline_id", "stage_id", "status"],
            ["crm.stages.tenant_id", "crm.stages.pipeline_id", "crm.stages.id", "crm.stages.status"],
            name="fk_leads_stage",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_leads"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_leads_tenant_id_id"),
        sa.CheckConstraint("status IN ('open', 'won', 'lost')", name="ck_leads_status"),
        sa.CheckConstraint(
            "source IN ('website', 'referral', 'advertising', 'event', 'outreach', 'directory', 'partner', 'import')",
            name="ck_leads_source",
        ),
        schema="crm",
    )
    op.create_index(
        "ix_leads_assignee_id_created_at", "leads", ["tenant_id", "assignee_id", "created_at", "id"], schema="crm"
    )
    op.create_index(
        "ix_leads_business_id_created_at", "leads", ["tenant_id", "business_id", "created_at", "id"], schema="crm"
    )
    op.create_index(
        "ix_leads_contact_id_created_at", "leads", ["tenant_id", "contact_id", "created_at", "id"], schema="crm"
    )
    op.create_index("ix_leads_created_at", "leads", ["tenant_id", "created_at", "id"], schema="crm")
    op.create_index("ix_leads_name_key", "leads", ["tenant_id", "name_key", "id"], schema="crm")
    op.create_index("ix_leads_score", "leads", ["tenant_id", "score", "id"], schema="crm")
    op.create_index(
        "ix_leads_stage_id_created_at", "leads", ["tenant_id", "stage_id", "created_at", "id"], schema="crm"
    )
    op.create_index("ix_leads_status_created_at", "leads", ["tenant_id", "status", "created_at", "id"], schema="crm")
    op.create_index("ix_leads_updated_at", "leads", ["tenant_id", "updated_at", "id"], schema="crm")
    op.create_index("ix_leads_value_minor", "leads", ["tenant_id", "value_minor", "id"], schema="crm")
    op.create_index(
        "uq_leads_open_email",
        "leads",
        ["tenant_id", "email_key"],
        unique=True,
        schema="crm",
        postgresql_where=sa.text("status = 'open' AND email_key IS NOT NULL"),
    )
    op.create_table(
        "activities",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("occurs_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(lead_id, contact_id) = 1", name="ck_activities_subject"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["crm.contacts.tenant_id", "crm.contacts.id"],
            name="fk_activities_tenant_id_contact_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lead_id"],
            ["crm.leads.tenant_id", "crm.leads.id"],
            name="fk_activities_tenant_id_lead_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_activities"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_activities_tenant_id_id"),
        sa.CheckConstraint("kind IN ('call', 'email', 'meeting', 'note', 'task')", name="ck_activities_kind"),
        schema="crm",
    )
    op.create_index(
        "ix_activities_contact_id_occurs_at", "activities", ["tenant_id", "contact_id", "occurs_at", "id"], schema="crm"
    )
    op.create_index("ix_activities_created_at", "activities", ["tenant_id", "created_at", "id"], schema="crm")
    op.create_index(
        "ix_activities_lead_id_occurs_at", "activities", ["tenant_id", "lead_id", "occurs_at", "id"], schema="crm"
    )
    op.create_index("ix_activities_occurs_at", "activities", ["tenant_id", "occurs_at", "id"], schema="crm")

    for table in ("pipelines", "stages", "contacts", "leads", "activities"):
        protect("crm", table)


def downgrade() -> None:
    for table in ("activities", "leads", "contacts", "stages", "pipelines"):
        op.drop_table(table, schema="crm")
