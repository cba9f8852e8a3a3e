"""Selling prices follow costs within the tenant's rules, and never below break-even."""

from decimal import Decimal

from hypothesis import given, settings

from subgraphs.sourcing.domain.costs import CostInputs, exact_profit
from subgraphs.sourcing.domain.supply import PriceRules, suggestion
from tests.subgraphs.sourcing.domain.test_costs import any_inputs, cents, inputs

RULES = PriceRules(Decimal(20), Decimal(5))


def test_near_enough_is_set_further_away_is_proposed_and_enough_stays():
    assert suggestion(inputs(), Decimal("29.99"), RULES, Decimal("29.99")) is None
    near = suggestion(inputs(), Decimal("24.00"), RULES, Decimal("24.00"))
    assert near is not None
    assert (near.price, near.by_itself) == (Decimal("24.60"), True)
    far = suggestion(inputs(), Decimal("20.00"), RULES, Decimal("20.00"))
    assert far is not None
    assert (far.price, far.by_itself) == (Decimal("24.60"), False)
    assert far.reason == "24.60 EUR leaves 20 % at what it costs now; 23.0 % more than 20."


def test_where_no_price_would_do_it_is_proposed_to_take_it_off():
    found = suggestion(inputs(referral_percent="70"), Decimal("29.99"), RULES, Decimal("29.99"))
    assert found is not None
    assert (found.price, found.by_itself) == (None, False)


@settings(max_examples=80)
@given(any_inputs(), cents(90 * 100), cents(100 * 100))
def test_no_suggestion_loses_money_and_none_by_itself_goes_beyond_the_bound(
    given_: CostInputs, margin: Decimal, change: Decimal
):
    current = given_.selling_price
    found = suggestion(given_, current, PriceRules(margin, change), current)
    if found is None:
        assert exact_profit(given_, current) >= 0
    elif found.price is not None:
        assert found.price > current
        assert exact_profit(given_, found.price) >= 0
        if found.by_itself:
            assert found.price <= current * (1 + change / 100)
