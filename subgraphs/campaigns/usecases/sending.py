"""What a run does with a campaign: it schedules, takes messages, says what became of them, and ends it.

Only the run that stands behind the campaign may, and only with the version that was approved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from resolvers.errors import InvalidValue, VersionConflict
from resolvers.session import TenantSession
from subgraphs.campaigns.domain import campaigns as rules
from subgraphs.campaigns.domain import splits
from subgraphs.campaigns.domain.campaigns import Campaign, Variant
from subgraphs.campaigns.domain.errors import AudienceTooLarge, CampaignState, NotTheRun
from subgraphs.campaigns.domain.filter_parser import parse_filter
from subgraphs.campaigns.domain.messages import (
    MAX_RECIPIENTS,
    Delivery,
    Message,
    MessageStatus,
    address_key,
)
from subgraphs.campaigns.domain.people import Person
from subgraphs.campaigns.domain.segments import Segment
from subgraphs.campaigns.domain.templates import filled
from subgraphs.campaigns.events import CampaignFinished, CampaignStarted, ContactMessaged
from subgraphs.campaigns.repository import campaigns, messages, people
from subgraphs.campaigns.usecases.campaigns import locked_campaign

__all__ = [
    "MAX_CLAIM",
    "Outgoing",
    "audience",
    "claim_messages",
    "fail_campaign",
    "preview",
    "record_deliveries",
    "schedule",
]

MAX_CLAIM: Final = 100


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it is sent.

    Attributes:
        address: None for an SMS: crm knows the number.
    """

    message_id: UUID
    contact_id: UUID
    address: str | None
    subject: str | None
    text: str


async def schedule(
    session: TenantSession, campaign_id: UUID, run_id: UUID, version: int, approved_filter: str, send_at: datetime
) -> Campaign:
    """The campaign, approved, with a message for everybody whom its segment finds now.

    Args:
        version: the approved one.
        approved_filter: of the segment, as it was shown to who approved.
        send_at: as it was shown.
    """
    campaign = await locked_campaign(session, campaign_id)
    if campaign.run_id == run_id and campaign.status not in (
        rules.CampaignStatus.WAITING_FOR_APPROVAL,
        rules.CampaignStatus.FAILED,
    ):
        return campaign  # told again
    if campaign.version != version:
        raise VersionConflict("The campaign has been changed since it was approved.")
    rules.check_moment(campaign, send_at)
    (variants,) = await campaigns.variants_of(session, [campaign_id])
    rules.checked_for_launch(campaign, variants)
    segment = await _segment(session, campaign)
    if segment.filter != approved_filter:
        raise VersionConflict("The filter of the campaign's segment has been changed since it was approved.")
    now = datetime.now(UTC)
    found = await people.recipients(session, parse_filter(segment.filter), campaign.channel, now, MAX_RECIPIENTS + 1)
    if len(found) > MAX_RECIPIENTS:
        raise AudienceTooLarge(f"A campaign is sent to at most {MAX_RECIPIENTS} people; narrow the segment's filter.")
    await messages.queue(session, [_message(campaign, each.contact_id, each.email, variants, now) for each in found])
    count = await messages.count_messages(session, campaign_id)
    changed = rules.scheduled(campaign, run_id, count, now)
    await campaigns.change_campaign(session, changed)
    return changed


async def claim_messages(
    session: TenantSession, campaign_id: UUID, run_id: UUID, claim_id: UUID, limit: int, *, abandon: bool
) -> tuple[Campaign, list[Outgoing]]:
    """Takes messages to send, and the campaign. Under the same claim it gives the same ones again.

    Nobody is ever given a message that somebody else was given. Without any left, the campaign is finished.

    Args:
        claim_id: the worker's, new for each claim.
        abandon: the caller goes on where another one was stopped: what that had in its hands is given up.
    """
    if not 1 <= limit <= MAX_CLAIM:
        raise InvalidValue("limit", f"must be from 1 to {MAX_CLAIM}")
    now = datetime.now(UTC)
    campaign = await locked_campaign(session, campaign_id)
    if campaign.run_id == run_id and campaign.status is rules.CampaignStatus.FINISHED:
        return campaign, []
    changed = rules.begun(campaign, run_id, now)
    if campaign.status is not changed.status:
        recipients = changed.recipients or 0
        session.publish(CampaignStarted(campaign_id, changed.name, changed.channel.value, recipients, now))
    if abandon:
        await messages.abandon_claims(session, campaign_id)
    taken = await messages.claimed(session, campaign_id, claim_id)
    if not taken:
        await messages.skip_suppressed(session, changed)
        taken = await messages.claim(session, campaign_id, claim_id, limit)
    if not taken and not await messages.is_open(session, campaign_id):
        changed = rules.finished(changed, now)
        (numbers,) = await messages.numbers_of_campaigns(session, [campaign_id])
        not_sent = numbers.recipients - numbers.sent
        session.publish(CampaignFinished(campaign_id, changed.name, numbers.sent, not_sent, now))
    if changed is not campaign:
        await campaigns.change_campaign(session, changed)
    return changed, await _written(session, changed, taken)


async def record_deliveries(
    session: TenantSession, campaign_id: UUID, run_id: UUID, deliveries: Sequence[Delivery]
) -> Campaign:
    """Writes what became of messages, once; also of those of a campaign that was cancelled meanwhile."""
    if not 1 <= len(deliveries) <= MAX_CLAIM:
        raise InvalidValue("deliveries", f"must be 1 to {MAX_CLAIM}")
    if any(delivery.status in (MessageStatus.CLAIMED, MessageStatus.SKIPPED) for delivery in deliveries):
        raise InvalidValue("deliveries", "must be SENT, FAILED, UNKNOWN or, given back, QUEUED")
    campaign = await locked_campaign(session, campaign_id)
    if campaign.run_id != run_id:
        raise NotTheRun
    now = datetime.now(UTC)
    for sent in await messages.record(session, campaign_id, deliveries, now):
        told = ContactMessaged(
            sent.contact_id, campaign_id, campaign.name, campaign.channel.value, sent.id, now, sent.address
        )
        session.publish(told)
    if campaign.status is rules.CampaignStatus.CANCELLED:
        await messages.skip_queued(session, campaign_id)
    return campaign


async def fail_campaign(session: TenantSession, campaign_id: UUID, run_id: UUID, code: str, message: str) -> Campaign:
    """The campaign, which cannot be sent on as things are; what waits, waits for the next launch."""
    campaign = await locked_campaign(session, campaign_id)
    if campaign.run_id != run_id:
        raise NotTheRun
    if campaign.status not in (rules.CampaignStatus.SCHEDULED, rules.CampaignStatus.RUNNING):
        return campaign
    changed = rules.failed(campaign, code, message, datetime.now(UTC))
    await campaigns.change_campaign(session, changed)
    return changed


async def audience(session: TenantSession, campaign: Campaign) -> tuple[Segment, int, int]:
    """The campaign's segment, how many it finds now, and how many of them can be sent to."""
    segment, now = await _segment(session, campaign), datetime.now(UTC)
    wanted = parse_filter(segment.filter)
    reachable = await people.recipients(session, wanted, campaign.channel, now, MAX_RECIPIENTS + 1)
    return segment, await people.count_people(session, wanted, now), len(reachable)


async def preview(session: TenantSession, campaign: Campaign, variant: Variant) -> Outgoing | None:
    """The variant, filled in for the first whom the campaign's segment finds; None if it finds nobody."""
    segment = await _segment(session, campaign)
    found = await people.recipients(session, parse_filter(segment.filter), campaign.channel, datetime.now(UTC), 1)
    if not found:
        return None
    (person,) = await people.find_people(session, [found[0].contact_id])
    assert person is not None
    return _filled(campaign, variant, UUID(int=0), person, found[0].email)


async def _segment(session: TenantSession, campaign: Campaign) -> Segment:
    found = None
    if campaign.segment_id is not None:
        (found,) = await campaigns.find_segments(session, [campaign.segment_id])
    if found is None:
        raise CampaignState("The campaign has no segment.")
    return found


async def _written(session: TenantSession, campaign: Campaign, taken: Sequence[Message]) -> list[Outgoing]:
    if not taken:
        return []
    (variants,) = await campaigns.variants_of(session, [campaign.id])
    by_id = {variant.id: variant for variant in variants}
    known = await people.find_people(session, [message.contact_id for message in taken])
    return [
        _filled(campaign, by_id[message.variant_id], message.id, person or _unknown(message), message.address)
        for message, person in zip(taken, known, strict=True)
    ]


def _message(
    campaign: Campaign, contact_id: UUID, email: str | None, variants: Sequence[Variant], now: datetime
) -> Message:
    address = email if campaign.channel is rules.CampaignChannel.EMAIL else None
    return Message(
        id=uuid4(),
        campaign_id=campaign.id,
        variant_id=splits.variant_for(campaign.id, contact_id, variants).id,
        contact_id=contact_id,
        address=address,
        address_key=address_key(contact_id, address),
        status=MessageStatus.QUEUED,
        claim_id=None,
        reference=None,
        failure=None,
        sent_at=None,
        created_at=now,
        updated_at=now,
    )


def _filled(campaign: Campaign, variant: Variant, message_id: UUID, person: Person, address: str | None) -> Outgoing:
    link = "" if campaign.unsubscribe_url is None else f"{campaign.unsubscribe_url}?{urlencode({'m': message_id})}"
    values = {
        "contact.name": person.name,
        "contact.firstName": person.name.split(" ")[0],
        "contact.email": person.email or "",
        "contact.company": person.company or "",
        "contact.jobTitle": person.job_title or "",
        "unsubscribeUrl": link,
    }
    subject = None
    if variant.subject is not None:
        subject = " ".join(filled(variant.subject, values).split())[:998]
    return Outgoing(message_id, person.id, address, subject, filled(variant.body, values))


def _unknown(message: Message) -> Person:
    """Somebody who is no contact any more since the campaign was scheduled."""
    return Person(message.contact_id, "", message.address, None, None, message.created_at)
