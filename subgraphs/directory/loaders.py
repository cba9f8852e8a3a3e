"""Batch functions: one statement for all keys that a level of a query asks for (see `resolvers.loaders`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.loaders import aligned
from resolvers.pagination import Page, Window
from resolvers.session import TenantSession
from subgraphs.directory.domain.exceptions import OpeningException
from subgraphs.directory.domain.hours import OpeningInterval
from subgraphs.directory.domain.photos import PhotoSize
from subgraphs.directory.repository import categories, claims, hours, listings, photos, responses, reviews, search


@dataclass(frozen=True, slots=True)
class PhotosArguments:
    """Which photos of a business."""

    window: Window
    hidden: bool


async def business_by_id(session: TenantSession, ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Rows of businesses, None where there is none."""
    return aligned(ids, await listings.by_id(session, ids))


async def category_by_id(session: TenantSession, ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Rows of categories, None where there is none."""
    return aligned(ids, await categories.by_id(session, ids))


async def review_by_id(session: TenantSession, ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Rows of reviews, None where there is none."""
    return aligned(ids, await reviews.by_id(session, ids))


async def subcategories(session: TenantSession, parents: Sequence[UUID]) -> list[list[Row[Any]]]:
    """Rows of the direct children of each category."""
    found = await categories.children_of(session, parents)
    return [found.get(parent, []) for parent in parents]


async def ancestors(session: TenantSession, ids: Sequence[UUID]) -> list[list[Row[Any]]]:
    """Rows of all categories above each, from the top down."""
    found = await categories.ancestors_of(session, ids)
    return [found.get(key, []) for key in ids]


async def business_counts(session: TenantSession, ids: Sequence[UUID]) -> list[int]:
    """How many businesses are in each category or below."""
    found = await categories.business_counts(session, ids)
    return [found.get(key, 0) for key in ids]


async def opening_intervals(session: TenantSession, businesses: Sequence[UUID]) -> list[list[OpeningInterval]]:
    """Opening intervals of each business, in the order of the week."""
    found = await hours.intervals_of(session, businesses)
    return [found.get(key, []) for key in businesses]


async def opening_exceptions(session: TenantSession, businesses: Sequence[UUID]) -> list[list[OpeningException]]:
    """Exceptions of each business, those for one year first, by day."""
    found = await hours.exceptions_of(session, businesses)
    return [found.get(key, []) for key in businesses]


async def review_pages(session: TenantSession, businesses: Sequence[UUID], window: Window) -> list[Page[Row[Any]]]:
    """A page of the reviews of each business."""
    return await reviews.pages(session, businesses, window)


async def photo_pages(
    session: TenantSession, businesses: Sequence[UUID], arguments: PhotosArguments
) -> list[Page[Row[Any]]]:
    """A page of the photos of each business."""
    return await photos.pages(session, businesses, arguments.window, hidden=arguments.hidden)


async def photo_counts(session: TenantSession, businesses: Sequence[UUID], hidden: bool) -> list[int]:
    """How many photos each business has."""
    found = await photos.counts(session, businesses, hidden=hidden)
    return [found.get(key, 0) for key in businesses]


async def photo_sizes(session: TenantSession, photo_ids: Sequence[UUID]) -> list[dict[PhotoSize, Row[Any]]]:
    """What each photo is in its sizes, without the files."""
    found = await photos.sizes_of(session, photo_ids)
    return [found[key] for key in photo_ids]


async def response_of_review(session: TenantSession, review_ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Rows of responses, None where a review has none."""
    return aligned(review_ids, await responses.by_review(session, review_ids))


async def excerpts(session: TenantSession, businesses: Sequence[UUID], query: str) -> list[str | None]:
    """The part of each business's description that matches a query best."""
    return aligned(businesses, await search.excerpts(session, businesses, query))


async def claim_by_id(session: TenantSession, ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Rows of claims, None where there is none."""
    return aligned(ids, await claims.by_id(session, ids))


async def claim_notes(session: TenantSession, claim_ids: Sequence[UUID]) -> list[list[Row[Any]]]:
    """What was done about each claim, the first first."""
    found = await claims.notes_of(session, claim_ids)
    return [found.get(key, []) for key in claim_ids]
