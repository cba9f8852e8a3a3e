"""What campaigns listens to."""

from resolvers.events.envelope import About
from resolvers.events.subscriptions import subscribe
from resolvers.session import TenantSession
from subgraphs.campaigns.usecases import telling
from subgraphs.campaigns.usecases.runs import EndedRun, note_end
from subgraphs.campaigns.usecases.telling import (
    ChangedContact,
    ChangedLead,
    GoneContact,
    GoneLead,
    MergedContacts,
    PlacedOrder,
)

__all__ = ["forget_contact", "forget_lead", "note_contact", "note_lead", "note_merge", "note_order", "note_run_ended"]


@subscribe("crm.contact_changed", version=1)
async def note_contact(session: TenantSession, contact: ChangedContact, about: About) -> None:  # noqa: ARG001
    """There is a new contact, or one has changed."""
    await telling.note_contact(session, contact)


@subscribe("crm.contact_deleted", version=1)
async def forget_contact(session: TenantSession, contact: GoneContact, about: About) -> None:  # noqa: ARG001
    """A contact is no more."""
    await telling.forget_contact(session, contact.contact_id)


@subscribe("crm.contacts_merged", version=1)
async def note_merge(session: TenantSession, merged: MergedContacts, about: About) -> None:  # noqa: ARG001
    """Two contacts were one person."""
    await telling.note_merge(session, merged)


@subscribe("storefront.order_placed", version=1)
async def note_order(session: TenantSession, order: PlacedOrder, about: About) -> None:  # noqa: ARG001
    """Somebody has ordered."""
    await telling.note_order(session, order)


@subscribe("agents.run_ended", version=1)
async def note_run_ended(session: TenantSession, run: EndedRun, about: About) -> None:  # noqa: ARG001
    """The run behind a campaign waits for nobody any more, and sends nothing."""
    await note_end(session, run)


@subscribe("crm.lead_changed", version=1)
async def note_lead(session: TenantSession, lead: ChangedLead, about: About) -> None:  # noqa: ARG001
    """There is a new lead, or one has changed."""
    await telling.note_lead(session, lead)


@subscribe("crm.lead_deleted", version=1)
async def forget_lead(session: TenantSession, lead: GoneLead, about: About) -> None:  # noqa: ARG001
    """A lead is no more."""
    await telling.forget_lead(session, lead)
