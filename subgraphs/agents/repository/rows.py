"""Writing the domain's dataclasses as rows, and the lock under which that happens."""

from collections.abc import Callable
from dataclasses import fields
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, Table, insert, text, update

from resolvers.pagination import Key, Ordering, Page
from resolvers.session import TenantSession

__all__ = ["insert_rows", "lock_tenant", "newest_first", "page_of", "update_row"]

T = TypeVar("T")

_LOCK = text("select pg_advisory_xact_lock(hashtextextended('agents:' || :tenant, 0))")


async def lock_tenant(session: TenantSession) -> UUID:
    """Lets this transaction alone write for its tenant until it ends, and returns the tenant.

    Taken first by whatever writes: with one lock there is no order of locks to get wrong, each check holds until what
    it allowed is written, and the log's numbers have no gaps. Tenants do not wait for one another.
    """
    tenant_id = session.tenant_id()
    await session.execute(_LOCK, {"tenant": str(tenant_id)})
    return tenant_id


async def insert_rows(session: TenantSession, table: Table, *entities: Any) -> None:
    """Writes new rows (dataclasses or dicts) of the session's tenant in one statement; without rows, none."""
    if entities:
        tenant_id = session.tenant_id()
        await session.execute(insert(table), [{"tenant_id": tenant_id, **_values(entity)} for entity in entities])


async def update_row(session: TenantSession, table: Table, entity: Any) -> None:
    """Writes an existing row anew."""
    values = _values(entity)
    row_id: UUID = values.pop("id")
    await session.execute(update(table).where(table.c.id == row_id).values(values))


def newest_first(table: Table) -> Ordering:
    """By the moment of creation, the newest first; ties are broken by id. One per table."""
    return Ordering("newest", Key(table.c.created_at, descending=True), Key(table.c.id, descending=True))


def page_of(page: Page[Row[Any]], read: Callable[[Row[Any]], T]) -> Page[T]:
    """The page with what `read` makes of each row."""
    return Page(tuple(read(row) for row in page.rows), page.cursors, page.info)


def _values(entity: Any) -> dict[str, Any]:
    if isinstance(entity, dict):
        return entity
    values = {field.name: getattr(entity, field.name) for field in fields(entity)}
    # PostgreSQL's arrays are lists to the driver.
    return {
        name: list(value) if isinstance(value, tuple) and not isinstance(value, Enum) else value
        for name, value in values.items()
    }
