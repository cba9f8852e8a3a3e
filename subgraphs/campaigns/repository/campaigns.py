"""Campaigns with their variants, and segments."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from resolvers.pagination import Key, Ordering, Page, Window
from resolvers.rows import among, refusing
from resolvers.session import TenantSession
from subgraphs.campaigns.domain.campaigns import Campaign, CampaignStatus, Variant
from subgraphs.campaigns.domain.run_ends import RunOutcome
from subgraphs.campaigns.domain.segments import Segment
from subgraphs.campaigns.repository import rows
from subgraphs.campaigns.tables import campaigns, ended_runs, segments, variants

__all__ = [
    "CAMPAIGNS_NEWEST_FIRST",
    "SEGMENTS_BY_NAME",
    "add_campaign",
    "add_segment",
    "add_variant",
    "campaign_for_update",
    "campaign_of_run_for_update",
    "campaign_page",
    "change_campaign",
    "change_segment",
    "change_variant",
    "count_campaigns",
    "count_segments",
    "find_campaigns",
    "find_segments",
    "find_variants",
    "forget_outcomes",
    "keep_outcome",
    "lock_run",
    "outcome_of",
    "remove_campaign",
    "remove_segment",
    "remove_variant",
    "segment_for_update",
    "segment_page",
    "variant_for_update",
    "variants_of",
]

CAMPAIGNS_NEWEST_FIRST: Final = Ordering(
    "CREATED_AT_DESC", Key(campaigns.c.created_at, descending=True), Key(campaigns.c.id, descending=True)
)
SEGMENTS_BY_NAME: Final = Ordering("NAME", Key(segments.c.name_key), Key(segments.c.id))

_FORGOTTEN_AT_ONCE: Final = 1_000
_LOCK_RUN: Final = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
_VARIANT: Final[tuple[ColumnElement[Any], ...]] = tuple(variants.c[field.name] for field in fields(Variant))


async def find_campaigns(session: TenantSession, ids: Sequence[UUID]) -> list[Campaign | None]:
    """The campaign of each id, in their order. One statement."""
    return await rows.find(session, campaigns, Campaign, ids)


async def lock_run(session: TenantSession, run_id: UUID) -> None:
    """Until the transaction ends: who launches and who hears of the end come one after the other."""
    await session.rows(_LOCK_RUN, {"key": f"campaigns/{session.tenant_id()}/{run_id}"})


async def campaign_of_run_for_update(session: TenantSession, run_id: UUID) -> Campaign | None:
    """The campaign behind which the run stands, locked until the transaction ends."""
    row = await session.row(select(campaigns.c.id).where(campaigns.c.run_id == run_id))
    found = None if row is None else await campaign_for_update(session, row.id)
    return found if found is not None and found.run_id == run_id else None


async def keep_outcome(session: TenantSession, outcome: RunOutcome) -> None:
    """Keeps how a run has ended that stands behind nothing yet. Told again it stays as it is."""
    new = insert(ended_runs).values(
        tenant_id=session.tenant_id(), id=outcome.run_id, status=outcome.status, error_code=outcome.error_code
    )
    await session.execute(new.on_conflict_do_nothing())


async def forget_outcomes(session: TenantSession, before: datetime) -> None:
    """Forgets the ends of runs that are kept since before a moment in UTC."""
    # What another transaction forgets just now, it does.
    old = (
        select(ended_runs.c.id)
        .where(ended_runs.c.created_at < before)
        .limit(_FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await session.execute(delete(ended_runs).where(ended_runs.c.id.in_(old)))


async def outcome_of(session: TenantSession, run_id: UUID) -> RunOutcome | None:
    """How a run has ended; None if it has not."""
    row = await session.row(select(ended_runs.c.status, ended_runs.c.error_code).where(ended_runs.c.id == run_id))
    return None if row is None else RunOutcome(run_id, row.status, row.error_code)


async def campaign_page(
    session: TenantSession, statuses: Sequence[CampaignStatus] | None, window: Window
) -> Page[Campaign]:
    """A page of the tenant's campaigns. One statement."""
    return await rows.page_of(session, campaigns, Campaign, window, *_in(statuses))


async def count_campaigns(session: TenantSession, statuses: Sequence[CampaignStatus] | None) -> int:
    """How many there are."""
    return int(await session.scalar(select(func.count()).select_from(campaigns).where(*_in(statuses))))


async def campaign_for_update(session: TenantSession, campaign_id: UUID) -> Campaign | None:
    """The campaign, locked until the transaction ends."""
    return await rows.locked(session, campaigns, Campaign, campaign_id)


async def add_campaign(session: TenantSession, *new: Campaign) -> None:
    """Writes new campaigns. Raises `NameTaken`, `SegmentNotFound`."""
    await rows.insert_rows(session, campaigns, *new)


async def change_campaign(session: TenantSession, campaign: Campaign) -> None:
    """Writes a campaign that was locked. Raises as `add_campaign`."""
    await rows.update_row(session, campaigns, campaign)


async def remove_campaign(session: TenantSession, campaign_id: UUID) -> None:
    """Deletes a campaign that has no messages, with its variants."""
    await session.execute(delete(campaigns).where(campaigns.c.id == campaign_id))


async def variants_of(session: TenantSession, ids: Sequence[UUID]) -> list[tuple[Variant, ...]]:
    """The variants of each campaign, the oldest first: it is the control. One statement."""
    statement = (
        select(*_VARIANT).where(among(variants.c.campaign_id, ids)).order_by(variants.c.created_at, variants.c.id)
    )
    found: dict[UUID, list[Variant]] = {campaign_id: [] for campaign_id in ids}
    for row in await session.rows(statement):
        found[row.campaign_id].append(_variant(row))
    return [tuple(found[campaign_id]) for campaign_id in ids]


async def find_variants(session: TenantSession, ids: Sequence[UUID]) -> list[Variant | None]:
    """The variant of each id, in their order. One statement."""
    return await rows.find(session, variants, Variant, ids)


async def variant_for_update(session: TenantSession, variant_id: UUID) -> Variant | None:
    """The variant, locked until the transaction ends."""
    return await rows.locked(session, variants, Variant, variant_id)


async def add_variant(session: TenantSession, *new: Variant) -> None:
    """Writes new variants. Raises `NameTaken`."""
    await rows.insert_rows(session, variants, *new)


async def change_variant(session: TenantSession, variant: Variant) -> None:
    """Writes a variant that was locked. Raises `NameTaken`."""
    await rows.update_row(session, variants, variant)


async def remove_variant(session: TenantSession, variant_id: UUID) -> None:
    """Deletes a variant that has no messages."""
    await session.execute(delete(variants).where(variants.c.id == variant_id))


async def find_segments(session: TenantSession, ids: Sequence[UUID]) -> list[Segment | None]:
    """The segment of each id, in their order. One statement."""
    return await rows.find(session, segments, Segment, ids)


async def segment_page(session: TenantSession, window: Window) -> Page[Segment]:
    """A page of the tenant's segments. One statement."""
    return await rows.page_of(session, segments, Segment, window)


async def count_segments(session: TenantSession) -> int:
    """How many there are."""
    return int(await session.scalar(select(func.count()).select_from(segments)))


async def segment_for_update(session: TenantSession, segment_id: UUID) -> Segment | None:
    """The segment, locked until the transaction ends."""
    return await rows.locked(session, segments, Segment, segment_id)


async def add_segment(session: TenantSession, *new: Segment) -> None:
    """Writes new segments. Raises `NameTaken`."""
    await rows.insert_rows(session, segments, *new)


async def change_segment(session: TenantSession, segment: Segment) -> None:
    """Writes a segment that was locked. Raises `NameTaken`."""
    await rows.update_row(session, segments, segment)


async def remove_segment(session: TenantSession, segment_id: UUID) -> None:
    """Deletes a segment. Raises `SegmentInUse`."""
    with refusing(rows.SEGMENT_IS_USED):
        await session.execute(delete(segments).where(segments.c.id == segment_id))


def _variant(row: Row[Any]) -> Variant:
    return Variant(*row[: len(_VARIANT)])


def _in(statuses: Sequence[CampaignStatus] | None) -> list[ColumnElement[bool]]:
    return [] if statuses is None else [campaigns.c.status.in_(statuses)]
