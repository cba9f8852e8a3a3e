"""Strategies and backtests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from resolvers.migrations import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KINDS = "('ma_crossover', 'mean_reversion', 'momentum', 'breakout', 'buy_and_hold')"


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


def _reals(*names: str) -> tuple[sa.Column[object], ...]:
    return tuple(sa.Column(name, sa.Double(), nullable=False) for name in names)


def upgrade() -> None:
    op.create_table(
        "strategies",
        *_own(),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), sa.Computed("lower(name)", persisted=True), nullable=False),
        sa.Column("description", sa.String(length=2000), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("parameters", JSONB(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_moments(),
        sa.CheckConstraint(f"kind IN {_KINDS}", name="ck_strategies_kind"),
        sa.PrimaryKeyConstraint("id", name="pk_strategies"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_strategies_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "name_key", name="uq_strategies_name"),
        schema="trading",
    )
    op.create_table(
        "backtests",
        *_own(),
        sa.Column("strategy_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("parameters", JSONB(), nullable=False),
        sa.Column("interval", sa.String(length=16), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bars", sa.Integer(), nullable=False),
        *_reals("money", "commission_bps", "slippage_bps", "risk_free", "final_money", "hold_return"),
        sa.Column("ruined", sa.Boolean(), nullable=False),
        sa.Column("trade_count", sa.Integer(), nullable=False),
        sa.Column("performance", JSONB(), nullable=False),
        sa.Column("curve", JSONB(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        *_moments(),
        sa.CheckConstraint(f"kind IN {_KINDS}", name="ck_backtests_kind"),
        sa.CheckConstraint("interval IN ('1m', '1h', '1d')", name="ck_backtests_interval"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "strategy_id"],
            ["trading.strategies.tenant_id", "trading.strategies.id"],
            name="fk_backtests_tenant_id_strategy_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "instrument_id"],
            ["trading.instruments.tenant_id", "trading.instruments.id"],
            name="fk_backtests_tenant_id_instrument_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_backtests"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_backtests_tenant_id_id"),
        schema="trading",
    )
    for columns in (["created_at"], ["strategy_id", "created_at"], ["instrument_id", "created_at"]):
        op.create_index(
            f"ix_backtests_{'_'.join(columns)}", "backtests", ["tenant_id", *columns, "id"], schema="trading"
        )
    op.create_table(
        "backtest_trades",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("backtest_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("direction", sa.SmallInteger(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exited_at", sa.DateTime(timezone=True), nullable=False),
        *_reals("quantity", "entry_price", "exit_price", "profit"),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "backtest_id"],
            ["trading.backtests.tenant_id", "trading.backtests.id"],
            name="fk_backtest_trades_tenant_id_backtest_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "backtest_id", "number", name="pk_backtest_trades"),
        schema="trading",
    )
    for table in ("strategies", "backtests", "backtest_trades"):
        protect("trading", table)


def downgrade() -> None:
    for table in ("backtest_trades", "backtests", "strategies"):
        op.drop_table(table, schema="trading")
