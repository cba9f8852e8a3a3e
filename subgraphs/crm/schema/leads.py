"""Leads, and how promising they are."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, CountedConnection, First, Last, Window
from subgraphs.crm import domain, loaders
from subgraphs.crm.domain import LeadGrade, LeadSource, LeadStatus, ScoringEngine
from subgraphs.crm.repository.forms import NEWEST_FIRST
from subgraphs.crm.schema import inputs
from subgraphs.crm.schema.contacts import Contact
from subgraphs.crm.schema.forms import LeadFormSubmission, LeadFormSubmissionConnection
from subgraphs.crm.schema.lists import (
    GONE,
    INTERNAL,
    PARTNER,
    Activities,
    activities_of,
    contact_of,
    lead_of,
    there,
)
from subgraphs.crm.schema.pipelines import Pipeline, Stage
from subgraphs.crm.schema.references import Account, Business, business_of, user_of
from subgraphs.crm.schema.tasks import CrmTaskConnection, TaskFilterArgument, TaskOrderArgument, tasks_of

__all__ = ["Lead", "LeadConnection", "LeadScore"]

strawberry.enum(LeadGrade, description="A score in one letter: from 80 on A, from 60 B, from 40 C, below D.")
strawberry.enum(ScoringEngine, description="Who judged: a person, a language model, or stated rules.")


@strawberry.federation.type(tags=INTERNAL, description="How promising a lead was found to be, by whom and why.")
class LeadScore:
    value: int = strawberry.field(description="From 0 to 100.")
    grade: LeadGrade = strawberry.field(description="The value in one letter.")
    reasons: list[str] = strawberry.field(description="Why, the weightiest first.")
    engine: ScoringEngine = strawberry.field(description="Who judged; never passed off as another.")
    model: str | None = strawberry.field(description="Of the language model; null unless one judged.")
    run_id: strawberry.ID | None = strawberry.field(description="The agent run that recorded it; null for a person's.")
    scored_at: datetime = strawberry.field(description="When.")
    user_id: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, score: domain.LeadScore) -> Self:
        """As the domain has it."""
        return cls(
            value=score.value,
            grade=score.grade,
            reasons=list(score.reasons),
            engine=score.engine,
            model=score.model,
            run_id=None if score.run_id is None else wire_id(score.run_id),
            scored_at=score.scored_at,
            user_id=score.user_id,
        )

    @strawberry.field(description=f"Who recorded it, or on whose behalf the run did. {GONE}")
    def scored_by(self) -> Account | None:
        return user_of(self.user_id)


@strawberry.federation.type(
    tags=PARTNER, keys=["id"], description="Someone who might buy, on the way through a pipeline."
)
class Lead:
    id: strawberry.ID = strawberry.field(description="Of the lead.")
    status: LeadStatus = strawberry.field(description="Open, won or lost; that of its stage.")
    name: str = strawberry.field(description="Of the person.")
    email: str | None = strawberry.field(description="Unique among the tenant's open leads, whatever its case.")
    company: str | None = strawberry.field(description="Name of the company the person works for.")
    source: LeadSource = strawberry.field(description="How the lead came to us.")
    score: int = strawberry.field(description="How promising it is, from 0 to 100.")
    value_minor: int = strawberry.field(description="Expected value in minor units of the currency.")
    currency: str = strawberry.field(description="ISO 4217 code.")
    notes: str | None = strawberry.federation.field(tags=INTERNAL, description="Free text.")
    lost_reason: str | None = strawberry.federation.field(
        tags=INTERNAL, description="Why it was lost; null unless it is."
    )
    closed_at: datetime | None = strawberry.field(description="When it was won or lost; null while it is open.")
    converted_at: datetime | None = strawberry.field(description="When it became a contact.")
    version: int = strawberry.federation.field(tags=INTERNAL, description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    entity: strawberry.Private[domain.Lead]
    sealed_phone: strawberry.Private[str | None]

    @classmethod
    def of(cls, lead: domain.Lead) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(lead.id),
            status=lead.status,
            name=lead.name,
            email=lead.email,
            sealed_phone=lead.phone,
            company=lead.company,
            source=lead.source,
            score=lead.score,
            value_minor=lead.value_minor,
            currency=lead.currency,
            notes=lead.notes,
            lost_reason=lead.lost_reason,
            closed_at=lead.closed_at,
            converted_at=lead.converted_at,
            version=lead.version,
            created_at=lead.created_at,
            updated_at=lead.updated_at,
            entity=lead,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Lead | None":  # noqa: A002
        return await lead_of(info, parse_id(id, "id"))

    @strawberry.field(description="As it was typed.")
    async def phone(self, info: Info) -> str | None:
        return None if self.sealed_phone is None else await info.context.load(loaders.unsealed, self.sealed_phone)

    @strawberry.field(description="The pipeline it is on its way through.")
    async def pipeline(self, info: Info) -> Pipeline:
        return Pipeline.of(there(await info.context.load(loaders.pipeline_by_id, self.entity.pipeline_id)))

    @strawberry.field(description="The stage it is in.")
    async def stage(self, info: Info) -> Stage:
        return Stage.of(there(await info.context.load(loaders.stage_by_id, self.entity.stage_id)))

    @strawberry.field(description=f"The user who works on it. {GONE}")
    def assignee(self) -> Account | None:
        return user_of(self.entity.assignee_id)

    @strawberry.field(description="The business in the directory that it is about.")
    def business(self) -> Business | None:
        return business_of(self.entity.business_id)

    @strawberry.field(description="The contact it is with, or has become.")
    async def contact(self, info: Info) -> Contact | None:
        return await contact_of(info, self.entity.contact_id)

    @strawberry.federation.field(
        tags=INTERNAL, description="The latest recorded score, with reasons; null if none was. `score` may be newer."
    )
    async def scoring(self, info: Info) -> LeadScore | None:
        found = await info.context.load(loaders.latest_score, self.entity.id)
        return None if found is None else LeadScore.of(found)

    @strawberry.federation.field(
        tags=INTERNAL, description="Forms of the site that were sent about it; the latest first."
    )
    async def form_submissions(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> LeadFormSubmissionConnection:
        window = Window.of(NEWEST_FIRST, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.form_submissions_of_lead, self.entity.id, window)
        return LeadFormSubmissionConnection.of(page, LeadFormSubmission.of)

    @strawberry.federation.field(tags=INTERNAL, description="What is to be done about it, or was; what is due first.")
    async def tasks(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: TaskFilterArgument = None,  # noqa: A002
        order_by: TaskOrderArgument = None,
    ) -> CrmTaskConnection:
        return await tasks_of(info, "lead_id", self.entity.id, filter, order_by, (first, after, last, before))

    @strawberry.field(description="What was done about it, or is planned; the latest first.")
    async def activities(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: inputs.ActivityFilterArgument = None,  # noqa: A002
        order_by: inputs.ActivityOrderArgument = None,
    ) -> Activities:
        window = inputs.activity_window(order_by, first, after, last, before)
        return await activities_of(info, "lead_id", self.entity.id, filter, window)


@strawberry.type(description="A page of leads.")
class LeadConnection(CountedConnection[Lead]):
    pass
