"""What is kept of events, and who appears in them."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, text
from sqlalchemy.dialects.postgresql import insert

from resolvers.session import TenantSession
from subgraphs.analytics.domain.rules import Observation
from subgraphs.analytics.tables import appearances, facts

__all__ = ["add_appearances", "add_facts", "facts_from", "lock", "remove_appearances", "tenants"]

# A statement has 32,767 parameters at most.
_ROWS = 1000

_SHARED = text("select pg_advisory_xact_lock_shared(hashtextextended(:key, 0))")
_ALONE = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")


async def lock(session: TenantSession, *, alone: bool) -> None:
    """Until the transaction ends: those who count do it together, and whoever makes all anew is alone."""
    await session.rows(_ALONE if alone else _SHARED, {"key": f"analytics/{session.tenant_id()}"})


async def add_facts(session: TenantSession, observations: Sequence[Observation]) -> list[Observation]:
    """Keeps observations, and says which were not known."""
    tenant_id = session.tenant_id()
    new: list[Observation] = []
    by_id = {each.event_id: each for each in observations}
    for part in _parts(list(by_id.values())):
        rows = [
            {
                "tenant_id": tenant_id,
                "event_id": each.event_id,
                "event": each.event,
                "version": each.version,
                "at": each.at,
                "subjects": dict(each.subjects),
                "traits": dict(each.traits),
                "values": dict(each.values),
            }
            for each in part
        ]
        added = insert(facts).values(rows).on_conflict_do_nothing().returning(facts.c.event_id)
        new += [by_id[row.event_id] for row in await session.rows(added)]
    return new


async def add_appearances(session: TenantSession, observations: Sequence[Observation]) -> None:
    """Notes who appears in observations that are new."""
    tenant_id = session.tenant_id()
    rows = [
        {
            "tenant_id": tenant_id,
            "kind": kind,
            "subject": subject,
            "event": each.event,
            "at": each.at,
            "event_id": each.event_id,
            "traits": dict(each.traits),
        }
        for each in observations
        for kind, subject in each.subjects.items()
    ]
    for part in _parts(rows):
        await session.execute(insert(appearances).values(part))


async def facts_from(session: TenantSession, first: datetime) -> AsyncIterator[list[Observation]]:
    """What is kept of the tenant's events that happened from then on, in parts."""
    tenant_id = session.tenant_id()
    after: UUID | None = None
    while True:
        wanted = select(facts).where(facts.c.tenant_id == tenant_id, facts.c.at >= first)
        page = wanted.order_by(facts.c.event_id).limit(_ROWS)
        rows = await session.rows(page if after is None else page.where(facts.c.event_id > after))
        if not rows:
            return
        yield [_observation(row) for row in rows]
        after = rows[-1].event_id


async def remove_appearances(session: TenantSession) -> None:
    """Forgets who appears in the tenant's events."""
    await session.execute(delete(appearances).where(appearances.c.tenant_id == session.tenant_id()))


async def tenants(session: TenantSession) -> list[UUID]:
    """All who have facts; for a session of the tables' owner."""
    return [row.tenant_id for row in await session.rows(select(facts.c.tenant_id).distinct())]


def _observation(row: Row[Any]) -> Observation:
    # A row has a method `values`.
    kept = row._mapping
    return Observation(row.event_id, row.event, row.version, row.at, row.subjects, row.traits, kept["values"])


def _parts(rows: Sequence[Any]) -> Iterator[list[Any]]:
    left = iter(rows)
    while part := list(islice(left, _ROWS)):
        yield part
