"""Statements about `trading.instruments`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.rows import columns_of, read
from resolvers.session import TenantSession
from subgraphs.trading.domain.instruments import Instrument
from subgraphs.trading.domain.values import AssetKind
from subgraphs.trading.repository.rows import add, add_missing, change
from subgraphs.trading.tables import instruments

__all__ = [
    "BY_SYMBOL",
    "InstrumentFilter",
    "add_instrument",
    "add_missing_instruments",
    "change_instrument",
    "count_instruments",
    "find_instruments",
    "instrument_for_update",
    "instrument_page",
    "instruments_by_symbol",
    "shared_instrument",
]

BY_SYMBOL = Ordering("SYMBOL", Key(instruments.c.symbol), Key(instruments.c.id))

_COLUMNS = columns_of(instruments, Instrument)
_COUNT = len(_COLUMNS)


@dataclass(frozen=True, slots=True)
class InstrumentFilter:
    """Conditions that must all hold; None: any.

    Attributes:
        search: part of the symbol or the name, whatever its case.
    """

    search: str | None = None
    kind: AssetKind | None = None
    currency: str | None = None
    active: bool | None = None


async def find_instruments(session: TenantSession, ids: Sequence[UUID]) -> list[Instrument | None]:
    """The instrument of each id, in their order. One statement."""
    rows = await session.rows(select(*_COLUMNS).where(instruments.c.id.in_(ids)))
    return aligned(ids, {row.id: read(Instrument, row, _COUNT) for row in rows})


async def instruments_by_symbol(session: TenantSession, symbols: Sequence[str]) -> list[Instrument | None]:
    """The instrument of each symbol (in capitals), in their order. One statement."""
    rows = await session.rows(select(*_COLUMNS).where(instruments.c.symbol.in_(symbols)))
    return aligned(symbols, {row.symbol: read(Instrument, row, _COUNT) for row in rows})


async def instrument_page(session: TenantSession, wanted: InstrumentFilter, window: Window) -> Page[Instrument]:
    """A page of those that are wanted. One statement."""
    page = await fetch_page(session, _wanted(select(*_COLUMNS), wanted), window)
    return Page(tuple(read(Instrument, row, _COUNT) for row in page.rows), page.cursors, page.info)


async def count_instruments(session: TenantSession, wanted: InstrumentFilter) -> int:
    """How many are wanted."""
    return int(await session.scalar(_wanted(select(func.count()).select_from(instruments), wanted)))


async def instrument_for_update(session: TenantSession, instrument_id: UUID) -> Instrument | None:
    """The instrument, locked until the transaction ends: its bars change one write after another."""
    row = await session.row(select(*_COLUMNS).where(instruments.c.id == instrument_id).with_for_update())
    return None if row is None else read(Instrument, row, _COUNT)


async def shared_instrument(session: TenantSession, instrument_id: UUID) -> Instrument | None:
    """The instrument, whose bars do not change until the transaction ends; others may hold it so, too."""
    row = await session.row(select(*_COLUMNS).where(instruments.c.id == instrument_id).with_for_update(read=True))
    return None if row is None else read(Instrument, row, _COUNT)


async def add_instrument(session: TenantSession, *new: Instrument) -> None:
    """Writes new ones.

    Raises:
        SymbolTaken: another one has the symbol.
    """
    await add(session, instruments, *new)


async def add_missing_instruments(session: TenantSession, new: Sequence[Instrument]) -> None:
    """Writes those that are not there."""
    await add_missing(session, instruments, new)


async def change_instrument(session: TenantSession, instrument: Instrument) -> None:
    """Writes one that `instrument_for_update` gave, as it is now."""
    await change(session, instruments, instrument)


def _wanted(statement: Select[Any], wanted: InstrumentFilter) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.search:
        conditions.append(
            or_(
                instruments.c.symbol.contains(wanted.search.upper(), autoescape=True),
                instruments.c.name_key.contains(wanted.search.lower(), autoescape=True),
            )
        )
    for name in ("kind", "currency", "active"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(instruments.c[name] == value)
    return statement.where(*conditions)
