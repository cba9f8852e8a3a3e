"""Sending: a worker takes what is due, sends it, and says what became of it. Nothing is given out twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from resolvers.session import TenantSession
from subgraphs.notifications.domain.deliveries import (
    INTEGRATIONS,
    RETRYABLE,
    Delivery,
    DeliveryOutcome,
    DeliveryState,
    pause_after,
)
from subgraphs.notifications.domain.errors import DeliveryNotFound, NotRetryable
from subgraphs.notifications.domain.kinds import NotificationChannel
from subgraphs.notifications.domain.templates import TENANT_URL, Rendered, as_html, rendered
from subgraphs.notifications.repository import deliveries, people, texts
from subgraphs.notifications.repository.deliveries import Taken
from subgraphs.notifications.repository.texts import Settings
from subgraphs.notifications.usecases.telling import best_text

__all__ = ["Message", "Outcome", "claim", "connected", "record", "retry"]

_HOUR: Final = timedelta(hours=1)
_MOST: Final = 25
_RESERVED: Final = 10
"""The tenth of an hour's messages is for codes and invitations: whoever makes many others told keeps nobody out."""
_OPEN: Final = frozenset({DeliveryState.SENDING, DeliveryState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Message:
    """A delivery as it is sent. Where its secret belongs, `text` and `html` have `SECRET_MARK`."""

    delivery: Delivery
    sender: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery, as whoever sent it says."""

    delivery_id: UUID
    outcome: DeliveryOutcome
    error_code: str | None = None
    provider_id: str | None = None


async def claim(session: TenantSession, claim_id: UUID, limit: int) -> list[Message]:
    """What is due and may be sent now, taken by whoever asks; what is not wanted any more or too late is skipped.

    A constant number of statements, and one for each delivery that is not sent after all.
    """
    now = datetime.now(UTC)
    await deliveries.abandon_lost(session, now)
    settings = await texts.read_settings(session)
    used, first = await deliveries.used_since(session, now - _HOUR)
    spare = settings.hourly_limit - used
    ordinary = spare - settings.hourly_limit // _RESERVED
    if ordinary <= 0:
        await deliveries.postpone(session, now, (first or now) + _HOUR, transactional=spare <= 0)
    if spare <= 0:
        return []
    taken = await deliveries.take(session, claim_id, min(limit, _MOST, ordinary if ordinary > 0 else spare), now)
    unwanted = await _unwanted(session, taken, now)
    own = await texts.texts_of(session, {each.delivery.kind for each in taken}) if taken else {}
    messages = []
    for each in taken:
        delivery, reason = each.delivery, unwanted.get(each.delivery.id)
        sender = _sender(settings, delivery.channel)
        if reason is not None:
            await _end(session, delivery, DeliveryState.SKIPPED, reason)
        elif sender is None:
            await _wait(session, delivery, "SENDER_MISSING")
        else:
            text = best_text(own, delivery.kind, each.locale, settings.locale)
            shown = rendered(text, {**each.filling, TENANT_URL: settings.url or ""})
            messages.append(_message(delivery, sender, shown))
    return messages


async def record(session: TenantSession, outcomes: Sequence[Outcome]) -> None:
    """Writes what became of deliveries; what is known already stays. One that was given up as unknown may turn out."""
    now = datetime.now(UTC)
    known = await deliveries.locked(session, [each.delivery_id for each in outcomes])
    for told in outcomes:
        delivery = known.get(told.delivery_id)
        if delivery is None or delivery.state not in _OPEN:
            continue
        match told.outcome:
            case DeliveryOutcome.SENT:
                await deliveries.change(
                    session, delivery.id, state=DeliveryState.SENT, sent_at=now, provider_id=told.provider_id,
                    error_code=None, filling={},
                )  # fmt: skip
            case DeliveryOutcome.LATER if delivery.state is DeliveryState.SENDING:
                await _later(session, delivery, told.error_code, now)
            case DeliveryOutcome.NO_INTEGRATION if delivery.state is DeliveryState.SENDING:
                await _wait(session, delivery, told.error_code or "MISSING_CREDENTIALS")
            case DeliveryOutcome.TOO_LATE:
                await _end(session, delivery, DeliveryState.SKIPPED, "EXPIRED")
            case DeliveryOutcome.UNKNOWN:
                await _end(session, delivery, DeliveryState.UNKNOWN, told.error_code or "OUTCOME_UNKNOWN")
            case DeliveryOutcome.FAILED | DeliveryOutcome.LATER | DeliveryOutcome.NO_INTEGRATION:
                await _end(session, delivery, DeliveryState.FAILED, told.error_code or "FAILED")


async def retry(session: TenantSession, delivery_id: UUID) -> Delivery:
    """Has a delivery sent once more that has failed, or may not have arrived.

    Raises:
        DeliveryNotFound: there is none.
        NotRetryable: it is under way, was sent, or is of no use any more.
    """
    now = datetime.now(UTC)
    found = await deliveries.locked(session, [delivery_id])
    if delivery_id not in found:
        raise DeliveryNotFound
    delivery = found[delivery_id]
    if delivery.state not in RETRYABLE or (delivery.expires_at is not None and delivery.expires_at <= now):
        raise NotRetryable
    fresh = {"state": DeliveryState.QUEUED, "attempts": 0, "next_try_at": now, "error_code": None}
    await deliveries.change(session, delivery_id, **fresh)
    return (await deliveries.locked(session, [delivery_id]))[delivery_id]


async def connected(session: TenantSession, integration: str) -> int:
    """Has what waited for an integration sent, now that it is connected; says how many messages that are."""
    now, found = datetime.now(UTC), 0
    for channel, needed in INTEGRATIONS.items():
        if needed == integration:
            found += await deliveries.requeue_waiting(session, channel, now)
    return found


async def _unwanted(session: TenantSession, taken: Sequence[Taken], now: datetime) -> dict[UUID, str]:
    """Why deliveries are not sent after all."""
    users = {each.delivery.user_id for each in taken} - {None}
    kinds = {each.delivery.kind for each in taken}
    off = await people.turned_off(session, [user for user in users if user is not None], kinds) if users else ()
    found = {}
    for delivery in (each.delivery for each in taken):
        if delivery.expires_at is not None and delivery.expires_at <= now:
            found[delivery.id] = "EXPIRED"
        elif (delivery.user_id, delivery.kind, delivery.channel) in off:
            found[delivery.id] = "UNSUBSCRIBED"
    return found


async def _wait(session: TenantSession, delivery: Delivery, code: str) -> None:
    """Waits for the tenant, and all that is queued for the channel with it; the try does not count."""
    waiting: dict[str, Any] = {"state": DeliveryState.WAITING_FOR_INTEGRATION, "error_code": code}
    await deliveries.change(session, delivery.id, **waiting, attempts=delivery.attempts - 1)
    await deliveries.mark_waiting(session, delivery.channel, code)


async def _later(session: TenantSession, delivery: Delivery, code: str | None, now: datetime) -> None:
    pause = pause_after(delivery.attempts)
    if pause is None:
        await _end(session, delivery, DeliveryState.FAILED, code or "FAILED")
    else:
        again = {"state": DeliveryState.QUEUED, "next_try_at": now + pause, "error_code": code}
        await deliveries.change(session, delivery.id, **again)


async def _end(session: TenantSession, delivery: Delivery, state: DeliveryState, code: str) -> None:
    await deliveries.change(session, delivery.id, state=state, error_code=code)


def _sender(settings: Settings, channel: NotificationChannel) -> str | None:
    return settings.sender_phone if channel is NotificationChannel.SMS else settings.sender


def _message(delivery: Delivery, sender: str, shown: Rendered) -> Message:
    return Message(delivery, sender, shown.subject, shown.body, as_html(shown.body))
