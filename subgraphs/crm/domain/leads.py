"""A lead, and what may happen to it. Functions take a lead and return the next one; they never write."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from subgraphs.crm.domain.errors import (
    ContactRequired,
    InvalidValue,
    LeadAlreadyConverted,
    LeadClosed,
    LostReasonRequired,
    StageNotInPipeline,
)
from subgraphs.crm.domain.pipelines import Stage
from subgraphs.crm.domain.values import (
    LeadSource,
    LeadStatus,
    checked_currency,
    checked_email,
    checked_score,
    checked_value_minor,
    optional_text,
    required_text,
    sealable_text,
)

__all__ = ["Lead", "LeadDetails", "assign", "convert", "edit", "enter_stage", "open_lead"]


@dataclass(frozen=True, slots=True)
class LeadDetails:
    """What users type about a lead; checked when made.

    Attributes:
        value_minor: expected value in minor units of `currency`.
        score: how promising, 0 to 100.

    Raises:
        InvalidValue: a field breaks its rule; the error names it.
    """

    name: str
    source: LeadSource
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    score: int = 0
    value_minor: int = 0
    currency: str = "USD"
    notes: str | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "name", required_text("name", self.name, 200))
        put(self, "email", checked_email("email", self.email))
        put(self, "phone", sealable_text("phone", self.phone, 40))
        put(self, "company", optional_text("company", self.company, 200))
        put(self, "score", checked_score("score", self.score))
        put(self, "value_minor", checked_value_minor("valueMinor", self.value_minor))
        put(self, "currency", checked_currency("currency", self.currency))
        put(self, "notes", optional_text("notes", self.notes, 5000))


@dataclass(frozen=True, slots=True)
class Lead:
    """A row of `crm.leads`, without its tenant. Invariants across fields are held by the database too."""

    id: UUID
    pipeline_id: UUID
    stage_id: UUID
    status: LeadStatus
    name: str
    email: str | None
    phone: str | None
    company: str | None
    source: LeadSource
    score: int
    value_minor: int
    currency: str
    notes: str | None
    assignee_id: UUID | None
    business_id: UUID | None
    contact_id: UUID | None
    lost_reason: str | None
    closed_at: datetime | None
    converted_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


def open_lead(
    lead_id: UUID,
    details: LeadDetails,
    stage: Stage,
    now: datetime,
    *,
    assignee_id: UUID | None = None,
    business_id: UUID | None = None,
    contact_id: UUID | None = None,
) -> Lead:
    """A new lead in `stage`.

    Raises:
        InvalidValue: the stage closes leads, so nothing can begin there.
    """
    if stage.status is not LeadStatus.OPEN:
        raise InvalidValue("stageId", "is a closing stage: a lead begins in an open one")
    return Lead(
        id=lead_id,
        pipeline_id=stage.pipeline_id,
        stage_id=stage.id,
        status=LeadStatus.OPEN,
        name=details.name,
        email=details.email,
        phone=details.phone,
        company=details.company,
        source=details.source,
        score=details.score,
        value_minor=details.value_minor,
        currency=details.currency,
        notes=details.notes,
        assignee_id=assignee_id,
        business_id=business_id,
        contact_id=contact_id,
        lost_reason=None,
        closed_at=None,
        converted_at=None,
        version=1,
        created_at=now,
        updated_at=now,
    )


def edit(lead: Lead, details: LeadDetails, business_id: UUID | None, contact_id: UUID | None, now: datetime) -> Lead:
    """The lead with other details.

    Raises:
        LeadClosed: it is won or lost; it must be reopened first.
        ContactRequired: a converted lead would lose its contact.
    """
    if lead.status is not LeadStatus.OPEN:
        raise LeadClosed
    if lead.converted_at is not None and contact_id is None:
        raise ContactRequired("A converted lead keeps a contact.")
    return _next(
        replace(
            lead,
            name=details.name,
            email=details.email,
            phone=details.phone,
            company=details.company,
            source=details.source,
            score=details.score,
            value_minor=details.value_minor,
            currency=details.currency,
            notes=details.notes,
            business_id=business_id,
            contact_id=contact_id,
        ),
        now,
    )


def enter_stage(lead: Lead, stage: Stage, lost_reason: str | None, now: datetime) -> Lead:
    """The lead in `stage`, with that stage's status; the same lead if it is there already.

    A lost lead has a reason, a won lead has a contact, and a closed lead leaves only by being reopened: from won to
    lost (or back) goes through an open stage, so that the closing date and the reason are never those of another
    outcome.

    Raises:
        StageNotInPipeline: the stage is another pipeline's.
        LeadClosed: from one closing stage to another.
        LostReasonRequired: into a lost stage without a reason.
        ContactRequired: into a won stage without a contact.
        InvalidValue: a reason for anything but losing.
    """
    if stage.pipeline_id != lead.pipeline_id:
        raise StageNotInPipeline
    if stage.id == lead.stage_id:
        return lead
    reason = optional_text("lostReason", lost_reason, 500)
    if stage.status is not LeadStatus.LOST and reason is not None:
        raise InvalidValue("lostReason", "is only for stages that lose the lead")
    if stage.status is LeadStatus.OPEN:
        return _next(replace(lead, stage_id=stage.id, status=stage.status, lost_reason=None, closed_at=None), now)
    if lead.status is not LeadStatus.OPEN:
        raise LeadClosed
    if stage.status is LeadStatus.LOST and reason is None:
        raise LostReasonRequired
    if stage.status is LeadStatus.WON and lead.contact_id is None:
        raise ContactRequired
    return _next(replace(lead, stage_id=stage.id, status=stage.status, lost_reason=reason, closed_at=now), now)


def assign(lead: Lead, assignee_id: UUID | None, now: datetime) -> Lead:
    """The lead with another assignee, or none; the same lead if nothing changes. Closed leads change hands too."""
    return lead if assignee_id == lead.assignee_id else _next(replace(lead, assignee_id=assignee_id), now)


def convert(lead: Lead, contact_id: UUID, now: datetime) -> Lead:
    """The lead tied to the contact it became.

    Raises:
        LeadAlreadyConverted: once is enough.
        LeadClosed: it is lost.
    """
    if lead.converted_at is not None:
        raise LeadAlreadyConverted
    if lead.status is LeadStatus.LOST:
        raise LeadClosed("A lost lead cannot be converted; reopen it first.")
    return _next(replace(lead, contact_id=contact_id, converted_at=now), now)


def _next(lead: Lead, now: datetime) -> Lead:
    return replace(lead, version=lead.version + 1, updated_at=now)
