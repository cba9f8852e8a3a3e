"""Changing and removing members of the caller's tenant. Nobody changes whoever may do more than they."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.errors import Forbidden, NotFound
from resolvers.operation import Operation
from resolvers.session import TenantSession
from subgraphs.identity.domain import (
    ROLE_SCOPES,
    AuditAction,
    Role,
    check_may_grant,
    check_owner_remains,
)
from subgraphs.identity.events import MemberJoined, MemberRemoved, RoleChanged
from subgraphs.identity.repository import log_ins as log_in_rows
from subgraphs.identity.repository import members as member_rows
from subgraphs.identity.tokens import Member
from subgraphs.identity.usecases.audit import note
from subgraphs.identity.usecases.revocation import revoke_access_tokens

__all__ = [
    "change_role",
    "join",
    "live_scopes",
    "remove_member",
]


async def live_scopes(operation: Operation, scope: str) -> frozenset[str]:
    """What the caller may do now: of the scopes of the credential, those that the user's present role still has.

    Raises:
        Forbidden: the user is no member any more, or `scope` is lost.
    """
    held = operation.request.scopes
    if operation.request.user_id is not None:
        role = await member_rows.role_of(operation.session, operation.request.user_id)
        if role is None:
            raise Forbidden("You are no member of this tenant.")
        held = held & ROLE_SCOPES[role]
    if scope not in held:
        raise Forbidden.missing(scope)
    return held


async def join(
    session: TenantSession, tenant_id: UUID, user_id: UUID, role: Role, *, by: str, invited_by: UUID | None = None
) -> Member | None:
    """Makes a person a member; None if they are one already.

    Args:
        by: how it came to that, for the log.
    """
    if not await member_rows.add_membership(session, tenant_id, user_id, role):
        return None
    member = await member_rows.member(session, user_id)
    if member is None:
        return None
    details = {"role": role.value, "by": by, "invitedBy": invited_by}
    await note(session, tenant_id, AuditAction.MEMBER_JOINED, actor=user_id, subject=user_id, details=details)
    session.publish(MemberJoined(user_id, member.name, role.value, datetime.now(UTC)))
    return member


async def change_role(operation: Operation, user_id: UUID, role: Role) -> Row[Any]:
    """The membership with its new role. Access tokens with the old one are refused from now on.

    Raises:
        NotFound: no member of this tenant.
        LastOwner: the only owner would cease to be one.
        Forbidden: the role, or the one that the member has now, may do more than the caller.
    """
    session, tenant_id = operation.session, operation.tenant_id()
    owners, before = await _lock(operation, user_id)
    own_scopes = await _own_scopes(operation, before)
    check_may_grant(role, own_scopes)
    if before is Role.OWNER and role is not Role.OWNER:
        check_owner_remains(owners, user_id)
    membership = await member_rows.set_role(session, user_id, role)
    if membership is None:
        raise NotFound("There is no such member.")
    await revoke_access_tokens(operation.redis, tenant_id, user_id)
    if before is not role:
        details = {"role": role.value, "previousRole": before.value}
        await note(
            session,
            tenant_id,
            AuditAction.ROLE_CHANGED,
            actor=operation.user_id(),
            subject=user_id,
            details=details,
        )
        session.publish(RoleChanged(user_id, role.value, before.value, datetime.now(UTC)))
    return membership


async def remove_member(operation: Operation, user_id: UUID) -> None:
    """Ends a membership, its log-in sessions and access tokens. The user and other memberships stay.

    Raises:
        NotFound: no member of this tenant.
        LastOwner: the only owner.
        Forbidden: the member may do more than the caller.
    """
    session, tenant_id = operation.session, operation.tenant_id()
    owners, before = await _lock(operation, user_id)
    await _own_scopes(operation, before)
    if before is Role.OWNER:
        check_owner_remains(owners, user_id)
    # Before they are gone: the log has their address.
    details = {"role": before.value}
    await note(
        session, tenant_id, AuditAction.MEMBER_REMOVED, actor=operation.user_id(), subject=user_id, details=details
    )
    await member_rows.remove_membership(session, user_id)
    await log_in_rows.revoke_sessions_of_user(session, user_id, "removed")
    await revoke_access_tokens(operation.redis, tenant_id, user_id)
    session.publish(MemberRemoved(user_id, datetime.now(UTC)))


async def _lock(operation: Operation, user_id: UUID) -> tuple[list[UUID], Role]:
    """The owners and the member's role, all locked: owners cannot remove one another at the same time.

    Raises:
        Forbidden: a key asks: members are changed by people.
        NotFound: no member of this tenant.
    """
    if operation.request.user_id is None:
        raise Forbidden("Members are changed by people, not by keys.")
    owners = await member_rows.lock_owners(operation.session)
    role = await member_rows.lock_role(operation.session, user_id)
    if role is None:
        # A caller who is no member (any more) learns nothing of who is.
        await live_scopes(operation, "identity:write")
        raise NotFound("There is no such member.")
    return owners, role


async def _own_scopes(operation: Operation, of: Role) -> frozenset[str]:
    """What the caller may do, which is no less than a member in the role `of` may.

    Asked for after the locks: whoever waited for them may have lost the role meanwhile.

    Raises:
        Forbidden: it is less.
    """
    own_scopes = await live_scopes(operation, "identity:write")
    check_may_grant(of, own_scopes)
    return own_scopes
