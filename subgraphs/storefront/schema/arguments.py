"""Arguments that several fields share."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Annotated, Any

import strawberry

from resolvers.errors import BadUserInput
from resolvers.operation import Info
from subgraphs.storefront.domain.moderation import Moderation, Reader

__all__ = [
    "READ",
    "WRITE",
    "CartStatus",
    "IdArgument",
    "Weekday",
    "given",
    "reader_of",
    "under",
]

READ = "storefront:read"
WRITE = "storefront:write"

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
