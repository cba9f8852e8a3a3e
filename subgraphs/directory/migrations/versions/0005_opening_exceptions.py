"""Exceptions to opening hours."""

from alembic import op

from resolvers.migrations import protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

DDL = (
    """
        create table directory.opening_exceptions (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            business_id UUID NOT NULL,
            first_day DATE NOT NULL,
            last_day DATE NOT NULL,
            yearly BOOLEAN NOT NULL,
            name TEXT NOT NULL,
            start_minutes SMALLINT[] NOT NULL,
            length_minutes SMALLINT[] NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_opening_exceptions PRIMARY KEY (id),
            CONSTRAINT fk_opening_exceptions_tenant_id_business_id FOREIGN KEY(tenant_id, business_id)
                REFERENCES directory.businesses (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT uq_opening_exceptions_tenant_id_business_id_yearly_first_day
                UNIQUE (tenant_id, business_id, yearly, first_day),
            CONSTRAINT ck_opening_exceptions_days CHECK (last_day between first_day and first_day + 365),
            CONSTRAINT ck_opening_exceptions_minutes CHECK (cardinality(start_minutes) = cardinality(length_minutes)),
            CONSTRAINT uq_opening_exceptions_tenant_id_id UNIQUE (tenant_id, id)
        )
    """,
)


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    protect("directory", "opening_exceptions")


def downgrade() -> None:
    op.drop_table("opening_exceptions", schema="directory")
