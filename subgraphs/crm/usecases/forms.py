"""Forms of the tenant's site: who fills one in becomes a contact and a lead, once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from resolvers.session import TenantSession
from subgraphs.crm import domain
from subgraphs.crm.domain import Lead
from subgraphs.crm.domain.errors import DuplicateEmail
from subgraphs.crm.domain.forms import FormEntry, FormSubmission, form_summary
from subgraphs.crm.domain.timeline import TimelineKind
from subgraphs.crm.repository import forms, leads, timeline
from subgraphs.crm.usecases.automation import carry_out
from subgraphs.crm.usecases.contacts import known_or_new_contact
from subgraphs.crm.usecases.leads import first_stage
from subgraphs.crm.usecases.timeline import Told

__all__ = ["SubmittedForm", "take_form"]


@dataclass(frozen=True, slots=True)
class SubmittedForm:
    """A form that a visitor has sent, as the site tells of it.

    Attributes:
        fields: the form's other answers, by the question.
    """

    submission_id: str
    form: str
    name: str
    email: str
    consent: bool
    submitted_at: datetime
    page: str | None = None
    phone: str | None = None
    company: str | None = None
    message: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    locale: str | None = None


async def take_form(session: TenantSession, submitted: SubmittedForm, told: Told) -> None:
    """Makes a contact and a lead of who has sent a form, unless the tenant knows the address, and keeps what was sent.

    A contact or an open lead with the address stays as it is: what a visitor types changes nothing that is there.

    Raises:
        InvalidValue: it cannot be taken, whenever it comes.
        NoDefaultPipeline: the tenant has nowhere to put leads.
    """
    entry = FormEntry(
        submission_id=submitted.submission_id,
        form=submitted.form,
        page=submitted.page,
        name=submitted.name,
        email=submitted.email,
        phone=submitted.phone,
        company=submitted.company,
        message=submitted.message,
        consent=submitted.consent,
        answers=submitted.fields,
        locale=submitted.locale,
        submitted_at=submitted.submitted_at,
    )
    if await forms.is_known(session, entry.submission_id):
        return
    contact = await known_or_new_contact(session, entry.contact_details())
    lead = await _lead(session, entry, contact)
    now = datetime.now(UTC)
    submission = FormSubmission.of(uuid4(), entry, lead_id=lead.id, contact_id=contact.id, now=now)
    await forms.add_submission(session, submission)
    await timeline.add_to_contact(
        session,
        contact.id,
        TimelineKind.FORM,
        at=entry.submitted_at,
        summary=form_summary(entry),
        source=told.source,
        reference=entry.submission_id,
        event_id=told.event_id,
    )


async def _lead(session: TenantSession, entry: FormEntry, contact: domain.Contact) -> Lead:
    """The open lead with the address, or a new one, to which the rules of its first stage are applied."""
    known = await leads.open_lead_by_email(session, entry.email)
    if known is not None:
        return known
    stage = await first_stage(session, None, None)
    lead = domain.open_lead(
        uuid4(), entry.lead_details(), stage, datetime.now(UTC), business_id=contact.business_id, contact_id=contact.id
    )
    try:
        async with session.savepoint():
            await leads.add_lead(session, lead)
    except DuplicateEmail:  # somebody else has made it in this moment
        found = await leads.open_lead_by_email(session, entry.email)
        if found is None:
            raise
        return found
    entered = await carry_out(session, lead, stage)
    if entered is not lead:
        await leads.change_lead(session, entered)
    return entered
