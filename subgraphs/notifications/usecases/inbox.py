"""What members do with what they are told, and which of it they want."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from resolvers.session import TenantSession
from subgraphs.notifications.domain.errors import AlwaysSent, InvalidValue
from subgraphs.notifications.domain.kinds import KINDS, NotificationChannel, NotificationKind
from subgraphs.notifications.repository import inbox, people

__all__ = ["Preference", "mark_all_read", "mark_read", "preferences", "set_preference"]

Preference = tuple[NotificationKind, NotificationChannel, bool]
"""Of which kind, by which channel, and whether it is wanted."""

_MOST: int = 100


async def mark_read(session: TenantSession, user_id: UUID, ids: Collection[UUID]) -> int:
    """Notes that some were read; says how many were not before.

    Raises:
        InvalidValue: none, or too many at once.
    """
    if not 1 <= len(ids) <= _MOST:
        raise InvalidValue("ids", f"must have 1 to {_MOST} ids")
    return await inbox.mark_read(session, user_id, ids, datetime.now(UTC))


async def mark_all_read(session: TenantSession, user_id: UUID, until: datetime | None) -> int:
    """Notes that all was read that was there at a moment, which is now by default; says how many were not before."""
    now = datetime.now(UTC)
    return await inbox.mark_all_read(session, user_id, until or now, now)


async def preferences(session: TenantSession, user_id: UUID) -> list[Preference]:
    """What a user wants, of every kind that they can do without. One statement."""
    said = await people.preferences_of(session, user_id)
    return [
        (kind, channel, said.get((kind, channel), True)) for kind in NotificationKind for channel in _channels(kind)
    ]


async def set_preference(
    session: TenantSession, user_id: UUID, kind: NotificationKind, channel: NotificationChannel, *, enabled: bool
) -> None:
    """Says whether a user wants a kind by a channel.

    Raises:
        AlwaysSent: nobody can do without.
        InvalidValue: it is not told by that channel.
    """
    if KINDS[kind].is_transactional:
        raise AlwaysSent
    if channel not in _channels(kind):
        raise InvalidValue("channel", f"must be one that {kind.name} is told by")
    await people.set_preference(session, user_id, kind, channel, enabled=enabled)


def _channels(kind: NotificationKind) -> tuple[NotificationChannel, ...]:
    spec = KINDS[kind]
    if spec.is_transactional:
        return ()
    return (NotificationChannel.IN_APP, *((NotificationChannel.EMAIL,) if spec.by_email else ()))
