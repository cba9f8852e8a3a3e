"""Keeping suppliers, their offers, and the tax in a channel's prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.errors import check_version
from resolvers.session import TenantSession
from subgraphs.storefront.domain.delivery import checked_rules
from subgraphs.storefront.domain.errors import OfferNotFound, SupplierNotFound
from subgraphs.storefront.domain.money import percentage
from subgraphs.storefront.domain.offers import Offer, checked_offer
from subgraphs.storefront.domain.values import MAX_NAME, channel_slug, country_of, text_of
from subgraphs.storefront.repository import rows, sourcing
from subgraphs.storefront.tables import supplier_offers, suppliers

_SUPPLIER_FIELDS = (
    "name",
    "country_code",
    "time_zone",
    "cutoff",
    "working_days",
    "handling_days",
    "transit_min_days",
    "transit_max_days",
)
_OFFER_FIELDS = tuple(Offer.__dataclass_fields__)


async def add_supplier(session: TenantSession, tenant_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Stores a new supplier and returns its row.

    Args:
        values: name, country_code and the attributes of `DeliveryRules`.

    Raises:
        InvalidValue: a rule is broken.
        NameTaken: another supplier has its name.
    """
    return await sourcing.add_supplier(session, tenant_id, **_supplier(values))


async def change_supplier(
    session: TenantSession, supplier_id: UUID, changes: Mapping[str, Any], expected_version: int | None
) -> Row[Any]:
    """Changes some of what is known of a supplier and returns its row.

    Raises:
        SupplierNotFound, VersionConflict, InvalidValue, NameTaken: see there.
    """
    row = await rows.locked(session, suppliers, supplier_id)
    if row is None:
        raise SupplierNotFound
    check_version(row.version, expected_version)
    values = _supplier({**{name: getattr(row, name) for name in _SUPPLIER_FIELDS}, **changes})
    changed = await rows.change(session, suppliers, supplier_id, **values, version=row.version + 1)
    assert changed is not None, "the row is locked"
    return changed


async def add_offer(session: TenantSession, tenant_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Stores a new offer and returns its row.

    Args:
        values: attributes of `Offer`.

    Raises:
        InvalidValue: a rule is broken.
        SupplierNotFound: there is no such supplier.
        OfferTaken: it offers this variant under this number already.
    """
    return await sourcing.add_offer(session, tenant_id, checked_offer(dict(values)))


async def change_offer(
    session: TenantSession, offer_id: UUID, changes: Mapping[str, Any], expected_version: int | None
) -> Row[Any]:
    """Changes some of an offer and returns its row; whose it is, and of what, stays.

    Raises:
        OfferNotFound, VersionConflict, InvalidValue, OfferTaken: see there.
    """
    row = await rows.locked(session, supplier_offers, offer_id)
    if row is None:
        raise OfferNotFound
    check_version(row.version, expected_version)
    offer = checked_offer({**{name: getattr(row, name) for name in _OFFER_FIELDS}, **changes})
    changed = await rows.change(session, supplier_offers, offer_id, **asdict(offer), version=row.version + 1)
    assert changed is not None, "the row is locked"
    return changed


async def remove_offer(session: TenantSession, offer_id: UUID) -> None:
    """Deletes an offer.

    Raises:
        OfferNotFound: there is none.
    """
    if not await sourcing.remove_offer(session, offer_id):
        raise OfferNotFound


async def set_channel_tax(session: TenantSession, tenant_id: UUID, channel: str, tax_percent: Decimal) -> None:
    """Notes how much tax is in the prices of a channel.

    Raises:
        InvalidValue: no channel's slug, or no percentage.
    """
    slug = channel_slug(channel, "channel")
    assert slug is not None, "a channel was given"
    await sourcing.set_tax_percent(session, tenant_id, slug, percentage(tax_percent, "taxPercent"))


def _supplier(values: Mapping[str, Any]) -> dict[str, Any]:
    cutoff: time = values["cutoff"]
    rules = checked_rules(
        values["time_zone"],
        cutoff,
        values["working_days"],
        values["handling_days"],
        values["transit_min_days"],
        values["transit_max_days"],
    )
    return {
        **asdict(rules),
        "working_days": sorted(rules.working_days),
        "name": text_of(values["name"], MAX_NAME, "name"),
        "country_code": country_of(values["country_code"], "countryCode"),
    }
