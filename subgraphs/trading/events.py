"""What trading tells other contexts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from resolvers.events.declaration import event

__all__ = ["BacktestFinished", "InstrumentCreated"]


@event("trading.instrument_created", version=1, about="instrument_id")
@dataclass(frozen=True, slots=True)
class InstrumentCreated:
    """There is a new instrument.

    Attributes:
        symbol: unique in the tenant.
        currency: of its prices, ISO 4217.
    """

    instrument_id: UUID
    symbol: str
    name: str
    currency: str
    created_at: datetime


@event("trading.backtest_finished", version=1, about="backtest_id")
@dataclass(frozen=True, slots=True)
class BacktestFinished:
    """A strategy was tried on bars of the past.

    Attributes:
        total_return, max_drawdown: fractions.
        sharpe: by the year; None if nothing varied.
        trades: how many it made.
    """

    backtest_id: UUID
    strategy_id: UUID
    instrument_id: UUID
    total_return: float
    sharpe: float | None
    max_drawdown: float
    trades: int
    finished_at: datetime
