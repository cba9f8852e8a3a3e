"""Demo data: a shop for each demo tenant, with forty products, two channels, customers and their orders.

Numbers are the same in all shops: product 152 of one has nothing to do with product 152 of another.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, demo_tenant_id
from resolvers.session import Database, TenantSession
from subgraphs.saleor.seed.catalogue import catalogue_rows
from subgraphs.saleor.seed.people import people_rows
from subgraphs.saleor.seed.sales import sales_rows

__all__ = ["seed"]


async def seed(database: Database) -> None:
    """Writes the demo data. Rows that exist stay as they are."""
    for slug in TENANTS:
        tenant_id = demo_tenant_id(slug)
        async with database.session(RequestContext.system(tenant_id)) as session:
            for table, rows in (*catalogue_rows(slug), *await people_rows(slug), *sales_rows(slug)):
                await _add(session, tenant_id, table, rows)


async def _add(session: TenantSession, tenant_id: UUID, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    own = [{"tenant_id": tenant_id, **row} for row in rows]
    await session.execute(insert(table).on_conflict_do_nothing(), own)
