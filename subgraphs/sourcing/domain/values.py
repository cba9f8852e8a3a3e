"""Texts and numbers, checked; and the marketplaces that there are."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from resolvers.errors import InvalidValue
from resolvers.values import fraction_digits, plain

__all__ = [
    "MARKETPLACES",
    "Marketplace",
    "checked_amount",
    "checked_asin",
    "checked_marketplace",
    "checked_percent",
    "coin_of",
]

MOST: Final = Decimal(100_000_000)
_ASIN: Final = re.compile(r"[A-Z0-9]{10}")


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One of Amazon's. `country` in two letters of ISO 3166-1, `currency` of ISO 4217."""

    id: str
    country: str
    currency: str

    @property
    def supplier(self) -> str:
        """What the supplier is called."""
        return f"Amazon {self.country}"


MARKETPLACES: Final = {
    each.id: each
    for each in (
        Marketplace("A1AM78C64UM0Y8", "MX", "MXN"),
        Marketplace("A1C3SOZRARQ6R3", "PL", "PLN"),
        Marketplace("A1F83G8C2ARO7P", "GB", "GBP"),
        Marketplace("A1PA6795UKMFR9", "DE", "EUR"),
        Marketplace("A1RKKUPIHCS9HS", "ES", "EUR"),
        Marketplace("A1VC38T7YXB528", "JP", "JPY"),
        Marketplace("A1805IZSGTT6HS", "NL", "EUR"),
        Marketplace("A13V1IB3VIYZZH", "FR", "EUR"),
        Marketplace("A17E79C6D8DWNP", "SA", "SAR"),
        Marketplace("A19VAU5U5O7RUS", "SG", "SGD"),
        Marketplace("A2EUQ1WTGCTBG2", "CA", "CAD"),
        Marketplace("A28R8C7NBKEWEA", "IE", "EUR"),
        Marketplace("A2NODRKZP88ZB9", "SE", "SEK"),
        Marketplace("A2Q3Y263D00KWC", "BR", "BRL"),
        Marketplace("A2VIGQ35RCS4UG", "AE", "AED"),
        Marketplace("A21TJRUUN4KGV", "IN", "INR"),
        Marketplace("A33AVAJ2PDY3EV", "TR", "TRY"),
        Marketplace("A39IBJ37TRP1C6", "AU", "AUD"),
        Marketplace("AE08WJ6YKNBMC", "ZA", "ZAR"),
        Marketplace("AMEN7PMS3EDWL", "BE", "EUR"),
        Marketplace("APJ6JRA9NG5V4", "IT", "EUR"),
        Marketplace("ARBP9OOSHTCHU", "EG", "EGP"),
        Marketplace("ATVPDKIKX0DER", "US", "USD"),
    )
}


def checked_marketplace(field: str, marketplace_id: str) -> Marketplace:
    """The marketplace of that id.

    Raises:
        InvalidValue: there is none.
    """
    found = MARKETPLACES.get(marketplace_id.strip())
    if found is None:
        raise InvalidValue(field, "must be the id of one of Amazon's marketplaces, such as A1PA6795UKMFR9")
    return found


def checked_asin(field: str, text: str) -> str:
    """Amazon's number of a product.

    Raises:
        InvalidValue: not ten capitals and digits.
    """
    asin = text.strip().upper()
    if _ASIN.fullmatch(asin) is None:
        raise InvalidValue(field, "must be an ASIN: ten letters and digits")
    return asin


def checked_amount(field: str, value: Decimal, *, least: Decimal = Decimal(0)) -> Decimal:
    """An amount with at most four decimal places.

    Raises:
        InvalidValue: below `least`, too large, or too fine.
    """
    return _checked(field, value, least, MOST)


def checked_percent(field: str, value: Decimal, most: int = 1000) -> Decimal:
    """Per cent, from 0, with at most four decimal places.

    Raises:
        InvalidValue: out of bounds, or too fine.
    """
    return _checked(field, value, Decimal(0), Decimal(most))


def coin_of(currency: str) -> Decimal:
    """The smallest coin of a currency: 0.01, mostly."""
    return Decimal(1).scaleb(-fraction_digits(currency))


def _checked(field: str, value: Decimal, least: Decimal, most: Decimal) -> Decimal:
    if not value.is_finite() or not least <= value <= most:
        raise InvalidValue(field, f"must be from {least:f} to {most:f}")
    exact = value.quantize(Decimal("0.0001"))
    if exact != value:
        raise InvalidValue(field, "must have at most four decimal places")
    return plain(exact)
