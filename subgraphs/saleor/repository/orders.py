"""Orders, and what becomes of a checkout when it turns into one."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, insert, select, update

from resolvers.session import TenantSession
from subgraphs.saleor.tables import checkouts, order_lines, orders, payments, shops, stocks

__all__ = [
    "add_order",
    "close_checkout",
    "lines_of",
    "next_number",
    "order_list",
    "order_of_checkout",
    "orders_by_id",
    "payments_of",
    "promise",
]


def order_list(*, channel_id: int | None = None, user_id: int | None = None) -> Select[Any]:
    """All orders that meet the conditions."""
    statement = select(orders)
    if channel_id is not None:
        statement = statement.where(orders.c.channel_id == channel_id)
    return statement if user_id is None else statement.where(orders.c.user_id == user_id)


async def orders_by_id(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Rows of orders."""
    return {row.id: row for row in await session.rows(select(orders).where(orders.c.id.in_(ids)))}


async def order_of_checkout(session: TenantSession, checkout_id: UUID) -> Row[Any] | None:
    """The order that a checkout has become."""
    return await session.row(select(orders).where(orders.c.checkout_id == checkout_id))


async def lines_of(session: TenantSession, order_ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """The lines of orders, in the order of the checkout's."""
    found: dict[UUID, list[Row[Any]]] = {}
    statement = select(order_lines).where(order_lines.c.order_id.in_(order_ids)).order_by(order_lines.c.place)
    for row in await session.rows(statement):
        found.setdefault(row.order_id, []).append(row)
    return found


async def payments_of(session: TenantSession, order_ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """The payments of orders."""
    found: dict[UUID, list[Row[Any]]] = {}
    statement = select(payments).where(payments.c.order_id.in_(order_ids)).order_by(payments.c.id)
    for row in await session.rows(statement):
        found.setdefault(row.order_id, []).append(row)
    return found


async def next_number(session: TenantSession) -> int:
    """The shop's next order number; the next one waits until this transaction ends, so there are no gaps."""
    statement = update(shops).values(next_order_number=shops.c.next_order_number + 1)
    return int(await session.scalar(statement.returning(shops.c.next_order_number))) - 1


async def promise(session: TenantSession, stock_id: int, quantity: int) -> None:
    """Takes items of a stock, which the caller has locked and found to have them."""
    statement = update(stocks).where(stocks.c.id == stock_id)
    await session.execute(statement.values(quantity_allocated=stocks.c.quantity_allocated + quantity))


async def add_order(session: TenantSession, values: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> None:
    """Keeps an order and its lines."""
    await session.execute(insert(orders).values(**values))
    await session.execute(insert(order_lines), list(lines))


async def close_checkout(session: TenantSession, checkout_id: UUID, order_id: UUID) -> None:
    """Hands a checkout's payments over to its order, captured, and removes the checkout."""
    statement = update(payments).where(payments.c.checkout_id == checkout_id)
    await session.execute(statement.where(~payments.c.is_active).values(checkout_id=None, order_id=order_id))
    await session.execute(
        statement.values(checkout_id=None, order_id=order_id, captured=payments.c.amount, charge_status="FULLY_CHARGED")
    )
    await session.execute(delete(checkouts).where(checkouts.c.id == checkout_id))
