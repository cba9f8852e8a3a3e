"""Orders, and at which price they are carried out on paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Final
from uuid import UUID

from resolvers.errors import InvalidValue
from resolvers.values import checked_text
from subgraphs.trading.domain.bars import Bar
from subgraphs.trading.domain.instruments import Instrument, check_price, check_quantity

__all__ = [
    "Order",
    "OrderKind",
    "OrderRequest",
    "OrderSide",
    "OrderStatus",
    "first_fill",
    "price_now",
    "worst_price",
]

_BASIS_POINT: Final = Decimal("0.0001")
_PRICE_STEP: Final = Decimal("0.00000001")


class OrderSide(Enum):
    """Which way."""

    BUY = "buy"
    SELL = "sell"


class OrderKind(Enum):
    """When it is carried out."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"


class OrderStatus(Enum):
    """What became of it."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What somebody wants.

    Attributes:
        limit_price: for LIMIT, the worst price that is taken.
        stop_price: for STOP, the price at which it becomes a market order.
        note: why; for people.
    """

    side: OrderSide
    kind: OrderKind
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    note: str

    def check(self, instrument: Instrument) -> None:
        """Lets what can be ordered through.

        Raises:
            InvalidValue: otherwise.
        """
        check_quantity(instrument, "quantity", self.quantity)
        checked_text("note", self.note, 500, least=0)
        for field, price, kind in (
            ("limitPrice", self.limit_price, OrderKind.LIMIT),
            ("stopPrice", self.stop_price, OrderKind.STOP),
        ):
            if price is not None and kind is not self.kind:
                raise InvalidValue(field, f"is for {kind.name} orders only")
            if price is None and kind is self.kind:
                raise InvalidValue(field, f"is needed for a {kind.name} order")
            if price is not None:
                check_price(instrument, field, price)


@dataclass(frozen=True, slots=True)
class Order:
    """A row of `trading.orders`, without its tenant.

    Attributes:
        reserved: cash that is set aside for it while it is open.
        seen_until: bars that open before this moment are not for it.
        price: at which it was carried out.
        amount: price by quantity, in whole coins, without commission.
        rejection: why it was rejected, a code.
        placed_by: the user who did, or who asked for the run.
        run_id: of the agents' run that did.
        ended_at: when it was carried out, cancelled or rejected; of what was carried out, the end of the bar.
    """

    id: UUID
    portfolio_id: UUID
    instrument_id: UUID
    side: OrderSide
    kind: OrderKind
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    status: OrderStatus
    reserved: Decimal
    seen_until: datetime
    price: Decimal | None
    amount: Decimal | None
    commission: Decimal | None
    rejection: str | None
    note: str
    placed_by: UUID | None
    run_id: UUID | None
    ended_at: datetime | None
    created_at: datetime
    updated_at: datetime


def price_now(request: OrderRequest, last: Decimal, slippage_bps: Decimal) -> Decimal | None:
    """The price at which it is carried out at once, the last price being `last`; None if it must wait."""
    buys = request.side is OrderSide.BUY
    if request.kind is OrderKind.MARKET:
        return _slipped(last, slippage_bps, buys=buys)
    if request.kind is OrderKind.LIMIT:
        assert request.limit_price is not None
        return last if (last <= request.limit_price if buys else last >= request.limit_price) else None
    assert request.stop_price is not None
    reached = last >= request.stop_price if buys else last <= request.stop_price
    return _slipped(last, slippage_bps, buys=buys) if reached else None


def worst_price(request: OrderRequest, slippage_bps: Decimal) -> Decimal:
    """The price that cash is set aside for while it waits; a stop that a gap jumps over can cost more."""
    if request.kind is OrderKind.LIMIT:
        assert request.limit_price is not None
        return request.limit_price
    assert request.stop_price is not None
    return _slipped(request.stop_price, slippage_bps, buys=request.side is OrderSide.BUY)


def first_fill(order: Order, bars: Sequence[Bar], slippage_bps: Decimal) -> tuple[Bar, Decimal] | None:
    """The first of the bars (the oldest first) in which an open order is carried out, and at which price.

    A limit is carried out at the opening where that is better, a stop where it is worse: a gap is nobody's gain.
    """
    for bar in bars:
        if bar.at >= order.seen_until:
            price = _price_in(order, bar, slippage_bps)
            if price is not None:
                return bar, price
    return None


def _price_in(order: Order, bar: Bar, slippage_bps: Decimal) -> Decimal | None:
    buys = order.side is OrderSide.BUY
    if order.limit_price is not None:
        if buys:
            return min(bar.open, order.limit_price) if bar.low <= order.limit_price else None
        return max(bar.open, order.limit_price) if bar.high >= order.limit_price else None
    assert order.stop_price is not None
    if buys:
        reached, price = bar.high >= order.stop_price, max(bar.open, order.stop_price)
    else:
        reached, price = bar.low <= order.stop_price, min(bar.open, order.stop_price)
    return _slipped(price, slippage_bps, buys=buys) if reached else None


def _slipped(price: Decimal, slippage_bps: Decimal, *, buys: bool) -> Decimal:
    part = price * slippage_bps * _BASIS_POINT
    return max(_PRICE_STEP, (price + part if buys else price - part).quantize(_PRICE_STEP))
