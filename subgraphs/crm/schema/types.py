"""What crm shows: its types, its connections, and what it adds to `Account` and `Business`.

Objects are made from the domain's dataclasses by `of`; everything that costs a statement is a resolver that loads
through `info.context`.
"""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Self, TypeVar
from uuid import UUID

import strawberry

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, CountedConnection, First, Last, Window
from subgraphs.crm import domain, loaders
from subgraphs.crm.domain import ActivityKind, LeadGrade, LeadSource, LeadStatus, ScoringEngine
from subgraphs.crm.repository.timeline import NEWEST_FIRST
from subgraphs.crm.schema import inputs
from subgraphs.crm.schema.automation import StageRule
from subgraphs.crm.schema.duplicates import ContactDuplicate
from subgraphs.crm.schema.timeline import TimelineConnection, TimelineEntry

__all__ = [
    "Account",
    "Activity",
    "ActivityConnection",
    "Business",
    "Contact",
    "ContactConnection",
    "Lead",
    "LeadConnection",
    "LeadScore",
    "Pipeline",
    "Stage",
]

T = TypeVar("T")

# For contracts. Types that other contexts extend are tagged field by field: a type's tag is that of all its fields.
PARTNER = ("partner",)
INTERNAL = ("internal",)
PAGING = ("paging",)

strawberry.enum(LeadGrade, description="A score in one letter: from 80 on A, from 60 B, from 40 C, below D.")
strawberry.enum(ScoringEngine, description="Who judged: a person, a language model, or stated rules.")

_GONE = "Null, with an error, where more than the id of someone is asked who is no member of the tenant (any more)."

_LEADS_BY = "Leads {}, by default the newest first. Without a window the first 20."


@strawberry.federation.type(name="Account", keys=["id"], description="A user; crm adds what is assigned to them.")
class Account:
    id: strawberry.ID = strawberry.field(description="Of the user, from identity.")

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "Account":  # noqa: A002 - the key field's name
        return cls(id=wire_id(parse_id(id, "id")))

    @strawberry.federation.field(tags=PARTNER, description=_LEADS_BY.format("assigned to the user"))
    async def assigned_leads(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: inputs.LeadFilterArgument = None,  # noqa: A002
        order_by: inputs.LeadOrderArgument = None,
    ) -> "LeadConnection":
        window = inputs.lead_window(order_by, first, after, last, before)
        return await _leads_of(info, "assignee_id", UUID(self.id), filter, window)

    @strawberry.field(description="How many open leads are assigned to the user.")
    async def open_lead_count(self, info: Info) -> int:
        return await info.context.load(loaders.open_lead_counts, UUID(self.id))


@strawberry.federation.type(name="Business", keys=["id"], description="A business; crm adds the leads about it.")
class Business:
    id: strawberry.ID = strawberry.field(description="Of the business, from directory.")

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "Business":  # noqa: A002 - the key field's name
        return cls(id=wire_id(parse_id(id, "id")))

    @strawberry.federation.field(tags=PARTNER, description=_LEADS_BY.format("about the business"))
    async def leads(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: inputs.LeadFilterArgument = None,  # noqa: A002
        order_by: inputs.LeadOrderArgument = None,
    ) -> "LeadConnection":
        window = inputs.lead_window(order_by, first, after, last, before)
        return await _leads_of(info, "business_id", UUID(self.id), filter, window)


@strawberry.federation.type(tags=PARTNER, description="The way of a lead through its stages.")
class Pipeline:
    id: strawberry.ID = strawberry.field(description="Of the pipeline.")
    name: str = strawberry.field(description="Unique in the tenant, whatever its case.")
    is_default: bool = strawberry.field(description="Whether new leads go here unless told otherwise.")
    version: int = strawberry.federation.field(
        tags=INTERNAL, description="Counts changes of the pipeline and its stages; for expectedVersion."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it or its stages last changed.")

    @classmethod
    def of(cls, pipeline: domain.Pipeline) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(pipeline.id),
            name=pipeline.name,
            is_default=pipeline.is_default,
            version=pipeline.version,
            created_at=pipeline.created_at,
            updated_at=pipeline.updated_at,
        )

    @strawberry.field(description="All stages in their order: open ones, then those that close a lead.")
    async def stages(self, info: Info) -> list["Stage"]:
        return [Stage.of(stage) for stage in await info.context.load(loaders.stages_of_pipeline, UUID(self.id))]


@strawberry.federation.type(tags=PARTNER, description="A step of a pipeline.")
class Stage:
    id: strawberry.ID = strawberry.field(description="Of the stage.")
    name: str = strawberry.field(description="Unique in the pipeline, whatever its case.")
    status: LeadStatus = strawberry.field(description="What leads in this stage are: open, won or lost.")
    position: int = strawberry.field(description="Place in the pipeline, from 0.")
    probability: int = strawberry.field(description="Chance of winning from here, in percent.")
    pipeline_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, stage: domain.Stage) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(stage.id),
            name=stage.name,
            status=stage.status,
            position=stage.position,
            probability=stage.probability,
            pipeline_id=stage.pipeline_id,
        )

    @strawberry.field(description="The pipeline that the stage belongs to.")
    async def pipeline(self, info: Info) -> Pipeline:
        return Pipeline.of(_there(await info.context.load(loaders.pipeline_by_id, self.pipeline_id)))

    @strawberry.federation.field(
        tags=INTERNAL, description="What happens by itself when a lead enters the stage; 20 at most, the oldest first."
    )
    async def rules(self, info: Info) -> list[StageRule]:
        return [StageRule.of(rule) for rule in await info.context.load(loaders.rules_of_stage, UUID(self.id))]

    @strawberry.field(description=_LEADS_BY.format("in the stage"))
    async def leads(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: inputs.LeadFilterArgument = None,  # noqa: A002
        order_by: inputs.LeadOrderArgument = None,
    ) -> "LeadConnection":
        window = inputs.lead_window(order_by, first, after, last, before)
        return await _leads_of(info, "stage_id", UUID(self.id), filter, window)


@strawberry.federation.type(tags=PARTNER, description="Something done about a lead or a contact, or planned.")
class Activity:
    id: strawberry.ID = strawberry.field(description="Of the activity.")
    kind: ActivityKind = strawberry.field(description="What it is.")
    subject: str = strawberry.field(description="In one line.")
    body: str | None = strawberry.federation.field(tags=INTERNAL, description="The details.")
    occurs_at: datetime = strawberry.field(description="When it took place, or is due.")
    completed_at: datetime | None = strawberry.field(description="When it was done; null while it is to do.")
    created_at: datetime = strawberry.field(description="When it was logged.")
    lead_id: strawberry.Private[UUID | None]
    contact_id: strawberry.Private[UUID | None]
    actor_id: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, activity: domain.Activity) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(activity.id),
            kind=activity.kind,
            subject=activity.subject,
            body=activity.body,
            occurs_at=activity.occurs_at,
            completed_at=activity.completed_at,
            created_at=activity.created_at,
            lead_id=activity.lead_id,
            contact_id=activity.contact_id,
            actor_id=activity.actor_id,
        )

    @strawberry.field(description="Who did it, or is to do it; null if the system did.")
    def actor(self) -> Account | None:
        return _user(self.actor_id)

    @strawberry.field(description="The lead it is about, unless it is about a contact.")
    async def lead(self, info: Info) -> Annotated["Lead", strawberry.lazy("subgraphs.crm.schema.types")] | None:
        return await _lead(info, self.lead_id)

    @strawberry.field(description="The contact it is about, unless it is about a lead.")
    async def contact(self, info: Info) -> Annotated["Contact", strawberry.lazy("subgraphs.crm.schema.types")] | None:
        return await _contact(info, self.contact_id)


@strawberry.federation.type(tags=PARTNER, keys=["id"], description="A person the tenant knows.")
class Contact:
    id: strawberry.ID = strawberry.field(description="Of the contact.")
    name: str = strawberry.field(description="First and last name.")
    email: str | None = strawberry.field(description="Unique among the tenant's contacts, whatever its case.")
    company: str | None = strawberry.field(description="Name of the company the person works for.")
    job_title: str | None = strawberry.field(description="What the person does there.")
    version: int = strawberry.federation.field(tags=INTERNAL, description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    owner_id: strawberry.Private[UUID | None]
    business_id: strawberry.Private[UUID | None]
    sealed_phone: strawberry.Private[str | None]

    @classmethod
    def of(cls, contact: domain.Contact) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(contact.id),
            name=contact.name,
            email=contact.email,
            sealed_phone=contact.phone,
            company=contact.company,
            job_title=contact.job_title,
            version=contact.version,
            created_at=contact.created_at,
            updated_at=contact.updated_at,
            owner_id=contact.owner_id,
            business_id=contact.business_id,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Contact | None":  # noqa: A002
        return await _contact(info, parse_id(id, "id"))

    @strawberry.field(description="As it was typed.")
    async def phone(self, info: Info) -> str | None:
        return None if self.sealed_phone is None else await info.context.load(loaders.unsealed, self.sealed_phone)

    @strawberry.field(description=f"The user who looks after the contact. {_GONE}")
    def owner(self) -> Account | None:
        return _user(self.owner_id)

    @strawberry.field(description="The business in the directory that the person works for.")
    def business(self) -> Business | None:
        return _business(self.business_id)

    @strawberry.field(description=_LEADS_BY.format("with the contact"))
    async def leads(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: inputs.LeadFilterArgument = None,  # noqa: A002
        order_by: inputs.LeadOrderArgument = None,
    ) -> "LeadConnection":
        window = inputs.lead_window(order_by, first, after, last, before)
        return await _leads_of(info, "contact_id", UUID(self.id), filter, window)

    @strawberry.field(description="What was done about the contact itself, or is planned; the latest first.")
    async def activities(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: inputs.ActivityFilterArgument = None,  # noqa: A002
        order_by: inputs.ActivityOrderArgument = None,
    ) -> "ActivityConnection":
        window = inputs.activity_window(order_by, first, after, last, before)
        return await _activities_of(info, "contact_id", UUID(self.id), filter, window)

    @strawberry.federation.field(
        tags=INTERNAL,
        description="Contacts that may be the same person, the likeliest first; at most 50 are looked at. "
        "`mergeContacts` makes them one.",
    )
    async def duplicates(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description="At most so many; 0 to 20.")] = 5,
    ) -> list[ContactDuplicate]:
        if not 0 <= first <= 20:
            raise BadUserInput("`first` is from 0 to 20.", path=("first",))
        found = await info.context.load(loaders.duplicates_of_contact, UUID(self.id))
        return [
            ContactDuplicate(contact=Contact.of(each.contact), score=each.score, reasons=list(each.reasons))
            for each in found[:first]
        ]

    @strawberry.federation.field(
        tags=INTERNAL,
        description="What happened with the contact, or the business they work for, in other parts of the platform: "
        "orders, reviews; the latest first. It arrives a moment after it happened.",
    )
    async def timeline(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> TimelineConnection:
        window = Window.of(NEWEST_FIRST, first=first, after=after, last=last, before=before)
        return TimelineConnection.of(
            await info.context.load(loaders.timelines, UUID(self.id), window), TimelineEntry.of
        )


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

    @strawberry.field(description=f"Who recorded it, or on whose behalf the run did. {_GONE}")
    def scored_by(self) -> Account | None:
        return _user(self.user_id)


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
        return await _lead(info, parse_id(id, "id"))

    @strawberry.field(description="As it was typed.")
    async def phone(self, info: Info) -> str | None:
        return None if self.sealed_phone is None else await info.context.load(loaders.unsealed, self.sealed_phone)

    @strawberry.field(description="The pipeline it is on its way through.")
    async def pipeline(self, info: Info) -> Pipeline:
        return Pipeline.of(_there(await info.context.load(loaders.pipeline_by_id, self.entity.pipeline_id)))

    @strawberry.field(description="The stage it is in.")
    async def stage(self, info: Info) -> Stage:
        return Stage.of(_there(await info.context.load(loaders.stage_by_id, self.entity.stage_id)))

    @strawberry.field(description=f"The user who works on it. {_GONE}")
    def assignee(self) -> Account | None:
        return _user(self.entity.assignee_id)

    @strawberry.field(description="The business in the directory that it is about.")
    def business(self) -> Business | None:
        return _business(self.entity.business_id)

    @strawberry.field(description="The contact it is with, or has become.")
    async def contact(self, info: Info) -> Contact | None:
        return await _contact(info, self.entity.contact_id)

    @strawberry.federation.field(
        tags=INTERNAL, description="The latest recorded score, with reasons; null if none was. `score` may be newer."
    )
    async def scoring(self, info: Info) -> LeadScore | None:
        found = await info.context.load(loaders.latest_score, self.entity.id)
        return None if found is None else LeadScore.of(found)

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
    ) -> "ActivityConnection":
        window = inputs.activity_window(order_by, first, after, last, before)
        return await _activities_of(info, "lead_id", self.entity.id, filter, window)


@strawberry.type(description="A page of leads.")
class LeadConnection(CountedConnection[Lead]):
    pass


@strawberry.type(description="A page of contacts.")
class ContactConnection(CountedConnection[Contact]):
    pass


@strawberry.type(description="A page of activities.")
class ActivityConnection(CountedConnection[Activity]):
    pass


async def _leads_of(
    info: Info, parent: str, key: UUID, wanted: inputs.LeadFilter | None, window: Window
) -> LeadConnection:
    cut = domain.LeadFilter() if wanted is None else wanted.to_domain()
    page = await info.context.load(loaders.lead_lists, key, loaders.LeadList(parent, cut, window))

    def count() -> Awaitable[int]:
        return info.context.load(loaders.lead_counts, key, loaders.LeadCount(parent, cut))

    return LeadConnection.of(page, Lead.of, count=count)


async def _activities_of(
    info: Info, parent: str, key: UUID, wanted: inputs.ActivityFilter | None, window: Window
) -> ActivityConnection:
    cut = domain.ActivityFilter() if wanted is None else wanted.to_domain()
    page = await info.context.load(loaders.activity_lists, key, loaders.ActivityList(parent, cut, window))

    def count() -> Awaitable[int]:
        return info.context.load(loaders.activity_counts, key, loaders.ActivityCount(parent, cut))

    return ActivityConnection.of(page, Activity.of, count=count)


async def _lead(info: Info, lead_id: UUID | None) -> Lead | None:
    found = None if lead_id is None else await info.context.load(loaders.lead_by_id, lead_id)
    return None if found is None else Lead.of(found)


async def _contact(info: Info, contact_id: UUID | None) -> Contact | None:
    found = None if contact_id is None else await info.context.load(loaders.contact_by_id, contact_id)
    return None if found is None else Contact.of(found)


def _user(user_id: UUID | None) -> Account | None:
    return None if user_id is None else Account(id=wire_id(user_id))


def _business(business_id: UUID | None) -> Business | None:
    return None if business_id is None else Business(id=wire_id(business_id))


def _there(found: T | None) -> T:
    """What a foreign key refers to, which must be there."""
    if found is None:
        raise LookupError("a row that a foreign key refers to is missing")
    return found
