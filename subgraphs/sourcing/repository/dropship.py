"""Statements about dropship orders."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.rows import among, columns_of, read
from resolvers.session import TenantSession
from subgraphs.sourcing.domain.dropship import DropshipOrder, DropshipStatus
from subgraphs.sourcing.repository.rows import add, change
from subgraphs.sourcing.tables import dropship_orders

__all__ = [
    "NEWEST_ORDER",
    "add_orders",
    "change_order",
    "count_orders",
    "find_orders",
    "locked_order",
    "order_page",
]

NEWEST_ORDER: Final = Ordering(
    "NEWEST", Key(dropship_orders.c.created_at, descending=True), Key(dropship_orders.c.id, descending=True)
)

_COLUMNS = columns_of(dropship_orders, DropshipOrder)
_COUNT = len(_COLUMNS)


async def find_orders(session: TenantSession, ids: Sequence[UUID]) -> list[DropshipOrder | None]:
    """The order of each id, in their order. One statement."""
    rows = await session.rows(select(*_COLUMNS).where(among(dropship_orders.c.id, ids)))
    return aligned(ids, {row.id: read(DropshipOrder, row, _COUNT) for row in rows})


async def order_page(
    session: TenantSession, status: DropshipStatus | None, order_id: str | None, window: Window
) -> Page[DropshipOrder]:
    """A page of the tenant's. One statement."""
    page = await fetch_page(session, select(*_COLUMNS).where(*_conditions(status, order_id)), window)
    return Page(tuple(read(DropshipOrder, row, _COUNT) for row in page.rows), page.cursors, page.info)


async def count_orders(session: TenantSession, status: DropshipStatus | None, order_id: str | None) -> int:
    """How many there are."""
    statement = select(func.count()).select_from(dropship_orders).where(*_conditions(status, order_id))
    return int(await session.scalar(statement))


async def locked_order(session: TenantSession, dropship_order_id: UUID) -> DropshipOrder | None:
    """The order, locked until the transaction ends."""
    row = await session.row(select(*_COLUMNS).where(dropship_orders.c.id == dropship_order_id).with_for_update())
    return None if row is None else read(DropshipOrder, row, _COUNT)


async def add_orders(session: TenantSession, new: Sequence[DropshipOrder]) -> set[UUID]:
    """Writes those that there are not yet, and returns the ids of these."""
    return await add(session, dropship_orders, new, missing=True)


async def change_order(session: TenantSession, changed: DropshipOrder) -> None:
    """Writes one that was locked, as it is now."""
    await change(session, dropship_orders, [changed])


def _conditions(status: DropshipStatus | None, order_id: str | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if status is not None:
        found.append(dropship_orders.c.status == status)
    if order_id is not None:
        found.append(dropship_orders.c.order_id == order_id)
    return found
