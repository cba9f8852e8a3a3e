"""What a product costs by the time it is sold, what is left, and the price from which something is.

    goods, freight     price and shipping of the supplier, at the rate of exchange
    duty               on both, by the rate of the article's HS code
    import tax         on goods, freight and duty; a cost only where it is not given back
    landed cost        all of these that are costs
    net price          the price without the tax in it
    referral fee       of the price with tax, and at least so much; fulfilment fee
    returns reserve    of the net price
    profit             net price less all of these; margin: in per cent of the net price

Everything is reckoned in fractions, without rounding. What is shown is rounded to the smallest coin, halves up, and
adds up: the profit shown is the difference of the amounts shown.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Final

from resolvers.errors import InvalidValue
from resolvers.values import checked_currency, checked_text
from subgraphs.sourcing.domain.errors import CurrencyMismatch
from subgraphs.sourcing.domain.values import checked_amount, checked_percent, coin_of

__all__ = ["CostInputs", "Costs", "checked_inputs", "costs_of", "exact_profit", "price_for_margin"]

_WIDE: Final = Context(prec=60)
_MAX_RATE: Final = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class CostInputs:
    """What an evaluation rests on, for one article.

    Attributes:
        selling_price: what the customer pays, tax included; in `currency`.
        purchase_price, shipping_cost: what the supplier asks, in `purchase_currency`.
        exchange_rate: how much of `currency` one of `purchase_currency` is, on `rate_date`; None where both are one.
        hs_code: of the customs tariff; what `duty_percent` is looked up by.
        import_tax_percent: value added tax, GST on purchase or import; `tax_recoverable` where it is given back.
        sales_tax_percent: the tax within the selling price.
        referral_percent: what the channel takes of the price with tax; `referral_minimum` at least.
        fulfilment_fee: picking, packing and sending, per article.
        returns_percent: of the net price, set aside for what comes back.
    """

    currency: str
    selling_price: Decimal
    purchase_currency: str
    purchase_price: Decimal
    shipping_cost: Decimal
    exchange_rate: Decimal | None
    rate_date: date | None
    hs_code: str | None
    duty_percent: Decimal
    import_tax_percent: Decimal
    tax_recoverable: bool
    sales_tax_percent: Decimal
    referral_percent: Decimal
    referral_minimum: Decimal
    fulfilment_fee: Decimal
    returns_percent: Decimal


@dataclass(frozen=True, slots=True)
class Costs:
    """What comes of it, in `currency`, rounded to its smallest coin.

    Attributes:
        import_tax: what is paid; part of the landed cost only if it is not recoverable.
        margin_percent: to two places; below zero for a loss.
        break_even_price: the lowest selling price at which nothing is lost; None where none would do.
    """

    currency: str
    goods: Decimal
    freight: Decimal
    duty: Decimal
    import_tax: Decimal
    landed_cost: Decimal
    net_price: Decimal
    referral_fee: Decimal
    fulfilment_fee: Decimal
    returns_reserve: Decimal
    profit: Decimal
    margin_percent: Decimal
    break_even_price: Decimal | None


def checked_inputs(given: CostInputs, today: date) -> CostInputs:
    """The inputs, if an evaluation can rest on them.

    Raises:
        InvalidValue: a number is out of bounds, or the rate is of a day that has not come.
        CurrencyMismatch: two currencies without a rate and its date, or one with them.
    """
    currency = checked_currency("currency", given.currency)
    purchase = checked_currency("purchaseCurrency", given.purchase_currency)
    rate = given.exchange_rate
    if (currency == purchase) != (rate is None) or (rate is None) != (given.rate_date is None):
        raise CurrencyMismatch
    if rate is not None and not (rate.is_finite() and 0 < rate < _MAX_RATE and rate == round(rate, 8)):
        raise InvalidValue("exchangeRate", "must be above 0, below 1,000,000 and have at most eight decimal places")
    if given.rate_date is not None and given.rate_date > today:
        raise InvalidValue("rateDate", "must not be in the future")
    price = checked_amount("sellingPrice", given.selling_price, least=coin_of(currency))
    if price % coin_of(currency):
        raise InvalidValue("sellingPrice", f"must be whole coins of {currency}")
    return CostInputs(
        currency=currency,
        selling_price=price,
        purchase_currency=purchase,
        purchase_price=checked_amount("purchasePrice", given.purchase_price),
        shipping_cost=checked_amount("shippingCost", given.shipping_cost),
        exchange_rate=rate,
        rate_date=given.rate_date,
        hs_code=None if given.hs_code is None else _hs_code(given.hs_code),
        duty_percent=checked_percent("dutyPercent", given.duty_percent),
        import_tax_percent=checked_percent("importTaxPercent", given.import_tax_percent, 100),
        tax_recoverable=given.tax_recoverable,
        sales_tax_percent=checked_percent("salesTaxPercent", given.sales_tax_percent, 100),
        referral_percent=checked_percent("referralPercent", given.referral_percent, 100),
        referral_minimum=checked_amount("referralMinimum", given.referral_minimum),
        fulfilment_fee=checked_amount("fulfilmentFee", given.fulfilment_fee),
        returns_percent=checked_percent("returnsPercent", given.returns_percent, 100),
    )


def costs_of(inputs: CostInputs) -> Costs:
    """What comes of checked inputs."""
    coin = coin_of(inputs.currency)

    def shown(amount: Fraction) -> Decimal:
        return _rounded(amount, coin, ROUND_HALF_UP)

    goods, freight, duty, tax = _landing(inputs)
    parts = [shown(goods), shown(freight), shown(duty)]
    landed = sum(parts, Decimal(0)) + (Decimal(0) if inputs.tax_recoverable else shown(tax))
    price = Fraction(inputs.selling_price)
    exact_net = _net(inputs, price)
    net, referral, fulfilment = (
        shown(exact_net),
        shown(_referral(inputs, price)),
        shown(Fraction(inputs.fulfilment_fee)),
    )
    reserve = shown(exact_net * _part(inputs.returns_percent))
    margin = exact_profit(inputs, inputs.selling_price) * 100 / exact_net
    return Costs(
        currency=inputs.currency,
        goods=parts[0],
        freight=parts[1],
        duty=parts[2],
        import_tax=shown(tax),
        landed_cost=landed,
        net_price=net,
        referral_fee=referral,
        fulfilment_fee=fulfilment,
        returns_reserve=reserve,
        profit=net - landed - referral - fulfilment - reserve,
        margin_percent=_rounded(margin, Decimal("0.01"), ROUND_HALF_UP),
        break_even_price=price_for_margin(inputs, Decimal(0)),
    )


def exact_profit(inputs: CostInputs, selling_price: Decimal) -> Fraction:
    """What is left of a selling price, without any rounding."""
    price = Fraction(selling_price)
    net = _net(inputs, price)
    kept = net * (1 - _part(inputs.returns_percent))
    return kept - _referral(inputs, price) - Fraction(inputs.fulfilment_fee) - _landed(inputs)


def price_for_margin(inputs: CostInputs, margin_percent: Decimal) -> Decimal | None:
    """The lowest selling price, in whole coins, that leaves so much of the net price; None where none does.

    What is left is the smaller of two lines over the price, one for each rule of the referral fee; the price is where
    the later of both crosses what must be covered.
    """
    fixed = _landed(inputs) + Fraction(inputs.fulfilment_fee)
    kept = (1 - _part(inputs.returns_percent) - _part(margin_percent)) / (1 + _part(inputs.sales_tax_percent))
    after_fee = kept - _part(inputs.referral_percent)
    if after_fee <= 0:
        return None
    price = max(fixed / after_fee, (fixed + Fraction(inputs.referral_minimum)) / kept)
    coin = coin_of(inputs.currency)
    return max(coin, _rounded(price, coin, ROUND_CEILING))


def _landing(inputs: CostInputs) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    rate = Fraction(1 if inputs.exchange_rate is None else inputs.exchange_rate)
    goods, freight = Fraction(inputs.purchase_price) * rate, Fraction(inputs.shipping_cost) * rate
    duty = (goods + freight) * _part(inputs.duty_percent)
    return goods, freight, duty, (goods + freight + duty) * _part(inputs.import_tax_percent)


def _landed(inputs: CostInputs) -> Fraction:
    goods, freight, duty, tax = _landing(inputs)
    return goods + freight + duty + (0 if inputs.tax_recoverable else tax)


def _net(inputs: CostInputs, price: Fraction) -> Fraction:
    return price / (1 + _part(inputs.sales_tax_percent))


def _referral(inputs: CostInputs, price: Fraction) -> Fraction:
    return max(price * _part(inputs.referral_percent), Fraction(inputs.referral_minimum))


def _part(percent: Decimal) -> Fraction:
    return Fraction(percent) / 100


def _rounded(amount: Fraction, step: Decimal, rounding: str) -> Decimal:
    """To whole steps. Exact: the division is of whole numbers."""
    steps, rest = divmod(amount, Fraction(step))
    up = rest > 0 if rounding == ROUND_CEILING else rest * 2 >= Fraction(step)
    return _WIDE.multiply(Decimal(steps + up), step)


def _hs_code(text: str) -> str:
    code = checked_text("hsCode", text, 14).replace(".", "").replace(" ", "")
    if not (code.isascii() and code.isdecimal() and 6 <= len(code) <= 10):
        raise InvalidValue("hsCode", "must be 6 to 10 digits of the customs tariff")
    return code
