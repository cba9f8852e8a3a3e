"""What metrics come to in all tenants together."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Row-level security shows one tenant's rows at a time. This tells what those of all come to: sums, and of how many
# tenants; neither whose they are nor any value of a dimension, which may be a name.
_FUNCTION = """create function analytics.platform_cells(of_metrics text[], of_unit text, edges timestamptz[])
    returns table (metric text, place integer, total numeric, events bigint, tenants bigint)
    language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
        select r.metric, width_bucket(r.slot, edges), sum(r.total), sum(r.events)::bigint, count(distinct r.tenant_id)
        from analytics.rollups r
        where r.metric = any(of_metrics) and r.unit = of_unit and r.dimension = '' and r.value = ''
            and r.slot >= edges[1] and r.slot < edges[array_length(edges, 1)]
        group by 1, 2
    $body$"""
_SIGNATURE = "analytics.platform_cells(text[], text, timestamptz[])"


def upgrade() -> None:
    op.execute(_FUNCTION)
    op.execute(f"revoke all on function {_SIGNATURE} from public")
    op.execute(f"grant execute on function {_SIGNATURE} to analytics_app")
    # Row-level security narrows each tenant's rows down; all of them together are looked for by metric.
    op.create_index(
        "ix_rollups_platform", "rollups", ["metric", "unit", "dimension", "value", "slot"], schema="analytics"
    )


def downgrade() -> None:
    op.drop_index("ix_rollups_platform", "rollups", schema="analytics")
    op.execute(f"drop function {_SIGNATURE}")
