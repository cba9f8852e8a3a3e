"""Which language models tenants have chosen."""

from alembic import op

from resolvers.migrations import protect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

DDL = (
    """
        create table agents.engines (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            provider VARCHAR(40) NOT NULL,
            model VARCHAR(200) NOT NULL,
            base_url VARCHAR(500),
            input_micros BIGINT,
            output_micros BIGINT,
            max_output_tokens INTEGER NOT NULL,
            has_key BOOLEAN NOT NULL,
            changed_by UUID,
            version INTEGER NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_engines PRIMARY KEY (id),
            CONSTRAINT uq_engines_tenant UNIQUE (tenant_id),
            CONSTRAINT uq_engines_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
)


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    protect("agents", "engines")


def downgrade() -> None:
    op.execute("drop table agents.engines")
