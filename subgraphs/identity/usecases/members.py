"""Inviting, changing and removing members of the caller's tenant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import Row

from resolvers.errors import BadUserInput, NotFound
from resolvers.operation import Operation
from resolvers.session import TenantSession
from subgraphs.identity import repository
from subgraphs.identity.domain import (
    AlreadyMember,
    InvalidInvitation,
    Role,
    check_may_grant,
    check_owner_remains,
    check_password,
    normal_email,
)
from subgraphs.identity.passwords import Passwords
from subgraphs.identity.tokens import AccessTokens, hash_secret, new_secret
from subgraphs.identity.usecases.log_in import LogIn, open_session
from subgraphs.identity.usecases.rate_limit import count_attempt, forget_attempts

__all__ = ["Invitation", "accept_invitation", "change_role", "invite_member", "remove_member"]


@dataclass(frozen=True, slots=True)
class Invitation:
    """A membership that waits for its user; `token` is not stored."""

    membership: Row[Any]
    token: str
    expires_at: datetime


async def invite_member(operation: Operation, *, email: str, name: str, role: Role) -> Invitation:
    """Makes an invited member and a token with which they accept.

    Raises:
        BadUserInput: no e-mail address or no name.
        AlreadyMember: belongs to the tenant, or is invited.
        Forbidden: the role may do more than the caller.
    """
    session, tenant_id = operation.session, operation.tenant_id()
    address = normal_email(email, "input", "email")
    shown_name = name.strip()
    if not 1 <= len(shown_name) <= 200:
        raise BadUserInput("A name has from 1 to 200 characters.", path=("input", "name"))
    check_may_grant(role, operation.request.scopes)
    user_id = await repository.ensure_user(session, address, shown_name)
    membership = await repository.add_membership(session, tenant_id, user_id, role)
    if membership is None:
        raise AlreadyMember
    token = "in_" + new_secret()
    expires_at = await repository.add_invitation(
        session, tenant_id, membership.id, hash_secret(token), operation.request.user_id
    )
    return Invitation(membership, token, expires_at)


async def accept_invitation(
    session: TenantSession, redis: Redis, passwords: Passwords, tokens: AccessTokens, *, token: str, password: str
) -> LogIn:
    """Makes the member active and logs them in. Who has a password already, in another tenant, proves it here.

    Raises:
        InvalidInvitation: unknown, expired, accepted, or the password is not the user's.
        BadUserInput: a new password that is too short or too long.
        RateLimited: too many attempts. Whoever invites has the token, and must not guess a password with it.
    """
    check_password(password, "input", "password")
    token_hash = hash_secret(token)
    tenant_id = await repository.tenant_of_invitation(session, token_hash)
    if tenant_id is None or session.context.tenant_id not in (None, tenant_id):
        raise InvalidInvitation
    await session.assume_tenant(tenant_id)
    invitation = await repository.lock_invitation(session, token_hash)
    if invitation is None:
        raise InvalidInvitation
    await count_attempt(redis, invitation.email, session.context.client)
    if not await repository.set_first_password(session, token_hash, await passwords.hash(password)):
        credential = await repository.find_credential(session, invitation.email)
        if credential is None or not await passwords.verify(password, credential.password_hash):
            raise InvalidInvitation
    await forget_attempts(redis, invitation.email)
    await repository.accept_invitation(session, invitation.id, invitation.membership_id)
    member = await repository.member(session, invitation.user_id)
    if member is None:
        raise InvalidInvitation
    return await open_session(session, tokens, member)


async def change_role(operation: Operation, user_id: UUID, role: Role) -> Row[Any]:
    """The membership with its new role. Access tokens that are out keep the old one for their 15 minutes.

    Raises:
        NotFound: no member of this tenant.
        LastOwner: the only owner would cease to be one.
        Forbidden: the role may do more than the caller.
    """
    check_may_grant(role, operation.request.scopes)
    owners = await repository.lock_owners(operation.session)
    if user_id in owners and role is not Role.OWNER:
        check_owner_remains(owners, user_id)
    membership = await repository.set_role(operation.session, user_id, role)
    if membership is None:
        raise NotFound("There is no such member.")
    return membership


async def remove_member(operation: Operation, user_id: UUID) -> None:
    """Ends a membership, its log-in sessions and its invitations. The user and other memberships stay.

    Raises:
        NotFound: no member of this tenant.
        LastOwner: the only owner.
    """
    owners = await repository.lock_owners(operation.session)
    if user_id in owners:
        check_owner_remains(owners, user_id)
    if not await repository.remove_membership(operation.session, user_id):
        raise NotFound("There is no such member.")
    await repository.revoke_sessions_of_user(operation.session, user_id, "removed")
