"""What mutations take and answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from resolvers.agent_fields import AgentPayload
from resolvers.errors import InvalidValue
from resolvers.ids import parse_id
from resolvers.mutations import MutationPayload
from subgraphs.campaigns.domain.campaigns import CampaignChannel, CampaignDetails, VariantDetails
from subgraphs.campaigns.domain.messages import Delivery, MessageEventKind, MessageStatus
from subgraphs.campaigns.schema.types import Campaign, CampaignVariant, Segment
from subgraphs.campaigns.usecases.telling import Told

__all__ = [
    "AddCampaignVariantInput",
    "CampaignDeletePayload",
    "CampaignDeliveryInput",
    "CampaignIdInput",
    "CampaignMessageEventInput",
    "CampaignPayload",
    "CampaignVariantPayload",
    "ClaimCampaignMessagesInput",
    "ClaimCampaignMessagesPayload",
    "ClaimedCampaignMessage",
    "CreateCampaignInput",
    "CreateSegmentInput",
    "DeleteCampaignVariantInput",
    "DeleteSegmentInput",
    "FailCampaignInput",
    "LaunchCampaignInput",
    "LaunchCampaignPayload",
    "RecordCampaignDeliveriesInput",
    "RecordCampaignEventsInput",
    "RecordCampaignEventsPayload",
    "ScheduleCampaignInput",
    "SegmentPayload",
    "SetCampaignConsentInput",
    "UnsubscribeInput",
    "UnsubscribePayload",
    "UpdateCampaignInput",
    "UpdateCampaignVariantInput",
    "UpdateSegmentInput",
    "campaign_key",
]

_VERSION = "The version the change is made on; refused with VERSION_CONFLICT if it is not current. Null: any."
_LOCAL = "By the clocks of timeZone, such as 2026-12-24T09:00; null is as soon as it is approved."
_TEMPLATE = 'A template: {{ contact.firstName | default("friend") }}.'


@strawberry.input(description="A new segment.")
class CreateSegmentInput:
    name: str = strawberry.field(description="1 to 200 characters, free in the tenant.")
    filter: str = strawberry.field(description='Such as: company contains "coffee" and orders >= 3.')


@strawberry.input(description="Changes of a segment; what is left out stays.")
class UpdateSegmentInput:
    id: strawberry.ID = strawberry.field(description="Of the segment.")
    name: str | None = strawberry.field(default=None, description="1 to 200 characters, free in the tenant.")
    filter: str | None = strawberry.field(default=None, description="In the language of filters.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="What to delete, plan, withdraw or cancel.")
class CampaignIdInput:
    id: strawberry.ID = strawberry.field(description="Of the campaign.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="What to delete.")
class DeleteSegmentInput:
    id: strawberry.ID = strawberry.field(description="Of the segment.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="A new campaign.")
class CreateCampaignInput:
    name: str = strawberry.field(description="1 to 200 characters, free in the tenant.")
    channel: CampaignChannel = strawberry.field(default=CampaignChannel.EMAIL, description="How it reaches people.")
    segment_id: strawberry.ID | None = strawberry.field(default=None, description="Whom it is for.")
    sender: str | None = strawberry.field(default=None, description="An e-mail address, or for SMS a number.")
    unsubscribe_url: str | None = strawberry.field(
        default=None, description="The tenant's https page that unsubscribes; it is given the message's id as ?m=."
    )
    local_time: str | None = strawberry.field(default=None, description=_LOCAL)
    time_zone: str = strawberry.field(default="UTC", description="Such as Europe/Berlin.")
    conversion_days: int = strawberry.field(default=7, description="From 1 to 90.")

    def details(self) -> CampaignDetails:
        """What the domain checks. Raises `InvalidValue`."""
        return CampaignDetails(
            name=self.name,
            channel=self.channel,
            segment_id=None if self.segment_id is None else parse_id(self.segment_id, "input", "segmentId"),
            sender=self.sender,
            unsubscribe_url=self.unsubscribe_url,
            local_time=_local(self.local_time),
            time_zone=self.time_zone,
            conversion_days=self.conversion_days,
        )


@strawberry.input(description="Changes of a campaign, which is a draft then. What is left out stays; null empties.")
class UpdateCampaignInput:
    id: strawberry.ID = strawberry.field(description="Of the campaign.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)
    name: strawberry.Maybe[str | None] = strawberry.field(description="1 to 200 characters, free in the tenant.")
    channel: strawberry.Maybe[CampaignChannel | None] = strawberry.field(description="How it reaches people.")
    segment_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(description="Whom it is for.")
    sender: strawberry.Maybe[str | None] = strawberry.field(description="An e-mail address, or for SMS a number.")
    unsubscribe_url: strawberry.Maybe[str | None] = strawberry.field(description="The page that unsubscribes.")
    local_time: strawberry.Maybe[str | None] = strawberry.field(description=_LOCAL)
    time_zone: strawberry.Maybe[str | None] = strawberry.field(description="Such as Europe/Berlin.")
    conversion_days: strawberry.Maybe[int | None] = strawberry.field(description="From 1 to 90.")

    def changes(self) -> dict[str, Any]:
        """The fields that were given, by name. Raises `InvalidValue`."""
        found = _given(
            self, {"name": "name", "channel": "channel", "time_zone": "timeZone", "conversion_days": "conversionDays"}
        )
        if self.segment_id is not None:
            segment = self.segment_id.value
            found["segment_id"] = None if segment is None else parse_id(segment, "input", "segmentId")
        for name in ("sender", "unsubscribe_url"):
            given = getattr(self, name)
            if given is not None:
                found[name] = given.value
        if self.local_time is not None:
            found["local_time"] = _local(self.local_time.value)
        return found


@strawberry.input(description="A new variant of a campaign.")
class AddCampaignVariantInput:
    campaign_id: strawberry.ID = strawberry.field(description="Of the campaign, which is a draft then.")
    name: str = strawberry.field(description="1 to 50 characters, free in the campaign.")
    body: str = strawberry.field(description=f"{_TEMPLATE} At most 20,000 characters.")
    subject: str | None = strawberry.field(
        default=None, description=f"{_TEMPLATE} At most 500 characters, in one line."
    )
    weight: int = strawberry.field(default=1, description="From 1 to 1000.")

    def details(self) -> VariantDetails:
        """What the domain checks. Raises `InvalidValue`, `TemplateInvalid`."""
        return VariantDetails(name=self.name, body=self.body, subject=self.subject, weight=self.weight)


@strawberry.input(description="Changes of a variant. What is left out stays; null empties.")
class UpdateCampaignVariantInput:
    id: strawberry.ID = strawberry.field(description="Of the variant; its campaign is a draft then.")
    name: strawberry.Maybe[str | None] = strawberry.field(description="1 to 50 characters, free in the campaign.")
    body: strawberry.Maybe[str | None] = strawberry.field(description=_TEMPLATE)
    subject: strawberry.Maybe[str | None] = strawberry.field(description=_TEMPLATE)
    weight: strawberry.Maybe[int | None] = strawberry.field(description="From 1 to 1000.")

    def changes(self) -> dict[str, Any]:
        """The fields that were given, by name. Raises `InvalidValue`."""
        found = _given(self, {"name": "name", "body": "body", "weight": "weight"})
        if self.subject is not None:
            found["subject"] = self.subject.value
        return found


@strawberry.input(description="What to delete.")
class DeleteCampaignVariantInput:
    id: strawberry.ID = strawberry.field(description="Of the variant; its campaign is a draft then.")


@strawberry.input(description="What to launch.")
class LaunchCampaignInput:
    campaign_id: strawberry.ID = strawberry.field(description="Of the campaign, which must be planned.")
    send_at: datetime = strawberry.field(
        description="The campaign's sendAt, said once more, with an offset; of one that is sent as soon as it is "
        "approved, now."
    )


@strawberry.input(description="What was approved, for the run to schedule.")
class ScheduleCampaignInput:
    campaign_id: strawberry.ID = strawberry.field(description="Of the campaign.")
    version: int = strawberry.field(description="The approved version.")
    filter: str = strawberry.field(description="The segment's filter, as it was approved.")
    send_at: datetime = strawberry.field(description="The moment, as it was approved.")
    people: int | None = strawberry.field(default=None, description="How many it found when it was proposed.")
    summary: str | None = strawberry.field(default=None, description="For who approves it.")


@strawberry.input(description="Which messages a worker takes.")
class ClaimCampaignMessagesInput:
    campaign_id: strawberry.ID = strawberry.field(description="Of the campaign.")
    claim_id: strawberry.ID | None = strawberry.field(
        default=None, description="New for each claim; the same again gives the same. Null: one of its own."
    )
    limit: int = strawberry.field(default=50, description="From 1 to 100.")
    abandon: bool = strawberry.field(default=False, description="Give up what another worker had in its hands.")


@strawberry.input(description="What became of a message.")
class CampaignDeliveryInput:
    message_id: strawberry.ID = strawberry.field(description="Of the message.")
    status: MessageStatus = strawberry.field(description="SENT, FAILED, UNKNOWN, or QUEUED to give it back unsent.")
    reference: str | None = strawberry.field(default=None, description="What the provider calls it.")
    failure: str | None = strawberry.field(default=None, description="Code of why not.")

    def to_domain(self) -> Delivery:
        """As the domain has it."""
        return Delivery(
            parse_id(self.message_id, "input", "deliveries", "messageId"),
            self.status,
            self.reference and self.reference[:200],
            self.failure and self.failure[:100],
        )


@strawberry.input(description="What became of messages that a worker took.")
class RecordCampaignDeliveriesInput:
    campaign_id: strawberry.ID = strawberry.field(description="Of the campaign.")
    deliveries: list[CampaignDeliveryInput] = strawberry.field(description="1 to 100.")


@strawberry.input(description="Why a campaign cannot be sent on.")
class FailCampaignInput:
    campaign_id: strawberry.ID = strawberry.field(description="Of the campaign.")
    code: str = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For people.")


@strawberry.input(description="What a provider tells of a message.")
class CampaignMessageEventInput:
    external_id: str = strawberry.field(description="The provider's, of what happened: told twice it counts once.")
    kind: MessageEventKind = strawberry.field(description="What happened.")
    at: datetime = strawberry.field(description="When.")
    message_id: strawberry.ID | None = strawberry.field(default=None, description="Of the message.")
    reference: str | None = strawberry.field(default=None, description="Instead, what the provider calls it.")

    def to_domain(self) -> Told:
        """As the use case takes it."""
        message_id = None if self.message_id is None else parse_id(self.message_id, "input", "events", "messageId")
        if self.at.tzinfo is None:
            raise InvalidValue("at", "must have an offset")
        return Told(self.external_id, self.kind, self.at, message_id, self.reference)


@strawberry.input(description="What providers tell.")
class RecordCampaignEventsInput:
    events: list[CampaignMessageEventInput] = strawberry.field(description="1 to 500.")


@strawberry.input(description="Whose message it was.")
class UnsubscribeInput:
    token: strawberry.ID = strawberry.field(description="What the link to the page had as ?m=.")


@strawberry.input(description="What a contact has said about messages.")
class SetCampaignConsentInput:
    contact_id: strawberry.ID = strawberry.field(description="Of the contact.")
    channel: CampaignChannel = strawberry.field(description="Over which channel.")
    granted: bool = strawberry.field(description="Whether they want messages.")


@strawberry.type(description="A segment as the mutation left it.")
class SegmentPayload(MutationPayload):
    segment: Segment | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="A campaign as the mutation left it.")
class CampaignPayload(MutationPayload):
    campaign: Campaign | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="A variant and its campaign as the mutation left them.")
class CampaignVariantPayload(MutationPayload):
    campaign: Campaign | None = strawberry.field(default=None, description="Null if the mutation was refused.")
    variant: CampaignVariant | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="What was deleted.")
class CampaignDeletePayload(MutationPayload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="A launched campaign, and its run.")
class LaunchCampaignPayload(AgentPayload):
    campaign: Campaign | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="A message as it is sent.")
class ClaimedCampaignMessage:
    id: strawberry.ID = strawberry.field(description="Of the message.")
    contact_id: strawberry.ID = strawberry.field(description="Whom it is for.")
    address: str | None = strawberry.field(description="Null for an SMS: crm knows the number.")
    subject: str | None = strawberry.field(description="Filled in.")
    text: str = strawberry.field(description="Filled in.")


@strawberry.type(description="Messages that a worker has taken.")
class ClaimCampaignMessagesPayload(MutationPayload):
    campaign: Campaign | None = strawberry.field(default=None, description="Null if the mutation was refused.")
    messages: list[ClaimedCampaignMessage] = strawberry.field(
        default_factory=list, description="None when all are taken; when all are dealt with the campaign is FINISHED."
    )


@strawberry.type(description="What was taken in.")
class RecordCampaignEventsPayload(MutationPayload):
    recorded: int = strawberry.field(default=0, description="How many were new.")
    unmatched: int = strawberry.field(default=0, description="How many are of no message that there is.")


@strawberry.type(description="Who wants no more messages.")
class UnsubscribePayload(MutationPayload):
    channel: CampaignChannel | None = strawberry.field(default=None, description="Over which channel.")


def _given(source: Any, names: dict[str, str]) -> dict[str, Any]:
    found = {}
    for name, wire_name in names.items():
        given = getattr(source, name)
        if given is not None:
            if given.value is None:
                raise InvalidValue(wire_name, "must not be null")
            found[name] = given.value
    return found


def _local(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise InvalidValue("localTime", "must be a time such as 2026-12-24T09:00") from None


def campaign_key(value: strawberry.ID) -> UUID:
    """The id in `input.campaignId`."""
    return parse_id(value, "input", "campaignId")
