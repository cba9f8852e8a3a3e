"""What trading tells other contexts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from resolvers.events.declaration import event

__all__ = ["BacktestFinished", "InstrumentCreated", "OrderFilled", "OrderPlaced", "OrderRejected"]


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


@event("trading.order_placed", version=1, about="order_id")
@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """The paper broker has taken an order.

    Attributes:
        side: "buy" or "sell".
        kind: "market", "limit" or "stop".
        placed_by: the user who did, or asked for the run that did.
        run_id: of the agents' run that did, if one did.
    """

    order_id: UUID
    portfolio_id: UUID
    instrument_id: UUID
    symbol: str
    side: str
    kind: str
    quantity: Decimal
    placed_by: UUID | None
    run_id: UUID | None
    placed_at: datetime


@event("trading.order_filled", version=1, about="order_id")
@dataclass(frozen=True, slots=True)
class OrderFilled:
    """An order was carried out, as a whole.

    Attributes:
        side: "buy" or "sell".
        amount: price by quantity, without commission.
        filled_at: the end of the bar in which it was.
    """

    order_id: UUID
    portfolio_id: UUID
    instrument_id: UUID
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    commission: Decimal
    currency: str
    filled_at: datetime


@event("trading.order_rejected", version=1, about="order_id")
@dataclass(frozen=True, slots=True)
class OrderRejected:
    """An order that waited could not be carried out when its price came.

    Attributes:
        reason: a code: INSUFFICIENT_CASH.
    """

    order_id: UUID
    portfolio_id: UUID
    instrument_id: UUID
    reason: str
