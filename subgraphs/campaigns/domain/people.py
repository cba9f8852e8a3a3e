"""A person that campaigns can reach: a contact of crm, as crm tells of it, and whether a filter holds for one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
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

__all__ = ["Person", "holds", "moment_of"]


@dataclass(frozen=True, slots=True)
class Person:
    """What is known about somebody.

    Attributes:
        id: of the contact in crm.
        orders: how many they have placed in the tenant's shop, by their e-mail address.
    """

    id: UUID
    name: str
    email: str | None
    company: str | None
    job_title: str | None
    created_at: datetime
    orders: int = 0
    last_order_at: datetime | None = None


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


def _of(person: Person, field: str) -> str | int | datetime | None:
    found: str | int | datetime | None = getattr(person, _ATTRIBUTES.get(field, field))
    return found


_ATTRIBUTES = {"jobTitle": "job_title", "createdAt": "created_at", "lastOrderAt": "last_order_at"}


def _compare(own: str | int | datetime | None, operator: Operator, value: Value, now: datetime) -> bool:
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
