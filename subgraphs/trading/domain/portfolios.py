"""Portfolios: cash, positions, and what an order that is carried out does to them. Exact decimals throughout.

The entries of a portfolio's cash add up to its cash, and the balance of the last is it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Final
from uuid import UUID

from resolvers.errors import InvalidValue
from resolvers.values import checked_currency, checked_text, fraction_digits
from subgraphs.trading.domain.errors import InsufficientCash, InsufficientPosition
from subgraphs.trading.domain.orders import Order, OrderSide, OrderStatus
from subgraphs.trading.domain.values import checked_amount, rounded_money

__all__ = [
    "MAX_OPEN_ORDERS",
    "MAX_POSITIONS",
    "CashEntry",
    "CashKind",
    "Fill",
    "Portfolio",
    "Position",
    "cost_of",
    "fill",
    "moved",
    "new_portfolio",
]

MAX_OPEN_ORDERS: Final = 100
MAX_POSITIONS: Final = 200
_BASIS_POINT: Final = Decimal("0.0001")


class CashKind(Enum):
    """Why cash came or went."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    BUY = "buy"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A row of `trading.portfolios`, without its tenant.

    Attributes:
        cash: all of it, also what is set aside for open orders.
        deposited: what was paid in, less what was taken out.
        commission_bps, slippage_bps: of its paper broker, in hundredths of a percent.
        entries: how often cash came or went.
        version: grows with every change, also of its orders.
    """

    id: UUID
    name: str
    currency: str
    cash: Decimal
    deposited: Decimal
    commission_bps: Decimal
    slippage_bps: Decimal
    entries: int
    version: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """A row of `trading.positions`, without its tenant.

    Attributes:
        quantity: what is held; 0 after all was sold.
        cost: what was paid for it, with commissions.
        realised: profit of what was sold, after commissions.
    """

    portfolio_id: UUID
    instrument_id: UUID
    quantity: Decimal
    cost: Decimal
    realised: Decimal


@dataclass(frozen=True, slots=True)
class CashEntry:
    """A row of `trading.cash_entries`.

    Attributes:
        number: place among the portfolio's, from 1.
        amount: signed.
        balance: of the portfolio after it.
    """

    portfolio_id: UUID
    number: int
    kind: CashKind
    amount: Decimal
    balance: Decimal
    order_id: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Fill:
    """Everything that an order which is carried out changes."""

    portfolio: Portfolio
    position: Position
    order: Order
    entry: CashEntry


def new_portfolio(
    portfolio_id: UUID,
    name: str,
    currency: str,
    commission_bps: Decimal,
    slippage_bps: Decimal,
    created_by: UUID | None,
    now: datetime,
) -> Portfolio:
    """A portfolio without cash.

    Raises:
        InvalidValue: one of them breaks its rule.
    """
    for field, value in (("commissionBps", commission_bps), ("slippageBps", slippage_bps)):
        if checked_amount(field, value, 4, zero=True) > 1000:
            raise InvalidValue(field, "must be at most 1000")
    return Portfolio(
        id=portfolio_id,
        name=checked_text("name", name, 100),
        currency=checked_currency("currency", currency),
        cash=Decimal(0),
        deposited=Decimal(0),
        commission_bps=commission_bps,
        slippage_bps=slippage_bps,
        entries=0,
        version=1,
        created_by=created_by,
        created_at=now,
        updated_at=now,
    )


def moved(portfolio: Portfolio, amount: Decimal, available: Decimal, now: datetime) -> tuple[Portfolio, CashEntry]:
    """The portfolio with cash paid in (above 0) or taken out (below).

    Args:
        available: cash that is not set aside.

    Raises:
        InvalidValue: nothing, parts of a coin, or more than can be kept.
        InsufficientCash: more is taken out than is available.
    """
    checked_amount("amount", abs(amount), fraction_digits(portfolio.currency))
    checked_amount("amount", portfolio.cash + max(amount, Decimal(0)), fraction_digits(portfolio.currency), zero=True)
    if -amount > available:
        raise InsufficientCash(-amount, available, portfolio.currency)
    kind = CashKind.DEPOSIT if amount > 0 else CashKind.WITHDRAWAL
    return _booked(replace(portfolio, deposited=portfolio.deposited + amount), kind, amount, None, now)


def cost_of(portfolio: Portfolio, price: Decimal, quantity: Decimal) -> tuple[Decimal, Decimal]:
    """Amount and commission of a trade, in whole coins."""
    exact = price * quantity
    amount = rounded_money(exact, portfolio.currency)
    return amount, rounded_money(exact * portfolio.commission_bps * _BASIS_POINT, portfolio.currency)


def fill(
    portfolio: Portfolio,
    position: Position,
    order: Order,
    price: Decimal,
    available: Decimal,
    ended_at: datetime,
    now: datetime,
) -> Fill:
    """What becomes of everything when an order is carried out.

    Args:
        available: cash that is not set aside for other orders; for a sale, units that are not.
        ended_at: when it is carried out, in the market's time.

    Raises:
        InsufficientCash, InsufficientPosition: it cannot be carried out.
    """
    amount, commission = cost_of(portfolio, price, order.quantity)
    if order.side is OrderSide.BUY:
        if amount + commission > available:
            raise InsufficientCash(amount + commission, available, portfolio.currency)
        change = -(amount + commission)
        position = replace(position, quantity=position.quantity + order.quantity, cost=position.cost - change)
        kind = CashKind.BUY
    else:
        if order.quantity > available:
            raise InsufficientPosition(order.quantity, available)
        change = amount - commission
        sold = _share(position, order.quantity, portfolio.currency)
        position = replace(
            position,
            quantity=position.quantity - order.quantity,
            cost=position.cost - sold,
            realised=position.realised + change - sold,
        )
        kind = CashKind.SELL
    portfolio, entry = _booked(portfolio, kind, change, order.id, now)
    order = replace(
        order,
        status=OrderStatus.FILLED,
        reserved=Decimal(0),
        price=price,
        amount=amount,
        commission=commission,
        ended_at=ended_at,
        updated_at=now,
    )
    return Fill(portfolio, position, order, entry)


def _share(position: Position, quantity: Decimal, currency: str) -> Decimal:
    """What the part that is sold has cost; all that is left for the last of it."""
    if quantity == position.quantity:
        return position.cost
    return rounded_money(position.cost * quantity / position.quantity, currency)


def _booked(
    portfolio: Portfolio, kind: CashKind, amount: Decimal, order_id: UUID | None, now: datetime
) -> tuple[Portfolio, CashEntry]:
    portfolio = replace(
        portfolio,
        cash=portfolio.cash + amount,
        entries=portfolio.entries + 1,
        version=portfolio.version + 1,
        updated_at=now,
    )
    return portfolio, CashEntry(portfolio.id, portfolio.entries, kind, amount, portfolio.cash, order_id, now)
