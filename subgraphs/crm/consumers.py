"""What crm listens to."""

from resolvers.events.envelope import About
from resolvers.events.subscriptions import subscribe
from resolvers.session import TenantSession
from subgraphs.crm.usecases import csv_imports, forms, members, timeline
from subgraphs.crm.usecases.csv_imports import Advanced
from subgraphs.crm.usecases.forms import SubmittedForm
from subgraphs.crm.usecases.members import ConfirmedMember, JoinedMember, RemovedMember
from subgraphs.crm.usecases.timeline import PlacedOrder, PostedReview, SentMessage, Told, Unsubscribed

__all__ = [
    "continue_csv_import",
    "note_member_confirmed",
    "note_member_joined",
    "note_member_removed",
    "note_message",
    "note_order",
    "note_review",
    "note_unsubscribed",
    "take_form",
]


@subscribe("directory.review_posted", version=1)
async def note_review(session: TenantSession, review: PostedReview, about: About) -> None:
    """A business was reviewed: those who work for it have it in their timelines."""
    await timeline.note_review(session, review, Told(about.name, about.id))


@subscribe("storefront.order_placed", version=1)
async def note_order(session: TenantSession, order: PlacedOrder, about: About) -> None:
    """Somebody has ordered: it is in their timeline, and they are a contact."""
    await timeline.note_order(session, order, Told(about.name, about.id))


@subscribe("crm.csv_import_advanced", version=1)
async def continue_csv_import(session: TenantSession, advanced: Advanced, _: About) -> None:
    """The next records of a file are imported, in the transaction that asks for those after them."""
    await csv_imports.advance(session, advanced)


@subscribe("campaigns.contact_messaged", version=1)
async def note_message(session: TenantSession, message: SentMessage, about: About) -> None:
    """A contact was sent a campaign's message."""
    await timeline.note_message(session, message, Told(about.name, about.id))


@subscribe("campaigns.contact_unsubscribed", version=1)
async def note_unsubscribed(session: TenantSession, gone: Unsubscribed, about: About) -> None:
    """A contact wants no more messages."""
    await timeline.note_unsubscribed(session, gone, Told(about.name, about.id))


@subscribe("content.form_submitted", version=1)
async def take_form(session: TenantSession, submitted: SubmittedForm, about: About) -> None:
    """A visitor has sent a form of the site: they are a contact and a lead."""
    await forms.take_form(session, submitted, Told(about.name, about.id))


@subscribe("identity.member_joined", version=1)
async def note_member_joined(session: TenantSession, joined: JoinedMember, _: About) -> None:
    """Somebody belongs to the tenant: leads and contacts may be theirs."""
    await members.note_joined(session, joined)


@subscribe("identity.member_confirmed", version=1)
async def note_member_confirmed(session: TenantSession, confirmed: ConfirmedMember, _: About) -> None:
    """Somebody who joined before crm listened belongs to the tenant."""
    await members.note_confirmed(session, confirmed)


@subscribe("identity.member_removed", version=1)
async def note_member_removed(session: TenantSession, removed: RemovedMember, _: About) -> None:
    """Somebody does not belong to the tenant any more."""
    await members.note_removed(session, removed)
