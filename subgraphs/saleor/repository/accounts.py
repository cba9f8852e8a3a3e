"""Users, their addresses, apps, and who has to wait before the next log-in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from resolvers.session import TenantSession
from subgraphs.saleor.tables import addresses, apps, login_delays, users

__all__ = [
    "add_address",
    "addresses_by_id",
    "addresses_of",
    "app_by_id",
    "app_by_token",
    "customer_list",
    "delay_logins",
    "login_delay",
    "tenant_of",
    "user_by_email",
    "users_by_email",
    "users_by_id",
]


async def tenant_of(session: TenantSession, slug: str) -> UUID | None:
    """The tenant whose shop has this slug: the one thing that is known before the tenant is."""
    found: UUID | None = await session.scalar(select(func.saleor.tenant_of(slug)))
    return found


async def users_by_id(session: TenantSession, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Rows of users."""
    return {row.id: row for row in await session.rows(select(users).where(users.c.id.in_(ids)))}


async def users_by_email(session: TenantSession, emails: Sequence[str]) -> dict[str, Row[Any]]:
    """Rows of users, by address in lower case."""
    return {row.email: row for row in await session.rows(select(users).where(users.c.email.in_(emails)))}


async def user_by_email(session: TenantSession, email: str) -> Row[Any] | None:
    """The user of an address."""
    return await session.row(select(users).where(users.c.email == email.lower()))


def customer_list(search: str | None) -> Select[Any]:
    """Users who are not staff."""
    statement = select(users).where(~users.c.is_staff)
    if search:
        pattern = "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        columns = (users.c.email, users.c.first_name, users.c.last_name)
        statement = statement.where(or_(*[column.ilike(pattern, escape="\\") for column in columns]))
    return statement


async def addresses_by_id(session: TenantSession, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Rows of addresses."""
    return {row.id: row for row in await session.rows(select(addresses).where(addresses.c.id.in_(ids)))}


async def addresses_of(session: TenantSession, user_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The addresses of users, the oldest first."""
    found: dict[int, list[Row[Any]]] = {}
    statement = select(addresses).where(addresses.c.user_id.in_(user_ids)).order_by(addresses.c.id)
    for row in await session.rows(statement):
        found.setdefault(row.user_id, []).append(row)
    return found


async def add_address(session: TenantSession, tenant_id: UUID, values: Mapping[str, str]) -> int:
    """Keeps an address and returns its id."""
    statement = insert(addresses).values(tenant_id=tenant_id, **values).returning(addresses.c.id)
    return int(await session.scalar(statement))


async def app_by_token(session: TenantSession, token_sha256: str) -> Row[Any] | None:
    """The active app of a token."""
    return await session.row(select(apps).where(apps.c.token_sha256 == token_sha256, apps.c.is_active))


async def app_by_id(session: TenantSession, app_id: int) -> Row[Any] | None:
    """The app of an id."""
    return await session.row(select(apps).where(apps.c.id == app_id))


async def delay_logins(session: TenantSession, tenant_id: UUID, client: str, until: datetime) -> None:
    """Has an address wait; what is over for anybody is forgotten."""
    await session.execute(delete(login_delays).where(login_delays.c.until < func.now()))
    row = {"tenant_id": tenant_id, "client": client, "until": until}
    statement = upsert(login_delays).values(row)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "client"], set_={"until": until})
    )


async def login_delay(session: TenantSession, client: str) -> datetime | None:
    """Until when an address has to wait, or None."""
    statement = select(login_delays.c.until).where(login_delays.c.client == client, login_delays.c.until > func.now())
    found: datetime | None = await session.scalar(statement)
    return found
