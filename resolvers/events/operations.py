"""What an operator does about events, for all tenants at once: with the log-in of the tables' owner."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select, update

from resolvers.context import RequestContext
from resolvers.events.tables import EVENTS
from resolvers.session import Database

__all__ = ["dead_events", "replay", "resend"]

_outbox: Final = EVENTS.outbox
_parked: Final = EVENTS.parked


async def dead_events(database: Database, tenant_id: UUID | None, most: int = 1000) -> Sequence[Row[Any]]:
    """Events that were given up, the latest first."""
    wanted = select(_parked).where(_parked.c.died_at.is_not(None))
    if tenant_id is not None:
        wanted = wanted.where(_parked.c.tenant_id == tenant_id)
    async with database.session(RequestContext.system(None)) as session:
        return await session.rows(wanted.order_by(_parked.c.died_at.desc()).limit(most))


async def replay(database: Database, events: Sequence[UUID] | None, tenant_id: UUID | None = None) -> int:
    """Has dead events tried again from the start, and says how many.

    Args:
        events: their ids; None: all.
    """
    now = datetime.now(UTC)
    statement = update(_parked).where(_parked.c.died_at.is_not(None))
    if events is not None:
        statement = statement.where(_parked.c.event_id.in_(events))
    if tenant_id is not None:
        statement = statement.where(_parked.c.tenant_id == tenant_id)
    async with database.session(RequestContext.system(None)) as session:
        return await session.execute(statement.values(died_at=None, tries=0, next_try_at=now))


async def resend(database: Database, name: str | None, since: datetime | None) -> int:
    """Has events of the outbox sent again to everyone, and says how many. Whoever has had one ignores it."""
    statement = update(_outbox)
    if name is not None:
        statement = statement.where(_outbox.c.name == name)
    if since is not None:
        statement = statement.where(_outbox.c.created_at >= since)
    values = {"sent_run": None, "entry_ms": None, "entry_seq": None, "confirmed_at": None}
    async with database.session(RequestContext.system(None)) as session:
        return await session.execute(statement.values(values))
