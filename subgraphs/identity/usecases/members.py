"""Inviting, changing and removing members of the caller's tenant. Nobody changes whoever may do more than they."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import Row

from resolvers.errors import BadUserInput, Forbidden, NotFound
from resolvers.operation import Operation
from resolvers.session import TenantSession
from subgraphs.identity.domain import (
    ROLE_SCOPES,
    AlreadyMember,
    AuditAction,
    InvalidInvitation,
    Role,
    check_may_grant,
    check_owner_remains,
    check_password,
    normal_email,
)
from subgraphs.identity.events import MemberJoined, MemberRemoved, RoleChanged
from subgraphs.identity.passwords import Passwords
from subgraphs.identity.repository import credentials as credential_rows
from subgraphs.identity.repository import invitations as invitation_rows
from subgraphs.identity.repository import log_ins as log_in_rows
from subgraphs.identity.repository import members as member_rows
from subgraphs.identity.tokens import AccessTokens, Member, hash_secret, new_secret
from subgraphs.identity.usecases.audit import note
from subgraphs.identity.usecases.log_in import LogIn, open_session, prove
from subgraphs.identity.usecases.rate_limit import begin_attempt, forgive_attempt
from subgraphs.identity.usecases.revocation import revoke_access_tokens

__all__ = [
    "Invitation",
    "accept_invitation",
    "change_role",
    "invite_member",
    "join",
    "live_scopes",
    "remove_member",
    "withdraw_invitation",
]


@dataclass(frozen=True, slots=True)
class Invitation:
    """A row of `invitations`; `token` is not stored."""

    row: Row[Any]
    token: str


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


async def invite_member(operation: Operation, *, email: str, name: str, role: Role) -> Invitation:
    """Stores an invitation, with a token by which it is accepted.

    Whether the address has an account somewhere is neither looked up nor told: there is no user before acceptance.

    Raises:
        BadUserInput: no e-mail address or no name.
        AlreadyMember: a member of this tenant has the address, or it is invited.
        Forbidden: the role may do more than the caller.
    """
    session, tenant_id = operation.session, operation.tenant_id()
    own_scopes = await live_scopes(operation, "identity:write")
    address = normal_email(email, "input", "email")
    shown_name = name.strip()
    if not 1 <= len(shown_name) <= 200:
        raise BadUserInput("A name has from 1 to 200 characters.", path=("input", "name"))
    check_may_grant(role, own_scopes)
    if await member_rows.is_member_address(session, address):
        raise AlreadyMember
    token = "in_" + new_secret()
    row = await invitation_rows.add_invitation(
        session,
        tenant_id,
        email=address,
        name=shown_name,
        role=role.value,
        token_hash=hash_secret(token),
        invited_by=operation.request.user_id,
    )
    if row is None:
        raise AlreadyMember
    await note(
        session,
        tenant_id,
        AuditAction.INVITATION_CREATED,
        actor=operation.request.user_id,
        label=address,
        details={"role": role.value},
    )
    return Invitation(row, token)


async def withdraw_invitation(operation: Operation, invitation_id: UUID) -> None:
    """Ends an invitation that was not accepted.

    Raises:
        NotFound: there is none.
        Forbidden: it is for a role that the caller could not give.
    """
    own_scopes = await live_scopes(operation, "identity:write")
    invitation = await invitation_rows.lock_open_invitation(operation.session, invitation_id)
    if invitation is None:
        raise NotFound("There is no such invitation.")
    check_may_grant(Role(invitation.role), own_scopes)
    await invitation_rows.remove_invitation(operation.session, invitation_id)
    await note(
        operation.session,
        operation.tenant_id(),
        AuditAction.INVITATION_WITHDRAWN,
        actor=operation.request.user_id,
        label=invitation.email,
        details={"role": invitation.role},
    )


async def accept_invitation(
    session: TenantSession, redis: Redis, passwords: Passwords, tokens: AccessTokens, *, token: str, password: str
) -> LogIn:
    """Makes the invited person a member and logs them in.

    Whoever has an account with this address and proves its password is made a member with that account. Everyone else
    gets a new one, with this password: the token proves that this tenant invited, and nothing about accounts elsewhere,
    so they are neither touched nor given away.

    Raises:
        InvalidInvitation: unknown, expired, accepted or withdrawn.
        BadUserInput: a password that is too short or too long.
        RateLimited: too many attempts. Whoever invites has the token, and must not guess a password with it: what
            proves no account counts as a log-in that failed.
    """
    check_password(password, "input", "password")
    token_hash = hash_secret(token)
    tenant_id = await credential_rows.tenant_of_invitation(session, token_hash)
    if tenant_id is None or session.context.tenant_id not in (None, tenant_id):
        raise InvalidInvitation
    await session.assume_tenant(tenant_id)
    invitation = await invitation_rows.lock_invitation(session, token_hash)
    if invitation is None:
        raise InvalidInvitation
    client = session.context.client
    await begin_attempt(redis, invitation.email, client)
    proved = await prove(passwords, await credential_rows.find_credentials(session, invitation.email, None), password)
    user_id: UUID | None
    if proved:
        await forgive_attempt(redis, invitation.email, client)
        user_id = proved[0].user_id
    else:
        user_id = await credential_rows.create_account(session, token_hash, await passwords.hash(password))
    await invitation_rows.accept_invitation(session, invitation.id)
    if user_id is None:
        raise InvalidInvitation
    member = await join(
        session, tenant_id, user_id, Role(invitation.role), by="invitation", invited_by=invitation.invited_by
    )
    if member is None:
        raise InvalidInvitation
    return await open_session(session, redis, tokens, member)


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
