"""From streams to a context's handlers: each event has its effect once, in order per aggregate.

One process at a time takes the events of a stream for a context: who holds that lock, which is a transaction's own. So
there is one consumer per group, and what it was given and has not acknowledged is what whoever held the lock before
left undone: that comes first.

An event's effect, and the note in the inbox that it was had, are one transaction. A handler that raises has its event
parked, and the stream goes on.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from sqlalchemy import Row, text

from resolvers.context import RequestContext
from resolvers.errors import InvalidValue
from resolvers.events import parked
from resolvers.events.envelope import NOBODY, Envelope, NotAnEvent
from resolvers.events.inbox import first_time
from resolvers.events.loops import TROUBLE, is_cancelled
from resolvers.events.parked import Retries
from resolvers.events.streams import ensure_group, stream_of
from resolvers.events.subscriptions import Subscription
from resolvers.session import Database

__all__ = ["Consumer"]

_log = logging.getLogger("resolvers.events.consumer")

_LOCK: Final = text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 15.0
_BATCH: Final = 100
_CONSUMER: Final = "one"
_BELL_S: Final = 2.0

_HOPELESS: Final = (ValidationError, InvalidValue)
"""Raised for what the event itself says, which no later try finds otherwise."""

Entry = tuple[str, Mapping[str, str]]


class _Behind(Exception):
    """waits behind an earlier event about the same aggregate"""


class Consumer:
    """Takes the events that a context listens to.

    Args:
        redis: decodes its answers, and waits longer for them than `bell_s`.
        retries: how often a handler is asked.
        bell_s: longest wait between two looks.
    """

    def __init__(
        self,
        database: Database,
        redis: Redis,
        subscriptions: Sequence[Subscription],
        *,
        retries: Retries | None = None,
        bell_s: float = _BELL_S,
    ) -> None:
        self._database = database
        self._redis = redis
        self._retries = retries or Retries()
        self._bell_s = bell_s
        self._by_event: dict[str, list[Subscription]] = {}
        for each in subscriptions:
            self._by_event.setdefault(each.event, []).append(each)
        self._by_name = {each.name: each for each in subscriptions}
        if len(self._by_name) != len(subscriptions):
            raise ValueError("two subscriptions of a context have one name")
        self._streams = {stream_of(each.publisher): "0" for each in subscriptions}

    async def forever(self) -> None:
        """Consumes until it is cancelled."""
        pause_s = _FIRST_PAUSE_S
        while not is_cancelled():
            try:
                await self._heard()
                if not await self.once():
                    await self._bell()
                pause_s = _FIRST_PAUSE_S
            except TROUBLE as error:
                _log.warning("events for %s cannot be taken, again in %g s: %s", self._database.schema, pause_s, error)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def once(self) -> int:
        """Takes what is there, a batch of each stream, and says how many events that were.

        Raises:
            redis.RedisError, OSError, sqlalchemy.exc.SQLAlchemyError: someone does not answer.
        """
        return sum([await self._drain(stream) for stream in self._streams])

    async def _heard(self) -> None:
        """Notes where the streams end now, before they are read: what comes later rings the bell."""
        for stream in self._streams:
            await ensure_group(self._redis, stream, self._database.schema)
            facts = await self._redis.xinfo_stream(stream)
            self._streams[stream] = facts["last-generated-id"]

    async def _bell(self) -> None:
        streams: Any = self._streams
        await self._redis.xread(streams, count=1, block=int(self._bell_s * 1000))

    async def _drain(self, stream: str) -> int:
        async with self._database.session(RequestContext.system(None)) as lock:
            if not await lock.scalar(_LOCK, {"key": f"consumer/{self._database.schema}/{stream}"}):
                return 0
            taken = await self._try_again(stream)
            while left := await self._entries(stream, "0"):
                taken += await self._take(stream, left)
            return taken + await self._take(stream, await self._entries(stream, ">"))

    async def _entries(self, stream: str, after: str) -> list[Entry]:
        group = self._database.schema
        try:
            answer = await self._redis.xreadgroup(group, _CONSUMER, {stream: after}, count=_BATCH)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await ensure_group(self._redis, stream, group)
            return []
        if not answer:
            return []
        found: Iterable[Any] = next(iter(answer.values())) if isinstance(answer, dict) else answer[0][1]
        # What was cut from the stream while it was pending comes without fields.
        return [(each[0], each[1] or {}) for each in found]

    async def _take(self, stream: str, entries: Sequence[Entry]) -> int:
        done: list[str] = []
        try:
            for entry_id, fields in entries:
                if fields:
                    await self._deliver(stream, fields)
                done.append(entry_id)
        finally:
            if done:
                await self._redis.xack(stream, self._database.schema, *done)
        return len(entries)

    async def _deliver(self, stream: str, fields: Mapping[str, str]) -> None:
        """Has one entry its effect, or parks it."""
        try:
            envelope = Envelope.of(fields)
        except NotAnEvent as error:
            _log.error("an entry of %s is refused: %s", stream, error)
            await self._bury(NOBODY, stream, fields, uuid4(), "", str(error))
            return
        about = envelope.about
        candidates = self._by_event.get(about.name, ())
        chosen = [each for each in candidates if each.version == about.version]
        if candidates and not chosen:
            reason = f"nothing here reads version {about.version} of {about.name}"
            _log.error("an event for %s is refused: %s", self._database.schema, reason)
            await self._bury(about.tenant_id, stream, fields, about.id, about.aggregate, reason)
        for subscription in chosen:
            try:
                await self._effect(subscription, envelope)
            except Exception as error:  # noqa: BLE001 - whatever a handler raises is the event's fate, not the stream's
                await self._park(stream, subscription, envelope, fields, error)

    async def _effect(self, subscription: Subscription, envelope: Envelope, *, again: bool = False) -> None:
        about = envelope.about
        context = RequestContext(tenant_id=about.tenant_id, request_id=about.request_id)
        async with self._database.session(context) as session:
            if again and not await parked.unpark(session, subscription.name, about.id):
                return
            if not await first_time(session, subscription.name, about.id):
                return
            if not again and await parked.holds_up(session, subscription.name, envelope):
                raise _Behind(_Behind.__doc__)
            await subscription(session, envelope.data, about)

    async def _park(
        self, stream: str, subscription: Subscription, envelope: Envelope, fields: Mapping[str, str], error: Exception
    ) -> None:
        behind = isinstance(error, _Behind)
        if not behind:
            _log.warning("%s refused event %s", subscription.name, envelope.about.id, exc_info=error)
        tries = 0 if behind else 1
        await parked.park(
            self._database,
            envelope.about.tenant_id,
            stream,
            subscription.name,
            fields,
            event_id=envelope.about.id,
            aggregate=envelope.about.aggregate,
            reason=str(error) if behind else _reason(error),
            tries=tries,
            pause_s=0 if behind else self._pause_s(error, tries),
        )

    def _pause_s(self, error: Exception, tries: int) -> float | None:
        return None if isinstance(error, _HOPELESS) else self._retries.pause_s(tries)

    async def _bury(
        self, tenant_id: UUID, stream: str, fields: Mapping[str, str], event_id: UUID, aggregate: str, reason: str
    ) -> None:
        """Parks what can never be delivered."""
        await parked.park(
            self._database,
            tenant_id,
            stream,
            "",
            {name: parked.storable(value) for name, value in fields.items()},
            event_id=event_id,
            aggregate=aggregate,
            reason=reason,
            tries=1,
            pause_s=None,
        )

    async def _try_again(self, stream: str) -> int:
        tried = 0
        for tenant_id in await parked.due_tenants(self._database, stream):
            async with self._database.session(RequestContext.system(tenant_id)) as session:
                heads = await parked.due_heads(session, stream)
            for row in heads:
                await self._again(row)
                tried += 1
        return tried

    async def _again(self, row: Row[Any]) -> None:
        subscription = self._by_name.get(row.subscription)
        try:
            envelope = Envelope.of(row.entry)
            if subscription is None:
                await self._anew(row, envelope)
            else:
                await self._effect(subscription, envelope, again=True)
        except Exception as error:  # noqa: BLE001 - as when it first came
            _log.warning("%s refused event %s again", row.subscription or "the context", row.event_id, exc_info=error)
            pause_s = None if subscription is None else self._pause_s(error, row.tries + 1)
            await parked.note_failure(self._database, row, _reason(error), pause_s)

    async def _anew(self, row: Row[Any], envelope: Envelope) -> None:
        """Delivers what nobody could read, or whose handler has another name by now, to those who read it."""
        about = envelope.about
        chosen = [each for each in self._by_event.get(about.name, ()) if each.version == about.version]
        if not chosen:
            raise NotAnEvent(f"nothing here reads version {about.version} of {about.name}")
        for subscription in chosen:
            try:
                await self._effect(subscription, envelope)
            except Exception as error:  # noqa: BLE001 - as when it first came
                await self._park(row.stream, subscription, envelope, row.entry, error)
        async with self._database.session(RequestContext.system(row.tenant_id)) as session:
            await parked.unpark(session, row.subscription, row.event_id)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
