"""Backtests: made, kept, deleted."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.trading.domain.backtest import MAX_BARS, MIN_BARS
from subgraphs.trading.domain.backtests import Backtest, Terms, backtest_of, calculated
from subgraphs.trading.domain.errors import (
    BacktestNotFound,
    BacktestTooLong,
    InstrumentNotFound,
    NotEnoughBars,
    StrategyNotFound,
)
from subgraphs.trading.events import BacktestFinished
from subgraphs.trading.repository import backtests, instruments, series, strategies
from subgraphs.trading.repository.bars import BarRange

__all__ = ["delete_backtest", "run_backtest"]


async def run_backtest(
    session: TenantSession, strategy_id: UUID, instrument_id: UUID, wanted: BarRange, terms: Terms
) -> Backtest:
    """A backtest of the bars in a range, which is kept.

    Raises:
        InvalidValue: of the terms.
        StrategyNotFound, InstrumentNotFound: there is none.
        NotEnoughBars, BacktestTooLong: see there.
    """
    terms.check()
    (strategy,) = await strategies.find_strategies(session, [strategy_id])
    if strategy is None:
        raise StrategyNotFound
    (instrument,) = await instruments.find_instruments(session, [instrument_id])
    if instrument is None:
        raise InstrumentNotFound
    bars = (await series.newest_series(session, [instrument_id], wanted, MAX_BARS + 1))[instrument_id]
    if len(bars) < MIN_BARS:
        raise NotEnoughBars(f"There are {len(bars)} bars in this range, and at least {MIN_BARS} are needed.")
    if len(bars) > MAX_BARS:
        raise BacktestTooLong(f"There are more than {MAX_BARS:,} bars: choose a shorter range or a longer interval.")
    per_year = wanted.interval.per_year(instrument.kind)
    # Others are served while it is calculated.
    made = await asyncio.to_thread(calculated, strategy.rule, bars.prices, terms, per_year)
    backtest, trades = backtest_of(
        uuid4(),
        strategy,
        instrument_id,
        wanted.interval,
        bars.at,
        terms,
        made,
        session.context.user_id,
        datetime.now(UTC),
    )
    await backtests.add_backtest(session, backtest, trades)
    session.publish(
        BacktestFinished(
            backtest_id=backtest.id,
            strategy_id=strategy_id,
            instrument_id=instrument_id,
            total_return=made.performance.total_return,
            sharpe=made.performance.sharpe,
            max_drawdown=made.performance.max_drawdown,
            trades=backtest.trade_count,
            finished_at=backtest.created_at,
        )
    )
    return backtest


async def delete_backtest(session: TenantSession, backtest_id: UUID) -> None:
    """Deletes one with its trades.

    Raises:
        BacktestNotFound: there is none.
    """
    if not await backtests.remove_backtest(session, backtest_id):
        raise BacktestNotFound
