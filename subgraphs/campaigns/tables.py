"""Tables of schema `campaigns`. Each is one tenant's rows only: row-level security is on and forced.

Order and uniqueness run on generated columns: under row security no index on an expression is used.
"""

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from resolvers.tables import context_metadata, enumeration, moment, tenant_reference, tenant_table
from subgraphs.campaigns.domain.campaigns import CampaignChannel, CampaignStatus
from subgraphs.campaigns.domain.messages import MessageEventKind, MessageStatus

__all__ = [
    "campaigns",
    "ended_runs",
    "leads",
    "message_events",
    "messages",
    "metadata",
    "people",
    "purchases",
    "segments",
    "suppressions",
    "variants",
]

metadata = context_metadata("campaigns")


def _lowered(name: str, source: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Text(collation="C"), Computed(f"lower({source})", persisted=True), nullable=nullable)


people = tenant_table(
    metadata,
    "people",
    Column("name", String(200), nullable=False),
    _lowered("name_key", "name"),
    Column("email", String(254)),
    _lowered("email_key", "email", nullable=True),
    Column("company", String(200)),
    Column("job_title", String(200)),
    Column("version", Integer, nullable=False),
)
"""Contacts of crm, as it tells of them; `id` and `created_at` are crm's."""

purchases = tenant_table(
    metadata,
    "purchases",
    Column("order_id", String(200), nullable=False),
    Column("email_key", Text(collation="C"), nullable=False),
    Column("total", Numeric(18, 4), nullable=False),
    Column("currency", String(3), nullable=False),
    moment("placed_at"),
    UniqueConstraint("tenant_id", "order_id", name="uq_purchases_order"),
)
"""Orders of the tenant's shop, as the storefront tells of them."""

leads = tenant_table(
    metadata,
    "leads",
    Column("contact_id", Uuid),
    Column("status", String(20), nullable=False),
    Column("stage", String(100), nullable=False),
    Column("source", String(50), nullable=False),
    Column("score", Integer, nullable=False),
    Column("value", Numeric(18, 4), nullable=False),
    Column("version", Integer, nullable=False),
    moment("changed_at"),
)
"""Leads of crm, as it tells of them; `id` and `created_at` are crm's."""

suppressions = tenant_table(
    metadata,
    "suppressions",
    enumeration("channel", CampaignChannel),
    Column("address_key", Text(collation="C"), nullable=False),
    enumeration("reason", MessageEventKind),
    UniqueConstraint("tenant_id", "channel", "address_key", name="uq_suppressions_address"),
)
"""Whom nothing is sent to: who unsubscribed or complained, and addresses that do not exist."""

segments = tenant_table(
    metadata,
    "segments",
    Column("name", String(200), nullable=False),
    _lowered("name_key", "name"),
    Column("filter", Text, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("tenant_id", "name_key", name="uq_segments_name"),
)

campaigns = tenant_table(
    metadata,
    "campaigns",
    Column("name", String(200), nullable=False),
    _lowered("name_key", "name"),
    enumeration("status", CampaignStatus),
    enumeration("channel", CampaignChannel),
    Column("segment_id", Uuid),
    Column("sender", String(254)),
    Column("unsubscribe_url", String(500)),
    moment("send_at", nullable=True),
    Column("time_zone", String(64), nullable=False),
    Column("conversion_days", SmallInteger, nullable=False),
    Column("recipients", Integer),
    Column("run_id", Uuid),
    Column("failure_code", String(100)),
    Column("failure", String(500)),
    moment("started_at", nullable=True),
    moment("finished_at", nullable=True),
    Column("version", Integer, nullable=False),
    tenant_reference("segment_id", "campaigns.segments"),
    UniqueConstraint("tenant_id", "name_key", name="uq_campaigns_name"),
    CheckConstraint("(status = 'failed') = (failure_code IS NOT NULL)", name="failed"),
)

Index(
    "ix_campaigns_run_id",
    campaigns.c.tenant_id,
    campaigns.c.run_id,
    postgresql_where=text("run_id IS NOT NULL"),
)

ended_runs = tenant_table(
    metadata,
    "ended_runs",
    Column("status", String(20), nullable=False),
    Column("error_code", String(100)),
)
"""Runs that ended before what they launch was written down; `id` is the run's."""

variants = tenant_table(
    metadata,
    "variants",
    Column("campaign_id", Uuid, nullable=False),
    Column("name", String(50), nullable=False),
    _lowered("name_key", "name"),
    Column("subject", String(500)),
    Column("body", Text, nullable=False),
    Column("weight", Integer, nullable=False),
    tenant_reference("campaign_id", "campaigns.campaigns", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "campaign_id", "name_key", name="uq_variants_name"),
)

messages = tenant_table(
    metadata,
    "messages",
    Column("campaign_id", Uuid, nullable=False),
    Column("variant_id", Uuid, nullable=False),
    Column("contact_id", Uuid, nullable=False),
    Column("address", String(254)),
    Column("address_key", Text(collation="C"), nullable=False),
    enumeration("status", MessageStatus),
    Column("claim_id", Uuid),
    Column("reference", String(200)),
    Column("failure", String(100)),
    moment("sent_at", nullable=True),
    tenant_reference("campaign_id", "campaigns.campaigns"),
    tenant_reference("variant_id", "campaigns.variants"),
    # Nobody gets a campaign twice, whatever is done twice; two contacts with one address are one.
    UniqueConstraint("tenant_id", "campaign_id", "contact_id", name="uq_messages_contact"),
    UniqueConstraint("tenant_id", "campaign_id", "address_key", name="uq_messages_address"),
    CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="sent"),
)

message_events = tenant_table(
    metadata,
    "message_events",
    Column("message_id", Uuid, nullable=False),
    Column("campaign_id", Uuid, nullable=False),
    Column("variant_id", Uuid, nullable=False),
    enumeration("kind", MessageEventKind),
    Column("external_id", String(200), nullable=False),
    moment("at"),
    tenant_reference("message_id", "campaigns.messages", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "kind", "external_id", name="uq_message_events_external"),
)

# Lists come in an order, under a parent or not; every such index ends with the id that breaks ties.
for _table, _columns in (
    (people, ("email_key",)),
    (people, ("name_key",)),
    (purchases, ("email_key", "placed_at")),
    (leads, ("contact_id", "created_at")),
    (segments, ("created_at",)),
    (campaigns, ("created_at",)),
    (campaigns, ("segment_id",)),
    (campaigns, ("status", "created_at")),
    (variants, ("campaign_id", "created_at")),
    (messages, ("campaign_id", "status")),
    (messages, ("campaign_id", "created_at")),
    (messages, ("variant_id", "status")),
    (messages, ("address_key", "sent_at")),
    (message_events, ("campaign_id", "kind", "message_id")),
    (message_events, ("message_id", "at")),
):
    Index(f"ix_{_table.name}_{'_'.join(_columns)}", *(_table.c[name] for name in ("tenant_id", *_columns, "id")))
Index(
    "ix_messages_reference",
    messages.c.tenant_id,
    messages.c.reference,
    postgresql_where=text("reference IS NOT NULL"),
)
