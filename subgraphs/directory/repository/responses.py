"""Responses to reviews. Whoever writes here holds the lock of the review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert

from resolvers.session import TenantSession
from subgraphs.directory.tables import review_responses


async def by_review(session: TenantSession, review_ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """The responses to the reviews among `review_ids` that have one."""
    rows = await session.rows(select(review_responses).where(review_responses.c.review_id.in_(review_ids)))
    return {row.review_id: row for row in rows}


async def put(session: TenantSession, tenant_id: UUID, review_id: UUID, **values: Any) -> Row[Any]:
    """Store the response to a review, instead of the one it has.

    Args:
        values: text, engine, model, run_id, user_id, published_at.
    """
    statement = insert(review_responses).values(tenant_id=tenant_id, review_id=review_id, **values)
    statement = statement.on_conflict_do_update(
        constraint="uq_review_responses_tenant_id_review_id", set_={**values, "updated_at": func.now()}
    )
    row = await session.row(statement.returning(review_responses))
    assert row is not None, "an upsert answers its row"
    return row


async def add_all(session: TenantSession, tenant_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store responses to reviews that have none. One statement.

    Args:
        rows: columns of each, with review_id.
    """
    if rows:
        await session.execute(insert(review_responses), [{"tenant_id": tenant_id, **row} for row in rows])
