"""The three tables for events that every context has, under row-level security like all others."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

__all__ = ["EVENTS", "EventTables", "add_event_tables"]


@dataclass(frozen=True, slots=True)
class EventTables:
    """The tables for events of one context.

    Attributes:
        outbox: what the context tells. An event is *sent* to the Redis that ran as `sent_run`, as entry
            `entry_ms`-`entry_seq` of the context's stream, and *confirmed* once every context that listens has it.
        inbox: which events had their effect here, by subscription.
        parked: events that a handler refused: waiting for another try, or dead.
    """

    outbox: Table
    inbox: Table
    parked: Table


def add_event_tables(metadata: MetaData) -> EventTables:
    """Adds the tables to a context's metadata; `resolvers.migrations.migrate` makes them."""
    outbox = Table(
        "outbox",
        metadata,
        Column("tenant_id", Uuid, nullable=False),
        Column("position", BigInteger, Identity()),
        Column("id", Uuid, nullable=False),
        Column("name", Text, nullable=False),
        Column("version", SmallInteger, nullable=False),
        Column("aggregate", Text, nullable=False),
        Column("data", JSONB, nullable=False),
        Column("request_id", Text, nullable=False),
        _moment("created_at"),
        Column("sent_run", Text),
        Column("entry_ms", BigInteger),
        Column("entry_seq", BigInteger),
        Column("confirmed_at", DateTime(timezone=True)),
        PrimaryKeyConstraint("tenant_id", "position", name="pk_outbox"),
        Index("ix_outbox_unconfirmed", "tenant_id", "position", postgresql_where=text("confirmed_at IS NULL")),
        Index("ix_outbox_confirmed_at", "confirmed_at"),
    )
    inbox = Table(
        "inbox",
        metadata,
        Column("tenant_id", Uuid, nullable=False),
        Column("subscription", Text, nullable=False),
        Column("event_id", Uuid, nullable=False),
        _moment("created_at"),
        PrimaryKeyConstraint("tenant_id", "subscription", "event_id", name="pk_inbox"),
        Index("ix_inbox_created_at", "created_at"),
    )
    parked = Table(
        "parked_events",
        metadata,
        Column("tenant_id", Uuid, nullable=False),
        Column("subscription", Text, nullable=False),
        Column("event_id", Uuid, nullable=False),
        Column("place", BigInteger, Identity(), nullable=False),
        Column("stream", Text, nullable=False),
        Column("aggregate", Text, nullable=False),
        Column("entry", JSONB, nullable=False),
        Column("tries", SmallInteger, nullable=False),
        Column("reason", Text, nullable=False),
        Column("next_try_at", DateTime(timezone=True), nullable=False),
        Column("died_at", DateTime(timezone=True)),
        _moment("created_at"),
        PrimaryKeyConstraint("tenant_id", "subscription", "event_id", name="pk_parked_events"),
        Index("ix_parked_events_waiting", "stream", "next_try_at", postgresql_where=text("died_at IS NULL")),
    )
    return EventTables(outbox, inbox, parked)


def _moment(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=text("now()"))


EVENTS: Final = add_event_tables(MetaData())
"""Without a schema: a session finds its own context's by the search path."""
