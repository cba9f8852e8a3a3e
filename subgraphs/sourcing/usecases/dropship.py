"""Orders of the shop whose articles a supplier sends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from resolvers.errors import check_version
from resolvers.session import TenantSession
from subgraphs.sourcing.domain import dropship as domain
from subgraphs.sourcing.domain.candidates import Candidate
from subgraphs.sourcing.domain.dropship import DropshipOrder, DropshipStatus
from subgraphs.sourcing.domain.errors import DropshipOrderNotFound
from subgraphs.sourcing.events import DropshipOrderChanged
from subgraphs.sourcing.repository import candidates
from subgraphs.sourcing.repository import dropship as repository

__all__ = ["OrderedLine", "PlacedOrder", "step", "take_order"]


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """A line of a shop's order."""

    variant_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order in the shop."""

    order_id: str
    number: str
    lines: tuple[OrderedLine, ...]
    placed_at: datetime


async def take_order(session: TenantSession, placed: PlacedOrder) -> list[DropshipOrder]:
    """A dropship order for each line whose variant was a listed candidate when the customer ordered.

    Each once, however often this is told, and also if the candidate was delisted before it was told of.
    """
    variants = sorted({line.variant_id for line in placed.lines if line.variant_id})
    sourced = await candidates.sold_as(session, variants, placed.placed_at) if variants else {}
    if not sourced:
        return []
    now = datetime.now(UTC)
    new = [
        _order(placed, number, line, sourced[line.variant_id], now)
        for number, line in enumerate(placed.lines)
        if line.variant_id in sourced
    ]
    # Those that were noted before, or by somebody else at the same moment, are neither written nor told of again.
    added = await repository.add_orders(session, new)
    new = [order for order in new if order.id in added]
    for order in new:
        _tell(session, order)
    return new


async def step(
    session: TenantSession,
    dropship_order_id: UUID,
    expected_version: int | None,
    change: Callable[[DropshipOrder, datetime], DropshipOrder],
) -> DropshipOrder:
    """One step of an order, by a function of `domain.dropship`.

    Raises:
        DropshipOrderNotFound, VersionConflict: see there; and what `change` raises.
    """
    order = await repository.locked_order(session, dropship_order_id)
    if order is None:
        raise DropshipOrderNotFound
    check_version(order.version, expected_version)
    changed = change(order, datetime.now(UTC))
    await repository.change_order(session, changed)
    _tell(session, changed)
    return changed


def _order(placed: PlacedOrder, number: int, line: OrderedLine, candidate: Candidate, now: datetime) -> DropshipOrder:
    cost = None if candidate.unit_price is None else candidate.unit_price + (candidate.shipping_price or 0)
    return domain.DropshipOrder(
        id=uuid4(),
        candidate_id=candidate.id,
        order_id=placed.order_id,
        order_number=placed.number,
        line=number,
        variant_id=line.variant_id,
        sku=line.sku,
        quantity=line.quantity,
        unit_cost=cost,
        currency=candidate.currency,
        status=DropshipStatus.PENDING,
        supplier_reference=None,
        carrier=None,
        tracking_number=None,
        tracking_url=None,
        cancel_reason=None,
        placed_at=placed.placed_at,
        ordered_at=None,
        shipped_at=None,
        delivered_at=None,
        cancelled_at=None,
        version=1,
        created_at=now,
        updated_at=now,
    )


def _tell(session: TenantSession, order: DropshipOrder) -> None:
    session.publish(
        DropshipOrderChanged(
            dropship_order_id=order.id,
            order_id=order.order_id,
            order_number=order.order_number,
            variant_id=order.variant_id,
            quantity=order.quantity,
            status=order.status.name,
            tracking_number=order.tracking_number,
            changed_at=order.updated_at,
        )
    )
