"""Batch functions for `info.context.load`: one statement for all keys of a level of the query."""

from collections.abc import Sequence
from uuid import UUID

from resolvers.session import TenantSession
from subgraphs.notifications.domain.deliveries import Notification
from subgraphs.notifications.repository import inbox

__all__ = ["notification_by_id"]


async def notification_by_id(session: TenantSession, keys: list[UUID], user_id: UUID) -> Sequence[Notification | None]:
    """The user's notification of each id, or None."""
    return await inbox.find(session, user_id, keys)
