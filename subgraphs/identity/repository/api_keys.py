"""API keys."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, insert, or_, select, update

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.session import TenantSession
from subgraphs.identity.tables import api_keys, tenants

API_KEYS_BY_AGE: Final = Ordering("newest", Key(api_keys.c.created_at, descending=True), Key(api_keys.c.id))


async def add_api_key(session: TenantSession, **values: Any) -> Row[Any]:
    """Stores a key. `values` are the columns."""
    row = await session.row(insert(api_keys).values(**values).returning(api_keys))
    if row is None:
        raise LookupError("insert returned nothing")
    return row


async def api_keys_page(session: TenantSession, window: Window) -> Page[Row[Any]]:
    """Keys of the tenant, the newest first, with those that were revoked."""
    return await fetch_page(session, select(api_keys), window)


async def revoke_api_key(session: TenantSession, key_id: UUID) -> Row[Any] | None:
    """The key, revoked now or before; None if there is none."""
    statement = (
        update(api_keys)
        .where(api_keys.c.id == key_id)
        .values(revoked_at=func.coalesce(api_keys.c.revoked_at, func.now()), updated_at=func.now())
        .returning(api_keys)
    )
    return await session.row(statement)


async def usable_api_key(session: TenantSession, prefix: str) -> Row[Any] | None:
    """The key with its tenant, if it is neither revoked nor expired."""
    statement = (
        select(
            api_keys.c.id,
            api_keys.c.secret_hash,
            api_keys.c.scopes,
            api_keys.c.created_by,
            tenants.c.id.label("tenant_id"),
            tenants.c.slug,
            tenants.c.plan,
            tenants.c.locale,
            tenants.c.channel,
        )
        .join(tenants, tenants.c.id == api_keys.c.tenant_id)
        .where(
            api_keys.c.prefix == prefix,
            api_keys.c.revoked_at.is_(None),
            or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > func.now()),
        )
    )
    return await session.row(statement)


async def touch_api_key(session: TenantSession, key_id: UUID) -> None:
    """Notes that the key is in use, once a minute at most: a busy key must not become a busy row."""
    await session.execute(
        update(api_keys)
        .where(
            api_keys.c.id == key_id,
            or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < func.now() - timedelta(minutes=1)),
        )
        .values(last_used_at=func.now())
    )
