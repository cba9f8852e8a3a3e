"""Offers of what is sourced: kept as sourcing tells of them, beside those that people note."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any, Final

from resolvers.session import TenantSession
from subgraphs.storefront.domain.offers import checked_offer
from subgraphs.storefront.repository import sourcing

__all__ = ["Delisted", "Listed", "Priced", "Stocked", "note_delisted", "note_listed", "note_price", "note_stock"]

_USUAL: Final[dict[str, Any]] = {
    "time_zone": "UTC",
    "cutoff": time(12),
    "working_days": [0, 1, 2, 3, 4],
    "handling_days": 1,
    "transit_min_days": 2,
    "transit_max_days": 7,
}
"""Of a supplier that nobody has noted before; cautious, until somebody says better (`updateSupplier`)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A sourced product is sold as a variant of the shop."""

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


@dataclass(frozen=True, slots=True)
class Delisted:
    """It is sold no more."""

    asin: str
    variant_id: str
    supplier: str


@dataclass(frozen=True, slots=True)
class Priced:
    """Its supplier asks another price; `variant_id` is None while it is not listed."""

    asin: str
    variant_id: str | None
    supplier: str
    unit_cost: Decimal
    shipping_cost: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Stocked:
    """Its supplier has it again, or no more."""

    asin: str
    variant_id: str | None
    supplier: str
    in_stock: bool


async def note_listed(session: TenantSession, listed: Listed) -> None:
    """The supplier's offer of the variant; one that there is already is as it is told.

    Raises:
        InvalidValue: no offer can be made of it.
    """
    supplier_id = await sourcing.supplier_named(
        session, listed.supplier, {**_USUAL, "country_code": listed.country_code}
    )
    offer = checked_offer(
        {
            "supplier_id": supplier_id,
            "product_id": listed.product_id,
            "variant_id": listed.variant_id,
            "supplier_sku": listed.asin,
            "asin": listed.asin,
            "currency": listed.currency,
            "unit_cost": listed.unit_cost,
            "shipping_cost": listed.shipping_cost,
            "duty_percent": listed.duty_percent,
            "minimum_quantity": 1,
            "available_quantity": _quantity(listed.in_stock),
            "handling_days": None,
            "url": None,
            "is_active": True,
        }
    )
    await sourcing.put_offer(session, offer)


async def note_delisted(session: TenantSession, gone: Delisted) -> None:
    """The offer does not count any longer; it stays, for who looks back."""
    await sourcing.change_sourced(session, gone.supplier, gone.variant_id, gone.asin, is_active=False)


async def note_price(session: TenantSession, priced: Priced) -> None:
    """What the supplier asks now."""
    if priced.variant_id is not None:
        costs = {"unit_cost": priced.unit_cost, "shipping_cost": priced.shipping_cost, "currency": priced.currency}
        await sourcing.change_sourced(session, priced.supplier, priced.variant_id, priced.asin, **costs)


async def note_stock(session: TenantSession, stocked: Stocked) -> None:
    """Whether the supplier has it; how many it has it does not tell."""
    if stocked.variant_id is not None:
        quantity = _quantity(stocked.in_stock)
        await sourcing.change_sourced(
            session, stocked.supplier, stocked.variant_id, stocked.asin, available_quantity=quantity
        )


def _quantity(in_stock: bool) -> int | None:
    return None if in_stock else 0
