"""Global ids: base64 of `Type:key`."""

import binascii
from base64 import b64decode, b64encode
from uuid import UUID

from subgraphs.saleor.domain.errors import Failed

__all__ = ["MAX_KEY", "global_id", "key_of", "number_of", "split_id", "uuid_of"]

MAX_KEY = 2**63 - 1


def global_id(typename: str, key: object) -> str:
    """The global id of a row."""
    return b64encode(f"{typename}:{key}".encode()).decode()


def split_id(value: str) -> tuple[str, str] | None:
    """Type and key of a global id; None if it is none."""
    try:
        typename, colon, key = b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (typename, key) if colon and typename and key else None


def key_of(value: str, typename: str) -> str:
    """The key of a global id of this type.

    Raises:
        Failed: it is not one.
    """
    parts = split_id(value)
    if parts is None:
        raise Failed(f"Invalid ID: {value}. Expected: {typename}.")
    if parts[0] != typename:
        raise Failed(f"Invalid ID: {value}. Expected: {typename}, received: {parts[0]}.")
    return parts[1]


def number_of(value: str, typename: str) -> int:
    """The number in a global id of this type.

    Raises:
        Failed: it is not one.
    """
    key = key_of(value, typename)
    if not key.isascii() or not key.isdigit() or int(key) > MAX_KEY:
        raise Failed(f"Invalid ID: {value}. Expected: {typename}.")
    return int(key)


def uuid_of(value: str, typename: str) -> UUID:
    """The UUID in a global id of this type.

    Raises:
        Failed: it is not one.
    """
    try:
        return UUID(key_of(value, typename))
    except ValueError:
        raise Failed(f"Invalid ID: {value}. Expected: {typename}.") from None
