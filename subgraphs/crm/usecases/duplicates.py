"""Contacts that are one person, merged."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.crm import domain
from subgraphs.crm.domain import Contact
from subgraphs.crm.domain.duplicates import MergedContact
from subgraphs.crm.domain.errors import ContactAlreadyMerged, ContactNotFound, check_version
from subgraphs.crm.events import ContactsMerged
from subgraphs.crm.repository import contacts, duplicates

__all__ = ["merge_contacts"]


async def merge_contacts(
    session: TenantSession, kept_id: UUID, other_id: UUID, expected_version: int | None
) -> Contact:
    """The contact that two become. What referred to the other refers to it, and so does the other's id from now on.

    Told again, it changes nothing.

    Raises:
        ContactNotFound: there is no such contact.
        ContactAlreadyMerged: the other is a third one by now.
    """
    # In the order of ids: two who merge the same two the other way round do not wait for each other.
    locked = {key: await contacts.contact_for_update(session, key) for key in sorted({kept_id, other_id})}
    kept, other = locked[kept_id], locked[other_id]
    if kept is None:
        raise ContactNotFound
    if other is None:
        before = await duplicates.merged_from(session, other_id)
        if before is None:
            raise ContactNotFound("There is no such other contact.")
        if before.into_id != kept_id:
            raise ContactAlreadyMerged
        return kept
    check_version(kept.version, expected_version)
    now = datetime.now(UTC)
    after = domain.duplicates.merged(kept, other, now)
    await duplicates.hand_over(session, other_id, kept_id)
    await contacts.change_contact(session, after)
    email_key = None if other.email is None else other.email.lower()
    merged = MergedContact(uuid4(), other_id, kept_id, other.name, email_key, session.context.user_id, now, now)
    await duplicates.add_merged(session, merged)
    session.publish(ContactsMerged(contact_id=kept_id, other_id=other_id, merged_at=now))
    return after
