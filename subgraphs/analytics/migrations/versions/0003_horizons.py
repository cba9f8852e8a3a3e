"""How far back each tenant's events and quarters of an hour are kept."""

import sqlalchemy as sa
from alembic import op

from resolvers.migrations import protect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BEGINNING = sa.text("'2000-01-01 00:00:00+00'::timestamptz")

# Before a tenant is known: tells ids alone.
_DUE = """create function analytics.tenants_to_prune(before timestamptz, most integer) returns table (tenant_id uuid)
    language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
        select h.tenant_id from analytics.horizons h where h.pruned_at < before order by h.pruned_at limit most
    $body$"""
_SIGNATURE = "analytics.tenants_to_prune(timestamptz, integer)"


def upgrade() -> None:
    op.create_table(
        "horizons",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("events_from", sa.DateTime(timezone=True), server_default=_BEGINNING, nullable=False),
        sa.Column("quarters_from", sa.DateTime(timezone=True), server_default=_BEGINNING, nullable=False),
        sa.Column("pruned_at", sa.DateTime(timezone=True), server_default=_BEGINNING, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_horizons"),
        schema="analytics",
    )
    op.create_index("ix_horizons_pruned_at", "horizons", ["pruned_at"], schema="analytics")
    op.execute("insert into analytics.horizons (tenant_id) select distinct tenant_id from analytics.facts")
    protect("analytics", "horizons")
    op.execute(_DUE)
    op.execute(f"revoke all on function {_SIGNATURE} from public")
    op.execute(f"grant execute on function {_SIGNATURE} to analytics_app")
    op.add_column(
        "facts",
        sa.Column("counted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        schema="analytics",
    )
    op.create_index("ix_facts_at", "facts", ["tenant_id", "at"], schema="analytics")
    op.create_index("ix_appearances_at", "appearances", ["tenant_id", "at"], schema="analytics")
    op.create_index("ix_rollups_age", "rollups", ["tenant_id", "slot"], schema="analytics")


def downgrade() -> None:
    op.drop_index("ix_rollups_age", "rollups", schema="analytics")
    op.drop_index("ix_appearances_at", "appearances", schema="analytics")
    op.drop_index("ix_facts_at", "facts", schema="analytics")
    op.drop_column("facts", "counted_at", schema="analytics")
    op.execute(f"drop function {_SIGNATURE}")
    op.drop_table("horizons", schema="analytics")
