"""Businesses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import Text

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.session import TenantSession
from subgraphs.directory.domain.errors import BusinessNotFound, SlugTaken, StaleVersion
from subgraphs.directory.domain.geo import Coordinates
from subgraphs.directory.domain.listings import Listing, folded
from subgraphs.directory.domain.search import BusinessFilter
from subgraphs.directory.repository.filters import chord_m, conditions
from subgraphs.directory.tables import businesses

COLUMNS = tuple(column for column in businesses.c if column.name not in ("position", "search"))
"""What is read of a business; the others serve the database alone."""

_SLUG_CONSTRAINT = "uq_businesses_tenant_id_slug"

BY_NAME = Ordering("name", Key(businesses.c.folded_name), Key(businesses.c.id))
BY_RATING = Ordering(
    "rating",
    Key(businesses.c.rating, descending=True),
    Key(businesses.c.rating_count, descending=True),
    Key(businesses.c.id),
)
NEWEST = Ordering("newest", Key(businesses.c.created_at, descending=True), Key(businesses.c.id))


def by_distance(place: Coordinates) -> Ordering:
    """Nearest first. The place is part of the name: a cursor is good for this place alone."""
    return Ordering(
        f"distance:{place.latitude!r},{place.longitude!r}",
        Key(chord_m(place).label("chord_m"), nullable=False),
        Key(businesses.c.id),
    )


async def by_id(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """The businesses among `ids` that exist for this tenant."""
    rows = await session.rows(select(*COLUMNS).where(businesses.c.id.in_(ids)))
    return {row.id: row for row in rows}


async def page(session: TenantSession, wanted: BusinessFilter, window: Window) -> Page[Row[Any]]:
    """A page of the businesses that fulfil a filter."""
    labels = [key.column for key in window.ordering.keys if key.name not in businesses.c]
    statement = select(*COLUMNS, *labels).where(*await conditions(session, wanted))
    return await fetch_page(session, statement, window)


async def count(session: TenantSession, wanted: BusinessFilter) -> int:
    """How many businesses fulfil a filter."""
    statement = select(func.count()).select_from(businesses).where(*await conditions(session, wanted))
    return int(await session.scalar(statement))


async def slug_exists(session: TenantSession, slug: str) -> bool:
    """Whether a business of the tenant has this slug."""
    return bool(await session.scalar(select(exists().where(businesses.c.slug == slug))))


async def add(session: TenantSession, tenant_id: UUID, listing: Listing, category: str, **columns: Any) -> UUID:
    """Store a new listing, its opening hours excepted, and return its id.

    Args:
        category: name of the listing's category, which can be searched for.
        columns: further ones, for rows whose id or time is given.

    Raises:
        SlugTaken: if another listing of the tenant has its slug.
    """
    values = {**_values(listing, category), "tenant_id": tenant_id, **columns}
    with _slug_conflicts():
        new_id: UUID = await session.scalar(insert(businesses).values(values).returning(businesses.c.id))
    return new_id


async def replace(session: TenantSession, business_id: UUID, listing: Listing, category: str, version: int) -> None:
    """Overwrite a listing, its opening hours excepted.

    Args:
        version: that the caller has read.

    Raises:
        StaleVersion: if the listing has another version by now.
        SlugTaken: if another listing of the tenant has its slug.
    """
    values = _values(listing, category) | {"version": businesses.c.version + 1, "updated_at": func.now()}
    # What was proved was proved by the owner before.
    same = businesses.c.owner_id.is_not_distinct_from(listing.owner_id)
    values["verified_at"] = case((same, businesses.c.verified_at))
    with _slug_conflicts():
        touched = await session.execute(
            update(businesses).where(businesses.c.id == business_id, businesses.c.version == version).values(values)
        )
    if not touched:
        raise StaleVersion


async def remove(session: TenantSession, business_id: UUID) -> None:
    """Delete a listing with everything that hangs on it.

    Raises:
        BusinessNotFound: if there is none.
    """
    if not await session.execute(delete(businesses).where(businesses.c.id == business_id)):
        raise BusinessNotFound


async def touch(session: TenantSession, business_id: UUID, **values: Any) -> None:
    """Overwrite columns of a listing, or none, and count that as a change of it.

    Raises:
        BusinessNotFound: if there is no such listing.
    """
    changed = update(businesses).where(businesses.c.id == business_id)
    values |= {"version": businesses.c.version + 1, "updated_at": func.now()}
    if not await session.execute(changed.values(values)):
        raise BusinessNotFound


async def lock(session: TenantSession, business_id: UUID) -> Row[Any]:
    """Make every other transaction that changes this business wait, and return the business's name and owner.

    Its rating and its reviews change together.

    Raises:
        BusinessNotFound: if there is none.
    """
    wanted = select(businesses.c.name, businesses.c.owner_id).where(businesses.c.id == business_id)
    row = await session.row(wanted.with_for_update(key_share=True))
    if row is None:
        raise BusinessNotFound
    return row


async def add_to_rating(session: TenantSession, business_id: UUID, *, count: int, total: int) -> None:
    """Change the rating of a business by differences."""
    await session.execute(
        update(businesses)
        .where(businesses.c.id == business_id)
        .values(rating_count=businesses.c.rating_count + count, rating_sum=businesses.c.rating_sum + total)
    )


def _values(listing: Listing, category: str) -> dict[str, Any]:
    return {
        "category_id": listing.category_id,
        "owner_id": listing.owner_id,
        "name": listing.name,
        "folded_name": folded(listing.name),
        "slug": listing.slug,
        "description": listing.description,
        "keywords": list(listing.keywords),
        "language": listing.language,
        "price_level": listing.price_level,
        "attributes": list(listing.attributes),
        "phone": listing.phone,
        "website": listing.website,
        "street": listing.address.street,
        "postal_code": listing.address.postal_code,
        "city": listing.address.city,
        "country_code": listing.address.country_code,
        "latitude": listing.place.latitude,
        "longitude": listing.place.longitude,
        "time_zone": listing.hours.time_zone,
        "search": _document(listing, category),
    }


def _document(listing: Listing, category: str) -> ColumnElement[Any]:
    """Weighted words: the name counts most, then what the business is, then what it says, then where it is."""
    configuration = cast(literal(f"directory.{listing.language}", Text), REGCONFIG)

    def weighted(content: str, weight: str) -> ColumnElement[Any]:
        return func.setweight(func.to_tsvector(configuration, content), literal_column(f"'{weight}'"))

    document = weighted(listing.name, "A")
    for content, weight in (
        (" ".join((category, *listing.keywords)), "B"),
        (listing.description, "C"),
        (f"{listing.address.street} {listing.address.city}", "D"),
    ):
        document = document.op("||")(weighted(content, weight))
    return document


@contextmanager
def _slug_conflicts() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if _SLUG_CONSTRAINT in str(error.orig):
            raise SlugTaken from None
        raise
