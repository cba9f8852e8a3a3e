"""Portfolios, positions, cash and orders."""

import sqlalchemy as sa
from alembic import op

from resolvers.migrations import protect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PRICE = sa.Numeric(20, 8)
_MONEY = sa.Numeric(20, 3)


def _own() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
    )


def _moments() -> tuple[sa.Column[object], ...]:
    return tuple(
        sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
        for name in ("created_at", "updated_at")
    )


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"trading.{target}.tenant_id", f"trading.{target}.id"],
        name=f"fk_{table}_tenant_id_{column}",
    )


def upgrade() -> None:
    op.create_table(
        "portfolios",
        *_own(),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), sa.Computed("lower(name)", persisted=True), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("cash", _MONEY, nullable=False),
        sa.Column("deposited", _MONEY, nullable=False),
        sa.Column("commission_bps", sa.Numeric(8, 4), nullable=False),
        sa.Column("slippage_bps", sa.Numeric(8, 4), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        *_moments(),
        sa.CheckConstraint("cash >= 0", name="ck_portfolios_cash"),
        sa.PrimaryKeyConstraint("id", name="pk_portfolios"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_portfolios_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "name_key", name="uq_portfolios_name"),
        schema="trading",
    )
    op.create_table(
        "positions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("portfolio_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", _PRICE, nullable=False),
        sa.Column("cost", _MONEY, nullable=False),
        sa.Column("realised", _MONEY, nullable=False),
        sa.CheckConstraint("quantity >= 0", name="ck_positions_quantity"),
        _to("positions", "portfolio_id", "portfolios"),
        _to("positions", "instrument_id", "instruments"),
        sa.PrimaryKeyConstraint("tenant_id", "portfolio_id", "instrument_id", name="pk_positions"),
        schema="trading",
    )
    op.create_table(
        "orders",
        *_own(),
        sa.Column("portfolio_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("quantity", _PRICE, nullable=False),
        sa.Column("limit_price", _PRICE, nullable=True),
        sa.Column("stop_price", _PRICE, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reserved", _MONEY, nullable=False),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("price", _PRICE, nullable=True),
        sa.Column("amount", _MONEY, nullable=True),
        sa.Column("commission", _MONEY, nullable=True),
        sa.Column("rejection", sa.String(length=50), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("placed_by", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *_moments(),
        sa.CheckConstraint("side IN ('buy', 'sell')", name="ck_orders_side"),
        sa.CheckConstraint("kind IN ('market', 'limit', 'stop')", name="ck_orders_kind"),
        sa.CheckConstraint("status IN ('open', 'filled', 'cancelled', 'rejected')", name="ck_orders_status"),
        _to("orders", "portfolio_id", "portfolios"),
        _to("orders", "instrument_id", "instruments"),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_orders_tenant_id_id"),
        schema="trading",
    )
    op.create_index(
        "ix_orders_portfolio_id_created_at",
        "orders",
        ["tenant_id", "portfolio_id", "created_at", "id"],
        schema="trading",
    )
    op.create_index(
        "ix_orders_open",
        "orders",
        ["tenant_id", "instrument_id", "portfolio_id"],
        schema="trading",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "cash_entries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("portfolio_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount", _MONEY, nullable=False),
        sa.Column("balance", _MONEY, nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('deposit', 'withdrawal', 'buy', 'sell')", name="ck_cash_entries_kind"),
        _to("cash_entries", "portfolio_id", "portfolios"),
        sa.PrimaryKeyConstraint("tenant_id", "portfolio_id", "number", name="pk_cash_entries"),
        schema="trading",
    )
    for table in ("portfolios", "positions", "orders", "cash_entries"):
        protect("trading", table)


def downgrade() -> None:
    for table in ("cash_entries", "orders", "positions", "portfolios"):
        op.drop_table(table, schema="trading")
