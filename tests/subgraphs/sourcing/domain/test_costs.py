"""Costs and margins: sums are exact, more cost never leaves more, and the break-even price is just that."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subgraphs.sourcing.domain.costs import CostInputs, checked_inputs, costs_of, exact_profit, price_for_margin
from subgraphs.sourcing.domain.errors import CurrencyMismatch, InvalidValue
from subgraphs.sourcing.domain.values import coin_of

TODAY = date(2026, 6, 30)


def inputs(**changes: Any) -> CostInputs:
    plain = {
        "currency": "EUR",
        "selling_price": "29.99",
        "purchase_currency": "EUR",
        "purchase_price": "12.00",
        "shipping_cost": "1.00",
        "exchange_rate": None,
        "rate_date": None,
        "hs_code": None,
        "duty_percent": "3.2",
        "import_tax_percent": "19",
        "tax_recoverable": True,
        "sales_tax_percent": "19",
        "referral_percent": "0",
        "referral_minimum": "0",
        "fulfilment_fee": "2.50",
        "returns_percent": "3",
        **changes,
    }
    texts = ("currency", "purchase_currency", "hs_code")
    return CostInputs(
        **{name: Decimal(v) if isinstance(v, str) and name not in texts else v for name, v in plain.items()}
    )


def cents(most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, most).map(lambda n: Decimal(n) / 100)


@st.composite
def any_inputs(draw: st.DrawFn) -> CostInputs:
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    purchase = draw(st.sampled_from(["EUR", "USD"]))
    rate = None if currency == purchase else draw(st.integers(1, 10**9).map(lambda n: Decimal(n) / 10**6))
    return CostInputs(
        currency=currency,
        selling_price=draw(st.integers(1, 10**6)) * coin_of(currency),
        purchase_currency=purchase,
        purchase_price=draw(cents(10**6)),
        shipping_cost=draw(cents(10**4)),
        exchange_rate=rate,
        rate_date=None if rate is None else TODAY,
        hs_code=None,
        duty_percent=draw(cents(5000)),
        import_tax_percent=draw(cents(3000)),
        tax_recoverable=draw(st.booleans()),
        sales_tax_percent=draw(cents(3000)),
        referral_percent=draw(cents(6000)),
        referral_minimum=draw(cents(500)),
        fulfilment_fee=draw(cents(2000)),
        returns_percent=draw(cents(5000)),
    )


def test_an_example_by_hand():
    found = costs_of(inputs())
    assert (found.goods, found.freight, found.duty, found.import_tax) == tuple(
        map(Decimal, ("12.00", "1.00", "0.42", "2.55"))
    )
    assert found.landed_cost == Decimal("13.42")
    assert (found.net_price, found.returns_reserve) == (Decimal("25.20"), Decimal("0.76"))
    assert (found.profit, found.margin_percent) == (Decimal("8.52"), Decimal("33.85"))
    # (13.416 + 2.50) * 1.19 / 0.97 = 19.5258
    assert found.break_even_price == Decimal("19.53")


def test_tax_that_is_not_given_back_is_a_cost_and_fees_are_of_the_price_with_tax():
    found = costs_of(inputs(tax_recoverable=False, referral_percent="15", referral_minimum="0.30"))
    assert found.landed_cost == Decimal("15.97")
    assert found.referral_fee == Decimal("4.50")
    assert costs_of(
        inputs(selling_price="1.00", referral_percent="15", referral_minimum="0.30")
    ).referral_fee == Decimal("0.30")


def test_costs_come_at_the_rate_of_its_day():
    found = costs_of(inputs(purchase_currency="USD", exchange_rate=Decimal("0.5"), rate_date=TODAY, duty_percent="0"))
    assert (found.currency, found.goods, found.freight, found.landed_cost) == (
        "EUR",
        Decimal("6.00"),
        Decimal("0.50"),
        Decimal("6.50"),
    )


@settings(max_examples=60)
@given(any_inputs())
def test_what_is_shown_adds_up_in_whole_coins(given_: CostInputs):
    found = costs_of(given_)
    tax = Decimal(0) if given_.tax_recoverable else found.import_tax
    assert found.landed_cost == found.goods + found.freight + found.duty + tax
    spent = found.landed_cost + found.referral_fee + found.fulfilment_fee + found.returns_reserve
    assert found.net_price - spent == found.profit
    for amount in (found.profit, found.landed_cost, found.net_price):
        assert amount % coin_of(given_.currency) == 0
    # Seven amounts are rounded by half a coin at most.
    exact = exact_profit(given_, given_.selling_price)
    assert abs(Fraction(found.profit) - exact) <= Fraction(coin_of(given_.currency)) * 4


@settings(max_examples=60)
@given(any_inputs(), st.sampled_from(["0", "15", "40"]).map(Decimal))
def test_the_lowest_price_for_a_margin_is_just_that(given_: CostInputs, margin: Decimal):
    price = price_for_margin(given_, margin)

    def left(at: Decimal) -> Fraction:
        net = Fraction(at) / (1 + Fraction(given_.sales_tax_percent) / 100)
        return exact_profit(given_, at) - net * Fraction(margin) / 100

    if price is None:
        assert left(Decimal(10**12)) < left(Decimal(1)) or left(Decimal(10**12)) <= 0
    else:
        coin = coin_of(given_.currency)
        assert price % coin == 0
        assert left(price) >= 0
        assert price == coin or left(price - coin) < 0
        assert left(price * 3 + 1) >= 0


@settings(max_examples=60)
@given(
    any_inputs(),
    st.sampled_from(
        ["purchase_price", "shipping_cost", "duty_percent", "referral_percent", "fulfilment_fee", "returns_percent"]
    ),
    cents(1000),
)
def test_more_cost_never_leaves_more(given_: CostInputs, name: str, more: Decimal):
    dearer = replace(given_, **{name: getattr(given_, name) + more})
    assert exact_profit(dearer, given_.selling_price) <= exact_profit(given_, given_.selling_price)
    before, after = price_for_margin(given_, Decimal(0)), price_for_margin(dearer, Decimal(0))
    assert after is None or (before is not None and before <= after)


@settings(max_examples=40)
@given(any_inputs())
def test_currencies_are_never_mixed(given_: CostInputs):
    other = "EUR" if given_.exchange_rate is not None else "USD"
    wrong = replace(given_, currency="EUR", purchase_currency=other, selling_price=Decimal("1.00"))
    with pytest.raises(CurrencyMismatch):
        checked_inputs(wrong, TODAY)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"currency": "EURO"}, "currency"),
        ({"selling_price": "0"}, "sellingPrice"),
        ({"selling_price": "1.005"}, "sellingPrice"),
        ({"purchase_price": "-1"}, "purchasePrice"),
        ({"purchase_price": "1.00001"}, "purchasePrice"),
        ({"duty_percent": "1001"}, "dutyPercent"),
        ({"hs_code": "12"}, "hsCode"),
        ({"returns_percent": "101"}, "returnsPercent"),
        ({"purchase_currency": "USD", "exchange_rate": Decimal(0), "rate_date": TODAY}, "exchangeRate"),
        ({"purchase_currency": "USD", "exchange_rate": Decimal(1), "rate_date": date(2026, 7, 1)}, "rateDate"),
    ],
)
def test_what_no_evaluation_can_rest_on(change: dict[str, Any], field: str):
    with pytest.raises(InvalidValue) as caught:
        checked_inputs(inputs(**change), TODAY)
    assert caught.value.path == ("input", field)
    assert checked_inputs(inputs(hs_code="7323.93 00"), TODAY).hs_code == "73239300"


def test_half_a_coin_is_a_coin() -> None:
    assert costs_of(inputs(purchase_price="1.005")).goods == Decimal("1.01")
    assert costs_of(inputs(purchase_price="1.0049")).goods == Decimal("1.00")
