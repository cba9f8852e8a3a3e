"""Timelines of contacts: statements that read and write `crm.timeline_entries`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_pages
from resolvers.rows import columns_of
from resolvers.session import TenantSession
from subgraphs.crm.domain.timeline import TimelineEntry, TimelineKind
from subgraphs.crm.repository.lists import page_of
from subgraphs.crm.tables import contacts, timeline_entries

__all__ = ["MOST_CONTACTS", "NEWEST_FIRST", "add_to_contact", "add_to_contacts_of_business", "timeline_pages"]

MOST_CONTACTS = 1000
"""Of one business; of more only those known longest are told."""

NEWEST_FIRST = Ordering(
    "AT_DESC", Key(timeline_entries.c.at, descending=True), Key(timeline_entries.c.id, descending=True)
)

_COLUMNS = columns_of(timeline_entries, TimelineEntry)
_LISTED = select(*_COLUMNS)


async def timeline_pages(session: TenantSession, parents: Sequence[UUID], window: Window) -> list[Page[TimelineEntry]]:
    """A page of the timeline of each contact, in the order of parents. One statement."""
    pages = await fetch_pages(session, _LISTED, timeline_entries.c.contact_id, parents, window)
    return [page_of(page, _entry) for page in pages]


async def add_to_contact(
    session: TenantSession,
    contact_id: UUID,
    kind: TimelineKind,
    *,
    at: datetime,
    summary: str,
    source: str,
    reference: str,
    event_id: UUID,
) -> None:
    """Writes an entry, unless the contact has one for the event."""
    values = {
        "tenant_id": session.context.tenant_id,
        "contact_id": contact_id,
        "kind": kind,
        "at": at,
        "summary": summary,
        "source": source,
        "reference": reference,
        "event_id": event_id,
    }
    await session.execute(upsert(timeline_entries).values(values).on_conflict_do_nothing())


async def add_to_contacts_of_business(
    session: TenantSession,
    business_id: UUID,
    kind: TimelineKind,
    *,
    at: datetime,
    summary: str,
    source: str,
    reference: str,
    event_id: UUID,
) -> None:
    """Writes an entry for each contact who works for a business, `MOST_CONTACTS` at most. One statement."""
    entry = {
        "kind": literal(kind, timeline_entries.c.kind.type),
        "at": literal(at, timeline_entries.c.at.type),
        "summary": literal(summary),
        "source": literal(source),
        "reference": literal(reference),
        "event_id": literal(event_id),
    }
    chosen = (
        select(contacts.c.tenant_id, contacts.c.id, *entry.values())
        .where(contacts.c.business_id == business_id)
        .order_by(contacts.c.created_at, contacts.c.id)
        .limit(MOST_CONTACTS)
    )
    await session.execute(insert(timeline_entries).from_select(["tenant_id", "contact_id", *entry], chosen))


def _entry(row: Row[Any]) -> TimelineEntry:
    return TimelineEntry(*row[: len(_COLUMNS)])
