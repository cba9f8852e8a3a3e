"""What a run tells those who watch it: statements that read and write `agents.events`."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from resolvers.rows import among
from resolvers.session import TenantSession
from subgraphs.agents.repository.rows import insert_rows
from subgraphs.agents.tables import events

__all__ = ["Event", "add_event", "events_after", "events_of_runs"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run.

    Attributes:
        seq: from 1, without gaps in a run.
        kind: such as RUN_REPORTED.
    """

    run_id: UUID
    seq: int
    kind: str
    data: dict[str, Any]
    created_at: datetime


_COLUMNS = tuple(events.c[field.name] for field in fields(Event))


async def add_event(session: TenantSession, event: Event) -> None:
    """Writes an event."""
    await insert_rows(session, events, event)


async def events_after(session: TenantSession, run_id: UUID, seq: int, limit: int) -> list[Event]:
    """At most `limit` events of a run after number `seq`, by number."""
    rows = await session.rows(
        select(*_COLUMNS).where(events.c.run_id == run_id, events.c.seq > seq).order_by(events.c.seq).limit(limit)
    )
    return [_event(row) for row in rows]


async def events_of_runs(session: TenantSession, run_ids: Sequence[UUID], after: int) -> list[tuple[Event, ...]]:
    """All events of each run after number `after`, in the order of the ids. One statement."""
    rows = await session.rows(
        select(*_COLUMNS)
        .where(among(events.c.run_id, run_ids), events.c.seq > after)
        .order_by(events.c.run_id, events.c.seq)
    )
    found: dict[UUID, list[Event]] = {}
    for row in rows:
        found.setdefault(row.run_id, []).append(_event(row))
    return [tuple(found.get(run_id, ())) for run_id in run_ids]


def _event(row: Row[Any]) -> Event:
    return Event(*row[: len(_COLUMNS)])
