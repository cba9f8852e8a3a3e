"""How promising a lead is, who judged that, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID

from subgraphs.crm.domain.errors import InvalidValue, LeadClosed
from subgraphs.crm.domain.leads import Lead
from subgraphs.crm.domain.values import LeadStatus, checked_score, optional_text, required_text

__all__ = ["MAX_REASONS", "LeadGrade", "LeadScore", "ScoringEngine", "grade_of", "record_score"]

MAX_REASONS = 20
MAX_REASON = 300


class LeadGrade(Enum):
    """A score in one letter: from 80 on A, from 60 B, from 40 C, below D."""

    A = "a"
    B = "b"
    C = "c"
    D = "d"


class ScoringEngine(Enum):
    """Who judged: a person, a language model, or stated rules."""

    PERSON = "person"
    LLM = "llm"
    PLAYBOOK = "playbook"


@dataclass(frozen=True, slots=True)
class LeadScore:
    """A row of `crm.lead_scores`, without its tenant. A lead has one for each time that it was judged.

    Attributes:
        value: 0 to 100.
        reasons: why, the weightiest first; at most `MAX_REASONS`.
        model: of the language model; None unless one judged.
        run_id: the agent run that recorded it; None for a person's.
        user_id: the person who recorded it, or on whose behalf the run did.
    """

    id: UUID
    lead_id: UUID
    value: int
    reasons: tuple[str, ...]
    engine: ScoringEngine
    model: str | None
    run_id: UUID | None
    user_id: UUID | None
    scored_at: datetime

    @property
    def grade(self) -> LeadGrade:
        """The value in one letter."""
        return grade_of(self.value)


def grade_of(value: int) -> LeadGrade:
    """The grade of a score."""
    for least, grade in ((80, LeadGrade.A), (60, LeadGrade.B), (40, LeadGrade.C)):
        if value >= least:
            return grade
    return LeadGrade.D


def record_score(
    score_id: UUID,
    lead: Lead,
    value: int,
    reasons: Sequence[str],
    now: datetime,
    *,
    engine: ScoringEngine,
    model: str | None = None,
    run_id: UUID | None = None,
    user_id: UUID | None = None,
) -> tuple[Lead, LeadScore]:
    """The lead with its new score, and the score.

    Raises:
        LeadClosed: it is won or lost; there is nothing to judge any more.
        InvalidValue: value, reasons or model break a rule, or the engine is not who is calling: a run is never passed
            off as a person, nor a person as a run.
    """
    if lead.status is not LeadStatus.OPEN:
        raise LeadClosed
    if (run_id is None) != (engine is ScoringEngine.PERSON):
        raise InvalidValue("engine", "must be PERSON outside of an agent run, and LLM or PLAYBOOK within one")
    named = optional_text("model", model, 200)
    if (named is None) == (engine is ScoringEngine.LLM):
        raise InvalidValue("model", "is needed for LLM, and for nothing else")
    if not 1 <= len(reasons) <= MAX_REASONS:
        raise InvalidValue("reasons", f"must be 1 to {MAX_REASONS}")
    score = LeadScore(
        id=score_id,
        lead_id=lead.id,
        value=checked_score("value", value),
        reasons=tuple(required_text("reasons", reason, MAX_REASON) for reason in reasons),
        engine=engine,
        model=named,
        run_id=run_id,
        user_id=user_id,
        scored_at=now,
    )
    return replace(lead, score=score.value, version=lead.version + 1, updated_at=now), score
