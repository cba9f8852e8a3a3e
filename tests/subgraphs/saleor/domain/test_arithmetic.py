"""Prices, vouchers and stock: exact, whatever the amounts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.values import fraction_digits
from subgraphs.saleor.domain.money import ZERO, rounded, split, taxed
from subgraphs.saleor.domain.prices import PricedLine, Voucher, discount_of, is_applicable, totals
from subgraphs.saleor.domain.stock import Stock, allocate, available

CURRENCIES = st.sampled_from(["USD", "PLN", "JPY", "KWD"])
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def amounts(currency: str, most: int = 10**9) -> st.SearchStrategy[Decimal]:
    """Amounts in whole smallest units."""
    return st.integers(0, most).map(lambda units: Decimal(units).scaleb(-fraction_digits(currency)))


def is_whole(amount: Decimal, currency: str) -> bool:
    return isinstance(amount, Decimal) and rounded(amount, currency) == amount


rates = st.decimals(0, 40, places=3)


@st.composite
def vouchers(draw: st.DrawFn, currency: str) -> Voucher:
    value_kind = draw(st.sampled_from(["FIXED", "PERCENTAGE"]))
    value = draw(amounts(currency) if value_kind == "FIXED" else st.decimals(0, 150, places=3))
    kind = draw(st.sampled_from(["ENTIRE_ORDER", "SHIPPING"]))
    return Voucher("C", kind, value_kind, value, None, None, 0, NOW, None)


@settings(deadline=None)
@given(st.data(), CURRENCIES, rates)
def test_net_and_tax_are_the_gross_amount(data: st.DataObject, currency: str, rate: Decimal) -> None:
    gross = data.draw(amounts(currency))
    found = taxed(gross, rate, currency)
    assert found.gross == gross
    assert found.net + found.tax == gross
    assert ZERO <= found.net <= gross
    assert is_whole(found.net, currency)
    assert abs(found.net * (100 + rate) / 100 - gross) <= Decimal(1).scaleb(-fraction_digits(currency))


@settings(deadline=None)
@given(st.data(), CURRENCIES)
def test_parts_add_up_to_the_whole(data: st.DataObject, currency: str) -> None:
    weights = data.draw(st.lists(amounts(currency), min_size=1, max_size=8).filter(any))
    amount = data.draw(amounts(currency).filter(lambda each: each <= sum(weights, ZERO)))
    parts = split(amount, weights, currency)
    assert sum(parts, ZERO) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert ZERO <= part <= weight
        assert is_whole(part, currency)
        assert abs(part - amount * weight / sum(weights, ZERO)) < Decimal(1).scaleb(-fraction_digits(currency))


@settings(deadline=None)
@given(st.data(), CURRENCIES, rates)
def test_totals_add_up(data: st.DataObject, currency: str, rate: Decimal) -> None:
    lines = [
        PricedLine(min(unit, full), full, quantity)
        for unit, full, quantity in data.draw(
            st.lists(st.tuples(amounts(currency, 10**6), amounts(currency, 10**6), st.integers(1, 50)), max_size=6)
        )
    ]
    shipping = data.draw(amounts(currency, 10**5))
    voucher = data.draw(st.none() | vouchers(currency))
    found = totals(lines, shipping, voucher, rate, currency)
    plain = totals(lines, shipping, None, rate, currency)
    assert found.total.gross == found.subtotal.gross + found.shipping.gross
    assert found.subtotal.gross == sum((line.total.gross for line in found.lines), ZERO)
    assert found.total.gross == plain.total.gross - found.discount
    assert found.total.net + found.total.tax == found.total.gross
    assert found.total.net == sum((line.total.net for line in found.lines), ZERO) + found.shipping.net
    assert plain.discount == ZERO
    for price in (found.total, found.subtotal, found.shipping, *[line.total for line in found.lines]):
        assert ZERO <= price.net <= price.gross
        assert is_whole(price.gross, currency)
        assert is_whole(price.net, currency)
    if voucher is not None:
        base = shipping if voucher.kind == "SHIPPING" else plain.subtotal.gross
        assert found.discount == discount_of(voucher, base, currency) <= base
        if voucher.value_kind == "PERCENTAGE" and voucher.value >= 100:
            assert found.discount == base


def test_a_tenth_and_two_tenths_are_three_tenths() -> None:
    """The sum for which binary floats are known."""
    lines = [PricedLine(Decimal("0.10"), Decimal("0.10"), 1), PricedLine(Decimal("0.20"), Decimal("0.20"), 1)]
    found = totals(lines, ZERO, None, Decimal(0), "USD")
    assert found.total.gross == Decimal("0.30")
    third = Voucher("C", "ENTIRE_ORDER", "FIXED", Decimal("0.01"), None, None, 0, NOW, None)
    assert [line.total.gross for line in totals(lines, ZERO, third, Decimal(0), "USD").lines] == [
        Decimal("0.10"),
        Decimal("0.19"),
    ]


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"starts_at": NOW + timedelta(seconds=1)}, False),
        ({"ends_at": NOW}, False),
        ({"ends_at": NOW + timedelta(seconds=1)}, True),
        ({"usage_limit": 2, "used": 1}, True),
        ({"usage_limit": 2, "used": 2}, False),
        ({"min_spent": Decimal("10.00")}, True),
        ({"min_spent": Decimal("10.01")}, False),
    ],
)
def test_when_a_voucher_holds(changes: dict[str, object], holds: bool) -> None:
    values = {"min_spent": None, "usage_limit": None, "used": 0, "starts_at": NOW, "ends_at": None, **changes}
    voucher = Voucher("C", "ENTIRE_ORDER", "FIXED", Decimal(1), **values)  # type: ignore[arg-type]
    assert is_applicable(voucher, Decimal("10.00"), NOW) is holds


stocks = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: (max(pair), min(pair))), max_size=6
).map(lambda pairs: [Stock(at, quantity, allocated) for at, (quantity, allocated) in enumerate(pairs)])


@settings(deadline=None)
@given(stocks, st.integers(1, 60))
def test_items_are_taken_from_where_they_are(found: list[Stock], quantity: int) -> None:
    taken = allocate(found, quantity)
    if quantity > available(found):
        assert taken is None
        return
    assert taken is not None
    assert sum(taken.values()) == quantity
    by_id = {stock.id: stock for stock in found}
    assert all(0 < count <= by_id[key].free for key, count in taken.items())
    # As few warehouses as can be.
    free = sorted((stock.free for stock in found), reverse=True)
    assert sum(free[: len(taken) - 1]) < quantity
