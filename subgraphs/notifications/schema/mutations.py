"""Root fields that write."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from datetime import datetime

import strawberry

from resolvers.ids import parse_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from subgraphs.notifications.domain.kinds import NotificationChannel, NotificationKind
from subgraphs.notifications.schema.internal import InternalMutation
from subgraphs.notifications.schema.query import READ, WRITE, template_of
from subgraphs.notifications.schema.types import (
    NotificationDelivery,
    NotificationPreference,
    NotificationSettings,
    NotificationTemplate,
)
from subgraphs.notifications.usecases import delivering, inbox, texts

__all__ = ["Mutation"]


@strawberry.input(description="What was read.")
class MarkNotificationsReadInput:
    ids: list[strawberry.ID] = strawberry.field(description="1 to 100 of the caller's; others are left out.")


@strawberry.input(description="All that was read.")
class MarkAllNotificationsReadInput:
    until: datetime | None = strawberry.field(default=None, description="What was told later stays unread; null: now.")


@strawberry.input(description="What the caller wants.")
class SetNotificationPreferenceInput:
    kind: NotificationKind = strawberry.field(description="One that can be turned off.")
    channel: NotificationChannel = strawberry.field(description="One that it is told by.")
    enabled: bool = strawberry.field(description="Whether it is wanted.")


@strawberry.input(description="A text of the tenant's own.")
class SetNotificationTemplateInput:
    kind: NotificationKind = strawberry.field(description="Of what.")
    locale: str = strawberry.field(description="BCP 47 tag.")
    subject: str = strawberry.field(description="One line of 1 to 200 characters, with places to fill: {{ title }}.")
    body: str = strawberry.field(description="Plain text of 1 to 10,000 characters.")


@strawberry.input(description="A text that is to be the platform's again.")
class ResetNotificationTemplateInput:
    kind: NotificationKind = strawberry.field(description="Of what.")
    locale: str = strawberry.field(description="BCP 47 tag.")


@strawberry.input(description="What is to change; what is left out stays.")
class UpdateNotificationSettingsInput:
    sender: str | None = strawberry.field(
        default=strawberry.UNSET, description="Address that mails come from; null: none are sent."
    )
    sender_phone: str | None = strawberry.field(
        default=strawberry.UNSET, description="Number that text messages come from; null: none are sent."
    )
    locale: str | None = strawberry.field(default=strawberry.UNSET, description="BCP 47 tag; not null.")
    url: str | None = strawberry.field(default=strawberry.UNSET, description="Of the tenant's application.")
    hourly_limit: int | None = strawberry.field(default=strawberry.UNSET, description="1 to 100,000; not null.")


@strawberry.input(description="What is to be sent once more.")
class RetryNotificationDeliveryInput:
    id: strawberry.ID = strawberry.field(description="Of the delivery.")


@strawberry.type(description="What was read.")
class MarkNotificationsReadPayload(MutationPayload):
    marked: int = strawberry.field(default=0, description="How many were not read before.")


@strawberry.type(description="What the caller wants now.")
class NotificationPreferencePayload(MutationPayload):
    preference: NotificationPreference | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="A text as it is now.")
class NotificationTemplatePayload(MutationPayload):
    template: NotificationTemplate | None = strawberry.field(default=None, description="The one in use.")


@strawberry.type(description="How messages are sent now.")
class NotificationSettingsPayload(MutationPayload):
    settings: NotificationSettings | None = strawberry.field(default=None, description="As they are now.")


@strawberry.type(description="A delivery as the mutation left it.")
class NotificationDeliveryPayload(MutationPayload):
    delivery: NotificationDelivery | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type
class Mutation(InternalMutation):
    @mutation(MarkNotificationsReadPayload, scope=READ, description="Notes that the caller has read some.")
    async def mark_notifications_read(
        self, info: Info, input: MarkNotificationsReadInput
    ) -> MarkNotificationsReadPayload:
        ids = [parse_id(each, "input", "ids") for each in input.ids]
        marked = await inbox.mark_read(info.context.session, info.context.user_id(), ids)
        return MarkNotificationsReadPayload(marked=marked)

    @mutation(MarkNotificationsReadPayload, scope=READ, description="Notes that the caller has read all.")
    async def mark_all_notifications_read(
        self, info: Info, input: MarkAllNotificationsReadInput
    ) -> MarkNotificationsReadPayload:
        marked = await inbox.mark_all_read(info.context.session, info.context.user_id(), input.until)
        return MarkNotificationsReadPayload(marked=marked)

    @mutation(NotificationPreferencePayload, scope=READ, description="Says whether the caller wants to be told.")
    async def set_notification_preference(
        self, info: Info, input: SetNotificationPreferenceInput
    ) -> NotificationPreferencePayload:
        await inbox.set_preference(
            info.context.session, info.context.user_id(), input.kind, input.channel, enabled=input.enabled
        )
        said = NotificationPreference(kind=input.kind, channel=input.channel, enabled=input.enabled)
        return NotificationPreferencePayload(preference=said)

    @mutation(NotificationTemplatePayload, scope=WRITE, description="Has a text of the tenant's own sent from now on.")
    async def set_notification_template(
        self, info: Info, input: SetNotificationTemplateInput
    ) -> NotificationTemplatePayload:
        own = await texts.set_text(info.context.session, input.kind, input.locale, input.subject, input.body)
        locale = texts.checked_locale(input.locale)
        shown = template_of(input.kind, locale, own.subject, own.body, is_own=True)
        return NotificationTemplatePayload(template=shown)

    @mutation(NotificationTemplatePayload, scope=WRITE, description="Has the platform's text sent again.")
    async def reset_notification_template(
        self, info: Info, input: ResetNotificationTemplateInput
    ) -> NotificationTemplatePayload:
        text = await texts.reset_text(info.context.session, input.kind, input.locale)
        locale = texts.checked_locale(input.locale)
        shown = template_of(input.kind, locale, text.subject, text.body, is_own=False)
        return NotificationTemplatePayload(template=shown)

    @mutation(
        NotificationSettingsPayload,
        scope=WRITE,
        description="Changes how messages are sent. What waited for a sender is sent.",
    )
    async def update_notification_settings(
        self, info: Info, input: UpdateNotificationSettingsInput
    ) -> NotificationSettingsPayload:
        names = ("sender", "sender_phone", "locale", "url", "hourly_limit")
        changes = {name: value for name in names if (value := getattr(input, name)) is not strawberry.UNSET}
        changed = await texts.update_settings(info.context.session, changes)
        return NotificationSettingsPayload(settings=NotificationSettings.of(changed))

    @mutation(
        NotificationDeliveryPayload,
        scope=WRITE,
        description="Has a message sent once more that has FAILED, or is UNKNOWN and may arrive twice then.",
    )
    async def retry_notification_delivery(
        self, info: Info, input: RetryNotificationDeliveryInput
    ) -> NotificationDeliveryPayload:
        delivery = await delivering.retry(info.context.session, parse_id(input.id, "input", "id"))
        return NotificationDeliveryPayload(delivery=NotificationDelivery.of(delivery))
