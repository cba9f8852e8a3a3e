"""What campaigns shows. Everything that costs a statement is a resolver that loads through `info.context`."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from resolvers.agent_fields import AgentRun
from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import Connection, CountedConnection, Window
from subgraphs.campaigns import loaders
from subgraphs.campaigns.domain import campaigns as rules
from subgraphs.campaigns.domain import messages as sent
from subgraphs.campaigns.domain import segments
from subgraphs.campaigns.domain.campaigns import CampaignChannel, CampaignStatus
from subgraphs.campaigns.domain.filter_parser import parse_filter
from subgraphs.campaigns.domain.messages import MessageStatus
from subgraphs.campaigns.domain.people import Person
from subgraphs.campaigns.repository import messages, people
from subgraphs.campaigns.schema.metrics import CampaignMetrics, VariantComparison, comparisons

__all__ = [
    "Campaign",
    "CampaignConnection",
    "CampaignVariant",
    "Contact",
    "MessageConnection",
    "Segment",
    "SegmentConnection",
]

INTERNAL = ("internal",)

strawberry.enum(CampaignStatus, description="How far a campaign is.")
strawberry.enum(CampaignChannel, description="By what a campaign reaches people.")
strawberry.enum(
    MessageStatus,
    name="CampaignMessageStatus",
    description="What became of a message. CLAIMED: a worker has it. UNKNOWN: a worker was stopped over it; it may "
    "have been sent, and is not sent again. SKIPPED: unsubscribed, deleted or cancelled before it was sent.",
)


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("id"), resolvable=False)], description="A person the tenant knows."
)
class Contact:
    id: strawberry.ID = strawberry.field(description="Of the contact.")


@strawberry.federation.type(tags=INTERNAL, description="Somebody whom a segment finds.")
class SegmentPerson:
    contact: Contact = strawberry.field(description="Who it is in crm.")
    name: str = strawberry.field(description="As crm has told it.")
    email: str | None = strawberry.field(description="As crm has told it.")
    company: str | None = strawberry.field(description="As crm has told it.")
    job_title: str | None = strawberry.field(description="As crm has told it.")
    orders: int = strawberry.field(description="How many orders with this e-mail address there are.")
    last_order_at: datetime | None = strawberry.field(description="When the last one was placed.")

    @classmethod
    def of(cls, person: Person) -> Self:
        """As the domain has it."""
        return cls(
            contact=Contact(id=wire_id(person.id)),
            name=person.name,
            email=person.email,
            company=person.company,
            job_title=person.job_title,
            orders=person.orders,
            last_order_at=person.last_order_at,
        )


@strawberry.federation.type(tags=INTERNAL, description="A page of people.")
class SegmentPersonConnection(CountedConnection[SegmentPerson]):
    pass


@strawberry.federation.type(keys=["id"], tags=INTERNAL, description="A named filter of people.")
class Segment:
    id: strawberry.ID = strawberry.field(description="Of the segment.")
    name: str = strawberry.field(description="Unique in the tenant, whatever its case.")
    filter: str = strawberry.field(description="In the language of filters, in its one way of writing.")
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def of(cls, segment: segments.Segment) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(segment.id),
            name=segment.name,
            filter=segment.filter,
            version=segment.version,
            created_at=segment.created_at,
            updated_at=segment.updated_at,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Segment | None":
        found = await info.context.load(loaders.segment_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)


@strawberry.federation.type(tags=INTERNAL, description="A message as somebody gets it.")
class MessagePreview:
    subject: str | None = strawberry.field(description="Filled in.")
    text: str = strawberry.field(description="Filled in. Its unsubscribing link leads to nobody's message.")


@strawberry.federation.type(tags=INTERNAL, description="One of the texts between which a campaign is split.")
class CampaignVariant:
    id: strawberry.ID = strawberry.field(description="Of the variant.")
    name: str = strawberry.field(description="Unique in the campaign, whatever its case.")
    subject: str | None = strawberry.field(description="A template; of an e-mail.")
    body: str = strawberry.field(description="A template.")
    weight: int = strawberry.field(description="Its share of the recipients, against the sum of all weights.")
    variant: strawberry.Private[rules.Variant]

    @classmethod
    def of(cls, variant: rules.Variant) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(variant.id),
            name=variant.name,
            subject=variant.subject,
            body=variant.body,
            weight=variant.weight,
            variant=variant,
        )

    @strawberry.field(description="What came of its messages.")
    async def metrics(self, info: Info) -> CampaignMetrics:
        return CampaignMetrics.of(await info.context.load(loaders.numbers_of_variant, self.variant.id))


@strawberry.federation.type(tags=INTERNAL, description="A campaign's message to one person.")
class CampaignMessage:
    id: strawberry.ID = strawberry.field(description="Of the message.")
    contact: Contact = strawberry.field(description="Whom it is for.")
    status: MessageStatus = strawberry.field(description="What became of it.")
    reference: str | None = strawberry.field(description="What the provider calls it.")
    failure: str | None = strawberry.field(description="Code of why it was not sent.")
    sent_at: datetime | None = strawberry.field(description="When the provider took it.")
    variant_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, message: sent.Message) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(message.id),
            contact=Contact(id=wire_id(message.contact_id)),
            status=message.status,
            reference=message.reference,
            failure=message.failure,
            sent_at=message.sent_at,
            variant_id=message.variant_id,
        )

    @strawberry.field(description="Which text it has.")
    async def variant(self, info: Info) -> CampaignVariant:
        found = await info.context.load(loaders.variant_by_id, self.variant_id)
        assert found is not None
        return CampaignVariant.of(found)


@strawberry.federation.type(tags=INTERNAL, description="A page of messages.")
class MessageConnection(Connection[CampaignMessage]):
    pass


@strawberry.federation.type(tags=INTERNAL, description="A page of segments.")
class SegmentConnection(CountedConnection[Segment]):
    pass


@strawberry.federation.type(
    keys=["id"], tags=INTERNAL, description="A message to the people of a segment, at a moment, over a channel."
)
class Campaign:
    id: strawberry.ID = strawberry.field(description="Of the campaign.")
    name: str = strawberry.field(description="Unique in the tenant, whatever its case.")
    status: CampaignStatus = strawberry.field(description="How far it is.")
    channel: CampaignChannel = strawberry.field(description="By what it reaches people.")
    sender: str | None = strawberry.field(description="From which address or number it is sent.")
    unsubscribe_url: str | None = strawberry.field(description="The tenant's page by which people unsubscribe.")
    send_at: datetime | None = strawberry.field(description="When it is sent; null is as soon as it is approved.")
    time_zone: str = strawberry.field(description="By whose clocks that was said.")
    conversion_days: int = strawberry.field(description="For how many days after it an order counts as its doing.")
    recipients: int | None = strawberry.field(description="How many messages there are, once it is scheduled.")
    failure_code: str | None = strawberry.field(description="Why it FAILED, for programs.")
    failure: str | None = strawberry.field(description="Why it FAILED, for people.")
    started_at: datetime | None = strawberry.field(description="When sending began.")
    finished_at: datetime | None = strawberry.field(
        description="When the last message was dealt with, or it was cancelled."
    )
    version: int = strawberry.field(
        description="Counts changes of what is sent, to whom and when; for expectedVersion."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    campaign: strawberry.Private[rules.Campaign]

    @classmethod
    def of(cls, campaign: rules.Campaign) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(campaign.id),
            name=campaign.name,
            status=campaign.status,
            channel=campaign.channel,
            sender=campaign.sender,
            unsubscribe_url=campaign.unsubscribe_url,
            send_at=campaign.send_at,
            time_zone=campaign.time_zone,
            conversion_days=campaign.conversion_days,
            recipients=campaign.recipients,
            failure_code=campaign.failure_code,
            failure=campaign.failure,
            started_at=campaign.started_at,
            finished_at=campaign.finished_at,
            version=campaign.version,
            created_at=campaign.created_at,
            updated_at=campaign.updated_at,
            campaign=campaign,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Campaign | None":
        found = await info.context.load(loaders.campaign_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)

    @strawberry.field(description="When it is sent by the clocks of its time zone, such as 2026-12-24T09:00:00.")
    def local_time(self) -> str | None:
        if self.send_at is None:
            return None
        return self.send_at.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None).isoformat()

    @strawberry.field(description="Whom it is for.")
    async def segment(self, info: Info) -> Segment | None:
        if self.campaign.segment_id is None:
            return None
        found = await info.context.load(loaders.segment_by_id, self.campaign.segment_id)
        return None if found is None else Segment.of(found)

    @strawberry.field(description="Its texts, the control first; 5 at most.")
    async def variants(self, info: Info) -> list[CampaignVariant]:
        return [
            CampaignVariant.of(each) for each in await info.context.load(loaders.variants_of_campaign, self.campaign.id)
        ]

    @strawberry.field(description="The run that it was launched with.")
    def run(self) -> AgentRun | None:
        return None if self.campaign.run_id is None else AgentRun(id=wire_id(self.campaign.run_id))

    @strawberry.field(description="What came of it.")
    async def metrics(self, info: Info) -> CampaignMetrics:
        return CampaignMetrics.of(await info.context.load(loaders.numbers_of_campaign, self.campaign.id))

    @strawberry.field(description="Each variant but the first against the first.")
    async def comparisons(self, info: Info) -> list[VariantComparison]:
        variants = await info.context.load(loaders.variants_of_campaign, self.campaign.id)
        numbers = [await info.context.load(loaders.numbers_of_variant, each.id) for each in variants]
        return comparisons(variants, numbers)


@strawberry.federation.type(tags=INTERNAL, description="A page of campaigns.")
class CampaignConnection(CountedConnection[Campaign]):
    pass


async def people_of(
    info: Info, source: str, first: int | None, after: str | None, last: int | None, before: str | None
) -> SegmentPersonConnection:
    """A page of those whom a filter finds now."""
    session, wanted, now = info.context.session, parse_filter(source), datetime.now(UTC)
    window = Window.of(people.PEOPLE_BY_NAME, first=first, after=after, last=last, before=before)
    page = await people.people_page(session, wanted, now, window)

    def count() -> Awaitable[int]:
        return people.count_people(session, wanted, now)

    return SegmentPersonConnection.of(page, SegmentPerson.of, count=count)


async def messages_of(
    info: Info, campaign_id: UUID, first: int | None, after: str | None, last: int | None, before: str | None
) -> MessageConnection:
    """A page of a campaign's messages."""
    window = Window.of(messages.MESSAGES_OLDEST_FIRST, first=first, after=after, last=last, before=before)
    return MessageConnection.of(
        await messages.message_page(info.context.session, campaign_id, window), CampaignMessage.of
    )
