"""A backtest that was made: what it was made of, and what it came to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import numpy as np

from resolvers.errors import InvalidValue
from subgraphs.trading.domain.backtest import Costs, Simulation, simulate
from subgraphs.trading.domain.metrics import Performance, performance, thinned
from subgraphs.trading.domain.signals import Prices
from subgraphs.trading.domain.strategies import BuyAndHold, Rule, Strategy, StrategyKind, rule_of
from subgraphs.trading.domain.values import BarInterval

__all__ = ["MAX_POINTS", "Backtest", "BacktestTrade", "Terms", "backtest_of", "calculated"]

MAX_POINTS: Final = 500
_BASIS_POINT: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a backtest is made.

    Attributes:
        money: at the beginning.
        commission_bps, slippage_bps: in hundredths of a percent.
        risk_free: what money earns elsewhere in a year, as a fraction.
    """

    money: float
    commission_bps: float
    slippage_bps: float
    risk_free: float

    def check(self) -> None:
        """Raises: InvalidValue."""
        for name, value, least, most in (
            ("money", self.money, 1, 1e12),
            ("commissionBps", self.commission_bps, 0, 1000),
            ("slippageBps", self.slippage_bps, 0, 1000),
            ("riskFree", self.risk_free, -1, 1),
        ):
            if not least <= value <= most:  # also what is no number
                raise InvalidValue(name, f"must be from {least:g} to {most:,.0f}")


@dataclass(frozen=True, slots=True)
class BacktestTrade:
    """A row of `trading.backtest_trades`.

    Attributes:
        number: place among the backtest's, from 0.
        direction: 1 long, -1 short.
        exited_at: opening of the bar in which it ended, or the last one of what is still open.
    """

    backtest_id: UUID
    number: int
    direction: int
    entered_at: datetime
    exited_at: datetime
    quantity: float
    entry_price: float
    exit_price: float
    profit: float
    is_open: bool


@dataclass(frozen=True, slots=True)
class Backtest:
    """A row of `trading.backtests`, without its tenant.

    Attributes:
        strategy_id, kind, parameters: the strategy, and the rule that it had then.
        first_at, last_at: openings of the first and the last bar.
        performance: of `Performance`, by attribute.
        curve: points of money, `[seconds since 1970, money]`, at most `MAX_POINTS`.
        hold_return: what buying at once would have come to, at the same costs.
        ruined: whether all of the money was lost.
    """

    id: UUID
    strategy_id: UUID
    instrument_id: UUID
    kind: StrategyKind
    parameters: Mapping[str, Any]
    interval: BarInterval
    first_at: datetime
    last_at: datetime
    bars: int
    money: float
    commission_bps: float
    slippage_bps: float
    risk_free: float
    final_money: float
    hold_return: float
    ruined: bool
    trade_count: int
    performance: Mapping[str, Any]
    curve: list[list[float]]
    requested_by: UUID | None
    created_at: datetime

    @property
    def rule(self) -> Rule:
        """What it went by."""
        return rule_of(self.kind, self.parameters)


@dataclass(frozen=True, slots=True)
class Calculated:
    """What a simulation came to."""

    simulation: Simulation
    performance: Performance
    hold_return: float


def calculated(rule: Rule, prices: Prices, terms: Terms, per_year: float) -> Calculated:
    """The arithmetic, which takes a while and belongs into a thread."""
    costs = Costs(terms.commission_bps * _BASIS_POINT, terms.slippage_bps * _BASIS_POINT)
    done = simulate(rule, prices, terms.money, costs)
    closed = done.trades.profit[~done.trades.is_open]
    numbers = performance(terms.money, done.equity, closed, int(np.count_nonzero(done.held)), per_year, terms.risk_free)
    held = simulate(BuyAndHold(), prices, terms.money, costs)
    return Calculated(done, numbers, float(held.equity[-1]) / terms.money - 1)


def backtest_of(
    backtest_id: UUID,
    strategy: Strategy,
    instrument_id: UUID,
    interval: BarInterval,
    at: tuple[datetime, ...],
    terms: Terms,
    made: Calculated,
    requested_by: UUID | None,
    now: datetime,
) -> tuple[Backtest, list[BacktestTrade]]:
    """As it is kept."""
    done, trades = made.simulation, made.simulation.trades
    backtest = Backtest(
        id=backtest_id,
        strategy_id=strategy.id,
        instrument_id=instrument_id,
        kind=strategy.kind,
        parameters=strategy.parameters,
        interval=interval,
        first_at=at[0],
        last_at=at[-1],
        bars=len(at),
        **asdict(terms),
        final_money=float(done.equity[-1]),
        hold_return=made.hold_return,
        ruined=done.ruined,
        trade_count=len(trades),
        performance=asdict(made.performance),
        curve=[[at[place].timestamp(), float(done.equity[place])] for place in thinned(done.equity, MAX_POINTS)],
        requested_by=requested_by,
        created_at=now,
    )
    kept = [
        BacktestTrade(
            backtest_id=backtest_id,
            number=number,
            direction=int(trades.direction[number]),
            entered_at=at[trades.entry[number]],
            exited_at=at[trades.exit[number]],
            quantity=float(trades.quantity[number]),
            entry_price=float(trades.entry_price[number]),
            exit_price=float(trades.exit_price[number]),
            profit=float(trades.profit[number]),
            is_open=bool(trades.is_open[number]),
        )
        for number in range(len(trades))
    ]
    return backtest, kept
