"""What visitors have sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text

from resolvers.pagination import Key, Ordering, Page, Window, fetch_pages
from resolvers.session import TenantSession
from subgraphs.content.tables import table

__all__ = ["LATEST", "Entry", "add_entry", "count_entries", "entries_of", "entry_under"]

_entry = table("cms_formentry")
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")

LATEST = Ordering("LATEST", Key(_entry.c.submit_time, descending=True), Key(_entry.c.id, descending=True))


@dataclass(frozen=True, slots=True)
class Entry:
    """A form that was filled in."""

    submission_id: UUID
    page_id: int
    key: str
    answers: Mapping[str, str]
    path: str | None
    locale: str | None
    consent: bool
    submitted_at: datetime


async def entry_under(session: TenantSession, page_id: int, key: str) -> Entry | None:
    """What was sent under the sender's key; whoever sends it at the same time waits for this transaction."""
    await session.execute(_LOCK, {"key": f"content/form/{session.context.tenant_id}/{page_id}/{key}"})
    row = await session.row(select(_entry).where(_entry.c.page_id == page_id, _entry.c.key == key))
    return None if row is None else _of(row)


async def add_entry(session: TenantSession, new: Entry) -> None:
    """Writes it; the tenant is the session's."""
    values = {
        "submission_id": new.submission_id,
        "page_id": new.page_id,
        "key": new.key,
        "form_data": dict(new.answers),
        "path": new.path,
        "locale": new.locale,
        "consent": new.consent,
        "submit_time": new.submitted_at,
    }
    await session.execute(insert(_entry).values(values))


async def entries_of(session: TenantSession, pages: Sequence[int], window: Window) -> list[Page[Entry]]:
    """What was sent to each form, the newest first. One statement."""
    found = await fetch_pages(session, select(_entry), _entry.c.page_id, pages, window)
    return [Page(tuple(_of(row) for row in page.rows), page.cursors, page.info) for page in found]


async def count_entries(session: TenantSession, pages: Sequence[int]) -> list[int]:
    """How much was sent to each form. One statement."""
    rows = await session.rows(
        select(_entry.c.page_id, func.count().label("number"))
        .where(_entry.c.page_id.in_(pages))
        .group_by(_entry.c.page_id)
    )
    found = {row.page_id: int(row.number) for row in rows}
    return [found.get(page, 0) for page in pages]


def _of(row: Row[Any]) -> Entry:
    return Entry(
        row.submission_id, row.page_id, row.key, row.form_data, row.path, row.locale, row.consent, row.submit_time
    )
