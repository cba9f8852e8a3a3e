"""The demo tenants and their users. What is there already stays as it is."""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, USERS, demo_email, demo_id, demo_password, demo_tenant_id
from resolvers.session import Database, TenantSession
from subgraphs.identity.passwords import Passwords
from subgraphs.identity.tables import credentials, memberships, tenant_domains, tenants, users

__all__ = ["seed"]

# The channels are those of Saleor's own sample data: the demo tenants can share such a Saleor, too.
_TENANTS: Final[dict[str, dict[str, str]]] = {
    "acme": {"name": "Acme Hardware", "plan": "growth", "locale": "en-GB", "channel": "default-channel"},
    "globex": {"name": "Globex Travel", "plan": "starter", "locale": "de-DE", "channel": "channel-pln"},
}
_NAMES: Final = {
    "acme": {"ada": "Ada Lindqvist", "ben": "Ben Okafor", "cleo": "Cleo Marsh", "dan": "Dan Petrov"},
    "globex": {"ada": "Ada Brandt", "ben": "Ben Castillo", "cleo": "Cleo Weiss", "dan": "Dan Moreau"},
}
_SINCE: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


async def seed(database: Database) -> None:
    """Writes tenants, domains, users, passwords and memberships, as the owner of the tables."""
    passwords = Passwords()
    for slug in TENANTS:
        async with database.session(RequestContext.system(demo_tenant_id(slug))) as session:
            await _seed_tenant(session, slug)
            for key, role in USERS.items():
                await _seed_user(session, passwords, slug, key, role)


async def _seed_tenant(session: TenantSession, slug: str) -> None:
    tenant_id = demo_tenant_id(slug)
    await _keep(session, tenants, id=tenant_id, slug=slug, created_at=_SINCE, updated_at=_SINCE, **_TENANTS[slug])
    for domain in (f"{slug}.example", f"{slug}.localhost"):
        await _keep(session, tenant_domains, id=demo_id(slug, "domain", domain), tenant_id=tenant_id, domain=domain)


async def _seed_user(session: TenantSession, passwords: Passwords, slug: str, key: str, role: str) -> None:
    user_id = demo_id(slug, "user", key)
    email, name = demo_email(slug, key), _NAMES[slug][key]
    await _keep(session, users, id=user_id, email=email, name=name, created_at=_SINCE, updated_at=_SINCE)
    if await session.scalar(select(credentials.c.user_id).where(credentials.c.user_id == user_id)) is None:
        await _keep(session, credentials, user_id=user_id, password_hash=await passwords.hash(demo_password(slug, key)))
    await _keep(
        session,
        memberships,
        id=demo_id(slug, "membership", key),
        tenant_id=demo_tenant_id(slug),
        user_id=user_id,
        role=role,
        created_at=_SINCE,
        updated_at=_SINCE,
    )


async def _keep(session: TenantSession, table: Any, **values: Any) -> None:
    await session.execute(insert(table).values(**values).on_conflict_do_nothing())
