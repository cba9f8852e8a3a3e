"""Reports of reviews."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.session import TenantSession
from subgraphs.directory.domain.errors import AlreadyReported
from subgraphs.directory.domain.moderation import ModerationDecision, ReportReason
from subgraphs.directory.tables import review_reports

__all__ = ["OLDEST", "add", "count_open", "count_open_of", "decide", "open_page"]

OLDEST = Ordering("oldest", Key(review_reports.c.created_at), Key(review_reports.c.id))

_OPEN = review_reports.c.decided_at.is_(None)


async def add(
    session: TenantSession, tenant_id: UUID, review_id: UUID, reporter_id: UUID, reason: ReportReason, note: str
) -> Row[Any]:
    """Store a new report.

    Raises:
        AlreadyReported: the reporter has reported the review before.
    """
    new = insert(review_reports).values(
        tenant_id=tenant_id, review_id=review_id, reporter_id=reporter_id, reason=reason, note=note
    )
    constraint = "uq_review_reports_tenant_id_review_id_reporter_id"
    row = await session.row(new.on_conflict_do_nothing(constraint=constraint).returning(review_reports))
    if row is None:
        raise AlreadyReported
    return row


async def open_page(session: TenantSession, window: Window) -> Page[Row[Any]]:
    """A page of the reports that wait for a decision."""
    return await fetch_page(session, select(review_reports).where(_OPEN), window)


async def count_open(session: TenantSession) -> int:
    """How many reports wait for a decision."""
    return int(await session.scalar(select(func.count()).select_from(review_reports).where(_OPEN)))


async def count_open_of(session: TenantSession, reporter_id: UUID) -> int:
    """How many of a user's reports wait for a decision."""
    own = select(func.count()).select_from(review_reports).where(_OPEN, review_reports.c.reporter_id == reporter_id)
    return int(await session.scalar(own))


async def decide(session: TenantSession, review_id: UUID, decision: ModerationDecision, at: datetime) -> int:
    """Answers the reports of a review that wait, and says how many that were."""
    waiting = update(review_reports).where(_OPEN, review_reports.c.review_id == review_id)
    return await session.execute(waiting.values(decision=decision, decided_at=at, updated_at=at))
