from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.storefront.domain.errors import InvalidValue
from subgraphs.storefront.domain.money import (
    Money,
    cost_amount,
    currency_of,
    landed_cost,
    margin_of,
    percentage,
    without_tax,
)
from subgraphs.storefront.domain.offers import Offer, best_offer, checked_offer, margins
from subgraphs.storefront.seed import demo_product, demo_variant

AMOUNTS = st.decimals(0, 1_000_000, places=4)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def test_duty_is_on_cost_and_freight() -> None:
    assert landed_cost(Decimal(10), Decimal(2), Decimal("6.5")) == Decimal("12.78")


@pytest.mark.parametrize(
    ("price", "percent", "net"), [("24.60", "23", "20.00"), ("20.00", "0", "20.00"), ("9.99", "7.7", "9.28")]
)
def test_the_tax_in_a_price(price: str, percent: str, net: str) -> None:
    assert without_tax(usd(price), Decimal(percent)).rounded() == usd(net)


def test_what_is_left() -> None:
    margin = margin_of(usd("20"), usd("7.2846"))
    assert (margin.price, margin.landed_cost, margin.profit) == (usd("20.00"), usd("7.28"), usd("12.72"))
    assert margin.rate == Decimal("0.6358")
    assert margin_of(usd("5"), usd("7")).rate == Decimal("-0.4000")
    assert margin_of(usd("0"), usd("7")).rate is None
    with pytest.raises(ValueError, match="one currency"):
        margin_of(usd("1"), Money(Decimal(1), "EUR"))


@given(AMOUNTS, AMOUNTS)
def test_what_is_shown_adds_up(price: Decimal, cost: Decimal) -> None:
    margin = margin_of(Money(price, "USD"), Money(cost, "USD"))
    assert margin.price.amount - margin.landed_cost.amount == margin.profit.amount


@pytest.mark.parametrize(
    ("currency", "shown"), [("USD", "1234.57"), ("JPY", "1235"), ("KWD", "1234.565"), ("XXX", "1234.57")]
)
def test_the_smallest_coin(currency: str, shown: str) -> None:
    assert Money(Decimal("1234.565"), currency).rounded().amount == Decimal(shown)


@pytest.mark.parametrize("value", ["-0.01", "100000000", "0.00001", "NaN", "Infinity"])
def test_amounts_out_of_bounds(value: str) -> None:
    with pytest.raises(InvalidValue):
        cost_amount(Decimal(value), "unitCost")


def test_currencies_and_percentages() -> None:
    assert currency_of(" usd ") == "USD"
    for wrong in ("US", "USDT", "12A", "€€€", ""):
        with pytest.raises(InvalidValue):
            currency_of(wrong)
    with pytest.raises(InvalidValue):
        percentage(Decimal("1000.1"), "dutyPercent")


class Row:
    """An offer as the table has it."""

    def __init__(self, key: int, cost: str, **values: Any) -> None:
        self.id = UUID(int=key)
        self.variant_id = values.get("variant", "v")
        self.currency = values.get("currency", "USD")
        self.unit_cost, self.shipping_cost, self.duty_percent = Decimal(cost), Decimal(0), Decimal(0)
        self.available_quantity = values.get("available")
        self.is_active = values.get("active", True)


def test_the_offer_that_counts() -> None:
    offers = [Row(1, "3", active=False), Row(2, "4", available=0), Row(3, "6"), Row(4, "5"), Row(5, "5")]
    chosen = best_offer(offers)
    assert chosen is offers[3]  # the cheapest that can be had, the first id among equals
    assert best_offer(reversed(offers)) is chosen
    euros = [Row(6, "1", currency="EUR"), Row(7, "9", currency="USD"), Row(8, "8", currency="USD")]
    assert best_offer(euros) is euros[2]  # the currency of most
    assert best_offer(euros, "EUR") is euros[0]
    assert best_offer(euros, "PLN") is None
    assert best_offer([]) is None


def test_margins_of_variants() -> None:
    offers = [Row(1, "5", variant="a"), Row(2, "9", variant="b"), Row(3, "1", variant="c", currency="EUR")]
    found = margins([("a", usd("10")), ("b", usd("10")), ("c", usd("10")), ("d", usd("10"))], offers)
    assert [(margin.rate, offer.variant_id) for margin, offer in found] == [
        (Decimal("0.1000"), "b"),
        (Decimal("0.5000"), "a"),
    ]


def values(**changes: Any) -> dict[str, Any]:
    return {
        "supplier_id": UUID(int=1),
        "product_id": demo_product(126),
        "variant_id": demo_variant(126),
        "supplier_sku": "A 1",
        "asin": None,
        "currency": "USD",
        "unit_cost": Decimal("1.5"),
        "shipping_cost": Decimal(0),
        "duty_percent": Decimal(0),
        "minimum_quantity": 1,
        "available_quantity": None,
        "handling_days": None,
        "url": None,
        "is_active": True,
        **changes,
    }


def test_an_offer() -> None:
    offer = checked_offer(values(asin="b07x1234zz", url="https://supplier.example/1"))
    assert isinstance(offer, Offer)
    assert offer.asin == "B07X1234ZZ"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("productId", demo_variant(126)),
        ("variantId", "UHJvZHVjdFZhcmlhbnQ6"),
        ("variantId", "not base64"),
        ("supplierSku", "  "),
        ("supplierSku", "x\0"),
        ("asin", "short"),
        ("currency", "dollars"),
        ("unitCost", Decimal(-1)),
        ("dutyPercent", Decimal("1e9")),
        ("minimumQuantity", 0),
        ("availableQuantity", -1),
        ("handlingDays", 61),
        ("url", "javascript:alert(1)"),
    ],
)
def test_what_is_no_offer(field: str, value: Any) -> None:
    name = "".join(f"_{mark.lower()}" if mark.isupper() else mark for mark in field)
    with pytest.raises(InvalidValue) as refused:
        checked_offer(values(**{name: value}))
    assert refused.value.path == (field,)
