"""What the storefront tells other contexts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from resolvers.events.declaration import event

__all__ = ["OrderLine", "OrderPlaced"]


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an order; ids are Saleor's."""

    product_id: str
    variant_id: str
    sku: str
    name: str
    quantity: int


@event("storefront.order_placed", version=1, about="order_id")
@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """Somebody has ordered in the tenant's shop.

    Attributes:
        order_id: Saleor's global id.
        email: as the customer typed it; may be empty.
        customer_name: as on the bill; may be empty.
        items: how many, of all lines together.
        total: with taxes and delivery.
    """

    order_id: str
    number: str
    email: str
    customer_name: str
    channel: str
    items: int
    lines: tuple[OrderLine, ...]
    total: Decimal
    currency: str
    placed_at: datetime
