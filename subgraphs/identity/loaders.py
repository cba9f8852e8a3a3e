"""Batch functions: one statement for all keys of a level of the query."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.loaders import aligned
from resolvers.session import TenantSession
from subgraphs.identity.repository import members as member_rows

__all__ = ["domains", "membership_of_user", "tenant", "user"]


async def tenant(session: TenantSession, ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Tenants by id."""
    return aligned(ids, await member_rows.tenants_by_id(session, ids))


async def domains(session: TenantSession, tenant_ids: Sequence[UUID]) -> list[list[str]]:
    """Host names of tenants."""
    found = await member_rows.domains_by_tenant(session, tenant_ids)
    return [found.get(tenant_id, []) for tenant_id in tenant_ids]


async def user(session: TenantSession, ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """Users by id, those of the caller's tenant."""
    return aligned(ids, await member_rows.users_by_id(session, ids))


async def membership_of_user(session: TenantSession, user_ids: Sequence[UUID]) -> list[Row[Any] | None]:
    """The membership of users in the caller's tenant."""
    return aligned(user_ids, await member_rows.memberships_by_user(session, user_ids))
