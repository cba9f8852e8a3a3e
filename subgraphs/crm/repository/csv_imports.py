"""Files that are imported: statements on `crm.csv_imports` and `crm.csv_import_faults`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Text, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page, fetch_pages
from resolvers.session import TenantSession
from subgraphs.crm.domain.csv_files import CsvImportKind, LineFault
from subgraphs.crm.tables import csv_import_faults, csv_imports

__all__ = [
    "BY_LINE",
    "NEWEST_FIRST",
    "add_faults",
    "add_import",
    "change_import",
    "fault_pages",
    "find_imports",
    "import_by_fingerprint",
    "import_page",
    "lock_import",
    "taken_addresses",
]

NEWEST_FIRST = Ordering(
    "newest", Key(csv_imports.c.created_at, descending=True), Key(csv_imports.c.id, descending=True)
)
BY_LINE = Ordering("line", Key(csv_import_faults.c.line), Key(csv_import_faults.c.id))

# All but the file itself, which is large and sealed.
_SHOWN = [column for column in csv_imports.c if column.name not in ("content", "mapping", "fingerprint")]

_TAKEN = {
    CsvImportKind.CONTACTS: "exists (select from crm.contacts c where c.email_key = lower(x.email)) "
    "or exists (select from crm.merged_contacts m where m.email_key = lower(x.email))",
    CsvImportKind.LEADS: "exists (select from crm.leads l where l.email_key = lower(x.email) and l.status = 'open')",
}


async def add_import(session: TenantSession, **values: Any) -> Row[Any] | None:
    """Stores a file; None if it was stored before. `values` are the columns."""
    statement = (
        upsert(csv_imports)
        .values(tenant_id=session.context.tenant_id, **values)
        .on_conflict_do_nothing(index_elements=["tenant_id", "fingerprint"], index_where=text("not is_dry_run"))
        .returning(*_SHOWN)
    )
    return await session.row(statement)


async def import_by_fingerprint(session: TenantSession, fingerprint: bytes) -> Row[Any] | None:
    """The import of a file that is none for trial."""
    table = csv_imports.c
    return await session.row(select(*_SHOWN).where(table.fingerprint == fingerprint, table.is_dry_run.is_(False)))


async def lock_import(session: TenantSession, import_id: UUID) -> Row[Any] | None:
    """An import with its file, locked."""
    return await session.row(select(csv_imports).where(csv_imports.c.id == import_id).with_for_update())


async def change_import(session: TenantSession, import_id: UUID, values: Mapping[str, Any]) -> None:
    """Writes how far it is."""
    await session.execute(
        update(csv_imports).where(csv_imports.c.id == import_id).values(updated_at=func.now(), **values)
    )


async def add_faults(session: TenantSession, import_id: UUID, faults: Sequence[LineFault]) -> None:
    """Writes what was wrong. One statement; without faults, none."""
    if not faults:
        return
    rows = [
        {
            "tenant_id": session.context.tenant_id,
            "import_id": import_id,
            "line": fault.line,
            "column_name": fault.column,
            "message": fault.message[:500],
        }
        for fault in faults
    ]
    await session.execute(insert(csv_import_faults).values(rows))


async def taken_addresses(session: TenantSession, kind: CsvImportKind, addresses: Sequence[str]) -> set[str]:
    """Those of `addresses` that a contact, or an open lead, has already, whatever their case. One statement."""
    if not addresses:
        return set()
    statement = text(f"select x.email from unnest(:addresses) as x (email) where {_TAKEN[kind]}").bindparams(  # noqa: S608
        bindparam("addresses", list(addresses), ARRAY(Text))
    )
    return {row.email for row in await session.rows(statement)}


async def find_imports(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Imports by id. One statement."""
    return {row.id: row for row in await session.rows(select(*_SHOWN).where(csv_imports.c.id.in_(ids)))}


async def import_page(session: TenantSession, window: Window) -> Page[Row[Any]]:
    """A page of the tenant's imports, the newest first."""
    return await fetch_page(session, select(*_SHOWN), window)


async def fault_pages(session: TenantSession, parents: Sequence[UUID], window: Window) -> list[Page[Row[Any]]]:
    """A page of what was wrong with each import, in the order of parents. One statement."""
    return await fetch_pages(session, select(csv_import_faults), csv_import_faults.c.import_id, parents, window)
