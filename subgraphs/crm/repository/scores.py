"""Scores of leads: statements that read and write `crm.lead_scores`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import distinct_on

from resolvers.session import TenantSession
from subgraphs.crm.domain import LeadScore
from subgraphs.crm.repository.lists import among
from subgraphs.crm.repository.rows import columns_of, insert_rows
from subgraphs.crm.tables import lead_scores

__all__ = ["add_score", "latest_scores", "score_of_run"]

_COLUMNS = columns_of(lead_scores, LeadScore)


async def latest_scores(session: TenantSession, leads: Sequence[UUID]) -> list[LeadScore | None]:
    """The latest score of each lead, in their order. One statement."""
    rows = await session.rows(
        select(*_COLUMNS)
        .ext(distinct_on(lead_scores.c.lead_id))
        .where(among(lead_scores.c.lead_id, leads))
        .order_by(lead_scores.c.lead_id, lead_scores.c.scored_at.desc(), lead_scores.c.id.desc())
    )
    found = {row.lead_id: _score(row) for row in rows}
    return [found.get(lead_id) for lead_id in leads]


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
