"""Contacts that are one person: statements that find them, and make them one."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Uuid, and_, case, delete, func, literal, or_, select, true, update

from resolvers.rows import among, columns_of
from resolvers.session import TenantSession
from subgraphs.crm.domain import Contact
from subgraphs.crm.domain.duplicates import MergedContact
from subgraphs.crm.repository.rows import insert_rows
from subgraphs.crm.tables import activities, contacts, form_submissions, leads, merged_contacts, tasks, timeline_entries

__all__ = ["Candidate", "add_merged", "candidates", "contacts_merged_from", "hand_over", "merged_from"]

_MERGED = columns_of(merged_contacts, MergedContact)
_CONTACT = columns_of(contacts, Contact)
_CANDIDATES = 50
_SIMILAR = 0.6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact that has something in common with another."""

    contact: Contact
    same_email: bool
    name_similarity: float
    same_company: bool


async def candidates(session: TenantSession, ids: Sequence[UUID]) -> list[list[Candidate]]:
    """Of each contact those that have its normalised address or a similar name, the most similar first; in the order
    of ids. One statement: it looks at all contacts of the tenant once for each."""
    mine, theirs = contacts.alias("mine"), contacts.alias("theirs")
    same_email = and_(mine.c.email_normal.is_not(None), mine.c.email_normal == theirs.c.email_normal)
    similarity = func.similarity(mine.c.name_key, theirs.c.name_key)
    same_company = func.coalesce(func.lower(mine.c.company) == func.lower(theirs.c.company), False)
    inner = (
        select(
            *(theirs.c[field.name] for field in fields(Contact)),
            func.coalesce(same_email, False).label("same_email"),
            similarity.label("similarity"),
            same_company.label("same_company"),
        )
        .where(theirs.c.id != mine.c.id, or_(same_email, similarity >= _SIMILAR))
        .order_by(case((same_email, 0), else_=1), similarity.desc(), theirs.c.id)
        .limit(_CANDIDATES)
        .lateral("found")
    )
    asked = func.unnest(literal(list(ids), ARRAY(Uuid))).table_valued("id", with_ordinality="place", name="asked")
    asked = asked.render_derived()
    statement = (
        select(asked.c.place, inner)
        .select_from(asked.join(mine, mine.c.id == asked.c.id).join(inner, true()))
        .order_by(asked.c.place, inner.c.same_email.desc(), inner.c.similarity.desc(), inner.c.id)
    )
    found: dict[int, list[Candidate]] = {}
    for row in await session.rows(statement):
        contact = Contact(*row[1 : 1 + len(_CONTACT)])
        found.setdefault(row.place, []).append(
            Candidate(contact, row.same_email, float(row.similarity), row.same_company)
        )
    return [found.get(place, []) for place in range(1, len(ids) + 1)]


async def merged_from(session: TenantSession, contact_id: UUID) -> MergedContact | None:
    """What became of a contact that is another one now."""
    row = await session.row(select(*_MERGED).where(merged_contacts.c.from_id == contact_id))
    return None if row is None else _merged(row)


async def contacts_merged_from(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Contact]:
    """The contacts that these are now, by what they were. One statement."""
    statement = (
        select(merged_contacts.c.from_id, *_CONTACT)
        .join(contacts, contacts.c.id == merged_contacts.c.into_id)
        .where(among(merged_contacts.c.from_id, ids))
    )
    return {row.from_id: Contact(*row[1 : 1 + len(_CONTACT)]) for row in await session.rows(statement)}


async def hand_over(session: TenantSession, from_id: UUID, into_id: UUID) -> None:
    """Gives another contact everything that refers to one, which is then deleted. Both should be locked."""
    for table in (leads, activities, tasks, form_submissions):
        await session.execute(update(table).where(table.c.contact_id == from_id).values(contact_id=into_id))
    known = select(timeline_entries.c.event_id).where(timeline_entries.c.contact_id == into_id)
    own = timeline_entries.c.contact_id == from_id
    await session.execute(delete(timeline_entries).where(own, timeline_entries.c.event_id.in_(known)))
    await session.execute(update(timeline_entries).where(own).values(contact_id=into_id))
    into = merged_contacts.c.into_id
    await session.execute(update(merged_contacts).where(into == from_id).values(into_id=into_id))
    await session.execute(delete(contacts).where(contacts.c.id == from_id))


async def add_merged(session: TenantSession, merged: MergedContact) -> None:
    """Writes down which contact one is now."""
    await insert_rows(session, merged_contacts, merged)


def _merged(row: Row[Any]) -> MergedContact:
    return MergedContact(*row[: len(_MERGED)])
