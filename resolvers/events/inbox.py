"""What has had its effect here, so that it has it once."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from resolvers.events.tables import EVENTS
from resolvers.session import TenantSession

__all__ = ["first_time"]


async def first_time(session: TenantSession, subscription: str, event_id: UUID) -> bool:
    """Notes that something has its effect in this transaction; False if it has had it before.

    Whoever asks for the same at the same moment waits for the end of this transaction.

    Args:
        subscription: under which it is noted: a handler's name, or that of whatever comes in by another way.

    Raises:
        Unauthenticated: the session has no tenant.
    """
    note = insert(EVENTS.inbox).values(tenant_id=session.tenant_id(), subscription=subscription, event_id=event_id)
    return bool(await session.execute(note.on_conflict_do_nothing()))
