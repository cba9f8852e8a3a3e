"""Root fields that read. One's own need `notifications:read`, the tenant's `notifications:write`."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from resolvers.operation import Info
from resolvers.pagination import After, Before, First, Last, Window
from resolvers.permissions import requires
from subgraphs.notifications.domain.deliveries import DeliveryState
from subgraphs.notifications.domain.kinds import KINDS, NotificationChannel, NotificationKind
from subgraphs.notifications.domain.templates import SECRET, TENANT_URL
from subgraphs.notifications.domain.texts import BUILT_IN
from subgraphs.notifications.repository import deliveries, inbox
from subgraphs.notifications.repository import texts as own_texts
from subgraphs.notifications.repository.deliveries import DeliveryFilter
from subgraphs.notifications.schema.types import (
    INTERNAL,
    Notification,
    NotificationConnection,
    NotificationDelivery,
    NotificationDeliveryConnection,
    NotificationPreference,
    NotificationPreview,
    NotificationSettings,
    NotificationTemplate,
)
from subgraphs.notifications.usecases import inbox as own
from subgraphs.notifications.usecases import texts

__all__ = ["EXAMPLE", "READ", "WRITE", "Query", "template_of"]

READ, WRITE = "notifications:read", "notifications:write"
EXAMPLE = "12345678"
"""Of a secret, in previews."""

Kinds = Annotated[list[NotificationKind] | None, strawberry.argument(description="Only those; null: all.")]
Kind = Annotated[NotificationKind, strawberry.argument(description="Of what.")]
Locale = Annotated[str, strawberry.argument(description="BCP 47 tag.")]
Given = Annotated[str | None, strawberry.argument(description="To try; null: the one in use.")]


@strawberry.input(description="Which deliveries; null: any.")
class NotificationDeliveryFilter:
    states: list[DeliveryState] | None = strawberry.field(default=None, description="In one of those.")
    kinds: list[NotificationKind] | None = strawberry.field(default=None, description="Of one of those.")
    channels: list[NotificationChannel] | None = strawberry.field(default=None, description="By one of those.")

    def to_domain(self) -> DeliveryFilter:
        """As the repository takes it."""
        return DeliveryFilter(self.states, self.kinds, self.channels)


Filter = Annotated[NotificationDeliveryFilter | None, strawberry.argument(description="Which; null: all.")]


@strawberry.type
class Query:
    @strawberry.federation.field(
        tags=INTERNAL, description="What the caller was told, the newest first.", extensions=[requires(READ)]
    )
    async def my_notifications(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        unread_only: Annotated[bool, strawberry.argument(description="Without what was read.")] = False,
        kinds: Kinds = None,
    ) -> NotificationConnection:
        session, user_id = info.context.session, info.context.user_id()
        window = Window.of(inbox.NEWEST, first=first, after=after, last=last, before=before)
        page = await inbox.notification_page(session, user_id, window, unread=unread_only, kinds=kinds)

        def count() -> Awaitable[int]:
            return inbox.count(session, user_id, unread=unread_only, kinds=kinds)

        return NotificationConnection.of(page, Notification.of, count=count)

    @strawberry.federation.field(
        tags=INTERNAL, description="How much of it the caller has not read.", extensions=[requires(READ)]
    )
    async def my_unread_notification_count(self, info: Info) -> int:
        return await inbox.count(info.context.session, info.context.user_id(), unread=True)

    @strawberry.federation.field(
        tags=INTERNAL,
        description="What the caller wants to be told, by kind and channel. Codes and invitations are always sent.",
        extensions=[requires(READ)],
    )
    async def my_notification_preferences(self, info: Info) -> list[NotificationPreference]:
        found = await own.preferences(info.context.session, info.context.user_id())
        return [NotificationPreference(kind=kind, channel=channel, enabled=on) for kind, channel, on in found]

    @strawberry.federation.field(
        tags=INTERNAL, description="The tenant's messages, the newest first.", extensions=[requires(WRITE)]
    )
    async def notification_deliveries(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Filter = None,
    ) -> NotificationDeliveryConnection:
        session, wanted = info.context.session, DeliveryFilter() if filter is None else filter.to_domain()
        window = Window.of(deliveries.NEWEST, first=first, after=after, last=last, before=before)
        page = await deliveries.delivery_page(session, wanted, window)

        def count() -> Awaitable[int]:
            return deliveries.count(session, wanted)

        return NotificationDeliveryConnection.of(page, NotificationDelivery.of, count=count)

    @strawberry.federation.field(
        tags=INTERNAL,
        description="All texts in use, one per kind and language: the tenant's own, else the platform's.",
        extensions=[requires(WRITE)],
    )
    async def notification_templates(self, info: Info, kinds: Kinds = None) -> list[NotificationTemplate]:
        known = await own_texts.texts_of(info.context.session)
        built_in = {(kind, locale): text for locale, of in BUILT_IN.items() for kind, text in of.items()}
        used = {**built_in, **known}
        return [
            template_of(kind, locale, text.subject, text.body, is_own=(kind, locale) in known)
            for (kind, locale), text in sorted(used.items(), key=lambda each: (each[0][0].value, each[0][1]))
            if kinds is None or kind in kinds
        ]

    @strawberry.federation.field(
        tags=INTERNAL,
        description="A text as somebody would get it, with examples in its places.",
        extensions=[requires(WRITE)],
    )
    async def preview_notification_template(
        self, info: Info, kind: Kind, locale: Locale, subject: Given = None, body: Given = None
    ) -> NotificationPreview:
        return NotificationPreview.of(await texts.preview(info.context.session, kind, locale, subject, body), EXAMPLE)

    @strawberry.federation.field(
        tags=INTERNAL, description="How the tenant's messages are sent.", extensions=[requires(WRITE)]
    )
    async def notification_settings(self, info: Info) -> NotificationSettings:
        return NotificationSettings.of(await own_texts.read_settings(info.context.session))


def template_of(kind: NotificationKind, locale: str, subject: str, body: str, *, is_own: bool) -> NotificationTemplate:
    """A text, with what it may ask for."""
    spec = KINDS[kind]
    places = [*spec.placeholders, *([SECRET] if spec.secret else []), TENANT_URL]
    return NotificationTemplate(
        kind=kind, locale=locale, subject=subject, body=body, is_own=is_own, placeholders=places
    )
