"""Events that a handler refused: tried again after growing pauses, dead after the last try, replayed by hand.

While one waits, later events about the same aggregate wait behind it; what has died holds up nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, delete, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.context import RequestContext
from resolvers.events.envelope import Envelope
from resolvers.events.tables import EVENTS
from resolvers.session import Database, TenantSession

__all__ = ["Retries", "due_heads", "due_tenants", "holds_up", "note_failure", "park", "unpark"]

_parked: Final = EVENTS.parked
_DUE: Final = text("select tenant_id from events_due(:stream)")
_MAX_REASON = 1000


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a handler is asked.

    Attributes:
        most: tries, the first included.
        first_pause_s: before the second; each next pause is `factor` times as long, `longest_pause_s` at most.
    """

    most: int = 6
    first_pause_s: float = 2.0
    factor: float = 4.0
    longest_pause_s: float = 600.0

    def pause_s(self, tries: int) -> float | None:
        """How long to wait after so many tries; None: it is given up."""
        if tries >= self.most:
            return None
        return min(self.first_pause_s * self.factor ** max(0, tries - 1), self.longest_pause_s)


async def park(
    database: Database,
    tenant_id: UUID,
    stream: str,
    subscription: str,
    entry: Mapping[str, str],
    *,
    event_id: UUID,
    aggregate: str,
    reason: str,
    tries: int,
    pause_s: float | None,
) -> None:
    """Puts an event aside, unless it is there already.

    Args:
        entry: as it stood in the stream.
        tries: that were made.
        pause_s: until the next one; None: there is none, it is dead.
    """
    now = datetime.now(UTC)
    statement = insert(_parked).values(
        tenant_id=tenant_id,
        subscription=subscription,
        event_id=event_id,
        stream=stream,
        aggregate=aggregate,
        entry=dict(entry),
        tries=tries,
        reason=storable(reason),
        next_try_at=now + timedelta(seconds=pause_s or 0),
        died_at=now if pause_s is None else None,
    )
    async with database.session(RequestContext.system(tenant_id)) as session:
        await session.execute(statement.on_conflict_do_nothing())


async def holds_up(session: TenantSession, subscription: str, envelope: Envelope) -> bool:
    """Whether an earlier event about the same aggregate still waits."""
    waits = (
        select(_parked.c.event_id)
        .where(
            _parked.c.subscription == subscription,
            _parked.c.aggregate == envelope.about.aggregate,
            _parked.c.died_at.is_(None),
            _parked.c.event_id != envelope.about.id,
        )
        .limit(1)
    )
    return await session.scalar(waits) is not None


async def due_tenants(database: Database, stream: str) -> list[UUID]:
    """Who has events of a stream that are to be tried again."""
    async with database.session(RequestContext.system(None)) as session:
        return [row.tenant_id for row in await session.rows(_DUE, {"stream": stream})]


async def due_heads(session: TenantSession, stream: str) -> Sequence[Row[Any]]:
    """The first that waits of each aggregate, those that are due."""
    earlier = _parked.alias("earlier")
    blocked = exists().where(
        earlier.c.subscription == _parked.c.subscription,
        earlier.c.aggregate == _parked.c.aggregate,
        earlier.c.died_at.is_(None),
        earlier.c.place < _parked.c.place,
    )
    wanted = select(_parked).where(
        _parked.c.stream == stream,
        _parked.c.died_at.is_(None),
        _parked.c.next_try_at <= datetime.now(UTC),
        ~blocked,
    )
    return await session.rows(wanted.order_by(_parked.c.place).limit(100))


async def unpark(session: TenantSession, subscription: str, event_id: UUID) -> bool:
    """Removes an event that is about to have its effect; False if it is gone, or dead, already."""
    statement = delete(_parked).where(
        _parked.c.subscription == subscription, _parked.c.event_id == event_id, _parked.c.died_at.is_(None)
    )
    return bool(await session.execute(statement))


async def note_failure(database: Database, row: Row[Any], reason: str, pause_s: float | None) -> None:
    """Notes another try that failed, and when the next one is; None: there is none, it is dead."""
    now = datetime.now(UTC)
    statement = (
        update(_parked)
        .where(_parked.c.subscription == row.subscription, _parked.c.event_id == row.event_id)
        .values(
            tries=row.tries + 1,
            reason=storable(reason),
            next_try_at=now + timedelta(seconds=pause_s or 0),
            died_at=now if pause_s is None else None,
        )
    )
    async with database.session(RequestContext.system(row.tenant_id)) as session:
        await session.execute(statement)


def storable(reason: str) -> str:
    """A reason as PostgreSQL takes it."""
    return reason.replace("\0", "?").encode("utf-8", "replace").decode()[:_MAX_REASON]
