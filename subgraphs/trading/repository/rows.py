"""What the repositories share: dataclasses as rows, and constraints as what they mean to users."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Table, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.errors import DomainError
from resolvers.rows import refusing
from resolvers.session import TenantSession
from subgraphs.trading.domain.errors import NameTaken, StrategyInUse, SymbolTaken

__all__ = ["REFUSALS", "add", "add_missing", "change"]

REFUSALS: Final[dict[str, Callable[[], DomainError]]] = {
    "uq_instruments_symbol": SymbolTaken,
    "uq_strategies_name": lambda: NameTaken("Another strategy has this name."),
    "uq_portfolios_name": lambda: NameTaken("Another portfolio has this name."),
    "fk_backtests_tenant_id_strategy_id": StrategyInUse,
}


async def add(session: TenantSession, table: Table, *entities: Any) -> None:
    """Writes new rows, in one statement for all; without entities, none.

    Raises:
        DomainError: a constraint that has a meaning to users does not hold.
    """
    if entities:
        with refusing(REFUSALS):
            await session.execute(insert(table), _rows(session, entities))


async def add_missing(session: TenantSession, table: Table, entities: Sequence[Any]) -> None:
    """Writes rows; those that exist stay as they are."""
    if entities:
        await session.execute(insert(table).on_conflict_do_nothing(), _rows(session, entities))


async def change(session: TenantSession, table: Table, entity: Any) -> None:
    """Writes a row that is there, and locked, as it is now.

    Raises:
        DomainError: a constraint that has a meaning to users does not hold.
    """
    values = _values(entity)
    with refusing(REFUSALS):
        await session.execute(update(table).where(table.c.id == values.pop("id")).values(values))


def _rows(session: TenantSession, entities: Sequence[Any]) -> list[dict[str, Any]]:
    tenant_id = session.tenant_id()
    return [{"tenant_id": tenant_id, **_values(entity)} for entity in entities]


def _values(entity: Any) -> dict[str, Any]:
    return {field.name: getattr(entity, field.name) for field in fields(entity)}
