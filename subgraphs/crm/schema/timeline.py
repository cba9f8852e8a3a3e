"""What happened elsewhere, as contacts show it."""

from datetime import datetime
from typing import Self

import strawberry

from resolvers.ids import wire_id
from resolvers.pagination import Connection
from subgraphs.crm.domain.timeline import TimelineEntry as Entry
from subgraphs.crm.domain.timeline import TimelineKind

__all__ = ["TimelineConnection", "TimelineEntry"]

INTERNAL = ("internal",)

strawberry.enum(TimelineKind, description="What kind of thing happened.")


@strawberry.federation.type(
    tags=INTERNAL, description="Something that happened in another part of the platform, as it told of it."
)
class TimelineEntry:
    id: strawberry.ID = strawberry.field(description="Of the entry.")
    kind: TimelineKind = strawberry.field(description="What kind of thing happened.")
    at: datetime = strawberry.field(description="When.")
    summary: str = strawberry.field(description="In one line.")
    source: str = strawberry.field(description="The event that told of it, such as `directory.review_posted`.")
    reference: strawberry.ID = strawberry.field(description="Id of what it is about, in the context that told of it.")

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(entry.id),
            kind=entry.kind,
            at=entry.at,
            summary=entry.summary,
            source=entry.source,
            reference=strawberry.ID(entry.reference),
        )


@strawberry.federation.type(tags=INTERNAL, description="A page of a timeline.")
class TimelineConnection(Connection[TimelineEntry]):
    pass
