"""Statements about portfolios, their positions and their cash."""

from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering, Page, Window, fetch_page, fetch_pages
from resolvers.rows import columns_of, read
from resolvers.session import TenantSession
from subgraphs.trading.domain.orders import OrderSide, OrderStatus
from subgraphs.trading.domain.portfolios import CashEntry, Portfolio, Position
from subgraphs.trading.repository.rows import add
from subgraphs.trading.tables import cash_entries, orders, portfolios, positions

__all__ = [
    "BY_INSTRUMENT",
    "BY_NAME",
    "NEWEST_ENTRY_FIRST",
    "add_entries",
    "add_portfolio",
    "change_portfolios",
    "count_portfolios",
    "entry_pages",
    "find_portfolios",
    "portfolio_page",
    "portfolios_for_update",
    "position_pages",
    "positions_of",
    "reserved_cash",
    "reserved_quantities",
    "write_positions",
]

BY_NAME = Ordering("NAME", Key(portfolios.c.name_key), Key(portfolios.c.id))
BY_INSTRUMENT = Ordering("INSTRUMENT", Key(positions.c.instrument_id))
NEWEST_ENTRY_FIRST = Ordering("NUMBER", Key(cash_entries.c.number, descending=True))

_COLUMNS = columns_of(portfolios, Portfolio)
_POSITION_COLUMNS = columns_of(positions, Position)
_ENTRY_COLUMNS = columns_of(cash_entries, CashEntry)
_ZERO = Decimal(0)


async def find_portfolios(session: TenantSession, ids: Sequence[UUID]) -> list[Portfolio | None]:
    """The portfolio of each id, in their order. One statement."""
    rows = await session.rows(select(*_COLUMNS).where(portfolios.c.id.in_(ids)))
    return aligned(ids, {row.id: read(Portfolio, row, len(_COLUMNS)) for row in rows})


async def portfolio_page(session: TenantSession, window: Window) -> Page[Portfolio]:
    """A page of the tenant's. One statement."""
    page = await fetch_page(session, select(*_COLUMNS, portfolios.c.name_key), window)
    return _page(Portfolio, page, len(_COLUMNS))


async def count_portfolios(session: TenantSession) -> int:
    """How many the tenant has."""
    return int(await session.scalar(select(func.count()).select_from(portfolios)))


async def portfolios_for_update(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Portfolio]:
    """Those that are there, locked in the order of their ids until the transaction ends. One statement."""
    statement = select(*_COLUMNS).where(portfolios.c.id.in_(ids)).order_by(portfolios.c.id).with_for_update()
    return {row.id: read(Portfolio, row, len(_COLUMNS)) for row in await session.rows(statement)}


async def add_portfolio(session: TenantSession, portfolio: Portfolio) -> None:
    """Writes a new one.

    Raises:
        NameTaken: another one has the name.
    """
    await add(session, portfolios, portfolio)


async def change_portfolios(session: TenantSession, changed: Sequence[Portfolio]) -> None:
    """Writes those that `portfolios_for_update` gave, as they are now. One statement for all."""
    if changed:
        names = ("cash", "deposited", "entries", "version", "updated_at")
        values = {name: bindparam(f"new_{name}", type_=portfolios.c[name].type) for name in names}
        statement = update(portfolios).where(portfolios.c.id == bindparam("row_id")).values(values)
        await session.execute(
            statement,
            [{"row_id": each.id, **{f"new_{name}": getattr(each, name) for name in names}} for each in changed],
        )


async def positions_of(session: TenantSession, portfolio_ids: Sequence[UUID]) -> list[list[Position]]:
    """All that each portfolio holds, in their order; `MAX_POSITIONS` at most. One statement."""
    statement = select(*_POSITION_COLUMNS).where(positions.c.portfolio_id.in_(portfolio_ids))
    found: dict[UUID, list[Position]] = {}
    for row in await session.rows(statement.order_by(positions.c.instrument_id)):
        found.setdefault(row.portfolio_id, []).append(read(Position, row, len(_POSITION_COLUMNS)))
    return [found.get(each, []) for each in portfolio_ids]


async def position_pages(session: TenantSession, portfolio_ids: Sequence[UUID], window: Window) -> list[Page[Position]]:
    """A page of what each portfolio holds now, in their order. One statement."""
    statement = select(*_POSITION_COLUMNS).where(positions.c.quantity > 0)
    pages = await fetch_pages(session, statement, positions.c.portfolio_id, portfolio_ids, window)
    return [_page(Position, page, len(_POSITION_COLUMNS)) for page in pages]


async def write_positions(session: TenantSession, changed: Sequence[Position]) -> None:
    """Writes positions, new or known. One statement for all."""
    if changed:
        tenant_id = session.tenant_id()
        names = [field.name for field in fields(Position)]
        rows = [{"tenant_id": tenant_id, **{name: getattr(each, name) for name in names}} for each in changed]
        statement = insert(positions)
        new = {name: statement.excluded[name] for name in ("quantity", "cost", "realised")}
        await session.execute(statement.on_conflict_do_update(constraint="pk_positions", set_=new), rows)


async def add_entries(session: TenantSession, entries: Sequence[CashEntry]) -> None:
    """Writes that cash came or went. One statement for all."""
    await add(session, cash_entries, *entries)


async def entry_pages(session: TenantSession, portfolio_ids: Sequence[UUID], window: Window) -> list[Page[CashEntry]]:
    """A page of entries for each portfolio, in their order. One statement."""
    pages = await fetch_pages(session, select(*_ENTRY_COLUMNS), cash_entries.c.portfolio_id, portfolio_ids, window)
    return [_page(CashEntry, page, len(_ENTRY_COLUMNS)) for page in pages]


async def reserved_cash(session: TenantSession, portfolio_ids: Sequence[UUID]) -> list[Decimal]:
    """Cash that is set aside for the open orders of each portfolio, in their order. One statement."""
    statement = (
        select(orders.c.portfolio_id, func.sum(orders.c.reserved).label("reserved"))
        .where(orders.c.portfolio_id.in_(portfolio_ids), orders.c.status == OrderStatus.OPEN)
        .group_by(orders.c.portfolio_id)
    )
    found = {row.portfolio_id: row.reserved for row in await session.rows(statement)}
    return [found.get(each, _ZERO) for each in portfolio_ids]


async def reserved_quantities(
    session: TenantSession, portfolio_ids: Sequence[UUID], instrument_id: UUID
) -> dict[UUID, Decimal]:
    """Units of an instrument that the open orders of each portfolio are to sell. One statement."""
    statement = (
        select(orders.c.portfolio_id, func.sum(orders.c.quantity).label("quantity"))
        .where(
            orders.c.portfolio_id.in_(portfolio_ids),
            orders.c.instrument_id == instrument_id,
            orders.c.status == OrderStatus.OPEN,
            orders.c.side == OrderSide.SELL,
        )
        .group_by(orders.c.portfolio_id)
    )
    return {row.portfolio_id: row.quantity for row in await session.rows(statement)}


def _page(entity: Any, page: Page[Any], count: int) -> Page[Any]:
    return Page(tuple(read(entity, row, count) for row in page.rows), page.cursors, page.info)
