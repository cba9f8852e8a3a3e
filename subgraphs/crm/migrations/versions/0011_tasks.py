"""Tasks have a table of their own; those among the activities move there."""

import sqlalchemy as sa
from alembic import op

from resolvers.migrations import protect

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TIMELINE = "ck_timeline_entries_kind"
_ACTIVITY = "ck_activities_kind"


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(lead_id, contact_id) = 1", name="ck_tasks_subject"),
        *(
            sa.ForeignKeyConstraint(
                ["tenant_id", f"{name}_id"],
                [f"crm.{name}s.tenant_id", f"crm.{name}s.id"],
                name=f"fk_tasks_tenant_id_{name}_id",
                ondelete="CASCADE",
            )
            for name in ("lead", "contact")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_tasks_tenant_id_id"),
        schema="crm",
    )
    for columns in (
        ("due_at",),
        ("created_at",),
        ("assignee_id", "due_at"),
        ("lead_id", "due_at"),
        ("contact_id", "due_at"),
    ):
        op.create_index(f"ix_tasks_{'_'.join(columns)}", "tasks", ["tenant_id", *columns, "id"], schema="crm")
    protect("crm", "tasks")
    op.execute(
        "insert into crm.tasks (id, tenant_id, title, body, lead_id, contact_id, assignee_id, due_at, completed_at,"
        " version, created_at, updated_at) select id, tenant_id, subject, body, lead_id, contact_id, actor_id,"
        " occurs_at, completed_at, 1, created_at, updated_at from crm.activities where kind = 'task'"
    )
    op.execute("delete from crm.activities where kind = 'task'")
    _checks(timeline="'review', 'order', 'campaign', 'form', 'task'", activities="'call', 'email', 'meeting', 'note'")


def downgrade() -> None:
    op.execute("delete from crm.timeline_entries where kind = 'task'")
    _checks(timeline="'review', 'order', 'campaign', 'form'", activities="'call', 'email', 'meeting', 'note', 'task'")
    op.execute(
        "insert into crm.activities (id, tenant_id, kind, subject, body, lead_id, contact_id, actor_id, occurs_at,"
        " completed_at, created_at, updated_at) select id, tenant_id, 'task', title, body, lead_id, contact_id,"
        " assignee_id, due_at, completed_at, created_at, updated_at from crm.tasks"
    )
    op.drop_table("tasks", schema="crm")


def _checks(*, timeline: str, activities: str) -> None:
    for table, name, kinds in (("timeline_entries", _TIMELINE, timeline), ("activities", _ACTIVITY, activities)):
        op.drop_constraint(name, table, schema="crm")
        op.create_check_constraint(name, table, f"kind IN ({kinds})", schema="crm")
