"""Forms that visitors of the tenant's site fill in: what is taken of them, and what becomes of it.

A visitor is nobody we know: what they type never changes what the tenant's people have written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from subgraphs.crm.domain.contacts import ContactDetails
from subgraphs.crm.domain.errors import InvalidValue
from subgraphs.crm.domain.leads import LeadDetails
from subgraphs.crm.domain.values import (
    LeadSource,
    checked_email,
    checked_moment,
    optional_text,
    required_text,
    sealable_text,
)

__all__ = ["MOST_ANSWERS", "FormEntry", "FormSubmission", "form_summary"]

MOST_ANSWERS = 100
"""Of one form."""

_MAX_MESSAGE = 5000
_MAX_SUMMARY = 500


@dataclass(frozen=True, slots=True)
class FormEntry:
    """What a visitor has sent; checked when made. Texts longer than crm keeps are cut: the site has them whole.

    Attributes:
        submission_id: of the sending, as the site knows it; one is taken once.
        form: which form, such as `contact`.
        page: where the form stands.
        answers: what else was asked, by the question.

    Raises:
        InvalidValue: there is no address to answer to, or what no form can hold; the error names the field.
    """

    submission_id: str
    form: str
    page: str | None
    name: str
    email: str
    phone: str | None
    company: str | None
    message: str | None
    consent: bool
    answers: Mapping[str, str]
    locale: str | None
    submitted_at: datetime

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "submission_id", required_text("submissionId", self.submission_id, 100))
        put(self, "form", required_text("form", self.form, 100))
        put(self, "page", optional_text("page", _cut(self.page, 500), 500))
        put(self, "email", checked_email("email", required_text("email", self.email, 254)))
        put(self, "name", optional_text("name", _cut(_one_line(self.name), 200), 200) or self.email[:200])
        put(self, "phone", sealable_text("phone", _cut(self.phone, 40), 40))
        put(self, "company", optional_text("company", _cut(_one_line(self.company), 200), 200))
        put(self, "message", optional_text("message", _cut(self.message, _MAX_MESSAGE), _MAX_MESSAGE))
        put(self, "locale", optional_text("locale", _cut(self.locale, 35), 35))
        put(self, "submitted_at", checked_moment("submittedAt", self.submitted_at))
        if len(self.answers) > MOST_ANSWERS:
            raise InvalidValue("fields", f"has more than {MOST_ANSWERS} answers")
        put(self, "answers", dict(_answer(question, text) for question, text in self.answers.items()))

    def contact_details(self) -> ContactDetails:
        """Of the contact that the visitor becomes, unless the tenant knows the address."""
        return ContactDetails(name=self.name, email=self.email, phone=self.phone, company=self.company)

    def lead_details(self) -> LeadDetails:
        """Of the lead that it makes, unless one with the address is open."""
        return LeadDetails(
            name=self.name,
            source=LeadSource.WEBSITE,
            email=self.email,
            phone=self.phone,
            company=self.company,
            notes=self.message,
        )


@dataclass(frozen=True, slots=True)
class FormSubmission:
    """A row of `crm.form_submissions`, without its tenant.

    Attributes:
        lead_id: the lead that it made, or that was open for the address.
        contact_id: who sent it.
    """

    id: UUID
    submission_id: str
    lead_id: UUID
    contact_id: UUID
    form: str
    page: str | None
    name: str
    email: str
    phone: str | None
    company: str | None
    message: str | None
    consent: bool
    answers: Mapping[str, str]
    locale: str | None
    submitted_at: datetime
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(
        cls, submission_id: UUID, entry: FormEntry, *, lead_id: UUID, contact_id: UUID, now: datetime
    ) -> "FormSubmission":
        """What is kept of an entry."""
        return cls(
            id=submission_id,
            submission_id=entry.submission_id,
            lead_id=lead_id,
            contact_id=contact_id,
            form=entry.form,
            page=entry.page,
            name=entry.name,
            email=entry.email,
            phone=entry.phone,
            company=entry.company,
            message=entry.message,
            consent=entry.consent,
            answers=entry.answers,
            locale=entry.locale,
            submitted_at=entry.submitted_at,
            created_at=now,
            updated_at=now,
        )


def form_summary(entry: FormEntry) -> str:
    """An entry in one line."""
    where = f" on {entry.page}" if entry.page else ""
    said = f": {_one_line(entry.message)}" if entry.message else ""
    return _cut(f"Filled in the form {entry.form}{where}{said}", _MAX_SUMMARY) or ""


def _answer(question: str, text: str) -> tuple[str, str]:
    kept = optional_text("fields", _cut(text, _MAX_MESSAGE), _MAX_MESSAGE)
    return required_text("fields", _cut(question, 200) or "", 200), kept or ""


def _one_line(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split())


def _cut(text: str | None, limit: int) -> str | None:
    if text is None or len(text.strip()) <= limit:
        return text
    return text.strip()[: limit - 1].rstrip() + "…"
