"""Geographic search in SQL against the haversine formula in Python, place by place."""

import random
from itertools import pairwise
from typing import Any

import pytest

from resolvers.pagination import Window
from subgraphs.directory.domain.geo import BoundingBox, Circle, Coordinates
from subgraphs.directory.domain.search import BusinessFilter
from subgraphs.directory.repository import listings

EDGES = [(90, 0), (-90, 12), (0, 180), (0, -180), (0, 0), (10, 179.9), (10, -179.9), (89.9, 90), (89.9, -90)]


@pytest.fixture(scope="module")
def places() -> list[Coordinates]:
    chance = random.Random(7)
    scattered = [Coordinates(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(100)]
    clustered = [Coordinates(38.7 + chance.gauss(0, 0.05), -9.1 + chance.gauss(0, 0.05)) for _ in range(50)]
    return [*scattered, *clustered, *(Coordinates(*edge) for edge in EDGES)]


async def test_sql_and_brute_force_agree(new_tenant: Any, directory: Any, places: list[Coordinates]) -> None:
    chance = random.Random(8)
    async with directory.database.session(new_tenant.context) as session:
        ids = {}
        for place in places:
            ids[await new_tenant.add(session, latitude=place.latitude, longitude=place.longitude)] = place
        for centre in (*chance.sample(places, 12), Coordinates(10, 180), Coordinates(-90, 0), Coordinates(38.7, -9.1)):
            ordering = listings.by_distance(centre)
            page = await listings.page(session, BusinessFilter(), Window.of(ordering, first=1000, maximum=1000))
            distances = [centre.distance_m(ids[row.id]) for row in page.rows]
            assert len(distances) == len(places)
            assert all(near <= far + 0.01 for near, far in pairwise(distances))
            for radius_m in (1, 5_000, 100_000, 3_000_000, 15_000_000, 20_037_000):
                circle = Circle(centre, radius_m)
                found = await listings.page(
                    session, BusinessFilter(within=circle), Window.of(listings.BY_NAME, first=1000, maximum=1000)
                )
                assert {row.id for row in found.rows} == {id_ for id_, place in ids.items() if circle.contains(place)}


@pytest.mark.parametrize(
    ("south", "west", "north", "east"),
    [(-90, -180, 90, 180), (-20, 170, 20, -170), (38.6, -9.2, 38.8, -9.0), (80, -180, 90, 180), (0, 180, 10, -180)],
)
async def test_boxes_agree(
    new_tenant: Any, directory: Any, places: list[Coordinates], south: float, west: float, north: float, east: float
) -> None:
    box = BoundingBox(Coordinates(south, west), Coordinates(north, east))
    async with directory.database.session(new_tenant.context) as session:
        ids = {}
        for place in places:
            ids[await new_tenant.add(session, latitude=place.latitude, longitude=place.longitude)] = place
        found = await listings.page(
            session, BusinessFilter(box=box), Window.of(listings.BY_NAME, first=1000, maximum=1000)
        )
    assert {row.id for row in found.rows} == {id_ for id_, place in ids.items() if box.contains(place)}
    assert found.rows


async def test_distance_as_a_field_and_as_an_order(directory: Any) -> None:
    query = """{ businesses(first: 60, orderBy: DISTANCE, near: {latitude: 38.7139, longitude: -9.1387}) {
        edges { node { name distanceM(from: {latitude: 38.7139, longitude: -9.1387}) } } } }"""
    edges = (await directory.data(query))["businesses"]["edges"]
    distances = [edge["node"]["distanceM"] for edge in edges]
    assert edges[0]["node"]["name"] == "Farmácia do Rossio"
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert 500 < distances[20] < 20_000


async def test_a_map_view_and_a_circle_over_http(directory: Any) -> None:
    query = """query ($filter: BusinessFilterInput) {
        businesses(first: 60, filter: $filter) { totalCount edges { node { coordinates { latitude longitude } } } } }"""
    box = {
        "southWest": {"latitude": 38.70, "longitude": -9.15},
        "northEast": {"latitude": 38.72, "longitude": -9.13},
    }
    found = (await directory.data(query, {"filter": {"boundingBox": box}}))["businesses"]
    assert 5 < found["totalCount"] < 60
    for edge in found["edges"]:
        assert 38.70 <= edge["node"]["coordinates"]["latitude"] <= 38.72
    circle = {"center": {"latitude": 38.7139, "longitude": -9.1387}, "radiusM": 500}
    near = (await directory.data(query, {"filter": {"within": circle, "boundingBox": box}}))["businesses"]
    assert 0 < near["totalCount"] < found["totalCount"]
    body = await directory.call(query, {"filter": {"within": {**circle, "radiusM": -1}}})
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_distance_order_can_use_the_gist_index_under_row_level_security(directory: Any, new_tenant: Any) -> None:
    """What the tables' docstring says of PostgreSQL, held to it."""
    from sqlalchemy import text

    async with directory.database.session(new_tenant.context) as session:
        await session.execute(text("set local enable_sort = off"))
        plan = await session.rows(
            text(
                "explain select id from directory.businesses "
                "order by position <-> public.ll_to_earth(38.7, -9.1) limit 5"
            )
        )
    assert "ix_businesses_position" in "\n".join(row[0] for row in plan)
