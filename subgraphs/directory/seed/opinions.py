"""Demo reviews: who wrote what about whom, always the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from resolvers.demo import USERS, demo_id
from subgraphs.directory.seed.businesses import DemoListing

_FIRST = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)
_RATINGS = (5, 5, 4, 4, 4, 3, 5, 2, 4, 5, 3, 1)
_REVIEWERS = (0, 2, 2, 3, 3, 3, 3, 4)
"""How many of a tenant's four demo users have reviewed a business."""

_TEXTS: dict[int, tuple[tuple[str, str], ...]] = {
    5: (
        ("Could not be better", "Friendly from the first minute, and exactly what I had hoped for. I will be back."),
        ("My first choice", "I have tried three others in this part of town; none comes close."),
        ("Worth the detour", "Half an hour on the tram, and I would do it again tomorrow."),
        ("They know their trade", "Honest advice, fair price, and they called the next day to ask if all was well."),
    ),
    4: (
        ("Very good", "Good work and kind people. A little busy on Saturdays, so come early."),
        ("Recommended", "Everything as promised. Paying by card took a while."),
        ("Solid", "Reliable, clean and on time. Slightly more expensive than around the corner."),
        ("A nice find", "A neighbour sent me here, and I have sent two friends since."),
    ),
    3: (
        ("All right", "Nothing to complain about and nothing to remember."),
        ("Mixed", "The result is good, but I waited forty minutes in spite of an appointment."),
        ("Average", "Fine if you are nearby anyway."),
    ),
    2: (
        ("Not my place", "Loud, hurried, and the bill had one line too many. They did correct it."),
        ("Below what I expected", "The pictures promise more than there is."),
    ),
    1: (
        ("Never again", "Closed during the hours on the door, and nobody answered the phone."),
        ("Disappointing", "I asked twice and got two different answers, both wrong."),
    ),
}


@dataclass(frozen=True, slots=True)
class DemoReview:
    """One review of a demo business."""

    id: UUID
    author_id: UUID
    rating: int
    title: str
    body: str
    created_at: datetime
    updated_at: datetime


def demo_reviews(tenant_slug: str, listing: DemoListing) -> Iterator[DemoReview]:
    """The reviews of a demo business, each by another demo user."""
    chance = demo_id(tenant_slug, "review", listing.key).int
    users = sorted(USERS, key=lambda user: demo_id(tenant_slug, "review", f"{listing.key}/{user}").int)
    for user in users[: _REVIEWERS[chance % len(_REVIEWERS)]]:
        review_id = demo_id(tenant_slug, "review", f"{listing.key}/{user}")
        rating = _RATINGS[review_id.int % len(_RATINGS)]
        title, body = _TEXTS[rating][(review_id.int >> 8) % len(_TEXTS[rating])]
        written = _FIRST + timedelta(minutes=(review_id.int >> 16) % (400 * 24 * 60))
        yield DemoReview(review_id, demo_id(tenant_slug, "user", user), rating, title, body, written, written)
