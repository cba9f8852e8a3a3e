"""The greatest values of a dimension, and a period beside the one before."""

from datetime import UTC, datetime
from typing import Any

import pytest

PERIOD = 'period: {from: "2026-03-01T00:00:00Z", to: "2026-04-01T00:00:00Z"}'


async def top(tenant: Any, metric: str, arguments: str) -> list[tuple[str, str]]:
    query = f'{{ metric(id: "{metric}") {{ top({arguments}, {PERIOD}) {{ value figure {{ value }} }} }} }}'
    found = (await tenant.data(query))["metric"]["top"]
    return [(each["value"], each["figure"]["value"]) for each in found]


async def test_the_greatest_come_first(tenant):
    def lines(name: str, quantity: int) -> list[dict[str, Any]]:
        return [{"name": name, "sku": name.lower(), "quantity": quantity}]

    await tenant.count(
        tenant.order("2026-03-01T10:00:00+00:00", lines=lines("Pot", 3)),
        tenant.order("2026-03-02T10:00:00+00:00", lines=lines("Beans", 2) + lines("Mill", 4)),
        tenant.order("2026-03-03T10:00:00+00:00", lines=lines("Beans", 2), currency="USD", total="99"),
        tenant.order("2026-04-01T00:00:00+00:00", lines=lines("Pot", 9)),
    )
    product = 'dimension: "product"'
    assert await top(tenant, "storefront.items_sold", product) == [("Beans", "4"), ("Mill", "4"), ("Pot", "3")]
    assert await top(tenant, "storefront.items_sold", f"{product}, first: 1") == [("Beans", "4")]
    eur = 'dimension: "channel", currency: "EUR"'
    assert await top(tenant, "storefront.revenue", eur) == [("default", "21.00")]


async def test_means_are_ranked_as_means(tenant):
    at = "2026-03-01T10:00:00+00:00"
    await tenant.count(
        tenant.review(at, 3, business_name="Often"),
        tenant.review(at, 4, business_name="Often"),
        tenant.review(at, 5, business_name="Best"),
    )
    assert await top(tenant, "directory.rating", 'dimension: "business"') == [("Best", "5.0000"), ("Often", "3.5000")]
    assert await top(tenant, "directory.reviews", 'dimension: "business"') == [("Often", "2"), ("Best", "1")]


async def test_many_metrics_take_one_statement(analytics):
    query = f"""{{ orders: metric(id: "storefront.orders") {{ top(dimension: "channel", {PERIOD}) {{ value }} }}
      reviews: metric(id: "directory.reviews") {{ top(dimension: "business", {PERIOD}) {{ value }} }}
      rating: metric(id: "directory.rating") {{ top(dimension: "business", {PERIOD}) {{ value }} }} }}"""
    with analytics.count_statements() as statements:
        data = await analytics.data(query)
    assert all(data[name]["top"] for name in data)
    assert len(statements) == 2  # one for each dimension


@pytest.mark.parametrize(
    ("metric", "arguments", "code"),
    [
        ("storefront.orders", 'dimension: "weather"', "UNKNOWN_DIMENSION"),
        ("storefront.orders", 'dimension: "channel", first: 0', "BAD_USER_INPUT"),
        ("storefront.orders", 'dimension: "channel", first: 51', "BAD_USER_INPUT"),
        ("storefront.revenue", 'dimension: "channel"', "CURRENCY_NEEDED"),
    ],
)
async def test_what_is_refused(tenant, metric, arguments, code):
    query = f'{{ metric(id: "{metric}") {{ top({arguments}, {PERIOD}) {{ value }} }} }}'
    assert await tenant.code(query) == code


async def compared(tenant: Any, metric: str, first: str, last: str) -> Any:
    query = f"""{{ metric(id: "{metric}") {{ comparison(period: {{from: "{first}", to: "{last}"}}) {{
      current {{ value }} previous {{ value }} previousFrom change changeRatio }} }} }}"""
    return (await tenant.data(query))["metric"]["comparison"]


async def test_a_period_beside_the_one_before(tenant):
    days = (1, 1, 2, 3, 3, 3, 4, 4)
    await tenant.count(*(tenant.order(datetime(2026, 3, day, 23, 59, tzinfo=UTC)) for day in days))
    assert await compared(tenant, "storefront.orders", "2026-03-03T00:00:00Z", "2026-03-05T00:00:00Z") == {
        "current": {"value": "5"},
        "previous": {"value": "3"},
        "previousFrom": "2026-03-01T00:00:00+00:00",
        "change": "2",
        "changeRatio": pytest.approx(2 / 3),
    }


async def test_there_is_no_ratio_to_nothing(tenant):
    await tenant.count(tenant.order("2026-03-03T10:00:00+00:00"), tenant.review("2026-03-03T10:00:00+00:00"))
    found = await compared(tenant, "storefront.orders", "2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z")
    assert (found["change"], found["changeRatio"]) == ("1", None)
    found = await compared(tenant, "directory.rating", "2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z")
    assert (found["previous"]["value"], found["change"], found["changeRatio"]) == (None, None, None)
