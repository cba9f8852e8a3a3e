"""Messages: written once for each recipient, taken by workers, sent at most once; and what came of them."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, String, Uuid, and_, case, cast, delete, func, literal, select, update, values
from sqlalchemy import column as named
from sqlalchemy.dialects.postgresql import insert

from resolvers.pagination import Key, Ordering, Page, Window
from resolvers.rows import among
from resolvers.session import TenantSession
from subgraphs.campaigns.domain.campaigns import Campaign, CampaignChannel
from subgraphs.campaigns.domain.messages import Delivery, Message, MessageEventKind, MessageStatus, Numbers
from subgraphs.campaigns.repository import rows
from subgraphs.campaigns.tables import campaigns, message_events, messages, people, suppressions

__all__ = [
    "MESSAGES_OLDEST_FIRST",
    "abandon_claims",
    "claim",
    "claimed",
    "conversion_of",
    "count_messages",
    "find_messages",
    "is_open",
    "message_page",
    "messages_by_reference",
    "note_event",
    "numbers_of_campaigns",
    "numbers_of_variants",
    "queue",
    "record",
    "skip_queued",
    "skip_suppressed",
    "suppress",
    "unsuppress",
]

MESSAGES_OLDEST_FIRST: Final = Ordering("CREATED_AT", Key(messages.c.created_at), Key(messages.c.id))

_MESSAGE: Final[tuple[ColumnElement[Any], ...]] = tuple(messages.c[field.name] for field in fields(Message))
_OPEN: Final = (MessageStatus.QUEUED, MessageStatus.CLAIMED)


async def queue(session: TenantSession, new: Sequence[Message]) -> None:
    """Writes messages; who has one of the campaign already, or shares an address with who has, gets no other."""
    tenant_id = session.tenant_id()
    for start in range(0, len(new), 1000):
        some = [
            {
                "tenant_id": tenant_id,
                "id": each.id,
                "campaign_id": each.campaign_id,
                "variant_id": each.variant_id,
                "contact_id": each.contact_id,
                "address": each.address,
                "address_key": each.address_key,
                "status": each.status,
            }
            for each in new[start : start + 1000]
        ]
        await session.execute(insert(messages).values(some).on_conflict_do_nothing())


async def count_messages(session: TenantSession, campaign_id: UUID) -> int:
    """How many messages a campaign has."""
    return int(
        await session.scalar(select(func.count()).select_from(messages).where(messages.c.campaign_id == campaign_id))
    )


async def find_messages(session: TenantSession, ids: Sequence[UUID]) -> list[Message | None]:
    """The message of each id, in their order. One statement."""
    return await rows.find(session, messages, Message, ids)


async def messages_by_reference(session: TenantSession, references: Sequence[str]) -> dict[str, UUID]:
    """Ids of messages by what their provider calls them."""
    statement = select(messages.c.reference, messages.c.id).where(among(messages.c.reference, references))
    return {row.reference: row.id for row in await session.rows(statement)}


async def message_page(session: TenantSession, campaign_id: UUID, window: Window) -> Page[Message]:
    """A page of a campaign's messages. One statement."""
    return await rows.page_of(session, messages, Message, window, messages.c.campaign_id == campaign_id)


async def skip_suppressed(session: TenantSession, campaign: Campaign) -> None:
    """Skips waiting messages to people who have said meanwhile that they do not want them, or are no contacts now."""
    refused = (
        select(literal(1))
        .where(
            suppressions.c.tenant_id == messages.c.tenant_id,
            suppressions.c.channel == campaign.channel,
            suppressions.c.address_key == messages.c.address_key,
        )
        .exists()
    )
    waiting = and_(messages.c.campaign_id == campaign.id, messages.c.status == MessageStatus.QUEUED)
    there = (
        select(literal(1))
        .where(people.c.tenant_id == messages.c.tenant_id, people.c.id == messages.c.contact_id)
        .exists()
    )
    why = case((refused, "UNSUBSCRIBED"), else_="CONTACT_GONE")
    await session.execute(
        update(messages).where(waiting, refused | ~there).values(status=MessageStatus.SKIPPED, failure=why)
    )


async def skip_queued(session: TenantSession, campaign_id: UUID) -> None:
    """Skips all that waits: the campaign is given up."""
    waiting = and_(messages.c.campaign_id == campaign_id, messages.c.status == MessageStatus.QUEUED)
    await session.execute(update(messages).where(waiting).values(status=MessageStatus.SKIPPED, failure="CANCELLED"))


async def claimed(session: TenantSession, campaign_id: UUID, claim_id: UUID) -> list[Message]:
    """What was taken under a claim and is not dealt with."""
    return await _taken(session, messages.c.campaign_id == campaign_id, messages.c.claim_id == claim_id)


async def claim(session: TenantSession, campaign_id: UUID, claim_id: UUID, limit: int) -> list[Message]:
    """Takes waiting messages: nobody else gets them, now or later."""
    waiting = (
        select(messages.c.id)
        .where(messages.c.campaign_id == campaign_id, messages.c.status == MessageStatus.QUEUED)
        .order_by(messages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    # Two statements: within one the rows may be picked more than once, and more than the limit be taken.
    ids = [row.id for row in await session.rows(waiting)]
    await session.execute(
        update(messages)
        .where(among(messages.c.id, ids))
        .values(status=MessageStatus.CLAIMED, claim_id=claim_id, updated_at=func.now())
    )
    return await claimed(session, campaign_id, claim_id)


async def abandon_claims(session: TenantSession, campaign_id: UUID) -> None:
    """What a worker had in its hands when it was stopped may have been sent, and is never sent again."""
    taken = and_(messages.c.campaign_id == campaign_id, messages.c.status == MessageStatus.CLAIMED)
    await session.execute(update(messages).where(taken).values(status=MessageStatus.UNKNOWN, failure="OUTCOME_UNKNOWN"))


async def record(
    session: TenantSession, campaign_id: UUID, deliveries: Sequence[Delivery], now: datetime
) -> list[Message]:
    """Writes what became of claimed messages; what was written before stays.

    Returns:
        Those that were sent by this.
    """
    sent = []
    for status in {delivery.status for delivery in deliveries}:
        told = {each.message_id: each for each in deliveries if each.status is status}
        # One that was given up as unknown may turn out to have been sent, or not; it is never given back.
        before = [MessageStatus.CLAIMED, *([] if status is MessageStatus.QUEUED else [MessageStatus.UNKNOWN])]
        ids = list(told)
        answers = values(named("id", Uuid), named("reference", String), named("failure", String), name="told").data(
            [(each.message_id, each.reference, each.failure) for each in told.values()]
        )
        statement = (
            update(messages)
            .where(
                messages.c.campaign_id == campaign_id,
                among(messages.c.id, ids),
                messages.c.id == answers.c.id,
                messages.c.status.in_(before),
            )
            .values(
                status=status,
                reference=cast(answers.c.reference, String),
                failure=cast(answers.c.failure, String),
                sent_at=now if status is MessageStatus.SENT else None,
                updated_at=now,
            )
            .returning(messages.c.id)
        )
        changed = [row.id for row in await session.rows(statement)]
        if status is MessageStatus.SENT:
            sent = [message for message in await find_messages(session, changed) if message is not None]
    return sent


async def is_open(session: TenantSession, campaign_id: UUID) -> bool:
    """Whether messages of a campaign wait, or are in the hands of a worker."""
    statement = select(literal(1)).where(messages.c.campaign_id == campaign_id, messages.c.status.in_(_OPEN)).limit(1)
    return await session.scalar(statement) is not None


async def note_event(
    session: TenantSession, message: Message, kind: MessageEventKind, external_id: str, at: datetime
) -> bool:
    """Writes what came of a message, once; says whether this was the first time."""
    statement = insert(message_events).values(
        tenant_id=session.tenant_id(),
        message_id=message.id,
        campaign_id=message.campaign_id,
        variant_id=message.variant_id,
        kind=kind,
        external_id=external_id,
        at=at,
    )
    return await session.execute(statement.on_conflict_do_nothing(constraint="uq_message_events_external")) == 1


async def conversion_of(session: TenantSession, email: str, placed_at: datetime) -> Message | None:
    """The last message sent to an address before an order, if the order is within its campaign's days."""
    window = func.make_interval(0, 0, 0, campaigns.c.conversion_days)
    statement = (
        select(*_MESSAGE)
        .join(campaigns, and_(campaigns.c.tenant_id == messages.c.tenant_id, campaigns.c.id == messages.c.campaign_id))
        .where(
            messages.c.address_key == email.lower(),
            messages.c.status == MessageStatus.SENT,
            messages.c.sent_at <= placed_at,
            messages.c.sent_at + window > placed_at,
        )
        .order_by(messages.c.sent_at.desc(), messages.c.id.desc())
        .limit(1)
    )
    row = await session.row(statement)
    return None if row is None else _message(row)


async def suppress(
    session: TenantSession, channel: CampaignChannel, address_key: str, reason: MessageEventKind
) -> bool:
    """Has nothing sent to an address any more; says whether this is new."""
    statement = insert(suppressions).values(
        tenant_id=session.tenant_id(), channel=channel, address_key=address_key, reason=reason
    )
    return await session.execute(statement.on_conflict_do_nothing(constraint="uq_suppressions_address")) == 1


async def unsuppress(session: TenantSession, channel: CampaignChannel, address_key: str) -> bool:
    """Lets messages be sent to an address again; says whether they were not."""
    statement = delete(suppressions).where(suppressions.c.channel == channel, suppressions.c.address_key == address_key)
    return await session.execute(statement) > 0


async def numbers_of_campaigns(session: TenantSession, ids: Sequence[UUID]) -> list[Numbers]:
    """The numbers of each campaign, in their order. Two statements."""
    return await _numbers(session, "campaign_id", ids)


async def numbers_of_variants(session: TenantSession, ids: Sequence[UUID]) -> list[Numbers]:
    """The numbers of each variant, in their order. Two statements."""
    return await _numbers(session, "variant_id", ids)


async def _numbers(session: TenantSession, parent: str, ids: Sequence[UUID]) -> list[Numbers]:
    found: dict[UUID, dict[str, int]] = {each: {"recipients": 0} for each in ids}
    own = messages.c[parent]
    by_status = (
        select(own.label("parent"), messages.c.status.label("what"), func.count().label("how_many"))
        .where(among(own, ids))
        .group_by(own, messages.c.status)
    )
    for row in await session.rows(by_status):
        found[row.parent]["recipients"] += row.how_many
        if row.what not in _OPEN:
            found[row.parent][row.what.value] = row.how_many
    own = message_events.c[parent]
    how_many = func.count(message_events.c.message_id.distinct()).label("how_many")
    by_kind = select(own.label("parent"), message_events.c.kind.label("what"), how_many).where(among(own, ids))
    for row in await session.rows(by_kind.group_by(own, message_events.c.kind)):
        found[row.parent][row.what.value] = row.how_many
    return [Numbers(**found[each]) for each in ids]


async def _taken(session: TenantSession, *where: Any) -> list[Message]:
    statement = select(*_MESSAGE).where(messages.c.status == MessageStatus.CLAIMED, *where).order_by(messages.c.id)
    return [_message(row) for row in await session.rows(statement)]


def _message(row: Row[Any]) -> Message:
    return Message(*row[: len(_MESSAGE)])
