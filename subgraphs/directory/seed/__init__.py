"""Demo data: sixty businesses in Lisbon for `acme` and sixty in Berlin for `globex`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, demo_id, demo_tenant_id
from resolvers.embeddings import EmbeddingProvider, EmbeddingSettings, MiniLMEmbeddings
from resolvers.session import Database, TenantSession
from subgraphs.directory.domain.claims import ClaimAction, ClaimMethod, ClaimState
from subgraphs.directory.domain.hours import WEEK_MINUTES, OpeningInterval
from subgraphs.directory.domain.listings import Listing, RawListing, slug_of, text_configuration
from subgraphs.directory.domain.moderation import ReportReason
from subgraphs.directory.domain.photos import new_key
from subgraphs.directory.repository import categories, claims, hours, listings, photos, reports, responses, reviews
from subgraphs.directory.seed.businesses import (
    ATTRIBUTES,
    CATEGORIES,
    CITIES,
    HOURS,
    TRANSLATIONS,
    DemoListing,
    demo_holidays,
    demo_listings,
)
from subgraphs.directory.seed.drawings import PER_LISTING, WITH_PHOTOS, drawn
from subgraphs.directory.seed.opinions import demo_reviews
from subgraphs.directory.usecases.listings import embed
from subgraphs.directory.usecases.photos import read_photo

__all__ = ["seed"]

_FIRST_LISTED = datetime(2024, 9, 2, 8, 0, tzinfo=UTC)
_OWNERS = ("ada", "ben", "cleo", None)


async def seed(database: Database, embeddings: EmbeddingProvider | None = None) -> None:
    """Write the demo data of both tenants; what is there already stays as it is.

    Args:
        database: the directory's, as the owner of its tables or as the app role.
        embeddings: another source of embeddings than the local all-MiniLM-L6-v2.
    """
    provider = embeddings or MiniLMEmbeddings.from_settings(EmbeddingSettings())
    for slug in TENANTS:
        async with database.session(RequestContext.system(demo_tenant_id(slug))) as session:
            await _seed_tenant(session, slug, provider)


async def _seed_tenant(session: TenantSession, slug: str, provider: EmbeddingProvider) -> None:
    """All of a tenant in some seventy statements: a listing each, everything else together."""
    tenant_id = demo_tenant_id(slug)
    await _seed_categories(session, tenant_id, slug)
    wanted = {demo_id(slug, "business", demo.key): demo for demo in demo_listings(slug)}
    present = await listings.by_id(session, list(wanted))
    written: list[tuple[UUID, Listing, str]] = []
    opinions: list[dict[str, Any]] = []
    for place, (business_id, demo) in enumerate(wanted.items()):
        if business_id in present:
            continue
        listing = _listing(slug, place, demo)
        said = [{"business_id": business_id, **asdict(review)} for review in demo_reviews(slug, demo)]
        listed_at = _FIRST_LISTED + timedelta(days=5 * place)
        columns = {
            "id": business_id,
            "verified_at": listed_at + timedelta(days=1) if place < 3 else None,
            "created_at": listed_at,
            "updated_at": listed_at,
            "rating_count": len(said),
            "rating_sum": sum(review["rating"] for review in said),
        }
        await listings.add(session, tenant_id, listing, demo.category, **columns)
        written.append((business_id, listing, demo.category))
        opinions += said
    await hours.add_intervals(session, tenant_id, {row_id: listing.hours.intervals for row_id, listing, _ in written})
    holidays = demo_holidays(CITIES[slug][1])
    closed = [row_id for row_id, listing, _ in written if not _never_closes(listing)]
    await hours.add_exceptions(session, tenant_id, dict.fromkeys(closed, holidays))
    await reviews.add_all(session, tenant_id, opinions)
    answered = [review for review in opinions if review["rating"] == 5][:5]
    await responses.add_all(
        session,
        tenant_id,
        [
            {
                "id": demo_id(slug, "review response", str(review["id"])),
                "review_id": review["id"],
                "text": "Thank you for your kind words. We look forward to seeing you again.",
                "engine": "person",
                "user_id": demo_id(slug, "user", "ben"),
                "published_at": review["created_at"] + timedelta(days=2),
                "created_at": review["created_at"] + timedelta(days=2),
                "updated_at": review["created_at"] + timedelta(days=2),
            }
            for review in answered
        ],
    )
    for review in [review for review in opinions if review["rating"] == 1][:1]:
        reporters = (demo_id(slug, "user", name) for name in ("ben", "cleo"))
        reporter = next(user_id for user_id in reporters if user_id != review["author_id"])
        await reports.add(session, tenant_id, review["id"], reporter, ReportReason.OFF_TOPIC, "It is about the street.")
    await _seed_claims(session, tenant_id, slug, [row_id for row_id, _, _ in written])
    await _seed_photos(session, tenant_id, slug, written[:WITH_PHOTOS])
    await embed(session, tenant_id, provider, written)


async def _seed_photos(
    session: TenantSession, tenant_id: UUID, slug: str, written: Sequence[tuple[UUID, Listing, str]]
) -> None:
    rows = []
    for business_id, listing, _ in written:
        for position, shows in enumerate(PER_LISTING):
            values = {
                "id": demo_id(slug, "photo", f"{business_id}/{position}"),
                "business_id": business_id,
                "position": position,
                "key": new_key(),
                "alt_text": f"{listing.name}: {shows[0].lower()}{shows[1:]}",
                "uploaded_by": listing.owner_id,
            }
            rows.append((values, await read_photo(drawn(str(business_id), at_night=position == 1))))
    await photos.add_all(session, tenant_id, rows)


async def _seed_claims(session: TenantSession, tenant_id: UUID, slug: str, written: Sequence[UUID]) -> None:
    """Of the first businesses, the owner has proved to be it; one that nobody owns is claimed by documents."""
    said = "The entry in the commercial register, number 4711, names me as the owner."
    rows: list[dict[str, Any]] = []
    for place, business_id in enumerate(written[:4]):
        owner, opened = _OWNERS[place], _FIRST_LISTED + timedelta(days=5 * place + 1)
        verified = owner is not None
        rows.append(
            {
                "id": demo_id(slug, "claim", str(business_id)),
                "business_id": business_id,
                "claimant_id": demo_id(slug, "user", owner or "cleo"),
                "method": ClaimMethod.PHONE if verified else ClaimMethod.DOCUMENT,
                "state": ClaimState.VERIFIED if verified else ClaimState.PENDING,
                "statement": "" if verified else said,
                "expires_at": opened + timedelta(days=7 if verified else 36_500),
                "decided_at": opened if verified else None,
                "created_at": opened,
                "updated_at": opened,
            }
        )
    await claims.add_all(session, tenant_id, rows)
    for row in rows:
        await claims.note(session, tenant_id, [row["id"]], ClaimAction.OPENED, row["claimant_id"])
        if row["decided_at"] is not None:
            await claims.note(session, tenant_id, [row["id"]], ClaimAction.VERIFIED, row["claimant_id"])


async def _seed_categories(session: TenantSession, tenant_id: UUID, slug: str) -> None:
    tree: list[tuple[str, str, str | None]] = [(name, "", None) for name in CATEGORIES]
    tree += [(name, text, parent) for parent, children in CATEGORIES.items() for name, text in children.items()]
    present = await categories.by_id(session, [_category_id(slug, name) for name, _, _ in tree])
    rows = [
        {
            "id": _category_id(slug, name),
            "slug": slug_of(name),
            "name": name,
            "description": description,
            "translations": TRANSLATIONS.get(name, {}),
            "parent_id": None if parent is None else _category_id(slug, parent),
            "sort": sort,
        }
        for sort, (name, description, parent) in enumerate(tree)
    ]
    await categories.add_all(session, tenant_id, [row for row in rows if row["id"] not in present])


def _never_closes(listing: Listing) -> bool:
    """Whether a place is open day and night, holidays too."""
    return sum(interval.length_minutes for interval in listing.hours.intervals) == WEEK_MINUTES


def _listing(tenant_slug: str, place: int, demo: DemoListing) -> Listing:
    city, country_code, time_zone, phone = CITIES[tenant_slug]
    owner = _OWNERS[place % len(_OWNERS)]
    intervals = tuple(
        OpeningInterval.on(weekday, time.fromisoformat(opens), time.fromisoformat(closes))
        for weekdays, opens, closes in HOURS[demo.hours]
        for weekday in weekdays
    )
    return RawListing(
        name=demo.name,
        description=demo.description,
        keywords=demo.keywords,
        category_id=_category_id(tenant_slug, demo.category),
        street=demo.street,
        postal_code=demo.postal_code,
        city=city,
        country_code=country_code,
        latitude=demo.latitude,
        longitude=demo.longitude,
        time_zone=time_zone,
        intervals=intervals,
        phone=f"{phone}{place + 100}",
        website=f"https://{slug_of(demo.name)}.example",
        language=text_configuration("en"),
        owner_id=None if owner is None else demo_id(tenant_slug, "user", owner),
        price_level=place % 5 or None,
        attributes=tuple(each for number, each in enumerate(ATTRIBUTES) if (place + 1) % (number + 2) == 0),
    ).checked()


def _category_id(tenant_slug: str, name: str) -> UUID:
    return demo_id(tenant_slug, "category", slug_of(name))
