"""A person that campaigns can reach: a contact of crm, as crm tells of it, and whether a filter holds for one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from subgraphs.campaigns.domain.filter_nodes import (
    And,
    Comparison,
    DaysAgo,
    Filter,
    Is,
    Not,
    OneOf,
    Operator,
    Or,
    Value,
)

__all__ = ["LeadFacts", "Person", "holds", "moment_of"]


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """A lead of crm, as crm tells of it.

    Attributes:
        status: open, won or lost.
        stage: its name.
        value: what it is worth, in whatever currency.
    """

    id: UUID
    contact_id: UUID | None
    status: str
    stage: str
    source: str
    score: int
    value: Decimal
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """What is known about somebody.

    Attributes:
        id: of the contact in crm.
        orders: how many they have placed in the tenant's shop, by their e-mail address.
        lead_status and so on: of their newest lead.
    """

    id: UUID
    name: str
    email: str | None
    company: str | None
    job_title: str | None
    created_at: datetime
    orders: int = 0
    last_order_at: datetime | None = None
    lead_status: str | None = None
    lead_stage: str | None = None
    lead_source: str | None = None
    lead_score: int | None = None
    lead_value: Decimal | None = None
    lead_changed_at: datetime | None = None


def moment_of(value: date | DaysAgo, now: datetime) -> datetime:
    """The moment that a value stands for. A day is its beginning in UTC."""
    if isinstance(value, DaysAgo):
        return now - timedelta(days=value.days)
    return datetime.combine(value, time(), UTC)


def holds(node: Filter, person: Person, now: datetime) -> bool:
    """Whether the filter holds for somebody: what a filter means; the database is asked the same in SQL."""
    match node:
        case And(parts):
            return all(holds(part, person, now) for part in parts)
        case Or(parts):
            return any(holds(part, person, now) for part in parts)
        case Not(part):
            return not holds(part, person, now)
        case Is(field):
            return _of(person, field) is not None
        case OneOf(field, values):
            return any(_compare(_of(person, field), Operator.EQUAL, value, now) for value in values)
        case Comparison(field, operator, value):
            return _compare(_of(person, field), operator, value, now)


_Own = str | int | Decimal | datetime | None


def _of(person: Person, field: str) -> _Own:
    found: _Own = getattr(person, re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", field))
    return found


def _compare(own: _Own, operator: Operator, value: Value, now: datetime) -> bool:
    if own is None:
        return operator is Operator.UNEQUAL
    left: object = own.lower() if isinstance(own, str) else own
    right: object = moment_of(value, now) if isinstance(value, date | DaysAgo) else value
    if isinstance(right, str):
        right = right.lower()
    return bool(_MEANINGS[operator](left, right))


_MEANINGS: Final[dict[Operator, Callable[[Any, Any], bool]]] = {
    Operator.EQUAL: lambda left, right: left == right,
    Operator.UNEQUAL: lambda left, right: left != right,
    Operator.LESS: lambda left, right: left < right,
    Operator.AT_MOST: lambda left, right: left <= right,
    Operator.MORE: lambda left, right: left > right,
    Operator.AT_LEAST: lambda left, right: left >= right,
    Operator.CONTAINS: lambda left, right: right in left,
    Operator.BEGINS: lambda left, right: left.startswith(right),
    Operator.ENDS: lambda left, right: left.endswith(right),
}
