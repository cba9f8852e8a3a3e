"""What members are shown in the application: statements on `notifications.notifications`."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.rows import among, columns_of
from resolvers.session import TenantSession
from subgraphs.notifications.domain.deliveries import Notification
from subgraphs.notifications.domain.kinds import NotificationKind
from subgraphs.notifications.tables import notifications

__all__ = ["NEWEST", "add", "add_all", "count", "find", "mark_all_read", "mark_read", "notification_page"]

_TABLE = notifications.c
_COLUMNS: Final = columns_of(notifications, Notification)
NEWEST: Final = Ordering("NEWEST", Key(_TABLE.created_at, descending=True), Key(_TABLE.id, descending=True))


async def add(session: TenantSession, users: Collection[UUID], **values: Any) -> None:
    """Writes the same notification for each of the users; who has it already keeps it."""
    if users:
        same = {"tenant_id": session.tenant_id(), **values}
        rows = [{**same, "user_id": user_id} for user_id in users]
        await session.execute(
            insert(notifications).values(rows).on_conflict_do_nothing(constraint="uq_notifications_event")
        )


async def add_all(session: TenantSession, rows: Sequence[dict[str, Any]]) -> None:
    """Writes notifications; those that are there stay as they are. One statement."""
    same = {"tenant_id": session.tenant_id()}
    await session.execute(insert(notifications).values([{**same, **row} for row in rows]).on_conflict_do_nothing())


async def find(session: TenantSession, user_id: UUID, ids: Sequence[UUID]) -> list[Notification | None]:
    """A user's notification of each id, in their order. One statement."""
    rows = await session.rows(select(*_COLUMNS).where(_TABLE.user_id == user_id, among(_TABLE.id, ids)))
    return aligned(ids, {row.id: _notification(row) for row in rows})


async def notification_page(
    session: TenantSession, user_id: UUID, window: Window, *, unread: bool, kinds: Collection[NotificationKind] | None
) -> Page[Notification]:
    """A page of a user's. One statement."""
    page = await fetch_page(session, select(*_COLUMNS).where(*_where(user_id, unread, kinds)), window)
    return Page(tuple(_notification(row) for row in page.rows), page.cursors, page.info)


async def count(
    session: TenantSession, user_id: UUID, *, unread: bool, kinds: Collection[NotificationKind] | None = None
) -> int:
    """How many of a user's there are."""
    statement = select(func.count()).select_from(notifications).where(*_where(user_id, unread, kinds))
    return int(await session.scalar(statement))


async def mark_read(session: TenantSession, user_id: UUID, ids: Collection[UUID], at: datetime) -> int:
    """Notes that a user has read some; those read before keep their moment. Says how many that were."""
    unread = update(notifications).where(_TABLE.user_id == user_id, among(_TABLE.id, ids), _TABLE.read_at.is_(None))
    return await session.execute(unread.values(read_at=at, updated_at=at))


async def mark_all_read(session: TenantSession, user_id: UUID, until: datetime, at: datetime) -> int:
    """Notes that a user has read all that was there at a moment. Says how many that were."""
    unread = update(notifications).where(
        _TABLE.user_id == user_id, _TABLE.created_at <= until, _TABLE.read_at.is_(None)
    )
    return await session.execute(unread.values(read_at=at, updated_at=at))


def _where(user_id: UUID, unread: bool, kinds: Collection[NotificationKind] | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_TABLE.user_id == user_id]
    if unread:
        found.append(_TABLE.read_at.is_(None))
    if kinds is not None:
        found.append(_TABLE.kind.in_(kinds))
    return found


def _notification(row: Row[Any]) -> Notification:
    return Notification(*row[: len(fields(Notification))])
