"""Root fields that write; they take one `input`, and answer a payload with typed errors."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from uuid import uuid4

import strawberry

from resolvers.agent_fields import AgentRisk, agent_mutation
from resolvers.ids import parse_id, wire_id
from resolvers.mutations import mutation
from resolvers.operation import Info
from subgraphs.campaigns.schema import payloads
from subgraphs.campaigns.schema.payloads import campaign_key
from subgraphs.campaigns.schema.types import Campaign, CampaignVariant, Segment
from subgraphs.campaigns.usecases import campaigns, segments, sending, telling

__all__ = ["Mutation"]

WRITE = "campaigns:write"


@strawberry.type
class Mutation:
    @mutation(payloads.SegmentPayload, scope=WRITE, description="Creates a segment.")
    async def create_segment(self, info: Info, input: payloads.CreateSegmentInput) -> payloads.SegmentPayload:
        found = await segments.create_segment(info.context.session, input.name, input.filter)
        return payloads.SegmentPayload(segment=Segment.of(found))

    @mutation(
        payloads.SegmentPayload,
        scope=WRITE,
        description="Changes a segment. Scheduled campaigns keep their recipients; what waits for approval is refused.",
    )
    async def update_segment(self, info: Info, input: payloads.UpdateSegmentInput) -> payloads.SegmentPayload:
        found = await segments.change_segment(
            info.context.session, parse_id(input.id, "input", "id"), input.name, input.filter, input.expected_version
        )
        return payloads.SegmentPayload(segment=Segment.of(found))

    @mutation(payloads.CampaignDeletePayload, scope=WRITE, description="Deletes a segment that no campaign refers to.")
    async def delete_segment(self, info: Info, input: payloads.DeleteSegmentInput) -> payloads.CampaignDeletePayload:
        segment_id = parse_id(input.id, "input", "id")
        await segments.delete_segment(info.context.session, segment_id, input.expected_version)
        return payloads.CampaignDeletePayload(deleted_id=wire_id(segment_id))

    @mutation(payloads.CampaignPayload, scope=WRITE, description="Creates a draft.")
    async def create_campaign(self, info: Info, input: payloads.CreateCampaignInput) -> payloads.CampaignPayload:
        found = await campaigns.create_campaign(info.context.session, input.details())
        return payloads.CampaignPayload(campaign=Campaign.of(found))

    @mutation(
        payloads.CampaignPayload,
        scope=WRITE,
        description="Changes a campaign that is not launched; it is a draft then.",
    )
    async def update_campaign(self, info: Info, input: payloads.UpdateCampaignInput) -> payloads.CampaignPayload:
        found = await campaigns.change_campaign(
            info.context.session, parse_id(input.id, "input", "id"), input.changes(), input.expected_version
        )
        return payloads.CampaignPayload(campaign=Campaign.of(found))

    @mutation(
        payloads.CampaignDeletePayload, scope=WRITE, description="Deletes a campaign of which nothing was ever sent."
    )
    async def delete_campaign(self, info: Info, input: payloads.CampaignIdInput) -> payloads.CampaignDeletePayload:
        campaign_id = parse_id(input.id, "input", "id")
        await campaigns.delete_campaign(info.context.session, campaign_id, input.expected_version)
        return payloads.CampaignDeletePayload(deleted_id=wire_id(campaign_id))

    @mutation(
        payloads.CampaignVariantPayload,
        scope=WRITE,
        description="Adds a variant, whose templates are checked. The first one is the control.",
    )
    async def add_campaign_variant(
        self, info: Info, input: payloads.AddCampaignVariantInput
    ) -> payloads.CampaignVariantPayload:
        campaign, variant = await campaigns.add_variant(
            info.context.session, campaign_key(input.campaign_id), input.details()
        )
        return payloads.CampaignVariantPayload(campaign=Campaign.of(campaign), variant=CampaignVariant.of(variant))

    @mutation(payloads.CampaignVariantPayload, scope=WRITE, description="Changes a variant.")
    async def update_campaign_variant(
        self, info: Info, input: payloads.UpdateCampaignVariantInput
    ) -> payloads.CampaignVariantPayload:
        campaign, variant = await campaigns.change_variant(
            info.context.session, parse_id(input.id, "input", "id"), input.changes()
        )
        return payloads.CampaignVariantPayload(campaign=Campaign.of(campaign), variant=CampaignVariant.of(variant))

    @mutation(payloads.CampaignPayload, scope=WRITE, description="Deletes a variant.")
    async def delete_campaign_variant(
        self, info: Info, input: payloads.DeleteCampaignVariantInput
    ) -> payloads.CampaignPayload:
        found = await campaigns.delete_variant(info.context.session, parse_id(input.id, "input", "id"))
        return payloads.CampaignPayload(campaign=Campaign.of(found))

    @mutation(
        payloads.CampaignPayload,
        scope=WRITE,
        description="Says that a draft is complete; refused with CAMPAIGN_INCOMPLETE, which names what is missing.",
    )
    async def plan_campaign(self, info: Info, input: payloads.CampaignIdInput) -> payloads.CampaignPayload:
        found = await campaigns.plan_campaign(
            info.context.session, parse_id(input.id, "input", "id"), input.expected_version
        )
        return payloads.CampaignPayload(campaign=Campaign.of(found))

    @agent_mutation(
        payloads.LaunchCampaignPayload,
        crew="campaign_launch",
        risk=AgentRisk.MONEY,
        wait_seconds=5,
        scope=WRITE,
        description="Has the crew `campaign_launch` send a planned campaign: it looks at audience and texts, a person "
        "other than who launched it approves, it sends at the moment, and measures.",
    )
    async def launch_campaign(self, info: Info, input: payloads.LaunchCampaignInput) -> payloads.LaunchCampaignPayload:
        found = await campaigns.launch_campaign(
            info.context.session, campaign_key(input.campaign_id), info.context.run_id(), input.send_at
        )
        return payloads.LaunchCampaignPayload(campaign=Campaign.of(found))

    @mutation(
        payloads.CampaignPayload,
        scope=WRITE,
        description="Makes a draft of a campaign that is not approved; its run can send nothing any more.",
    )
    async def withdraw_campaign(self, info: Info, input: payloads.CampaignIdInput) -> payloads.CampaignPayload:
        found = await campaigns.withdraw_campaign(
            info.context.session, parse_id(input.id, "input", "id"), input.expected_version
        )
        return payloads.CampaignPayload(campaign=Campaign.of(found))

    @mutation(payloads.CampaignPayload, scope=WRITE, description="Gives a campaign up; what waits is not sent.")
    async def cancel_campaign(self, info: Info, input: payloads.CampaignIdInput) -> payloads.CampaignPayload:
        found = await campaigns.cancel_campaign(info.context.session, parse_id(input.id, "input", "id"))
        return payloads.CampaignPayload(campaign=Campaign.of(found))

    @mutation(
        payloads.CampaignPayload,
        scope=WRITE,
        description="For the campaign's run: writes the messages of what was approved, one for each recipient.",
    )
    async def schedule_campaign(self, info: Info, input: payloads.ScheduleCampaignInput) -> payloads.CampaignPayload:
        found = await sending.schedule(
            info.context.session,
            campaign_key(input.campaign_id),
            info.context.require_acting_run(),
            input.version,
            input.filter,
            input.send_at,
        )
        return payloads.CampaignPayload(campaign=Campaign.of(found))

    @mutation(
        payloads.ClaimCampaignMessagesPayload,
        scope=WRITE,
        description="For the campaign's run: takes messages to send, each of which is given out once only.",
    )
    async def claim_campaign_messages(
        self, info: Info, input: payloads.ClaimCampaignMessagesInput
    ) -> payloads.ClaimCampaignMessagesPayload:
        campaign, taken = await sending.claim_messages(
            info.context.session,
            campaign_key(input.campaign_id),
            info.context.require_acting_run(),
            uuid4() if input.claim_id is None else parse_id(input.claim_id, "input", "claimId"),
            input.limit,
            abandon=input.abandon,
        )
        return payloads.ClaimCampaignMessagesPayload(
            campaign=Campaign.of(campaign),
            messages=[
                payloads.ClaimedCampaignMessage(
                    id=wire_id(each.message_id),
                    contact_id=wire_id(each.contact_id),
                    address=each.address,
                    subject=each.subject,
                    text=each.text,
                )
                for each in taken
            ],
        )

    @mutation(
        payloads.CampaignPayload,
        scope=WRITE,
        description="For the campaign's run: says what became of messages; told again it changes nothing.",
    )
    async def record_campaign_deliveries(
        self, info: Info, input: payloads.RecordCampaignDeliveriesInput
    ) -> payloads.CampaignPayload:
        found = await sending.record_deliveries(
            info.context.session,
            campaign_key(input.campaign_id),
            info.context.require_acting_run(),
            [each.to_domain() for each in input.deliveries],
        )
        return payloads.CampaignPayload(campaign=Campaign.of(found))

    @mutation(
        payloads.CampaignPayload,
        scope=WRITE,
        description="For the campaign's run: it cannot be sent on; what waits, waits for the next launch.",
    )
    async def fail_campaign(self, info: Info, input: payloads.FailCampaignInput) -> payloads.CampaignPayload:
        found = await sending.fail_campaign(
            info.context.session,
            campaign_key(input.campaign_id),
            info.context.require_acting_run(),
            input.code,
            input.message,
        )
        return payloads.CampaignPayload(campaign=Campaign.of(found))

    @mutation(
        payloads.RecordCampaignEventsPayload,
        scope=WRITE,
        description="Takes in what providers tell of messages, each once. Who unsubscribes, complains or cannot be "
        "reached gets no more messages over the channel.",
    )
    async def record_campaign_events(
        self, info: Info, input: payloads.RecordCampaignEventsInput
    ) -> payloads.RecordCampaignEventsPayload:
        recorded, unmatched = await telling.record_events(
            info.context.session, [each.to_domain() for each in input.events]
        )
        return payloads.RecordCampaignEventsPayload(recorded=recorded, unmatched=unmatched)

    @mutation(
        payloads.UnsubscribePayload,
        description="For who got a message, whose token is all that is needed: no more over its channel.",
    )
    async def unsubscribe_from_campaigns(
        self, info: Info, input: payloads.UnsubscribeInput
    ) -> payloads.UnsubscribePayload:
        channel = await telling.unsubscribe(info.context.session, parse_id(input.token, "input", "token"))
        return payloads.UnsubscribePayload(channel=channel)

    @mutation(
        payloads.UnsubscribePayload, scope=WRITE, description="Writes whether a contact wants messages over a channel."
    )
    async def set_campaign_consent(
        self, info: Info, input: payloads.SetCampaignConsentInput
    ) -> payloads.UnsubscribePayload:
        contact_id = parse_id(input.contact_id, "input", "contactId")
        await telling.set_consent(info.context.session, contact_id, input.channel, input.granted)
        return payloads.UnsubscribePayload(channel=input.channel)
