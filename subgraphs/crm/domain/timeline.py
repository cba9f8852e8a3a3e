"""What happened elsewhere with a contact, or with the business that the contact works for."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

__all__ = [
    "TimelineEntry",
    "TimelineKind",
    "message_summary",
    "order_summary",
    "review_summary",
    "task_summary",
    "unsubscribed_summary",
]

_MAX_SUMMARY = 500


class TimelineKind(Enum):
    """What kind of thing happened."""

    REVIEW = "review"
    ORDER = "order"
    CAMPAIGN = "campaign"
    FORM = "form"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A row of `crm.timeline_entries`, without its tenant.

    Attributes:
        at: when it happened.
        source: the event that told of it, such as `directory.review_posted`.
        reference: id of what it is about, as its own context knows it.
        event_id: one event is one entry of a contact.
    """

    id: UUID
    contact_id: UUID
    kind: TimelineKind
    at: datetime
    summary: str
    source: str
    reference: str
    event_id: UUID
    created_at: datetime
    updated_at: datetime


def review_summary(business_name: str, rating: int, title: str) -> str:
    """A review in one line."""
    named = f": {title}" if title else ""
    return _cut(f"{business_name} was reviewed with {rating} of 5{named}")


def order_summary(number: str, items: int, total: Decimal, currency: str) -> str:
    """An order in one line."""
    return _cut(f"Order {number}: {items} {'item' if items == 1 else 'items'} for {total} {currency}")


def message_summary(campaign_name: str, channel: str) -> str:
    """A message of a campaign in one line."""
    return _cut(f"Was sent {campaign_name} ({channel})")


def unsubscribed_summary(channel: str, campaign_name: str | None) -> str:
    """That somebody wants no more messages, in one line."""
    after = "" if campaign_name is None else f" after {campaign_name}"
    return _cut(f"Wants no more messages ({channel}){after}")


def task_summary(title: str) -> str:
    """That a task is done, in one line."""
    return _cut(f"Done: {title}")


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SUMMARY else text[: _MAX_SUMMARY - 1] + "…"
