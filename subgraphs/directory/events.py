"""What the directory tells other contexts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from resolvers.events.declaration import event

__all__ = ["BusinessClaimed", "ClaimCodeRequested", "OwnershipEnded", "ReviewModerated", "ReviewPosted"]


@event("directory.review_posted", version=1, about="review_id")
@dataclass(frozen=True, slots=True)
class ReviewPosted:
    """Someone has reviewed a business.

    Attributes:
        author_id: the user who did.
        rating: 1 (worst) to 5 (best).
        title: a line that sums it up; may be empty.
        owner_id: the user whose business it is, if anyone's.
    """

    review_id: UUID
    business_id: UUID
    business_name: str
    author_id: UUID
    rating: int
    title: str
    posted_at: datetime
    owner_id: UUID | None = None


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


@event("directory.claim_code_requested", version=1, about="claim_id")
@dataclass(frozen=True, slots=True)
class ClaimCodeRequested:
    """A code is to be sent to a business that somebody claims. It is made when it is sent (`makeClaimCode`).

    Attributes:
        channel: `email` or `phone`.
        address: of the business, where the code is to be sent.
        minutes: for how long it is good then.
        send_until: after which nobody waits for it any more.
        locale: of the claimant, a BCP 47 tag, or None.
    """

    claim_id: UUID
    business_id: UUID
    business_name: str
    claimant_id: UUID
    channel: str
    address: str
    minutes: int
    send_until: datetime
    locale: str | None


@event("directory.business_claimed", version=1, about="business_id")
@dataclass(frozen=True, slots=True)
class BusinessClaimed:
    """A listing has an owner who has proved to be it, or to whom the one before has given it.

    Attributes:
        method: `email`, `phone`, `website`, `dns`, `document` or `transfer`.
    """

    claim_id: UUID
    business_id: UUID
    business_name: str
    owner_id: UUID
    method: str
    verified_at: datetime


@event("directory.ownership_ended", version=1, about="business_id")
@dataclass(frozen=True, slots=True)
class OwnershipEnded:
    """A listing is no longer its owner's.

    Attributes:
        owner_id: who was the owner.
        how: `revoked` or `transferred`.
        reason: of a moderator; may be empty.
    """

    business_id: UUID
    business_name: str
    owner_id: UUID
    how: str
    reason: str
    ended_at: datetime
