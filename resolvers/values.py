"""Values as the contexts' rules check them, and as they are written."""

from decimal import Decimal
from typing import Final

from resolvers.errors import InvalidValue

__all__ = ["checked_currency", "checked_text", "fraction_digits", "plain"]

_WITHOUT_COINS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_WITH_THOUSANDTHS: Final = "BHD IQD JOD KWD LYD OMR TND"
_FRACTION_DIGITS: Final = {
    currency: digits
    for digits, currencies in ((0, _WITHOUT_COINS), (3, _WITH_THOUSANDTHS))
    for currency in currencies.split()
}
"""By currency, where they are not two."""


def checked_text(field: str, text: str, most: int, *, least: int = 1) -> str:
    """The text without white space around it.

    Args:
        most, least: characters that it may have.

    Raises:
        InvalidValue: too short, too long, or with characters that cannot be stored.
    """
    stripped = text.strip()
    if not least <= len(stripped) <= most:
        raise InvalidValue(field, f"must have {least} to {most} characters")
    if "\0" in stripped or any("\ud800" <= character <= "\udfff" for character in stripped):
        raise InvalidValue(field, "has characters that cannot be stored")
    return stripped


def checked_currency(field: str, code: str) -> str:
    """An ISO 4217 code, in capitals.

    Raises:
        InvalidValue: not three letters.
    """
    upper = code.strip().upper()
    if len(upper) != 3 or not upper.isascii() or not upper.isalpha():
        raise InvalidValue(field, "must be a currency's three letters of ISO 4217")
    return upper


def fraction_digits(currency: str) -> int:
    """Decimal places of a currency's smallest coin (ISO 4217); two for a code that is not known."""
    return _FRACTION_DIGITS.get(currency, 2)


def plain(number: Decimal) -> Decimal:
    """The number without zeros behind it, and without an exponent: 1.50 is 1.5, 1E+2 is 100."""
    short = number.normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short
