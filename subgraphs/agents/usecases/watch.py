"""Watching a run: its events as they happen, from any point on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from redis.exceptions import RedisError

from resolvers.session import TenantSession
from subgraphs.agents.domain.errors import RunNotFound
from subgraphs.agents.repository import events, runs
from subgraphs.agents.repository.events import Event
from subgraphs.agents.streams import EventStreams

__all__ = ["ended_within", "watch"]

_BATCH: Final = 100
_LOOK_AGAIN_S: Final = 10.0
_WITHOUT_REDIS_S: Final = 1.0


async def watch(session: TenantSession, streams: EventStreams, run_id: UUID, after: int) -> AsyncIterator[Event]:
    """The run's events after number `after`, as they happen, until it has ended and all of them were given.

    No connection to the database is held while nothing happens. While Redis is away, events come a second late.

    Raises:
        RunNotFound: the tenant has no such run.
    """
    tenant_id = session.tenant_id()
    while True:
        async with session.apart() as own:
            (run,) = await runs.find_runs(own, [run_id])
            found = await events.events_after(own, run_id, after, _BATCH)
        if run is None:
            raise RunNotFound
        for event in found:
            after = event.seq
            yield event
        if found:
            continue
        if run.status.is_final:
            return
        try:
            await streams.wait(tenant_id, run_id, after, _LOOK_AGAIN_S)
        except (RedisError, OSError):
            await asyncio.sleep(_WITHOUT_REDIS_S)


async def ended_within(session: TenantSession, streams: EventStreams, run_id: UUID, timeout_s: float) -> bool:
    """Whether the run has ended, waiting for at most `timeout_s`."""
    try:
        async with asyncio.timeout(timeout_s):
            async for _ in watch(session, streams, run_id, 0):
                pass
    except TimeoutError:
        return False
    return True
