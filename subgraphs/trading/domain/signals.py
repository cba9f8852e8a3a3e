"""What a strategy decides at each close, vectorised: 1 long, 0 nothing, -1 short.

The decision at a bar is a function of that bar and those before it. Where two numbers are as good as equal
(`TOLERANCE`, relative to the price), neither is above the other: rounding decides nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from subgraphs.trading.domain.strategies import (
    Breakout,
    BuyAndHold,
    MeanReversion,
    Momentum,
    MovingAverageCrossover,
    Rule,
)

__all__ = ["TOLERANCE", "Decisions", "Floats", "Prices", "decide"]

TOLERANCE: Final = 1e-9

Floats: TypeAlias = NDArray[np.float64]
Decisions: TypeAlias = NDArray[np.int8]
_Truths: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Prices:
    """A series of bars, the oldest first; all of one length, all above zero."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats

    def __len__(self) -> int:
        return len(self.close)


def decide(rule: Rule, prices: Prices) -> Decisions:
    """What to hold from the opening after each bar on. Nothing until there are as many bars as the rule looks at."""
    match rule:
        case MovingAverageCrossover():
            long, short = _crossover(rule, prices)
        case MeanReversion():
            long, short = _reversion(rule, prices)
        case Momentum():
            long, short = _momentum(rule, prices)
        case Breakout():
            long, short = _breakout(rule, prices)
        case BuyAndHold():
            long, short = np.ones(len(prices), dtype=bool), np.zeros(len(prices), dtype=bool)
        case _:
            assert_never(rule)
    decisions = long.astype(np.int8)
    return decisions - short.astype(np.int8) if rule.allow_short else decisions


def _crossover(rule: MovingAverageCrossover, prices: Prices) -> tuple[_Truths, _Truths]:
    slow = _mean(prices.close, rule.slow)
    ahead = _mean(prices.close, rule.fast) - slow
    # Comparisons with what is not known yet (NaN) are false.
    return ahead > TOLERANCE * slow, ahead < -TOLERANCE * slow


def _reversion(rule: MeanReversion, prices: Prices) -> tuple[_Truths, _Truths]:
    mean = _mean(prices.close, rule.window)
    deviation = _deviation(prices.close, mean, rule.window)
    away, slack = prices.close - mean, TOLERANCE * mean
    far, near = rule.entry * deviation + slack, rule.exit * deviation - slack
    calm = ~(deviation > slack)  # also while it is not known: nothing begins, and nothing ends
    long = _held(begin=(away < -far) & ~calm, end=(away >= -near) & ~calm)
    short = _held(begin=(away > far) & ~calm, end=(away <= near) & ~calm)
    return long, short


def _momentum(rule: Momentum, prices: Prices) -> tuple[_Truths, _Truths]:
    change = np.full(len(prices), np.nan)
    change[rule.lookback :] = prices.close[rule.lookback :] / prices.close[: -rule.lookback] - 1
    edge = rule.threshold + TOLERANCE
    return change > edge, change < -edge


def _breakout(rule: Breakout, prices: Prices) -> tuple[_Truths, _Truths]:
    def above(window: int) -> _Truths:
        return prices.close > _before(prices.high, window, np.max)

    def below(window: int) -> _Truths:
        return prices.close < _before(prices.low, window, np.min)

    up, down = above(rule.entry_window), below(rule.entry_window)
    turned = down if rule.allow_short else np.zeros_like(down)
    long = _held(begin=up, end=below(rule.exit_window) | turned)
    short = _held(begin=down, end=above(rule.exit_window) | up)
    return long, short


def _held(*, begin: _Truths, end: _Truths) -> _Truths:
    """Whether the newest of both was a beginning; a bar that is both begins."""
    return _since(begin, end & ~begin)


def _since(first: _Truths, second: _Truths) -> _Truths:
    """Whether the newest `first` is newer than the newest `second`, at each place."""
    places = np.arange(1, len(first) + 1)
    return np.maximum.accumulate(np.where(first, places, 0)) > np.maximum.accumulate(np.where(second, places, 0))


def _windows(values: Floats, window: int) -> Floats:
    return sliding_window_view(values, window)


def _mean(values: Floats, window: int) -> Floats:
    """Of the last `window` values at each place; NaN where there are fewer."""
    means = np.full(len(values), np.nan)
    if len(values) >= window:
        means[window - 1 :] = _windows(values, window).mean(axis=1)
    return means


def _deviation(values: Floats, means: Floats, window: int) -> Floats:
    """Standard deviation (of the population) of the last `window` values at each place."""
    deviations = np.full(len(values), np.nan)
    if len(values) >= window:
        deviations[window - 1 :] = _windows(values, window).std(axis=1, mean=means[window - 1 :, None])
    return deviations


def _before(values: Floats, window: int, extreme: Callable[..., Floats]) -> Floats:
    """The extreme of the `window` values before each place, without its own; NaN where there are fewer."""
    found = np.full(len(values), np.nan)
    if len(values) > window:
        found[window:] = extreme(_windows(values[:-1], window), axis=1)
    return found
