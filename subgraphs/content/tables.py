"""Tables of schema `content`. Each is one tenant's rows only: row-level security is on and forced.

Django's migrations make them, see `subgraphs.content.migrate`; `django_tables.txt` says what they made, and a test
holds it against the database. `python -m subgraphs.content.cms.commands describe_tables` writes it anew.
"""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Double, Integer, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.types import TypeEngine

from resolvers.tables import context_metadata

__all__ = ["metadata", "table"]

_TYPES: Final[dict[str, type[TypeEngine[Any]]]] = {
    "bigint": BigInteger,
    "boolean": Boolean,
    "date": Date,
    "double precision": Double,
    "integer": Integer,
    "jsonb": JSONB,
    "smallint": SmallInteger,
    "text": Text,
    "timestamptz": DateTime,
    "tsvector": TSVECTOR,
    "uuid": Uuid,
    "varchar": Text,
}

metadata = context_metadata("content")


def table(name: str) -> Table:
    """One of them, by Django's name."""
    return metadata.tables[f"content.{name}"]


def _column(text: str, *, is_key: bool) -> Column[Any]:
    name, _, kind = text.partition(" ")
    chosen = _TYPES[kind.rstrip("?")]
    made = DateTime(timezone=True) if chosen is DateTime else chosen()
    return Column(name, made, primary_key=is_key, nullable=kind.endswith("?"))


def _declare() -> None:
    for line in (Path(__file__).parent / "django_tables.txt").read_text().splitlines():
        name, _, columns = line.partition(": ")
        Table(name, metadata, *(_column(text, is_key=place == 0) for place, text in enumerate(columns.split(", "))))


_declare()
