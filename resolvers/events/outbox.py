"""Writing events beside what they tell of: in the same transaction, just before it is committed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, text

from resolvers.events.declaration import declaration_of
from resolvers.events.tables import EVENTS

if TYPE_CHECKING:
    from resolvers.session import TenantSession

__all__ = ["Outgoing", "outgoing", "write"]

# Held until the commit: events about one aggregate get their positions in the order of commits. In the order of keys,
# and last of all that a transaction does: nobody who holds one waits for another's rows.
_LOCK: Final = text(
    "select pg_advisory_xact_lock(hashtextextended(key, 0)) from unnest(cast(:keys as text[])) as keys (key)"
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A row of the outbox to be."""

    id: UUID
    name: str
    version: int
    aggregate: str
    data: dict[str, Any]
    created_at: datetime


def outgoing(event: object) -> Outgoing:
    """The row for an event that happens now.

    Raises:
        TypeError: it is no event.
        pydantic_core.PydanticSerializationError: a field holds what its type does not allow.
    """
    declared = declaration_of(type(event))
    data = declared.adapter.dump_python(event, mode="json", warnings="error")
    aggregate = str(getattr(event, declared.about))
    return Outgoing(uuid4(), declared.name, declared.version, aggregate, data, datetime.now(UTC))


async def write(session: "TenantSession", tenant_id: UUID, events: Sequence[Outgoing], scope: str) -> None:
    """Puts events into the outbox, in their order.

    Args:
        scope: the context, whose aggregates these are.
    """
    keys = sorted({f"event/{scope}/{tenant_id}/{each.aggregate}" for each in events})
    await session.rows(_LOCK, {"keys": keys})
    request_id = session.context.request_id
    rows = [
        {
            "tenant_id": tenant_id,
            "id": each.id,
            "name": each.name,
            "version": each.version,
            "aggregate": each.aggregate,
            "data": each.data,
            "request_id": request_id,
            "created_at": each.created_at,
        }
        for each in events
    ]
    await session.execute(insert(EVENTS.outbox), rows)
