"""Checked values. Text is trimmed; limits match the columns in `tables`."""

import re
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from resolvers.errors import InvalidValue

__all__ = ["checked_email", "checked_url", "in_zone", "optional_text", "required_text"]

_EMAIL: Final = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\".]+(\.[^\s@,;<>\".]+)+")
_URL: Final = re.compile(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[^\s<>\"{}]*)?")


def required_text(field: str, value: str, limit: int) -> str:
    """`value` trimmed.

    Raises:
        InvalidValue: nothing is left, it is longer than `limit` characters, or it is not storable.
    """
    text = value.strip()
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidValue(field, "has characters that cannot be stored")
    if not 1 <= len(text) <= limit:
        raise InvalidValue(field, f"must have 1 to {limit} characters")
    return text


def optional_text(field: str, value: str | None, limit: int) -> str | None:
    """As `required_text`, but blank means none."""
    return required_text(field, value, limit) if value is not None and value.strip() else None


def checked_email(field: str, value: str | None) -> str | None:
    """An address, trimmed; blank means none.

    Raises:
        InvalidValue: it is none.
    """
    text = optional_text(field, value, 254)
    if text is not None and not _EMAIL.fullmatch(text):
        raise InvalidValue(field, "is not an e-mail address")
    return text


def checked_url(field: str, value: str | None) -> str | None:
    """An address of a page over TLS, without query or fragment; blank means none.

    Raises:
        InvalidValue: it is none.
    """
    text = optional_text(field, value, 500)
    if text is not None and (not _URL.fullmatch(text) or "?" in text or "#" in text):
        raise InvalidValue(field, "must begin with https:// and have no query")
    return text


def in_zone(field: str, local: datetime, zone: str) -> datetime:
    """The moment, in UTC, at which clocks of a time zone show `local`; the first one where they show it twice.

    Args:
        local: without a zone of its own.
        zone: of the IANA's list, such as Europe/Berlin.

    Raises:
        InvalidValue: there is no such zone, `local` has one, or clocks never show it, since they are put forward then.
    """
    if zone not in available_timezones():
        raise InvalidValue("timeZone", "must be a time zone such as Europe/Berlin")
    if local.tzinfo is not None:
        raise InvalidValue(field, "must have no offset: it is told in the time zone of the campaign")
    try:
        moment = local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
        shown = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except OverflowError:
        raise InvalidValue(field, "is too far away") from None
    if shown != local.replace(fold=0):
        raise InvalidValue(field, f"is a time that clocks in {zone} never show: they are put forward then")
    return moment
