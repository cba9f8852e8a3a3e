"""A contact: a person the tenant knows. Its e-mail address, if any, is the tenant's only one, whatever its case."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from subgraphs.crm.domain.values import checked_email, optional_text, required_text, sealable_text

__all__ = ["Contact", "ContactDetails", "edit_contact", "new_contact"]


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """What users type about a contact; checked when made.

    Raises:
        InvalidValue: a field breaks its rule; the error names it.
    """

    name: str
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    job_title: str | None = None
    owner_id: UUID | None = None
    business_id: UUID | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "name", required_text("name", self.name, 200))
        put(self, "email", checked_email("email", self.email))
        put(self, "phone", sealable_text("phone", self.phone, 40))
        put(self, "company", optional_text("company", self.company, 200))
        put(self, "job_title", optional_text("jobTitle", self.job_title, 200))


@dataclass(frozen=True, slots=True)
class Contact:
    """A row of `crm.contacts`, without its tenant."""

    id: UUID
    name: str
    email: str | None
    phone: str | None
    company: str | None
    job_title: str | None
    owner_id: UUID | None
    business_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime


def new_contact(contact_id: UUID, details: ContactDetails, now: datetime) -> Contact:
    """A contact at version 1."""
    return Contact(
        id=contact_id,
        name=details.name,
        email=details.email,
        phone=details.phone,
        company=details.company,
        job_title=details.job_title,
        owner_id=details.owner_id,
        business_id=details.business_id,
        version=1,
        created_at=now,
        updated_at=now,
    )


def edit_contact(contact: Contact, details: ContactDetails, now: datetime) -> Contact:
    """The contact with other details, one version on."""
    return replace(
        contact,
        name=details.name,
        email=details.email,
        phone=details.phone,
        company=details.company,
        job_title=details.job_title,
        owner_id=details.owner_id,
        business_id=details.business_id,
        version=contact.version + 1,
        updated_at=now,
    )
