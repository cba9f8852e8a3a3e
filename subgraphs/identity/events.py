"""What identity tells other contexts: who belongs to a tenant, or is to. No addresses: whoever needs one asks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from resolvers.events.declaration import event

__all__ = ["InvitationMade", "MemberConfirmed", "MemberJoined", "MemberRemoved", "RoleChanged"]


@event("identity.member_joined", version=1, about="user_id")
@dataclass(frozen=True, slots=True)
class MemberJoined:
    """A person has become a member of the tenant.

    Attributes:
        name: of the person, as it is then.
        role: owner, manager, agent or viewer.
    """

    user_id: UUID
    name: str
    role: str
    joined_at: datetime


@event("identity.member_confirmed", version=1, about="user_id")
@dataclass(frozen=True, slots=True)
class MemberConfirmed:
    """A person is a member of the tenant: told once more, for those who have begun to listen since the person joined.

    Attributes:
        role: owner, manager, agent or viewer.
        changed_at: since when it is so. Who knows of something later knows better.
    """

    user_id: UUID
    role: str
    changed_at: datetime


@event("identity.role_changed", version=1, about="user_id")
@dataclass(frozen=True, slots=True)
class RoleChanged:
    """A member has another role from now on."""

    user_id: UUID
    role: str
    previous_role: str
    changed_at: datetime


@event("identity.member_removed", version=1, about="user_id")
@dataclass(frozen=True, slots=True)
class MemberRemoved:
    """A person is no member of the tenant any more."""

    user_id: UUID
    removed_at: datetime


@event("identity.invitation_made", version=1, about="invitation_id")
@dataclass(frozen=True, slots=True)
class InvitationMade:
    """Somebody is invited to the tenant, or once more. Whoever sends it has a token made (`makeInvitationToken`).

    Attributes:
        organisation: the tenant's name.
        role: owner, manager, agent or viewer.
    """

    invitation_id: UUID
    organisation: str
    role: str
    invited_by: UUID | None
    expires_at: datetime
