"""Tells others of all members that there are, as they are: for those who have begun to listen since."""

from typing import Final
from uuid import UUID

from sqlalchemy import select

from resolvers.context import RequestContext
from resolvers.session import Database, TenantSession
from subgraphs.identity.events import MemberConfirmed
from subgraphs.identity.tables import memberships

__all__ = ["retell"]

_AT_ONCE: Final = 500


async def retell(owner: Database, tenant_id: UUID | None) -> int:
    """Tells of the members of a tenant, or of all, and says how many those are.

    Args:
        owner: with the log-in of the tables' owner.
    """
    tenants = [tenant_id]
    if tenant_id is None:
        async with owner.session(RequestContext.system(None)) as session:
            tenants = [row.tenant_id for row in await session.rows(select(memberships.c.tenant_id).distinct())]
    return sum([await _all(owner, each) for each in tenants])


async def _all(owner: Database, tenant_id: UUID | None) -> int:
    """In parts, each a transaction of its own."""
    number, after = 0, None
    while True:
        async with owner.session(RequestContext.system(tenant_id)) as session:
            told = await _some(session, after)
        number += len(told)
        if len(told) < _AT_ONCE:
            return number
        after = told[-1]


async def _some(session: TenantSession, after: UUID | None) -> list[UUID]:
    """Tells of the next members, in order of the memberships' ids, which are returned."""
    member = memberships.c
    wanted = select(member.id, member.user_id, member.role, member.updated_at)
    # The tables' owner sees all tenants.
    wanted = wanted.where(member.tenant_id == session.tenant_id()).order_by(member.id).limit(_AT_ONCE)
    rows = await session.rows(wanted if after is None else wanted.where(member.id > after))
    for row in rows:
        session.publish(MemberConfirmed(row.user_id, row.role, row.updated_at))
    return [row.id for row in rows]
