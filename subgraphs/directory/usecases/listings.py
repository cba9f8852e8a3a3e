"""Keeping business listings and categories."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.embeddings import EmbeddingProvider
from resolvers.session import TenantSession
from subgraphs.directory.domain.claims import ClaimState
from subgraphs.directory.domain.errors import BusinessNotFound, CategoryNotFound, StaleVersion
from subgraphs.directory.domain.exceptions import OpeningException, checked_exceptions
from subgraphs.directory.domain.hours import OpeningHours
from subgraphs.directory.domain.listings import (
    Listing,
    RawListing,
    search_text,
)
from subgraphs.directory.repository import categories, hours, listings, search
from subgraphs.directory.usecases.ownership import end_ownership
from subgraphs.directory.usecases.rights import check_acts_for


async def create_business(
    session: TenantSession, tenant_id: UUID, provider: EmbeddingProvider, raw: RawListing
) -> UUID:
    """Store a new listing, searchable at once, and return its id.

    Raises:
        BadUserInput: the listing breaks a rule.
        CategoryNotFound: there is no such category.
        SlugTaken: another listing has its slug.
    """
    listing = raw.checked()
    category = await _category_name(session, listing.category_id)
    business_id = await listings.add(session, tenant_id, listing, category)
    await hours.add_intervals(session, tenant_id, {business_id: listing.hours.intervals})
    await embed(session, tenant_id, provider, [(business_id, listing, category)])
    return business_id


async def update_business(
    session: TenantSession,
    tenant_id: UUID,
    provider: EmbeddingProvider,
    business_id: UUID,
    changes: Mapping[str, Any],
    expected_version: int | None,
) -> None:
    """Change some of what a listing says; its opening hours have a use case of their own.

    Args:
        changes: attributes of `RawListing` with their new values.
        expected_version: the version that the caller has seen, or None to overwrite whatever is there.

    Raises:
        BadUserInput: the changed listing breaks a rule.
        BusinessNotFound, CategoryNotFound: there is no such thing.
        SlugTaken: another listing has its slug.
        StaleVersion: someone else changed the listing since.
    """
    row = (await listings.by_id(session, [business_id])).get(business_id)
    if row is None:
        raise BusinessNotFound
    if expected_version is not None and expected_version != row.version:
        raise StaleVersion
    listing = replace(_raw(row), **changes).checked()
    category = await _category_name(session, listing.category_id)
    if row.owner_id is not None and listing.owner_id != row.owner_id:
        await end_ownership(session, tenant_id, session.context.user_id, row, ClaimState.REVOKED, "")
    await listings.replace(session, business_id, listing, category, row.version)
    await embed(session, tenant_id, provider, [(business_id, listing, category)])


async def delete_business(session: TenantSession, business_id: UUID) -> None:
    """Delete a listing with its hours, reviews and embeddings.

    Raises:
        BusinessNotFound: there is none.
    """
    await listings.remove(session, business_id)


async def set_opening_hours(
    session: TenantSession, tenant_id: UUID, business_id: UUID, timetable: OpeningHours
) -> None:
    """Replace the timetable of a business; its exceptions stay.

    Raises:
        BusinessNotFound: there is no such business.
        NotYourListing: it is not the caller's, who does not keep the tenant's listings either.
    """
    await check_acts_for(session, business_id)
    await listings.touch(session, business_id, time_zone=timetable.time_zone)
    await hours.replace(session, tenant_id, business_id, intervals=timetable.intervals)


async def set_opening_exceptions(
    session: TenantSession, tenant_id: UUID, business_id: UUID, exceptions: Iterable[OpeningException]
) -> None:
    """Replace the exceptions to the timetable of a business.

    Raises:
        InvalidOpeningHours: two of a kind have a day in common, or there are too many.
        BusinessNotFound: there is no such business.
        NotYourListing: it is not the caller's, who does not keep the tenant's listings either.
    """
    checked = checked_exceptions(exceptions)
    await check_acts_for(session, business_id)
    await listings.touch(session, business_id)
    await hours.replace(session, tenant_id, business_id, exceptions=checked)


async def embed(
    session: TenantSession,
    tenant_id: UUID,
    provider: EmbeddingProvider,
    written: Sequence[tuple[UUID, Listing, str]],
) -> int:
    """Compute and store the embeddings of listings whose text has changed; returns how many.

    Args:
        written: business id, listing, name of its category.
    """
    known = await search.content_hashes(session, provider.id, [business_id for business_id, _, _ in written])
    pending: list[tuple[UUID, str, str]] = []
    for business_id, listing, category in written:
        text = search_text(listing.name, category, listing.keywords, listing.description)
        sha = hashlib.sha256(text.encode()).hexdigest()
        if known.get(business_id) != sha:
            pending.append((business_id, sha, text))
    vectors = await provider.embed([text for _, _, text in pending])
    rows = [(business_id, sha, vector) for (business_id, sha, _), vector in zip(pending, vectors, strict=True)]
    await search.store_embeddings(session, tenant_id, provider.id, rows)
    return len(rows)


async def _category_name(session: TenantSession, category_id: UUID) -> str:
    row = (await categories.by_id(session, [category_id])).get(category_id)
    if row is None:
        raise CategoryNotFound
    return str(row.name)


def _raw(row: Row[Any]) -> RawListing:
    return RawListing(
        name=row.name,
        slug=row.slug,
        description=row.description,
        keywords=tuple(row.keywords),
        category_id=row.category_id,
        street=row.street,
        postal_code=row.postal_code,
        city=row.city,
        country_code=row.country_code,
        latitude=row.latitude,
        longitude=row.longitude,
        time_zone=row.time_zone,
        language=row.language,
        phone=row.phone,
        website=row.website,
        owner_id=row.owner_id,
        price_level=row.price_level,
        attributes=tuple(row.attributes),
    )
