"""Enumerations and checked values. Text is trimmed; limits match the columns in `tables`."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum

from resolvers.sealing import Sealed
from resolvers.values import fraction_digits
from subgraphs.crm.domain.errors import InvalidValue

__all__ = [
    "ActivityKind",
    "LeadSource",
    "LeadStatus",
    "checked_currency",
    "checked_email",
    "checked_moment",
    "checked_score",
    "checked_value_minor",
    "in_major_units",
    "optional_text",
    "required_text",
    "sealable_text",
    "storable_text",
]

MAX_INT = 2**31 - 1
_EMAIL = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\".]+(\.[^\s@,;<>\".]+)+")
_CURRENCY = re.compile(r"[A-Z]{3}")


class LeadStatus(Enum):
    """Where a lead stands. It is always that of the lead's stage."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class LeadSource(Enum):
    """How a lead came to us."""

    WEBSITE = "website"
    REFERRAL = "referral"
    ADVERTISING = "advertising"
    EVENT = "event"
    OUTREACH = "outreach"
    DIRECTORY = "directory"
    PARTNER = "partner"
    IMPORT = "import"


class ActivityKind(Enum):
    """What was done, or is to be done."""

    CALL = "call"
    EMAIL = "email"
    MEETING = "meeting"
    NOTE = "note"


def required_text(field: str, value: str, limit: int) -> str:
    """`value` trimmed.

    Raises:
        InvalidValue: nothing is left, it is longer than `limit` characters, or it is not storable.
    """
    text = storable_text(field, value.strip())
    if not text:
        raise InvalidValue(field, "must not be blank")
    if len(text) > limit:
        raise InvalidValue(field, f"must have at most {limit} characters")
    return text


def storable_text(field: str, value: str) -> str:
    """`value` itself, if PostgreSQL can hold it.

    Raises:
        InvalidValue: it has a NUL or half of a surrogate pair (which JSON can spell).
    """
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidValue(field, "has characters that cannot be stored")
    return value


def optional_text(field: str, value: str | None, limit: int) -> str | None:
    """As `required_text`, but blank means none."""
    return required_text(field, value, limit) if value is not None and value.strip() else None


def sealable_text(field: str, value: str | None, limit: int) -> str | None:
    """As `optional_text`; what is sealed was checked before, and stays."""
    return value if isinstance(value, Sealed) else optional_text(field, value, limit)


def checked_email(field: str, value: str | None) -> str | None:
    """An address as typed, trimmed; blank means none. Upper and lower case are kept: only comparison ignores them.

    Raises:
        InvalidValue: it has no single `@` with a dotted domain behind it, or more than 254 characters.
    """
    text = optional_text(field, value, 254)
    if text is not None and not _EMAIL.fullmatch(text):
        raise InvalidValue(field, "is not an e-mail address")
    return text


def checked_currency(field: str, value: str) -> str:
    """Three letters of ISO 4217, in upper case.

    Raises:
        InvalidValue: it is anything else.
    """
    code = value.strip().upper()
    if not _CURRENCY.fullmatch(code):
        raise InvalidValue(field, "is not a currency code of three letters")
    return code


def checked_score(field: str, value: int) -> int:
    """A score from 0 to 100.

    Raises:
        InvalidValue: it is outside.
    """
    if not 0 <= value <= 100:
        raise InvalidValue(field, "must be from 0 to 100")
    return value


def checked_value_minor(field: str, value: int) -> int:
    """An amount in minor units, from 0 to 2,147,483,647.

    Raises:
        InvalidValue: it is outside.
    """
    if not 0 <= value <= MAX_INT:
        raise InvalidValue(field, f"must be from 0 to {MAX_INT}")
    return value


def checked_moment(field: str, value: datetime) -> datetime:
    """A moment in UTC; one without a zone is taken for UTC.

    Raises:
        InvalidValue: its UTC form lies before year 1 or after 9999.
    """
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise InvalidValue(field, "is out of range") from None


def in_major_units(value_minor: int, currency: str) -> Decimal:
    """An amount in the currency itself: 1234 cents of EUR are 12.34."""
    return Decimal(value_minor).scaleb(-fraction_digits(currency))
