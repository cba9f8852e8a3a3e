"""A tenant's own texts, and how its messages are sent."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from resolvers.session import TenantSession
from resolvers.values import checked_text
from subgraphs.notifications.domain.errors import InvalidValue, NothingToReset
from subgraphs.notifications.domain.kinds import KINDS, NotificationChannel, NotificationKind
from subgraphs.notifications.domain.templates import TENANT_URL, Rendered, checked_template, rendered
from subgraphs.notifications.domain.texts import Text
from subgraphs.notifications.repository import deliveries, texts
from subgraphs.notifications.repository.texts import Settings
from subgraphs.notifications.usecases.telling import best_text

__all__ = ["checked_locale", "preview", "reset_text", "set_text", "update_settings"]

_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f<>,;]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
_PHONE: Final = re.compile(r"\+[0-9]{6,15}")
_MOST_AN_HOUR: Final = 100_000


def checked_locale(value: str) -> str:
    """A BCP 47 tag, in small letters.

    Raises:
        InvalidValue: it is none.
    """
    tag = value.strip().lower()
    if len(tag) > 35 or not _LOCALE.fullmatch(tag):
        raise InvalidValue("locale", "must be a language tag such as en or de-CH")
    return tag


async def set_text(session: TenantSession, kind: NotificationKind, locale: str, subject: str, body: str) -> Text:
    """Has the tenant's own text sent in the place of the platform's.

    Raises:
        InvalidValue, TextInvalid: it is no text, or no template.
    """
    own = checked_template(kind, subject, body)
    await texts.put_text(session, kind, checked_locale(locale), own)
    return own


async def reset_text(session: TenantSession, kind: NotificationKind, locale: str) -> Text:
    """Has the platform's text sent again, and returns it.

    Raises:
        NothingToReset: the tenant has none of its own.
    """
    if not await texts.remove_text(session, kind, checked_locale(locale)):
        raise NothingToReset
    return best_text({}, kind, locale)


async def preview(
    session: TenantSession, kind: NotificationKind, locale: str, subject: str | None, body: str | None
) -> Rendered:
    """A text as somebody would get it, with examples in its places: the one that is in use, or the one given.

    Raises:
        InvalidValue, TextInvalid: what is given is no text, or no template.
    """
    settings = await texts.read_settings(session)
    used = best_text(await texts.texts_of(session, [kind]), kind, checked_locale(locale), settings.locale)
    if subject is not None or body is not None:
        used = checked_template(kind, used.subject if subject is None else subject, used.body if body is None else body)
    values = {name: f"[{name}]" for name in KINDS[kind].placeholders}
    return rendered(used, {**values, TENANT_URL: settings.url or ""})


async def update_settings(session: TenantSession, changes: Mapping[str, Any]) -> Settings:
    """The tenant's settings with `changes` (fields of `Settings`; what is absent stays). What waited for a sender is
    sent.

    Raises:
        InvalidValue: a value breaks its rule.
    """
    before = await texts.read_settings(session)
    after = replace(before, **{name: _CHECKS[name](value) for name, value in changes.items()})
    await texts.put_settings(session, after)
    now = datetime.now(UTC)
    if after.sender is not None and after.sender != before.sender:
        await deliveries.requeue_waiting(session, NotificationChannel.EMAIL, now)
    if after.sender_phone is not None and after.sender_phone != before.sender_phone:
        await deliveries.requeue_waiting(session, NotificationChannel.SMS, now)
    return after


def _sender(value: str | None) -> str | None:
    if value is not None and (len(value) > 254 or not _EMAIL.fullmatch(value)):
        raise InvalidValue("sender", "must be an e-mail address")
    return value


def _sender_phone(value: str | None) -> str | None:
    if value is not None and not _PHONE.fullmatch(value):
        raise InvalidValue("senderPhone", "must be a number such as +49301234567")
    return value


def _required_locale(value: str | None) -> str:
    return checked_locale(value or "")


def _url(value: str | None) -> str | None:
    if value is None:
        return None
    text = checked_text("url", value, 500)
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s<>\"]", text):
        raise InvalidValue("url", "must be a web address")
    return text


def _hourly_limit(value: int | None) -> int:
    if value is None or not 1 <= value <= _MOST_AN_HOUR:
        raise InvalidValue("hourlyLimit", f"must be 1 to {_MOST_AN_HOUR}")
    return value


_CHECKS: Final[Mapping[str, Any]] = {
    "sender": _sender,
    "sender_phone": _sender_phone,
    "locale": _required_locale,
    "url": _url,
    "hourly_limit": _hourly_limit,
}
