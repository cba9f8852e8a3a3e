"""What mutations take and answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from resolvers.agent_fields import AgentPayload
from resolvers.ids import parse_id
from resolvers.mutations import MutationPayload
from subgraphs.crm import domain
from subgraphs.crm.domain import ActivityKind, LeadSource, LeadStatus, ScoringEngine
from subgraphs.crm.domain.errors import InvalidValue
from subgraphs.crm.schema.activities import Activity
from subgraphs.crm.schema.contacts import Contact
from subgraphs.crm.schema.leads import Lead
from subgraphs.crm.schema.pipelines import Pipeline, Stage

__all__ = [
    "ActivityPayload",
    "AssignLeadInput",
    "CompleteActivityInput",
    "ContactPayload",
    "ConvertLeadInput",
    "ConvertLeadPayload",
    "CreateContactInput",
    "CreateLeadInput",
    "CreatePipelineInput",
    "CreateStageInput",
    "DeleteContactInput",
    "DeleteLeadInput",
    "DeletePayload",
    "LeadPayload",
    "LogActivityInput",
    "MoveLeadInput",
    "PipelinePayload",
    "RecordLeadScoreInput",
    "RenameStageInput",
    "ReorderStagesInput",
    "ScoreLeadInput",
    "ScoreLeadPayload",
    "StageDraft",
    "StagePayload",
    "UpdateContactInput",
    "UpdateLeadInput",
    "optional_id",
]

_USER = "A member of the tenant, else refused with ASSIGNEE_NOT_FOUND."
_VERSION = "The version the change is made on; refused with VERSION_CONFLICT if it is not current. Null: any."


def optional_id(value: strawberry.ID | None, field: str) -> UUID | None:
    """The id in `input.<field>`, if there is one.

    Raises:
        BadUserInput: not a UUID.
    """
    return None if value is None else parse_id(value, "input", field)


def _changes(source: Any, wire_names: dict[str, str], nullable: frozenset[str]) -> dict[str, Any]:
    """The fields of an update that were given, by name; ids parsed.

    Raises:
        InvalidValue: null for a field that cannot be empty.
    """
    changes: dict[str, Any] = {}
    for name, wire_name in wire_names.items():
        given: strawberry.Some[Any] | None = getattr(source, name)
        if given is None:
            continue
        value = given.value
        if value is None and name not in nullable:
            raise InvalidValue(wire_name, "must not be null")
        changes[name] = optional_id(value, wire_name) if name.endswith("_id") else value
    return changes


@strawberry.input(description="A new lead.")
class CreateLeadInput:
    name: str = strawberry.field(description="Of the person; 1 to 200 characters.")
    source: LeadSource = strawberry.field(description="How it came to us.")
    email: str | None = strawberry.field(default=None, description="Free among the tenant's open leads.")
    phone: str | None = strawberry.field(default=None, description="At most 40 characters.")
    company: str | None = strawberry.field(default=None, description="At most 200 characters.")
    score: int = strawberry.field(default=0, description="From 0 to 100.")
    value_minor: int = strawberry.field(default=0, description="Expected value in minor units, not negative.")
    currency: str = strawberry.field(default="USD", description="ISO 4217 code.")
    notes: str | None = strawberry.field(default=None, description="At most 5000 characters.")
    pipeline_id: strawberry.ID | None = strawberry.field(default=None, description="By default the default pipeline.")
    stage_id: strawberry.ID | None = strawberry.field(default=None, description="An open stage; by default the first.")
    assignee_id: strawberry.ID | None = strawberry.field(default=None, description=f"The user who works on it. {_USER}")
    business_id: strawberry.ID | None = strawberry.field(default=None, description="The business it is about.")
    contact_id: strawberry.ID | None = strawberry.field(default=None, description="The contact it is with.")

    def details(self) -> domain.LeadDetails:
        """What the domain checks. Raises `InvalidValue`."""
        return domain.LeadDetails(
            name=self.name,
            source=self.source,
            email=self.email,
            phone=self.phone,
            company=self.company,
            score=self.score,
            value_minor=self.value_minor,
            currency=self.currency,
            notes=self.notes,
        )


@strawberry.input(description="Changes of an open lead. What is left out stays; null empties.")
class UpdateLeadInput:
    id: strawberry.ID = strawberry.field(description="Of the lead.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)
    name: strawberry.Maybe[str | None] = strawberry.field(description="Of the person; 1 to 200 characters.")
    source: strawberry.Maybe[LeadSource | None] = strawberry.field(description="How it came to us.")
    email: strawberry.Maybe[str | None] = strawberry.field(description="Free among the tenant's open leads.")
    phone: strawberry.Maybe[str | None] = strawberry.field(description="At most 40 characters.")
    company: strawberry.Maybe[str | None] = strawberry.field(description="At most 200 characters.")
    score: strawberry.Maybe[int | None] = strawberry.field(description="From 0 to 100.")
    value_minor: strawberry.Maybe[int | None] = strawberry.field(description="In minor units, not negative.")
    currency: strawberry.Maybe[str | None] = strawberry.field(description="ISO 4217 code.")
    notes: strawberry.Maybe[str | None] = strawberry.field(description="At most 5000 characters.")
    business_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(description="The business it is about.")
    contact_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(description="The contact it is with.")

    def changes(self) -> dict[str, Any]:
        """What was given. Raises `BadUserInput`."""
        return _changes(
            self, _LEAD_FIELDS, frozenset({"email", "phone", "company", "notes", "business_id", "contact_id"})
        )


_LEAD_FIELDS = {
    "name": "name",
    "source": "source",
    "email": "email",
    "phone": "phone",
    "company": "company",
    "score": "score",
    "value_minor": "valueMinor",
    "currency": "currency",
    "notes": "notes",
    "business_id": "businessId",
    "contact_id": "contactId",
}


@strawberry.input(description="Which lead to delete.")
class DeleteLeadInput:
    id: strawberry.ID = strawberry.field(description="Of the lead.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="Where a lead goes.")
class MoveLeadInput:
    id: strawberry.ID = strawberry.field(description="Of the lead.")
    stage_id: strawberry.ID = strawberry.field(description="A stage of the lead's pipeline.")
    lost_reason: str | None = strawberry.field(default=None, description="Needed for a lost stage, refused for others.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="Who works on a lead.")
class AssignLeadInput:
    id: strawberry.ID = strawberry.field(description="Of the lead.")
    assignee_id: strawberry.ID | None = strawberry.field(description=f"The user; null for no one. {_USER}")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="How promising an open lead is.")
class RecordLeadScoreInput:
    lead_id: strawberry.ID = strawberry.field(description="Of the lead.")
    value: int = strawberry.field(description="From 0 to 100.")
    reasons: list[str] = strawberry.field(
        description="Why, the weightiest first; 1 to 20 of at most 300 characters each."
    )
    engine: ScoringEngine = strawberry.field(
        default=ScoringEngine.PERSON,
        description="Who judged. PERSON outside of an agent run, LLM or PLAYBOOK within one.",
    )
    model: str | None = strawberry.field(default=None, description="Of the language model; for LLM only.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="The lead that a crew judges.")
class ScoreLeadInput:
    lead_id: strawberry.ID = strawberry.field(description="Of the lead.")


@strawberry.input(description="A lead that becomes a contact.")
class ConvertLeadInput:
    id: strawberry.ID = strawberry.field(description="Of the lead.")
    contact_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The contact it becomes; by default the lead's own, else the one with its e-mail, else a new one.",
    )
    job_title: str | None = strawberry.field(default=None, description="Of a new contact.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="A new contact.")
class CreateContactInput:
    name: str = strawberry.field(description="1 to 200 characters.")
    email: str | None = strawberry.field(default=None, description="Free among the tenant's contacts.")
    phone: str | None = strawberry.field(default=None, description="At most 40 characters.")
    company: str | None = strawberry.field(default=None, description="At most 200 characters.")
    job_title: str | None = strawberry.field(default=None, description="At most 200 characters.")
    owner_id: strawberry.ID | None = strawberry.field(default=None, description=f"The user who looks after it. {_USER}")
    business_id: strawberry.ID | None = strawberry.field(default=None, description="The business the person works for.")

    def details(self) -> domain.ContactDetails:
        """What the domain checks. Raises `BadUserInput`."""
        return domain.ContactDetails(
            name=self.name,
            email=self.email,
            phone=self.phone,
            company=self.company,
            job_title=self.job_title,
            owner_id=optional_id(self.owner_id, "ownerId"),
            business_id=optional_id(self.business_id, "businessId"),
        )


@strawberry.input(description="Changes of a contact. What is left out stays; null empties.")
class UpdateContactInput:
    id: strawberry.ID = strawberry.field(description="Of the contact.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)
    name: strawberry.Maybe[str | None] = strawberry.field(description="1 to 200 characters.")
    email: strawberry.Maybe[str | None] = strawberry.field(description="Free among the tenant's contacts.")
    phone: strawberry.Maybe[str | None] = strawberry.field(description="At most 40 characters.")
    company: strawberry.Maybe[str | None] = strawberry.field(description="At most 200 characters.")
    job_title: strawberry.Maybe[str | None] = strawberry.field(description="At most 200 characters.")
    owner_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description=f"The user who looks after it. {_USER}"
    )
    business_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(description="Where the person works.")

    def changes(self) -> dict[str, Any]:
        """What was given. Raises `BadUserInput`."""
        return _changes(self, _CONTACT_FIELDS, frozenset(_CONTACT_FIELDS) - {"name"})


_CONTACT_FIELDS = {
    "name": "name",
    "email": "email",
    "phone": "phone",
    "company": "company",
    "job_title": "jobTitle",
    "owner_id": "ownerId",
    "business_id": "businessId",
}


@strawberry.input(description="Which contact to delete.")
class DeleteContactInput:
    id: strawberry.ID = strawberry.field(description="Of the contact.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="Something done about a lead or a contact, or planned: name exactly one of the two.")
class LogActivityInput:
    kind: ActivityKind = strawberry.field(description="What it is.")
    subject: str = strawberry.field(description="1 to 200 characters.")
    body: str | None = strawberry.field(default=None, description="At most 5000 characters.")
    lead_id: strawberry.ID | None = strawberry.field(default=None, description="The lead it is about.")
    contact_id: strawberry.ID | None = strawberry.field(default=None, description="The contact it is about.")
    occurs_at: datetime | None = strawberry.field(
        default=None, description="When it took place or is due; default now."
    )
    completed: bool | None = strawberry.field(
        default=None, description="Whether it is done; by default unless it is due."
    )


@strawberry.input(description="Which activity is done.")
class CompleteActivityInput:
    id: strawberry.ID = strawberry.field(description="Of the activity.")


@strawberry.input(description="A new stage.")
class StageDraft:
    name: str = strawberry.field(description="1 to 100 characters, free in the pipeline.")
    status: LeadStatus = strawberry.field(default=LeadStatus.OPEN, description="What leads in it are; never changes.")
    probability: int = strawberry.field(default=0, description="Chance of winning in percent; of open stages only.")

    def to_domain(self) -> domain.StageDraft:
        """What the domain checks. Raises `InvalidValue`."""
        return domain.StageDraft(self.name, self.status, self.probability)


@strawberry.input(
    description="A new pipeline with its stages: open ones first, at least one each of open, won and lost."
)
class CreatePipelineInput:
    name: str = strawberry.field(description="1 to 100 characters, free in the tenant.")
    stages: list[StageDraft] = strawberry.field(description="In their order; at most 40.")
    make_default: bool = strawberry.field(default=False, description="The first pipeline is the default in any case.")


@strawberry.input(description="One stage more.")
class CreateStageInput:
    pipeline_id: strawberry.ID = strawberry.field(description="Of the pipeline.")
    stage: StageDraft = strawberry.field(description="The stage.")
    position: int | None = strawberry.field(
        default=None, description="From 0; by default the last of open or closing ones."
    )
    expected_version: int | None = strawberry.field(default=None, description=f"Of the pipeline. {_VERSION}")


@strawberry.input(description="Another name for a stage.")
class RenameStageInput:
    id: strawberry.ID = strawberry.field(description="Of the stage.")
    name: str = strawberry.field(description="1 to 100 characters, free in the pipeline.")
    expected_version: int | None = strawberry.field(default=None, description=f"Of the pipeline. {_VERSION}")


@strawberry.input(description="Another order of a pipeline's stages.")
class ReorderStagesInput:
    pipeline_id: strawberry.ID = strawberry.field(description="Of the pipeline.")
    stage_ids: list[strawberry.ID] = strawberry.field(description="All its stages, each once, open ones first.")
    expected_version: int | None = strawberry.field(default=None, description=f"Of the pipeline. {_VERSION}")


@strawberry.type(description="A lead as the mutation left it.")
class LeadPayload(MutationPayload):
    lead: Lead | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="A lead as it stands, and the run that judges it.")
class ScoreLeadPayload(AgentPayload):
    lead: Lead | None = strawberry.field(
        default=None, description="With its new score once the run has recorded it; null if the mutation was refused."
    )


@strawberry.type(description="A contact as the mutation left it.")
class ContactPayload(MutationPayload):
    contact: Contact | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="A converted lead with its contact.")
class ConvertLeadPayload(MutationPayload):
    lead: Lead | None = strawberry.field(default=None, description="Null if the mutation was refused.")
    contact: Contact | None = strawberry.field(default=None, description="Null if the mutation was refused.")
    contact_created: bool = strawberry.field(default=False, description="Whether the contact is new.")


@strawberry.type(description="What was deleted.")
class DeletePayload(MutationPayload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="An activity as the mutation left it.")
class ActivityPayload(MutationPayload):
    activity: Activity | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="A pipeline as the mutation left it.")
class PipelinePayload(MutationPayload):
    pipeline: Pipeline | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="A stage as the mutation left it, with its pipeline.")
class StagePayload(MutationPayload):
    pipeline: Pipeline | None = strawberry.field(default=None, description="Null if the mutation was refused.")
    stage: Stage | None = strawberry.field(default=None, description="Null if the mutation was refused.")
