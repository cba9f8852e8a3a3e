"""Bars: what a price did in an interval of time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from subgraphs.trading.domain.values import PRICE_PLACES, BarInterval

__all__ = ["MAX_BARS_PER_WRITE", "Bar", "OhlcvProblem", "ohlcv_problem", "start_problem"]

MAX_BARS_PER_WRITE: Final = 20_000

_MOST: Final = Decimal(10) ** 12
_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)

OhlcvProblem = tuple[str, str]
"""The column, and what is wrong with it as the rest of a sentence."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of one instrument and interval.

    Attributes:
        at: when it opens; UTC, on the interval's grid.
        volume: traded in it, in units of the instrument.
    """

    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


def ohlcv_problem(bar: Bar) -> OhlcvProblem | None:
    """What is wrong with a bar's numbers; None if nothing."""
    for name in ("open", "high", "low", "close", "volume"):
        value: Decimal = getattr(bar, name)
        if not value.is_finite() or value < 0 or (value == 0 and name != "volume"):
            return name, "must not be negative" if name == "volume" else "must be above 0"
        exponent = value.as_tuple().exponent
        if value >= _MOST or (isinstance(exponent, int) and -exponent > PRICE_PLACES):
            return name, f"must be below {_MOST:,f} and have at most {PRICE_PLACES} decimal places"
    if bar.high < bar.low:
        return "high", "is below the low"
    for name in ("open", "close"):
        if not bar.low <= getattr(bar, name) <= bar.high:
            return name, "is not between low and high"
    return None


def start_problem(at: datetime, interval: BarInterval) -> str | None:
    """What is wrong with a bar's opening, as the rest of a sentence; None if nothing."""
    if not _EARLIEST <= at < _LATEST:
        return "must be between the years 1900 and 2200"
    seconds = (at - _EARLIEST).total_seconds()
    if seconds % interval.length.total_seconds():
        names = {BarInterval.MINUTE: "minute", BarInterval.HOUR: "hour", BarInterval.DAY: "day (00:00 UTC)"}
        return f"is not the beginning of a {names[interval]}"
    return None
