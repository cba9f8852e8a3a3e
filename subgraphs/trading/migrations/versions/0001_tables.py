"""Instruments and bars."""

import sqlalchemy as sa
from alembic import op

from resolvers.migrations import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_PRICE = sa.Numeric(20, 8)


def upgrade() -> None:
    op.create_table(
        "instruments",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("symbol", sa.String(length=32, collation="C"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), sa.Computed("lower(name)", persisted=True), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("venue", sa.String(length=50), nullable=False),
        sa.Column("tick_size", _PRICE, nullable=False),
        sa.Column("lot_size", _PRICE, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('equity', 'fund', 'currency', 'crypto')", name="ck_instruments_kind"),
        sa.PrimaryKeyConstraint("id", name="pk_instruments"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_instruments_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "symbol", name="uq_instruments_symbol"),
        schema="trading",
    )
    op.create_table(
        "bars",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Uuid(), nullable=False),
        sa.Column("interval", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, _PRICE, nullable=False) for name in ("open", "high", "low", "close", "volume")),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("interval IN ('1m', '1h', '1d')", name="ck_bars_interval"),
        sa.CheckConstraint("source IN ('imported', 'generated')", name="ck_bars_source"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "instrument_id"],
            ["trading.instruments.tenant_id", "trading.instruments.id"],
            name="fk_bars_tenant_id_instrument_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "instrument_id", "interval", "at", name="pk_bars"),
        schema="trading",
    )
    for table in ("instruments", "bars"):
        protect("trading", table)


def downgrade() -> None:
    for table in ("bars", "instruments"):
        op.drop_table(table, schema="trading")
