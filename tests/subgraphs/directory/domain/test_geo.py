import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.directory.domain.errors import InvalidPlace
from subgraphs.directory.domain.geo import EARTH_RADIUS_M, BoundingBox, Circle, Coordinates

places = st.builds(Coordinates, st.floats(-90, 90), st.floats(-180, 180))


@given(places, places)
def test_distance_is_the_angle_between_the_two_directions(one: Coordinates, other: Coordinates) -> None:
    """Against another formula: the angle by its tangent (Vincenty on a sphere)."""
    p1, p2 = math.radians(one.latitude), math.radians(other.latitude)
    d = math.radians(other.longitude - one.longitude)
    across = math.hypot(
        math.cos(p2) * math.sin(d), math.cos(p1) * math.sin(p2) - math.sin(p1) * math.cos(p2) * math.cos(d)
    )
    along = math.sin(p1) * math.sin(p2) + math.cos(p1) * math.cos(p2) * math.cos(d)
    expected = EARTH_RADIUS_M * math.atan2(across, along)
    assert one.distance_m(other) == pytest.approx(expected, rel=1e-6, abs=0.5)
    assert one.distance_m(other) == pytest.approx(other.distance_m(one), abs=1e-6)


def test_known_distance() -> None:
    lisbon, berlin = Coordinates(38.7223, -9.1393), Coordinates(52.52, 13.405)
    assert lisbon.distance_m(berlin) == pytest.approx(2_315_000, rel=0.003)


def test_a_box_across_the_antimeridian() -> None:
    fiji = BoundingBox(Coordinates(-20, 176), Coordinates(-15, -178))
    assert fiji.spans_antimeridian
    assert fiji.contains(Coordinates(-17, 179))
    assert fiji.contains(Coordinates(-17, -179))
    assert not fiji.contains(Coordinates(-17, 0))
    assert not fiji.contains(Coordinates(-10, 179))


@pytest.mark.parametrize(("latitude", "longitude"), [(90.1, 0), (-91, 0), (0, 180.5), (math.nan, 0), (0, math.inf)])
def test_places_off_the_globe_are_refused(latitude: float, longitude: float) -> None:
    with pytest.raises(InvalidPlace):
        Coordinates(latitude, longitude)


@pytest.mark.parametrize("radius_m", [0, -1, math.nan, math.inf, 3e7])
def test_impossible_radii_are_refused(radius_m: float) -> None:
    with pytest.raises(InvalidPlace):
        Circle(Coordinates(0, 0), radius_m)


def test_an_upside_down_box_is_refused() -> None:
    with pytest.raises(InvalidPlace):
        BoundingBox(Coordinates(1, 0), Coordinates(0, 1))
