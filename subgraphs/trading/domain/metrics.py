"""Numbers that a curve of money comes to. All returns are per bar, not logarithmic; a year is `per_year` bars."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from subgraphs.trading.domain.signals import Floats

__all__ = ["Performance", "performance", "thinned"]


@dataclass(frozen=True, slots=True)
class Performance:
    """How well it went. Fractions, not percent: 0.05 is five percent.

    Attributes:
        total_return: from the beginning to the end.
        annualised_return: the same by the year, compounded.
        volatility: standard deviation of returns (of a sample), by the year.
        sharpe: mean return above the risk-free rate, by its standard deviation, by the year; None if nothing varies.
        sortino: as `sharpe`, by the deviation of what falls short only; None if nothing does.
        max_drawdown: the deepest fall from a height, from 0 to 1.
        win_rate: closed trades with a profit, of all closed ones; None without any.
        profit_factor: profits by losses of closed trades; None without a loss.
        exposure: bars with a position, of all.
        trade_count: closed trades.
    """

    total_return: float
    annualised_return: float
    volatility: float
    sharpe: float | None
    sortino: float | None
    max_drawdown: float
    win_rate: float | None
    profit_factor: float | None
    exposure: float
    trade_count: int


def performance(
    money: float, equity: Floats, profits: Floats, bars_held: int, per_year: float, risk_free: float = 0.0
) -> Performance:
    """The numbers of a curve.

    Args:
        money: at the beginning, before the first bar.
        equity: at each close; at least one.
        profits: of the closed trades.
        bars_held: bars with a position.
        per_year: bars in a year.
        risk_free: what money earns elsewhere in a year, as a fraction.
    """
    curve = np.concatenate(([money], equity))
    # Whoever has nothing has no returns any more.
    alive = curve[:-1] > 0
    returns = curve[1:][alive] / curve[:-1][alive] - 1
    growth = float(curve[-1] / money)
    deviation = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    excess = returns - risk_free / per_year
    shortfall = math.sqrt(float(np.square(np.minimum(excess, 0.0)).mean()))
    root = math.sqrt(per_year)
    mean = float(excess.mean())
    heights = np.maximum.accumulate(curve)
    won, lost = float(profits[profits > 0].sum()), float(-profits[profits < 0].sum())
    return Performance(
        total_return=growth - 1,
        annualised_return=_by_the_year(growth, per_year / len(equity)),
        volatility=deviation * root,
        sharpe=_finite(mean / deviation * root) if deviation > _NOTHING else None,
        sortino=_finite(mean / shortfall * root) if shortfall > _NOTHING else None,
        max_drawdown=float((1 - curve / heights).max()),
        win_rate=float((profits > 0).mean()) if len(profits) else None,
        profit_factor=_finite(won / lost) if lost > 0 else None,
        exposure=bars_held / len(equity),
        trade_count=len(profits),
    )


_NOTHING = 1e-14
"""Below this, a deviation is what rounding leaves of none."""


def _by_the_year(growth: float, years: float) -> float:
    # A gain of a few bars, by the year, may be more than a number can hold.
    if growth <= 0:
        return -1.0
    exponent = math.log(growth) * years
    return math.exp(min(exponent, 700.0)) - 1


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def thinned(values: ArrayLike, most: int) -> list[int]:
    """Places of at most `most` values that show the same curve: first, last, and the least and greatest between.

    Args:
        most: at least 4.
    """
    curve = np.asarray(values, dtype=np.float64)
    count = len(curve)
    if count <= most:
        return list(range(count))
    edges = np.linspace(1, count - 1, (most - 2) // 2 + 1).astype(int)
    places = {0, count - 1}
    for start, end in pairwise(edges):
        if end > start:
            places |= {int(start + curve[start:end].argmin()), int(start + curve[start:end].argmax())}
    return sorted(places)
