"""Log-in, refresh with rotation and reuse detection, log-out."""

import logging
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from resolvers.errors import BadUserInput
from resolvers.session import TenantSession
from subgraphs.identity import repository
from subgraphs.identity.domain import (
    InvalidCredentials,
    InvalidRefreshToken,
    RefreshTokenInUse,
    TenantRequired,
    normal_email,
)
from subgraphs.identity.passwords import Passwords
from subgraphs.identity.tokens import AccessTokens, Member, hash_secret, new_secret
from subgraphs.identity.usecases.rate_limit import count_attempt, forget_attempts

__all__ = ["LogIn", "log_in", "log_out", "open_session", "refresh"]

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

    The tenant is the one named, else the one of the request, else the only one that the user belongs to.

    Raises:
        InvalidCredentials: wrong address, password or tenant; which of them is not told.
        TenantRequired: the password is right and the user belongs to several tenants.
        RateLimited: too many attempts.
    """
    try:
        address = normal_email(email)
    except BadUserInput:
        raise InvalidCredentials from None
    await count_attempt(redis, address, session.context.client)
    credential = await repository.find_credential(session, address)
    verified = await passwords.verify(password, None if credential is None else credential.password_hash)
    if credential is None or not verified:
        raise InvalidCredentials
    tenant_id = await _tenant_for(session, credential.tenant_ids, tenant_slug)
    await session.assume_tenant(tenant_id)
    member = await repository.member(session, credential.user_id)
    if member is None:
        raise InvalidCredentials
    if passwords.outdated(credential.password_hash):
        stronger = await passwords.hash(password)
        await repository.replace_password_hash(session, member.user_id, credential.password_hash, stronger)
    await forget_attempts(redis, address)
    return await open_session(session, tokens, member)


async def _tenant_for(session: TenantSession, own: tuple[UUID, ...], slug: str | None) -> UUID:
    wanted = session.context.tenant_id
    if slug is not None:
        named = await repository.find_tenant(session, slug=slug)
        if named is None or wanted not in (None, named):
            raise InvalidCredentials
        wanted = named
    if wanted is None:
        if len(own) > 1:
            raise TenantRequired
        wanted = own[0] if own else None
    if wanted is None or wanted not in own:
        raise InvalidCredentials
    return wanted


async def open_session(session: TenantSession, tokens: AccessTokens, member: Member) -> LogIn:
    """A new family of refresh tokens, and its first."""
    session_id = await repository.add_session(session, member.tenant_id, member.user_id)
    return await _issue(session, tokens, member, session_id)


async def refresh(session: TenantSession, tokens: AccessTokens, refresh_token: str) -> LogIn | InvalidRefreshToken:
    """New tokens for a refresh token, which is good for one use.

    A token that comes back after its use was stolen, or its successor was: the whole family is revoked. That must be
    kept although the request fails, so this refusal is returned and not raised. Two requests that use one token at the
    same time are no theft: one of them gets tokens, the other is told to use those.

    Raises:
        RefreshTokenInUse: another request is using it.
        InvalidRefreshToken: unknown, expired, revoked, of another tenant, or its user is no member any more.
    """
    token_hash = _token_hash(refresh_token)
    tenant_id = await repository.tenant_of_refresh_token(session, token_hash)
    if tenant_id is None or session.context.tenant_id not in (None, tenant_id):
        raise InvalidRefreshToken
    await session.assume_tenant(tenant_id)
    token = await repository.lock_refresh_token(session, token_hash)
    if token is None or token.used_meanwhile:
        raise RefreshTokenInUse
    if not token.alive:
        raise InvalidRefreshToken
    if token.used_at is not None:
        _log.warning("a refresh token was used twice, session %s is revoked", token.session_id)
        await repository.revoke_session(session, token.session_id, "reuse")
        return InvalidRefreshToken()
    member = await repository.member(session, token.user_id)
    if member is None:
        raise InvalidRefreshToken
    await repository.use_refresh_token(session, token.id)
    return await _issue(session, tokens, member, token.session_id)


async def log_out(session: TenantSession, refresh_token: str) -> None:
    """Revokes the family of the token. Does nothing if there is none: logging out always succeeds."""
    try:
        token_hash = _token_hash(refresh_token)
    except InvalidRefreshToken:
        return
    tenant_id = await repository.tenant_of_refresh_token(session, token_hash)
    if tenant_id is None or session.context.tenant_id not in (None, tenant_id):
        return
    await session.assume_tenant(tenant_id)
    await repository.revoke_session_of_token(session, token_hash, "log-out")


async def _issue(session: TenantSession, tokens: AccessTokens, member: Member, session_id: UUID) -> LogIn:
    secret = _REFRESH_PREFIX + new_secret()
    await repository.add_refresh_token(session, member.tenant_id, session_id, hash_secret(secret))
    return LogIn(member, tokens.issue(member), secret)


def _token_hash(refresh_token: str) -> bytes:
    if not refresh_token.startswith(_REFRESH_PREFIX) or len(refresh_token) > _MAX_TOKEN_CHARS:
        raise InvalidRefreshToken
    return hash_secret(refresh_token)
