"""Makes rollups anew from what is kept of events, of all tenants.

Needed after a change of the rules; nothing else makes rollups differ from events. Tenants are dealt with one after
another, each in one transaction: until it ends its readers see what was before, and its events wait.
"""

from resolvers.context import RequestContext
from resolvers.session import Database
from subgraphs.analytics.repository.facts import tenants
from subgraphs.analytics.usecases import counting

__all__ = ["rebuild"]


async def rebuild(owner: Database) -> int:
    """Makes them, and says from how many events.

    Args:
        owner: with the log-in of the tables' owner, whom row-level security does not bind: each statement names the
            tenant itself.
    """
    async with owner.session(RequestContext.system(None)) as session:
        found = await tenants(session)
    number = 0
    for tenant_id in found:
        async with owner.session(RequestContext.system(tenant_id)) as session:
            number += await counting.rebuild(session)
    return number
