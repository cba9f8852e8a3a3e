"""Arguments of lists: filters, orders, windows. Each input turns itself into what the domain and the kit know."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry

from resolvers.ids import parse_id
from resolvers.pagination import Ordering, Window
from subgraphs.crm import domain
from subgraphs.crm.domain import (
    ActivityKind,
    ActivityOrderField,
    ContactOrderField,
    LeadOrderField,
    LeadSource,
    LeadStatus,
)
from subgraphs.crm.domain.errors import InvalidValue
from subgraphs.crm.domain.values import checked_moment, checked_score, checked_value_minor, storable_text
from subgraphs.crm.repository.activities import ACTIVITY_ORDERINGS
from subgraphs.crm.repository.contacts import CONTACT_ORDERINGS
from subgraphs.crm.repository.leads import LEAD_ORDERINGS

__all__ = [
    "ActivityFilter",
    "ActivityFilterArgument",
    "ActivityOrder",
    "ActivityOrderArgument",
    "ContactFilter",
    "ContactFilterArgument",
    "ContactOrder",
    "ContactOrderArgument",
    "DateTimeRange",
    "IntRange",
    "LeadFilter",
    "LeadFilterArgument",
    "LeadOrder",
    "LeadOrderArgument",
    "OrderDirection",
    "activity_window",
    "contact_window",
    "ids_of",
    "lead_window",
]

for _enumeration, _description in (
    (ActivityKind, "What was done, or is to be done."),
    (ActivityOrderField, "What activities can be ordered by."),
    (ContactOrderField, "What contacts can be ordered by."),
    (LeadOrderField, "What leads can be ordered by."),
    (LeadSource, "How a lead came to us."),
    (LeadStatus, "Where a lead stands; always that of its stage."),
):
    strawberry.enum(_enumeration, description=_description)


@strawberry.enum(description="Which end of an order comes first.")
class OrderDirection(Enum):
    ASC = "asc"
    DESC = "desc"


@strawberry.input(description="Whole numbers from min to max, both included.")
class IntRange:
    min: int | None = strawberry.field(default=None, description="Lower bound, included.")
    max: int | None = strawberry.field(default=None, description="Upper bound, included.")

    def bounds(self, field: str, check: Callable[[str, int], int]) -> tuple[int | None, int | None]:
        """Both bounds, checked."""
        return (
            None if self.min is None else check(field, self.min),
            None if self.max is None else check(field, self.max),
        )


@strawberry.input(description="Moments from the first on, up to but without the second.")
class DateTimeRange:
    since: datetime | None = strawberry.field(default=None, description="Lower bound, included.")
    until: datetime | None = strawberry.field(default=None, description="Upper bound, excluded.")

    def bounds(self, field: str) -> tuple[datetime | None, datetime | None]:
        """Both bounds in UTC."""
        return (
            None if self.since is None else checked_moment(field, self.since),
            None if self.until is None else checked_moment(field, self.until),
        )


@strawberry.input(description="Which leads; what is left out does not matter, an empty list matches nothing.")
class LeadFilter:
    status: list[LeadStatus] | None = strawberry.field(default=None, description="One of these.")
    pipeline_id: list[strawberry.ID] | None = strawberry.field(default=None, description="In one of these pipelines.")
    stage_id: list[strawberry.ID] | None = strawberry.field(default=None, description="In one of these stages.")
    assignee_id: list[strawberry.ID] | None = strawberry.field(default=None, description="Of one of these users.")
    assigned: bool | None = strawberry.field(default=None, description="Whether anyone is assigned.")
    business_id: list[strawberry.ID] | None = strawberry.field(default=None, description="About one of these.")
    contact_id: list[strawberry.ID] | None = strawberry.field(default=None, description="With one of these contacts.")
    source: list[LeadSource] | None = strawberry.field(default=None, description="From one of these sources.")
    score: IntRange | None = strawberry.field(default=None, description="Score in this range.")
    value_minor: IntRange | None = strawberry.field(default=None, description="Value in this range, in minor units.")
    created_at: DateTimeRange | None = strawberry.field(default=None, description="Created in this time.")
    search: str | None = strawberry.field(
        default=None, description="Words that all occur in name, e-mail or company, in any case."
    )

    def to_domain(self) -> domain.LeadFilter:
        """The filter as the domain knows it.

        Raises:
            BadUserInput: an id is none, or a bound is out of range.
        """
        score = self.score.bounds("score", checked_score) if self.score else (None, None)
        value = self.value_minor.bounds("valueMinor", checked_value_minor) if self.value_minor else (None, None)
        created = self.created_at.bounds("createdAt") if self.created_at else (None, None)
        return domain.LeadFilter(
            status=_tuple(self.status),
            pipeline_id=ids_of(self.pipeline_id, "pipelineId"),
            stage_id=ids_of(self.stage_id, "stageId"),
            assignee_id=ids_of(self.assignee_id, "assigneeId"),
            assigned=self.assigned,
            business_id=ids_of(self.business_id, "businessId"),
            contact_id=ids_of(self.contact_id, "contactId"),
            source=_tuple(self.source),
            score_min=score[0],
            score_max=score[1],
            value_minor_min=value[0],
            value_minor_max=value[1],
            created_from=created[0],
            created_until=created[1],
            search=_search(self.search),
        )


@strawberry.input(description="Which contacts; what is left out does not matter, an empty list matches nothing.")
class ContactFilter:
    owner_id: list[strawberry.ID] | None = strawberry.field(default=None, description="Of one of these users.")
    business_id: list[strawberry.ID] | None = strawberry.field(default=None, description="At one of these businesses.")
    created_at: DateTimeRange | None = strawberry.field(default=None, description="Created in this time.")
    search: str | None = strawberry.field(
        default=None, description="Words that all occur in name, e-mail or company, in any case."
    )

    def to_domain(self) -> domain.ContactFilter:
        """The filter as the domain knows it. Raises as `LeadFilter.to_domain`."""
        created = self.created_at.bounds("createdAt") if self.created_at else (None, None)
        return domain.ContactFilter(
            owner_id=ids_of(self.owner_id, "ownerId"),
            business_id=ids_of(self.business_id, "businessId"),
            created_from=created[0],
            created_until=created[1],
            search=_search(self.search),
        )


@strawberry.input(description="Which activities; what is left out does not matter, an empty list matches nothing.")
class ActivityFilter:
    kind: list[ActivityKind] | None = strawberry.field(default=None, description="Of one of these kinds.")
    actor_id: list[strawberry.ID] | None = strawberry.field(default=None, description="Of one of these users.")
    completed: bool | None = strawberry.field(default=None, description="Done, or still to do.")
    occurs_at: DateTimeRange | None = strawberry.field(default=None, description="Took place, or due, in this time.")

    def to_domain(self) -> domain.ActivityFilter:
        """The filter as the domain knows it. Raises as `LeadFilter.to_domain`."""
        occurs = self.occurs_at.bounds("occursAt") if self.occurs_at else (None, None)
        return domain.ActivityFilter(
            kind=_tuple(self.kind),
            actor_id=ids_of(self.actor_id, "actorId"),
            completed=self.completed,
            occurs_from=occurs[0],
            occurs_until=occurs[1],
        )


@strawberry.input(description="The order of leads. Ties are broken by id.")
class LeadOrder:
    field: LeadOrderField = strawberry.field(description="What to order by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Ascending by default.")


@strawberry.input(description="The order of contacts. Ties are broken by id.")
class ContactOrder:
    field: ContactOrderField = strawberry.field(description="What to order by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Ascending by default.")


@strawberry.input(description="The order of activities. Ties are broken by id.")
class ActivityOrder:
    field: ActivityOrderField = strawberry.field(description="What to order by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Ascending by default.")


LeadFilterArgument = Annotated[LeadFilter | None, strawberry.argument(description="Only leads that match all of it.")]
LeadOrderArgument = Annotated[LeadOrder | None, strawberry.argument(description="By default the newest first.")]
ContactFilterArgument = Annotated[
    ContactFilter | None, strawberry.argument(description="Only contacts that match all of it.")
]
ContactOrderArgument = Annotated[ContactOrder | None, strawberry.argument(description="By default by name.")]
ActivityFilterArgument = Annotated[
    ActivityFilter | None, strawberry.argument(description="Only activities that match all of it.")
]
ActivityOrderArgument = Annotated[ActivityOrder | None, strawberry.argument(description="By default the latest first.")]


def lead_window(
    order: LeadOrder | None, first: int | None, after: str | None, last: int | None, before: str | None
) -> Window:
    """The part of a list of leads that is asked for.

    Raises:
        BadUserInput: the numbers or cursors make no window.
    """
    ordering = _ordering(LEAD_ORDERINGS, order, (LeadOrderField.CREATED_AT, OrderDirection.DESC))
    return Window.of(ordering, first=first, after=after, last=last, before=before)


def contact_window(
    order: ContactOrder | None, first: int | None, after: str | None, last: int | None, before: str | None
) -> Window:
    """As `lead_window`, of contacts."""
    ordering = _ordering(CONTACT_ORDERINGS, order, (ContactOrderField.NAME, OrderDirection.ASC))
    return Window.of(ordering, first=first, after=after, last=last, before=before)


def activity_window(
    order: ActivityOrder | None, first: int | None, after: str | None, last: int | None, before: str | None
) -> Window:
    """As `lead_window`, of activities."""
    ordering = _ordering(ACTIVITY_ORDERINGS, order, (ActivityOrderField.OCCURS_AT, OrderDirection.DESC))
    return Window.of(ordering, first=first, after=after, last=last, before=before)


def _ordering(
    orderings: Mapping[tuple[Any, bool], Ordering],
    order: LeadOrder | ContactOrder | ActivityOrder | None,
    default: tuple[Any, OrderDirection],
) -> Ordering:
    field, direction = default if order is None else (order.field, order.direction)
    return orderings[field, direction is OrderDirection.DESC]


def _tuple(values: list[Any] | None) -> tuple[Any, ...] | None:
    # Without repetitions: equal filters are one batch, and a list of enumeration values stays short.
    return None if values is None else tuple(dict.fromkeys(values))


def ids_of(values: list[strawberry.ID] | None, field: str) -> tuple[UUID, ...] | None:
    """The ids in `filter.<field>`.

    Raises:
        BadUserInput: one is no UUID.
    """
    return None if values is None else tuple(parse_id(value, "filter", field) for value in values)


def _search(text: str | None) -> str | None:
    if text is not None and len(text) > 200:
        raise InvalidValue("search", "must have at most 200 characters")
    return None if text is None else storable_text("search", text)
