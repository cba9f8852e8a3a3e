"""Before a tenant is known: the functions of the first migration, and nothing else."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, text

from resolvers.session import TenantSession


@dataclass(frozen=True, slots=True)
class Credential:
    """What a log-in is checked against."""

    user_id: UUID
    password_hash: str
    tenant_ids: tuple[UUID, ...]


async def find_credentials(session: TenantSession, email: str, tenant_id: UUID | None) -> list[Credential]:
    """Accounts with that address, five at most: in the tenant, or without one anywhere (those of no tenant last)."""
    statement = text("select * from identity.find_credentials(:email, :tenant)").bindparams(
        bindparam("email", email, Text), bindparam("tenant", tenant_id, Uuid)
    )
    return [Credential(row.user_id, row.password_hash, tuple(row.tenant_ids)) for row in await session.rows(statement)]


async def replace_password_hash(session: TenantSession, user_id: UUID, old: str, new: str) -> None:
    """Stores a stronger hash of the same password."""
    values = {"user_id": user_id, "old": old, "new": new}
    await session.rows(text("select identity.replace_password_hash(:user_id, :old, :new)"), values)


async def create_account(session: TenantSession, invitation_hash: bytes, password_hash: str) -> UUID | None:
    """A new account for whom an open invitation names; None if it is not open."""
    values = {"invitation": invitation_hash, "hash": password_hash}
    return _uuid(await session.scalar(text("select identity.create_account(:invitation, :hash)"), values))


async def find_tenant(session: TenantSession, *, domain: str | None = None, slug: str | None = None) -> UUID | None:
    """The tenant with that slug or domain."""
    statement = text("select identity.find_tenant(:domain, :slug)").bindparams(
        bindparam("domain", domain, Text), bindparam("slug", slug, Text)
    )
    return _uuid(await session.scalar(statement))


async def tenant_of_refresh_token(session: TenantSession, token_hash: bytes) -> UUID | None:
    """The tenant for which the token was issued."""
    return _uuid(await session.scalar(text("select identity.tenant_of_refresh_token(:hash)"), {"hash": token_hash}))


async def tenant_of_api_key(session: TenantSession, prefix: str) -> UUID | None:
    """The tenant that the key belongs to."""
    return _uuid(await session.scalar(text("select identity.tenant_of_api_key(:prefix)"), {"prefix": prefix}))


async def tenant_of_invitation(session: TenantSession, token_hash: bytes) -> UUID | None:
    """The tenant that invites."""
    return _uuid(await session.scalar(text("select identity.tenant_of_invitation(:hash)"), {"hash": token_hash}))


def _uuid(value: Any) -> UUID | None:
    return None if value is None else UUID(str(value))
