"""What the directory refuses.

BadUserInput
├── InvalidCategory       a category's translations
├── InvalidClaim          what is said in a claim
├── InvalidListing        a listing's own text, address or contact
├── InvalidOpeningHours   a timetable that no place can keep
├── InvalidPhoto          what is said of a photo, or an order of photos that is none
├── InvalidPlace          coordinates, radius or bounding box off the globe
├── InvalidResponse       what a business says to a review, out of bounds
├── InvalidReview         a rating or text out of bounds
└── InvalidSearch         a search that has no meaning
NotFound
├── BusinessNotFound
├── CategoryNotFound
├── ClaimNotFound
├── PhotoNotFound
└── ReviewNotFound
Conflict
├── AlreadyClaimed        one claim per user and business at a time
├── AlreadyOwned          one owner per listing at a time
├── AlreadyReported       one report per user and review
├── AlreadyReviewed       one review per user and business
├── SlugTaken             a slug is unique within the tenant
└── StaleVersion          someone else changed the listing first
Refused
├── CategoryCycle         a tree has no circles
├── CategoryInUse         only what is empty is deleted
├── CategoryTooDeep       a tree has few levels
├── ClaimClosed           a claim is decided once, and expires
├── ClaimImpossible       the listing has nothing that this method could prove
├── ClaimNotProven        a wrong code, or a website without the token
├── NotAModerator         reviews and claims are decided by who manages the tenant
├── NotYourListing        a business acts by its owner, or by who manages the tenant
├── NotYourReview         a review belongs to its author
├── OwnReview             nobody reports their own
├── TooManyCategories     categories beside one another are bounded
├── TooManyClaims         claims and codes are bounded
├── TooManyPhotos         photos of a listing are bounded
├── TooManyReports        reports are bounded
└── ResponsePublished     what is published is replaced in public, not by a draft
"""

from __future__ import annotations

from resolvers.errors import BadUserInput, Conflict, NotFound, Refused


class InvalidCategory(BadUserInput):
    """The category is not valid."""


class InvalidClaim(BadUserInput):
    """The claim is not valid."""


class InvalidListing(BadUserInput):
    """The listing is not valid."""


class InvalidOpeningHours(BadUserInput):
    """The opening hours are not valid."""


class InvalidPhoto(BadUserInput):
    """The photo is not valid."""


class InvalidPlace(BadUserInput):
    """The place is not on the globe."""


class InvalidResponse(BadUserInput):
    """The response is not valid."""


class InvalidReview(BadUserInput):
    """The review is not valid."""


class InvalidSearch(BadUserInput):
    """The search is not valid."""


class BusinessNotFound(NotFound):
    """There is no such business."""


class CategoryNotFound(NotFound):
    """There is no such category."""


class ClaimNotFound(NotFound):
    """There is no such claim that you may see."""


class PhotoNotFound(NotFound):
    """There is no such photo."""


class ReviewNotFound(NotFound):
    """There is no such review."""


class AlreadyClaimed(Conflict):
    """You have claimed this business already; prove or withdraw that claim."""

    code = "ALREADY_CLAIMED"


class AlreadyOwned(Conflict):
    """The listing has another owner; ask them to transfer it, or a moderator to revoke it."""

    code = "ALREADY_OWNED"


class AlreadyReviewed(Conflict):
    """You have reviewed this business already; edit that review instead."""

    code = "ALREADY_REVIEWED"


class SlugTaken(Conflict):
    """Another entry of this tenant has this slug."""

    code = "SLUG_TAKEN"


class StaleVersion(Conflict):
    """The listing has changed since you read it; read it again."""

    code = "STALE_VERSION"


class NotYourListing(Refused):
    """Only the owner of the listing, or an owner or manager of the tenant, can do that."""

    code = "NOT_YOUR_LISTING"


class ResponsePublished(Refused):
    """The response is published; publish a new text to replace it."""

    code = "RESPONSE_PUBLISHED"


class AlreadyReported(Conflict):
    """You have reported this review already."""

    code = "ALREADY_REPORTED"


class TooManyPhotos(Refused):
    """The listing has as many photos as it may; delete one first."""

    code = "TOO_MANY_PHOTOS"


class TooManyReports(Refused):
    """Too many of your reports wait for a decision."""

    code = "TOO_MANY_REPORTS"


class OwnReview(Refused):
    """Nobody reports a review of their own; edit or remove it instead."""

    code = "OWN_REVIEW"


class NotAModerator(Refused):
    """Only owners and managers of the tenant decide about reviews, claims and photos."""

    code = "NOT_A_MODERATOR"


class NotYourReview(Refused):
    """Only its author can change a review."""

    code = "NOT_YOUR_REVIEW"


class ClaimClosed(Refused):
    """The claim waits for nothing any more; open another."""

    code = "CLAIM_CLOSED"


class ClaimImpossible(Refused):
    """The listing has nothing that this method could prove; choose another."""

    code = "CLAIM_IMPOSSIBLE"


class ClaimNotProven(Refused):
    """That does not prove the claim."""

    code = "CLAIM_NOT_PROVEN"


class TooManyClaims(Refused):
    """Too many claims or codes; wait, or withdraw a claim."""

    code = "TOO_MANY_CLAIMS"


class CategoryCycle(Refused):
    """A category cannot be below itself."""

    code = "CATEGORY_CYCLE"


class CategoryInUse(Refused):
    """There are businesses or categories in it; move them first."""

    code = "CATEGORY_IN_USE"


class CategoryTooDeep(Refused):
    """The tree of categories has six levels at most."""

    code = "CATEGORY_TOO_DEEP"


class TooManyCategories(Refused):
    """At most 200 categories are beside one another."""

    code = "TOO_MANY_CATEGORIES"
