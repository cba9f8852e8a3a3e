"""How integrations are; runs that were left are found."""

from alembic import op

from resolvers.migrations import app_role, protect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DDL = (
    """
        create table agents.integrations (
            id UUID DEFAULT uuidv7() NOT NULL,
            tenant_id UUID NOT NULL,
            name VARCHAR(100) NOT NULL,
            state VARCHAR(16) NOT NULL,
            detail VARCHAR(500),
            checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_integrations PRIMARY KEY (id),
            CONSTRAINT uq_integrations_name UNIQUE (tenant_id, name),
            CONSTRAINT uq_integrations_tenant_id_id UNIQUE (tenant_id, id),
            CONSTRAINT ck_integrations_state CHECK (state IN ('connected', 'missing', 'failed'))
        )
    """,
)

# The one question that is asked before a tenant is known. It answers ids alone.
UNSTARTED = """
    create function agents.unstarted_runs(age interval, most integer) returns table (tenant_id uuid, run_id uuid)
        language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
            select r.tenant_id, r.id from agents.runs r
            where r.status = 'queued' and r.created_at <= now() - age
            order by r.created_at limit least(most, 1000)
        $body$
"""


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)
    protect("agents", "integrations")
    op.execute("create index ix_runs_queued ON agents.runs (created_at) WHERE status = 'queued'")
    op.execute(UNSTARTED)
    op.execute("revoke execute on function agents.unstarted_runs from public")
    op.execute(f"grant execute on function agents.unstarted_runs to {app_role('agents')}")


def downgrade() -> None:
    op.execute("drop function agents.unstarted_runs")
    op.execute("drop index agents.ix_runs_queued")
    op.execute("drop table agents.integrations")
