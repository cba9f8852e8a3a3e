"""What crm tells other contexts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from resolvers.events.declaration import event

__all__ = [
    "ContactChanged",
    "ContactCreated",
    "ContactDeleted",
    "ContactsMerged",
    "CsvImportAdvanced",
    "LeadChanged",
    "LeadClosed",
    "LeadCreated",
    "LeadDeleted",
    "LeadEnteredStage",
    "TaskCompleted",
    "TaskCreated",
    "TaskDue",
]


@event("crm.contact_changed", version=1, about="contact_id")
@dataclass(frozen=True, slots=True)
class ContactChanged:
    """There is a new contact, or one has changed. What is sealed is not told.

    Attributes:
        version: of the contact; the greatest is how it is now.
    """

    contact_id: UUID
    name: str
    email: str | None
    company: str | None
    job_title: str | None
    business_id: UUID | None
    version: int
    created_at: datetime


@event("crm.contact_created", version=1, about="contact_id")
@dataclass(frozen=True, slots=True)
class ContactCreated:
    """There is a new contact. Told once; what it is now, `ContactChanged` tells."""

    contact_id: UUID
    email: str | None
    created_at: datetime


@event("crm.contact_deleted", version=1, about="contact_id")
@dataclass(frozen=True, slots=True)
class ContactDeleted:
    """A contact is not there any more."""

    contact_id: UUID
    deleted_at: datetime


@event("crm.contacts_merged", version=1, about="contact_id")
@dataclass(frozen=True, slots=True)
class ContactsMerged:
    """Two contacts were found to be one person.

    Attributes:
        contact_id: the one that is kept.
        other_id: the one that is not there any more; whoever refers to it means the other.
    """

    contact_id: UUID
    other_id: UUID
    merged_at: datetime


@event("crm.lead_changed", version=1, about="lead_id")
@dataclass(frozen=True, slots=True)
class LeadChanged:
    """There is a new lead, or one has changed.

    Attributes:
        status: open, won or lost.
        value: what it is worth, in `currency`.
        version: of the lead; the greatest is how it is now.
    """

    lead_id: UUID
    contact_id: UUID | None
    stage: str
    status: str
    source: str
    score: int
    value: Decimal
    currency: str
    version: int
    created_at: datetime
    changed_at: datetime


@event("crm.lead_deleted", version=1, about="lead_id")
@dataclass(frozen=True, slots=True)
class LeadDeleted:
    """A lead is not there any more."""

    lead_id: UUID
    deleted_at: datetime


@event("crm.lead_created", version=1, about="lead_id")
@dataclass(frozen=True, slots=True)
class LeadCreated:
    """There is a new lead.

    Attributes:
        source: where it comes from: web_form, referral and so on.
    """

    lead_id: UUID
    contact_id: UUID | None
    email: str | None
    source: str
    created_at: datetime


@event("crm.lead_closed", version=1, about="lead_id")
@dataclass(frozen=True, slots=True)
class LeadClosed:
    """A lead is won or lost. One that is opened again may be closed again.

    Attributes:
        status: won or lost.
        value: what it is worth, in `currency`.
    """

    lead_id: UUID
    contact_id: UUID | None
    email: str | None
    status: str
    source: str
    value: Decimal
    currency: str
    closed_at: datetime


@event("crm.lead_entered_stage", version=1, about="lead_id")
@dataclass(frozen=True, slots=True)
class LeadEnteredStage:
    """A lead has entered a stage that has a rule to tell of it.

    Attributes:
        status: what the lead is by that: open, won, lost.
        assignee_id: who works on it from then on, if anyone.
    """

    lead_id: UUID
    lead_name: str
    stage_id: UUID
    stage_name: str
    status: str
    assignee_id: UUID | None
    entered_at: datetime


@event("crm.task_created", version=1, about="task_id")
@dataclass(frozen=True, slots=True)
class TaskCreated:
    """There is something to do about a lead or a contact, one of which it has.

    Attributes:
        assignee_id: who is to do it, if anyone yet.
    """

    task_id: UUID
    title: str
    lead_id: UUID | None
    contact_id: UUID | None
    assignee_id: UUID | None
    due_at: datetime
    created_at: datetime


@event("crm.task_completed", version=1, about="task_id")
@dataclass(frozen=True, slots=True)
class TaskCompleted:
    """Something that was to do about a lead or a contact is done.

    Attributes:
        completed_by: who said so.
    """

    task_id: UUID
    title: str
    lead_id: UUID | None
    contact_id: UUID | None
    assignee_id: UUID | None
    completed_by: UUID | None
    completed_at: datetime


@event("crm.task_due", version=1, about="task_id")
@dataclass(frozen=True, slots=True)
class TaskDue:
    """The moment has come at which something was to be done, and it is not; told once for each such moment.

    Attributes:
        assignee_id: who is to do it, if anyone yet.
        created_by: who made it, if anyone in person.
    """

    task_id: UUID
    title: str
    lead_id: UUID | None
    contact_id: UUID | None
    assignee_id: UUID | None
    created_by: UUID | None
    due_at: datetime


@event("crm.csv_import_advanced", version=1, about="import_id")
@dataclass(frozen=True, slots=True)
class CsvImportAdvanced:
    """A file is being imported. Crm listens to it itself: each step is done once, whatever restarts in between.

    Attributes:
        next_record: the first record of the file that is not dealt with, from 0.
    """

    import_id: UUID
    next_record: int
