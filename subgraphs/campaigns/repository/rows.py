"""Writing the domain's dataclasses as rows, and reading constraint violations as what they mean to users."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, insert, select, update

from resolvers.errors import DomainError
from resolvers.loaders import aligned
from resolvers.pagination import Page, Window, fetch_page
from resolvers.rows import among, columns_of, refusing
from resolvers.session import TenantSession
from subgraphs.campaigns.domain.errors import NameTaken, SegmentInUse, SegmentNotFound

__all__ = ["SEGMENT_IS_USED", "find", "insert_rows", "locked", "page_of", "update_row"]

_REFUSALS: dict[str, Callable[[], DomainError]] = {
    "uq_campaigns_name": lambda: NameTaken("Another campaign has this name."),
    "uq_segments_name": lambda: NameTaken("Another segment has this name."),
    "uq_variants_name": lambda: NameTaken("Another variant of the campaign has this name."),
    "fk_campaigns_tenant_id_segment_id": SegmentNotFound,
}

T = TypeVar("T")


async def insert_rows(session: TenantSession, table: Table, *entities: Any) -> None:
    """Writes new rows of the session's tenant in one statement; without rows, none.

    Raises:
        DomainError: a constraint that has a meaning to users does not hold.
    """
    if entities:
        tenant_id = session.tenant_id()
        with refusing(_REFUSALS):
            await session.execute(
                insert(table).values([{"tenant_id": tenant_id, **asdict(entity)} for entity in entities])
            )


async def update_row(session: TenantSession, table: Table, entity: Any) -> None:
    """Writes an existing row anew, which the transaction should have locked. Raises as `insert_rows`."""
    with refusing(_REFUSALS):
        await session.execute(update(table).where(table.c.id == entity.id).values(asdict(entity)))


async def find(session: TenantSession, table: Table, entity: Callable[..., T], ids: Sequence[UUID]) -> list[T | None]:
    """The row of each id as `entity` (a dataclass of the table's columns), in their order. One statement."""
    rows = await session.rows(select(*columns_of(table, entity)).where(among(table.c.id, ids)))
    return aligned(ids, {row.id: entity(*row) for row in rows})


async def locked(session: TenantSession, table: Table, entity: Callable[..., T], row_id: UUID) -> T | None:
    """The row with this id, locked until the transaction ends."""
    row = await session.row(select(*columns_of(table, entity)).where(table.c.id == row_id).with_for_update())
    return None if row is None else entity(*row)


async def page_of(
    session: TenantSession, table: Table, entity: Callable[..., T], window: Window, *where: ColumnElement[bool]
) -> Page[T]:
    """A page of rows. One statement."""
    columns = columns_of(table, entity)
    keys = [key.column for key in window.ordering.keys if key.column.key not in {each.key for each in columns}]
    page = await fetch_page(session, select(*columns, *keys).where(*where), window)

    def read(row: Row[Any]) -> T:
        return entity(*row[: len(columns)])

    return Page(tuple(read(row) for row in page.rows), page.cursors, page.info)


SEGMENT_IS_USED: dict[str, Callable[[], DomainError]] = {"fk_campaigns_tenant_id_segment_id": SegmentInUse}
"""What the reference means to who deletes a segment."""
