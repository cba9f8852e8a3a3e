"""Reviews. Whoever writes here holds the lock of the business (`listings.lock`) and changes its rating with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_pages
from resolvers.session import TenantSession
from subgraphs.directory.domain.errors import AlreadyReviewed
from subgraphs.directory.tables import reviews

NEWEST = Ordering("newest", Key(reviews.c.created_at, descending=True), Key(reviews.c.id))
BEST = Ordering("best", Key(reviews.c.rating, descending=True), *NEWEST.keys)
WORST = Ordering("worst", Key(reviews.c.rating), *NEWEST.keys)


async def by_id(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """The reviews among `ids` that exist for this tenant."""
    rows = await session.rows(select(reviews).where(reviews.c.id.in_(ids)))
    return {row.id: row for row in rows}


async def pages(session: TenantSession, business_ids: Sequence[UUID], window: Window) -> list[Page[Row[Any]]]:
    """A page of the reviews of each business, in the order of `business_ids`; hidden ones left out."""
    shown = select(reviews).where(reviews.c.hidden_at.is_(None))
    return await fetch_pages(session, shown, reviews.c.business_id, business_ids, window)


async def read_for_change(session: TenantSession, review_id: UUID) -> Row[Any] | None:
    """A review as it is now, not as it was when the transaction began to look, or None."""
    return await session.row(select(reviews).where(reviews.c.id == review_id).with_for_update())


async def add(session: TenantSession, tenant_id: UUID, **values: Any) -> Row[Any]:
    """Store a new review.

    Args:
        values: business_id, author_id, rating, title, body.

    Raises:
        AlreadyReviewed: if the author has reviewed the business before.
    """
    statement = insert(reviews).values(tenant_id=tenant_id, **values)
    row = await session.row(
        statement.on_conflict_do_nothing(constraint="uq_reviews_tenant_id_business_id_author_id").returning(reviews)
    )
    if row is None:
        raise AlreadyReviewed
    return row


async def add_all(session: TenantSession, tenant_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store reviews of businesses that were just made with their rating. One statement.

    Args:
        rows: columns of each, as for `add`.
    """
    if rows:
        await session.execute(insert(reviews), [{"tenant_id": tenant_id, **row} for row in rows])


async def change(session: TenantSession, review_id: UUID, **values: Any) -> Row[Any] | None:
    """Overwrite columns of a review and return it, or None if it is gone."""
    statement = update(reviews).where(reviews.c.id == review_id).values(**values, updated_at=func.now())
    return await session.row(statement.returning(reviews))


async def remove(session: TenantSession, review_id: UUID) -> bool:
    """Delete a review; False if it was gone already."""
    return bool(await session.execute(delete(reviews).where(reviews.c.id == review_id)))


async def moderate(session: TenantSession, review_id: UUID, **values: Any) -> Row[Any] | None:
    """Hides or shows a review, which is no change of what it says; None if it is gone.

    Args:
        values: hidden_at, hidden_by, hidden_reason; all None to show it.
    """
    return await session.row(update(reviews).where(reviews.c.id == review_id).values(**values).returning(reviews))
