"""Conventions for tables: SQLAlchemy Core, one schema per context, `tenant_id` on every tenant-scoped table.

    metadata = context_metadata("crm")
    contacts = tenant_table(metadata, "contacts", Column("name", Text, nullable=False))
    leads = tenant_table(
        metadata, "leads",
        Column("contact_id", Uuid, nullable=False), tenant_reference("contact_id", "crm.contacts"),
    )

Foreign keys between tenant-scoped tables carry the tenant: PostgreSQL checks references without row-level security, so
a plain one could point into another tenant.
"""

from enum import Enum as PyEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    Enum,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

from resolvers.events.tables import add_event_tables

__all__ = [
    "answers_table",
    "context_metadata",
    "enumeration",
    "moment",
    "own_tables",
    "tenant_reference",
    "tenant_table",
]

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def context_metadata(context: str) -> MetaData:
    """The metadata of a context: its schema, names for constraints that migrations refer to, and the kit's tables."""
    metadata = MetaData(schema=context, naming_convention=_NAMES)
    _answers(metadata)
    add_event_tables(metadata)
    metadata.info["kit"] = frozenset(metadata.tables)
    return metadata


def own_tables(metadata: MetaData) -> list[Table]:
    """The tables that a context has declared itself, those that others refer to first; without the kit's."""
    return [table for table in metadata.sorted_tables if table.key not in metadata.info["kit"]]


@cache
def answers_table(context: str) -> Table:
    """The kept answers of a context, see `resolvers.idempotency`; `resolvers.migrations.migrate` makes it."""
    return _answers(MetaData(schema=context))


def _answers(metadata: MetaData) -> Table:
    return Table(
        "answers",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("request_hash", Text, nullable=False),
        Column("answer", JSONB, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Index("ix_answers_tenant_id_created_at", "tenant_id", "created_at"),
    )


def tenant_table(metadata: MetaData, name: str, *items: SchemaItem, **options: Any) -> Table:
    """A tenant-scoped table: `id` (UUIDv7 by default), `tenant_id`, `created_at`, `updated_at` and `items`.

    `(tenant_id, id)` is unique, so that `tenant_reference` can point to it.
    """
    return Table(
        name,
        metadata,
        Column("id", Uuid, primary_key=True, server_default=text("uuidv7()")),
        Column("tenant_id", Uuid, nullable=False),
        *items,
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        UniqueConstraint("tenant_id", "id"),
        **options,
    )


def tenant_reference(column: str, target: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key from `(tenant_id, column)` to `(tenant_id, id)` of `target` (`schema.table`)."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"], ondelete=ondelete)


def moment(name: str, *, nullable: bool = False) -> Column[Any]:
    """A column for a moment, with its time zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def enumeration(name: str, values: type[PyEnum], *, nullable: bool = False) -> Column[Any]:
    """A column for the value of an enum: as text with a check, so that new values need no ALTER TYPE."""
    kind = Enum(
        values,
        name=name,
        native_enum=False,
        length=16,
        create_constraint=True,
        values_callable=lambda enum: [member.value for member in enum],
    )
    return Column(name, kind, nullable=nullable)
