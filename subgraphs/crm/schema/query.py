"""Root fields that read. All need `crm:read`."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from resolvers.ids import parse_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, First, Last
from resolvers.permissions import requires
from subgraphs.crm import domain, loaders
from subgraphs.crm.repository import activities, contacts, leads, pipelines
from subgraphs.crm.schema import inputs
from subgraphs.crm.schema.activities import Activity, ActivityConnection
from subgraphs.crm.schema.contacts import Contact, ContactConnection
from subgraphs.crm.schema.csv_imports import CsvImportQuery
from subgraphs.crm.schema.leads import Lead, LeadConnection
from subgraphs.crm.schema.lists import PARTNER
from subgraphs.crm.schema.pipelines import Pipeline
from subgraphs.crm.schema.tasks import TaskQuery

__all__ = ["Query"]

READ = "crm:read"

LeadId = Annotated[strawberry.ID, strawberry.argument(description="Of the lead.")]
ContactId = Annotated[strawberry.ID, strawberry.argument(description="Of the contact.")]
PipelineId = Annotated[strawberry.ID, strawberry.argument(description="Of the pipeline.")]


@strawberry.type
class Query(CsvImportQuery, TaskQuery):
    @strawberry.federation.field(
        tags=PARTNER, description="The lead with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def lead(self, info: Info, id: LeadId) -> Lead | None:  # noqa: A002
        found = await info.context.load(loaders.lead_by_id, parse_id(id, "id"))
        return None if found is None else Lead.of(found)

    @strawberry.federation.field(
        tags=PARTNER, description="The tenant's leads, by default the newest first.", extensions=[requires(READ)]
    )
    async def leads(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: inputs.LeadFilterArgument = None,  # noqa: A002
        order_by: inputs.LeadOrderArgument = None,
    ) -> LeadConnection:
        session = info.context.session
        wanted = domain.LeadFilter() if filter is None else filter.to_domain()
        page = await leads.lead_page(session, wanted, inputs.lead_window(order_by, first, after, last, before))

        def count() -> Awaitable[int]:
            return leads.count_leads(session, wanted)

        return LeadConnection.of(page, Lead.of, count=count)

    @strawberry.federation.field(
        tags=PARTNER, description="The contact with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def contact(self, info: Info, id: ContactId) -> Contact | None:  # noqa: A002
        found = await info.context.load(loaders.contact_by_id, parse_id(id, "id"))
        return None if found is None else Contact.of(found)

    @strawberry.federation.field(
        tags=PARTNER, description="The tenant's contacts, by default by name.", extensions=[requires(READ)]
    )
    async def contacts(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: inputs.ContactFilterArgument = None,  # noqa: A002
        order_by: inputs.ContactOrderArgument = None,
    ) -> ContactConnection:
        session = info.context.session
        wanted = domain.ContactFilter() if filter is None else filter.to_domain()
        page = await contacts.contact_page(session, wanted, inputs.contact_window(order_by, first, after, last, before))

        def count() -> Awaitable[int]:
            return contacts.count_contacts(session, wanted)

        return ContactConnection.of(page, Contact.of, count=count)

    @strawberry.federation.field(
        tags=PARTNER, description="The tenant's activities, by default the latest first.", extensions=[requires(READ)]
    )
    async def activities(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: inputs.ActivityFilterArgument = None,  # noqa: A002
        order_by: inputs.ActivityOrderArgument = None,
    ) -> ActivityConnection:
        session = info.context.session
        wanted = domain.ActivityFilter() if filter is None else filter.to_domain()
        page = await activities.activity_page(
            session, wanted, inputs.activity_window(order_by, first, after, last, before)
        )

        def count() -> Awaitable[int]:
            return activities.count_activities(session, wanted)

        return ActivityConnection.of(page, Activity.of, count=count)

    @strawberry.federation.field(
        tags=PARTNER, description="The pipeline with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def pipeline(self, info: Info, id: PipelineId) -> Pipeline | None:  # noqa: A002
        found = await info.context.load(loaders.pipeline_by_id, parse_id(id, "id"))
        return None if found is None else Pipeline.of(found)

    @strawberry.federation.field(
        tags=PARTNER,
        description="All pipelines of the tenant: the default one, then by name.",
        extensions=[requires(READ)],
    )
    async def pipelines(self, info: Info) -> list[Pipeline]:
        return [Pipeline.of(pipeline) for pipeline in await pipelines.all_pipelines(info.context.session)]
