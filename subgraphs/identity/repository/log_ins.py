"""Log-in sessions and refresh tokens."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.session import TenantSession
from subgraphs.identity.domain import LogInMethod
from subgraphs.identity.tables import login_sessions, refresh_tokens

SESSION_LIFETIME: Final = timedelta(days=30)
REFRESH_GRACE: Final = timedelta(seconds=10)
SESSIONS_BY_AGE: Final = Ordering(
    "newest", Key(login_sessions.c.created_at, descending=True), Key(login_sessions.c.id, descending=True)
)
_ALIVE: Final = login_sessions.c.revoked_at.is_(None) & (login_sessions.c.expires_at > func.now())


async def add_session(session: TenantSession, tenant_id: UUID, user_id: UUID, method: LogInMethod) -> UUID:
    """A new family of refresh tokens, from the client that asks now."""
    statement = (
        insert(login_sessions)
        .values(
            tenant_id=tenant_id,
            user_id=user_id,
            expires_at=func.now() + SESSION_LIFETIME,
            method=method.value,
            client=session.context.client,
        )
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
            _ALIVE.label("alive"),
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


async def touch_session(session: TenantSession, session_id: UUID) -> None:
    """Notes that the family is in use, and from where."""
    await session.execute(
        update(login_sessions)
        .where(login_sessions.c.id == session_id)
        .values(last_used_at=func.now(), client=func.coalesce(session.context.client, login_sessions.c.client))
    )


async def sessions_page(session: TenantSession, window: Window, user_id: UUID, *, alive: bool) -> Page[Row[Any]]:
    """Log-ins of a user in this tenant, the newest first.

    Args:
        alive: only those that have neither ended nor been revoked.
    """
    statement = select(login_sessions, _ALIVE.label("alive")).where(login_sessions.c.user_id == user_id)
    return await fetch_page(session, statement.where(_ALIVE) if alive else statement, window)


async def lock_session(session: TenantSession, session_id: UUID) -> Row[Any] | None:
    """A log-in of the tenant, locked."""
    statement = select(login_sessions, _ALIVE.label("alive")).where(login_sessions.c.id == session_id)
    return await session.row(statement.with_for_update())


async def revoke_session(session: TenantSession, session_id: UUID, reason: str) -> None:
    """Ends one family."""
    await _revoke(session, login_sessions.c.id == session_id, reason)


async def user_of_refresh_token(session: TenantSession, token_hash: bytes) -> Row[Any] | None:
    """`session_id`, `user_id` and whether the family is `alive`; None for no such token."""
    statement = (
        select(login_sessions.c.id.label("session_id"), login_sessions.c.user_id, _ALIVE.label("alive"))
        .join(refresh_tokens, refresh_tokens.c.session_id == login_sessions.c.id)
        .where(refresh_tokens.c.token_hash == token_hash)
    )
    return await session.row(statement)


async def revoke_sessions_of_user(session: TenantSession, user_id: UUID, reason: str) -> int:
    """Ends all families of the user in this tenant; how many there were that had not ended."""
    return await _revoke(session, login_sessions.c.user_id == user_id, reason)


async def _revoke(session: TenantSession, condition: Any, reason: str) -> int:
    return await session.execute(
        update(login_sessions).where(condition, _ALIVE).values(revoked_at=func.now(), revoke_reason=reason)
    )
