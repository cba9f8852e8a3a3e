"""Invitations."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.session import TenantSession
from subgraphs.identity.tables import invitations

INVITATIONS_BY_AGE: Final = Ordering("newest", Key(invitations.c.created_at, descending=True), Key(invitations.c.id))
INVITATION_LIFETIME: Final = timedelta(days=7)


async def add_invitation(session: TenantSession, tenant_id: UUID, **values: Any) -> Row[Any] | None:
    """Stores an invitation; None if there is an open one for that address. One that has expired is replaced.

    `values` are the columns `email`, `name`, `role`, `token_hash`, `invited_by`.
    """
    table = invitations.c
    await session.execute(
        delete(invitations).where(
            table.email == values["email"], table.accepted_at.is_(None), table.expires_at <= func.now()
        )
    )
    statement = (
        upsert(invitations)
        .values(tenant_id=tenant_id, expires_at=func.now() + INVITATION_LIFETIME, **values)
        .on_conflict_do_nothing(index_elements=["tenant_id", "email"], index_where=table.accepted_at.is_(None))
        .returning(invitations)
    )
    return await session.row(statement)


async def invitations_page(session: TenantSession, window: Window) -> Page[Row[Any]]:
    """Invitations of the tenant that are not accepted, the newest first, with those that have expired."""
    return await fetch_page(session, select(invitations).where(invitations.c.accepted_at.is_(None)), window)


async def open_invitation(session: TenantSession, token_hash: bytes) -> Row[Any] | None:
    """The invitation with that token, if it can be accepted."""
    return await session.row(_open(_has(token_hash)))


async def lock_invitation(session: TenantSession, token_hash: bytes) -> Row[Any] | None:
    """As `open_invitation`, locked."""
    return await session.row(_open(_has(token_hash)).with_for_update())


async def mail_token(session: TenantSession, invitation_id: UUID, token_hash: bytes) -> str | None:
    """Has the token accepted that is sent now, in the place of the one sent before; the address, or None if the
    invitation is not open."""
    table = invitations.c
    statement = (
        update(invitations)
        .where(table.id == invitation_id, table.accepted_at.is_(None), table.expires_at > func.now())
        .values(mailed_token_hash=token_hash, updated_at=func.now())
        .returning(table.email)
    )
    address: str | None = await session.scalar(statement)
    return address


async def lock_invitation_of(session: TenantSession, email: str) -> Row[Any] | None:
    """The invitation of that address, if it can be accepted, locked."""
    return await session.row(_open(invitations.c.email == email).with_for_update())


def _has(token_hash: bytes) -> ColumnElement[bool]:
    """The token that the inviter was given, or the one that was sent."""
    return (invitations.c.token_hash == token_hash) | (invitations.c.mailed_token_hash == token_hash)


def _open(condition: Any) -> Select[Any]:
    return select(invitations).where(
        condition, invitations.c.accepted_at.is_(None), invitations.c.expires_at > func.now()
    )


async def renew_invitation(session: TenantSession, invitation_id: UUID, token_hash: bytes) -> Row[Any]:
    """The invitation, with another token and a life that begins now."""
    statement = (
        update(invitations)
        .where(invitations.c.id == invitation_id)
        .values(
            token_hash=token_hash,
            mailed_token_hash=None,
            expires_at=func.now() + INVITATION_LIFETIME,
            updated_at=func.now(),
        )
        .returning(invitations)
    )
    (row,) = await session.rows(statement)
    return row


async def accept_invitation(session: TenantSession, invitation_id: UUID) -> None:
    """Marks the invitation as used."""
    await session.execute(update(invitations).where(invitations.c.id == invitation_id).values(accepted_at=func.now()))


async def lock_open_invitation(session: TenantSession, invitation_id: UUID) -> Row[Any] | None:
    """An invitation that is not accepted, locked, be it that it has expired."""
    statement = (
        select(invitations)
        .where(invitations.c.id == invitation_id, invitations.c.accepted_at.is_(None))
        .with_for_update()
    )
    return await session.row(statement)


async def remove_invitation(session: TenantSession, invitation_id: UUID) -> None:
    """The token is not accepted any more."""
    await session.execute(delete(invitations).where(invitations.c.id == invitation_id))
