"""Schedules."""

from alembic import op

from resolvers.migrations import protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DDL = (
    """
        create table agents.schedules (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            name VARCHAR(100) NOT NULL,
            crew VARCHAR(100) NOT NULL,
            cron VARCHAR(320) NOT NULL,
            time_zone VARCHAR(100) NOT NULL,
            arguments JSON NOT NULL,
            risk VARCHAR(16) NOT NULL,
            budget_micros BIGINT NOT NULL,
            enabled BOOLEAN NOT NULL,
            scopes TEXT[] NOT NULL,
            changed_by UUID,
            version INTEGER NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_schedules PRIMARY KEY (id),
            CONSTRAINT uq_schedules_tenant_id_id UNIQUE (tenant_id, id),
            CONSTRAINT ck_schedules_risk CHECK (risk IN ('read', 'write', 'money'))
        )
    """,
)


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    protect("agents", "schedules")


def downgrade() -> None:
    op.execute("drop table agents.schedules")
