"""Amounts of money: decimals in the currency's smallest unit or coarser, never binary floats.

Prices include tax. What is split is split to the last cent: the parts always add up to the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from resolvers.values import fraction_digits

__all__ = ["ZERO", "Money", "TaxedMoney", "rounded", "split", "taxed"]

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217)."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class TaxedMoney:
    """A price with the tax that is in it: `net + tax = gross`, exactly."""

    net: Decimal
    gross: Decimal
    currency: str

    @property
    def tax(self) -> Decimal:
        """What the gross amount has above the net one."""
        return self.gross - self.net


def rounded(amount: Decimal, currency: str) -> Decimal:
    """An amount in whole smallest units; halves go away from zero."""
    return amount.quantize(Decimal(1).scaleb(-fraction_digits(currency)), ROUND_HALF_UP)


def taxed(gross: Decimal, rate_percent: Decimal, currency: str) -> TaxedMoney:
    """A gross amount with its tax, at a rate such as 19 (percent)."""
    gross = rounded(gross, currency)
    return TaxedMoney(rounded(gross * 100 / (100 + rate_percent), currency), gross, currency)


def split(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Parts of an amount in proportion to the weights, in whole smallest units; they add up to the amount.

    What is left over after rounding down goes, a unit each, to the parts that lost most by it. No part exceeds its
    weight if the amount does not exceed their sum.

    Args:
        amount: not negative, in whole smallest units.
        weights: not negative, in whole smallest units; not all of them zero unless the amount is.
    """
    total = sum(weights, ZERO)
    if not amount:
        return [ZERO] * len(weights)
    unit = Decimal(1).scaleb(-fraction_digits(currency))
    exact = [amount * weight / total for weight in weights]
    parts = [each.quantize(unit, ROUND_FLOOR) for each in exact]
    left = int((amount - sum(parts, ZERO)) / unit)
    losers = sorted(range(len(parts)), key=lambda at: (parts[at] - exact[at], at))
    for at in losers[:left]:
        parts[at] += unit
    return parts
