"""What can be asked of the directory: filters, and how a search ranks."""

from __future__ import annotations

import base64
import enum
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from resolvers.errors import BadCursor
from subgraphs.directory.domain.errors import InvalidSearch
from subgraphs.directory.domain.geo import BoundingBox, Circle, Coordinates

MAX_QUERY = 500
MAX_ATTRIBUTES = 20
CANDIDATES = 200
"""Length of each ranked list before they are fused; nothing beyond the fused lists can be paged to."""


class SearchMode(enum.Enum):
    """How a search finds: by words, by meaning, or both."""

    TEXT = "text"
    SEMANTIC = "semantic"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class BusinessFilter:
    """Conditions that all must hold; None asks nothing.

    Attributes:
        category_id: the category or any below it.
        minimum_rating: lowest mean rating, 1 to 5; businesses without a rating fall out.
        open_at: an instant at which the business is open.
        within: a circle.
        box: a map view.
        name: part of the name, ignoring case and accents.
        city: the city's name, ignoring case.
        owner_id: the user who owns the listing.
        price_levels: one of these; none asks nothing.
        attributes: all of these.
    """

    category_id: UUID | None = None
    minimum_rating: float | None = None
    open_at: datetime | None = None
    within: Circle | None = None
    box: BoundingBox | None = None
    name: str | None = None
    city: str | None = None
    owner_id: UUID | None = None
    price_levels: frozenset[int] = frozenset()
    attributes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if len(self.attributes) > MAX_ATTRIBUTES or not self.price_levels <= {1, 2, 3, 4}:
            raise InvalidSearch(f"price levels are 1 to 4, and attributes at most {MAX_ATTRIBUTES}")
        if self.minimum_rating is not None and not 1 <= self.minimum_rating <= 5:
            raise InvalidSearch("a minimum rating is 1 to 5")


@dataclass(frozen=True, slots=True)
class SearchCursor:
    """A place in a ranked list: after a hit, wherever that hit ranks by now, or after its old place if it is gone.

    Attributes:
        search: fingerprint of the search; a cursor is good for that search alone.
        id: the last hit of the page.
        place: how many hits lay up to and including it.
    """

    search: str
    id: UUID
    place: int

    def encode(self) -> str:
        """The opaque text that clients hand back."""
        return base64.urlsafe_b64encode(f"1:{self.search}:{self.id.hex}:{self.place}".encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, search: str) -> SearchCursor:
        """Read a cursor of a search.

        Raises:
            BadCursor: if it is not a cursor, or one of another search.
        """
        try:
            raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
            version, fingerprint, hit_id, place = raw.decode("ascii").split(":")
            cursor = cls(fingerprint, UUID(hit_id), int(place))
        except ValueError:
            raise BadCursor from None
        if version != "1" or fingerprint != search or cursor.place < 1:
            raise BadCursor
        return cursor


def fingerprint(query: str, mode: SearchMode, wanted: BusinessFilter, near: Coordinates | None) -> str:
    """Stands for a search in its cursors. The instant of "open at" is left out: it moves on between pages."""
    lasting = replace(wanted, open_at=None)
    lasting = replace(lasting, price_levels=frozenset(), attributes=frozenset())
    sets = (sorted(wanted.price_levels), sorted(wanted.attributes))
    content = repr((query, mode.value, lasting, *sets, wanted.open_at is not None, near))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def search_query(text: str) -> str:
    """The words of a search, trimmed.

    Raises:
        InvalidSearch: if there are none or far too many, or if they are no text.
    """
    if any(mark == "\0" or "\ud800" <= mark <= "\udfff" for mark in text):
        raise InvalidSearch("a search is text")
    trimmed = " ".join(text.split())
    if not trimmed:
        raise InvalidSearch("say what to search for")
    if len(trimmed) > MAX_QUERY:
        raise InvalidSearch(f"a search has at most {MAX_QUERY} characters")
    return trimmed
