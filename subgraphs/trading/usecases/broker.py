"""The paper broker: takes orders, carries them out against the newest bars, and cancels them.

Whoever needs both locks an instrument first, then portfolios in the order of their ids: bars of an instrument and
orders for it come one after another, and each order sees each bar that opens after the newest one when it was placed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from resolvers.bells import Bells
from resolvers.session import TenantSession
from subgraphs.trading.domain.bars import Bar
from subgraphs.trading.domain.errors import (
    CurrencyMismatch,
    InstrumentInactive,
    InstrumentNotFound,
    InsufficientCash,
    InsufficientPosition,
    NoMarketPrice,
    OrderNotFound,
    OrderNotOpen,
    PortfolioNotFound,
    TooManyOpenOrders,
    TooManyPositions,
)
from subgraphs.trading.domain.instruments import Instrument
from subgraphs.trading.domain.orders import (
    Order,
    OrderRequest,
    OrderSide,
    OrderStatus,
    first_fill,
    price_now,
    worst_price,
)
from subgraphs.trading.domain.portfolios import (
    MAX_OPEN_ORDERS,
    MAX_POSITIONS,
    CashEntry,
    Portfolio,
    Position,
    cost_of,
    fill,
)
from subgraphs.trading.domain.values import BarInterval
from subgraphs.trading.events import OrderFilled, OrderPlaced, OrderRejected
from subgraphs.trading.repository import bars, instruments, orders, portfolios
from subgraphs.trading.usecases.watch import tell_portfolio

__all__ = ["cancel_order", "carry_out", "place_order"]

_NOTHING = Decimal(0)


async def place_order(
    session: TenantSession,
    portfolio_id: UUID,
    instrument_id: UUID,
    request: OrderRequest,
    run_id: UUID | None,
    order_id: UUID | None = None,
    bells: Bells | None = None,
) -> Order:
    """An order, carried out at once if the newest price allows it.

    Raises:
        InstrumentNotFound, PortfolioNotFound, InstrumentInactive, CurrencyMismatch, NoMarketPrice, InvalidValue,
        InsufficientCash, InsufficientPosition, TooManyOpenOrders, TooManyPositions: see there.
    """
    instrument = await instruments.shared_instrument(session, instrument_id)
    if instrument is None:
        raise InstrumentNotFound
    portfolio = await _locked(session, portfolio_id)
    _check(instrument, portfolio, request)
    (newest,) = await bars.newest_bars(session, [instrument_id])
    if newest is None:
        raise NoMarketPrice
    (held,) = await portfolios.positions_of(session, [portfolio_id])
    position = next(
        (each for each in held if each.instrument_id == instrument_id),
        Position(portfolio_id, instrument_id, _NOTHING, _NOTHING, _NOTHING),
    )
    if position not in held and len(held) >= MAX_POSITIONS:
        raise TooManyPositions
    if await orders.count_open_orders(session, portfolio_id) >= MAX_OPEN_ORDERS:
        raise TooManyOpenOrders
    now = datetime.now(UTC)
    order = Order(
        id=order_id or uuid4(),
        portfolio_id=portfolio_id,
        instrument_id=instrument_id,
        side=request.side,
        kind=request.kind,
        quantity=request.quantity,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        status=OrderStatus.OPEN,
        reserved=_NOTHING,
        seen_until=newest.bar.at + newest.interval.length,
        price=None,
        amount=None,
        commission=None,
        rejection=None,
        note=request.note.strip(),
        placed_by=session.context.user_id,
        run_id=run_id,
        ended_at=None,
        created_at=now,
        updated_at=now,
    )
    available = await _available(session, portfolio, position, request.side)
    price = price_now(request, newest.bar.close, portfolio.slippage_bps)
    _told_placed(session, order, instrument)
    if price is not None:
        done = fill(portfolio, position, order, price, available, order.seen_until, now)
        await orders.add_order(session, done.order)
        await _kept(session, bells, _Book([done.portfolio], [done.position], [], [done.entry]))
        _told_filled(session, done.order, instrument)
        return done.order
    order = _waiting(order, request, portfolio, available)
    await orders.add_order(session, order)
    await _kept(session, bells, _Book([replace(portfolio, version=portfolio.version + 1, updated_at=now)]))
    return order


async def cancel_order(session: TenantSession, order_id: UUID, bells: Bells | None = None) -> Order:
    """The order, cancelled.

    Raises:
        OrderNotFound, OrderNotOpen: see there.
    """
    (order,) = await orders.find_orders(session, [order_id])
    if order is None:
        raise OrderNotFound
    portfolio = await _locked(session, order.portfolio_id)
    # As it is now that nobody else can change it.
    (order,) = await orders.find_orders(session, [order_id])
    if order is None or order.status is not OrderStatus.OPEN:
        raise OrderNotOpen
    now = datetime.now(UTC)
    order = replace(order, status=OrderStatus.CANCELLED, reserved=_NOTHING, ended_at=now, updated_at=now)
    changed = replace(portfolio, version=portfolio.version + 1, updated_at=now)
    await _kept(session, bells, _Book([changed], [], [order]))
    return order


async def carry_out(
    session: TenantSession, instrument: Instrument, interval: BarInterval, bells: Bells | None = None
) -> None:
    """Holds the orders that wait for an instrument, which is locked, against bars of it that are new to them."""
    waiting = await orders.open_orders_of(session, instrument.id)
    if not waiting:
        return
    locked = await portfolios.portfolios_for_update(session, sorted({each.portfolio_id for each in waiting}))
    # As they are now that nobody else can cancel them.
    waiting = await orders.open_orders_of(session, instrument.id)
    since = min((each.seen_until for each in waiting), default=None)
    new = [] if since is None else await bars.bars_since(session, instrument.id, interval, since)
    if not new:
        return
    book = await _filled(session, instrument, interval, waiting, locked, new)
    await _kept(session, bells, book)
    await orders.seen(session, instrument.id, new[-1].at + interval.length)


@dataclass(slots=True)
class _Book:
    """What is to be written."""

    portfolios: list[Portfolio] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    entries: list[CashEntry] = field(default_factory=list)


async def _filled(
    session: TenantSession,
    instrument: Instrument,
    interval: BarInterval,
    waiting: Sequence[Order],
    locked: dict[UUID, Portfolio],
    new: Sequence[Bar],
) -> _Book:
    """What becomes of the orders that the bars reach, in the order in which they do."""
    reached = []
    for order in waiting:
        found = first_fill(order, new, locked[order.portfolio_id].slippage_bps)
        if found is not None:
            reached.append((found[0].at, order.created_at, order.id, order, found[1]))
    if not reached:
        return _Book()
    ids = sorted({each[3].portfolio_id for each in reached})
    reserved = dict(zip(ids, await portfolios.reserved_cash(session, ids), strict=True))
    held = {
        (each.portfolio_id, each.instrument_id): each
        for found in await portfolios.positions_of(session, ids)
        for each in found
    }
    now = datetime.now(UTC)
    entries: list[CashEntry] = []
    done_orders: list[Order] = []
    changed: dict[UUID, Portfolio] = {}
    for at, _, _, order, price in sorted(reached, key=lambda each: each[:3]):
        key = (order.portfolio_id, order.instrument_id)
        portfolio = changed.get(order.portfolio_id, locked[order.portfolio_id])
        position = held.get(key, Position(*key, _NOTHING, _NOTHING, _NOTHING))
        reserved[order.portfolio_id] -= order.reserved
        buys = order.side is OrderSide.BUY
        available = portfolio.cash - reserved[order.portfolio_id] if buys else position.quantity
        try:
            done = fill(portfolio, position, order, price, available, at + interval.length, now)
        except (InsufficientCash, InsufficientPosition) as refusal:
            rejected = replace(
                order,
                status=OrderStatus.REJECTED,
                reserved=_NOTHING,
                rejection=refusal.code,
                ended_at=at + interval.length,
                updated_at=now,
            )
            changed[portfolio.id] = replace(portfolio, version=portfolio.version + 1, updated_at=now)
            done_orders.append(rejected)
            session.publish(OrderRejected(order.id, order.portfolio_id, order.instrument_id, refusal.code))
            continue
        changed[portfolio.id], held[key] = done.portfolio, done.position
        entries.append(done.entry)
        done_orders.append(done.order)
        _told_filled(session, done.order, instrument)
    touched = {(each.portfolio_id, each.instrument_id) for each in done_orders}
    return _Book(list(changed.values()), [held[key] for key in sorted(touched) if key in held], done_orders, entries)


async def _kept(session: TenantSession, bells: Bells | None, book: _Book) -> None:
    await portfolios.change_portfolios(session, book.portfolios)
    await portfolios.write_positions(session, book.positions)
    await orders.change_orders(session, book.orders)
    await portfolios.add_entries(session, book.entries)
    for portfolio in book.portfolios:
        tell_portfolio(session, bells, portfolio)


async def _locked(session: TenantSession, portfolio_id: UUID) -> Portfolio:
    locked = await portfolios.portfolios_for_update(session, [portfolio_id])
    if portfolio_id not in locked:
        raise PortfolioNotFound
    return locked[portfolio_id]


def _check(instrument: Instrument, portfolio: Portfolio, request: OrderRequest) -> None:
    request.check(instrument)
    if not instrument.active:
        raise InstrumentInactive
    if instrument.currency != portfolio.currency:
        raise CurrencyMismatch(
            f"{instrument.symbol} is priced in {instrument.currency}, and the portfolio is in {portfolio.currency}."
        )


async def _available(session: TenantSession, portfolio: Portfolio, position: Position, side: OrderSide) -> Decimal:
    """Cash for a purchase, units for a sale: what is not set aside."""
    if side is OrderSide.BUY:
        (reserved,) = await portfolios.reserved_cash(session, [portfolio.id])
        return portfolio.cash - reserved
    reserved_units = await portfolios.reserved_quantities(session, [portfolio.id], position.instrument_id)
    return position.quantity - reserved_units.get(portfolio.id, _NOTHING)


def _waiting(order: Order, request: OrderRequest, portfolio: Portfolio, available: Decimal) -> Order:
    """The order with what it takes set aside.

    Raises:
        InsufficientCash, InsufficientPosition: it takes more than there is.
    """
    if order.side is OrderSide.SELL:
        if order.quantity > available:
            raise InsufficientPosition(order.quantity, available)
        return order
    needed = sum(cost_of(portfolio, worst_price(request, portfolio.slippage_bps), order.quantity), _NOTHING)
    if needed > available:
        raise InsufficientCash(needed, available, portfolio.currency)
    return replace(order, reserved=needed)


def _told_placed(session: TenantSession, order: Order, instrument: Instrument) -> None:
    session.publish(
        OrderPlaced(
            order_id=order.id,
            portfolio_id=order.portfolio_id,
            instrument_id=order.instrument_id,
            symbol=instrument.symbol,
            side=order.side.value,
            kind=order.kind.value,
            quantity=order.quantity,
            placed_by=order.placed_by,
            run_id=order.run_id,
            placed_at=order.created_at,
        )
    )


def _told_filled(session: TenantSession, order: Order, instrument: Instrument) -> None:
    assert order.price is not None
    assert order.amount is not None
    assert order.commission is not None
    assert order.ended_at is not None
    session.publish(
        OrderFilled(
            order_id=order.id,
            portfolio_id=order.portfolio_id,
            instrument_id=order.instrument_id,
            symbol=instrument.symbol,
            side=order.side.value,
            quantity=order.quantity,
            price=order.price,
            amount=order.amount,
            commission=order.commission,
            currency=instrument.currency,
            filled_at=order.ended_at,
        )
    )
