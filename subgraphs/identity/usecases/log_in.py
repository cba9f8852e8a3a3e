"""Log-in, refresh with rotation and reuse detection, log-out."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from resolvers.errors import BadUserInput
from resolvers.session import TenantSession
from subgraphs.identity.domain import (
    AuditAction,
    InvalidCredentials,
    InvalidRefreshToken,
    LogInMethod,
    RefreshTokenInUse,
    TenantRequired,
    normal_email,
)
from subgraphs.identity.passwords import Passwords
from subgraphs.identity.repository import credentials as credential_rows
from subgraphs.identity.repository import log_ins as log_in_rows
from subgraphs.identity.repository import members as member_rows
from subgraphs.identity.tokens import AccessTokens, Member, hash_secret, new_secret
from subgraphs.identity.usecases.audit import note
from subgraphs.identity.usecases.rate_limit import begin_attempt, forgive_attempt
from subgraphs.identity.usecases.revocation import revoke_access_tokens, revoked_at

__all__ = ["LogIn", "log_in", "log_out", "open_session", "prove", "refresh"]

_log = logging.getLogger("subgraphs.identity")
_REFRESH_PREFIX: Final = "rt_"
_MAX_TOKEN_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class LogIn:
    """Tokens for a member."""

    member: Member
    access_token: str
    refresh_token: str


async def log_in(
    session: TenantSession,
    redis: Redis,
    passwords: Passwords,
    tokens: AccessTokens,
    *,
    email: str,
    password: str,
    tenant_slug: str | None,
) -> LogIn:
    """Tokens for whoever proves the password.

    The tenant is the one named, else the one of the request, else the only one that the user belongs to. Several
    accounts can have one address: the password tells which is meant. With a tenant there is at most one, and a log-in
    takes as long for an unknown address as for a known one; without, also where one account has the address.

    Raises:
        InvalidCredentials: wrong address, password or tenant; which of them is not told.
        TenantRequired: the password is right, in several tenants.
        RateLimited: too many attempts that failed.
    """
    try:
        address = normal_email(email)
    except BadUserInput:
        raise InvalidCredentials from None
    client = session.context.client
    await begin_attempt(redis, address, client)
    wanted = session.context.tenant_id
    accounts: list[credential_rows.Credential] = []
    if tenant_slug is None:
        accounts = await credential_rows.find_credentials(session, address, wanted)
    else:
        named = await credential_rows.find_tenant(session, slug=tenant_slug)
        if named is not None and wanted in (None, named):
            accounts = await credential_rows.find_credentials(session, address, named)
    proved = await prove(passwords, accounts, password)
    places = [(account, tenant_id) for account in proved for tenant_id in account.tenant_ids]
    if not places:
        raise InvalidCredentials
    await forgive_attempt(redis, address, client)
    if len(places) > 1:
        raise TenantRequired
    ((account, tenant_id),) = places
    await session.assume_tenant(tenant_id)
    member = await member_rows.member(session, account.user_id)
    if member is None:
        raise InvalidCredentials
    if passwords.outdated(account.password_hash):
        stronger = await passwords.hash(password)
        await credential_rows.replace_password_hash(session, member.user_id, account.password_hash, stronger)
    return await open_session(session, redis, tokens, member, LogInMethod.PASSWORD)


async def prove(
    passwords: Passwords, accounts: Sequence[credential_rows.Credential], password: str
) -> list[credential_rows.Credential]:
    """Those of `accounts` whose password it is. Without any, it takes as long as for one."""
    if not accounts:
        await passwords.verify(password, None)
    return [account for account in accounts if await passwords.verify(password, account.password_hash)]


async def open_session(
    session: TenantSession, redis: Redis, tokens: AccessTokens, member: Member, method: LogInMethod
) -> LogIn:
    """A new family of refresh tokens, and its first."""
    session_id = await log_in_rows.add_session(session, member.tenant_id, member.user_id, method)
    user_id, details = member.user_id, {"method": method.value}
    await note(session, member.tenant_id, AuditAction.LOGGED_IN, actor=user_id, subject=user_id, details=details)
    return await _issue(session, redis, tokens, member, session_id)


async def refresh(
    session: TenantSession, redis: Redis, tokens: AccessTokens, refresh_token: str
) -> LogIn | InvalidRefreshToken:
    """New tokens for a refresh token, which is good for one use.

    A token that comes back after its use was stolen, or its successor was: the whole family is revoked, and the access
    tokens that are out. That must be kept although the request fails, so this refusal is returned and not raised.
    Requests that use one token at about the same time are no theft: one of them gets tokens, the others, for ten
    seconds, are told to use those; nobody gets a second successor.

    Raises:
        RefreshTokenInUse: another request is using it, or has just done so.
        InvalidRefreshToken: unknown, expired, revoked, of another tenant, or its user is no member any more.
    """
    token_hash = _token_hash(refresh_token)
    tenant_id = await credential_rows.tenant_of_refresh_token(session, token_hash)
    if tenant_id is None or session.context.tenant_id not in (None, tenant_id):
        raise InvalidRefreshToken
    await session.assume_tenant(tenant_id)
    token = await log_in_rows.lock_refresh_token(session, token_hash)
    if token is None:
        raise RefreshTokenInUse
    if not token.alive:
        raise InvalidRefreshToken
    if token.used_lately:
        raise RefreshTokenInUse
    if token.used_at is not None:
        _log.warning("a refresh token was used twice, session %s is revoked", token.session_id)
        await log_in_rows.revoke_session(session, token.session_id, "reuse")
        await revoke_access_tokens(redis, tenant_id, token.user_id)
        await note(session, tenant_id, AuditAction.REFRESH_TOKEN_REUSED, actor=None, subject=token.user_id)
        return InvalidRefreshToken()
    member = await member_rows.member(session, token.user_id)
    if member is None:
        raise InvalidRefreshToken
    await log_in_rows.use_refresh_token(session, token.id)
    await log_in_rows.touch_session(session, token.session_id)
    return await _issue(session, redis, tokens, member, token.session_id)


async def log_out(session: TenantSession, redis: Redis, refresh_token: str, *, everywhere: bool) -> None:
    """Revokes the family of the token. Does nothing if there is none: logging out always succeeds.

    Args:
        everywhere: all families of the user in this tenant, and the access tokens that are out.
    """
    try:
        token_hash = _token_hash(refresh_token)
    except InvalidRefreshToken:
        return
    tenant_id = await credential_rows.tenant_of_refresh_token(session, token_hash)
    if tenant_id is None or session.context.tenant_id not in (None, tenant_id):
        return
    await session.assume_tenant(tenant_id)
    token = await log_in_rows.user_of_refresh_token(session, token_hash)
    if token is None or not token.alive:
        return
    if everywhere:
        await log_in_rows.revoke_sessions_of_user(session, token.user_id, "log-out")
        await revoke_access_tokens(redis, tenant_id, token.user_id)
    else:
        await log_in_rows.revoke_session(session, token.session_id, "log-out")
    details = {"everywhere": "yes" if everywhere else "no"}
    user_id = token.user_id
    await note(session, tenant_id, AuditAction.LOGGED_OUT, actor=user_id, subject=user_id, details=details)


async def _issue(session: TenantSession, redis: Redis, tokens: AccessTokens, member: Member, session_id: UUID) -> LogIn:
    secret = _REFRESH_PREFIX + new_secret()
    await log_in_rows.add_refresh_token(session, member.tenant_id, session_id, hash_secret(secret))
    after = await revoked_at(redis, member.tenant_id, member.user_id)
    return LogIn(member, tokens.issue(member, after=after), secret)


def _token_hash(refresh_token: str) -> bytes:
    if not refresh_token.startswith(_REFRESH_PREFIX) or len(refresh_token) > _MAX_TOKEN_CHARS:
        raise InvalidRefreshToken
    return hash_secret(refresh_token)
