"""Log-in sessions and refresh tokens."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update

from resolvers.session import TenantSession
from subgraphs.identity.tables import login_sessions, refresh_tokens

SESSION_LIFETIME: Final = timedelta(days=30)
REFRESH_GRACE: Final = timedelta(seconds=10)


async def add_session(session: TenantSession, tenant_id: UUID, user_id: UUID) -> UUID:
    """A new family of refresh tokens."""
    statement = (
        insert(login_sessions)
        .values(tenant_id=tenant_id, user_id=user_id, expires_at=func.now() + SESSION_LIFETIME)
        .returning(login_sessions.c.id)
    )
    session_id: UUID = await session.scalar(statement)
    return session_id


async def add_refresh_token(session: TenantSession, tenant_id: UUID, session_id: UUID, token_hash: bytes) -> None:
    """The family's newest token."""
    await session.execute(
        insert(refresh_tokens).values(tenant_id=tenant_id, session_id=session_id, token_hash=token_hash)
    )


async def lock_refresh_token(session: TenantSession, token_hash: bytes) -> Row[Any] | None:
    """The token and its family, locked; None if another transaction is using it at this moment.

    `used_lately`: it was used, `REFRESH_GRACE` ago at most. `alive`: the family has neither expired nor been revoked.
    """
    statement = (
        select(
            refresh_tokens.c.id,
            refresh_tokens.c.used_at,
            (refresh_tokens.c.used_at > func.clock_timestamp() - REFRESH_GRACE).label("used_lately"),
            login_sessions.c.id.label("session_id"),
            login_sessions.c.user_id,
            (login_sessions.c.revoked_at.is_(None) & (login_sessions.c.expires_at > func.now())).label("alive"),
        )
        .join(login_sessions, login_sessions.c.id == refresh_tokens.c.session_id)
        .where(refresh_tokens.c.token_hash == token_hash)
        .with_for_update(of=refresh_tokens, skip_locked=True)
    )
    return await session.row(statement)


async def use_refresh_token(session: TenantSession, token_id: UUID) -> None:
    """Marks the token as used. The wall clock, not the transaction's: see `lock_refresh_token`."""
    await session.execute(
        update(refresh_tokens).where(refresh_tokens.c.id == token_id).values(used_at=func.clock_timestamp())
    )


async def revoke_session(session: TenantSession, session_id: UUID, reason: str) -> None:
    """Ends one family."""
    await _revoke(session, login_sessions.c.id == session_id, reason)


async def user_of_refresh_token(session: TenantSession, token_hash: bytes) -> Row[Any] | None:
    """`session_id`, `user_id` and whether the family is `alive`; None for no such token."""
    alive = login_sessions.c.revoked_at.is_(None) & (login_sessions.c.expires_at > func.now())
    statement = (
        select(login_sessions.c.id.label("session_id"), login_sessions.c.user_id, alive.label("alive"))
        .join(refresh_tokens, refresh_tokens.c.session_id == login_sessions.c.id)
        .where(refresh_tokens.c.token_hash == token_hash)
    )
    return await session.row(statement)


async def revoke_sessions_of_user(session: TenantSession, user_id: UUID, reason: str) -> None:
    """Ends all families of the user in this tenant."""
    await _revoke(session, login_sessions.c.user_id == user_id, reason)


async def _revoke(session: TenantSession, condition: Any, reason: str) -> None:
    await session.execute(
        update(login_sessions)
        .where(condition, login_sessions.c.revoked_at.is_(None))
        .values(revoked_at=func.now(), revoke_reason=reason)
    )
