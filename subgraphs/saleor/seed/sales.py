"""What the demo shops have sold so far."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from resolvers.demo import demo_id
from subgraphs.saleor import tables
from subgraphs.saleor.domain.money import ZERO, rounded, taxed
from subgraphs.saleor.seed.catalogue import (
    FIRST_PRODUCT,
    FLAVOURS,
    PRICES,
    PRODUCTS,
    START,
    Rows,
    variants_of,
)
from subgraphs.saleor.seed.people import CUSTOMERS, customer_email

__all__ = ["sales_rows"]

_STATUSES = ("FULFILLED", "UNFULFILLED", "UNCONFIRMED", "FULFILLED", "CANCELED")
_CURRENCIES = {1: ("USD", Decimal(0)), 2: ("PLN", Decimal(23))}


def sales_rows(slug: str) -> Iterator[Rows]:
    """Twenty orders of one shop."""
    orders, lines, payments = [], [], []
    customers = sorted(CUSTOMERS)
    for number in range(1, 21):
        channel = 2 if number % 3 == 2 else 1
        buyer = customers[number % len(customers)]
        order_id = demo_id(slug, "order", str(number))
        own = [_line(slug, number, at, channel) for at in range(1 + number % 3)]
        lines += [{**line, "order_id": order_id} for line in own]
        currency, percent = _CURRENCIES[channel]
        total = taxed(sum((line["total_gross"] for line in own), ZERO), percent, currency)
        orders.append(
            {
                "id": order_id,
                "number": number,
                "channel_id": channel,
                "user_id": buyer if number % 4 else None,
                "email": customer_email(slug, buyer),
                "status": _STATUSES[number % len(_STATUSES)],
                "shipping_address_id": buyer + 8,
                "billing_address_id": buyer + 8,
                "shipping_method_id": 1,
                "shipping_method_name": "Default",
                "currency": currency,
                "total_net": total.net,
                "total_gross": total.gross,
                "shipping_net": ZERO,
                "shipping_gross": ZERO,
                "undiscounted_shipping": ZERO,
                "discount": ZERO,
                "tax_percent": percent,
                "created_at": START + timedelta(days=number),
                "updated_at": START + timedelta(days=number),
            }
        )
        payments.append(
            {
                "id": number,
                "order_id": order_id,
                "gateway": "mirumee.payments.dummy",
                "token": f"demo-{number}",
                "charge_status": "FULLY_CHARGED",
                "currency": currency,
                "amount": total.gross,
                "captured": total.gross,
                "created_at": START + timedelta(days=number),
            }
        )
    yield tables.orders, orders
    yield tables.order_lines, lines
    yield tables.payments, payments


def _line(slug: str, number: int, at: int, channel: int) -> dict[str, Any]:
    place = (3 * number + 7 * at) % 35  # the last five are digital
    kind = PRODUCTS[place // 5]
    currency, percent = _CURRENCIES[channel]
    unit = taxed(rounded(Decimal(kind.price) * PRICES[channel], currency), percent, currency)
    quantity = 1 + (number + at) % 3
    total = taxed(unit.gross * quantity, percent, currency)
    key = variants_of(FIRST_PRODUCT + place)[0]
    name = f"{FLAVOURS[slug][place % 5]} {kind.name}"
    return {
        "id": demo_id(slug, "order line", f"{number}-{at}"),
        "variant_id": key,
        "product_name": name,
        "variant_name": "S",
        "sku": f"{slug[:2].upper()}-{key}",
        "quantity": quantity,
        "unit_net": unit.net,
        "unit_gross": unit.gross,
        "total_net": total.net,
        "total_gross": total.gross,
        "undiscounted_unit": unit.gross,
        "is_shipping_required": True,
    }
