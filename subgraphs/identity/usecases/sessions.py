"""Looking at log-ins and ending them: one's own, and, for owners, those of members."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.errors import NotFound
from resolvers.operation import Operation
from resolvers.pagination import Page, Window
from subgraphs.identity.domain import AuditAction
from subgraphs.identity.repository import log_ins as log_in_rows
from subgraphs.identity.usecases.audit import note
from subgraphs.identity.usecases.members import live_scopes
from subgraphs.identity.usecases.revocation import revoke_access_tokens

__all__ = ["revoke_session", "revoke_sessions", "sessions_page"]

_OTHERS = "identity:admin"


async def sessions_page(operation: Operation, window: Window, user_id: UUID | None, *, alive: bool) -> Page[Row[Any]]:
    """Log-ins of a member, or of the caller.

    Raises:
        Unauthenticated: nobody is signed in.
        Forbidden: they are somebody else's, and the caller is no owner.
    """
    wanted = await _whose(operation, user_id)
    return await log_in_rows.sessions_page(operation.session, window, wanted, alive=alive)


async def revoke_session(operation: Operation, session_id: UUID) -> Row[Any]:
    """Ends one log-in: its refresh token, and the access tokens of the user in this tenant, those of other log-ins too.

    Other log-ins get new ones with their refresh tokens, unseen. A log-in that has ended stays as it is.

    Raises:
        NotFound: there is none, or it is somebody else's and the caller is no owner.
    """
    session, tenant_id, own = operation.session, operation.tenant_id(), operation.user_id()
    row = await log_in_rows.lock_session(session, session_id)
    if row is None or (row.user_id != own and _OTHERS not in operation.request.scopes):
        raise NotFound("There is no such log-in.")
    if row.user_id != own:
        await live_scopes(operation, _OTHERS)
    if not row.alive:
        return row
    await log_in_rows.revoke_session(session, session_id, "revoked")
    await revoke_access_tokens(operation.redis, tenant_id, row.user_id)
    await note(session, tenant_id, AuditAction.SESSION_REVOKED, actor=own, subject=row.user_id)
    found = await log_in_rows.lock_session(session, session_id)
    return row if found is None else found


async def revoke_sessions(operation: Operation, user_id: UUID | None) -> int:
    """Ends all log-ins of a member, or of the caller, and their access tokens; how many there were.

    Raises:
        Unauthenticated: nobody is signed in.
        Forbidden: they are somebody else's, and the caller is no owner.
    """
    session, tenant_id = operation.session, operation.tenant_id()
    wanted = await _whose(operation, user_id)
    count = await log_in_rows.revoke_sessions_of_user(session, wanted, "revoked")
    if count:
        await revoke_access_tokens(operation.redis, tenant_id, wanted)
        details = {"count": count}
        actor = operation.user_id()
        await note(session, tenant_id, AuditAction.SESSIONS_REVOKED, actor=actor, subject=wanted, details=details)
    return count


async def _whose(operation: Operation, user_id: UUID | None) -> UUID:
    own = operation.user_id()
    if user_id is None or user_id == own:
        return own
    operation.require(_OTHERS)
    await live_scopes(operation, _OTHERS)
    return user_id
