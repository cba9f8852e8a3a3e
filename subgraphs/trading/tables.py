"""Tables of schema `trading`. Each is one tenant's rows only: row-level security is on and forced."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Double,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.tables import context_metadata, enumeration, moment, tenant_reference, tenant_table
from subgraphs.trading.domain.orders import OrderKind, OrderSide, OrderStatus
from subgraphs.trading.domain.portfolios import CashKind
from subgraphs.trading.domain.strategies import StrategyKind
from subgraphs.trading.domain.values import AssetKind, BarInterval, BarSource

__all__ = [
    "SCHEMA",
    "backtest_trades",
    "backtests",
    "bars",
    "cash_entries",
    "instruments",
    "metadata",
    "orders",
    "portfolios",
    "positions",
    "strategies",
]

SCHEMA = "trading"

metadata = context_metadata(SCHEMA)

PRICE = Numeric(20, 8)
MONEY = Numeric(20, 3)

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

strategies = tenant_table(
    metadata,
    "strategies",
    Column("name", String(100), nullable=False),
    Column("name_key", Text(collation="C"), Computed("lower(name)", persisted=True), nullable=False),
    Column("description", String(2000), nullable=False),
    enumeration("kind", StrategyKind),
    Column("parameters", JSONB, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("tenant_id", "name_key", name="uq_strategies_name"),
)

# Estimates in floats: nobody's cash.
backtests = tenant_table(
    metadata,
    "backtests",
    Column("strategy_id", Uuid, nullable=False),
    Column("instrument_id", Uuid, nullable=False),
    enumeration("kind", StrategyKind),
    Column("parameters", JSONB, nullable=False),
    enumeration("interval", BarInterval),
    moment("first_at"),
    moment("last_at"),
    Column("bars", Integer, nullable=False),
    Column("money", Double, nullable=False),
    Column("commission_bps", Double, nullable=False),
    Column("slippage_bps", Double, nullable=False),
    Column("risk_free", Double, nullable=False),
    Column("final_money", Double, nullable=False),
    Column("hold_return", Double, nullable=False),
    Column("ruined", Boolean, nullable=False),
    Column("trade_count", Integer, nullable=False),
    Column("performance", JSONB, nullable=False),
    Column("curve", JSONB, nullable=False),
    Column("requested_by", Uuid),
    tenant_reference("strategy_id", "trading.strategies"),
    tenant_reference("instrument_id", "trading.instruments"),
)
for _columns in (["created_at"], ["strategy_id", "created_at"], ["instrument_id", "created_at"]):
    Index(f"ix_backtests_{'_'.join(_columns)}", *(backtests.c[name] for name in ("tenant_id", *_columns, "id")))

backtest_trades = Table(
    "backtest_trades",
    metadata,
    Column("tenant_id", Uuid, nullable=False),
    Column("backtest_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("direction", SmallInteger, nullable=False),
    moment("entered_at"),
    moment("exited_at"),
    Column("quantity", Double, nullable=False),
    Column("entry_price", Double, nullable=False),
    Column("exit_price", Double, nullable=False),
    Column("profit", Double, nullable=False),
    Column("is_open", Boolean, nullable=False),
    PrimaryKeyConstraint("tenant_id", "backtest_id", "number"),
    tenant_reference("backtest_id", "trading.backtests", ondelete="CASCADE"),
)

portfolios = tenant_table(
    metadata,
    "portfolios",
    Column("name", String(100), nullable=False),
    Column("name_key", Text(collation="C"), Computed("lower(name)", persisted=True), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("cash", MONEY, nullable=False),
    Column("deposited", MONEY, nullable=False),
    Column("commission_bps", Numeric(8, 4), nullable=False),
    Column("slippage_bps", Numeric(8, 4), nullable=False),
    Column("entries", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_by", Uuid),
    UniqueConstraint("tenant_id", "name_key", name="uq_portfolios_name"),
    CheckConstraint("cash >= 0", name="cash"),
)

positions = Table(
    "positions",
    metadata,
    Column("tenant_id", Uuid, nullable=False),
    Column("portfolio_id", Uuid, nullable=False),
    Column("instrument_id", Uuid, nullable=False),
    Column("quantity", PRICE, nullable=False),
    Column("cost", MONEY, nullable=False),
    Column("realised", MONEY, nullable=False),
    PrimaryKeyConstraint("tenant_id", "portfolio_id", "instrument_id"),
    tenant_reference("portfolio_id", "trading.portfolios"),
    tenant_reference("instrument_id", "trading.instruments"),
    CheckConstraint("quantity >= 0", name="quantity"),
)

orders = tenant_table(
    metadata,
    "orders",
    Column("portfolio_id", Uuid, nullable=False),
    Column("instrument_id", Uuid, nullable=False),
    enumeration("side", OrderSide),
    enumeration("kind", OrderKind),
    Column("quantity", PRICE, nullable=False),
    Column("limit_price", PRICE),
    Column("stop_price", PRICE),
    enumeration("status", OrderStatus),
    Column("reserved", MONEY, nullable=False),
    moment("seen_until"),
    Column("price", PRICE),
    Column("amount", MONEY),
    Column("commission", MONEY),
    Column("rejection", String(50)),
    Column("note", String(500), nullable=False),
    Column("placed_by", Uuid),
    Column("run_id", Uuid),
    moment("ended_at", nullable=True),
    tenant_reference("portfolio_id", "trading.portfolios"),
    tenant_reference("instrument_id", "trading.instruments"),
)
Index(
    "ix_orders_portfolio_id_created_at",
    *(orders.c[name] for name in ("tenant_id", "portfolio_id", "created_at", "id")),
)
Index(
    "ix_orders_open",
    *(orders.c[name] for name in ("tenant_id", "instrument_id", "portfolio_id")),
    postgresql_where=text("status = 'open'"),
)

cash_entries = Table(
    "cash_entries",
    metadata,
    Column("tenant_id", Uuid, nullable=False),
    Column("portfolio_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    enumeration("kind", CashKind),
    Column("amount", MONEY, nullable=False),
    Column("balance", MONEY, nullable=False),
    Column("order_id", Uuid),
    moment("at"),
    PrimaryKeyConstraint("tenant_id", "portfolio_id", "number"),
    tenant_reference("portfolio_id", "trading.portfolios"),
)
