"""Tables of schema `trading`. Each is one tenant's rows only: row-level security is on and forced."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from resolvers.tables import context_metadata, enumeration, moment, tenant_reference, tenant_table
from subgraphs.trading.domain.values import AssetKind, BarInterval, BarSource

__all__ = ["SCHEMA", "bars", "instruments", "metadata"]

SCHEMA = "trading"

metadata = context_metadata(SCHEMA)

PRICE = Numeric(20, 8)

instruments = tenant_table(
    metadata,
    "instruments",
    Column("symbol", String(32, collation="C"), nullable=False),
    Column("name", String(200), nullable=False),
    # Searched on a column: under row security no index on an expression is used.
    Column("name_key", Text(collation="C"), Computed("lower(name)", persisted=True), nullable=False),
    enumeration("kind", AssetKind),
    Column("currency", String(3), nullable=False),
    Column("venue", String(50), nullable=False),
    Column("tick_size", PRICE, nullable=False),
    Column("lot_size", PRICE, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("tenant_id", "symbol", name="uq_instruments_symbol"),
)

# Millions of rows that are only ever asked for by their place in time: no id, and the key is the only index.
bars = Table(
    "bars",
    metadata,
    Column("tenant_id", Uuid, nullable=False),
    Column("instrument_id", Uuid, nullable=False),
    enumeration("interval", BarInterval),
    moment("at"),
    Column("open", PRICE, nullable=False),
    Column("high", PRICE, nullable=False),
    Column("low", PRICE, nullable=False),
    Column("close", PRICE, nullable=False),
    Column("volume", PRICE, nullable=False),
    enumeration("source", BarSource),
    Column("revision", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("tenant_id", "instrument_id", "interval", "at"),
    tenant_reference("instrument_id", "trading.instruments", ondelete="CASCADE"),
)
