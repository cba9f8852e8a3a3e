"""Series and totals: without gaps, by the tenant's calendar, bounded, each tenant's own."""

from typing import Any

import pytest

from tests.subgraphs.analytics.conftest import values

SERIES = """query ($id: ID!, $period: MetricPeriodInput!, $granularity: MetricGranularity!, $slice: MetricSliceInput) {
  metric(id: $id) { series(period: $period, granularity: $granularity, slice: $slice) {
    timeZone points { from to value events } total { value events } } } }"""
EUR = {"currency": "EUR"}


async def series(tenant: Any, metric: str, first: str, last: str, granularity: str = "DAY", **more: Any) -> Any:
    period = {"from": first, "to": last, **({"timeZone": more["zone"]} if "zone" in more else {})}
    variables = {"id": metric, "period": period, "granularity": granularity, "slice": more.get("slice")}
    return (await tenant.data(SERIES, variables))["metric"]["series"]


async def test_gaps_are_zero(tenant):
    await tenant.count(tenant.order("2026-03-01T10:00:00+00:00"), tenant.order("2026-03-03T23:59:59+00:00"))
    found = await series(tenant, "storefront.orders", "2026-03-01T00:00:00Z", "2026-03-05T00:00:00Z")
    assert values(found["points"]) == ["1", "0", "1", "0"]
    assert found["points"][1] == {
        "from": "2026-03-02T00:00:00+00:00",
        "to": "2026-03-03T00:00:00+00:00",
        "value": "0",
        "events": 0,
    }
    assert found["total"] == {"value": "2", "events": 2}


async def test_days_are_those_of_the_zone(tenant):
    await tenant.count(tenant.order("2026-03-01T18:29:00+00:00"), tenant.order("2026-03-01T18:31:00+00:00"))
    found = await series(tenant, "storefront.orders", "2026-03-01T00:00:00", "2026-03-03T00:00:00", zone="Asia/Kolkata")
    assert values(found["points"]) == ["1", "1"]
    assert found["points"][1]["from"] == "2026-03-02T00:00:00+05:30"


async def test_a_day_may_have_23_hours(tenant):
    await tenant.count(tenant.order("2026-03-29T01:30:00+00:00"))
    zone = "Europe/Berlin"
    hours = await series(tenant, "storefront.orders", "2026-03-29T00:00:00", "2026-03-30T00:00:00", "HOUR", zone=zone)
    assert len(hours["points"]) == 23
    assert [each["from"] for each in hours["points"] if each["events"]] == ["2026-03-29T03:00:00+02:00"]


async def test_money_is_of_one_currency(tenant):
    await tenant.count(
        tenant.order("2026-03-01T10:00:00+00:00", total="0.10"),
        tenant.order("2026-03-01T11:00:00+00:00", total="0.20"),
        tenant.order("2026-03-01T12:00:00+00:00", total="5", currency="USD"),
    )
    period = ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
    assert (await series(tenant, "storefront.revenue", *period, slice=EUR))["total"]["value"] == "0.30"
    assert (await series(tenant, "storefront.revenue", *period, slice={"currency": "usd"}))["total"]["value"] == "5"
    # Where there is no money a currency says nothing.
    assert (await series(tenant, "storefront.orders", *period, slice=EUR))["total"]["value"] == "3"


async def test_a_mean_of_nothing_is_none(tenant):
    await tenant.count(tenant.review("2026-03-01T10:00:00+00:00", 5), tenant.review("2026-03-01T11:00:00+00:00", 2))
    found = await series(tenant, "directory.rating", "2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z")
    assert values(found["points"]) == ["3.5000", None]
    assert found["total"] == {"value": "3.5000", "events": 2}


async def test_a_part_of_a_metric(tenant):
    await tenant.count(
        tenant.order("2026-03-01T10:00:00+00:00"), tenant.order("2026-03-01T10:00:00+00:00", channel="app")
    )
    period = ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", "MONTH")
    app = {"dimension": "channel", "value": "app"}
    assert values((await series(tenant, "storefront.orders", *period, slice=app))["points"]) == ["1"]
    assert (await series(tenant, "storefront.revenue", *period, slice={**app, **EUR}))["total"]["value"] == "10.50"


@pytest.mark.parametrize(
    ("metric", "change", "code"),
    [
        ("storefront.revenue", {}, "CURRENCY_NEEDED"),
        ("storefront.revenue", {"slice": {"currency": "EURO"}}, "CURRENCY_NEEDED"),
        ("storefront.orders", {"slice": {"dimension": "weather", "value": "x"}}, "UNKNOWN_DIMENSION"),
        ("storefront.orders", {"slice": {"dimension": "channel"}}, "BAD_USER_INPUT"),
        ("storefront.orders", {"slice": {"value": "app"}}, "BAD_USER_INPUT"),
        ("storefront.orders", {"slice": {"dimension": "channel", "value": "a\0"}}, "BAD_USER_INPUT"),
        ("storefront.orders", {"granularity": "HOUR"}, "TOO_MANY_POINTS"),
        ("storefront.orders", {"period": {"from": "2026-02-01", "to": "2026-01-01"}}, "BAD_USER_INPUT"),
        ("storefront.orders", {"period": {"from": "0001-01-01", "to": "9999-01-01"}}, "BAD_USER_INPUT"),
        (
            "storefront.orders",
            {"period": {"from": "2026-01-01", "to": "2026-02-01", "timeZone": "Mars"}},
            "BAD_USER_INPUT",
        ),
    ],
)
async def test_what_is_refused(tenant, metric, change, code):
    period = {"from": "2025-01-01T00:00:00", "to": "2026-01-01T00:00:00"}
    for name, value in change.get("period", {}).items():
        period[name] = f"{value}T00:00:00" if name != "timeZone" else value
    variables = {"id": metric, "granularity": "DAY", **change, "period": period}
    assert await tenant.code(SERIES, variables) == code


ALL = """query ($first: Int, $after: String, $last: Int, $before: String) {
  metrics(first: $first, after: $after, last: $last, before: $before) { totalCount
    edges { cursor node { id name unit statistic dimensions } } pageInfo { hasNextPage hasPreviousPage } } }"""


async def test_definitions_come_in_pages(tenant):
    everything = (await tenant.data(ALL, {"first": 100}))["metrics"]
    ids = [edge["node"]["id"] for edge in everything["edges"]]
    assert ids == sorted(ids)
    assert everything["totalCount"] == len(ids)
    cursor = everything["edges"][1]["cursor"]
    rest = (await tenant.data(ALL, {"first": 2, "after": cursor}))["metrics"]
    assert [edge["node"]["id"] for edge in rest["edges"]] == ids[2:4]
    assert rest["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": True}
    before = (await tenant.data(ALL, {"last": 1, "before": cursor}))["metrics"]
    assert [edge["node"]["id"] for edge in before["edges"]] == ids[:1]
    assert await tenant.code(ALL, {"first": 1, "after": "nonsense"}) == "BAD_CURSOR"
    assert (await tenant.data('{ metric(id: "no.such") { id } }'))["metric"] is None


async def test_all_metrics_take_a_constant_number_of_statements(analytics):
    query = """{ metrics(first: 100) { edges { node {
      series(period: {from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z"}, slice: {currency: "EUR"}) {
        points { value } } } } } }"""
    with analytics.count_statements() as statements:
        data = await analytics.data(query)
    assert len(data["metrics"]["edges"]) > 2
    assert len(statements) == 2  # one for money, one for all else


async def test_the_demo_has_something_to_show_and_each_tenant_its_own(analytics, tenant):
    query = """{ metric(id: "storefront.orders") {
      total(period: {from: "2026-01-01T00:00:00Z", to: "2026-04-01T00:00:00Z"}) { value } } }"""
    found = [
        (await analytics.data(query, tenant=each))["metric"]["total"]["value"] for each in ("acme", "globex", tenant.id)
    ]
    assert int(found[0]) > 100
    assert int(found[1]) > 100
    assert found[0] != found[1]
    assert found[2] == "0"


async def test_references_are_metrics(analytics):
    found = await analytics.entities(
        [{"__typename": "Metric", "id": "storefront.orders"}, {"__typename": "Metric", "id": "no.such"}],
        "... on Metric { name }",
    )
    assert found == [{"name": "Orders"}, None]


async def test_scopes_are_asked_for(analytics):
    for query in ("{ metrics { totalCount } }", '{ metric(id: "x") { id } }'):
        refused = await analytics.call(query, scopes=["other:read"])
        assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "analytics:read"}
