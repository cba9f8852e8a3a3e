"""What the repositories share: dataclasses as rows, and constraints as what they mean to users."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from resolvers.errors import DomainError, Unauthenticated
from resolvers.session import TenantSession
from subgraphs.trading.domain.errors import NameTaken, StrategyInUse, SymbolTaken
from subgraphs.trading.domain.values import plain

__all__ = ["add", "add_missing", "change", "columns_of", "read", "refusing", "tenant_of"]

T = TypeVar("T")

_REFUSALS: Final[dict[str, Callable[[], DomainError]]] = {
    "uq_instruments_symbol": SymbolTaken,
    "uq_strategies_name": lambda: NameTaken("Another strategy has this name."),
    "uq_portfolios_name": lambda: NameTaken("Another portfolio has this name."),
    "fk_backtests_tenant_id_strategy_id": StrategyInUse,
}


def tenant_of(session: TenantSession) -> UUID:
    """The session's tenant.

    Raises:
        Unauthenticated: it has none.
    """
    if session.context.tenant_id is None:
        raise Unauthenticated("This needs a tenant.")
    return session.context.tenant_id


def columns_of(table: Table, entity: type[Any]) -> tuple[ColumnElement[Any], ...]:
    """The columns of `table` that `entity` (a dataclass) holds, in the order of its fields."""
    return tuple(table.c[field.name] for field in fields(entity))


def read(entity: Callable[..., T], row: Row[Any], count: int) -> T:
    """The dataclass of a row, from its first `count` columns."""
    return entity(*(plain(value) if isinstance(value, Decimal) else value for value in row[:count]))


async def add(session: TenantSession, table: Table, *entities: Any) -> None:
    """Writes new rows, in one statement for all; without entities, none.

    Raises:
        DomainError: a constraint that has a meaning to users does not hold.
    """
    if entities:
        with refusing():
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
    with refusing():
        await session.execute(update(table).where(table.c.id == values.pop("id")).values(values))


def _rows(session: TenantSession, entities: Sequence[Any]) -> list[dict[str, Any]]:
    tenant_id = tenant_of(session)
    return [{"tenant_id": tenant_id, **_values(entity)} for entity in entities]


def _values(entity: Any) -> dict[str, Any]:
    return {field.name: getattr(entity, field.name) for field in fields(entity)}


@contextmanager
def refusing() -> Iterator[None]:
    """Turns the violation of a constraint that has a meaning to users into that error."""
    try:
        yield
    except IntegrityError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        refusal = _REFUSALS.get(getattr(cause, "constraint_name", None) or "")
        if refusal is None:
            raise
        raise refusal() from error
