"""Reviewing businesses: one review per user and business, the business's rating always their sum."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.session import TenantSession
from subgraphs.directory.domain.errors import NotYourReview, ReviewNotFound
from subgraphs.directory.domain.listings import MAX_LINE, MAX_REVIEW, review_rating, review_text
from subgraphs.directory.events import ReviewPosted
from subgraphs.directory.repository import listings, reviews
from subgraphs.directory.usecases.rights import MODERATORS


async def add_review(
    session: TenantSession, tenant_id: UUID, author_id: UUID, business_id: UUID, *, rating: int, title: str, body: str
) -> Row[Any]:
    """Store a review and return its row.

    Raises:
        InvalidReview: rating or text out of bounds.
        BusinessNotFound: there is no such business.
        AlreadyReviewed: the author has reviewed it before.
    """
    values = _checked(rating=rating, title=title, body=body)
    business = await listings.lock(session, business_id)
    review = await reviews.add(session, tenant_id, business_id=business_id, author_id=author_id, **values)
    await listings.add_to_rating(session, business_id, count=1, total=review.rating)
    session.publish(
        ReviewPosted(
            review_id=review.id,
            business_id=business_id,
            business_name=business.name,
            author_id=author_id,
            rating=review.rating,
            title=review.title,
            posted_at=review.created_at,
            owner_id=business.owner_id,
        )
    )
    return review


async def edit_review(session: TenantSession, user_id: UUID, review_id: UUID, **changes: Any) -> Row[Any]:
    """Change rating, title or body of one's own review and return its row.

    Raises:
        InvalidReview: rating or text out of bounds.
        ReviewNotFound: there is no such review.
        NotYourReview: someone else wrote it.
    """
    values = _checked(**changes)
    before = await locked_review(session, review_id)
    if before.author_id != user_id:
        raise NotYourReview
    after = await reviews.change(session, review_id, **values)
    if after is None:
        raise ReviewNotFound
    if after.hidden_at is None:
        await listings.add_to_rating(session, after.business_id, count=0, total=after.rating - before.rating)
    return after


async def remove_review(session: TenantSession, user_id: UUID, roles: frozenset[str], review_id: UUID) -> UUID:
    """Delete a review, one's own or as a moderator, and return the business's id.

    Raises:
        ReviewNotFound: there is no such review.
        NotYourReview: someone else wrote it, and the caller is no moderator.
    """
    review = await locked_review(session, review_id)
    if review.author_id != user_id and not roles & MODERATORS:
        raise NotYourReview
    await reviews.remove(session, review_id)
    if review.hidden_at is None:
        await listings.add_to_rating(session, review.business_id, count=-1, total=-review.rating)
    business_id: UUID = review.business_id
    return business_id


async def locked_review(session: TenantSession, review_id: UUID) -> Row[Any]:
    """The review, its business locked first: always in this order, so that no two writers wait for each other."""
    seen = (await reviews.by_id(session, [review_id])).get(review_id)
    if seen is None:
        raise ReviewNotFound
    await listings.lock(session, seen.business_id)
    review = await reviews.read_for_change(session, review_id)
    if review is None:
        raise ReviewNotFound
    return review


def _checked(**values: Any) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    if "rating" in values:
        checked["rating"] = review_rating(values["rating"])
    if "title" in values:
        checked["title"] = review_text(values["title"], "title", MAX_LINE)
    if "body" in values:
        checked["body"] = review_text(values["body"], "body", MAX_REVIEW)
    return checked
