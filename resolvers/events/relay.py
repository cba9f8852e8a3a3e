"""From a context's outbox to its stream: at least once, in order per aggregate, fair between tenants.

Any number of processes may relay the same outbox: a tenant's events are sent by who holds that tenant's lock, which is
the transaction's own, so a process that dies gives it back. What was sent and not yet noted as sent is sent again; who
listens knows it by its id.

An event is confirmed once every group has acknowledged it. What is not confirmed is sent again to a Redis that was
restarted or has lost its data. A stream holds few entries: where listeners fall behind, events wait in the outbox, from
where tenants are served in turn.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import ResponseError
from sqlalchemy import Row, func, select, text, update

from resolvers.context import RequestContext
from resolvers.events.envelope import About, Envelope
from resolvers.events.loops import TROUBLE, is_cancelled
from resolvers.events.streams import ensure_group, entry_id, forget_run, redis_run, stream_of
from resolvers.events.tables import EVENTS
from resolvers.session import Database, TenantSession

__all__ = ["Relay", "RelaySettings", "Waiting"]

_log = logging.getLogger("resolvers.events.relay")

_outbox: Final = EVENTS.outbox
_LOCK: Final = text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
_WAITING: Final = text("select * from events_waiting(:run)")
_PRUNE: Final = text("select events_prune(make_interval(days => :outbox), make_interval(days => :inbox), :most)")
_SENT: Final = text(
    "update outbox set sent_run = :run, entry_ms = sent.ms, entry_seq = sent.seq,"
    " confirmed_at = case when :confirmed then now() end"
    " from unnest(cast(:positions as bigint[]), cast(:ms as bigint[]), cast(:seqs as bigint[]))"
    " as sent (position, ms, seq) where outbox.position = sent.position"
)
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """How a relay works.

    Attributes:
        poll_s: between two looks into the outbox, if nobody of this process has published.
        turn: events of one tenant before it is another's turn.
        room: entries of a stream that not everyone has yet, at most.
        outbox_days, inbox_days: how long confirmed events, and marks of those that had their effect, are kept.
    """

    poll_s: float = 1.0
    turn: int = 50
    room: int = 1000
    outbox_days: int = 14
    inbox_days: int = 30
    prune_every_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much of a tenant's outbox is on its way."""

    tenant_id: UUID
    unsent: int
    unconfirmed: int


class Relay:
    """Sends what one context publishes.

    Args:
        redis: decodes its answers.
        readers: the contexts that listen; without any, what is sent is confirmed.
    """

    def __init__(
        self, database: Database, redis: Redis, readers: Sequence[str], settings: RelaySettings | None = None
    ) -> None:
        self._database = database
        self._redis = redis
        self._readers = tuple(readers)
        self._settings = settings or RelaySettings()
        self._stream = stream_of(database.schema)
        self._run: str | None = None
        self._confirmed: tuple[int, int] = (0, 0)
        self._turns: deque[UUID] = deque()

    async def forever(self) -> None:
        """Relays until it is cancelled."""
        loop = asyncio.get_running_loop()
        prune_at, pause_s = loop.time(), _FIRST_PAUSE_S
        while not is_cancelled():
            self._database.published.clear()
            try:
                waits = await self.once()
                if loop.time() >= prune_at:
                    prune_at = loop.time() + self._settings.prune_every_s
                    await self.prune()
                pause_s = _FIRST_PAUSE_S
            except TROUBLE as error:
                _log.warning("events of %s cannot be sent, again in %g s: %s", self._database.schema, pause_s, error)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                continue
            if waits:
                await asyncio.sleep(0.02)  # for listeners to make room
            else:
                await self._published()

    async def once(self) -> bool:
        """Confirms what everyone has, sends what waits as far as there is room, and says whether to go on at once.

        Raises:
            redis.RedisError, OSError, sqlalchemy.exc.SQLAlchemyError: someone does not answer.
        """
        run = await redis_run(self._redis, self._stream)
        if run != self._run:
            for reader in self._readers:
                await ensure_group(self._redis, self._stream, reader)
            self._run, self._confirmed = run, (0, 0)
        waiting = await self.waiting()
        await self._confirm([each.tenant_id for each in waiting if each.unconfirmed > each.unsent])
        return await self._send({each.tenant_id: each.unsent for each in waiting if each.unsent})

    async def waiting(self) -> list[Waiting]:
        """What is on its way, by tenant."""
        async with self._database.session(RequestContext.system(None)) as session:
            rows = await session.rows(_WAITING, {"run": self._run})
        return [Waiting(row.tenant_id, row.unsent, row.unconfirmed) for row in rows]

    async def prune(self) -> int:
        """Deletes what has been kept long enough, a bounded number of rows at a time, and says how many."""
        kept = {"outbox": self._settings.outbox_days, "inbox": self._settings.inbox_days, "most": 10_000}
        pruned = 0
        while True:
            async with self._database.session(RequestContext.system(None)) as session:
                gone = int(await session.scalar(_PRUNE, kept))
            pruned += gone
            if not gone:
                return pruned

    async def _published(self) -> None:
        try:
            async with asyncio.timeout(self._settings.poll_s):
                await self._database.published.wait()
        except TimeoutError:
            pass

    async def _send(self, unsent: dict[UUID, int]) -> bool:
        """Sends in turns, those first who had to wait the last time, and says whether going on at once is worth it."""
        waited = [tenant for tenant in self._turns if tenant in unsent]
        turns = deque([*waited, *(tenant for tenant in unsent if tenant not in waited)])
        room = self._settings.room
        if self._readers:
            room -= await self._redis.xlen(self._stream)
        found = room
        while turns and room > 0:
            tenant_id = turns.popleft()
            most = min(self._settings.turn, room)
            async with self._database.session(RequestContext.system(tenant_id)) as session:
                sent = await self._send_some(session, tenant_id, most)
            room -= sent
            if sent == most:
                turns.append(tenant_id)
        self._turns = turns
        return bool(turns) and room < found

    async def _send_some(self, session: TenantSession, tenant_id: UUID, most: int) -> int:
        if not await session.scalar(_LOCK, {"key": f"relay/{self._database.schema}/{tenant_id}"}):
            return 0
        wanted = select(_outbox).where(_outbox.c.confirmed_at.is_(None), _outbox.c.sent_run.is_distinct_from(self._run))
        rows = await session.rows(wanted.order_by(_outbox.c.position).limit(most))
        if not rows:
            return 0
        pipeline = self._redis.pipeline(transaction=False)
        for row in rows:
            fields: Any = _envelope(row).fields()
            # Without readers nobody confirms: the stream is cut by length then.
            pipeline.xadd(self._stream, fields, maxlen=None if self._readers else self._settings.room)
        entries = [entry_id(str(each)) for each in await pipeline.execute()]
        values = {
            "run": self._run,
            "confirmed": not self._readers,
            "positions": [row.position for row in rows],
            "ms": [entry[0] for entry in entries],
            "seqs": [entry[1] for entry in entries],
        }
        await session.execute(_SENT, values)
        return len(rows)

    async def _confirm(self, tenants: Sequence[UUID]) -> None:
        """Notes what every group has acknowledged, and cuts the stream behind it."""
        if not tenants or not self._readers:
            return
        bound = await self._acknowledged()
        if bound is None or bound <= self._confirmed:
            return
        entry = func.row(_outbox.c.entry_ms, _outbox.c.entry_seq)
        statement = (
            update(_outbox)
            .where(_outbox.c.confirmed_at.is_(None), _outbox.c.sent_run == self._run, entry < func.row(*bound))
            .values(confirmed_at=func.now())
        )
        for tenant_id in tenants:
            async with self._database.session(RequestContext.system(tenant_id)) as session:
                await session.execute(statement)
        await self._redis.xtrim(self._stream, minid=f"{bound[0]}-{bound[1]}", approximate=False)
        self._confirmed = bound

    async def _acknowledged(self) -> tuple[int, int] | None:
        """The id before which every group has everything; None where the stream was lost."""
        bounds = []
        try:
            groups = {group["name"]: group for group in await self._redis.xinfo_groups(self._stream)}
        except ResponseError:
            groups = {}
        for reader in self._readers:
            group = groups.get(reader)
            if group is None:
                # It was made when this run of Redis began: whoever took it away took entries along.
                await forget_run(self._redis, self._stream)
                return None
            pending = (
                await self._redis.xpending_range(self._stream, reader, min="-", max="+", count=1)
                if group["pending"]
                else []
            )
            if pending:
                bounds.append(entry_id(str(pending[0]["message_id"])))
            else:
                milliseconds, number = entry_id(group["last-delivered-id"])
                bounds.append((milliseconds, number + 1))
        return min(bounds)


def _envelope(row: Row[Any]) -> Envelope:
    about = About(row.id, row.name, row.version, row.tenant_id, row.aggregate, row.created_at, row.request_id)
    return Envelope(about, row.data)
