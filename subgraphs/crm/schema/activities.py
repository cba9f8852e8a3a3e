"""What was done about leads and contacts, or is planned."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from resolvers.ids import wire_id
from resolvers.operation import Info
from resolvers.pagination import CountedConnection
from subgraphs.crm import domain
from subgraphs.crm.domain import ActivityKind
from subgraphs.crm.schema.lists import (
    INTERNAL,
    PARTNER,
    contact_of,
    lead_of,
)
from subgraphs.crm.schema.references import Account, user_of

if TYPE_CHECKING:
    from subgraphs.crm.schema.contacts import Contact
    from subgraphs.crm.schema.leads import Lead

__all__ = ["Activity", "ActivityConnection"]

_Contact = Annotated["Contact", strawberry.lazy("subgraphs.crm.schema.contacts")]
_Lead = Annotated["Lead", strawberry.lazy("subgraphs.crm.schema.leads")]


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
        return user_of(self.actor_id)

    @strawberry.field(description="The lead it is about, unless it is about a contact.")
    async def lead(self, info: Info) -> _Lead | None:
        return await lead_of(info, self.lead_id)

    @strawberry.field(description="The contact it is about, unless it is about a lead.")
    async def contact(
        self, info: Info
    ) -> Annotated["Contact", strawberry.lazy("subgraphs.crm.schema.contacts")] | None:
        return await contact_of(info, self.contact_id)


@strawberry.type(description="A page of activities.")
class ActivityConnection(CountedConnection[Activity]):
    pass
