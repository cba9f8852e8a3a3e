"""API keys of partners: `bk_<prefix>_<secret>`. The prefix finds the key, the secret proves it."""

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row

from resolvers.errors import BadUserInput, NotFound
from resolvers.operation import Operation
from resolvers.session import TenantSession
from subgraphs.identity.domain import AuditAction, check_api_key_scopes
from subgraphs.identity.repository import api_keys as api_key_rows
from subgraphs.identity.repository import credentials as credential_rows
from subgraphs.identity.tokens import hash_secret, new_secret
from subgraphs.identity.usecases.audit import note
from subgraphs.identity.usecases.members import live_scopes
from subgraphs.identity.usecases.revocation import revoke_key

__all__ = ["ApiKeyGrant", "authenticate_api_key", "create_api_key", "revoke_api_key"]

_KEY: Final = re.compile(r"bk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class ApiKeyGrant:
    """Whom an API key speaks for."""

    tenant_id: UUID
    tenant_slug: str
    scopes: tuple[str, ...]
    plan: str
    locale: str
    channel: str | None
    created_by: UUID | None


async def create_api_key(
    operation: Operation, *, name: str, scopes: Sequence[str], expires_at: datetime | None
) -> tuple[Row[Any], str]:
    """The stored key and its text, which cannot be had again.

    Raises:
        BadUserInput: no name, a scope that keys cannot have, or an end that lies in the past.
        Forbidden: a scope that the caller lacks.
    """
    label = name.strip()
    if not 1 <= len(label) <= 100:
        raise BadUserInput("A name has from 1 to 100 characters.", path=("input", "name"))
    check_api_key_scopes(scopes, await live_scopes(operation, "identity:admin"))
    if expires_at is not None:
        if expires_at.tzinfo is None:
            raise BadUserInput("Give the time with its zone.", path=("input", "expiresAt"))
        if expires_at <= datetime.now(UTC):
            raise BadUserInput("This lies in the past.", path=("input", "expiresAt"))
    prefix, secret = secrets.token_hex(8), new_secret()
    row = await api_key_rows.add_api_key(
        operation.session,
        tenant_id=operation.tenant_id(),
        name=label,
        prefix=prefix,
        secret_hash=hash_secret(secret),
        scopes=sorted(set(scopes)),
        created_by=operation.request.user_id,
        expires_at=expires_at,
    )
    await _note(operation, AuditAction.API_KEY_CREATED, row)
    return row, f"bk_{prefix}_{secret}"


async def revoke_api_key(operation: Operation, key_id: UUID) -> Row[Any]:
    """The key, which is not accepted any more, not even by a Brain that remembers it. Raises `NotFound`."""
    await live_scopes(operation, "identity:admin")
    row = await api_key_rows.revoke_api_key(operation.session, key_id)
    if row is None:
        raise NotFound("There is no such API key.")
    await revoke_key(operation.redis, row.prefix)
    await _note(operation, AuditAction.API_KEY_REVOKED, row)
    return row


async def _note(operation: Operation, action: AuditAction, row: Row[Any]) -> None:
    details = {"prefix": row.prefix, "scopes": " ".join(row.scopes)}
    await note(
        operation.session,
        operation.tenant_id(),
        action,
        actor=operation.request.user_id,
        label=row.name,
        details=details,
    )


async def authenticate_api_key(session: TenantSession, key: str) -> ApiKeyGrant | None:
    """What the key grants, or None if it is not valid."""
    parts = _KEY.fullmatch(key)
    if parts is None:
        return None
    prefix, secret = parts.groups()
    tenant_id = await credential_rows.tenant_of_api_key(session, prefix)
    if tenant_id is None or session.context.tenant_id not in (None, tenant_id):
        return None
    await session.assume_tenant(tenant_id)
    row = await api_key_rows.usable_api_key(session, prefix)
    if row is None or not hmac.compare_digest(row.secret_hash, hash_secret(secret)):
        return None
    await api_key_rows.touch_api_key(session, row.id)
    return ApiKeyGrant(row.tenant_id, row.slug, tuple(row.scopes), row.plan, row.locale, row.channel, row.created_by)
