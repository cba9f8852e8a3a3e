"""Photos of listings."""

from alembic import op

from resolvers.migrations import protect

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DDL = (
    """
        create table directory.photos (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            business_id UUID NOT NULL,
            position INTEGER NOT NULL,
            key TEXT NOT NULL,
            alt_text TEXT NOT NULL,
            uploaded_by UUID,
            hidden_at TIMESTAMP WITH TIME ZONE,
            hidden_by UUID,
            hidden_reason TEXT,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_photos PRIMARY KEY (id),
            CONSTRAINT fk_photos_tenant_id_business_id FOREIGN KEY(tenant_id, business_id)
                REFERENCES directory.businesses (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT ck_photos_hidden CHECK ((hidden_at is null) = (hidden_by is null)),
            CONSTRAINT ck_photos_hidden_reason CHECK ((hidden_at is null) = (hidden_reason is null)),
            CONSTRAINT uq_photos_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_photos_business on directory.photos (tenant_id, business_id, position, id)",
    """
        create table directory.photo_files (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            photo_id UUID NOT NULL,
            size VARCHAR(16) NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            content BYTEA NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_photo_files PRIMARY KEY (id),
            CONSTRAINT fk_photo_files_tenant_id_photo_id FOREIGN KEY(tenant_id, photo_id)
                REFERENCES directory.photos (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT uq_photo_files_tenant_id_photo_id_size UNIQUE (tenant_id, photo_id, size),
            CONSTRAINT ck_photo_files_size CHECK (size IN ('thumbnail', 'large')),
            CONSTRAINT ck_photo_files_content CHECK (octet_length(content) between 1 and 8000000),
            CONSTRAINT uq_photo_files_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    # WebP is compressed already: to try again costs time and saves nothing.
    "alter table directory.photo_files alter column content set storage external",
)


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    for table in ("photos", "photo_files"):
        protect("directory", table)


def downgrade() -> None:
    for table in ("photo_files", "photos"):
        op.drop_table(table, schema="directory")
