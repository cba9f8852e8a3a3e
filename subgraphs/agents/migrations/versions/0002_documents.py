"""The tenant's own texts, and their passages with vectors."""

from alembic import op

from resolvers.migrations import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DDL = (
    "create extension if not exists vector schema public",
    """
        create table agents.documents (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            title VARCHAR(200) NOT NULL,
            text TEXT NOT NULL,
            source VARCHAR(500),
            sha256 VARCHAR(64) NOT NULL,
            passage_count INTEGER NOT NULL,
            added_by UUID,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_documents PRIMARY KEY (id),
            CONSTRAINT uq_documents_sha256 UNIQUE (tenant_id, sha256),
            CONSTRAINT uq_documents_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
    "create index ix_documents_created_at ON agents.documents (tenant_id, created_at, id)",
    """
        create table agents.passages (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            document_id UUID NOT NULL,
            index INTEGER NOT NULL,
            text TEXT NOT NULL,
            model_id VARCHAR(100) NOT NULL,
            embedding public.vector(384) NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_passages PRIMARY KEY (id),
            CONSTRAINT fk_passages_tenant_id_document_id FOREIGN KEY(tenant_id, document_id)
                REFERENCES agents.documents (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT uq_passages_place UNIQUE (tenant_id, document_id, index, model_id),
            CONSTRAINT uq_passages_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
)


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    for table in ("documents", "passages"):
        protect("agents", table)


def downgrade() -> None:
    for table in ("passages", "documents"):
        op.execute(f"drop table agents.{table}")
