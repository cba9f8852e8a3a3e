"""Facets of the businesses that fulfil a filter, and match a search if there is one: two statements, however many."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, cast, func, literal, null, select, true, union_all
from sqlalchemy.types import Double, Text

from resolvers.session import TenantSession
from subgraphs.directory.domain.facets import DISTANCE_BANDS_M, MAX_VALUES, RATING_BANDS, Facet, Facets
from subgraphs.directory.domain.geo import Coordinates
from subgraphs.directory.domain.search import BusinessFilter
from subgraphs.directory.repository.filters import always, by_facet, distance_m
from subgraphs.directory.repository.hours import open_at
from subgraphs.directory.tables import businesses, categories

__all__ = ["facets"]


async def facets(
    session: TenantSession,
    wanted: BusinessFilter,
    near: Coordinates | None,
    matches: Sequence[ColumnElement[bool]] = (),
) -> Facets:
    """Counts every facet with all conditions but its own.

    Args:
        near: where distances are measured from; None counts none.
        matches: of a search.
    """
    is_open = await open_at(session, wanted.open_at or datetime.now(UTC))
    # Who is open is known by then, and not looked up once more.
    chosen = {**await by_facet(session, wanted, is_open=is_open)}
    table = businesses.c
    matched = (
        select(
            table.category_id,
            table.rating,
            table.rating_count,
            table.price_level,
            table.attributes,
            is_open.label("open"),
            (cast(null(), Double) if near is None else distance_m(near)).label("distance"),
            *(chosen.get(facet, true()).label(f"is_{facet.value}") for facet in Facet),
        )
        .where(*always(wanted), *matches)
        .cte("matched")
        # Each business is judged once, not once for each facet.
        .prefix_with("materialized", dialect="postgresql")
    )
    rows = await session.rows(union_all(*_counts(matched, near)))
    found: dict[str, dict[str, int]] = {facet.value: {} for facet in Facet}
    for row in rows:
        found[row.facet][row.value] = row.businesses
    return Facets(
        categories={UUID(value): count for value, count in found["category"].items()},
        ratings={band: found["rating"][str(band)] for band in RATING_BANDS},
        price_levels={level: found["price"].get(str(level), 0) for level in range(1, 5)},
        open=found["open"]["true"],
        distances_m={} if near is None else {band: found["distance"][str(band)] for band in DISTANCE_BANDS_M},
        attributes=found["attribute"],
    )


def _counts(matched: Any, near: Coordinates | None) -> Iterable[Any]:
    seen = matched.c
    tree = select(categories.c.id.label("root"), categories.c.id.label("id")).cte("forest", recursive=True)
    tree = tree.union(select(tree.c.root, categories.c.id).join(tree, categories.c.parent_id == tree.c.id))
    yield _most(
        _counted(Facet.CATEGORY, cast(tree.c.root, Text), matched)
        .select_from(matched.join(tree, tree.c.id == seen.category_id))
        .group_by(tree.c.root)
    )
    held = func.unnest(seen.attributes).table_valued("attribute", name="held").render_derived()
    yield _most(
        _counted(Facet.ATTRIBUTE, cast(held.c.attribute, Text), matched)
        .select_from(matched.join(held, true()))
        .group_by(held.c.attribute)
    )
    priced = _counted(Facet.PRICE, cast(seen.price_level, Text), matched).where(seen.price_level.is_not(None))
    yield priced.group_by(seen.price_level)
    yield _band(Facet.OPEN, "true", matched, seen.open)
    for rating in RATING_BANDS:
        yield _band(Facet.RATING, str(rating), matched, and_(seen.rating_count > 0, seen.rating >= rating))
    for metres in () if near is None else DISTANCE_BANDS_M:
        yield _band(Facet.DISTANCE, str(metres), matched, seen.distance <= metres)


def _counted(facet: Facet, value: ColumnElement[str], matched: Any) -> Any:
    others = [matched.c[f"is_{other.value}"] for other in Facet if other is not facet]
    columns = (literal(facet.value, Text).label("facet"), value.label("value"), func.count().label("businesses"))
    return select(*columns).where(*others)


def _band(facet: Facet, value: str, matched: Any, holds: ColumnElement[bool]) -> Any:
    others = [matched.c[f"is_{other.value}"] for other in Facet if other is not facet]
    inside = func.count(case((and_(holds, *others), 1)))
    columns = (
        literal(facet.value, Text).label("facet"),
        literal(value, Text).label("value"),
        inside.label("businesses"),
    )
    return select(*columns).select_from(matched)


def _most(counted: Any) -> Any:
    """Those with most businesses."""
    most = counted.order_by(func.count().desc(), counted.selected_columns.value).limit(MAX_VALUES).subquery()
    return select(most)
