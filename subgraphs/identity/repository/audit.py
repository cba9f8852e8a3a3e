"""The log of who did what to whom."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, insert, literal, select

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.session import TenantSession
from subgraphs.identity.tables import audit_entries, users

ENTRIES_BY_AGE: Final = Ordering(
    "newest", Key(audit_entries.c.created_at, descending=True), Key(audit_entries.c.id, descending=True)
)


async def add_entry(
    session: TenantSession,
    tenant_id: UUID,
    *,
    action: str,
    actor_id: UUID | None,
    otherwise: str,
    subject_id: UUID | None,
    label: str | None,
    details: Mapping[str, str],
) -> None:
    """Adds an entry. Users are noted with their addresses too, which outlive their memberships.

    Args:
        otherwise: what the actor is called who is no user.
        label: what the subject is called; without it its address.
    """
    await session.execute(
        insert(audit_entries).values(
            tenant_id=tenant_id,
            action=action,
            actor_id=actor_id,
            actor_label=otherwise if actor_id is None else func.coalesce(_address(actor_id), literal("former member")),
            subject_id=subject_id,
            subject_label=label if label is not None else func.coalesce(_address(subject_id), literal("")),
            details=dict(details),
            client=session.context.client,
            request_id=session.context.request_id,
        )
    )


async def entries_page(
    session: TenantSession,
    window: Window,
    *,
    actions: list[str] | None,
    actor_id: UUID | None,
    subject_id: UUID | None,
    since: datetime | None,
    until: datetime | None,
) -> Page[Row[Any]]:
    """Entries of the tenant, the newest first, those that meet all that is asked for."""
    table = audit_entries.c
    statement = select(audit_entries)
    if actions:
        statement = statement.where(table.action.in_(actions))
    if actor_id is not None:
        statement = statement.where(table.actor_id == actor_id)
    if subject_id is not None:
        statement = statement.where(table.subject_id == subject_id)
    if since is not None:
        statement = statement.where(table.created_at >= since)
    if until is not None:
        statement = statement.where(table.created_at < until)
    return await fetch_page(session, statement, window)


def _address(user_id: UUID | None) -> Any:
    return select(users.c.email).where(users.c.id == user_id).scalar_subquery()
