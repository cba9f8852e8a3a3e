"""What a business listing and a review consist of, and the rules for their contents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from subgraphs.directory.domain.errors import InvalidListing, InvalidReview
from subgraphs.directory.domain.geo import Coordinates
from subgraphs.directory.domain.hours import OpeningHours, OpeningInterval

MAX_NAME = 200
MAX_DESCRIPTION = 5_000
MAX_KEYWORDS = 20
MAX_KEYWORD = 60
MAX_LINE = 200
MAX_REVIEW = 5_000

LANGUAGES = {
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
}
"""Language subtag to the text search configuration of the context's schema; any other language is "simple"."""


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address, every line trimmed."""

    street: str
    postal_code: str
    city: str
    country_code: str

    @classmethod
    def of(cls, street: str, postal_code: str, city: str, country_code: str) -> Address:
        """Check and tidy an address.

        Raises:
            InvalidListing: with the path of the first line that is wrong.
        """
        country = country_code.strip().upper()
        if not re.fullmatch(r"[A-Z]{2}", country):
            raise InvalidListing("a country is two letters of ISO 3166-1", path=("address", "countryCode"))
        return cls(
            _line(street, "address", "street", longest=MAX_LINE),
            _line(postal_code, "address", "postalCode", longest=20, required=False),
            _line(city, "address", "city", longest=MAX_LINE),
            country,
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that a business says about itself.

    Attributes:
        phone: as people write it, or None.
        website: an http or https address, or None.
        language: text search configuration for its texts, one of the values of `LANGUAGES` or "simple".
        owner_id: the user who owns the listing, or None.
        price_level: 1 (cheap) to 4 (expensive), or None.
        attributes: what it has, each as a slug.
    """

    name: str
    slug: str
    description: str
    keywords: tuple[str, ...]
    category_id: UUID
    address: Address
    place: Coordinates
    hours: OpeningHours
    phone: str | None
    website: str | None
    language: str
    owner_id: UUID | None
    price_level: int | None
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawListing:
    """A listing as someone typed it. `dataclasses.replace` makes the next version of it, `checked` a `Listing`.

    Attributes:
        slug: None or empty makes one of the name.
        language: text search configuration, see `text_configuration`.
    """

    name: str
    category_id: UUID
    street: str
    postal_code: str
    city: str
    country_code: str
    latitude: float
    longitude: float
    time_zone: str
    language: str
    slug: str | None = None
    description: str = ""
    keywords: tuple[str, ...] = ()
    intervals: tuple[OpeningInterval, ...] = ()
    phone: str | None = None
    website: str | None = None
    owner_id: UUID | None = None
    price_level: int | None = None
    attributes: tuple[str, ...] = ()

    def checked(self) -> Listing:
        """The listing, tidied and valid.

        Raises:
            InvalidListing, InvalidOpeningHours, InvalidPlace: with the path of what is wrong.
        """
        return Listing(
            name=listing_name(self.name),
            slug=listing_slug(self.slug) if self.slug else slug_of(self.name),
            description=listing_description(self.description),
            keywords=listing_keywords(self.keywords),
            category_id=self.category_id,
            address=Address.of(self.street, self.postal_code, self.city, self.country_code),
            place=Coordinates(self.latitude, self.longitude),
            hours=OpeningHours.of(self.time_zone, self.intervals),
            phone=listing_phone(self.phone),
            website=listing_website(self.website),
            language=self.language,
            owner_id=self.owner_id,
            price_level=price_level(self.price_level),
            attributes=listing_attributes(self.attributes),
        )


def rating_average(count: int, total: int) -> float | None:
    """Mean rating to two decimals, or None without ratings."""
    if not count:
        return None
    return float((Decimal(total) / count).quantize(Decimal("0.01"), ROUND_HALF_UP))


def listing_name(text: str) -> str:
    """A name, trimmed.

    Raises:
        InvalidListing: if it is empty or too long.
    """
    return _line(text, "name", longest=MAX_NAME)


def listing_description(text: str) -> str:
    """A description, trimmed; it may be empty and have several lines.

    Raises:
        InvalidListing: if it is too long.
    """
    trimmed = text.strip()
    if len(trimmed) > MAX_DESCRIPTION:
        raise InvalidListing(f"a description has at most {MAX_DESCRIPTION} characters", path=("description",))
    return trimmed


def listing_keywords(words: Iterable[str]) -> tuple[str, ...]:
    """Keywords, trimmed, each once, in the order given.

    Raises:
        InvalidListing: if there are too many or one is too long.
    """
    seen = dict.fromkeys(_line(word, "keywords", longest=MAX_KEYWORD) for word in words)
    if len(seen) > MAX_KEYWORDS:
        raise InvalidListing(f"a listing has at most {MAX_KEYWORDS} keywords", path=("keywords",))
    return tuple(seen)


def price_level(level: int | None) -> int | None:
    """A price level, or None.

    Raises:
        InvalidListing: if it is not 1 to 4.
    """
    if level is not None and not 1 <= level <= 4:
        raise InvalidListing("a price level is 1 (cheap) to 4 (expensive)", path=("priceLevel",))
    return level


def listing_attributes(words: Iterable[str]) -> tuple[str, ...]:
    """Attributes such as `wheelchair-accessible`, each once, in order of the alphabet.

    Raises:
        InvalidListing: if there are too many, or one is no slug.
    """
    found = sorted(set(words))
    if len(found) > MAX_KEYWORDS or any(
        len(word) > MAX_KEYWORD or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", word) for word in found
    ):
        raise InvalidListing(
            f"attributes are lower-case letters, digits and single hyphens, {MAX_KEYWORDS} at most",
            path=("attributes",),
        )
    return tuple(found)


def listing_phone(text: str | None) -> str | None:
    """A phone number as people write it, or None.

    Raises:
        InvalidListing: if it cannot be a phone number.
    """
    if text is None or not text.strip():
        return None
    if not re.fullmatch(r"\+?[0-9][0-9 ()/.-]{3,30}", text.strip()):
        raise InvalidListing("a phone number has digits, spaces and a leading +", path=("phone",))
    return text.strip()


def listing_website(text: str | None) -> str | None:
    """A web address, or None.

    Raises:
        InvalidListing: if it is not an http or https address.
    """
    if text is None or not text.strip():
        return None
    if len(text) > 500 or not re.fullmatch(r"https?://[^\s/?#@]+\.[^\s/?#@]+[^\s]*", text.strip()):
        raise InvalidListing("a website is an http or https address", path=("website",))
    return text.strip()


def folded(text: str) -> str:
    """A text without case and accents, for sorting and comparing: "Ótica" is "otica", "Straße" is "strasse"."""
    decomposed = unicodedata.normalize("NFKD", text.replace("\u0131", "i").casefold())
    return " ".join("".join(mark for mark in decomposed if not unicodedata.combining(mark)).split())


def slug_of(text: str) -> str:
    """A slug made of a name: lower-case ASCII letters, digits and single hyphens.

    Raises:
        InvalidListing: if nothing is left of the name.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", folded(text).encode("ascii", "ignore").decode()).strip("-")[:80].strip("-")
    if not slug:
        raise InvalidListing("give a slug: none can be made of the name", path=("slug",))
    return slug


def listing_slug(text: str) -> str:
    """A slug given by hand.

    Raises:
        InvalidListing: if it is not lower-case ASCII letters, digits and single hyphens, 80 at most.
    """
    if len(text) > 80 or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise InvalidListing("a slug is lower-case letters, digits and single hyphens", path=("slug",))
    return text


def text_configuration(locale: str | None) -> str:
    """The text search configuration for a BCP 47 locale; "simple" where its language has none or it is unknown."""
    return LANGUAGES.get((locale or "").replace("_", "-").split("-")[0].lower(), "simple")


def search_text(name: str, category: str, keywords: Iterable[str], description: str) -> str:
    """The text that is embedded for a listing: what it is, not what it is called.

    Proper names and places pull short texts away from their meaning (measured on the demo listings); words of the name
    are found by full text. Only a listing without a description is embedded with its name.
    """
    parts = (category, description or name, ", ".join(keywords))
    return ". ".join(part.rstrip(".") for part in parts if part)


def review_rating(rating: int) -> int:
    """A rating.

    Raises:
        InvalidReview: if it is not 1 to 5.
    """
    if not 1 <= rating <= 5:
        raise InvalidReview("a rating is 1 to 5", path=("rating",))
    return rating


def review_text(text: str, field: str, longest: int) -> str:
    """A review's title or body, trimmed; it may be empty.

    Raises:
        InvalidReview: if it is too long.
    """
    trimmed = text.strip()
    if len(trimmed) > longest:
        raise InvalidReview(f"at most {longest} characters", path=(field,))
    return trimmed


def _line(text: str, *path: str, longest: int, required: bool = True) -> str:
    trimmed = " ".join(text.split())
    if required and not trimmed:
        raise InvalidListing("it must not be empty", path=path)
    if len(trimmed) > longest:
        raise InvalidListing(f"at most {longest} characters", path=path)
    return trimmed
