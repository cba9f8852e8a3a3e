"""Wagtail's numbers as ids."""

import strawberry

from resolvers.errors import BadUserInput

__all__ = ["LARGEST", "number_of", "number_or_none", "wire_number"]

LARGEST = 2**31 - 1


def number_or_none(value: str) -> int | None:
    """The number that an id is, if it is one."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 10 and int(value) <= LARGEST else None


def number_of(value: str, *path: str) -> int:
    """The number that an id is.

    Raises:
        BadUserInput: it is none.
    """
    number = number_or_none(value)
    if number is None:
        raise BadUserInput("This is not a valid id.", path=path)
    return number


def wire_number(value: int) -> strawberry.ID:
    """`value` as an `ID`."""
    return strawberry.ID(str(value))
