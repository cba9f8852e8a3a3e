"""What other contexts tell of contacts, written into their timelines."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from resolvers.session import TenantSession
from subgraphs.crm.domain import Contact, ContactDetails
from subgraphs.crm.domain.errors import InvalidValue
from subgraphs.crm.domain.timeline import (
    TimelineKind,
    message_summary,
    order_summary,
    review_summary,
    unsubscribed_summary,
)
from subgraphs.crm.repository import contacts, duplicates, timeline
from subgraphs.crm.usecases.contacts import known_or_new_contact

__all__ = [
    "PlacedOrder",
    "PostedReview",
    "SentMessage",
    "Told",
    "Unsubscribed",
    "note_message",
    "note_order",
    "note_review",
    "note_unsubscribed",
]


@dataclass(frozen=True, slots=True)
class Told:
    """Where something is known from.

    Attributes:
        source: name of the event.
    """

    source: str
    event_id: UUID


@dataclass(frozen=True, slots=True)
class PostedReview:
    """A review of a business in the directory."""

    review_id: UUID
    business_id: UUID
    business_name: str
    rating: int
    title: str
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order in the shop.

    Attributes:
        order_id: Saleor's.
        email: as the customer typed it; may be empty.
        customer_name: as on the bill; may be empty.
        items: how many.
    """

    order_id: str
    number: str
    email: str
    customer_name: str
    items: int
    total: Decimal
    currency: str
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A campaign's message to a contact."""

    contact_id: UUID
    campaign_name: str
    channel: str
    message_id: UUID
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """A contact wants no more messages over a channel."""

    contact_id: UUID
    channel: str
    campaign_id: UUID | None
    campaign_name: str | None
    unsubscribed_at: datetime


async def note_message(session: TenantSession, message: SentMessage, told: Told) -> None:
    """Writes a campaign's message into the timeline of who got it; of nobody who is no contact any more."""
    summary = message_summary(message.campaign_name, message.channel)
    await _note_campaign(session, message.contact_id, message.sent_at, summary, str(message.message_id), told)


async def note_unsubscribed(session: TenantSession, gone: Unsubscribed, told: Told) -> None:
    """Writes that a contact wants no more messages into their timeline."""
    summary = unsubscribed_summary(gone.channel, gone.campaign_name)
    reference = str(gone.campaign_id or gone.contact_id)
    await _note_campaign(session, gone.contact_id, gone.unsubscribed_at, summary, reference, told)


async def _note_campaign(
    session: TenantSession, contact_id: UUID, at: datetime, summary: str, reference: str, told: Told
) -> None:
    contact = await _contact(session, contact_id)
    if contact is not None:
        await timeline.add_to_contact(
            session,
            contact.id,
            TimelineKind.CAMPAIGN,
            at=at,
            summary=summary,
            source=told.source,
            reference=reference,
            event_id=told.event_id,
        )


async def _contact(session: TenantSession, contact_id: UUID) -> Contact | None:
    """The contact, or the one that it has become."""
    (found,) = await contacts.find_contacts(session, [contact_id])
    if found is not None:
        return found
    return (await duplicates.contacts_merged_from(session, [contact_id])).get(contact_id)


async def note_review(session: TenantSession, review: PostedReview, told: Told) -> None:
    """Writes a review into the timelines of those who work for the business."""
    await timeline.add_to_contacts_of_business(
        session,
        review.business_id,
        TimelineKind.REVIEW,
        at=review.posted_at,
        summary=review_summary(review.business_name, review.rating, review.title),
        source=told.source,
        reference=str(review.review_id),
        event_id=told.event_id,
    )


async def note_order(session: TenantSession, order: PlacedOrder, told: Told) -> None:
    """Writes an order into the timeline of the customer, who becomes a contact unless the tenant knows the address.

    An order without an address that a contact may have is nobody's.
    """
    contact = await _customer(session, order)
    if contact is None:
        return
    await timeline.add_to_contact(
        session,
        contact.id,
        TimelineKind.ORDER,
        at=order.placed_at,
        summary=order_summary(order.number, order.items, order.total, order.currency),
        source=told.source,
        reference=order.order_id,
        event_id=told.event_id,
    )


async def _customer(session: TenantSession, order: PlacedOrder) -> Contact | None:
    try:
        details = ContactDetails(name=order.customer_name.strip()[:200] or order.email, email=order.email)
    except InvalidValue:
        return None
    if details.email is None:
        return None
    return await known_or_new_contact(session, details)
