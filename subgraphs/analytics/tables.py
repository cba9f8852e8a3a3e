"""Tables of schema `analytics`. Each is one tenant's rows only: row-level security is on and forced."""

from sqlalchemy import BigInteger, Column, Index, Numeric, PrimaryKeyConstraint, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.tables import context_metadata, moment

__all__ = ["appearances", "facts", "metadata", "rollups"]

metadata = context_metadata("analytics")

# What is kept of events: each once, however often it is delivered. All else is made of it.
facts = Table(
    "facts",
    metadata,
    Column("tenant_id", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("event", Text, nullable=False),
    Column("version", SmallInteger, nullable=False),
    moment("at"),
    Column("subjects", JSONB, nullable=False),
    Column("traits", JSONB, nullable=False),
    Column("values", JSONB, nullable=False),
    PrimaryKeyConstraint("tenant_id", "event_id", name="pk_facts"),
)

# Who had which event when.
appearances = Table(
    "appearances",
    metadata,
    Column("tenant_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text(collation="C"), nullable=False),
    Column("event", Text, nullable=False),
    moment("at"),
    Column("event_id", Uuid, nullable=False),
    Column("traits", JSONB, nullable=False),
    PrimaryKeyConstraint("tenant_id", "kind", "subject", "event", "at", "event_id", name="pk_appearances"),
)
Index("ix_appearances_event", appearances.c.tenant_id, appearances.c.kind, appearances.c.event, appearances.c.at)

# Sums by quarters of an hour.
rollups = Table(
    "rollups",
    metadata,
    Column("tenant_id", Uuid, nullable=False),
    Column("metric", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("value", Text(collation="C"), nullable=False),
    moment("slot"),
    Column("total", Numeric, nullable=False),
    Column("events", BigInteger, nullable=False),
    PrimaryKeyConstraint("tenant_id", "metric", "unit", "dimension", "value", "slot", name="pk_rollups"),
)
Index("ix_rollups_slot", rollups.c.tenant_id, rollups.c.metric, rollups.c.unit, rollups.c.dimension, rollups.c.slot)
Index(
    "ix_rollups_platform",
    rollups.c.metric,
    rollups.c.unit,
    rollups.c.dimension,
    rollups.c.value,
    rollups.c.slot,
)
