"""Forms that visitors of the site have sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.migrations import protect

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KIND = "ck_timeline_entries_kind"


def upgrade() -> None:
    op.create_table(
        "form_submissions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.String(length=100), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(length=100), nullable=False),
        sa.Column("page", sa.String(length=500), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("company", sa.String(length=200), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("consent", sa.Boolean(), nullable=False),
        sa.Column("answers", JSONB(), nullable=False),
        sa.Column("locale", sa.String(length=35), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["tenant_id", f"{name}_id"],
                [f"crm.{name}s.tenant_id", f"crm.{name}s.id"],
                name=f"fk_form_submissions_tenant_id_{name}_id",
                ondelete="CASCADE",
            )
            for name in ("lead", "contact")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_form_submissions"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_form_submissions_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "submission_id", name="uq_form_submissions_submission"),
        schema="crm",
    )
    for parent in ("lead_id", "contact_id"):
        op.create_index(
            f"ix_form_submissions_{parent}_submitted_at",
            "form_submissions",
            ["tenant_id", parent, "submitted_at", "id"],
            schema="crm",
        )
    protect("crm", "form_submissions")
    op.drop_constraint(_KIND, "timeline_entries", schema="crm")
    op.create_check_constraint(
        _KIND, "timeline_entries", "kind IN ('review', 'order', 'campaign', 'form')", schema="crm"
    )


def downgrade() -> None:
    op.execute("delete from crm.timeline_entries where kind = 'form'")
    op.drop_constraint(_KIND, "timeline_entries", schema="crm")
    op.create_check_constraint(_KIND, "timeline_entries", "kind IN ('review', 'order', 'campaign')", schema="crm")
    op.drop_table("form_submissions", schema="crm")
