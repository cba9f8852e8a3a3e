"""Facets of a list of businesses: what a further condition would leave of it.

A facet is counted with all conditions of the list but its own: what is counted beside a value is how many businesses
there are once that value is chosen, instead of what is chosen there now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final
from uuid import UUID

RATING_BANDS: Final = (4.5, 4.0, 3.0, 2.0)
"""Mean ratings; a band holds what is at least that."""
DISTANCE_BANDS_M: Final = (500, 1_000, 2_000, 5_000, 10_000, 25_000)
"""Metres from a place; a band holds what is within."""
MAX_VALUES: Final = 50
"""So many categories and attributes at most, those with most businesses."""


class Facet(Enum):
    """What a list can be narrowed by."""

    CATEGORY = "category"
    RATING = "rating"
    PRICE = "price"
    OPEN = "open"
    DISTANCE = "distance"
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True)
class Facets:
    """Values with how many businesses each would leave; those of categories and attributes without any are missing.

    Attributes:
        categories: those below included.
        ratings: by `RATING_BANDS`.
        price_levels: 1 to 4.
        open: how many are open.
        distances_m: by `DISTANCE_BANDS_M`; empty without a place.
        attributes: each by itself.
    """

    categories: Mapping[UUID, int]
    ratings: Mapping[float, int]
    price_levels: Mapping[int, int]
    open: int
    distances_m: Mapping[int, int]
    attributes: Mapping[str, int]
