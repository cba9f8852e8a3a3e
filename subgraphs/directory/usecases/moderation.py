"""Reporting reviews, and deciding about them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.session import TenantSession
from subgraphs.directory.domain.errors import OwnReview, ReviewNotFound, TooManyReports
from subgraphs.directory.domain.moderation import (
    MAX_OPEN_REPORTS,
    ModerationDecision,
    ReportReason,
    Ruling,
    checked_note,
)
from subgraphs.directory.events import ReviewModerated
from subgraphs.directory.repository import listings, reports, reviews
from subgraphs.directory.usecases.reviews import locked_review
from subgraphs.directory.usecases.rights import check_moderates

__all__ = ["moderate_review", "report_review"]


async def report_review(
    session: TenantSession, tenant_id: UUID, user_id: UUID, review_id: UUID, reason: ReportReason, note: str
) -> Row[Any]:
    """Tells moderators of a review that all can see, once per user, and returns the report's row.

    Raises:
        InvalidReview: the note is too long.
        ReviewNotFound: there is no such review to be seen.
        OwnReview, AlreadyReported, TooManyReports: the caller cannot report it.
    """
    said = checked_note(note, "note")
    review = (await reviews.by_id(session, [review_id])).get(review_id)
    if review is None or review.hidden_at is not None:
        raise ReviewNotFound
    if review.author_id == user_id:
        raise OwnReview
    report = await reports.add(session, tenant_id, review_id, user_id, reason, said)
    if await reports.count_open_of(session, user_id) > MAX_OPEN_REPORTS:
        raise TooManyReports
    return report


async def moderate_review(session: TenantSession, user_id: UUID, review_id: UUID, ruling: Ruling) -> Row[Any]:
    """Hides or shows a review, answers its reports, and returns its row. The business's rating goes with it.

    Raises:
        ReviewNotFound: there is no such review.
        NotAModerator: the caller decides about no reviews.
    """
    check_moderates(session.context)
    before = await locked_review(session, review_id)
    now = datetime.now(UTC)
    hide = ruling.decision is ModerationDecision.HIDE
    values = {"hidden_at": now, "hidden_by": user_id, "hidden_reason": ruling.reason}
    after = await reviews.moderate(session, review_id, **(values if hide else dict.fromkeys(values)))
    if after is None:
        raise ReviewNotFound
    change = (before.hidden_at is not None) - (after.hidden_at is not None)
    if change:
        await listings.add_to_rating(session, after.business_id, count=change, total=change * after.rating)
    session.publish(
        ReviewModerated(
            review_id=after.id,
            business_id=after.business_id,
            author_id=after.author_id,
            is_hidden=hide,
            reason=ruling.reason,
            reports=await reports.decide(session, review_id, ruling.decision, now),
            moderator_id=user_id,
            decided_at=now,
        )
    )
    return after
