"""Operators of the platform. All but `authenticate` is for sessions of the tables' owner: the application may not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text, update

from resolvers.session import TenantSession
from subgraphs.identity.tables import operator_entries, operators

__all__ = ["Operator", "add", "authenticate", "entries", "found", "note", "operator_list", "revoke"]

_MOST = 1000


@dataclass(frozen=True, slots=True)
class Operator:
    """Whom a key speaks for, while it is good."""

    name: str
    scopes: tuple[str, ...]
    expires_at: datetime


async def authenticate(session: TenantSession, prefix: str, secret_hash: bytes) -> Operator | None:
    """The operator whose key it is, and a note that it was used; None if it is nobody's, revoked or over."""
    statement = text("select name, scopes, expires_at from identity.authenticate_operator(:prefix, :hash)")
    row = await session.row(statement, {"prefix": prefix, "hash": secret_hash})
    return None if row is None else Operator(row.name, tuple(row.scopes), row.expires_at)


async def add(
    session: TenantSession, name: str, prefix: str, secret_hash: bytes, scopes: list[str], expires_at: datetime
) -> UUID:
    """A new operator."""
    values = {"name": name, "prefix": prefix, "secret_hash": secret_hash, "scopes": scopes, "expires_at": expires_at}
    added: UUID = await session.scalar(insert(operators).values(values).returning(operators.c.id))
    return added


async def found(session: TenantSession, name: str) -> UUID | None:
    """The operator of that name who is not revoked."""
    named: UUID | None = await session.scalar(
        select(operators.c.id).where(operators.c.name == name, operators.c.revoked_at.is_(None)).with_for_update()
    )
    return named


async def revoke(session: TenantSession, operator_id: UUID) -> None:
    """The operator's key is good for nothing from now on."""
    await session.execute(update(operators).where(operators.c.id == operator_id).values(revoked_at=func.now()))


async def note(session: TenantSession, operator_id: UUID, action: str, actor: str) -> None:
    """Keeps what somebody at the machine has done."""
    await session.execute(insert(operator_entries).values(operator_id=operator_id, action=action, actor=actor))


async def operator_list(session: TenantSession) -> list[Row[Any]]:
    """All there are and were, the newest first; without what proves them."""
    columns = [operators.c[name] for name in ("name", "scopes", "created_at", "expires_at", "revoked_at")]
    return list(await session.rows(select(*columns).order_by(operators.c.id.desc()).limit(_MOST)))


async def entries(session: TenantSession) -> list[Row[Any]]:
    """What was done, the newest first; uses are counted by the hour."""
    entry = operator_entries.c
    statement = (
        select(entry.at, entry.action, entry.actor, entry.times, operators.c.name)
        .join(operators, operators.c.id == entry.operator_id)
        .order_by(entry.at.desc(), entry.id.desc())
        .limit(_MOST)
    )
    return list(await session.rows(statement))
