"""Values that come from outside: Saleor's ids, channels, texts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from resolvers.shop_ids import is_shop_id
from subgraphs.storefront.domain.errors import InvalidValue

MAX_NAME = 120
MAX_NOTE = 500
MAX_QUESTION = 1_000
MAX_ANSWER = 4_000
MAX_DESCRIPTION = 10_000
MAX_SKU = 100
MAX_CHANNELS = 100

_CHANNEL = re.compile(r"[A-Za-z0-9_-]{1,255}")
_ASIN = re.compile(r"[A-Z0-9]{10}")


def shop_id(value: str, typename: str, *path: str) -> str:
    """A global id of Saleor's, as it came.

    Args:
        typename: what it must be the id of, for instance "Product".
        path: for the error.

    Raises:
        InvalidValue: it is not such an id.
    """
    if not is_shop_id(value, typename):
        raise InvalidValue(f"This is not the id of a {typename}.", path=path)
    return value


def channel_slug(value: str | None, *path: str) -> str | None:
    """The slug of a channel, or None.

    Raises:
        InvalidValue: it is no slug.
    """
    if value is not None and not _CHANNEL.fullmatch(value):
        raise InvalidValue("This is not the slug of a channel.", path=path)
    return value


def channel_slugs(values: Sequence[str], *path: str) -> list[str]:
    """Slugs of channels, each once.

    Raises:
        InvalidValue: one is no slug, or there are more than `MAX_CHANNELS`.
    """
    if len(values) > MAX_CHANNELS:
        raise InvalidValue(f"There are at most {MAX_CHANNELS} channels.", path=path)
    slugs = [channel_slug(value, *path) for value in values]
    return [slug for slug in dict.fromkeys(slugs) if slug is not None]


def text_of(value: str, maximum: int, *path: str, minimum: int = 1) -> str:
    """A text, trimmed.

    Raises:
        InvalidValue: it is too short or too long, or holds what is no text.
    """
    trimmed = value.strip()
    if any(mark == "\0" or "\ud800" <= mark <= "\udfff" for mark in trimmed):
        raise InvalidValue("This is not text.", path=path)
    if not minimum <= len(trimmed) <= maximum:
        raise InvalidValue(f"It has from {minimum} to {maximum} characters.", path=path)
    return trimmed


def asin_of(value: str | None, *path: str) -> str | None:
    """Amazon's number of an article: ten letters and digits.

    Raises:
        InvalidValue: it is none.
    """
    if value is None:
        return None
    asin = value.strip().upper()
    if not _ASIN.fullmatch(asin):
        raise InvalidValue("An ASIN has ten letters and digits.", path=path)
    return asin


def country_of(value: str, *path: str) -> str:
    """Two letters of ISO 3166-1, in capitals.

    Raises:
        InvalidValue: it is not two letters.
    """
    code = value.strip().upper()
    if not re.fullmatch(r"[A-Z]{2}", code):
        raise InvalidValue("A country is two letters of ISO 3166-1.", path=path)
    return code


def number_between(value: int, low: int, high: int, *path: str) -> int:
    """`value`, if it is within bounds.

    Raises:
        InvalidValue: it is not.
    """
    if not low <= value <= high:
        raise InvalidValue(f"It is from {low} to {high}.", path=path)
    return value
