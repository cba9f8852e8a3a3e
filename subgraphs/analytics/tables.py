"""Tables of schema `analytics`. Each is one tenant's rows only: row-level security is on and forced."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.tables import context_metadata, moment

__all__ = ["appearances", "facts", "horizons", "metadata", "rollups"]

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
    Column("counted_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("tenant_id", "event_id", name="pk_facts"),
)

Index("ix_facts_at", facts.c.tenant_id, facts.c.at)

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

Index("ix_appearances_at", appearances.c.tenant_id, appearances.c.at)

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
Index("ix_rollups_age", rollups.c.tenant_id, rollups.c.slot)
Index("ix_rollups_slot", rollups.c.tenant_id, rollups.c.metric, rollups.c.unit, rollups.c.dimension, rollups.c.slot)
Index(
    "ix_rollups_platform",
    rollups.c.metric,
    rollups.c.unit,
    rollups.c.dimension,
    rollups.c.value,
    rollups.c.slot,
)

# How far back a tenant's events, and quarters of an hour, are kept: see `domain.ages`.
_BEGINNING = text("'2000-01-01 00:00:00+00'::timestamptz")
horizons = Table(
    "horizons",
    metadata,
    Column("tenant_id", Uuid, nullable=False),
    *(
        Column(name, DateTime(timezone=True), nullable=False, server_default=_BEGINNING)
        for name in ("events_from", "quarters_from", "pruned_at")
    ),
    PrimaryKeyConstraint("tenant_id", name="pk_horizons"),
)
Index("ix_horizons_pruned_at", horizons.c.pruned_at)
