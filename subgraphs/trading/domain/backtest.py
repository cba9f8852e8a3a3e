"""Backtests: what a strategy would have done to money, vectorised on NumPy.

A decision made at a bar's close is carried out at the next bar's opening. Everything is held in one position that takes
all of the money: at `open * (1 + slippage)` where it is bought, at `open * (1 - slippage)` where it is sold, less
`commission` of what changes hands; parts of a unit can be had. So what money comes to is a product of one factor per
trade, which needs no loop over bars. A simulation is done in floats: it is an estimate, and nobody's cash.

A short position that eats up all of the money is closed at the bar where it does, and nothing is begun afterwards.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from subgraphs.trading.domain.signals import Decisions, Floats, Prices, decide
from subgraphs.trading.domain.strategies import Rule

__all__ = ["MAX_BARS", "MIN_BARS", "Costs", "Simulation", "Trades", "simulate"]

MAX_BARS: Final = 20_000
MIN_BARS: Final = 2


@dataclass(frozen=True, slots=True)
class Costs:
    """What each trade costs.

    Attributes:
        commission: fraction of what changes hands, from 0 to below 1.
        slippage: fraction of the price by which it is worse than the opening, from 0 to below 1.
    """

    commission: float = 0.0
    slippage: float = 0.0


@dataclass(frozen=True, slots=True)
class Trades:
    """The trades of a simulation in their order, an array each.

    Attributes:
        entry, exit: numbers of the bars; the exit of what is still open is that of the last bar.
        direction: 1 long, -1 short.
        quantity: units.
        entry_price, exit_price: with slippage; what is still open counts at the last close.
        profit: with all costs, in the currency of the money.
        is_open: whether it is still held at the end.
    """

    entry: NDArray[np.int64]
    exit: NDArray[np.int64]
    direction: Decisions
    quantity: Floats
    entry_price: Floats
    exit_price: Floats
    profit: Floats
    is_open: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.entry)


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a backtest came to.

    Attributes:
        decisions: at each close.
        held: during each bar, after its opening.
        equity: at each close.
        ruined: whether all of the money was lost.
    """

    decisions: Decisions
    held: Decisions
    equity: Floats
    trades: Trades
    ruined: bool


def simulate(rule: Rule, prices: Prices, money: float, costs: Costs) -> Simulation:
    """Lets a strategy loose on a series of at least `MIN_BARS` bars.

    Args:
        money: at the beginning, above zero.
    """
    count = len(prices)
    decisions = decide(rule, prices)
    held = np.concatenate(([np.int8(0)], decisions[:-1])).astype(np.int8)
    changes = np.flatnonzero(held != np.concatenate(([np.int8(0)], held[:-1])))
    starts = changes[held[changes] != 0]
    if not len(starts):
        none = np.zeros(0)
        trades = Trades(starts, starts, held[:0], none, none, none, none, none.astype(bool))
        return Simulation(decisions, held, np.full(count, money), trades, ruined=False)
    # A trade ends at the next change, or not at all.
    following = np.searchsorted(changes, starts, side="right")
    ends = np.append(changes, count)[following]
    is_open = ends == count
    last = np.minimum(ends, count - 1)
    direction = held[starts].astype(np.float64)

    # Of each unit of money that goes into a trade: units bought or sold, and the cash beside them.
    entry_price = prices.open[starts] * (1 + direction * costs.slippage)
    units = np.where(direction > 0, 1 / (entry_price * (1 + costs.commission)), 1 / entry_price)
    cash = np.where(direction > 0, 0.0, 2 - costs.commission)
    exit_price = np.where(is_open, prices.close[last], prices.open[last] * (1 - direction * costs.slippage))
    fee = np.where(is_open, 0.0, costs.commission)
    factors = cash + direction * units * exit_price * (1 - direction * fee)
    before = money * np.concatenate(([1.0], np.cumprod(factors[:-1])))
    after = before * factors

    # At each close: the money that went into the trade of the bar, or came out of the last one.
    trade = np.searchsorted(starts, np.arange(count), side="right") - 1
    inside = held != 0
    known = np.maximum(trade, 0)
    flat = np.where(trade < 0, money, after[known])
    equity = np.where(inside, before[known] * (cash[known] + direction[known] * units[known] * prices.close), flat)

    trades = Trades(
        entry=starts,
        exit=last,
        direction=held[starts],
        quantity=before * units,
        entry_price=entry_price,
        exit_price=exit_price,
        profit=after - before,
        is_open=is_open,
    )
    return _ruined(Simulation(decisions, held, equity, trades, ruined=False), prices, before)


def _ruined(simulation: Simulation, prices: Prices, before: Floats) -> Simulation:
    """The simulation up to where all of the money is lost, if it is."""
    trades, equity, held = simulation.trades, simulation.equity, simulation.held
    # Lost at an opening, where a trade was to end, or at a close; before the first such bar all numbers are right.
    at_exit = trades.exit[~trades.is_open & (before + trades.profit <= 0)]
    at_close = np.flatnonzero(equity <= 0)
    lost = np.concatenate((at_exit, at_close))
    if not len(lost):
        return simulation
    bar = int(lost.min())
    equity, held = equity.copy(), held.copy()
    equity[bar:] = 0.0
    held[bar + 1 :] = 0
    by_exit = bar in at_exit
    if by_exit:
        held[bar] = 0
    # What begins at the opening at which all is lost does not begin.
    kept = trades.entry < bar if by_exit else trades.entry <= bar
    cut = {name: getattr(trades, name)[kept].copy() for name in Trades.__slots__}
    cut["exit"][-1] = bar
    cut["profit"][-1] = -before[kept][-1]
    cut["is_open"][-1] = False
    if not by_exit:
        cut["exit_price"][-1] = prices.close[bar]
    return Simulation(simulation.decisions, held, equity, Trades(**cut), ruined=True)
