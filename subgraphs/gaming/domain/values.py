"""Values that several rules check."""

from typing import Final

from resolvers.errors import InvalidValue

__all__ = ["MAX_NUMBER", "checked_number"]

MAX_NUMBER: Final = 2**31 - 1
"""What GraphQL's Int can carry."""


def checked_number(field: str, value: int, *, least: int, most: int = MAX_NUMBER) -> int:
    """`value`.

    Raises:
        InvalidValue: it is out of its bounds.
    """
    if not least <= value <= most:
        raise InvalidValue(field, f"must be from {least} to {most}")
    return value
