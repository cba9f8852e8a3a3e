"""Deliveries: one message to one person by one channel, from being written down until it is sent or given up.

QUEUED -> SENDING -> SENT
   ^         |-> QUEUED again, after a pause, if it certainly was not sent
   |         |-> FAILED: refused, or tried often enough (a person may have it sent once more)
   |         |-> UNKNOWN: whoever sent it was stopped over it, or the provider did not say; never sent again by itself
   |-> WAITING: there is no connected integration; queued again when there is
   |-> SKIPPED: not wanted any more, or too late
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final
from uuid import UUID

from subgraphs.notifications.domain.kinds import NotificationChannel, NotificationKind, Secret

__all__ = [
    "CLAIM_LIFETIME",
    "INTEGRATIONS",
    "MAX_ATTEMPTS",
    "RETRYABLE",
    "Delivery",
    "DeliveryOutcome",
    "DeliveryState",
    "Notification",
    "masked",
    "pause_after",
]

MAX_ATTEMPTS: Final = 6
CLAIM_LIFETIME: Final = timedelta(minutes=10)
"""Who takes a delivery says within so long what became of it; else nobody knows."""
_PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 3600, 4 * 3600))

INTEGRATIONS: Final = {NotificationChannel.EMAIL: "sendgrid", NotificationChannel.SMS: "twilio"}
"""By which of the catalogue's integrations a channel is sent."""


class DeliveryState(Enum):
    """How far a delivery is."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WAITING_FOR_INTEGRATION = "waiting"
    SKIPPED = "skipped"


RETRYABLE: Final = frozenset({DeliveryState.FAILED, DeliveryState.UNKNOWN})


class DeliveryOutcome(Enum):
    """What whoever sends says of a delivery. LATER: it was certainly not sent, and may be another time."""

    SENT = "sent"
    LATER = "later"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NO_INTEGRATION = "no_integration"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of `notifications.deliveries`, without its tenant and without what it says.

    Attributes:
        user_id: the member whom it is for, whose address is identity's to tell; None: it goes to `address`.
        error_code: why it is not sent (yet).
        provider_id: what the provider calls the message.
    """

    id: UUID
    kind: NotificationKind
    channel: NotificationChannel
    user_id: UUID | None
    address: str | None
    subject: str | None
    secret: Secret | None
    reference: str | None
    state: DeliveryState
    attempts: int
    next_try_at: datetime
    expires_at: datetime | None
    error_code: str | None
    provider_id: str | None
    sent_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """A row of `notifications.notifications`, without its tenant: what a member is shown in the application.

    Attributes:
        about_type: what it is about: `task`, `business`, `review`, `variant`, `run`, `claim`.
        about_id: of that, in its context.
    """

    id: UUID
    user_id: UUID
    kind: NotificationKind
    title: str
    body: str
    about_type: str
    about_id: str
    read_at: datetime | None
    created_at: datetime


def pause_after(attempts: int) -> timedelta | None:
    """How long to wait after so many tries; None: it is given up."""
    return None if attempts >= MAX_ATTEMPTS else _PAUSES[min(attempts, len(_PAUSES)) - 1]


def masked(address: str | None) -> str | None:
    """An address as it may be shown: enough to recognise, not to use."""
    if address is None:
        return None
    local, at, host = address.rpartition("@")
    return f"{local[:1]}***@{host}" if at else f"***{address[-3:]}"
