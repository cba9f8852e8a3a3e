"""What a Saleor's webhook says of an order, and whether it is that Saleor who says so."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn, TypeVar

from subgraphs.storefront.events import OrderLine, OrderPlaced
from subgraphs.storefront.values import (
    ID_CHARS,
    LINES,
    NAME_CHARS,
    NUMBER_CHARS,
    currency,
    email,
    moment,
    money,
    quantity,
    some_text,
    text,
)

__all__ = ["ORDER_CREATED", "NotAnOrder", "is_signed", "placed_order"]

T = TypeVar("T")

ORDER_CREATED: Final = (
    "subscription { event { ... on OrderCreated { order { id number created userEmail channel { slug } "
    "billingAddress { firstName lastName } total { gross { amount currency } } "
    "lines { productName variantName productSku quantity variant { id product { id } } } } } } }"
)
"""The subscription query that the webhook must have."""


class NotAnOrder(Exception):
    """The body is not what `ORDER_CREATED` asks for; the message says where and why, without what stands there."""


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
        content = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, InvalidOperation, RecursionError) as error:
        raise NotAnOrder("the body must be JSON") from error
    order = _Part(content, "the body")["order"]
    gross = order["total"]["gross"]
    lines = tuple(_line(line) for line in order["lines"].elements()[:LINES])
    return OrderPlaced(
        order_id=order["id"].read(some_text, ID_CHARS),
        number=order["number"].read(some_text, NUMBER_CHARS),
        email=order["userEmail"].or_empty(email),
        customer_name=_customer_name(order["billingAddress"]),
        channel=order["channel"]["slug"].read(some_text, ID_CHARS),
        items=sum(line.quantity for line in lines),
        lines=lines,
        total=gross["amount"].read(money),
        currency=gross["currency"].read(currency),
        placed_at=order["created"].read(_moment),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """A value of the body, and where it stands there. Everything raises `NotAnOrder` for what it is not."""

    value: Any
    place: str

    def __getitem__(self, name: str) -> _Part:
        if not isinstance(self.value, dict):
            raise NotAnOrder(f"{self.place} must be an object")
        place = f"{self.place}.{name}" if self.place != "the body" else name
        if name not in self.value:
            raise NotAnOrder(f"{place} is missing")
        return _Part(self.value[name], place)

    def elements(self) -> list[_Part]:
        if not isinstance(self.value, list):
            raise NotAnOrder(f"{self.place} must be a list")
        return [_Part(each, f"{self.place}[{index}]") for index, each in enumerate(self.value)]

    def read(self, check: Callable[..., T], *limits: int) -> T:
        try:
            return check(self.value, *limits)
        except ValueError as error:
            raise NotAnOrder(f"{self.place} {error}") from error

    def or_empty(self, check: Callable[..., str], *limits: int) -> str:
        return "" if self.value is None else self.read(check, *limits)


def _customer_name(address: _Part) -> str:
    if address.value is None:
        return ""
    names = [address[name].or_empty(text, NAME_CHARS // 2 - 1) for name in ("firstName", "lastName")]
    return " ".join(names).strip()


def _line(line: _Part) -> OrderLine:
    variant = line["variant"]
    product = _Part(None, "") if variant.value is None else variant["product"]
    names = [line[name].or_empty(text, NAME_CHARS // 2 - 1) for name in ("productName", "variantName")]
    return OrderLine(
        product_id="" if product.value is None else product["id"].read(some_text, ID_CHARS),
        variant_id="" if variant.value is None else variant["id"].read(some_text, ID_CHARS),
        sku=line["productSku"].or_empty(text, NAME_CHARS),
        name=" ".join(names).strip(),
        quantity=line["quantity"].read(quantity),
    )


def _moment(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except (ValueError, TypeError) as error:
        raise ValueError("must be a date and time in ISO 8601") from error
    return moment(found)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
