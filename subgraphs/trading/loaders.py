"""Batch functions for `info.context.load`: one statement for all keys of a level of the query."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from resolvers.pagination import Page, Window
from resolvers.session import TenantSession
from subgraphs.trading.domain.backtests import Backtest, BacktestTrade
from subgraphs.trading.domain.instruments import Instrument
from subgraphs.trading.domain.orders import Order, OrderStatus
from subgraphs.trading.domain.portfolios import CashEntry, Portfolio, Position
from subgraphs.trading.domain.strategies import Strategy
from subgraphs.trading.domain.values import BarInterval
from subgraphs.trading.repository import backtests, bars, instruments, orders, portfolios, strategies
from subgraphs.trading.repository.bars import BarRange, StoredBar

__all__ = [
    "backtest_by_id",
    "bar_pages",
    "entry_pages",
    "instrument_by_id",
    "newest_bar",
    "newest_bar_of",
    "order_by_id",
    "order_pages",
    "portfolio_by_id",
    "position_pages",
    "positions_of",
    "reserved_cash",
    "strategy_by_id",
    "trade_pages",
]


async def instrument_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Instrument | None]:
    """The instrument of each id, or None."""
    return await instruments.find_instruments(session, keys)


async def bar_pages(
    session: TenantSession, keys: list[UUID], arguments: tuple[BarRange, Window]
) -> Sequence[Page[StoredBar]]:
    """A page of bars of each instrument."""
    return await bars.bar_pages(session, keys, *arguments)


async def newest_bar(session: TenantSession, keys: list[UUID]) -> Sequence[StoredBar | None]:
    """The bar of each instrument that ended last, whatever its interval."""
    return await bars.newest_bars(session, keys)


async def newest_bar_of(session: TenantSession, keys: list[UUID], interval: BarInterval) -> Sequence[StoredBar | None]:
    """The newest bar of each instrument in an interval."""
    return await bars.newest_bars(session, keys, [interval])


async def strategy_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Strategy | None]:
    """The strategy of each id, or None."""
    return await strategies.find_strategies(session, keys)


async def backtest_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Backtest | None]:
    """The backtest of each id, or None."""
    return await backtests.find_backtests(session, keys)


async def trade_pages(session: TenantSession, keys: list[UUID], window: Window) -> Sequence[Page[BacktestTrade]]:
    """A page of trades of each backtest."""
    return await backtests.trade_pages(session, keys, window)


async def portfolio_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Portfolio | None]:
    """The portfolio of each id, or None."""
    return await portfolios.find_portfolios(session, keys)


async def order_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Order | None]:
    """The order of each id, or None."""
    return await orders.find_orders(session, keys)


async def reserved_cash(session: TenantSession, keys: list[UUID]) -> Sequence[Decimal]:
    """Cash that each portfolio has set aside."""
    return await portfolios.reserved_cash(session, keys)


async def positions_of(session: TenantSession, keys: list[UUID]) -> Sequence[list[Position]]:
    """All positions of each portfolio."""
    return await portfolios.positions_of(session, keys)


async def position_pages(session: TenantSession, keys: list[UUID], window: Window) -> Sequence[Page[Position]]:
    """A page of what each portfolio holds."""
    return await portfolios.position_pages(session, keys, window)


async def order_pages(
    session: TenantSession, keys: list[UUID], arguments: tuple[OrderStatus | None, Window]
) -> Sequence[Page[Order]]:
    """A page of orders of each portfolio."""
    return await orders.order_pages(session, keys, *arguments)


async def entry_pages(session: TenantSession, keys: list[UUID], window: Window) -> Sequence[Page[CashEntry]]:
    """A page of cash entries of each portfolio."""
    return await portfolios.entry_pages(session, keys, window)
