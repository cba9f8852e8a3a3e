"""Responding to reviews: one response per review, a draft until it is published."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.context import RequestContext
from resolvers.errors import Forbidden
from resolvers.session import TenantSession
from subgraphs.directory.domain.errors import NotYourListing, ResponsePublished, ReviewNotFound
from subgraphs.directory.domain.responses import Wording
from subgraphs.directory.repository import listings, responses, reviews
from subgraphs.directory.usecases.rights import MODERATORS, WRITE, owns


async def respond_to_review(
    session: TenantSession, tenant_id: UUID, review_id: UUID, wording: Wording, *, publish: bool
) -> Row[Any]:
    """Store the response, published or as a draft, and return the review's row.

    A run that is told again to write what it wrote changes nothing. Its right is the approval of the run's actions,
    not a listing of its own.

    Raises:
        ReviewNotFound: there is no such review.
        NotYourListing: the caller neither owns the listing nor manages the tenant.
        Forbidden: a run lacks the scope to write.
        ResponsePublished: a draft would replace what is published.
    """
    review = await reviews.read_for_change(session, review_id)
    if review is None:
        raise ReviewNotFound
    if wording.run_id is not None and WRITE not in session.context.scopes:
        raise Forbidden.missing(WRITE)
    if wording.run_id is None:
        await _check_owner(session, session.context, review.business_id)
    known = (await responses.by_review(session, [review_id])).get(review_id)
    published_at = None if known is None else known.published_at
    if known is not None and wording.run_id is not None and known.run_id == wording.run_id:
        if not publish or published_at is not None:
            return review
    elif published_at is not None and not publish:
        raise ResponsePublished
    await responses.put(
        session,
        tenant_id,
        review_id,
        text=wording.text,
        engine=wording.engine,
        model=wording.model,
        run_id=wording.run_id,
        user_id=session.context.user_id,
        published_at=(published_at or datetime.now(UTC)) if publish else None,
    )
    return review


async def _check_owner(session: TenantSession, context: RequestContext, business_id: UUID) -> None:
    # Who keeps listings does not speak for them: who manages the tenant does.
    if context.roles & MODERATORS and WRITE in context.scopes:
        return
    business = (await listings.by_id(session, [business_id])).get(business_id)
    if business is None or not owns(context, business):
        raise NotYourListing
