"""A `BusinessFilter` as SQL conditions on ``businesses``."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, cast, false, func, or_, select
from sqlalchemy.types import Double

from resolvers.session import TenantSession
from subgraphs.directory.domain.facets import Facet
from subgraphs.directory.domain.geo import EARTH_RADIUS_M, BoundingBox, Circle, Coordinates
from subgraphs.directory.domain.listings import folded
from subgraphs.directory.domain.search import BusinessFilter
from subgraphs.directory.repository.hours import open_at
from subgraphs.directory.tables import businesses, categories

_METRES_PER_DEGREE = EARTH_RADIUS_M * 3.141592653589793 / 180


async def conditions(session: TenantSession, wanted: BusinessFilter) -> list[ColumnElement[bool]]:
    """The conditions that `wanted` puts on ``businesses``; reads the tenant's time zones where it asks who is open."""
    return [*always(wanted), *(await by_facet(session, wanted)).values()]


def always(wanted: BusinessFilter) -> list[ColumnElement[bool]]:
    """The conditions that are no facet's."""
    table = businesses.c
    found: list[ColumnElement[bool]] = []
    if wanted.box is not None:
        found.append(in_box(wanted.box))
    if wanted.name is not None:
        found.append(table.folded_name.contains(folded(wanted.name), autoescape=True))
    if wanted.city is not None:
        found.append(func.lower(table.city) == wanted.city.strip().lower())
    if wanted.owner_id is not None:
        found.append(table.owner_id == wanted.owner_id)
    return found


async def by_facet(
    session: TenantSession, wanted: BusinessFilter, *, is_open: ColumnElement[bool] | None = None
) -> dict[Facet, ColumnElement[bool]]:
    """The conditions that are a facet's own; facets without one are missing.

    Args:
        is_open: at the instant that `wanted` asks for, if that is known.
    """
    table = businesses.c
    found: dict[Facet, ColumnElement[bool]] = {}
    if wanted.category_id is not None:
        found[Facet.CATEGORY] = _in_category(wanted)
    if wanted.minimum_rating is not None:
        found[Facet.RATING] = and_(table.rating_count > 0, table.rating >= wanted.minimum_rating)
    if wanted.price_levels:
        found[Facet.PRICE] = func.coalesce(table.price_level.in_(sorted(wanted.price_levels)), false())
    if wanted.open_at is not None:
        found[Facet.OPEN] = await open_at(session, wanted.open_at) if is_open is None else is_open
    if wanted.within is not None:
        found[Facet.DISTANCE] = within(wanted.within)
    if wanted.attributes:
        found[Facet.ATTRIBUTE] = table.attributes.contains(sorted(wanted.attributes))
    return found


def point(place: Coordinates) -> ColumnElement[str]:
    """A place in the space of the column ``position``."""
    return func.public.ll_to_earth(cast(place.latitude, Double), cast(place.longitude, Double))


def chord_m(place: Coordinates) -> ColumnElement[float]:
    """Straight line through the globe from a place to a business: sorts like the distance, and by the GiST index."""
    return businesses.c.position.op("<->", return_type=Double())(point(place))


def distance_m(place: Coordinates) -> ColumnElement[float]:
    """Great-circle distance from a place to a business, metres."""
    return func.public.earth_distance(businesses.c.position, point(place), type_=Double())


def within(circle: Circle) -> ColumnElement[bool]:
    """Businesses in a circle. The band of latitude, a condition that an index serves, comes before the distance."""
    degrees = circle.radius_m / _METRES_PER_DEGREE + 1e-9
    latitude = circle.centre.latitude
    return and_(
        businesses.c.latitude.between(latitude - degrees, latitude + degrees),
        distance_m(circle.centre) <= circle.radius_m,
    )


def in_box(box: BoundingBox) -> ColumnElement[bool]:
    """Businesses in a bounding box, also one across the antimeridian."""
    longitude = businesses.c.longitude
    west, east = longitude >= box.south_west.longitude, longitude <= box.north_east.longitude
    return and_(
        businesses.c.latitude.between(box.south_west.latitude, box.north_east.latitude),
        or_(west, east) if box.spans_antimeridian else and_(west, east),
    )


def _in_category(wanted: BusinessFilter) -> ColumnElement[bool]:
    tree = select(categories.c.id).where(categories.c.id == wanted.category_id).cte("tree", recursive=True)
    tree = tree.union(select(categories.c.id).join(tree, categories.c.parent_id == tree.c.id))
    return businesses.c.category_id.in_(select(tree.c.id))
