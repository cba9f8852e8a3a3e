"""The log: statements that read and append to `agents.audit`. Nothing changes or deletes its rows."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.rows import among
from resolvers.session import TenantSession
from subgraphs.agents.domain import audit as log
from subgraphs.agents.domain.audit import Entry, Head
from subgraphs.agents.repository.rows import insert_rows, page_of
from subgraphs.agents.tables import audit, audit_heads

__all__ = ["AUDIT_NEWEST", "append", "entries_after", "entries_of_runs", "entry_page", "head"]

AUDIT_NEWEST = Ordering("newest", Key(audit.c.seq, descending=True))

_COLUMNS = tuple(audit.c[field.name] for field in fields(Entry))


async def head(session: TenantSession) -> Head:
    """The end of the tenant's log."""
    row = await session.row(
        select(audit_heads.c.seq, audit_heads.c.hash).where(audit_heads.c.tenant_id == session.tenant_id())
    )
    return Head() if row is None else Head(row.seq, row.hash)


async def append(
    session: TenantSession, at: datetime, actor: str, kind: str, run_id: UUID | None, data: dict[str, Any]
) -> Entry:
    """Writes the next entry of the tenant's log; the tenant is locked."""
    tenant_id = session.tenant_id()
    entry = log.append(tenant_id, await head(session), at, actor, kind, run_id, data)
    await insert_rows(session, audit, entry)
    values = {"seq": entry.seq, "hash": entry.hash}
    await session.execute(
        insert(audit_heads)
        .values(tenant_id=tenant_id, **values)
        .on_conflict_do_update(constraint="uq_audit_heads_tenant", set_={**values, "updated_at": at})
    )
    return entry


async def entry_page(session: TenantSession, window: Window) -> Page[Entry]:
    """A page of the tenant's log."""
    return page_of(await fetch_page(session, select(*_COLUMNS), window), _entry)


async def entries_after(session: TenantSession, seq: int, limit: int) -> list[Entry]:
    """At most `limit` entries after number `seq`, by number."""
    rows = await session.rows(select(*_COLUMNS).where(audit.c.seq > seq).order_by(audit.c.seq).limit(limit))
    return [_entry(row) for row in rows]


async def entries_of_runs(session: TenantSession, run_ids: Sequence[UUID]) -> list[tuple[Entry, ...]]:
    """The entries about each run by number, in the order of the ids. One statement."""
    rows = await session.rows(
        select(*_COLUMNS).where(among(audit.c.run_id, run_ids)).order_by(audit.c.run_id, audit.c.seq)
    )
    found: dict[UUID, list[Entry]] = {}
    for row in rows:
        found.setdefault(row.run_id, []).append(_entry(row))
    return [tuple(found.get(run_id, ())) for run_id in run_ids]


def _entry(row: Row[Any]) -> Entry:
    return Entry(*row[: len(_COLUMNS)])
