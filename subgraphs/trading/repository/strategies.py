"""Statements about `trading.strategies`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.rows import columns_of, read, refusing
from resolvers.session import TenantSession
from subgraphs.trading.domain.strategies import Strategy
from subgraphs.trading.repository.rows import REFUSALS, add, add_missing, change
from subgraphs.trading.tables import strategies

__all__ = [
    "BY_NAME",
    "add_missing_strategies",
    "add_strategy",
    "change_strategy",
    "count_strategies",
    "find_strategies",
    "remove_strategy",
    "strategy_for_update",
    "strategy_page",
]

BY_NAME = Ordering("NAME", Key(strategies.c.name_key), Key(strategies.c.id))

_COLUMNS = columns_of(strategies, Strategy)
_COUNT = len(_COLUMNS)


async def find_strategies(session: TenantSession, ids: Sequence[UUID]) -> list[Strategy | None]:
    """The strategy of each id, in their order. One statement."""
    rows = await session.rows(select(*_COLUMNS).where(strategies.c.id.in_(ids)))
    return aligned(ids, {row.id: read(Strategy, row, _COUNT) for row in rows})


async def strategy_page(session: TenantSession, window: Window, *, archived: bool) -> Page[Strategy]:
    """A page of the tenant's; archived ones only if asked for. One statement."""
    page = await fetch_page(session, _offered(select(*_COLUMNS, strategies.c.name_key), archived=archived), window)
    return Page(tuple(read(Strategy, row, _COUNT) for row in page.rows), page.cursors, page.info)


async def count_strategies(session: TenantSession, *, archived: bool) -> int:
    """How many the tenant has."""
    statement = select(func.count()).select_from(strategies)
    return int(await session.scalar(_offered(statement, archived=archived)))


async def strategy_for_update(session: TenantSession, strategy_id: UUID) -> Strategy | None:
    """The strategy, locked until the transaction ends."""
    row = await session.row(select(*_COLUMNS).where(strategies.c.id == strategy_id).with_for_update())
    return None if row is None else read(Strategy, row, _COUNT)


async def add_strategy(session: TenantSession, *new: Strategy) -> None:
    """Writes new ones.

    Raises:
        NameTaken: another one has the name.
    """
    await add(session, strategies, *new)


async def add_missing_strategies(session: TenantSession, new: Sequence[Strategy]) -> None:
    """Writes those that are not there."""
    await add_missing(session, strategies, new)


async def change_strategy(session: TenantSession, strategy: Strategy) -> None:
    """Writes one that `strategy_for_update` gave, as it is now.

    Raises:
        NameTaken: another one has the name.
    """
    await change(session, strategies, strategy)


async def remove_strategy(session: TenantSession, strategy_id: UUID) -> None:
    """Deletes one without backtests.

    Raises:
        StrategyInUse: it has some.
    """
    with refusing(REFUSALS):
        await session.execute(delete(strategies).where(strategies.c.id == strategy_id))


def _offered(statement: Select[Any], *, archived: bool) -> Select[Any]:
    return statement if archived else statement.where(strategies.c.archived.is_(False))
