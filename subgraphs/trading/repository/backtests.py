"""Statements about `trading.backtests` and their trades."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering, Page, Window, fetch_page, fetch_pages
from resolvers.rows import columns_of, read
from resolvers.session import TenantSession
from subgraphs.trading.domain.backtests import Backtest, BacktestTrade
from subgraphs.trading.repository.rows import add
from subgraphs.trading.tables import backtest_trades, backtests

__all__ = [
    "BY_NUMBER",
    "NEWEST_FIRST",
    "add_backtest",
    "backtest_page",
    "count_backtests",
    "find_backtests",
    "remove_backtest",
    "trade_pages",
]

NEWEST_FIRST = Ordering("NEWEST", Key(backtests.c.created_at, descending=True), Key(backtests.c.id, descending=True))
BY_NUMBER = Ordering("NUMBER", Key(backtest_trades.c.number))

_COLUMNS = columns_of(backtests, Backtest)
_COUNT = len(_COLUMNS)
_TRADE_COLUMNS = columns_of(backtest_trades, BacktestTrade)


async def find_backtests(session: TenantSession, ids: Sequence[UUID]) -> list[Backtest | None]:
    """The backtest of each id, in their order. One statement."""
    rows = await session.rows(select(*_COLUMNS).where(backtests.c.id.in_(ids)))
    return aligned(ids, {row.id: read(Backtest, row, _COUNT) for row in rows})


async def backtest_page(
    session: TenantSession, strategy_id: UUID | None, instrument_id: UUID | None, window: Window
) -> Page[Backtest]:
    """A page of the tenant's, of a strategy, an instrument, or both. One statement."""
    statement = select(*_COLUMNS).where(*_about(strategy_id, instrument_id))
    return _backtests(await fetch_page(session, statement, window))


async def count_backtests(session: TenantSession, strategy_id: UUID | None, instrument_id: UUID | None) -> int:
    """How many there are."""
    statement = select(func.count()).select_from(backtests).where(*_about(strategy_id, instrument_id))
    return int(await session.scalar(statement))


async def trade_pages(
    session: TenantSession, backtest_ids: Sequence[UUID], window: Window
) -> list[Page[BacktestTrade]]:
    """A page of trades for each backtest, in their order. One statement."""
    statement = select(*_TRADE_COLUMNS)
    pages = await fetch_pages(session, statement, backtest_trades.c.backtest_id, backtest_ids, window)
    count = len(_TRADE_COLUMNS)
    return [
        Page(tuple(read(BacktestTrade, row, count) for row in page.rows), page.cursors, page.info) for page in pages
    ]


async def add_backtest(session: TenantSession, backtest: Backtest, trades: Sequence[BacktestTrade]) -> None:
    """Writes one with its trades. Two statements."""
    await add(session, backtests, backtest)
    await add(session, backtest_trades, *trades)


async def remove_backtest(session: TenantSession, backtest_id: UUID) -> bool:
    """Deletes one with its trades; whether it was there."""
    return await session.execute(delete(backtests).where(backtests.c.id == backtest_id)) > 0


def _about(strategy_id: UUID | None, instrument_id: UUID | None) -> list[ColumnElement[bool]]:
    conditions = []
    if strategy_id is not None:
        conditions.append(backtests.c.strategy_id == strategy_id)
    if instrument_id is not None:
        conditions.append(backtests.c.instrument_id == instrument_id)
    return conditions


def _backtests(page: Page[Any]) -> Page[Backtest]:
    return Page(tuple(read(Backtest, row, _COUNT) for row in page.rows), page.cursors, page.info)
