"""Values that several rules check."""

from typing import Final

from resolvers.errors import InvalidValue

__all__ = ["MAX_NUMBER", "checked_number", "checked_text"]

MAX_NUMBER: Final = 2**31 - 1
"""What GraphQL's Int can carry."""


def checked_text(field: str, value: str, *, most: int, least: int = 1) -> str:
    """`value` without blanks around it.

    Raises:
        InvalidValue: it is too short or too long, or cannot be stored.
    """
    text = value.strip()
    if not least <= len(text) <= most:
        raise InvalidValue(field, f"must have {least} to {most} characters")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidValue(field, "has characters that cannot be stored")
    return text


def checked_number(field: str, value: int, *, least: int, most: int = MAX_NUMBER) -> int:
    """`value`.

    Raises:
        InvalidValue: it is out of its bounds.
    """
    if not least <= value <= most:
        raise InvalidValue(field, f"must be from {least} to {most}")
    return value
