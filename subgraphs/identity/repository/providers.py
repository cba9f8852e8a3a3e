"""Identity providers of a tenant, and whom they have signed in."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.session import TenantSession
from subgraphs.identity.tables import identity_providers, provided_identities

PROVIDERS_BY_NAME: Final = Ordering("name", Key(identity_providers.c.name), Key(identity_providers.c.id))
_LOCK: Final = text("select pg_advisory_xact_lock(hashtextextended('identity/providers/' || :tenant, 0))")


async def lock_providers(session: TenantSession, tenant_id: UUID) -> int:
    """How many the tenant has; until the end of the transaction nobody adds one."""
    await session.rows(_LOCK, {"tenant": str(tenant_id)})
    return int(await session.scalar(select(func.count()).select_from(identity_providers)))


async def add_provider(session: TenantSession, tenant_id: UUID, **values: Any) -> Row[Any] | None:
    """Stores a provider; None if there is one of that name. `values` are the columns."""
    statement = (
        upsert(identity_providers)
        .values(tenant_id=tenant_id, **values)
        .on_conflict_do_nothing(index_elements=["tenant_id", "name"])
        .returning(identity_providers)
    )
    return await session.row(statement)


async def change_provider(session: TenantSession, provider_id: UUID, **values: Any) -> Row[Any] | None:
    """The changed provider, or None."""
    statement = (
        update(identity_providers)
        .where(identity_providers.c.id == provider_id)
        .values(updated_at=func.now(), **values)
        .returning(identity_providers)
    )
    return await session.row(statement)


async def remove_provider(session: TenantSession, provider_id: UUID) -> Row[Any] | None:
    """The provider that was there, with all links to people gone; or None."""
    statement = delete(identity_providers).where(identity_providers.c.id == provider_id).returning(identity_providers)
    return await session.row(statement)


async def provider(session: TenantSession, provider_id: UUID) -> Row[Any] | None:
    """A provider of the tenant."""
    return await session.row(select(identity_providers).where(identity_providers.c.id == provider_id))


async def provider_named(session: TenantSession, name: str) -> Row[Any] | None:
    """A provider of the tenant."""
    return await session.row(select(identity_providers).where(identity_providers.c.name == name))


async def enabled_providers(session: TenantSession, most: int) -> list[Row[Any]]:
    """Those of the tenant that are switched on, by name."""
    statement = (
        select(identity_providers)
        .where(identity_providers.c.is_enabled)
        .order_by(identity_providers.c.name)
        .limit(most)
    )
    return list(await session.rows(statement))


async def providers_page(session: TenantSession, window: Window) -> Page[Row[Any]]:
    """Providers of the tenant by name."""
    return await fetch_page(session, select(identity_providers), window)


async def user_of(session: TenantSession, provider_id: UUID, subject: str) -> UUID | None:
    """Whom the provider means by `subject`."""
    table = provided_identities.c
    found: UUID | None = await session.scalar(
        select(table.user_id).where(table.provider_id == provider_id, table.subject == subject)
    )
    return found


async def link(session: TenantSession, tenant_id: UUID, provider_id: UUID, subject: str, user_id: UUID) -> bool:
    """Notes whom a provider means; False if it means somebody else by that name, or has another one for the user."""
    statement = (
        upsert(provided_identities)
        .values(tenant_id=tenant_id, provider_id=provider_id, subject=subject, user_id=user_id)
        .on_conflict_do_nothing()
    )
    return await session.execute(statement) > 0


async def lock_subject(session: TenantSession, provider_id: UUID, subject: str) -> None:
    """Until the end of the transaction nobody else signs this person in: two first times at once make one account."""
    key = f"identity/provided/{provider_id}/{subject}"
    await session.rows(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


async def create_account(session: TenantSession, provider_id: UUID, email: str, name: str) -> UUID | None:
    """A new account without a password; None if the provider may not bring that address."""
    values = {"provider": provider_id, "email": email, "name": name}
    statement = text("select identity.create_provided_account(:provider, :email, :name)")
    found = await session.scalar(statement, values)
    return None if found is None else UUID(str(found))
