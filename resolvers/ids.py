"""Identifiers: UUIDs, plain text on the wire."""

from uuid import UUID

import strawberry

from resolvers.errors import BadUserInput

__all__ = ["parse_id", "wire_id"]


def parse_id(value: str, *path: str) -> UUID:
    """The UUID that an `ID` argument or key field holds.

    Args:
        value: as it came over the wire.
        path: names from the mutation's argument down to the value, for typed errors.

    Raises:
        BadUserInput: not a UUID.
    """
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise BadUserInput("This is not a valid id.", path=path) from None


def wire_id(value: UUID) -> strawberry.ID:
    """`value` as an `ID`."""
    return strawberry.ID(str(value))
