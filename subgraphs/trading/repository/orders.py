"""Statements about `trading.orders`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, update

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering, Page, Window, fetch_pages
from resolvers.rows import columns_of, read
from resolvers.session import TenantSession
from subgraphs.trading.domain.orders import Order, OrderStatus
from subgraphs.trading.repository.rows import add
from subgraphs.trading.tables import orders

__all__ = [
    "NEWEST_FIRST",
    "add_order",
    "change_orders",
    "count_open_orders",
    "find_orders",
    "open_orders_of",
    "order_pages",
    "seen",
]

NEWEST_FIRST = Ordering("NEWEST", Key(orders.c.created_at, descending=True), Key(orders.c.id, descending=True))

_COLUMNS = columns_of(orders, Order)
_COUNT = len(_COLUMNS)


async def find_orders(session: TenantSession, ids: Sequence[UUID]) -> list[Order | None]:
    """The order of each id, in their order. One statement."""
    rows = await session.rows(select(*_COLUMNS).where(orders.c.id.in_(ids)))
    return aligned(ids, {row.id: read(Order, row, _COUNT) for row in rows})


async def order_pages(
    session: TenantSession, portfolio_ids: Sequence[UUID], status: OrderStatus | None, window: Window
) -> list[Page[Order]]:
    """A page of orders for each portfolio, in their order. One statement."""
    statement = select(*_COLUMNS)
    if status is not None:
        statement = statement.where(orders.c.status == status)
    pages = await fetch_pages(session, statement, orders.c.portfolio_id, portfolio_ids, window)
    return [Page(tuple(read(Order, row, _COUNT) for row in page.rows), page.cursors, page.info) for page in pages]


async def count_open_orders(session: TenantSession, portfolio_id: UUID) -> int:
    """How many of a portfolio wait."""
    statement = select(func.count()).select_from(orders)
    waiting = (orders.c.portfolio_id == portfolio_id, orders.c.status == OrderStatus.OPEN)
    return int(await session.scalar(statement.where(*waiting)))


async def open_orders_of(session: TenantSession, instrument_id: UUID) -> list[Order]:
    """All that wait for the instrument's price, the oldest first. One statement."""
    waiting = (orders.c.instrument_id == instrument_id, orders.c.status == OrderStatus.OPEN)
    rows = await session.rows(select(*_COLUMNS).where(*waiting).order_by(orders.c.created_at, orders.c.id))
    return [read(Order, row, _COUNT) for row in rows]


async def add_order(session: TenantSession, order: Order) -> None:
    """Writes a new one."""
    await add(session, orders, order)


async def change_orders(session: TenantSession, changed: Sequence[Order]) -> None:
    """Writes what became of orders whose portfolios are locked. One statement for all."""
    if changed:
        names = ("status", "reserved", "price", "amount", "commission", "rejection", "ended_at", "updated_at")
        values = {name: bindparam(f"new_{name}", type_=orders.c[name].type) for name in names}
        statement = update(orders).where(orders.c.id == bindparam("row_id")).values(values)
        await session.execute(
            statement,
            [{"row_id": each.id, **{f"new_{name}": getattr(each, name) for name in names}} for each in changed],
        )


async def seen(session: TenantSession, instrument_id: UUID, until: datetime) -> None:
    """Notes that what waits for the instrument's price was held against all bars that open before `until`."""
    waiting = (orders.c.instrument_id == instrument_id, orders.c.status == OrderStatus.OPEN)
    await session.execute(update(orders).where(*waiting).values(seen_until=func.greatest(orders.c.seen_until, until)))
