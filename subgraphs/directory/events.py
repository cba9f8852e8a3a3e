"""What the directory tells other contexts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from resolvers.events.declaration import event

__all__ = ["ReviewModerated", "ReviewPosted"]


@event("directory.review_posted", version=1, about="review_id")
@dataclass(frozen=True, slots=True)
class ReviewPosted:
    """Someone has reviewed a business.

    Attributes:
        author_id: the user who did.
        rating: 1 (worst) to 5 (best).
        title: a line that sums it up; may be empty.
    """

    review_id: UUID
    business_id: UUID
    business_name: str
    author_id: UUID
    rating: int
    title: str
    posted_at: datetime


@event("directory.review_moderated", version=1, about="review_id")
@dataclass(frozen=True, slots=True)
class ReviewModerated:
    """A moderator has decided about a review.

    Attributes:
        is_hidden: whether it is hidden from then on, and counts nowhere.
        reports: how many reports that answers.
        moderator_id: the user who decided.
    """

    review_id: UUID
    business_id: UUID
    author_id: UUID
    is_hidden: bool
    reason: str
    reports: int
    moderator_id: UUID
    decided_at: datetime
