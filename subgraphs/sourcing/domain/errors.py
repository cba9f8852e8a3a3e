"""What sourcing refuses."""

from resolvers.errors import Conflict, InvalidValue, NotFound, Refused

__all__ = [
    "AlreadyDecided",
    "BelowBreakEven",
    "CandidateNotFound",
    "CandidateNotReady",
    "CurrencyMismatch",
    "DropshipOrderNotFound",
    "DropshipOrderNotReady",
    "EvaluationChanged",
    "InvalidValue",
    "PriceProposalNotFound",
    "VariantListed",
]


class CandidateNotFound(NotFound):
    """There is no such sourcing candidate."""

    code = "SOURCING_CANDIDATE_NOT_FOUND"


class CandidateNotReady(Refused):
    """The candidate is in a state in which this cannot be done."""

    code = "SOURCING_CANDIDATE_NOT_READY"


class EvaluationChanged(Conflict):
    """The candidate has been evaluated anew since: look at the new figures and decide about those."""

    code = "SOURCING_EVALUATION_CHANGED"


class CurrencyMismatch(Refused):
    """Amounts of two currencies need a rate of exchange with its date; those of one take none."""

    code = "SOURCING_CURRENCY_MISMATCH"


class BelowBreakEven(Refused):
    """At this price each sale loses money."""

    code = "SOURCING_BELOW_BREAK_EVEN"


class VariantListed(Conflict):
    """Another candidate is listed as this variant of the shop."""

    code = "SOURCING_VARIANT_LISTED"


class PriceProposalNotFound(NotFound):
    """There is no such proposal of a price."""

    code = "SOURCING_PRICE_PROPOSAL_NOT_FOUND"


class AlreadyDecided(Conflict):
    """The proposal has been decided about, or a newer one stands in its place."""

    code = "SOURCING_ALREADY_DECIDED"


class DropshipOrderNotFound(NotFound):
    """There is no such dropship order."""

    code = "DROPSHIP_ORDER_NOT_FOUND"


class DropshipOrderNotReady(Refused):
    """The dropship order is in a state in which this cannot be done."""

    code = "DROPSHIP_ORDER_NOT_READY"
