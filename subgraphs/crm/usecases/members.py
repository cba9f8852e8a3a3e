"""Who belongs to the tenant: kept as identity tells of it, since crm cannot look there."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from resolvers.session import TenantSession
from subgraphs.crm.domain.errors import AssigneeNotFound
from subgraphs.crm.repository import members

__all__ = [
    "ConfirmedMember",
    "JoinedMember",
    "RemovedMember",
    "check_assignee",
    "note_confirmed",
    "note_joined",
    "note_removed",
]


@dataclass(frozen=True, slots=True)
class JoinedMember:
    """Somebody is a member of the tenant."""

    user_id: UUID
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class ConfirmedMember:
    """Somebody is a member of the tenant still."""

    user_id: UUID
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class RemovedMember:
    """Somebody is no member any more."""

    user_id: UUID
    removed_at: datetime


async def note_joined(session: TenantSession, joined: JoinedMember) -> None:
    """From now on work may be given to them."""
    await members.note_member(session, joined.user_id, joined.joined_at, is_member=True)


async def note_confirmed(session: TenantSession, confirmed: ConfirmedMember) -> None:
    """Work may be given to them, unless something later is known."""
    await members.note_member(session, confirmed.user_id, confirmed.changed_at, is_member=True)


async def note_removed(session: TenantSession, removed: RemovedMember) -> None:
    """No new work is given to them; what they have stays theirs until somebody takes it."""
    await members.note_member(session, removed.user_id, removed.removed_at, is_member=False)


async def check_assignee(session: TenantSession, *accounts: UUID | None) -> None:
    """That whoever work is given to is a member of the tenant. The caller is: that was settled before.

    Raises:
        AssigneeNotFound: somebody is not, or joined only a moment ago.
    """
    asked = {account for account in accounts if account is not None} - {session.context.user_id}
    if asked and await members.members_among(session, asked) != asked:
        raise AssigneeNotFound
