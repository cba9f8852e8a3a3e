"""Figures of all tenants together: for those who run the platform, and sums alone."""

from decimal import Decimal
from uuid import uuid4

import pytest
from graphql import GraphQLObjectType, build_schema
from sqlalchemy import text

from resolvers.context import RequestContext
from subgraphs.analytics.app import sdl
from subgraphs.identity.domain import GRANTABLE_SCOPES, ROLE_SCOPES, Role

PLATFORM = """{ platformMetric(id: "storefront.revenue") { name
  series(period: {from: "2026-01-01T00:00:00Z", to: "2026-03-01T00:00:00Z"}, granularity: MONTH, currency: "EUR") {
    value events tenants } } }"""
OWN = """{ metric(id: "storefront.revenue") {
  series(period: {from: "2026-01-01T00:00:00Z", to: "2026-03-01T00:00:00Z"}, granularity: MONTH,
    slice: {currency: "EUR"}) { points { value events } } } }"""


@pytest.mark.parametrize("role", Role)
async def test_nobody_of_a_tenant_sees_them(analytics, role):
    assert "platform:analytics" not in GRANTABLE_SCOPES
    body = await analytics.call(PLATFORM, roles=[role.value], scopes=ROLE_SCOPES[role])
    assert body["data"] == {"platformMetric": None}
    (error,) = body["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN", "missingScope": "platform:analytics"}


async def test_they_are_those_of_all_tenants(analytics, tenant):
    before = await analytics.data(PLATFORM, tenant=None, user=None, scopes=["platform:analytics"])
    await tenant.count(tenant.order("2026-02-28T10:00:00+00:00", total="1000000.01"))
    after = await analytics.data(PLATFORM, tenant=None, user=None, scopes=["platform:analytics"])
    first, second = (data["platformMetric"]["series"] for data in (before, after))
    assert first[0] == second[0]
    assert Decimal(second[1]["value"]) - Decimal(first[1]["value"]) == Decimal("1000000.01")
    assert second[1]["events"] - first[1]["events"] == second[1]["tenants"] - first[1]["tenants"] == 1


async def test_demo_tenants_are_in_them(analytics):
    series = (await analytics.data(PLATFORM, tenant=None, user=None, scopes=["platform:analytics"]))["platformMetric"]
    january = Decimal(0)
    for slug in ("acme", "globex"):
        own = await analytics.data(OWN, tenant=slug)
        january += Decimal(own["metric"]["series"]["points"][0]["value"])
    assert Decimal(series["series"][0]["value"]) >= january > 0
    assert series["series"][0]["tenants"] >= 2


async def test_a_tenants_own_figures_need_a_tenant(analytics):
    data = await analytics.data(OWN, tenant=None, user=None, scopes=["analytics:read", "platform:analytics"])
    assert [point["value"] for point in data["metric"]["series"]["points"]] == ["0", "0"]


def test_nothing_in_them_says_whose_they_are() -> None:
    schema = build_schema(sdl(), assume_valid=True, assume_valid_sdl=True)
    metric, point = (schema.get_type(name) for name in ("PlatformMetric", "PlatformPoint"))
    assert isinstance(metric, GraphQLObjectType)
    assert isinstance(point, GraphQLObjectType)
    assert set(metric.fields) == {"id", "name", "series"}
    assert set(metric.fields["series"].args) == {"period", "granularity", "currency"}
    assert set(point.fields) == {"from", "to", "value", "events", "tenants"}


async def test_the_function_shows_sums_alone(analytics):
    call = "platform_cells(array['storefront.orders'], '', array['2026-01-01'::timestamptz, now()])"
    async with analytics.database.session(RequestContext.system(uuid4())) as session:
        row = await session.row(text(f"select * from {call}"))
    assert set(row._fields) == {"metric", "place", "total", "events", "tenants"}
