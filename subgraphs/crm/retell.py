"""Tells others of all that there is, as it is: for those who have begun to listen since, or have lost something.

Listeners know by the version what is not new to them. What happened once, as that a lead was made, is not told again.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from sqlalchemy import select

from resolvers.context import RequestContext
from resolvers.session import Database, TenantSession
from subgraphs.crm.repository.contacts import retell_contacts
from subgraphs.crm.repository.leads import retell_leads
from subgraphs.crm.tables import contacts, leads

__all__ = ["retell"]

_AT_ONCE: Final = 500

_Retell = Callable[[TenantSession, UUID | None, int], Awaitable[list[UUID]]]


async def retell(owner: Database, tenant_id: UUID | None) -> int:
    """Tells of the contacts and leads of a tenant, or of all, and says how many those are.

    Args:
        owner: with the log-in of the tables' owner.
    """
    tenants = {tenant_id}
    if tenant_id is None:
        async with owner.session(RequestContext.system(None)) as session:
            both = select(contacts.c.tenant_id).union(select(leads.c.tenant_id))
            tenants = {row.tenant_id for row in await session.rows(both)}
    return sum([await _all(owner, each, tell) for each in tenants for tell in (retell_contacts, retell_leads)])


async def _all(owner: Database, tenant_id: UUID | None, tell: _Retell) -> int:
    """In parts, each a transaction of its own."""
    number, after = 0, None
    while True:
        async with owner.session(RequestContext.system(tenant_id)) as session:
            told = await tell(session, after, _AT_ONCE)
        number += len(told)
        if len(told) < _AT_ONCE:
            return number
        after = told[-1]
