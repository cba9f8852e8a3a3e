"""Runs that were left are started in turns: no tenant's are behind all of another's."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# The oldest of each tenant, then the second of each, and so on. A tenant whose agents are stopped has none: what cannot
# be started does not stand in the way of what can.
IN_TURNS = """
    create or replace function agents.unstarted_runs(age interval, most integer)
        returns table (tenant_id uuid, run_id uuid)
        language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
            select left_over.tenant_id, left_over.id from (
                select r.tenant_id, r.id, r.created_at,
                    row_number() over (partition by r.tenant_id order by r.created_at, r.id) as turn
                from agents.runs r
                where r.status = 'queued' and r.created_at <= now() - age
                    and not exists (select from agents.controls c where c.tenant_id = r.tenant_id and c.kill_switch)
            ) left_over
            order by left_over.turn, left_over.created_at limit least(most, 1000)
        $body$
"""

OLDEST_FIRST = """
    create or replace function agents.unstarted_runs(age interval, most integer)
        returns table (tenant_id uuid, run_id uuid)
        language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
            select r.tenant_id, r.id from agents.runs r
            where r.status = 'queued' and r.created_at <= now() - age
            order by r.created_at limit least(most, 1000)
        $body$
"""


def upgrade() -> None:
    op.execute(IN_TURNS)


def downgrade() -> None:
    op.execute(OLDEST_FIRST)
