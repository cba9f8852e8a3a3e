"""Candidates: products that could be sold, from the moment they are found until they are listed in the shop.

    FOUND -> EVALUATED -> VALIDATING -> APPROVED -> LISTED
                 \\            \\            \\
                  ----------------------------> REJECTED -> EVALUATED
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from resolvers.errors import InvalidValue
from resolvers.values import checked_currency, checked_text
from subgraphs.sourcing.domain.costs import CostInputs, Costs
from subgraphs.sourcing.domain.errors import CandidateNotReady, EvaluationChanged
from subgraphs.sourcing.domain.values import MARKETPLACES, Marketplace, checked_amount, checked_asin

__all__ = [
    "Candidate",
    "CandidateStatus",
    "Evaluation",
    "Found",
    "Listing",
    "approved",
    "checked_findings",
    "checked_found",
    "delisted",
    "evaluated",
    "listed",
    "new_candidate",
    "rejected",
    "seen_again",
    "under_validation",
]

_MAX_TITLE: Final = 500
_MAX_RANK: Final = 2_000_000_000
MAX_FINDINGS: Final = 12
VERDICTS: Final = ("PASS", "CONCERN", "FAIL")


class CandidateStatus(Enum):
    """How far a candidate has come."""

    FOUND = "found"
    EVALUATED = "evaluated"
    VALIDATING = "validating"
    APPROVED = "approved"
    REJECTED = "rejected"
    LISTED = "listed"


S = CandidateStatus


@dataclass(frozen=True, slots=True)
class Found:
    """What a marketplace says of a product, checked.

    Attributes:
        sales_rank: within `rank_category`; the smaller, the more is sold.
        unit_price, shipping_price: of the offer that a customer would get; None where nobody offers it.
        offer_count: how many offer it new; None if unknown.
        currency: of the prices; None: the marketplace's.
    """

    asin: str
    title: str
    brand: str | None
    image_url: str | None
    sales_rank: int | None
    rank_category: str | None
    unit_price: Decimal | None
    shipping_price: Decimal | None
    offer_count: int | None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of `sourcing.candidates`, without its tenant.

    Attributes:
        currency: of the marketplace, and so of unit and shipping price.
        in_stock: None until it was looked at.
        observed_at: when the marketplace said so.
        looked_at: when it was last asked, whether it had an answer or not; None: never since it was found.
        evaluation_id: of the newest; approvals are of one.
        findings: what the validation found: aspect, verdict, note.
        note: why it was approved or rejected.
        product_id, variant_id, sku: as what the shop sells it.
        selling_price: in the shop, tax included, in `selling_currency`.
        approved_price: the selling price that a person has last agreed to; None: the selling price.
        former_variant_id, delisted_at: as what it was last sold, and until when; orders of that time are its own.
    """

    id: UUID
    asin: str
    marketplace_id: str
    title: str
    brand: str | None
    image_url: str | None
    sales_rank: int | None
    rank_category: str | None
    status: CandidateStatus
    currency: str
    unit_price: Decimal | None
    shipping_price: Decimal | None
    in_stock: bool | None
    offer_count: int | None
    observed_at: datetime | None
    looked_at: datetime | None
    evaluation_id: UUID | None
    margin_percent: Decimal | None
    validation_run_id: UUID | None
    findings: list[dict[str, str]]
    note: str | None
    decided_by: UUID | None
    decided_at: datetime | None
    product_id: str | None
    variant_id: str | None
    sku: str | None
    selling_price: Decimal | None
    selling_currency: str | None
    listed_at: datetime | None
    approved_price: Decimal | None
    former_variant_id: str | None
    delisted_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def marketplace(self) -> Marketplace:
        """Where it is bought."""
        return MARKETPLACES[self.marketplace_id]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A row of `sourcing.evaluations`: what was reckoned with, and what came of it. It is never changed."""

    id: UUID
    candidate_id: UUID
    inputs: CostInputs
    costs: Costs
    evaluated_by: UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """As what the shop sells it."""

    product_id: str
    variant_id: str
    sku: str


def checked_found(values: dict[str, Any]) -> Found:
    """What somebody says a marketplace says.

    Raises:
        InvalidValue: it cannot be kept.
    """
    rank, offers, price, shipping, image = (
        values[name] for name in ("sales_rank", "offer_count", "unit_price", "shipping_price", "image_url")
    )
    for field, number in (("salesRank", rank), ("offerCount", offers)):
        if number is not None and not 0 <= number <= _MAX_RANK:
            raise InvalidValue(field, f"must be from 0 to {_MAX_RANK}")
    if image is not None and not image.startswith("https://"):
        raise InvalidValue("imageUrl", "must begin with https://")
    if price is None and shipping is not None:
        raise InvalidValue("shippingPrice", "goes with a unitPrice")
    return Found(
        asin=checked_asin("asin", values["asin"]),
        title=checked_text("title", values["title"], _MAX_TITLE),
        brand=None if values["brand"] is None else checked_text("brand", values["brand"], 200),
        image_url=None if image is None else checked_text("imageUrl", image, 1000),
        sales_rank=rank,
        rank_category=None
        if values["rank_category"] is None
        else checked_text("rankCategory", values["rank_category"], 200),
        unit_price=None if price is None else checked_amount("unitPrice", price),
        shipping_price=None if price is None else checked_amount("shippingPrice", shipping or Decimal(0)),
        offer_count=offers,
        currency=None if values["currency"] is None else checked_currency("currency", values["currency"]),
    )


def new_candidate(candidate_id: UUID, marketplace: Marketplace, found: Found, now: datetime) -> Candidate:
    """A candidate that was not known before."""
    return Candidate(
        id=candidate_id,
        asin=found.asin,
        marketplace_id=marketplace.id,
        title=found.title,
        brand=found.brand,
        image_url=found.image_url,
        sales_rank=found.sales_rank,
        rank_category=found.rank_category,
        status=S.FOUND,
        currency=marketplace.currency,
        unit_price=found.unit_price,
        shipping_price=found.shipping_price,
        in_stock=None if found.offer_count is None and found.unit_price is None else found.unit_price is not None,
        offer_count=found.offer_count,
        observed_at=now,
        looked_at=None,
        evaluation_id=None,
        margin_percent=None,
        validation_run_id=None,
        findings=[],
        note=None,
        decided_by=None,
        decided_at=None,
        product_id=None,
        variant_id=None,
        sku=None,
        selling_price=None,
        selling_currency=None,
        listed_at=None,
        approved_price=None,
        former_variant_id=None,
        delisted_at=None,
        version=1,
        created_at=now,
        updated_at=now,
    )


def seen_again(candidate: Candidate, found: Found, now: datetime) -> Candidate:
    """What is known of it besides prices, brought up to date; prices and stock are the supply's business."""
    known = replace(
        candidate,
        title=found.title,
        brand=found.brand or candidate.brand,
        image_url=found.image_url or candidate.image_url,
        sales_rank=candidate.sales_rank if found.sales_rank is None else found.sales_rank,
        rank_category=found.rank_category or candidate.rank_category,
    )
    return candidate if known == candidate else replace(known, version=candidate.version + 1, updated_at=now)


def evaluated(candidate: Candidate, evaluation: Evaluation, now: datetime) -> Candidate:
    """With an evaluation, and whatever was being decided by an older one undone.

    Raises:
        CandidateNotReady: it is approved or listed.
    """
    _expect(candidate, S.FOUND, S.EVALUATED, S.VALIDATING, S.REJECTED)
    return _stepped(
        candidate,
        now,
        status=S.EVALUATED,
        evaluation_id=evaluation.id,
        margin_percent=evaluation.costs.margin_percent,
        validation_run_id=None,
        findings=[],
        note=None,
        decided_by=None,
        decided_at=None,
    )


def under_validation(candidate: Candidate, run_id: UUID, now: datetime) -> Candidate:
    """Looked at by a crew. One that the run has decided about by now stays as it decided.

    Raises:
        CandidateNotReady: it was not evaluated, or is decided about.
    """
    if candidate.validation_run_id == run_id:
        return candidate
    _expect(candidate, S.EVALUATED, S.VALIDATING)
    return _stepped(candidate, now, status=S.VALIDATING, validation_run_id=run_id)


def approved(
    candidate: Candidate,
    evaluation_id: UUID,
    findings: list[dict[str, str]],
    note: str,
    by: UUID | None,
    run_id: UUID | None,
    now: datetime,
) -> Candidate:
    """Good to be listed.

    Raises:
        CandidateNotReady: it was not evaluated, or is decided about.
        EvaluationChanged: the approval is of an older evaluation.
    """
    _expect(candidate, S.EVALUATED, S.VALIDATING)
    if candidate.evaluation_id != evaluation_id:
        raise EvaluationChanged
    return _decided(candidate, S.APPROVED, findings, note, by, run_id, now)


def rejected(
    candidate: Candidate,
    findings: list[dict[str, str]],
    note: str,
    by: UUID | None,
    run_id: UUID | None,
    now: datetime,
) -> Candidate:
    """Not to be listed; until it is evaluated anew.

    Raises:
        CandidateNotReady: it is listed, or rejected already.
    """
    _expect(candidate, S.FOUND, S.EVALUATED, S.VALIDATING, S.APPROVED)
    return _decided(candidate, S.REJECTED, findings, note, by, run_id, now)


def listed(candidate: Candidate, listing: Listing, evaluation: Evaluation, now: datetime) -> Candidate:
    """Sold in the shop at the price that was approved.

    Raises:
        CandidateNotReady: it is not approved.
    """
    _expect(candidate, S.APPROVED)
    return _stepped(
        candidate,
        now,
        status=S.LISTED,
        product_id=listing.product_id,
        variant_id=listing.variant_id,
        sku=listing.sku,
        selling_price=evaluation.inputs.selling_price,
        selling_currency=evaluation.inputs.currency,
        approved_price=evaluation.inputs.selling_price,
        listed_at=now,
    )


def delisted(candidate: Candidate, now: datetime) -> Candidate:
    """Sold no more; approved still.

    Raises:
        CandidateNotReady: it is not listed.
    """
    _expect(candidate, S.LISTED)
    return _stepped(
        candidate,
        now,
        status=S.APPROVED,
        product_id=None,
        variant_id=None,
        sku=None,
        selling_price=None,
        selling_currency=None,
        approved_price=None,
        listed_at=None,
        former_variant_id=candidate.variant_id,
        delisted_at=now,
    )


def checked_findings(findings: list[dict[str, str]]) -> list[dict[str, str]]:
    """What a validation found.

    Raises:
        InvalidValue: too much of it, or too long.
    """
    if len(findings) > MAX_FINDINGS:
        raise InvalidValue("findings", f"must be at most {MAX_FINDINGS}")
    return [
        {
            "aspect": checked_text("aspect", each["aspect"], 40),
            "verdict": each["verdict"],
            "note": checked_text("note", each["note"], 300),
        }
        for each in findings
    ]


def _decided(
    candidate: Candidate,
    status: CandidateStatus,
    findings: list[dict[str, str]],
    note: str,
    by: UUID | None,
    run_id: UUID | None,
    now: datetime,
) -> Candidate:
    return _stepped(
        candidate,
        now,
        status=status,
        findings=checked_findings(findings),
        note=checked_text("note", note, 500),
        decided_by=by,
        decided_at=now,
        validation_run_id=run_id or candidate.validation_run_id,
    )


def _expect(candidate: Candidate, *states: CandidateStatus) -> None:
    if candidate.status not in states:
        wanted = ", ".join(state.name for state in states)
        raise CandidateNotReady(f"The candidate is {candidate.status.name}; this needs one that is {wanted}.")


def _stepped(candidate: Candidate, now: datetime, **changes: Any) -> Candidate:
    return replace(candidate, version=candidate.version + 1, updated_at=now, **changes)
