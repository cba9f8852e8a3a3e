"""Of which moment of a task others were told that it has come."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SIGNATURE = "crm.tenants_with_due_tasks(interval, integer)"
_FUNCTION = """
    create function crm.tenants_with_due_tasks(since interval, most integer) returns table (tenant_id uuid)
        language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
            select t.tenant_id from crm.tasks t
            where t.completed_at is null and t.told_due_at is distinct from t.due_at
                and t.due_at <= now() and t.due_at > now() - since
            group by t.tenant_id order by min(t.due_at) limit least(most, 1000)
        $body$
"""


def upgrade() -> None:
    op.add_column("tasks", sa.Column("told_due_at", sa.DateTime(timezone=True), nullable=True), schema="crm")
    # What was due before is nobody's news.
    op.execute("update crm.tasks set told_due_at = due_at where due_at <= now()")
    op.create_index(
        "ix_tasks_untold",
        "tasks",
        ["due_at"],
        schema="crm",
        postgresql_where=sa.text("completed_at IS NULL AND told_due_at IS DISTINCT FROM due_at"),
    )
    op.execute(_FUNCTION)
    op.execute(f"revoke all on function {_SIGNATURE} from public")
    op.execute(f"grant execute on function {_SIGNATURE} to crm_app")


def downgrade() -> None:
    op.execute(f"drop function {_SIGNATURE}")
    op.drop_index("ix_tasks_untold", "tasks", schema="crm")
    op.drop_column("tasks", "told_due_at", schema="crm")
