"""People whom a tenant knows."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, CountedConnection, First, Last, Window
from subgraphs.crm import domain, loaders
from subgraphs.crm.repository.timeline import NEWEST_FIRST
from subgraphs.crm.schema import inputs
from subgraphs.crm.schema.duplicates import ContactDuplicate
from subgraphs.crm.schema.lists import (
    GONE,
    INTERNAL,
    LEADS_BY,
    PARTNER,
    Activities,
    Leads,
    activities_of,
    contact_of,
    leads_of,
)
from subgraphs.crm.schema.references import Account, Business, business_of, user_of
from subgraphs.crm.schema.tasks import CrmTaskConnection, TaskFilterArgument, TaskOrderArgument, tasks_of
from subgraphs.crm.schema.timeline import TimelineConnection, TimelineEntry

__all__ = ["Contact", "ContactConnection"]


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
        return await contact_of(info, parse_id(id, "id"))

    @strawberry.field(description="As it was typed.")
    async def phone(self, info: Info) -> str | None:
        return None if self.sealed_phone is None else await info.context.load(loaders.unsealed, self.sealed_phone)

    @strawberry.field(description=f"The user who looks after the contact. {GONE}")
    def owner(self) -> Account | None:
        return user_of(self.owner_id)

    @strawberry.field(description="The business in the directory that the person works for.")
    def business(self) -> Business | None:
        return business_of(self.business_id)

    @strawberry.field(description=LEADS_BY.format("with the contact"))
    async def leads(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: inputs.LeadFilterArgument = None,  # noqa: A002
        order_by: inputs.LeadOrderArgument = None,
    ) -> Leads:
        window = inputs.lead_window(order_by, first, after, last, before)
        return await leads_of(info, "contact_id", UUID(self.id), filter, window)

    @strawberry.federation.field(
        tags=INTERNAL, description="What is to be done about the contact itself, or was; what is due first."
    )
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
        return await tasks_of(info, "contact_id", UUID(self.id), filter, order_by, (first, after, last, before))

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
    ) -> Activities:
        window = inputs.activity_window(order_by, first, after, last, before)
        return await activities_of(info, "contact_id", UUID(self.id), filter, window)

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
        "orders, reviews, messages, forms; the latest first. It arrives a moment after it happened.",
    )
    async def timeline(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> TimelineConnection:
        window = Window.of(NEWEST_FIRST, first=first, after=after, last=last, before=before)
        return TimelineConnection.of(
            await info.context.load(loaders.timelines, UUID(self.id), window), TimelineEntry.of
        )


@strawberry.type(description="A page of contacts.")
class ContactConnection(CountedConnection[Contact]):
    pass
