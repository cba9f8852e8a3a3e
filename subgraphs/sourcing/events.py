"""What sourcing tells other contexts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from resolvers.events.declaration import event

__all__ = [
    "CandidateApproved",
    "CandidateDelisted",
    "CandidateListed",
    "DropshipOrderChanged",
    "PriceChanged",
    "SellingPriceChanged",
    "StockChanged",
]


@event("sourcing.candidate_approved", version=1, about="candidate_id")
@dataclass(frozen=True, slots=True)
class CandidateApproved:
    """A candidate is good to be listed; costs and price are in `currency`, the margin in per cent."""

    candidate_id: UUID
    asin: str
    marketplace_id: str
    title: str
    supplier: str
    landed_cost: Decimal
    currency: str
    price: Decimal
    margin: Decimal
    approved_at: datetime


@event("sourcing.candidate_listed", version=1, about="candidate_id")
@dataclass(frozen=True, slots=True)
class CandidateListed:
    """A candidate is sold in the shop as this variant; costs are the supplier's, in `currency`."""

    candidate_id: UUID
    asin: str
    product_id: str
    variant_id: str
    supplier: str
    country_code: str
    unit_cost: Decimal
    shipping_cost: Decimal
    duty_percent: Decimal
    currency: str
    in_stock: bool
    listed_at: datetime


@event("sourcing.candidate_delisted", version=1, about="candidate_id")
@dataclass(frozen=True, slots=True)
class CandidateDelisted:
    """A candidate is sold no more as this variant."""

    candidate_id: UUID
    asin: str
    variant_id: str
    supplier: str
    delisted_at: datetime


@event("sourcing.price_changed", version=1, about="candidate_id")
@dataclass(frozen=True, slots=True)
class PriceChanged:
    """The supplier asks another price; `variant_id` is None while it is not listed."""

    candidate_id: UUID
    asin: str
    variant_id: str | None
    supplier: str
    unit_cost: Decimal
    shipping_cost: Decimal
    before: Decimal | None
    currency: str
    changed_at: datetime


@event("sourcing.selling_price_changed", version=1, about="candidate_id")
@dataclass(frozen=True, slots=True)
class SellingPriceChanged:
    """What is listed is to be sold at another price, tax included; None: it is to be taken off the shop."""

    candidate_id: UUID
    variant_id: str
    before: Decimal
    after: Decimal | None
    currency: str
    changed_at: datetime


@event("sourcing.stock_changed", version=1, about="candidate_id")
@dataclass(frozen=True, slots=True)
class StockChanged:
    """The supplier has it again, or has it no more; `variant_id` is None while it is not listed."""

    candidate_id: UUID
    asin: str
    variant_id: str | None
    supplier: str
    in_stock: bool
    changed_at: datetime


@event("sourcing.dropship_order_changed", version=1, about="dropship_order_id")
@dataclass(frozen=True, slots=True)
class DropshipOrderChanged:
    """A dropship order has come further: PENDING, ORDERED, SHIPPED, DELIVERED or CANCELLED."""

    dropship_order_id: UUID
    order_id: str
    order_number: str
    variant_id: str
    quantity: int
    status: str
    tracking_number: str | None
    changed_at: datetime
