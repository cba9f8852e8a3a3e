"""Root fields for the worker that sends the tenant's messages. No view for others shows them."""

# ruff: noqa: A002 (the names of GraphQL arguments)

import strawberry

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id, wire_id
from resolvers.message_worker import MESSAGE_WORKER_SCOPE, require_message_worker
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from subgraphs.notifications.domain.deliveries import DeliveryOutcome
from subgraphs.notifications.domain.kinds import NotificationChannel, Secret
from subgraphs.notifications.schema.types import INTERNAL
from subgraphs.notifications.usecases import delivering
from subgraphs.notifications.usecases.delivering import Message, Outcome

__all__ = ["InternalMutation"]

_MOST = 100
_MAX_CODE = 100
_MAX_PROVIDER_ID = 200

strawberry.enum(DeliveryOutcome, name="NotificationDeliveryOutcome", description="What became of a message.")
strawberry.enum(Secret, name="NotificationSecret", description="Whom to ask for what the message brings.")


@strawberry.federation.type(tags=INTERNAL, description="A message to send.")
class NotificationMessage:
    id: strawberry.ID = strawberry.field(description="Of the delivery.")
    channel: NotificationChannel = strawberry.field(description="By what.")
    user_id: strawberry.ID | None = strawberry.field(description="The member whose address is asked for; null: none.")
    address: str | None = strawberry.field(description="Where to; null: it is asked for.")
    sender: str = strawberry.field(description="Whom it comes from.")
    subject: str = strawberry.field(description="Filled in.")
    text: str = strawberry.field(description="Filled in; U+E000 stands for the secret.")
    html: str = strawberry.field(description="The same as simple HTML.")
    secret: Secret | None = strawberry.field(description="What stands for U+E000; null: nothing does.")
    reference: str | None = strawberry.field(description="With which the secret is asked for.")

    @classmethod
    def of(cls, message: Message) -> "NotificationMessage":
        """As the domain has it."""
        delivery = message.delivery
        return cls(
            id=wire_id(delivery.id),
            channel=delivery.channel,
            user_id=None if delivery.user_id is None else wire_id(delivery.user_id),
            address=delivery.address,
            sender=message.sender,
            subject=message.subject,
            text=message.text,
            html=message.html,
            secret=delivery.secret,
            reference=delivery.reference,
        )


@strawberry.input(description="That somebody sends messages now.")
class ClaimNotificationDeliveriesInput:
    claim_id: strawberry.ID = strawberry.field(description="A fresh UUID.")
    limit: int = strawberry.field(default=25, description="Most to take; 25 at most.")


@strawberry.input(description="What became of a message.")
class NotificationDeliveryOutcomeInput:
    id: strawberry.ID = strawberry.field(description="Of the delivery.")
    outcome: DeliveryOutcome = strawberry.field(description="What became of it.")
    error_code: str | None = strawberry.field(default=None, description="Why it was not sent.")
    provider_id: str | None = strawberry.field(default=None, description="What the provider calls it.")


@strawberry.input(description="What became of messages.")
class RecordNotificationDeliveriesInput:
    outcomes: list[NotificationDeliveryOutcomeInput] = strawberry.field(description="100 at most.")


@strawberry.type(description="Messages that nobody else is given.")
class ClaimNotificationDeliveriesPayload(MutationPayload):
    messages: list[NotificationMessage] = strawberry.field(default_factory=list, description="To send, in order.")


@strawberry.type(description="What became of messages, written down.")
class RecordNotificationDeliveriesPayload(MutationPayload):
    recorded: int = strawberry.field(default=0, description="How many were told.")


@strawberry.type
class InternalMutation:
    @mutation(
        ClaimNotificationDeliveriesPayload,
        scope=MESSAGE_WORKER_SCOPE,
        tags=INTERNAL,
        description="Takes what is to be sent now. For the worker that sends the tenant's messages.",
    )
    async def claim_notification_deliveries(
        self, info: Info, input: ClaimNotificationDeliveriesInput
    ) -> ClaimNotificationDeliveriesPayload:
        require_message_worker(info.context)
        claim_id = parse_id(input.claim_id, "input", "claimId")
        found = await delivering.claim(info.context.session, claim_id, max(1, input.limit))
        return ClaimNotificationDeliveriesPayload(messages=[NotificationMessage.of(each) for each in found])

    @mutation(
        RecordNotificationDeliveriesPayload,
        scope=MESSAGE_WORKER_SCOPE,
        tags=INTERNAL,
        description="Says what became of messages. For the worker that sends the tenant's messages.",
    )
    async def record_notification_deliveries(
        self, info: Info, input: RecordNotificationDeliveriesInput
    ) -> RecordNotificationDeliveriesPayload:
        require_message_worker(info.context)
        if len(input.outcomes) > _MOST:
            raise BadUserInput(f"At most {_MOST} at once.", path=("input", "outcomes"))
        told = [
            Outcome(
                parse_id(each.id, "input", "outcomes"),
                each.outcome,
                each.error_code and each.error_code[:_MAX_CODE],
                each.provider_id and each.provider_id[:_MAX_PROVIDER_ID],
            )
            for each in input.outcomes
        ]
        await delivering.record(info.context.session, told)
        return RecordNotificationDeliveriesPayload(recorded=len(told))
