"""Inviting people, and what becomes of an invitation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import Row

from resolvers.errors import BadUserInput, NotFound
from resolvers.operation import Operation
from resolvers.session import TenantSession
from subgraphs.identity.domain import (
    AlreadyMember,
    AuditAction,
    InvalidInvitation,
    LogInMethod,
    Role,
    check_may_grant,
    check_password,
    normal_email,
)
from subgraphs.identity.events import InvitationMade
from subgraphs.identity.passwords import Passwords
from subgraphs.identity.repository import credentials as credential_rows
from subgraphs.identity.repository import invitations as invitation_rows
from subgraphs.identity.repository import members as member_rows
from subgraphs.identity.tokens import AccessTokens, hash_secret, new_secret
from subgraphs.identity.usecases.audit import note
from subgraphs.identity.usecases.log_in import LogIn, open_session, prove
from subgraphs.identity.usecases.members import join, live_scopes
from subgraphs.identity.usecases.rate_limit import begin_attempt, forgive_attempt

__all__ = [
    "Invitation",
    "InvitationPreview",
    "accept_invitation",
    "invite_member",
    "make_token",
    "preview",
    "renew_invitation",
    "withdraw_invitation",
]


@dataclass(frozen=True, slots=True)
class Invitation:
    """A row of `invitations`; `token` is not stored."""

    row: Row[Any]
    token: str


@dataclass(frozen=True, slots=True)
class InvitationPreview:
    """What an invitation says to whoever has its token."""

    tenant_name: str
    email: str
    role: Role
    expires_at: datetime


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
    token = _new_token()
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
    await _tell(session, tenant_id, row)
    return Invitation(row, token)


async def renew_invitation(operation: Operation, invitation_id: UUID) -> Invitation:
    """An invitation that was not accepted, with a new token and a new week. The token before is worth nothing.

    Raises:
        NotFound: there is none.
        Forbidden: it is for a role that the caller could not give.
    """
    own_scopes = await live_scopes(operation, "identity:write")
    invitation = await invitation_rows.lock_open_invitation(operation.session, invitation_id)
    if invitation is None:
        raise NotFound("There is no such invitation.")
    check_may_grant(Role(invitation.role), own_scopes)
    token = _new_token()
    row = await invitation_rows.renew_invitation(operation.session, invitation_id, hash_secret(token))
    await note(
        operation.session,
        operation.tenant_id(),
        AuditAction.INVITATION_RENEWED,
        actor=operation.request.user_id,
        label=invitation.email,
        details={"role": invitation.role},
    )
    await _tell(operation.session, operation.tenant_id(), row)
    return Invitation(row, token)


async def make_token(session: TenantSession, invitation_id: UUID) -> tuple[str, str] | None:
    """A token for an invitation that is sent now, and the address to send it to; None if the invitation is not open.

    The token that the inviter was given stays good beside it; one that was sent before does not.
    """
    token = _new_token()
    address = await invitation_rows.mail_token(session, invitation_id, hash_secret(token))
    return None if address is None else (token, address)


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
    tenant_id = await assume_inviting(session, token_hash)
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
    return await open_session(session, redis, tokens, member, LogInMethod.INVITATION)


async def preview(session: TenantSession, token: str) -> InvitationPreview | None:
    """What the invited person is shown before they accept; None if the invitation is not open."""
    token_hash = hash_secret(token)
    try:
        tenant_id = await assume_inviting(session, token_hash)
    except InvalidInvitation:
        return None
    invitation = await invitation_rows.open_invitation(session, token_hash)
    tenant = (await member_rows.tenants_by_id(session, [tenant_id])).get(tenant_id)
    if invitation is None or tenant is None:
        return None
    return InvitationPreview(tenant.name, invitation.email, Role(invitation.role), invitation.expires_at)


async def assume_inviting(session: TenantSession, token_hash: bytes) -> UUID:
    """The tenant that invites, for which the session acts from now on. Raises `InvalidInvitation`."""
    tenant_id = await credential_rows.tenant_of_invitation(session, token_hash)
    if tenant_id is None or session.context.tenant_id not in (None, tenant_id):
        raise InvalidInvitation
    await session.assume_tenant(tenant_id)
    return tenant_id


async def _tell(session: TenantSession, tenant_id: UUID, invitation: Row[Any]) -> None:
    tenant = (await member_rows.tenants_by_id(session, [tenant_id]))[tenant_id]
    session.publish(
        InvitationMade(invitation.id, tenant.name, invitation.role, invitation.invited_by, invitation.expires_at)
    )


def _new_token() -> str:
    return "in_" + new_secret()
