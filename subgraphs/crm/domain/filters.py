"""What lists can be narrowed and ordered by. All values are hashable: loaders batch equal ones into one statement.

In each filter a missing part means "any"; an empty tuple means "none of them", so it matches nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from subgraphs.crm.domain.values import ActivityKind, LeadSource, LeadStatus

__all__ = [
    "ActivityFilter",
    "ActivityOrderField",
    "ContactFilter",
    "ContactOrderField",
    "LeadFilter",
    "LeadOrderField",
    "TaskFilter",
    "TaskOrderField",
]


class LeadOrderField(Enum):
    """What leads can be ordered by."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    SCORE = "score"
    VALUE = "value_minor"
    NAME = "name_key"


class ContactOrderField(Enum):
    """What contacts can be ordered by."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    NAME = "name_key"


class ActivityOrderField(Enum):
    """What activities can be ordered by."""

    OCCURS_AT = "occurs_at"
    CREATED_AT = "created_at"


class TaskOrderField(Enum):
    """What tasks can be ordered by."""

    DUE_AT = "due_at"
    CREATED_AT = "created_at"


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks; bounds as in `LeadFilter`.

    Attributes:
        completed: true for those done, false for those still to do.
        assigned: true for somebody's, false for nobody's.
    """

    completed: bool | None = None
    assigned: bool | None = None
    assignee_id: tuple[UUID, ...] | None = None
    lead_id: tuple[UUID, ...] | None = None
    contact_id: tuple[UUID, ...] | None = None
    due_from: datetime | None = None
    due_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Which leads. Lower bounds are inclusive, upper bounds of time exclusive, of numbers inclusive.

    Attributes:
        assigned: true for leads with an assignee, false for those without.
        search: words that must all occur in name, e-mail or company, whatever their case.
    """

    status: tuple[LeadStatus, ...] | None = None
    pipeline_id: tuple[UUID, ...] | None = None
    stage_id: tuple[UUID, ...] | None = None
    assignee_id: tuple[UUID, ...] | None = None
    assigned: bool | None = None
    business_id: tuple[UUID, ...] | None = None
    contact_id: tuple[UUID, ...] | None = None
    source: tuple[LeadSource, ...] | None = None
    score_min: int | None = None
    score_max: int | None = None
    value_minor_min: int | None = None
    value_minor_max: int | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """Which contacts; bounds and search as in `LeadFilter`."""

    owner_id: tuple[UUID, ...] | None = None
    business_id: tuple[UUID, ...] | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """Which activities; bounds as in `LeadFilter`.

    Attributes:
        completed: true for those done, false for those still to do.
    """

    kind: tuple[ActivityKind, ...] | None = None
    actor_id: tuple[UUID, ...] | None = None
    completed: bool | None = None
    occurs_from: datetime | None = None
    occurs_until: datetime | None = None
