"""Texts and numbers as trading takes them, and the enumerations of its market."""

from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Final

from resolvers.errors import InvalidValue
from resolvers.values import fraction_digits

__all__ = [
    "PRICE_PLACES",
    "QUANTITY_PLACES",
    "AssetKind",
    "BarInterval",
    "BarSource",
    "checked_amount",
    "rounded_money",
]

PRICE_PLACES: Final = 8
QUANTITY_PLACES: Final = 8
_MOST: Final = Decimal(10) ** 12


class AssetKind(Enum):
    """What an instrument is."""

    EQUITY = "equity"
    FUND = "fund"
    CURRENCY = "currency"
    CRYPTO = "crypto"

    @property
    def trades_always(self) -> bool:
        """Whether its market never closes."""
        return self is AssetKind.CRYPTO


class BarInterval(Enum):
    """How long a bar is."""

    MINUTE = "1m"
    HOUR = "1h"
    DAY = "1d"

    @property
    def length(self) -> timedelta:
        """From a bar's opening to its end, by the clock."""
        return _LENGTHS[self]

    def per_year(self, kind: AssetKind) -> float:
        """Bars in a year: of 252 days of 6.5 hours, or of 365 days of 24 where the market never closes."""
        days, hours = (365.0, 24.0) if kind.trades_always else (252.0, 6.5)
        return days * {BarInterval.DAY: 1.0, BarInterval.HOUR: hours, BarInterval.MINUTE: hours * 60}[self]


_LENGTHS: Final = {
    BarInterval.MINUTE: timedelta(minutes=1),
    BarInterval.HOUR: timedelta(hours=1),
    BarInterval.DAY: timedelta(days=1),
}


class BarSource(Enum):
    """Where a bar is from."""

    IMPORTED = "imported"
    GENERATED = "generated"


def checked_amount(field: str, value: Decimal, places: int, *, zero: bool = False) -> Decimal:
    """A number above zero (or from zero) with at most so many decimal places.

    Raises:
        InvalidValue: otherwise.
    """
    if value < 0 or (value == 0 and not zero):
        raise InvalidValue(field, "must not be negative" if zero else "must be above 0")
    if value >= _MOST:
        raise InvalidValue(field, f"must be below {_MOST:,f}")
    if value != value.quantize(Decimal(1).scaleb(-places)):
        raise InvalidValue(field, f"must have at most {places} decimal places")
    return value


def rounded_money(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole units of the currency's smallest coin, half to even."""
    return amount.quantize(Decimal(1).scaleb(-fraction_digits(currency)))
