"""A campaign: a message in one to five variants, to the people of a segment, at a moment, over a channel.

    DRAFT -> PLANNED -> WAITING_FOR_APPROVAL -> SCHEDULED -> RUNNING -> FINISHED

What is edited is a DRAFT again. One that FAILED on the way may be launched again: who got the message does not get it
twice. Whatever is not over may be CANCELLED.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

from resolvers.errors import InvalidValue
from subgraphs.campaigns.domain.errors import CampaignIncomplete, CampaignState, NotTheRun, ScheduleChanged
from subgraphs.campaigns.domain.templates import check_template
from subgraphs.campaigns.domain.values import checked_email, checked_url, in_zone, optional_text, required_text

__all__ = [
    "MAX_VARIANTS",
    "Campaign",
    "CampaignChannel",
    "CampaignDetails",
    "CampaignStatus",
    "Variant",
    "VariantDetails",
    "begun",
    "cancelled",
    "check_moment",
    "checked_for_launch",
    "deletable",
    "edited",
    "failed",
    "finished",
    "launched",
    "new_campaign",
    "new_variant",
    "planned",
    "scheduled",
    "withdrawn",
]

MAX_VARIANTS: Final = 5


class CampaignStatus(Enum):
    """How far a campaign is."""

    DRAFT = "draft"
    PLANNED = "planned"
    WAITING_FOR_APPROVAL = "waiting"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


class CampaignChannel(Enum):
    """By what a campaign reaches people."""

    EMAIL = "email"
    SMS = "sms"


_S = CampaignStatus
_FROM: Final[dict[str, frozenset[CampaignStatus]]] = {
    "edited": frozenset({_S.DRAFT, _S.PLANNED}),
    "planned": frozenset({_S.DRAFT, _S.PLANNED}),
    "launched": frozenset({_S.PLANNED, _S.WAITING_FOR_APPROVAL, _S.FAILED}),
    "withdrawn": frozenset({_S.PLANNED, _S.WAITING_FOR_APPROVAL}),
    "scheduled": frozenset({_S.PLANNED, _S.WAITING_FOR_APPROVAL, _S.FAILED}),
    "sent": frozenset({_S.SCHEDULED, _S.RUNNING}),
    "deleted": frozenset({_S.DRAFT, _S.PLANNED, _S.CANCELLED}),
    "cancelled": frozenset(_S) - {_S.FINISHED, _S.CANCELLED},
}


@dataclass(frozen=True, slots=True)
class CampaignDetails:
    """What users say about a campaign; checked when made.

    Attributes:
        sender: an e-mail address, or for SMS a number.
        unsubscribe_url: a page of the tenant's; it is given the message's token.
        local_time: when it is sent, by the clocks of `time_zone`; None is as soon as it is approved.
        conversion_days: for how long after it an order counts as its doing.

    Raises:
        InvalidValue: a field breaks its rule; the error names it.
    """

    name: str
    channel: CampaignChannel
    segment_id: UUID | None = None
    sender: str | None = None
    unsubscribe_url: str | None = None
    local_time: datetime | None = None
    time_zone: str = "UTC"
    conversion_days: int = 7

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "name", required_text("name", self.name, 200))
        if self.channel is CampaignChannel.EMAIL:
            put(self, "sender", checked_email("sender", self.sender))
        else:
            put(self, "sender", optional_text("sender", self.sender, 40))
        put(self, "unsubscribe_url", checked_url("unsubscribeUrl", self.unsubscribe_url))
        if not 1 <= self.conversion_days <= 90:
            raise InvalidValue("conversionDays", "must be from 1 to 90")
        in_zone("localTime", self.local_time or datetime(2000, 1, 1), self.time_zone)  # noqa: DTZ001 - by the zone's clocks


@dataclass(frozen=True, slots=True)
class Campaign:
    """A row of `campaigns.campaigns`, without its tenant. Its name is the tenant's only one, whatever its case.

    Attributes:
        send_at: the moment in UTC; None is as soon as it is approved.
        recipients: how many messages there are, once it is scheduled.
        run_id: the agent run that stands behind it.
        failure_code, failure: why it FAILED.
        version: of what is sent, to whom and when. A run is approved for one version, and can send no other.
    """

    id: UUID
    name: str
    status: CampaignStatus
    channel: CampaignChannel
    segment_id: UUID | None
    sender: str | None
    unsubscribe_url: str | None
    send_at: datetime | None
    time_zone: str
    conversion_days: int
    recipients: int | None
    run_id: UUID | None
    failure_code: str | None
    failure: str | None
    started_at: datetime | None
    finished_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class VariantDetails:
    """What users say about a variant; checked when made.

    Raises:
        InvalidValue: a field breaks its rule; the error names it.
        TemplateInvalid: subject or body is no template, or asks for what there is not.
    """

    name: str
    body: str
    subject: str | None = None
    weight: int = 1

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "name", required_text("name", self.name, 50))
        put(self, "body", required_text("body", self.body, 20_000))
        put(self, "subject", optional_text("subject", self.subject, 500))
        if not 1 <= self.weight <= 1000:
            raise InvalidValue("weight", "must be from 1 to 1000")
        check_template("body", self.body)
        if self.subject is not None:
            check_template("subject", self.subject)
            if "\n" in self.subject or "\r" in self.subject:
                raise InvalidValue("subject", "must be one line")


@dataclass(frozen=True, slots=True)
class Variant:
    """A row of `campaigns.variants`, without its tenant."""

    id: UUID
    campaign_id: UUID
    name: str
    subject: str | None
    body: str
    weight: int
    created_at: datetime
    updated_at: datetime


def new_campaign(campaign_id: UUID, details: CampaignDetails, now: datetime) -> Campaign:
    """A draft at version 1."""
    return Campaign(
        id=campaign_id,
        status=CampaignStatus.DRAFT,
        recipients=None,
        run_id=None,
        failure_code=None,
        failure=None,
        started_at=None,
        finished_at=None,
        version=1,
        created_at=now,
        updated_at=now,
        **_said(details),
    )


def new_variant(variant_id: UUID, campaign_id: UUID, details: VariantDetails, now: datetime) -> Variant:
    """A variant of a campaign."""
    return Variant(variant_id, campaign_id, details.name, details.subject, details.body, details.weight, now, now)


def edited(campaign: Campaign, details: CampaignDetails | None, now: datetime) -> Campaign:
    """The campaign, a draft again, with other details; None if it is about its variants.

    Raises:
        CampaignState: it is launched.
    """
    _require(campaign, "edited")
    said = {} if details is None else _said(details)
    return _next(campaign, now, status=CampaignStatus.DRAFT, version=campaign.version + 1, **said)


def planned(campaign: Campaign, variants: Collection[Variant], now: datetime) -> Campaign:
    """The campaign with all that it needs.

    Raises:
        CampaignState: it is launched.
        CampaignIncomplete: something is missing; the message says what.
    """
    _require(campaign, "planned")
    checked_for_launch(campaign, variants)
    return _next(campaign, now, status=CampaignStatus.PLANNED)


def checked_for_launch(campaign: Campaign, variants: Collection[Variant]) -> None:
    """Lets a campaign through that has all that it needs.

    Raises:
        CampaignIncomplete: something is missing; the message says what.
    """
    missing = []
    if campaign.segment_id is None:
        missing.append("a segment")
    if campaign.sender is None:
        missing.append("a sender")
    if not variants:
        missing.append("a variant")
    if campaign.channel is CampaignChannel.EMAIL:
        if campaign.unsubscribe_url is None:
            missing.append("the page by which people unsubscribe (unsubscribeUrl)")
        for variant in variants:
            if variant.subject is None:
                missing.append(f"a subject of the variant {variant.name}")
            if "unsubscribeUrl" not in check_template("body", variant.body):
                missing.append(f"{{{{ unsubscribeUrl }}}} in the text of the variant {variant.name}")
    if missing:
        raise CampaignIncomplete(f"The campaign lacks {', '.join(missing)}.")


def launched(campaign: Campaign, run_id: UUID, send_at: datetime | None, now: datetime) -> Campaign:
    """The campaign with a run behind it, which waits for somebody's approval. Told again it is as it is.

    Raises:
        CampaignState: it is not planned, or over, or on its way.
        ScheduleChanged: it is to be sent at another moment than `send_at`.
    """
    if campaign.run_id == run_id:
        return campaign
    _require(campaign, "launched")
    check_moment(campaign, send_at)
    return _next(campaign, now, status=CampaignStatus.WAITING_FOR_APPROVAL, run_id=run_id)


def check_moment(campaign: Campaign, send_at: datetime | None) -> None:
    """Lets a campaign through that is sent at `send_at`; one that is sent as soon as approved, at any.

    Raises:
        ScheduleChanged: it is to be sent at another moment.
    """
    if campaign.send_at is not None and campaign.send_at != send_at:
        raise ScheduleChanged(f"The campaign is to be sent at {campaign.send_at.isoformat()}.")


def withdrawn(campaign: Campaign, now: datetime) -> Campaign:
    """The campaign as a draft; the run that waited can do nothing with it any more.

    Raises:
        CampaignState: it is approved, or was never planned.
    """
    _require(campaign, "withdrawn")
    return _next(campaign, now, status=CampaignStatus.DRAFT, run_id=None, version=campaign.version + 1)


def scheduled(campaign: Campaign, run_id: UUID, recipients: int, now: datetime) -> Campaign:
    """The campaign, approved, with its messages written.

    Raises:
        CampaignState: it is not waiting.
        NotTheRun: another run stands behind it.
    """
    # A run that is fast comes here before its launch is written down.
    if campaign.status is CampaignStatus.WAITING_FOR_APPROVAL:
        _own(campaign, run_id)
    _require(campaign, "scheduled")
    return _next(
        campaign,
        now,
        status=CampaignStatus.SCHEDULED,
        run_id=run_id,
        recipients=recipients,
    )


def begun(campaign: Campaign, run_id: UUID, now: datetime) -> Campaign:
    """The campaign that is being sent; the same one if it was.

    Raises:
        CampaignState: it is not scheduled.
        NotTheRun: another run stands behind it.
    """
    _own(campaign, run_id)
    _require(campaign, "sent")
    if campaign.status is CampaignStatus.RUNNING:
        return campaign
    return _next(campaign, now, status=CampaignStatus.RUNNING, started_at=campaign.started_at or now)


def finished(campaign: Campaign, now: datetime) -> Campaign:
    """The campaign, all of whose messages are dealt with."""
    return _next(campaign, now, status=CampaignStatus.FINISHED, finished_at=now)


def failed(campaign: Campaign, code: str, message: str, now: datetime) -> Campaign:
    """The campaign, which cannot be sent on as things are."""
    return _next(campaign, now, status=CampaignStatus.FAILED, failure_code=code[:100], failure=message[:500])


def cancelled(campaign: Campaign, now: datetime) -> Campaign:
    """The campaign, given up.

    Raises:
        CampaignState: it is over.
    """
    _require(campaign, "cancelled")
    return _next(campaign, now, status=CampaignStatus.CANCELLED, finished_at=now)


def _own(campaign: Campaign, run_id: UUID) -> None:
    if campaign.run_id != run_id:
        raise NotTheRun


def _require(campaign: Campaign, doing: str) -> None:
    if campaign.status not in _FROM[doing]:
        allowed = ", ".join(status.name for status in CampaignStatus if status in _FROM[doing])
        raise CampaignState(f"The campaign is {campaign.status.name}; it can be {doing} when it is {allowed}.")


def _said(details: CampaignDetails) -> dict[str, Any]:
    local = details.local_time
    return {
        "name": details.name,
        "channel": details.channel,
        "segment_id": details.segment_id,
        "sender": details.sender,
        "unsubscribe_url": details.unsubscribe_url,
        "send_at": None if local is None else in_zone("localTime", local, details.time_zone),
        "time_zone": details.time_zone,
        "conversion_days": details.conversion_days,
    }


def _next(campaign: Campaign, now: datetime, **changes: Any) -> Campaign:
    return replace(campaign, **{"updated_at": now, "failure_code": None, "failure": None, **changes})


def deletable(campaign: Campaign) -> None:
    """Lets a campaign through of which no message was ever written.

    Raises:
        CampaignState: messages were, and are kept with what came of them.
    """
    _require(campaign, "deleted")
    if campaign.recipients is not None:
        raise CampaignState("The campaign has messages, which are kept with what came of them.")
