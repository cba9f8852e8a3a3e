"""What campaigns tells other contexts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from resolvers.events.declaration import event

__all__ = ["CampaignFinished", "CampaignStarted", "ContactMessaged", "ContactResponded", "ContactUnsubscribed"]


@event("campaigns.campaign_started", version=1, about="campaign_id")
@dataclass(frozen=True, slots=True)
class CampaignStarted:
    """A campaign is being sent.

    Attributes:
        channel: email or sms.
        recipients: how many people it is for.
    """

    campaign_id: UUID
    name: str
    channel: str
    recipients: int
    started_at: datetime


@event("campaigns.campaign_finished", version=1, about="campaign_id")
@dataclass(frozen=True, slots=True)
class CampaignFinished:
    """All messages of a campaign are dealt with.

    Attributes:
        sent: how many were taken by the provider.
        not_sent: how many were not, or nobody knows.
    """

    campaign_id: UUID
    name: str
    sent: int
    not_sent: int
    finished_at: datetime


@event("campaigns.contact_messaged", version=1, about="contact_id")
@dataclass(frozen=True, slots=True)
class ContactMessaged:
    """A campaign's message was sent to a contact of crm.

    Attributes:
        email: to which address; None where it was not sent to one.
    """

    contact_id: UUID
    campaign_id: UUID
    campaign_name: str
    channel: str
    message_id: UUID
    sent_at: datetime
    email: str | None = None


@event("campaigns.contact_responded", version=1, about="contact_id")
@dataclass(frozen=True, slots=True)
class ContactResponded:
    """Something came of a campaign's message.

    Attributes:
        kind: delivered, opened, clicked, bounced, complained, unsubscribed, or converted: there is an order.
        email: to which address it was sent; None where it was not sent to one.
    """

    contact_id: UUID
    campaign_id: UUID
    campaign_name: str
    channel: str
    message_id: UUID
    kind: str
    email: str | None
    at: datetime


@event("campaigns.contact_unsubscribed", version=1, about="contact_id")
@dataclass(frozen=True, slots=True)
class ContactUnsubscribed:
    """A contact of crm wants no more messages over a channel.

    Attributes:
        campaign_id: whose message made them say so; None if they said it elsewhere.
    """

    contact_id: UUID
    channel: str
    campaign_id: UUID | None
    campaign_name: str | None
    unsubscribed_at: datetime
