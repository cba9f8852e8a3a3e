"""What the storefront tells other contexts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from resolvers.events.declaration import event
from subgraphs.storefront import values

__all__ = ["OrderLine", "OrderPlaced", "VariantBackInStock"]


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an order; ids are Saleor's, and empty for what it has no more.

    Raises:
        ValueError: a value is not as `values` says.
    """

    product_id: str
    variant_id: str
    sku: str
    name: str
    quantity: int

    def __post_init__(self) -> None:
        for name, most in (
            ("product_id", values.ID_CHARS),
            ("variant_id", values.ID_CHARS),
            ("sku", values.NAME_CHARS),
            ("name", values.NAME_CHARS),
        ):
            _check(self, name, values.text, most)
        _check(self, "quantity", values.quantity)


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

    Raises:
        ValueError: a value is not as `values` says: what listeners cannot keep is not told.
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

    def __post_init__(self) -> None:
        _check(self, "order_id", values.some_text, values.ID_CHARS)
        _check(self, "number", values.some_text, values.NUMBER_CHARS)
        _check(self, "email", values.email)
        _check(self, "customer_name", values.text, values.NAME_CHARS)
        _check(self, "channel", values.some_text, values.ID_CHARS)
        if len(self.lines) > values.LINES:
            raise ValueError(f"lines: must be at most {values.LINES}")
        if self.items != sum(line.quantity for line in self.lines):
            raise ValueError("items: must be the sum of the lines' quantities")
        _check(self, "total", values.money)
        _check(self, "currency", values.currency)
        _check(self, "placed_at", values.moment)


@event("storefront.variant_back_in_stock", version=1, about="variant_id")
@dataclass(frozen=True, slots=True)
class VariantBackInStock:
    """What users wait for can be had again. Their waiting is over: they are told once.

    Attributes:
        variant_id: Saleor's global id.
        user_ids: some of those who waited, 500 at most; where there are more, further events name them.
    """

    variant_id: str
    channel: str | None
    user_ids: tuple[UUID, ...]
    back_at: datetime


def _check(told: object, name: str, check: Callable[..., Any], *limits: int) -> None:
    try:
        check(getattr(told, name), *limits)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
