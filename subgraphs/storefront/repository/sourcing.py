"""Suppliers, their offers, and the tax in a channel's prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page, fetch_pages
from resolvers.rows import refusing
from resolvers.session import TenantSession
from subgraphs.storefront.domain.offers import Offer
from subgraphs.storefront.repository.rows import REFUSALS
from subgraphs.storefront.tables import channel_taxes, supplier_offers, suppliers

MAX_COMPARED = 200
"""Offers of one product or variant that are looked at; far more than there are suppliers of anything."""

SUPPLIERS_BY_NAME = Ordering("name", Key(suppliers.c.name), Key(suppliers.c.id))
OFFERS_NEWEST = Ordering("newest", Key(supplier_offers.c.created_at, descending=True), Key(supplier_offers.c.id))
_OFFERS_OLDEST = Ordering("oldest", Key(supplier_offers.c.id))


async def add_supplier(session: TenantSession, tenant_id: UUID, **values: Any) -> Row[Any]:
    """Stores a new supplier.

    Raises:
        NameTaken: another supplier has its name.
    """
    with refusing(REFUSALS):
        row = await session.row(insert(suppliers).values(tenant_id=tenant_id, **values).returning(suppliers))
    assert row is not None, "an insert answers its row"
    return row


async def supplier_page(session: TenantSession, window: Window) -> Page[Row[Any]]:
    """A page of the suppliers."""
    return await fetch_page(session, select(suppliers), window)


async def add_offer(session: TenantSession, tenant_id: UUID, offer: Offer) -> Row[Any]:
    """Stores a new offer.

    Raises:
        OfferTaken: the supplier has one for this variant under this number.
        SupplierNotFound: there is no such supplier.
    """
    statement = insert(supplier_offers).values(tenant_id=tenant_id, **asdict(offer))
    with refusing(REFUSALS):
        row = await session.row(statement.returning(supplier_offers))
    assert row is not None, "an insert answers its row"
    return row


async def supplier_named(session: TenantSession, name: str, values: Mapping[str, Any]) -> UUID:
    """The id of the supplier of that name; it is made, with these values, if there is none."""
    wanted = select(suppliers.c.id).where(suppliers.c.name == name)
    found = await session.scalar(wanted)
    if found is None:
        made = insert(suppliers).values(tenant_id=session.tenant_id(), name=name, **values)
        await session.execute(made.on_conflict_do_nothing())
        found = await session.scalar(wanted)
    assert isinstance(found, UUID), "it was there, or was made"
    return found


async def put_offer(session: TenantSession, offer: Offer) -> None:
    """Stores an offer, in place of what the supplier asked for this variant under this number."""
    values = asdict(offer)
    statement = insert(supplier_offers).values(tenant_id=session.tenant_id(), **values)
    again = {**values, "version": supplier_offers.c.version + 1, "updated_at": func.now()}
    await session.execute(statement.on_conflict_do_update(constraint="uq_supplier_offers_number", set_=again))


async def change_sourced(session: TenantSession, supplier: str, variant_id: str, asin: str, **values: Any) -> None:
    """Changes what is known of a sourced variant's offer, if there is one."""
    own = select(suppliers.c.id).where(suppliers.c.name == supplier)
    wanted = (
        supplier_offers.c.supplier_id.in_(own),
        supplier_offers.c.variant_id == variant_id,
        supplier_offers.c.supplier_sku == asin,
    )
    changed = {**values, "version": supplier_offers.c.version + 1, "updated_at": func.now()}
    await session.execute(update(supplier_offers).where(*wanted).values(changed))


async def remove_offer(session: TenantSession, offer_id: UUID) -> bool:
    """Deletes an offer; False if there is none."""
    return bool(await session.execute(delete(supplier_offers).where(supplier_offers.c.id == offer_id)))


async def offers_of_products(session: TenantSession, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """The offers of each product's variants, at most `MAX_COMPARED` of each. One statement."""
    return await _offers_by(session, supplier_offers.c.product_id, ids)


async def offers_of_variants(session: TenantSession, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """The offers of each variant, at most `MAX_COMPARED` of each. One statement."""
    return await _offers_by(session, supplier_offers.c.variant_id, ids)


async def _offers_by(
    session: TenantSession, column: ColumnElement[str], ids: Sequence[str]
) -> dict[str, list[Row[Any]]]:
    window = Window(_OFFERS_OLDEST, MAX_COMPARED)
    pages = await fetch_pages(session, select(supplier_offers), column, ids, window)
    return {key: list(page.rows) for key, page in zip(ids, pages, strict=True)}


async def offer_pages(session: TenantSession, column: str, ids: Sequence[str], window: Window) -> list[Page[Row[Any]]]:
    """A page of the offers of each product or variant.

    Args:
        column: "product_id" or "variant_id".
    """
    return await fetch_pages(session, select(supplier_offers), supplier_offers.c[column], ids, window)


async def offer_page(
    session: TenantSession, window: Window, *, supplier_id: UUID | None, asin: str | None
) -> Page[Row[Any]]:
    """A page of all offers, or of one supplier's, or of those of an article of Amazon's."""
    statement = select(supplier_offers)
    if supplier_id is not None:
        statement = statement.where(supplier_offers.c.supplier_id == supplier_id)
    if asin is not None:
        statement = statement.where(supplier_offers.c.asin == asin)
    return await fetch_page(session, statement, window)


async def tax_percents(session: TenantSession, channels: Sequence[str]) -> Mapping[str, Decimal]:
    """The tax in the prices of channels, of those that have any."""
    table = channel_taxes.c
    rows = await session.rows(select(table.channel, table.tax_percent).where(table.channel.in_(channels)))
    return {row.channel: row.tax_percent for row in rows}


async def set_tax_percent(session: TenantSession, tenant_id: UUID, channel: str, tax_percent: Decimal) -> None:
    """Notes the tax in the prices of a channel."""
    statement = insert(channel_taxes).values(tenant_id=tenant_id, channel=channel, tax_percent=tax_percent)
    await session.execute(
        statement.on_conflict_do_update(
            constraint="uq_channel_taxes_tenant_id_channel", set_={"tax_percent": tax_percent, "updated_at": func.now()}
        )
    )
