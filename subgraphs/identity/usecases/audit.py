"""What is noted of who did what to whom. Never a secret, a password, a token or a hash of one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from resolvers.session import TenantSession
from subgraphs.identity.domain import AuditAction
from subgraphs.identity.repository import audit as audit_rows

__all__ = ["note"]


async def note(
    session: TenantSession,
    tenant_id: UUID,
    action: AuditAction,
    *,
    actor: UUID | None,
    subject: UUID | None = None,
    label: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Adds an entry to the tenant's log, in the transaction that does it.

    Args:
        actor: the user who does it; None for an API key, or for the platform itself.
        subject: the user to whom it is done, who must be a member still for the address to be noted.
        label: what it is done to, where that is no user: an address, a key's name.
        details: values by name, for people to read.
    """
    context = session.context
    found = dict(details or {})
    if context.run_id is not None:
        found["agentRun"] = context.run_id
    await audit_rows.add_entry(
        session,
        tenant_id,
        action=action.value,
        actor_id=actor,
        otherwise="API key" if context.scopes else "platform",
        subject_id=subject,
        label=label,
        details={name: str(value) for name, value in found.items() if value is not None},
    )
