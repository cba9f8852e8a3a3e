"""Dropship orders: one for each line of a shop's order that a supplier sends to the customer.

PENDING -> ORDERED -> SHIPPED -> DELIVERED
   \\---------\\----> CANCELLED
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from resolvers.errors import InvalidValue
from resolvers.values import checked_text
from subgraphs.sourcing.domain.errors import DropshipOrderNotReady
from subgraphs.sourcing.domain.values import checked_amount

__all__ = ["DropshipOrder", "DropshipStatus", "cancelled", "delivered", "ordered", "shipped"]


class DropshipStatus(Enum):
    """How far a dropship order has come."""

    PENDING = "pending"
    ORDERED = "ordered"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class DropshipOrder:
    """A row of `sourcing.dropship_orders`, without its tenant.

    Attributes:
        order_id, order_number: the shop's.
        line: place within the order, from 0.
        unit_cost: with shipping, in `currency`: what the supplier asked when the customer ordered, and once it was
            bought what was paid.
        supplier_reference: the supplier's number of the order.
    """

    id: UUID
    candidate_id: UUID
    order_id: str
    order_number: str
    line: int
    variant_id: str
    sku: str
    quantity: int
    unit_cost: Decimal | None
    currency: str
    status: DropshipStatus
    supplier_reference: str | None
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    cancel_reason: str | None
    placed_at: datetime
    ordered_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


def ordered(order: DropshipOrder, supplier_reference: str, unit_cost: Decimal | None, now: datetime) -> DropshipOrder:
    """Bought at the supplier's.

    Args:
        unit_cost: what was paid for one, with shipping; None: what the supplier asked.

    Raises:
        DropshipOrderNotReady: it is not PENDING.
        InvalidValue: the number or the cost cannot be kept.
    """
    _expect(order, DropshipStatus.PENDING)
    reference = checked_text("supplierReference", supplier_reference, 100)
    cost = order.unit_cost if unit_cost is None else checked_amount("unitCost", unit_cost)
    return _stepped(
        order, now, status=DropshipStatus.ORDERED, supplier_reference=reference, unit_cost=cost, ordered_at=now
    )


def shipped(order: DropshipOrder, carrier: str, number: str, url: str | None, now: datetime) -> DropshipOrder:
    """On its way.

    Raises:
        DropshipOrderNotReady: it is not ORDERED.
        InvalidValue: carrier, number or address cannot be kept.
    """
    _expect(order, DropshipStatus.ORDERED)
    if url is not None and not url.startswith("https://"):
        raise InvalidValue("trackingUrl", "must begin with https://")
    return _stepped(
        order,
        now,
        status=DropshipStatus.SHIPPED,
        carrier=checked_text("carrier", carrier, 100),
        tracking_number=checked_text("trackingNumber", number, 100),
        tracking_url=None if url is None else checked_text("trackingUrl", url, 1000),
        shipped_at=now,
    )


def delivered(order: DropshipOrder, now: datetime) -> DropshipOrder:
    """With the customer.

    Raises:
        DropshipOrderNotReady: it is not SHIPPED.
    """
    _expect(order, DropshipStatus.SHIPPED)
    return _stepped(order, now, status=DropshipStatus.DELIVERED, delivered_at=now)


def cancelled(order: DropshipOrder, reason: str, now: datetime) -> DropshipOrder:
    """Not to be sent.

    Raises:
        DropshipOrderNotReady: it is on its way, there, or cancelled.
        InvalidValue: the reason cannot be kept.
    """
    _expect(order, DropshipStatus.PENDING, DropshipStatus.ORDERED)
    why = checked_text("reason", reason, 300)
    return _stepped(order, now, status=DropshipStatus.CANCELLED, cancel_reason=why, cancelled_at=now)


def _expect(order: DropshipOrder, *states: DropshipStatus) -> None:
    if order.status not in states:
        wanted = " or ".join(state.name for state in states)
        raise DropshipOrderNotReady(f"The order is {order.status.name}; this needs one that is {wanted}.")


def _stepped(order: DropshipOrder, now: datetime, **changes: Any) -> DropshipOrder:
    return replace(order, version=order.version + 1, updated_at=now, **changes)
