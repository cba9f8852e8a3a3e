"""Money in decimals: what a supplier's offer costs by the time it is here, and what is left of the price.

A price is rounded to the smallest coin of its currency; a cost is not (components are bought at fractions of a cent)
but kept to four places. Only what is shown is rounded, half up, and never what is computed with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from resolvers.values import fraction_digits
from subgraphs.storefront.domain.errors import InvalidValue

COST_PLACES = Decimal("0.0001")
MAX_AMOUNT = Decimal("99999999.9999")

_RATE_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency."""

    amount: Decimal
    currency: str

    def rounded(self) -> Money:
        """To the smallest coin of the currency."""
        digits = fraction_digits(self.currency)
        return Money(self.amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP), self.currency)


@dataclass(frozen=True, slots=True)
class Margin:
    """What is left of a price.

    Attributes:
        price: what the customer pays, without the tax in it.
        landed_cost: what the article costs by the time it is here.
        profit: the difference; below zero for a loss.
        rate: profit as a part of the price, four places; None where the price is zero.
    """

    price: Money
    landed_cost: Money
    profit: Money
    rate: Decimal | None


def landed_cost(unit_cost: Decimal, shipping_cost: Decimal, duty_percent: Decimal) -> Decimal:
    """What one article costs by the time it is here: its price, its share of the freight, and duty on both.

    Args:
        duty_percent: of the value with freight (CIF), as customs reckon it.
    """
    return (unit_cost + shipping_cost) * (1 + duty_percent / 100)


def without_tax(price: Money, tax_percent: Decimal) -> Money:
    """A price without the tax that is in it."""
    return Money(price.amount / (1 + tax_percent / 100), price.currency)


def margin_of(price: Money, cost: Money) -> Margin:
    """What is left of a net price; both are of one currency."""
    if price.currency != cost.currency:
        raise ValueError("a margin needs price and cost in one currency")
    profit = price.amount - cost.amount
    rate = None if price.amount == 0 else (profit / price.amount).quantize(_RATE_PLACES, ROUND_HALF_UP)
    shown_price, shown_cost = price.rounded(), cost.rounded()
    # The difference of what is shown: else a reader who subtracts finds a cent too many.
    shown = Money(shown_price.amount - shown_cost.amount, price.currency)
    return Margin(shown_price, shown_cost, shown, rate)


def currency_of(value: str, *path: str) -> str:
    """Three letters of ISO 4217, in capitals.

    Raises:
        InvalidValue: it is not three letters.
    """
    code = value.strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise InvalidValue("A currency is three letters of ISO 4217.", path=path)
    return code


def cost_amount(value: Decimal, *path: str) -> Decimal:
    """An amount that a supplier asks, zero or more, to four places.

    Raises:
        InvalidValue: it is below zero, too large, or finer than four places.
    """
    return _bounded(value, MAX_AMOUNT, *path)


def percentage(value: Decimal, *path: str) -> Decimal:
    """From 0 to 1000 per cent.

    Raises:
        InvalidValue: it is out of bounds, or finer than four places.
    """
    return _bounded(value, Decimal(1000), *path)


def _bounded(value: Decimal, maximum: Decimal, *path: str) -> Decimal:
    if not value.is_finite() or not 0 <= value <= maximum:
        raise InvalidValue(f"It is from 0 to {maximum}.", path=path)
    exact = value.quantize(COST_PLACES)
    if exact != value:
        raise InvalidValue("It has at most four places after the point.", path=path)
    return exact
