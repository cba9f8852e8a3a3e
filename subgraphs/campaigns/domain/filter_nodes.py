"""What a segment's filter is made of: fields of a person, comparisons, and, or, not. And how it is written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

__all__ = [
    "FIELDS",
    "And",
    "Comparison",
    "DaysAgo",
    "FieldKind",
    "Filter",
    "Is",
    "Not",
    "OneOf",
    "Operator",
    "Or",
    "Value",
    "written",
]


class FieldKind(Enum):
    """What values a field has, and so what it can be compared with."""

    TEXT = "text"
    NUMBER = "number"
    MOMENT = "moment"


FIELDS: Final[Mapping[str, FieldKind]] = {
    "name": FieldKind.TEXT,
    "email": FieldKind.TEXT,
    "company": FieldKind.TEXT,
    "jobTitle": FieldKind.TEXT,
    "createdAt": FieldKind.MOMENT,
    "orders": FieldKind.NUMBER,
    "lastOrderAt": FieldKind.MOMENT,
    "leadStatus": FieldKind.TEXT,
    "leadStage": FieldKind.TEXT,
    "leadSource": FieldKind.TEXT,
    "leadScore": FieldKind.NUMBER,
    "leadValue": FieldKind.NUMBER,
    "leadChangedAt": FieldKind.MOMENT,
}
"""What can be asked about a person. Nothing else can, whatever is written."""


class Operator(Enum):
    """How a field is compared; the value is how it is written."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    CONTAINS = "contains"
    BEGINS = "startsWith"
    ENDS = "endsWith"


@dataclass(frozen=True, slots=True)
class DaysAgo:
    """A moment so many days before the filter is applied."""

    days: int


Value = str | int | date | DaysAgo
"""Of a text, a number, or a moment: a day stands for its beginning in UTC."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against a value. Where the field is not set it does not hold, but `!=` does."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    """A field is one of some values."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Is:
    """A field is set."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """The other way round."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class And:
    """All of at least two."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of at least two."""

    parts: tuple["Filter", ...]


Filter = Comparison | OneOf | Is | Not | And | Or


def written(node: Filter) -> str:
    """The filter as text; read again it is the same."""
    match node:
        case Comparison(field, operator, value):
            return f"{field} {operator.value} {_value(value)}"
        case OneOf(field, values):
            return f"{field} in ({', '.join(_value(value) for value in values)})"
        case Is(field):
            return f"{field} is set"
        case Not(part):
            return f"not {_inner(part, And | Or)}"
        case And(parts):
            return " and ".join(_inner(part, And | Or) for part in parts)
        case Or(parts):
            return " or ".join(_inner(part, Or) for part in parts)


def _inner(part: Filter, enclosed: object) -> str:
    text = written(part)
    return f"({text})" if isinstance(part, enclosed) else text  # type: ignore[arg-type]


def _value(value: Value) -> str:
    match value:
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case date():
            return value.isoformat()
        case DaysAgo(days):
            return f"{days} days ago"
        case _:
            return str(value)
