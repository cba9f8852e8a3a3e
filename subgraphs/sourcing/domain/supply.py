"""What becomes of a candidate when its supplier's price or stock changes, and of its selling price then.

| the margin at the new cost | the selling price |
|---|---|
| at least the tenant's least | stays; it is never lowered by itself |
| below it, and the price that brings it back is near the one that a person agreed to | is raised to that |
| below it, and that price is further away than the tenant allows | a proposal, which a person decides about |
| no price brings it back | a proposal to take it off the shop |

No price is ever set or proposed at which a sale loses money.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Final
from uuid import UUID

from resolvers.errors import InvalidValue
from resolvers.values import checked_currency
from subgraphs.sourcing.domain.candidates import Candidate
from subgraphs.sourcing.domain.costs import CostInputs, price_for_margin
from subgraphs.sourcing.domain.errors import AlreadyDecided
from subgraphs.sourcing.domain.values import checked_amount, checked_asin, checked_percent

__all__ = [
    "Change",
    "ChangeKind",
    "Observation",
    "PriceProposal",
    "PriceRules",
    "ProposalStatus",
    "Suggestion",
    "at_present",
    "checked_moment",
    "checked_observation",
    "checked_rules",
    "decided",
    "observed",
    "suggestion",
]


_CLOCKS: Final = timedelta(minutes=1)  # by which two machines may differ


class ChangeKind(Enum):
    """What has changed."""

    SUPPLY_PRICE = "supply_price"
    STOCK = "stock"
    SELLING_PRICE = "selling_price"


class ProposalStatus(Enum):
    """What became of a proposal."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class PriceRules:
    """A tenant's rules.

    Attributes:
        min_margin_percent: of the net price; less is too little.
        max_change_percent: of the price that a person has last agreed to; what is further away needs one again.
    """

    min_margin_percent: Decimal = Decimal(15)
    max_change_percent: Decimal = Decimal(5)


@dataclass(frozen=True, slots=True)
class Observation:
    """What a marketplace says of an article now; no price where nobody offers it. `currency` None: the usual one."""

    asin: str
    unit_price: Decimal | None
    shipping_price: Decimal | None
    offer_count: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """A row of `sourcing.changes`. `before` and `after` are amounts in `currency`; of STOCK 1 for some, 0 for none."""

    id: UUID
    candidate_id: UUID
    kind: ChangeKind
    before: Decimal | None
    after: Decimal | None
    currency: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PriceProposal:
    """A row of `sourcing.price_proposals`, without its tenant. `proposed_price` is None to take it off the shop."""

    id: UUID
    candidate_id: UUID
    current_price: Decimal
    proposed_price: Decimal | None
    currency: str
    reason: str
    status: ProposalStatus
    decided_by: UUID | None
    decided_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another selling price. `price` None: none would do. `by_itself`: it is near enough to be set at once."""

    price: Decimal | None
    by_itself: bool
    reason: str


def checked_rules(min_margin_percent: Decimal, max_change_percent: Decimal) -> PriceRules:
    """A tenant's rules.

    Raises:
        InvalidValue: a number is out of bounds.
    """
    margin = checked_percent("minMarginPercent", min_margin_percent, 90)
    return PriceRules(margin, checked_percent("maxPriceChangePercent", max_change_percent, 100))


def checked_moment(given: datetime | None, now: datetime) -> datetime:
    """When a marketplace was looked at: now, if nobody says otherwise.

    Raises:
        InvalidValue: that is still to come, or has no time zone.
    """
    if given is None:
        return now
    if given.tzinfo is None or given > now + _CLOCKS:
        raise InvalidValue("observedAt", "must have a time zone and not be in the future")
    return min(given, now)


def checked_observation(
    asin: str,
    unit_price: Decimal | None,
    shipping_price: Decimal | None,
    offer_count: int | None,
    currency: str | None = None,
) -> Observation:
    """What somebody says a marketplace says.

    Raises:
        InvalidValue: it cannot be.
    """
    if unit_price is None and shipping_price is not None:
        raise InvalidValue("shippingPrice", "goes with a unitPrice")
    if offer_count is not None and not 0 <= offer_count <= 1_000_000:
        raise InvalidValue("offerCount", "must be from 0 to 1000000")
    return Observation(
        checked_asin("asin", asin),
        None if unit_price is None else checked_amount("unitPrice", unit_price),
        None if unit_price is None else checked_amount("shippingPrice", shipping_price or Decimal(0)),
        offer_count,
        None if currency is None else checked_currency("currency", currency),
    )


def observed(
    candidate: Candidate, seen: Observation, at: datetime, now: datetime
) -> tuple[Candidate, list[ChangeKind]]:
    """The candidate as it is now, and what is different. Of what is sold out the last price stays known.

    What was seen before the candidate was last looked at, however late it is told, changes nothing.
    """
    if candidate.observed_at is not None and at < candidate.observed_at:
        return candidate, []
    in_stock = seen.unit_price is not None
    price = (seen.unit_price, seen.shipping_price) if in_stock else (candidate.unit_price, candidate.shipping_price)
    kinds = []
    if in_stock and price != (candidate.unit_price, candidate.shipping_price):
        kinds.append(ChangeKind.SUPPLY_PRICE)
    if in_stock != candidate.in_stock:
        kinds.append(ChangeKind.STOCK)
    changed = replace(
        candidate,
        version=candidate.version + bool(kinds),
        updated_at=now if kinds else candidate.updated_at,
        unit_price=price[0],
        shipping_price=price[1],
        in_stock=in_stock,
        offer_count=seen.offer_count,
        observed_at=at,
    )
    return changed, kinds


def at_present(candidate: Candidate, inputs: CostInputs) -> CostInputs:
    """What it is reckoned with, at what the marketplace asks now; as it was where nobody knows that."""
    if candidate.unit_price is None or inputs.purchase_currency != candidate.currency:
        return inputs
    return replace(inputs, purchase_price=candidate.unit_price, shipping_cost=candidate.shipping_price or Decimal(0))


def suggestion(inputs: CostInputs, current: Decimal, rules: PriceRules, approved: Decimal) -> Suggestion | None:
    """Another selling price, at the costs as they are now; None if the one there is will do.

    Args:
        approved: the price that a person has last agreed to. Steps that are each small do not lead away from it.
    """
    least = price_for_margin(inputs, rules.min_margin_percent)
    if least is None:
        return Suggestion(None, False, f"No price leaves {rules.min_margin_percent.normalize():f} % any more.")
    if current >= least:
        return None
    change = (least - current) * 100 / current
    near = (least - approved) * 100 / approved <= rules.max_change_percent
    reason = (
        f"{least:f} {inputs.currency} leaves {rules.min_margin_percent.normalize():f} % at what it costs now; "
        f"{change.quantize(Decimal('0.1')):f} % more than {current.normalize():f}."
    )
    return Suggestion(least, near, reason)


def decided(proposal: PriceProposal, approve: bool, by: UUID | None, now: datetime) -> PriceProposal:
    """The proposal with a person's decision.

    Raises:
        AlreadyDecided: it has one, or a newer one stands in its place.
    """
    if proposal.status is not ProposalStatus.PENDING:
        raise AlreadyDecided
    status = ProposalStatus.APPROVED if approve else ProposalStatus.REJECTED
    return replace(proposal, status=status, decided_by=by, decided_at=now, version=proposal.version + 1, updated_at=now)
