"""What the repositories share: dataclasses as rows, and constraints as what they mean to users."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, bindparam, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.errors import DomainError
from resolvers.rows import refusing
from resolvers.session import TenantSession
from subgraphs.sourcing.domain.errors import VariantListed

__all__ = ["add", "change"]

_REFUSALS: Final[dict[str, Callable[[], DomainError]]] = {"uq_candidates_variant": VariantListed}


async def add(session: TenantSession, table: Table, entities: Sequence[Any], *, missing: bool = False) -> set[UUID]:
    """Writes new rows in one statement, and returns the ids of those that it wrote.

    Args:
        missing: those that a constraint says are there stay as they are.
    """
    if not entities:
        return set()
    tenant_id = session.tenant_id()
    statement = insert(table).values([{"tenant_id": tenant_id, **_values(entity)} for entity in entities])
    if missing:
        statement = statement.on_conflict_do_nothing()
    return {row.id for row in await session.rows(statement.returning(table.c.id))}


async def change(session: TenantSession, table: Table, entities: Sequence[Any]) -> None:
    """Writes rows that are there, and locked, as they are now. One statement, carried out for each.

    Raises:
        DomainError: a constraint that has a meaning to users does not hold.
    """
    if not entities:
        return
    rows = [{f"new_{name}": value for name, value in _values(entity).items()} for entity in entities]
    values: dict[str, Any] = {name.removeprefix("new_"): bindparam(name) for name in rows[0] if name != "new_id"}
    with refusing(_REFUSALS):
        await session.execute(update(table).where(table.c.id == bindparam("new_id")).values(values), rows)


def _values(entity: Any) -> dict[str, Any]:
    return {field.name: getattr(entity, field.name) for field in fields(entity)}
