"""What the shops tell by webhooks."""

from dataclasses import dataclass
from typing import Any

from resolvers.events.declaration import event

__all__ = ["OrderCreated"]


@event("saleor.order_created", version=1, about="order_id")
@dataclass(frozen=True, slots=True)
class OrderCreated:
    """A checkout has become an order.

    Attributes:
        order_id: its global id.
        payload: what the webhook's body is.
    """

    order_id: str
    payload: dict[str, Any]
