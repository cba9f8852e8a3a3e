"""Writing down what people are to be told: in the application, and as messages that a worker sends."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from resolvers.session import TenantSession
from subgraphs.notifications.domain.deliveries import DeliveryState
from subgraphs.notifications.domain.kinds import KINDS, NotificationChannel, NotificationKind
from subgraphs.notifications.domain.templates import TENANT_URL, Rendered, rendered
from subgraphs.notifications.domain.texts import BUILT_IN, Text, locales_for
from subgraphs.notifications.repository import deliveries, inbox, people, texts

__all__ = ["About", "best_text", "filled", "tell_address", "tell_members"]


@dataclass(frozen=True, slots=True)
class About:
    """What a notification is about: an entity of another context, and the event that told of it."""

    event_id: UUID
    type: str
    id: str


async def tell_members(
    session: TenantSession,
    kind: NotificationKind,
    about: About,
    users: Collection[UUID],
    values: Mapping[str, str],
) -> None:
    """Tells members: in the application, and by mail where the kind is sent by mail; each as far as they want it."""
    wanted = list(dict.fromkeys(users))
    if not wanted:
        return
    off = await people.turned_off(session, wanted, [kind])
    settings = await texts.read_settings(session)
    shown = await filled(session, kind, settings.locale, values, settings.url)
    await inbox.add(
        session,
        [user for user in wanted if (user, kind, NotificationChannel.IN_APP) not in off],
        kind=kind,
        event_id=about.event_id,
        title=shown.subject,
        body=shown.body,
        about_type=about.type,
        about_id=about.id,
    )
    mailed = [user for user in wanted if (user, kind, NotificationChannel.EMAIL) not in off]
    if KINDS[kind].by_email and mailed:
        same = _delivery(kind, about, NotificationChannel.EMAIL, values, None)
        await deliveries.add(session, [{**same, "recipient_key": str(user), "user_id": user} for user in mailed])


async def tell_address(
    session: TenantSession,
    kind: NotificationKind,
    about: About,
    channel: NotificationChannel,
    address: str | None,
    values: Mapping[str, str],
    *,
    locale: str | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Sends a message to whoever has an address, or to whom the context that is asked for the secret names.

    Args:
        address: None: it is told together with the secret.
        expires_at: after which it is of no use.
    """
    row = {
        **_delivery(kind, about, channel, values, locale),
        "address": address,
        "recipient_key": (address or f"{about.type}/{about.id}").lower(),
        "secret": KINDS[kind].secret,
        "reference": about.id,
        "expires_at": expires_at,
    }
    await deliveries.add(session, [row])


async def filled(
    session: TenantSession, kind: NotificationKind, locale: str, values: Mapping[str, str], url: str | None
) -> Rendered:
    """A kind's text in the best language that there is, filled in."""
    own = await texts.texts_of(session, [kind])
    return rendered(best_text(own, kind, locale), {**values, TENANT_URL: url or ""})


def best_text(own: Mapping[tuple[NotificationKind, str], Text], kind: NotificationKind, *wanted: str | None) -> Text:
    """The tenant's text in the first language that there is one in, else the platform's; at last the English one."""
    for locale in locales_for(*wanted):
        found = own.get((kind, locale)) or BUILT_IN.get(locale, {}).get(kind)
        if found is not None:
            return found
    raise KeyError(kind)


def _delivery(
    kind: NotificationKind,
    about: About,
    channel: NotificationChannel,
    values: Mapping[str, str],
    locale: str | None,
) -> dict[str, object]:
    return {
        "event_id": about.event_id,
        "kind": kind,
        "channel": channel,
        "locale": locale,
        "filling": dict(values),
        "state": DeliveryState.QUEUED,
        "is_transactional": KINDS[kind].is_transactional,
        "next_try_at": datetime.now(UTC),
        "user_id": None,
        "address": None,
        "secret": None,
        "reference": None,
        "expires_at": None,
    }
