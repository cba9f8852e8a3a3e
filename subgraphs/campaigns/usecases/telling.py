"""What came of messages, as providers tell it, people say it, and other contexts know it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from resolvers.errors import InvalidValue
from resolvers.session import TenantSession
from subgraphs.campaigns.domain.campaigns import Campaign, CampaignChannel
from subgraphs.campaigns.domain.errors import MessageNotFound
from subgraphs.campaigns.domain.messages import Message, MessageEventKind, address_key
from subgraphs.campaigns.domain.people import LeadFacts, Person
from subgraphs.campaigns.domain.values import required_text
from subgraphs.campaigns.events import ContactResponded, ContactUnsubscribed
from subgraphs.campaigns.repository import campaigns, messages, people

__all__ = [
    "MAX_TOLD",
    "ChangedContact",
    "ChangedLead",
    "GoneContact",
    "GoneLead",
    "MergedContacts",
    "PlacedOrder",
    "Told",
    "forget_contact",
    "forget_lead",
    "note_contact",
    "note_lead",
    "note_merge",
    "note_order",
    "record_events",
    "set_consent",
    "unsubscribe",
]

MAX_TOLD: Final = 500
_AHEAD: Final = timedelta(minutes=10)
_ENDING: Final = (MessageEventKind.UNSUBSCRIBED, MessageEventKind.COMPLAINED, MessageEventKind.BOUNCED)


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider tells of a message.

    Attributes:
        external_id: the provider's, of what happened: told twice it counts once.
        message_id: ours, or None.
        reference: the provider's name of the message, instead.
    """

    external_id: str
    kind: MessageEventKind
    at: datetime
    message_id: UUID | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedContact:
    """A contact as crm has it now."""

    contact_id: UUID
    name: str
    email: str | None
    company: str | None
    job_title: str | None
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class GoneContact:
    """A contact that crm has no more."""

    contact_id: UUID


@dataclass(frozen=True, slots=True)
class ChangedLead:
    """A lead as crm has it now."""

    lead_id: UUID
    contact_id: UUID | None
    status: str
    stage: str
    source: str
    score: int
    value: Decimal
    version: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class GoneLead:
    """A lead that crm has no more."""

    lead_id: UUID


@dataclass(frozen=True, slots=True)
class MergedContacts:
    """Two contacts that are one; `other_id` is not there any more."""

    contact_id: UUID
    other_id: UUID


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order in the shop."""

    order_id: str
    email: str
    total: Decimal
    currency: str
    placed_at: datetime


async def record_events(session: TenantSession, told: Sequence[Told]) -> tuple[int, int]:
    """Writes what providers tell, each once.

    Returns:
        How many were new, and how many are of no message that there is.
    """
    if not 1 <= len(told) <= MAX_TOLD:
        raise InvalidValue("events", f"must be 1 to {MAX_TOLD}")
    latest = datetime.now(UTC) + _AHEAD
    for each in told:
        required_text("externalId", each.external_id, 200)
        if each.kind is MessageEventKind.CONVERTED:
            raise InvalidValue("kind", "CONVERTED is told by the shop's orders alone")
        if (each.message_id is None) == (each.reference is None):
            raise InvalidValue("messageId", "or reference is needed, and not both")
        if each.at > latest:
            raise InvalidValue("at", "is in the future")
    references = [each.reference for each in told if each.reference is not None]
    by_reference = await messages.messages_by_reference(session, references) if references else {}
    ids = [each.message_id or by_reference.get(each.reference or "") for each in told]
    wanted = sorted({each for each in ids if each is not None})
    known = {each.id: each for each in await messages.find_messages(session, wanted) if each is not None}
    sources = await _campaigns_of(session, known.values())
    new = 0
    for message_id, each in zip(ids, told, strict=True):
        message = known.get(message_id) if message_id is not None else None
        if message is not None:
            campaign = sources[message.campaign_id]
            new += await _note(session, message, campaign, each.kind, each.external_id, each.at)
    return new, sum(message_id not in known for message_id in ids)


async def unsubscribe(session: TenantSession, token: UUID) -> CampaignChannel:
    """Whoever has a message may say that they want no more over its channel. Said again it changes nothing."""
    (message,) = await messages.find_messages(session, [token])
    if message is None:
        raise MessageNotFound
    campaign = (await _campaigns_of(session, [message]))[message.campaign_id]
    await _note(session, message, campaign, MessageEventKind.UNSUBSCRIBED, f"unsubscribed:{token}", datetime.now(UTC))
    return campaign.channel


async def set_consent(session: TenantSession, contact_id: UUID, channel: CampaignChannel, granted: bool) -> None:
    """Writes whether a contact wants messages over a channel, as they have said to the tenant."""
    (person,) = await people.find_people(session, [contact_id])
    if person is None or (person.email is None and channel is CampaignChannel.EMAIL):
        raise InvalidValue("contactId", "is of no contact that can be reached over the channel")
    key = address_key(contact_id, person.email if channel is CampaignChannel.EMAIL else None)
    if granted:
        await messages.unsuppress(session, channel, key)
    elif await messages.suppress(session, channel, key, MessageEventKind.UNSUBSCRIBED):
        session.publish(ContactUnsubscribed(contact_id, channel.value, None, None, datetime.now(UTC)))


async def note_contact(session: TenantSession, contact: ChangedContact) -> None:
    """Writes what crm tells of a contact."""
    person = Person(
        contact.contact_id, contact.name, contact.email, contact.company, contact.job_title, contact.created_at
    )
    await people.put_person(session, person, contact.version)


async def forget_contact(session: TenantSession, contact_id: UUID) -> None:
    """A contact is no more; whom nothing is sent to is remembered."""
    await people.forget_person(session, contact_id)


async def note_merge(session: TenantSession, merged: MergedContacts) -> None:
    """Two contacts are one."""
    await people.forget_person(session, merged.other_id)
    await people.move_leads(session, merged.other_id, merged.contact_id)


async def note_lead(session: TenantSession, lead: ChangedLead) -> None:
    """Writes what crm tells of a lead."""
    facts = LeadFacts(
        id=lead.lead_id,
        contact_id=lead.contact_id,
        status=lead.status,
        stage=lead.stage,
        source=lead.source,
        score=lead.score,
        value=lead.value,
        created_at=lead.created_at,
        changed_at=lead.changed_at,
    )
    await people.put_lead(session, facts, lead.version)


async def forget_lead(session: TenantSession, lead: GoneLead) -> None:
    """A lead is no more."""
    await people.forget_lead(session, lead.lead_id)


async def note_order(session: TenantSession, order: PlacedOrder) -> None:
    """Writes an order, and whose doing it is: of the last message to its address, if that was not too long ago."""
    email = order.email.strip()
    if not email or not await people.note_purchase(
        session, order.order_id, email, order.total, order.currency, order.placed_at
    ):
        return
    message = await messages.conversion_of(session, email, order.placed_at)
    if message is not None:
        campaign = (await _campaigns_of(session, [message]))[message.campaign_id]
        await _note(session, message, campaign, MessageEventKind.CONVERTED, order.order_id, order.placed_at)


async def _campaigns_of(session: TenantSession, sent: Iterable[Message]) -> dict[UUID, Campaign]:
    """The campaigns of messages, by id. One statement."""
    ids = sorted({message.campaign_id for message in sent})
    return {each.id: each for each in await campaigns.find_campaigns(session, ids) if each is not None}


async def _note(
    session: TenantSession,
    message: Message,
    campaign: Campaign,
    kind: MessageEventKind,
    external_id: str,
    at: datetime,
) -> bool:
    if not await messages.note_event(session, message, kind, external_id, at):
        return False
    channel = campaign.channel.value
    session.publish(
        ContactResponded(
            message.contact_id, campaign.id, campaign.name, channel, message.id, kind.value, message.address, at
        )
    )
    if kind in _ENDING:
        new = await messages.suppress(session, campaign.channel, message.address_key, kind)
        if new and kind is not MessageEventKind.BOUNCED:
            session.publish(ContactUnsubscribed(message.contact_id, channel, campaign.id, campaign.name, at))
    return True
