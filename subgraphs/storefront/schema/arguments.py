"""Arguments and scalars that several fields share."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Annotated, Any, NewType

import strawberry
from graphql import GraphQLError

from resolvers.errors import BadUserInput
from resolvers.operation import Info
from subgraphs.storefront.domain.moderation import Moderation, Reader

__all__ = [
    "READ",
    "SCALARS",
    "WRITE",
    "CartStatus",
    "ExactDecimal",
    "IdArgument",
    "Weekday",
    "given",
    "reader_of",
    "under",
]

READ = "storefront:read"
WRITE = "storefront:write"

_MAX_DIGITS = 30

IdArgument = Annotated[strawberry.ID, strawberry.argument(description="The id.")]

strawberry.enum(
    Moderation,
    name="ModerationStatus",
    description="Whether a text is shown: to its author, to all, or to nobody else.",
)


@strawberry.enum(description="A day of the week.")
class Weekday(Enum):
    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


@strawberry.enum(description="What became of a cart.")
class CartStatus(Enum):
    OPEN = strawberry.enum_value("open", description="It is being filled.")
    ORDERED = strawberry.enum_value("ordered", description="An order was made of it.")
    ABANDONED = strawberry.enum_value("abandoned", description="It was given up.")


def _parse_decimal(value: Any) -> Decimal:
    # A float's shortest text is what was written, as long as it has no more digits than a float can hold.
    number: Decimal | None = None
    if isinstance(value, str | int | float) and not isinstance(value, bool) and len(str(value)) <= _MAX_DIGITS:
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = None
    if number is None or not number.is_finite() or abs(number.adjusted()) > _MAX_DIGITS:
        raise GraphQLError('ExactDecimal is a decimal number, best written as text: "19.90".')
    return number


def _write_decimal(value: Decimal) -> str:
    return format(value, "f")


ExactDecimal = NewType("ExactDecimal", Decimal)
SCALARS = {
    ExactDecimal: strawberry.scalar(
        name="ExactDecimal",
        description='A decimal number as text, so that no client rounds it: "19.90".',
        serialize=_write_decimal,
        parse_value=_parse_decimal,
    )
}


def reader_of(info: Info) -> Reader:
    """Who reads questions and answers."""
    request = info.context.request
    return Reader(request.user_id, WRITE in request.scopes)


def given(source: Any, names: tuple[str, ...], nullable: frozenset[str]) -> dict[str, Any]:
    """What of an update's fields was given, by name.

    Raises:
        BadUserInput: null for what cannot be removed.
    """
    changes: dict[str, Any] = {}
    for name in names:
        value = getattr(source, name)
        if value is strawberry.UNSET:
            continue
        if value is None and name not in nullable:
            first, *rest = name.split("_")
            path = first + "".join(part.capitalize() for part in rest)
            raise BadUserInput("It cannot be removed; leave it out to keep it.", path=(path,))
        changes[name] = value
    return changes


@contextmanager
def under(argument: str) -> Iterator[None]:
    """Puts the argument's name before the path of a wrong value."""
    try:
        yield
    except BadUserInput as error:
        error.path = (argument, *error.path)
        raise
