"""Tenants, users and memberships."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.session import TenantSession
from subgraphs.identity.domain import Role
from subgraphs.identity.tables import (
    memberships,
    tenant_domains,
    tenants,
    users,
)
from subgraphs.identity.tokens import Member

USERS_BY_NAME: Final = Ordering("name", Key(users.c.name), Key(users.c.id))
MEMBERSHIPS_BY_AGE: Final = Ordering("age", Key(memberships.c.created_at), Key(memberships.c.id))


async def tenants_by_id(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Tenants among `ids`; row-level security shows the caller's own at most."""
    return {row.id: row for row in await session.rows(select(tenants).where(tenants.c.id.in_(ids)))}


async def domains_by_tenant(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Host names of each tenant, sorted."""
    table = tenant_domains.c
    statement = select(table.tenant_id, table.domain).where(table.tenant_id.in_(ids)).order_by(table.domain)
    found: dict[UUID, list[str]] = {}
    for row in await session.rows(statement):
        found.setdefault(row.tenant_id, []).append(row.domain)
    return found


async def users_by_id(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Members of the caller's tenant among `ids`."""
    return {row.id: row for row in await session.rows(select(users).where(users.c.id.in_(ids)))}


async def users_page(session: TenantSession, window: Window, search: str | None) -> Page[Row[Any]]:
    """Members of the tenant by name, those whose name or address contains `search`."""
    statement = select(users)
    if search:
        statement = statement.where(
            or_(users.c.name.icontains(search, autoescape=True), users.c.email.icontains(search, autoescape=True))
        )
    return await fetch_page(session, statement, window)


async def member(session: TenantSession, user_id: UUID) -> Member | None:
    """The member, with what an access token says; locked against a change of role before the token is out."""
    statement = (
        select(
            users.c.id.label("user_id"),
            users.c.email,
            users.c.name.label("user_name"),
            memberships.c.role,
            tenants.c.id.label("tenant_id"),
            tenants.c.slug,
            tenants.c.plan,
            tenants.c.locale,
            tenants.c.channel,
        )
        .select_from(memberships)
        .join(users, users.c.id == memberships.c.user_id)
        .join(tenants, tenants.c.id == memberships.c.tenant_id)
        .where(memberships.c.user_id == user_id)
        .with_for_update(read=True, of=memberships)
    )
    row = await session.row(statement)
    if row is None:
        return None
    return Member(
        user_id=row.user_id,
        email=row.email,
        name=row.user_name,
        role=Role(row.role),
        tenant_id=row.tenant_id,
        tenant_slug=row.slug,
        plan=row.plan,
        locale=row.locale,
        channel=row.channel,
    )


async def memberships_by_user(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """The membership of each user in the caller's tenant."""
    statement = select(memberships).where(memberships.c.user_id.in_(ids))
    return {row.user_id: row for row in await session.rows(statement)}


async def memberships_page(session: TenantSession, window: Window, role: Role | None) -> Page[Row[Any]]:
    """Memberships of the tenant, the oldest first."""
    statement: Select[Any] = select(memberships)
    if role is not None:
        statement = statement.where(memberships.c.role == role.value)
    return await fetch_page(session, statement, window)


async def lock_owners(session: TenantSession) -> list[UUID]:
    """User ids of the tenant's owners, locked: two owners cannot remove each other at the same time."""
    table = memberships.c
    statement = select(table.user_id).where(table.role == Role.OWNER.value).order_by(table.id).with_for_update()
    return [row.user_id for row in await session.rows(statement)]


async def role_of(session: TenantSession, user_id: UUID) -> Role | None:
    """The role that the user has now, or None for who is no member."""
    found = await session.scalar(select(memberships.c.role).where(memberships.c.user_id == user_id))
    return None if found is None else Role(found)


async def lock_role(session: TenantSession, user_id: UUID) -> Role | None:
    """As `role_of`, locked against a change by others."""
    statement = select(memberships.c.role).where(memberships.c.user_id == user_id).with_for_update()
    found = await session.scalar(statement)
    return None if found is None else Role(found)


async def is_member_address(session: TenantSession, email: str) -> bool:
    """Whether a member of the tenant has that address."""
    return await session.row(select(users.c.id).where(users.c.email == email)) is not None


async def member_by_address(session: TenantSession, email: str) -> UUID | None:
    """The member of the tenant with that address, the oldest account if there are several."""
    found: UUID | None = await session.scalar(
        select(users.c.id).where(users.c.email == email).order_by(users.c.created_at, users.c.id).limit(1)
    )
    return found


async def add_membership(session: TenantSession, tenant_id: UUID, user_id: UUID, role: Role) -> bool:
    """Whether the user has become a member; False if they were one already."""
    statement = (
        upsert(memberships)
        .values(tenant_id=tenant_id, user_id=user_id, role=role.value)
        .on_conflict_do_nothing(index_elements=["tenant_id", "user_id"])
    )
    return await session.execute(statement) > 0


async def set_role(session: TenantSession, user_id: UUID, role: Role) -> Row[Any] | None:
    """The changed membership, or None."""
    statement = (
        update(memberships)
        .where(memberships.c.user_id == user_id)
        .values(role=role.value, updated_at=func.now())
        .returning(memberships)
    )
    return await session.row(statement)


async def remove_membership(session: TenantSession, user_id: UUID) -> bool:
    """Whether there was one."""
    return await session.execute(delete(memberships).where(memberships.c.user_id == user_id)) > 0
