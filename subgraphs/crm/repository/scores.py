"""Scores of leads: statements that read and write `crm.lead_scores`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from resolvers.pagination import Key, Ordering, Window, fetch_pages
from resolvers.rows import columns_of
from resolvers.session import TenantSession
from subgraphs.crm.domain import LeadScore
from subgraphs.crm.repository.rows import insert_rows
from subgraphs.crm.tables import lead_scores

__all__ = ["add_score", "latest_scores", "score_of_run"]

_COLUMNS = columns_of(lead_scores, LeadScore)
_LATEST = Window.of(
    Ordering("LATEST", Key(lead_scores.c.scored_at, descending=True), Key(lead_scores.c.id, descending=True)), first=1
)


async def latest_scores(session: TenantSession, leads: Sequence[UUID]) -> list[LeadScore | None]:
    """The latest score of each lead, in their order. One statement."""
    pages = await fetch_pages(session, select(*_COLUMNS), lead_scores.c.lead_id, leads, _LATEST)
    return [_score(page.rows[0]) if page.rows else None for page in pages]


async def score_of_run(session: TenantSession, lead_id: UUID, run_id: UUID) -> LeadScore | None:
    """What an agent run has recorded for a lead, or None."""
    row = await session.row(select(*_COLUMNS).where(lead_scores.c.lead_id == lead_id, lead_scores.c.run_id == run_id))
    return None if row is None else _score(row)


async def add_score(session: TenantSession, *new: LeadScore) -> None:
    """Writes new scores.

    Raises:
        LeadNotFound: the tenant has no such lead.
    """
    await insert_rows(session, lead_scores, *new)


def _score(row: Row[Any]) -> LeadScore:
    identity, lead_id, value, reasons, *others = row[: len(_COLUMNS)]
    return LeadScore(identity, lead_id, value, tuple(reasons), *others)
