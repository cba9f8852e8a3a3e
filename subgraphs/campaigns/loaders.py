"""Batch functions for `info.context.load`: one statement for all keys of a level of the query."""

from collections.abc import Sequence
from uuid import UUID

from resolvers.session import TenantSession
from subgraphs.campaigns.domain.campaigns import Campaign, Variant
from subgraphs.campaigns.domain.messages import Numbers
from subgraphs.campaigns.domain.segments import Segment
from subgraphs.campaigns.repository import campaigns, messages

__all__ = [
    "campaign_by_id",
    "numbers_of_campaign",
    "numbers_of_variant",
    "segment_by_id",
    "variant_by_id",
    "variants_of_campaign",
]


async def campaign_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Campaign | None]:
    """The campaign of each id, or None."""
    return await campaigns.find_campaigns(session, keys)


async def segment_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Segment | None]:
    """The segment of each id, or None."""
    return await campaigns.find_segments(session, keys)


async def variant_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Variant | None]:
    """The variant of each id, or None."""
    return await campaigns.find_variants(session, keys)


async def variants_of_campaign(session: TenantSession, keys: list[UUID]) -> Sequence[tuple[Variant, ...]]:
    """The variants of each campaign, the oldest first."""
    return await campaigns.variants_of(session, keys)


async def numbers_of_campaign(session: TenantSession, keys: list[UUID]) -> Sequence[Numbers]:
    """The numbers of each campaign. Two statements."""
    return await messages.numbers_of_campaigns(session, keys)


async def numbers_of_variant(session: TenantSession, keys: list[UUID]) -> Sequence[Numbers]:
    """The numbers of each variant. Two statements."""
    return await messages.numbers_of_variants(session, keys)
