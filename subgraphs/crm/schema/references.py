"""What crm adds to types of other contexts: `Account` and `Business`."""

from uuid import UUID

import strawberry

from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, First, Last
from subgraphs.crm import loaders
from subgraphs.crm.schema import inputs
from subgraphs.crm.schema.lists import (
    LEADS_BY,
    PARTNER,
    Leads,
    leads_of,
)

__all__ = ["Account", "Business", "business_of", "user_of"]


@strawberry.federation.type(name="Account", keys=["id"], description="A user; crm adds what is assigned to them.")
class Account:
    id: strawberry.ID = strawberry.field(description="Of the user, from identity.")

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "Account":  # noqa: A002 - the key field's name
        return cls(id=wire_id(parse_id(id, "id")))

    @strawberry.federation.field(tags=PARTNER, description=LEADS_BY.format("assigned to the user"))
    async def assigned_leads(
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
        return await leads_of(info, "assignee_id", UUID(self.id), filter, window)

    @strawberry.field(description="How many open leads are assigned to the user.")
    async def open_lead_count(self, info: Info) -> int:
        return await info.context.load(loaders.open_lead_counts, UUID(self.id))


@strawberry.federation.type(name="Business", keys=["id"], description="A business; crm adds the leads about it.")
class Business:
    id: strawberry.ID = strawberry.field(description="Of the business, from directory.")

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "Business":  # noqa: A002 - the key field's name
        return cls(id=wire_id(parse_id(id, "id")))

    @strawberry.federation.field(tags=PARTNER, description=LEADS_BY.format("about the business"))
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
        return await leads_of(info, "business_id", UUID(self.id), filter, window)


def user_of(user_id: UUID | None) -> Account | None:
    return None if user_id is None else Account(id=wire_id(user_id))


def business_of(business_id: UUID | None) -> Business | None:
    return None if business_id is None else Business(id=wire_id(business_id))
