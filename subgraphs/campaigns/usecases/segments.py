"""Segments: made, changed, deleted; a filter tried."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from resolvers.errors import check_version
from resolvers.session import TenantSession
from subgraphs.campaigns.domain import segments as rules
from subgraphs.campaigns.domain.errors import FilterInvalid, SegmentNotFound
from subgraphs.campaigns.domain.filter_nodes import written
from subgraphs.campaigns.domain.filter_parser import parse_filter
from subgraphs.campaigns.domain.segments import Segment
from subgraphs.campaigns.repository import campaigns, people

__all__ = ["FilterCheck", "change_segment", "check_filter", "create_segment", "delete_segment"]


@dataclass(frozen=True, slots=True)
class FilterCheck:
    """What a text is as a filter.

    Attributes:
        canonical: as it would be kept; None if it is none.
        people: how many it finds.
        problem: why it is none.
    """

    canonical: str | None
    people: int | None
    problem: FilterInvalid | None


async def check_filter(session: TenantSession, source: str) -> FilterCheck:
    """What a text is as a filter."""
    try:
        wanted = parse_filter(source)
    except FilterInvalid as error:
        return FilterCheck(None, None, error)
    return FilterCheck(written(wanted), await people.count_people(session, wanted, datetime.now(UTC)), None)


async def create_segment(session: TenantSession, name: str, source: str) -> Segment:
    """A new segment."""
    segment = rules.new_segment(uuid4(), name, source, datetime.now(UTC))
    await campaigns.add_segment(session, segment)
    return segment


async def change_segment(
    session: TenantSession, segment_id: UUID, name: str | None, source: str | None, expected_version: int | None
) -> Segment:
    """The segment with another name, another filter, or both. Campaigns that are scheduled keep their recipients."""
    segment = await _locked(session, segment_id, expected_version)
    changed = rules.changed_segment(segment, name, source, datetime.now(UTC))
    await campaigns.change_segment(session, changed)
    return changed


async def delete_segment(session: TenantSession, segment_id: UUID, expected_version: int | None) -> None:
    """Deletes a segment that no campaign refers to."""
    await _locked(session, segment_id, expected_version)
    await campaigns.remove_segment(session, segment_id)


async def _locked(session: TenantSession, segment_id: UUID, expected_version: int | None) -> Segment:
    segment = await campaigns.segment_for_update(session, segment_id)
    if segment is None:
        raise SegmentNotFound
    check_version(segment.version, expected_version)
    return segment
