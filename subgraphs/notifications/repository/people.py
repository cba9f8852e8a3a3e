"""Who belongs to the tenant, and what each of them wants to be told: statements on `members` and `preferences`."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.rows import among
from resolvers.session import TenantSession
from subgraphs.notifications.domain.kinds import NotificationChannel, NotificationKind
from subgraphs.notifications.tables import members, preferences

__all__ = [
    "forget_preferences",
    "members_with_roles",
    "note_member",
    "note_role",
    "preferences_of",
    "set_preference",
    "turned_off",
]


async def note_member(session: TenantSession, user_id: UUID, role: str, at: datetime, *, is_member: bool) -> None:
    """Writes down that somebody is a member from a moment on, or is not; what is older than what is known is left."""
    known = {"role": role, "is_member": is_member, "changed_at": at}
    statement = insert(members).values(tenant_id=session.tenant_id(), user_id=user_id, **known)
    await session.execute(
        statement.on_conflict_do_update(
            constraint="uq_members_user", set_={**known, "updated_at": func.now()}, where=members.c.changed_at < at
        )
    )


async def note_role(session: TenantSession, user_id: UUID, role: str, at: datetime) -> None:
    """Writes down a member's role, as it is from a moment on."""
    statement = update(members).where(members.c.user_id == user_id, members.c.changed_at < at)
    await session.execute(statement.values(role=role, changed_at=at, updated_at=func.now()))


async def members_with_roles(session: TenantSession, roles: Iterable[str], most: int) -> list[UUID]:
    """Members who have one of the roles. One statement."""
    wanted = select(members.c.user_id).where(among(members.c.role, roles), members.c.is_member)
    return [row.user_id for row in await session.rows(wanted.order_by(members.c.id).limit(most))]


async def turned_off(
    session: TenantSession, users: Collection[UUID], kinds: Collection[NotificationKind]
) -> frozenset[tuple[UUID, NotificationKind, NotificationChannel]]:
    """What the users do not want to be told, of these kinds. One statement."""
    table = preferences.c
    wanted = select(table.user_id, table.kind, table.channel).where(
        among(table.user_id, users), table.kind.in_(kinds), table.enabled.is_(False)
    )
    return frozenset((row.user_id, row.kind, row.channel) for row in await session.rows(wanted))


async def preferences_of(
    session: TenantSession, user_id: UUID
) -> dict[tuple[NotificationKind, NotificationChannel], bool]:
    """What a user has said about kinds and channels. One statement."""
    table = preferences.c
    rows = await session.rows(select(table.kind, table.channel, table.enabled).where(table.user_id == user_id))
    return {(row.kind, row.channel): row.enabled for row in rows}


async def set_preference(
    session: TenantSession, user_id: UUID, kind: NotificationKind, channel: NotificationChannel, *, enabled: bool
) -> None:
    """Writes down what a user wants."""
    statement = insert(preferences).values(
        tenant_id=session.tenant_id(), user_id=user_id, kind=kind, channel=channel, enabled=enabled
    )
    changed = {"enabled": enabled, "updated_at": func.now()}
    await session.execute(statement.on_conflict_do_update(constraint="uq_preferences_user", set_=changed))


async def forget_preferences(session: TenantSession, user_id: UUID) -> None:
    """Forgets what somebody wanted who is no member any more."""
    await session.execute(delete(preferences).where(preferences.c.user_id == user_id))
