"""Checkouts, their lines and payments, and what they may choose from."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update

from resolvers.session import TenantSession
from subgraphs.saleor.domain.prices import Voucher
from subgraphs.saleor.tables import (
    checkout_lines,
    checkouts,
    payments,
    shipping_listings,
    shipping_methods,
    voucher_listings,
    vouchers,
)

__all__ = [
    "active_payments",
    "add_checkout",
    "add_line",
    "add_payment",
    "change",
    "checkout",
    "checkout_ids_of",
    "checkouts_by_id",
    "delete_lines",
    "lines_of",
    "payments_by_id",
    "set_quantity",
    "shipping_methods_of",
    "use_voucher",
    "voucher",
]


async def add_checkout(session: TenantSession, values: Mapping[str, Any]) -> None:
    """Keeps a new checkout."""
    await session.execute(insert(checkouts).values(**values))


async def checkout(session: TenantSession, checkout_id: UUID, *, locked: bool = False) -> Row[Any] | None:
    """A checkout; `locked` until the transaction ends, so that changes of one come one after another."""
    statement = select(checkouts).where(checkouts.c.id == checkout_id)
    return await session.row(statement.with_for_update() if locked else statement)


async def checkouts_by_id(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Rows of checkouts."""
    return {row.id: row for row in await session.rows(select(checkouts).where(checkouts.c.id.in_(ids)))}


async def checkout_ids_of(session: TenantSession, user_id: int, channel_id: int | None) -> list[UUID]:
    """A user's open checkouts, the newest first."""
    statement = select(checkouts.c.id).where(checkouts.c.user_id == user_id)
    if channel_id is not None:
        statement = statement.where(checkouts.c.channel_id == channel_id)
    rows = await session.rows(statement.order_by(checkouts.c.created_at.desc(), checkouts.c.id))
    return [row.id for row in rows]


async def change(session: TenantSession, checkout_id: UUID, values: Mapping[str, Any]) -> None:
    """Writes some columns of a checkout."""
    statement = update(checkouts).where(checkouts.c.id == checkout_id)
    await session.execute(statement.values(updated_at=func.clock_timestamp(), **values))


async def lines_of(session: TenantSession, checkout_ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """The lines of checkouts, in the order in which they were added."""
    found: dict[UUID, list[Row[Any]]] = {}
    statement = select(checkout_lines).where(checkout_lines.c.checkout_id.in_(checkout_ids))
    for row in await session.rows(statement.order_by(checkout_lines.c.place)):
        found.setdefault(row.checkout_id, []).append(row)
    return found


async def add_line(session: TenantSession, values: Mapping[str, Any]) -> None:
    """Keeps a new line."""
    await session.execute(insert(checkout_lines).values(**values))


async def set_quantity(session: TenantSession, line_id: UUID, quantity: int) -> None:
    """Writes a line's quantity."""
    await session.execute(update(checkout_lines).where(checkout_lines.c.id == line_id).values(quantity=quantity))


async def delete_lines(session: TenantSession, line_ids: Sequence[UUID]) -> None:
    """Removes lines."""
    await session.execute(delete(checkout_lines).where(checkout_lines.c.id.in_(line_ids)))


async def shipping_methods_of(session: TenantSession, channel_id: int) -> Sequence[Row[Any]]:
    """The shipping methods of a channel with their `price`, the cheapest first."""
    statement = (
        select(shipping_methods, shipping_listings.c.price)
        .join(shipping_listings, shipping_listings.c.shipping_method_id == shipping_methods.c.id)
        .where(shipping_listings.c.channel_id == channel_id)
        .order_by(shipping_listings.c.price, shipping_methods.c.id)
    )
    return await session.rows(statement)


async def voucher(session: TenantSession, channel_id: int, code: str) -> Voucher | None:
    """A voucher as it is in a channel."""
    row = await session.row(
        select(vouchers, voucher_listings.c.value, voucher_listings.c.min_spent)
        .join(voucher_listings, voucher_listings.c.voucher_id == vouchers.c.id)
        .where(voucher_listings.c.channel_id == channel_id, vouchers.c.code == code)
    )
    if row is None:
        return None
    return Voucher(
        code=row.code,
        kind=row.kind,
        value_kind=row.value_kind,
        value=row.value,
        min_spent=row.min_spent,
        usage_limit=row.usage_limit,
        used=row.used,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


async def use_voucher(session: TenantSession, code: str) -> bool:
    """Counts one more use of a voucher; False if that would be one too many."""
    statement = update(vouchers).where(
        vouchers.c.code == code, (vouchers.c.usage_limit.is_(None)) | (vouchers.c.used < vouchers.c.usage_limit)
    )
    return bool(await session.execute(statement.values(used=vouchers.c.used + 1)))


async def add_payment(session: TenantSession, values: Mapping[str, Any]) -> int:
    """Keeps a checkout's payment, which takes the place of the one before, and returns its id."""
    statement = update(payments).where(payments.c.checkout_id == values["checkout_id"])
    await session.execute(statement.values(is_active=False))
    return int(await session.scalar(insert(payments).values(**values).returning(payments.c.id)))


async def active_payments(session: TenantSession, checkout_id: UUID) -> Sequence[Row[Any]]:
    """A checkout's payments that count."""
    return await session.rows(
        select(payments).where(payments.c.checkout_id == checkout_id, payments.c.is_active).order_by(payments.c.id)
    )


async def payments_by_id(session: TenantSession, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Rows of payments."""
    return {row.id: row for row in await session.rows(select(payments).where(payments.c.id.in_(ids)))}
