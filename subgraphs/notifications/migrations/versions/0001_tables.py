"""Members, notifications, deliveries, texts, preferences and settings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.migrations import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KINDS = (
    "claim_code", "invitation", "task_due", "back_in_stock", "review_posted", "review_hidden", "business_claimed",
    "ownership_ended", "approval_waiting",
)  # fmt: skip
_CHANNELS = ("in_app", "email", "sms")
_STATES = ("queued", "sending", "sent", "failed", "unknown", "waiting", "skipped")
_SECRETS = ("claim_code", "invitation_token")
_TABLES = ("members", "notifications", "deliveries", "templates", "preferences", "settings")
_SIGNATURE = "notifications.due_tenants(interval, integer)"
_DUE = """
    create function notifications.due_tenants(lost_after interval, most integer) returns table (tenant_id uuid)
        language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
            select d.tenant_id from notifications.deliveries d
            where (d.state = 'queued' and d.next_try_at <= now())
                or (d.state = 'sending' and d.claimed_at < now() - lost_after)
            group by d.tenant_id order by min(d.next_try_at) limit least(most, 1000)
        $body$
"""


def _choice(name: str, values: tuple[str, ...], *, nullable: bool = False) -> sa.Column[str]:
    kind = sa.Enum(*values, name=name, native_enum=False, length=16, create_constraint=False)
    return sa.Column(name, kind, nullable=nullable)


def _check(table: str, name: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    shown = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{name} IN ({shown})", name=f"ck_{table}_{name}")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _create(name: str, *items: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        *items,
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("tenant_id", "id", name=f"uq_{name}_tenant_id_id"),
        schema="notifications",
    )


def _index(table: str, *columns: str) -> None:
    name = f"ix_{table}_{'_'.join(columns)}"
    op.create_index(name, table, ["tenant_id", *columns, "id"], schema="notifications")


def upgrade() -> None:
    _create(
        "members",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("is_member", sa.Boolean(), nullable=False),
        _moment("changed_at"),
        sa.UniqueConstraint("tenant_id", "user_id", name="uq_members_user"),
    )
    _create(
        "notifications",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        _choice("kind", _KINDS),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(700), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("about_type", sa.String(32), nullable=False),
        sa.Column("about_id", sa.String(200), nullable=False),
        _moment("read_at", nullable=True),
        _check("notifications", "kind", _KINDS),
        sa.UniqueConstraint("tenant_id", "event_id", "kind", "user_id", name="uq_notifications_event"),
    )
    _create(
        "deliveries",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        _choice("kind", _KINDS),
        _choice("channel", _CHANNELS),
        sa.Column("recipient_key", sa.Text(collation="C"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.String(254), nullable=True),
        sa.Column("locale", sa.String(35), nullable=True),
        sa.Column("filling", JSONB(), nullable=False),
        sa.Column("subject", sa.String(700), nullable=True),
        _choice("secret", _SECRETS, nullable=True),
        sa.Column("reference", sa.String(200), nullable=True),
        _choice("state", _STATES),
        sa.Column("is_transactional", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        _moment("next_try_at"),
        _moment("expires_at", nullable=True),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        _moment("claimed_at", nullable=True),
        sa.Column("error_code", sa.String(100), nullable=True),
        sa.Column("provider_id", sa.String(200), nullable=True),
        _moment("sent_at", nullable=True),
        _check("deliveries", "kind", _KINDS),
        _check("deliveries", "channel", _CHANNELS),
        _check("deliveries", "secret", _SECRETS),
        _check("deliveries", "state", _STATES),
        sa.UniqueConstraint("tenant_id", "event_id", "kind", "channel", "recipient_key", name="uq_deliveries_event"),
    )
    _create(
        "templates",
        _choice("kind", _KINDS),
        sa.Column("locale", sa.String(35), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        _check("templates", "kind", _KINDS),
        sa.UniqueConstraint("tenant_id", "kind", "locale", name="uq_templates_locale"),
    )
    _create(
        "preferences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        _choice("kind", _KINDS),
        _choice("channel", _CHANNELS),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        _check("preferences", "kind", _KINDS),
        _check("preferences", "channel", _CHANNELS),
        sa.UniqueConstraint("tenant_id", "user_id", "kind", "channel", name="uq_preferences_user"),
    )
    _create(
        "settings",
        sa.Column("sender", sa.String(254), nullable=True),
        sa.Column("sender_phone", sa.String(32), nullable=True),
        sa.Column("locale", sa.String(35), nullable=False),
        sa.Column("url", sa.String(500), nullable=True),
        sa.Column("hourly_limit", sa.Integer(), nullable=False),
        sa.UniqueConstraint("tenant_id", name="uq_settings_tenant"),
    )
    _index("notifications", "user_id", "created_at")
    _index("deliveries", "created_at")
    _index("deliveries", "state", "created_at")
    _index("deliveries", "sent_at")
    for name, table, columns, where in (
        ("ix_notifications_unread", "notifications", ["tenant_id", "user_id"], "read_at IS NULL"),
        ("ix_deliveries_due", "deliveries", ["next_try_at", "tenant_id"], "state = 'queued'"),
    ):
        op.create_index(name, table, columns, schema="notifications", postgresql_where=sa.text(where))
    for table in _TABLES:
        protect("notifications", table)
    # Before a tenant is known: runs as the tables' owner and tells ids alone.
    op.execute(_DUE)
    op.execute(f"revoke all on function {_SIGNATURE} from public")
    op.execute(f"grant execute on function {_SIGNATURE} to notifications_app")


def downgrade() -> None:
    op.execute(f"drop function {_SIGNATURE}")
    for table in reversed(_TABLES):
        op.drop_table(table, schema="notifications")
