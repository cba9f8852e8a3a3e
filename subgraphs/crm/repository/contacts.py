"""Contacts: statements that read and write `crm.contacts`."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, literal, select, text, union_all

from resolvers.loaders import aligned
from resolvers.pagination import Page, Window, fetch_page
from resolvers.rows import among, columns_of, refusing
from resolvers.session import TenantSession
from subgraphs.crm.domain import Contact, ContactFilter, ContactOrderField
from subgraphs.crm.domain.errors import ContactInUse
from subgraphs.crm.events import ContactChanged, ContactCreated, ContactDeleted
from subgraphs.crm.repository.lists import matches_words, orderings, page_of
from subgraphs.crm.repository.rows import insert_rows, update_row
from subgraphs.crm.tables import contacts, merged_contacts

__all__ = [
    "CONTACT_ORDERINGS",
    "add_contact",
    "change_contact",
    "contact_by_email",
    "contact_for_update",
    "contact_page",
    "count_contacts",
    "find_contacts",
    "remove_contact",
    "retell_contacts",
]

CONTACT_ORDERINGS = orderings(contacts, ContactOrderField)

_COLUMNS = columns_of(contacts, Contact)
_LISTED = select(*_COLUMNS, contacts.c.name_key)


async def find_contacts(session: TenantSession, ids: Iterable[UUID]) -> list[Contact | None]:
    """The contact of each id, in their order. One statement."""
    wanted = list(ids)
    rows = await session.rows(select(*_COLUMNS).where(among(contacts.c.id, wanted)))
    return aligned(wanted, {row.id: _contact(row) for row in rows})


async def contact_by_email(session: TenantSession, email: str) -> Contact | None:
    """The contact with this address, whatever its case, or that one with it has become."""
    key = func.lower(email)
    own = select(*_COLUMNS, literal(0).label("rank")).where(contacts.c.email_key == key)
    became = (
        select(*_COLUMNS, literal(1).label("rank"))
        .join(merged_contacts, merged_contacts.c.into_id == contacts.c.id)
        .where(merged_contacts.c.email_key == key)
    )
    row = await session.row(union_all(own, became).order_by(text("rank")).limit(1))
    return None if row is None else _contact(row)


async def contact_page(session: TenantSession, wanted: ContactFilter, window: Window) -> Page[Contact]:
    """A page of the tenant's contacts. One statement."""
    return page_of(await fetch_page(session, _LISTED.where(*_conditions(wanted)), window), _contact)


async def count_contacts(session: TenantSession, wanted: ContactFilter) -> int:
    """How many of the tenant's contacts match."""
    return int(await session.scalar(select(func.count()).select_from(contacts).where(*_conditions(wanted))))


async def contact_for_update(session: TenantSession, contact_id: UUID) -> Contact | None:
    """The contact, locked until the transaction ends."""
    row = await session.row(select(*_COLUMNS).where(contacts.c.id == contact_id).with_for_update())
    return None if row is None else _contact(row)


async def add_contact(session: TenantSession, *new: Contact) -> None:
    """Writes new contacts.

    Raises:
        DuplicateEmail: another contact has the address.
    """
    await insert_rows(session, contacts, *new)
    for contact in new:
        session.publish(ContactCreated(contact.id, contact.email, contact.created_at))
    _tell(session, *new)


async def change_contact(session: TenantSession, contact: Contact) -> None:
    """Writes a contact that `contact_for_update` gave, as it is now. Raises as `add_contact`."""
    await update_row(session, contacts, contact)
    _tell(session, contact)


async def remove_contact(session: TenantSession, contact_id: UUID) -> None:
    """Deletes a contact with its activities.

    Raises:
        ContactInUse: leads refer to it.
    """
    with refusing({"fk_leads_tenant_id_contact_id": ContactInUse}):
        await session.execute(delete(contacts).where(contacts.c.id == contact_id))
    session.publish(ContactDeleted(contact_id, datetime.now(UTC)))


def _tell(session: TenantSession, *changed: Contact) -> None:
    """Tells others of contacts: here, so that no way of writing one leaves it out."""
    for contact in changed:
        session.publish(
            ContactChanged(
                contact.id,
                contact.name,
                contact.email,
                contact.company,
                contact.job_title,
                contact.business_id,
                contact.version,
                contact.created_at,
            )
        )


async def retell_contacts(session: TenantSession, after: UUID | None, limit: int) -> list[UUID]:
    """Tells others of the tenant's next contacts, as they are; of which, in order of id."""
    names = ("name", "email", "company", "job_title", "business_id", "version", "created_at")
    wanted = select(contacts.c.id.label("contact_id"), *(contacts.c[name] for name in names)).where(
        contacts.c.tenant_id == session.tenant_id()
    )
    page = wanted.order_by(contacts.c.id).limit(limit)
    rows = await session.rows(page if after is None else page.where(contacts.c.id > after))
    for row in rows:
        session.publish(ContactChanged(**row._mapping))
    return [row.contact_id for row in rows]


def _contact(row: Row[Any]) -> Contact:
    return Contact(*row[: len(_COLUMNS)])


def _conditions(wanted: ContactFilter) -> list[ColumnElement[bool]]:
    conditions = matches_words(contacts.c.search_key, wanted.search)
    if wanted.owner_id is not None:
        conditions.append(among(contacts.c.owner_id, wanted.owner_id))
    if wanted.business_id is not None:
        conditions.append(among(contacts.c.business_id, wanted.business_id))
    if wanted.created_from is not None:
        conditions.append(contacts.c.created_at >= wanted.created_from)
    if wanted.created_until is not None:
        conditions.append(contacts.c.created_at < wanted.created_until)
    return conditions
