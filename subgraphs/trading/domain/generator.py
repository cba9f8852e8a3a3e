"""Bars that nobody traded: a random walk that is the same on every machine, for demonstrations and tests."""

import hashlib
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from resolvers.errors import InvalidValue
from subgraphs.trading.domain.bars import MAX_BARS_PER_WRITE, Bar, ohlcv_problem, start_problem
from subgraphs.trading.domain.values import AssetKind, BarInterval

__all__ = ["Walk", "generate"]

_STEPS_PER_BAR = 4


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk is made of.

    Attributes:
        seed: the same seed is the same walk.
        start: opening of the first bar.
        count: of bars.
        price: at which the first bar opens.
        drift: expected return of a year, as a fraction: 0.07.
        volatility: of a year, as a fraction: 0.2.
    """

    seed: str
    start: datetime
    count: int
    price: Decimal
    drift: float
    volatility: float

    def checked(self, interval: BarInterval) -> "Walk":
        """The walk itself.

        Raises:
            InvalidValue: a number is out of its range, or the start is not on the interval's grid.
        """
        if not 1 <= self.count <= MAX_BARS_PER_WRITE:
            raise InvalidValue("count", f"must be from 1 to {MAX_BARS_PER_WRITE:,}")
        if not -2 <= self.drift <= 2:
            raise InvalidValue("drift", "must be from -2 to 2")
        if not 0 <= self.volatility <= 5:
            raise InvalidValue("volatility", "must be from 0 to 5")
        if not Decimal("0.01") <= self.price <= Decimal(1_000_000):
            raise InvalidValue("price", "must be from 0.01 to 1,000,000")
        problem = start_problem(self.start, interval)
        if problem is not None:
            raise InvalidValue("start", problem)
        return self


def generate(walk: Walk, interval: BarInterval, kind: AssetKind, tick: Decimal) -> list[Bar]:
    """The bars of a walk, on whole ticks; days without trade are left out where the market closes.

    A walk stays between one tick and ten million; further steps in that direction are not taken.
    """
    # `random` is the same everywhere and always; `gauss` and NumPy's distributions are not promised to be.
    chance = random.Random(hashlib.sha256(walk.seed.encode()).digest())  # noqa: S311 - nothing secret
    variance = walk.volatility**2 / interval.per_year(kind) / _STEPS_PER_BAR
    drift = walk.drift / interval.per_year(kind) / _STEPS_PER_BAR - variance / 2
    least, most = math.log(float(tick)), math.log(10_000_000)
    level = math.log(float(walk.price))
    bars = []
    for at in _openings(walk.start, walk.count, interval, kind):
        path = [level]
        for _ in range(_STEPS_PER_BAR):
            level = min(most, max(least, level + drift + math.sqrt(variance) * _normal(chance)))
            path.append(level)
        prices = [_on_tick(math.exp(step), tick) for step in path]
        volume = Decimal(round(1000 * math.exp(0.5 * _normal(chance))))
        bars.append(Bar(at, prices[0], max(prices), min(prices), prices[-1], volume))
    assert all(ohlcv_problem(bar) is None for bar in bars)
    return bars


def _normal(chance: random.Random) -> float:
    """Of mean 0 and deviation 1, nearly normal: a sum of twelve."""
    return sum(chance.random() for _ in range(12)) - 6


def _on_tick(price: float, tick: Decimal) -> Decimal:
    ticks = (Decimal(repr(price)) / tick).quantize(Decimal(1), ROUND_HALF_EVEN)
    return max(Decimal(1), ticks) * tick


def _openings(start: datetime, count: int, interval: BarInterval, kind: AssetKind) -> Iterator[datetime]:
    at, given = start, 0
    while given < count:
        if kind.trades_always or at.weekday() < 5:
            yield at
            given += 1
            at += interval.length
        else:
            at = datetime(at.year, at.month, at.day, tzinfo=at.tzinfo) + timedelta(days=1)
