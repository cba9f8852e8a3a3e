"""What a Saleor's webhook says of an order, and whether it is that Saleor who says so."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from subgraphs.storefront.events import OrderLine, OrderPlaced

__all__ = ["ORDER_CREATED", "NotAnOrder", "is_signed", "placed_order"]

ORDER_CREATED: Final = (
    "subscription { event { ... on OrderCreated { order { id number created userEmail channel { slug } "
    "billingAddress { firstName lastName } total { gross { amount currency } } "
    "lines { productName variantName productSku quantity variant { id product { id } } } } } } }"
)
"""The subscription query that the webhook must have."""

_MOST_LINES = 1000


class NotAnOrder(Exception):
    """The body is not what `ORDER_CREATED` asks for; the message says why."""


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether `signature` is the body's HMAC-SHA-256 in hexadecimal digits, as Saleor signs with a `secretKey`."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def placed_order(body: bytes) -> OrderPlaced:
    """The order of a body.

    Raises:
        NotAnOrder: it holds none.
    """
    try:
        order = json.loads(body)["order"]
        address = order["billingAddress"] or {}
        gross = order["total"]["gross"]
        lines = tuple(_line(line) for line in order["lines"][:_MOST_LINES])
        return OrderPlaced(
            order_id=_text(order["id"]),
            number=_text(order["number"]),
            email=_text(order["userEmail"] or ""),
            customer_name=f"{address.get('firstName') or ''} {address.get('lastName') or ''}".strip(),
            channel=_text(order["channel"]["slug"]),
            items=sum(line.quantity for line in lines),
            lines=lines,
            total=Decimal(str(gross["amount"])),
            currency=_text(gross["currency"]),
            placed_at=_moment(order["created"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation, RecursionError) as error:
        raise NotAnOrder(f"{type(error).__name__}: {error}") from error


def _line(line: Mapping[str, Any]) -> OrderLine:
    variant = line["variant"] or {}
    product = variant.get("product") or {}
    return OrderLine(
        product_id=_text(product.get("id", "")),
        variant_id=_text(variant.get("id", "")),
        sku=_text(line["productSku"] or ""),
        name=f"{_text(line['productName'])} {_text(line['variantName'] or '')}".strip(),
        quantity=int(line["quantity"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError("not a text")
    return value


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
