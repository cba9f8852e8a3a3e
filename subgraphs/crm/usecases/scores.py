"""Scores: recorded by people and by agent runs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.crm import domain
from subgraphs.crm.domain import Lead, LeadScore, ScoringEngine
from subgraphs.crm.domain.errors import LeadNotFound, check_version
from subgraphs.crm.repository import leads, scores

__all__ = ["record_lead_score"]


async def record_lead_score(
    session: TenantSession,
    lead_id: UUID,
    value: int,
    reasons: Sequence[str],
    *,
    engine: ScoringEngine,
    model: str | None = None,
    run_id: UUID | None = None,
    expected_version: int | None = None,
) -> tuple[Lead, LeadScore]:
    """The lead with its new score, and the score.

    A run records one score for a lead: told again, it finds what it has recorded and changes nothing.
    """
    lead = await leads.lead_for_update(session, lead_id)
    if lead is None:
        raise LeadNotFound
    if run_id is not None:
        known = await scores.score_of_run(session, lead_id, run_id)
        if known is not None:
            return lead, known
    check_version(lead.version, expected_version)
    scored, score = domain.record_score(
        uuid4(),
        lead,
        value,
        reasons,
        datetime.now(UTC),
        engine=engine,
        model=model,
        run_id=run_id,
        user_id=session.context.user_id,
    )
    await leads.change_lead(session, scored)
    await scores.add_score(session, score)
    return scored, score
