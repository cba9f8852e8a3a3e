"""Tables of schema `notifications`. Each is one tenant's rows only: row-level security is on and forced."""

from sqlalchemy import Boolean, Column, Index, Integer, SmallInteger, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.tables import context_metadata, enumeration, moment, tenant_table
from subgraphs.notifications.domain.deliveries import DeliveryState
from subgraphs.notifications.domain.kinds import NotificationChannel, NotificationKind, Secret

__all__ = ["deliveries", "members", "metadata", "notifications", "preferences", "settings", "templates"]

metadata = context_metadata("notifications")

members = tenant_table(
    metadata,
    "members",
    Column("user_id", Uuid, nullable=False),
    Column("role", String(32), nullable=False),
    Column("is_member", Boolean, nullable=False),
    moment("changed_at"),
    UniqueConstraint("tenant_id", "user_id", name="uq_members_user"),
)
"""Who belongs to the tenant, as identity tells of it."""

notifications = tenant_table(
    metadata,
    "notifications",
    Column("user_id", Uuid, nullable=False),
    enumeration("kind", NotificationKind),
    Column("event_id", Uuid, nullable=False),
    Column("title", String(700), nullable=False),
    Column("body", Text, nullable=False),
    Column("about_type", String(32), nullable=False),
    Column("about_id", String(200), nullable=False),
    moment("read_at", nullable=True),
    # Whatever is told twice is shown once.
    UniqueConstraint("tenant_id", "event_id", "kind", "user_id", name="uq_notifications_event"),
)

deliveries = tenant_table(
    metadata,
    "deliveries",
    Column("event_id", Uuid, nullable=False),
    enumeration("kind", NotificationKind),
    enumeration("channel", NotificationChannel),
    Column("recipient_key", Text(collation="C"), nullable=False),
    Column("user_id", Uuid),
    Column("address", String(254)),
    Column("locale", String(35)),
    # What the text is filled in with; never a secret, and emptied when the message is sent.
    Column("filling", JSONB, nullable=False),
    Column("subject", String(700)),
    enumeration("secret", Secret, nullable=True),
    Column("reference", String(200)),
    enumeration("state", DeliveryState),
    Column("is_transactional", Boolean, nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    moment("next_try_at"),
    moment("expires_at", nullable=True),
    Column("claim_id", Uuid),
    moment("claimed_at", nullable=True),
    Column("error_code", String(100)),
    Column("provider_id", String(200)),
    moment("sent_at", nullable=True),
    # Nobody is sent the same twice, whatever is told twice.
    UniqueConstraint("tenant_id", "event_id", "kind", "channel", "recipient_key", name="uq_deliveries_event"),
)

templates = tenant_table(
    metadata,
    "templates",
    enumeration("kind", NotificationKind),
    Column("locale", String(35), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("tenant_id", "kind", "locale", name="uq_templates_locale"),
)

preferences = tenant_table(
    metadata,
    "preferences",
    Column("user_id", Uuid, nullable=False),
    enumeration("kind", NotificationKind),
    enumeration("channel", NotificationChannel),
    Column("enabled", Boolean, nullable=False),
    UniqueConstraint("tenant_id", "user_id", "kind", "channel", name="uq_preferences_user"),
)

settings = tenant_table(
    metadata,
    "settings",
    Column("sender", String(254)),
    Column("sender_phone", String(32)),
    Column("locale", String(35), nullable=False),
    Column("url", String(500)),
    Column("hourly_limit", Integer, nullable=False),
    UniqueConstraint("tenant_id", name="uq_settings_tenant"),
)

# Lists come in an order, under a parent or not; every such index ends with the id that breaks ties.
for _table, _columns in (
    (notifications, ("user_id", "created_at")),
    (deliveries, ("created_at",)),
    (deliveries, ("state", "created_at")),
    (deliveries, ("sent_at",)),
):
    Index(f"ix_{_table.name}_{'_'.join(_columns)}", *(_table.c[name] for name in ("tenant_id", *_columns, "id")))
Index("ix_notifications_unread", notifications.c.tenant_id, notifications.c.user_id,
      postgresql_where=text("read_at IS NULL"))  # fmt: skip
Index("ix_deliveries_due", deliveries.c.next_try_at, deliveries.c.tenant_id,
      postgresql_where=text("state = 'queued'"))  # fmt: skip
