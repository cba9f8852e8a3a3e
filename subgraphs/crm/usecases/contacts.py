"""Contacts: created, edited, deleted."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.crm import domain
from subgraphs.crm.domain import Contact, ContactDetails
from subgraphs.crm.domain.errors import ContactNotFound, DuplicateEmail, check_version
from subgraphs.crm.repository import contacts
from subgraphs.crm.usecases.members import check_assignee

__all__ = ["create_contact", "delete_contact", "known_or_new_contact", "update_contact"]

_DETAILS = tuple(field.name for field in fields(ContactDetails))


async def create_contact(session: TenantSession, details: ContactDetails) -> Contact:
    """A new contact."""
    await check_assignee(session, details.owner_id)
    contact = domain.new_contact(uuid4(), details, datetime.now(UTC))
    await contacts.add_contact(session, contact)
    return contact


async def known_or_new_contact(session: TenantSession, details: ContactDetails) -> Contact:
    """The contact with the address of `details`, as it is, or that one with it has become; else a new one.

    For what comes in by other ways than the tenant's people: who is known stays as they have written them.
    """
    if details.email is not None:
        known = await contacts.contact_by_email(session, details.email)
        if known is not None:
            return known
    contact = domain.new_contact(uuid4(), details, datetime.now(UTC))
    try:
        async with session.savepoint():
            await contacts.add_contact(session, contact)
    except DuplicateEmail:  # somebody else has made it in this moment
        found = None if details.email is None else await contacts.contact_by_email(session, details.email)
        if found is None:
            raise
        return found
    return contact


async def update_contact(
    session: TenantSession, contact_id: UUID, changes: Mapping[str, Any], expected_version: int | None
) -> Contact:
    """The contact with `changes`: names of `ContactDetails`; what is absent stays."""
    contact = await _locked(session, contact_id, expected_version)
    details = ContactDetails(**{name: changes.get(name, getattr(contact, name)) for name in _DETAILS})
    if details.owner_id != contact.owner_id:
        await check_assignee(session, details.owner_id)
    edited = domain.edit_contact(contact, details, datetime.now(UTC))
    await contacts.change_contact(session, edited)
    return edited


async def delete_contact(session: TenantSession, contact_id: UUID, expected_version: int | None) -> None:
    """Deletes a contact with its activities, unless leads refer to it."""
    await _locked(session, contact_id, expected_version)
    await contacts.remove_contact(session, contact_id)


async def _locked(session: TenantSession, contact_id: UUID, expected_version: int | None) -> Contact:
    contact = await contacts.contact_for_update(session, contact_id)
    if contact is None:
        raise ContactNotFound
    check_version(contact.version, expected_version)
    return contact
