"""Writing events beside what they tell of: in the same transaction, just before it is committed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, text

from resolvers.events.declaration import declaration_of
from resolvers.events.tables import EVENTS

if TYPE_CHECKING:
    from resolvers.session import TenantSession

__all__ = ["LOCK", "Outgoing", "lock_keys", "outgoing", "rows_of", "write"]

LOCK: Final = "select pg_advisory_xact_lock(hashtextextended(key, 0)) from unnest(cast({} as text[])) as keys (key)"
"""Locks `lock_keys`, which stand in the braces, until the commit: events about one aggregate get their positions in the
order of commits. It is the last that a transaction does before it writes them: nobody who holds one waits for another's
rows."""

_LOCK: Final = text(LOCK.format(":keys"))


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


def lock_keys(scope: str, tenant_id: UUID, events: Sequence[Outgoing]) -> list[str]:
    """What is locked before events are written, in the order in which all do so.

    Args:
        scope: the context, whose aggregates these are.
    """
    return sorted({f"event/{scope}/{tenant_id}/{each.aggregate}" for each in events})


def rows_of(tenant_id: UUID, events: Sequence[Outgoing], request_id: str) -> list[dict[str, Any]]:
    """The events as rows of the outbox, in their order: the values by the columns' names."""
    return [{"tenant_id": tenant_id, "request_id": request_id, **asdict(each)} for each in events]


async def write(session: "TenantSession", tenant_id: UUID, events: Sequence[Outgoing], scope: str) -> None:
    """Puts events into the outbox, in their order.

    Args:
        scope: the context, whose aggregates these are.
    """
    await session.rows(_LOCK, {"keys": lock_keys(scope, tenant_id, events)})
    await session.execute(insert(EVENTS.outbox), rows_of(tenant_id, events, session.context.request_id))
