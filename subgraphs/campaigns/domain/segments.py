"""A segment: a named filter of people."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from subgraphs.campaigns.domain.filter_nodes import written
from subgraphs.campaigns.domain.filter_parser import parse_filter
from subgraphs.campaigns.domain.values import required_text

__all__ = ["Segment", "changed_segment", "new_segment"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A row of `campaigns.segments`, without its tenant. Its name is the tenant's only one, whatever its case.

    Attributes:
        filter: as `filter_nodes.written` writes it.
    """

    id: UUID
    name: str
    filter: str
    version: int
    created_at: datetime
    updated_at: datetime


def new_segment(segment_id: UUID, name: str, source: str, now: datetime) -> Segment:
    """A segment at version 1.

    Raises:
        InvalidValue: the name is blank or too long.
        FilterInvalid: the filter is none.
    """
    return Segment(segment_id, required_text("name", name, 200), written(parse_filter(source)), 1, now, now)


def changed_segment(segment: Segment, name: str | None, source: str | None, now: datetime) -> Segment:
    """The segment with another name, another filter, or both, one version on. Raises as `new_segment`."""
    return replace(
        segment,
        name=segment.name if name is None else required_text("name", name, 200),
        filter=segment.filter if source is None else written(parse_filter(source)),
        version=segment.version + 1,
        updated_at=now,
    )
