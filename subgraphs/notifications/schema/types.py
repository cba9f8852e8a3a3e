"""What notifications shows."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from datetime import datetime
from typing import Self

import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import CountedConnection
from subgraphs.notifications import loaders
from subgraphs.notifications.domain import deliveries as domain
from subgraphs.notifications.domain.deliveries import DeliveryState
from subgraphs.notifications.domain.kinds import NotificationChannel, NotificationKind
from subgraphs.notifications.domain.templates import Rendered, as_html
from subgraphs.notifications.repository import texts

__all__ = [
    "INTERNAL",
    "Account",
    "Notification",
    "NotificationConnection",
    "NotificationDelivery",
    "NotificationDeliveryConnection",
    "NotificationPreference",
    "NotificationPreview",
    "NotificationSettings",
    "NotificationTemplate",
]

INTERNAL = ("internal",)

strawberry.enum(NotificationKind, description="What a person is told.")
strawberry.enum(NotificationChannel, description="By what a person is reached.")
strawberry.enum(
    DeliveryState,
    name="NotificationDeliveryState",
    description="How far a message is. WAITING_FOR_INTEGRATION: what sends it is not connected, or has no sender; "
    "`errorCode` says which; it is sent once that is mended. UNKNOWN: whoever sent it was stopped over it; it may have "
    "arrived, and is not sent again by itself. SKIPPED: unsubscribed, or too late.",
)


@strawberry.federation.type(keys=[Key(fields=FieldSet("id"), resolvable=False)], description="A person.")
class Account:
    id: strawberry.ID = strawberry.field(description="Of the user, from identity.")


@strawberry.federation.type(keys=["id"], tags=INTERNAL, description="What a member is told in the application.")
class Notification:
    id: strawberry.ID = strawberry.field(description="Of the notification.")
    recipient: Account = strawberry.field(description="Who is told: the caller.")
    kind: NotificationKind = strawberry.field(description="What it is about.")
    title: str = strawberry.field(description="One line.")
    body: str = strawberry.field(description="Plain text.")
    about_type: str = strawberry.field(description="What it leads to: task, review, business, variant, run.")
    about_id: str = strawberry.field(description="The id of that, in its context.")
    read_at: datetime | None = strawberry.field(description="When the member has read it; null: not yet.")
    created_at: datetime = strawberry.field(description="When it was told.")

    @classmethod
    def of(cls, told: domain.Notification) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(told.id),
            recipient=Account(id=wire_id(told.user_id)),
            kind=told.kind,
            title=told.title,
            body=told.body,
            about_type=told.about_type,
            about_id=told.about_id,
            read_at=told.read_at,
            created_at=told.created_at,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Notification | None":
        user_id = info.context.request.user_id
        if user_id is None:
            return None
        found = await info.context.load(loaders.notification_by_id, parse_id(id, "id"), user_id)
        return None if found is None else cls.of(found)


@strawberry.federation.type(tags=INTERNAL, description="A page of notifications.")
class NotificationConnection(CountedConnection[Notification]):
    pass


@strawberry.federation.type(tags=INTERNAL, description="One message to one person, as the ledger has it.")
class NotificationDelivery:
    id: strawberry.ID = strawberry.field(description="Of the delivery.")
    kind: NotificationKind = strawberry.field(description="What it is about.")
    channel: NotificationChannel = strawberry.field(description="By what it is sent.")
    recipient: Account | None = strawberry.field(description="The member whom it is for; null: an address.")
    address: str | None = strawberry.field(
        description="Where it goes, masked; null for members, whose address is theirs."
    )
    state: DeliveryState = strawberry.field(description="How far it is.")
    attempts: int = strawberry.field(description="How often it was tried.")
    next_try_at: datetime | None = strawberry.field(description="When it is tried again; null unless it is queued.")
    error_code: str | None = strawberry.field(description="Why it is not sent, or not yet; for programs.")
    provider_id: str | None = strawberry.field(description="What the provider calls it.")
    sent_at: datetime | None = strawberry.field(description="When the provider took it.")
    created_at: datetime = strawberry.field(description="When it was asked for.")

    @classmethod
    def of(cls, delivery: domain.Delivery) -> Self:
        """As the domain has it."""
        queued = delivery.state is DeliveryState.QUEUED
        return cls(
            id=wire_id(delivery.id),
            kind=delivery.kind,
            channel=delivery.channel,
            recipient=None if delivery.user_id is None else Account(id=wire_id(delivery.user_id)),
            address=domain.masked(delivery.address),
            state=delivery.state,
            attempts=delivery.attempts,
            next_try_at=delivery.next_try_at if queued else None,
            error_code=delivery.error_code,
            provider_id=delivery.provider_id,
            sent_at=delivery.sent_at,
            created_at=delivery.created_at,
        )


@strawberry.federation.type(tags=INTERNAL, description="A page of the ledger.")
class NotificationDeliveryConnection(CountedConnection[NotificationDelivery]):
    pass


@strawberry.federation.type(tags=INTERNAL, description="Whether the caller wants a kind by a channel.")
class NotificationPreference:
    kind: NotificationKind = strawberry.field(description="One that can be turned off.")
    channel: NotificationChannel = strawberry.field(description="IN_APP or EMAIL.")
    enabled: bool = strawberry.field(description="True unless it was turned off.")


@strawberry.federation.type(tags=INTERNAL, description="The text of a kind in a language.")
class NotificationTemplate:
    kind: NotificationKind = strawberry.field(description="Of what.")
    locale: str = strawberry.field(description="BCP 47 tag, in small letters.")
    subject: str = strawberry.field(description="One line, with places to fill: {{ title }}.")
    body: str = strawberry.field(description="Plain text, with places to fill.")
    is_own: bool = strawberry.field(description="Whether it is the tenant's own rather than the platform's.")
    placeholders: list[str] = strawberry.field(description="What it may ask for.")


@strawberry.federation.type(tags=INTERNAL, description="A text as somebody gets it.")
class NotificationPreview:
    subject: str = strawberry.field(description="Filled in with examples.")
    text: str = strawberry.field(description="Filled in with examples.")
    html: str = strawberry.field(description="The same as simple HTML.")

    @classmethod
    def of(cls, shown: Rendered, secret: str) -> Self:
        """With an example of a secret in its place."""
        body = secret.join(shown.body.split("\ue000"))
        return cls(subject=shown.subject, text=body, html=as_html(body))


@strawberry.federation.type(tags=INTERNAL, description="How the tenant's messages are sent.")
class NotificationSettings:
    sender: str | None = strawberry.field(description="Address that mails come from; without one none are sent.")
    sender_phone: str | None = strawberry.field(description="Number that text messages come from.")
    locale: str = strawberry.field(description="Of texts, for whoever has no language of their own.")
    url: str | None = strawberry.field(description="Of the tenant's application: {{ tenantUrl }} in texts.")
    hourly_limit: int = strawberry.field(description="Most messages in an hour; what is more waits.")

    @classmethod
    def of(cls, found: texts.Settings) -> Self:
        """As the domain has it."""
        return cls(
            sender=found.sender,
            sender_phone=found.sender_phone,
            locale=found.locale,
            url=found.url,
            hourly_limit=found.hourly_limit,
        )
