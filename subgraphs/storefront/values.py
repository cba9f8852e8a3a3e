"""What the values of an order may be, so that everybody who hears of it can keep it.

Each function returns the value, or raises `ValueError` with what it must be.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

__all__ = ["ID_CHARS", "LINES", "NAME_CHARS", "NUMBER_CHARS", "QUANTITY", "currency", "email", "moment", "money"]
__all__ += ["quantity", "some_text", "text"]

ID_CHARS: Final = 200
NUMBER_CHARS: Final = 64
NAME_CHARS: Final = 600  # a Saleor's are two of at most 256 characters
QUANTITY: Final = 1_000_000
LINES: Final = 1000

_EMAIL_CHARS: Final = 254
_LARGEST: Final = Decimal(10) ** 12
_SMALLEST_STEP: Final = Decimal("0.0001")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_YEARS: Final = range(2000, 2100)


def text(value: Any, most: int) -> str:
    """At most so many characters, of which none is NUL or half of a surrogate pair: no database takes these."""
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004 - the data is wrong, not the program
    if len(value) > most:
        raise ValueError(f"must have at most {most} characters")
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("must have no NUL and no lone surrogate")
    return value


def some_text(value: Any, most: int) -> str:
    """A text that is not blank."""
    if not text(value, most).strip():
        raise ValueError("must not be empty")
    return str(value)


def email(value: Any) -> str:
    """As the customer typed it; may be empty."""
    return text(value, _EMAIL_CHARS)


def currency(value: Any) -> str:
    """Its code of three letters."""
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise ValueError("must be a currency's code of three capital letters")
    return value


def money(value: Any) -> Decimal:
    """Not negative, below 10^12, rounded to four places."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004 - the data is wrong, not the program
    amount = Decimal(value)
    if not amount.is_finite() or amount.is_signed() or amount >= _LARGEST:
        raise ValueError("must be an amount from 0 to below 10^12")
    exponent = amount.as_tuple().exponent
    return amount.quantize(_SMALLEST_STEP) if isinstance(exponent, int) and exponent < -4 else amount


def quantity(value: Any, most: int = QUANTITY) -> int:
    """A whole number from 1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"must be a whole number from 1 to {most}")
    return value


def moment(value: Any) -> datetime:
    """In this century, in UTC; one without a zone is taken for that."""
    if not isinstance(value, datetime) or value.year not in _YEARS:
        raise ValueError(f"must be a date and time of the years {_YEARS.start} to {_YEARS.stop - 1}")
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
