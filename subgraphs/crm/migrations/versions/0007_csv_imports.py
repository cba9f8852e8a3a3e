"""Files of contacts and leads that are being imported, and what was wrong with them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.migrations import protect

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _tenant_table(
        "csv_imports",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("file_name", sa.String(length=200)),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.Text()),
        sa.Column("mapping", JSONB()),
        sa.Column("delimiter", sa.String(length=1), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), server_default="0", nullable=False)
            for name in ("processed", "created", "duplicates", "failed")
        ),
        sa.Column("created_by", sa.Uuid()),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind IN ('contacts', 'leads')", name="ck_csv_imports_kind"),
        sa.CheckConstraint("status IN ('running', 'completed')", name="ck_csv_imports_status"),
    )
    op.create_index("ix_csv_imports_created_at", "csv_imports", ["tenant_id", "created_at", "id"], schema="crm")
    op.create_index(
        "uq_csv_imports_fingerprint",
        "csv_imports",
        ["tenant_id", "fingerprint"],
        unique=True,
        postgresql_where=sa.text("not is_dry_run"),
        schema="crm",
    )
    _tenant_table(
        "csv_import_faults",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column_name", sa.String(length=200)),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            ["crm.csv_imports.tenant_id", "crm.csv_imports.id"],
            name="fk_csv_import_faults_tenant_id_import_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_csv_import_faults_import_id_line",
        "csv_import_faults",
        ["tenant_id", "import_id", "line", "id"],
        schema="crm",
    )
    for table in ("csv_imports", "csv_import_faults"):
        protect("crm", table)


def downgrade() -> None:
    op.drop_table("csv_import_faults", schema="crm")
    op.drop_table("csv_imports", schema="crm")


def _tenant_table(name: str, *items: sa.schema.SchemaItem) -> None:
    times = (
        sa.Column(moment, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
        for moment in ("created_at", "updated_at")
    )
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        *items,
        *times,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("tenant_id", "id", name=f"uq_{name}_tenant_id_id"),
        schema="crm",
    )
