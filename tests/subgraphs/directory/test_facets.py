"""Facets: what they say is what a filter finds, however many businesses, and in how many statements."""

from collections.abc import Mapping
from typing import Any

import pytest

NEAR = {"latitude": 38.7139, "longitude": -9.1387}
FACETS = """facets { openCount ratings { minimum count } priceLevels { level count } distances { withinM count }
  attributes { attribute count } categories { count category { id } } }"""
LIST = f"""query ($filter: BusinessFilterInput, $near: CoordinatesInput) {{
  found: businesses(filter: $filter, near: $near, first: 0) {{ totalCount {FACETS} }} }}"""
SEARCH = f"""query ($filter: BusinessFilterInput, $near: CoordinatesInput) {{
  found: searchBusinesses(query: "coffee or books or wine", mode: MODE, filter: $filter, near: $near, first: 0)
  {{ totalCount {FACETS} }} }}"""
QUERIES = {"list": LIST, **{mode: SEARCH.replace("MODE", mode) for mode in ("TEXT", "HYBRID")}}
AT = "2025-06-02T10:00:00Z"
READ = {"scopes": ["directory:read"]}


async def found(directory: Any, query: str, **wanted: Any) -> Any:
    return (await directory.data(query, {"filter": wanted, "near": NEAR}, **READ))["found"]


def choices(facets: Mapping[str, Any]) -> list[tuple[dict[str, Any], int]]:
    """Every value of every facet as a condition, and what is counted beside it."""
    circles = [
        ({"within": {"center": NEAR, "radiusM": each["withinM"]}}, each["count"]) for each in facets["distances"]
    ]
    return [
        ({"openAt": AT}, facets["openCount"]),
        *(({"minimumRating": each["minimum"]}, each["count"]) for each in facets["ratings"]),
        *(({"priceLevels": [each["level"]]}, each["count"]) for each in facets["priceLevels"]),
        *circles,
        *(({"attributes": [each["attribute"]]}, each["count"]) for each in facets["attributes"]),
        *(({"categoryId": each["category"]["id"]}, each["count"]) for each in facets["categories"][:8]),
    ]


@pytest.mark.parametrize("kind", QUERIES)
async def test_a_count_is_what_there_is_once_its_value_is_chosen(directory: Any, kind: str) -> None:
    query = QUERIES[kind]
    base = {"openAt": AT, "minimumRating": 3.0, "attributes": ["card-payment"]} if kind == "list" else {"openAt": AT}
    facets = (await found(directory, query, **base))["facets"]
    tried = choices(facets)
    assert len({count for _, count in tried}) > 3
    for condition, count in tried[:: 2 if kind == "list" else 5]:
        chosen = {**base, **condition}
        assert (await found(directory, query, **chosen))["totalCount"] == count, (kind, condition)


async def test_a_facet_is_counted_without_its_own_condition_and_others_with_it(directory: Any) -> None:
    free = (await found(directory, LIST, openAt=AT))["facets"]
    narrow = (await found(directory, LIST, openAt=AT, priceLevels=[2]))["facets"]
    assert narrow["priceLevels"] == free["priceLevels"]
    assert narrow["openCount"] < free["openCount"]
    assert sum(each["count"] for each in free["priceLevels"]) <= free["openCount"]
    without = (await directory.data(LIST, {"filter": {}}, **READ))["found"]["facets"]
    assert without["distances"] == []


async def test_facets_take_as_many_statements_for_many_as_for_few(new_tenant: Any) -> None:
    counts = []
    for size in (1, 60):
        async with new_tenant.directory.database.session(new_tenant.context) as session:
            for number in range(size):
                await new_tenant.add(session, price_level=number % 4 + 1, attributes=(f"a{number}",))
        with new_tenant.directory.count_statements() as statements:
            data = await new_tenant.data(LIST, {"near": NEAR})
        assert len(data["found"]["facets"]["attributes"]) == min(50, size)
        counts.append(len(statements))
    assert counts == [5, 5]  # the page, its total, time zones, facets, categories' names


async def test_price_and_attributes_are_kept_and_checked(new_tenant: Any) -> None:
    query = """mutation ($input: UpdateBusinessInput!) { updateBusiness(input: $input) {
      business { priceLevel attributes } errors { code ... on InvalidInputError { path } } } }"""
    business = str(await new_tenant.add_one())

    async def update(**values: Any) -> Any:
        return (await new_tenant.data(query, {"input": {"id": business, **values}}))["updateBusiness"]

    kept = await update(priceLevel=3, attributes=["wifi", "parking", "wifi"])
    assert kept == {"business": {"priceLevel": 3, "attributes": ["parking", "wifi"]}, "errors": []}
    assert (await update(priceLevel=None))["business"]["priceLevel"] is None
    for values, path in (({"priceLevel": 5}, "priceLevel"), ({"attributes": ["Wi Fi"]}, "attributes")):
        assert (await update(**values))["errors"] == [{"code": "BAD_USER_INPUT", "path": ["input", path]}]
    body = await new_tenant.call(LIST, {"filter": {"priceLevels": [9]}})
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
