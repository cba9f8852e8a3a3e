"""Places on the globe: coordinates, distances, bounding boxes.

Distances use the haversine formula on a sphere with the radius of PostgreSQL's ``earthdistance``, so that a distance
computed here equals one computed in SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, isfinite, pi, radians, sin, sqrt

from subgraphs.directory.domain.errors import InvalidPlace

EARTH_RADIUS_M = 6_378_168.0
MAX_RADIUS_M = pi * EARTH_RADIUS_M


@dataclass(frozen=True, slots=True)
class Coordinates:
    """A point in degrees (WGS 84): latitude -90 to 90, longitude -180 to 180."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not (isfinite(self.latitude) and -90 <= self.latitude <= 90):
            raise InvalidPlace("latitude lies between -90 and 90 degrees", path=("coordinates", "latitude"))
        if not (isfinite(self.longitude) and -180 <= self.longitude <= 180):
            raise InvalidPlace("longitude lies between -180 and 180 degrees", path=("coordinates", "longitude"))

    def distance_m(self, other: Coordinates) -> float:
        """Great-circle distance to another point, metres."""
        lat1, lat2 = radians(self.latitude), radians(other.latitude)
        half_lat = sin((lat2 - lat1) / 2)
        half_lon = sin(radians(other.longitude - self.longitude) / 2)
        chord = half_lat * half_lat + cos(lat1) * cos(lat2) * half_lon * half_lon
        return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


@dataclass(frozen=True, slots=True)
class Circle:
    """All places within a distance of a point.

    Attributes:
        centre: the point.
        radius_m: metres, above 0 and at most half the way round the globe.
    """

    centre: Coordinates
    radius_m: float

    def __post_init__(self) -> None:
        if not (isfinite(self.radius_m) and 0 < self.radius_m <= MAX_RADIUS_M):
            raise InvalidPlace("a radius is above 0 metres and at most half the way round the globe")

    def contains(self, place: Coordinates) -> bool:
        """Whether a place lies within the circle, its edge included."""
        return self.centre.distance_m(place) <= self.radius_m


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A map view, edges included. A western edge east of the eastern one means that it spans the antimeridian."""

    south_west: Coordinates
    north_east: Coordinates

    def __post_init__(self) -> None:
        if self.south_west.latitude > self.north_east.latitude:
            raise InvalidPlace("the southern edge of a bounding box lies north of its northern edge")

    @property
    def spans_antimeridian(self) -> bool:
        """Whether the box runs over 180 degrees of longitude."""
        return self.south_west.longitude > self.north_east.longitude

    def contains(self, place: Coordinates) -> bool:
        """Whether a place lies in the box."""
        if not self.south_west.latitude <= place.latitude <= self.north_east.latitude:
            return False
        east_of_west = self.south_west.longitude <= place.longitude
        west_of_east = place.longitude <= self.north_east.longitude
        return east_of_west or west_of_east if self.spans_antimeridian else east_of_west and west_of_east
