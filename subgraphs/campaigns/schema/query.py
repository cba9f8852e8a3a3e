"""Root fields that read. All need `campaigns:read`."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from resolvers.ids import parse_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, First, Last, Window
from resolvers.permissions import requires
from subgraphs.campaigns import loaders
from subgraphs.campaigns.domain.campaigns import CampaignStatus
from subgraphs.campaigns.domain.errors import CampaignNotFound, SegmentNotFound, VariantNotFound
from subgraphs.campaigns.repository import campaigns
from subgraphs.campaigns.schema.types import (
    INTERNAL,
    Campaign,
    CampaignConnection,
    MessageConnection,
    MessagePreview,
    Segment,
    SegmentConnection,
    SegmentPersonConnection,
    messages_of,
    people_of,
)
from subgraphs.campaigns.usecases import segments, sending

__all__ = ["READ", "Query"]

READ = "campaigns:read"

CampaignId = Annotated[strawberry.ID, strawberry.argument(description="Of the campaign.")]
SegmentId = Annotated[strawberry.ID, strawberry.argument(description="Of the segment.")]
VariantId = Annotated[strawberry.ID, strawberry.argument(description="Of the variant.")]
Filter = Annotated[str, strawberry.argument(description="In the language of filters.")]
Statuses = Annotated[list[CampaignStatus] | None, strawberry.argument(description="Only those; null: all.")]


@strawberry.federation.type(tags=INTERNAL, description="Why a text is no filter.")
class FilterProblem:
    code: str = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="What is wrong, and what would be right there.")
    line: int = strawberry.field(description="In the text, from 1.")
    column: int = strawberry.field(description="In the line, in characters from 1.")


@strawberry.federation.type(tags=INTERNAL, description="What a text is as a filter.")
class FilterCheck:
    canonical: str | None = strawberry.field(description="As a segment keeps it; null if it is none.")
    people: int | None = strawberry.field(description="How many it finds now; null if it is none.")
    problem: FilterProblem | None = strawberry.field(description="Why it is none.")


@strawberry.federation.type(tags=INTERNAL, description="Whom a campaign would be sent to now.")
class CampaignAudience:
    campaign: Campaign = strawberry.field(description="Of which.")
    filter: str = strawberry.field(description="Of its segment.")
    people: int = strawberry.field(description="Whom it finds.")
    reachable: int = strawberry.field(description="Of them, who have an address and do not object; at most 10,001.")


@strawberry.type
class Query:
    @strawberry.federation.field(
        tags=INTERNAL, description="The campaign with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def campaign(self, info: Info, id: CampaignId) -> Campaign | None:
        found = await info.context.load(loaders.campaign_by_id, parse_id(id, "id"))
        return None if found is None else Campaign.of(found)

    @strawberry.federation.field(
        tags=INTERNAL, description="The tenant's campaigns, the newest first.", extensions=[requires(READ)]
    )
    async def campaigns(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        statuses: Statuses = None,
    ) -> CampaignConnection:
        session = info.context.session
        window = Window.of(campaigns.CAMPAIGNS_NEWEST_FIRST, first=first, after=after, last=last, before=before)
        page = await campaigns.campaign_page(session, statuses, window)

        def count() -> Awaitable[int]:
            return campaigns.count_campaigns(session, statuses)

        return CampaignConnection.of(page, Campaign.of, count=count)

    @strawberry.federation.field(
        tags=INTERNAL, description="A campaign's messages, the oldest first.", extensions=[requires(READ)]
    )
    async def campaign_messages(
        self,
        info: Info,
        campaign_id: CampaignId,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> MessageConnection:
        return await messages_of(info, parse_id(campaign_id, "campaignId"), first, after, last, before)

    @strawberry.federation.field(
        tags=INTERNAL,
        description="Whom a campaign would be sent to now; null without a segment.",
        extensions=[requires(READ)],
    )
    async def campaign_audience(self, info: Info, campaign_id: CampaignId) -> CampaignAudience | None:
        campaign = await info.context.load(loaders.campaign_by_id, parse_id(campaign_id, "campaignId"))
        if campaign is None:
            raise CampaignNotFound
        if campaign.segment_id is None:
            return None
        segment, found, reachable = await sending.audience(info.context.session, campaign)
        return CampaignAudience(
            campaign=Campaign.of(campaign), filter=segment.filter, people=found, reachable=reachable
        )

    @strawberry.federation.field(
        tags=INTERNAL,
        description="A variant as the first of the campaign's segment would get it; null if it finds nobody.",
        extensions=[requires(READ)],
    )
    async def campaign_preview(self, info: Info, variant_id: VariantId) -> MessagePreview | None:
        variant = await info.context.load(loaders.variant_by_id, parse_id(variant_id, "variantId"))
        if variant is None:
            raise VariantNotFound
        campaign = await info.context.load(loaders.campaign_by_id, variant.campaign_id)
        if campaign is None:
            raise CampaignNotFound
        found = await sending.preview(info.context.session, campaign, variant)
        return None if found is None else MessagePreview(subject=found.subject, text=found.text)

    @strawberry.federation.field(
        tags=INTERNAL, description="The segment with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def segment(self, info: Info, id: SegmentId) -> Segment | None:
        found = await info.context.load(loaders.segment_by_id, parse_id(id, "id"))
        return None if found is None else Segment.of(found)

    @strawberry.federation.field(
        tags=INTERNAL, description="The tenant's segments, by name.", extensions=[requires(READ)]
    )
    async def segments(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> SegmentConnection:
        session = info.context.session
        window = Window.of(campaigns.SEGMENTS_BY_NAME, first=first, after=after, last=last, before=before)
        page = await campaigns.segment_page(session, window)

        def count() -> Awaitable[int]:
            return campaigns.count_segments(session)

        return SegmentConnection.of(page, Segment.of, count=count)

    @strawberry.federation.field(
        tags=INTERNAL, description="Whom a segment finds now, by name.", extensions=[requires(READ)]
    )
    async def segment_people(
        self,
        info: Info,
        segment_id: SegmentId,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> SegmentPersonConnection:
        found = await info.context.load(loaders.segment_by_id, parse_id(segment_id, "segmentId"))
        if found is None:
            raise SegmentNotFound
        return await people_of(info, found.filter, first, after, last, before)

    @strawberry.federation.field(
        tags=INTERNAL, description="What a text is as a filter, and how many it finds.", extensions=[requires(READ)]
    )
    async def check_filter(self, info: Info, filter: Filter) -> FilterCheck:
        found = await segments.check_filter(info.context.session, filter)
        problem = None
        if found.problem is not None:
            error = found.problem
            problem = FilterProblem(code=error.code, message=error.message, line=error.line, column=error.column)
        return FilterCheck(canonical=found.canonical, people=found.people, problem=problem)
