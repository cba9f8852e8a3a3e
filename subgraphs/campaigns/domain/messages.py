"""Messages: one for each person that a campaign is sent to, sent at most once; and what came of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final
from uuid import UUID

__all__ = [
    "MAX_RECIPIENTS",
    "Delivery",
    "Message",
    "MessageEventKind",
    "MessageStatus",
    "Numbers",
    "Recipient",
    "address_key",
    "rate",
]

MAX_RECIPIENTS: Final = 10_000


class MessageStatus(Enum):
    """What became of a message. CLAIMED is in the hands of a worker; UNKNOWN one whose worker died over it."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class MessageEventKind(Enum):
    """What somebody, or their provider, did with a message."""

    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    CONVERTED = "converted"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody that a campaign is to be sent to."""

    contact_id: UUID
    email: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """A row of `campaigns.messages`, without its tenant.

    Attributes:
        address: for e-mail; the telephone number of an SMS is crm's, and asked for when it is sent.
        address_key: what unsubscribing is about: the address whatever its case, else the contact's id.
        claim_id: under which a worker has taken it.
        reference: what the provider calls it.
        failure: code of why it was not sent.
    """

    id: UUID
    campaign_id: UUID
    variant_id: UUID
    contact_id: UUID
    address: str | None
    address_key: str
    status: MessageStatus
    claim_id: UUID | None
    reference: str | None
    failure: str | None
    sent_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a claimed message. QUEUED gives it back: nothing was sent."""

    message_id: UUID
    status: MessageStatus
    reference: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many messages, and how many of them at least once; of a campaign or of a variant.

    Attributes:
        recipients: messages in all.
    """

    recipients: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0
    converted: int = 0


def address_key(contact_id: UUID, address: str | None) -> str:
    """See `Message.address_key`."""
    return str(contact_id) if address is None else address.lower()


def rate(some: int, of: int) -> float | None:
    """A share from 0 to 1; None of nothing."""
    return None if of == 0 else some / of
