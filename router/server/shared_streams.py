"""One stream from a subgraph for all equal subscriptions.

Equal means what it means for requests (`traffic.sharing.share_key`): the same partition, subgraph, address, body and
headers; and the same credentials of the client, whether the subgraph gets them or not.

The stream is read when any of its readers wants the next event, which then goes to all of them. So the fastest reader
sets the pace. Who falls behind by more than `max_queued_events` is ended with an error; a single reader never is: it
slows the subgraph down.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Hashable
from typing import Any, Self

from router.errors import SubgraphError
from router.executor import Transport
from router.executor.event_streams import interrupted
from router.hooks import EventStream, SubgraphCall, SubgraphReply
from router.server.traffic.layer import Layer
from router.server.traffic.sharing import share_key

__all__ = ["TOO_SLOW", "SharedStreams", "SharingTransport"]

TOO_SLOW = "SUBSCRIPTION_TOO_SLOW"
"""Code of the error for a client that takes its events too slowly."""

_log = logging.getLogger("router.server")


class SharedStreams:
    """The streams of one router that are open, by what makes subscriptions equal."""

    def __init__(self) -> None:
        self._open: dict[Hashable, _Stream] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def join(
        self, key: Hashable, subgraph: str, opening: Callable[[], Awaitable[SubgraphReply]], max_queued: int
    ) -> SubgraphReply:
        """Join the stream, or open it. Everybody who waits for it gets the same answer.

        Raises:
            SubgraphError: it could not be opened.
        """
        stream = self._open.get(key)
        if stream is None:
            stream = self._open[key] = _Stream(self._open, key, subgraph, opening())
        reader = _Reader(stream, max_queued)
        stream.readers.add(reader)
        try:
            await asyncio.wait({stream.opening})
            reply = stream.opening.result()
        except BaseException:
            await reader.aclose()
            raise
        if reply.events is None:
            await reader.aclose()
            return reply
        return SubgraphReply(reply.status, reply.headers, reply.body, reader)


class SharingTransport(Layer):
    """Shares the streams of some subgraphs; see `Transport`.

    Args:
        streams: outlives the transport when the supergraph or the settings change.
        subgraphs: whose streams are shared.
        credential_headers: names of clients' headers that must be equal.
    """

    def __init__(
        self,
        inner: Transport,
        streams: SharedStreams,
        subgraphs: Collection[str],
        credential_headers: Collection[str],
        max_queued_events: int,
    ) -> None:
        super().__init__(inner)
        self._streams = streams
        self._subgraphs = frozenset(subgraphs)
        self._credential_headers = tuple(credential_headers)
        self._max_queued_events = max_queued_events

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Join a stream, or open one; see `Transport.subscribe`."""
        if call.subgraph not in self._subgraphs:
            return await self.inner.subscribe(call, timeout_s)
        return await self._streams.join(
            self._key(call), call.subgraph, lambda: self.inner.subscribe(call, timeout_s), self._max_queued_events
        )

    def _key(self, call: SubgraphCall) -> Hashable:
        given = call.context.headers
        return share_key(call), call.protocol, tuple(given.get(name) for name in self._credential_headers)


class _Stream:
    """A stream and those who read it.

    Attributes:
        opening: the subgraph's answer.
    """

    __slots__ = ("_all", "_key", "_pulling", "opening", "readers", "subgraph")

    def __init__(
        self, all_: "dict[Hashable, _Stream]", key: Hashable, subgraph: str, opening: Awaitable[SubgraphReply]
    ) -> None:
        self.subgraph = subgraph
        self.opening = asyncio.ensure_future(opening)
        self.opening.add_done_callback(self._opened)
        self.readers: set[_Reader] = set()
        self._all = all_
        self._key = key
        self._pulling: asyncio.Task[None] | None = None

    def _opened(self, opening: "asyncio.Future[SubgraphReply]") -> None:
        if opening.cancelled() or opening.exception() is not None or opening.result().events is None:
            self._forget()

    def _forget(self) -> None:
        """Who comes from now on gets another stream."""
        if self._all.get(self._key) is self:
            del self._all[self._key]

    @property
    def _events(self) -> EventStream | None:
        opening = self.opening
        if not opening.done() or opening.cancelled() or opening.exception() is not None:
            return None
        return opening.result().events

    def pull(self) -> None:
        """Take the next event from the subgraph, for all readers."""
        if self._pulling is None:
            self._pulling = asyncio.get_running_loop().create_task(self._pull())

    async def _pull(self) -> None:
        events = self._events
        assert events is not None
        try:
            event = await anext(events)
        except StopAsyncIteration:
            self._end(StopAsyncIteration())
        except SubgraphError as error:
            self._end(error)
        except Exception as error:  # noqa: BLE001  the readers must learn of it
            _log.exception("a stream of events failed")
            failure = interrupted(self.subgraph)
            failure.__cause__ = error
            self._end(failure)
        else:
            self._pulling = None
            event_id = getattr(events, "last_event_id", None)
            for reader in list(self.readers):
                reader.offer(event, event_id)

    def _end(self, reason: SubgraphError | StopAsyncIteration) -> None:
        self._forget()
        for reader in list(self.readers):
            reader.end(reason)

    async def leave(self, reader: "_Reader") -> None:
        """End the subscription in the subgraph if nobody reads it any more."""
        self.readers.discard(reader)
        if self.readers:
            return
        self._forget()
        busy = {task for task in (self.opening, self._pulling) if task is not None and not task.done()}
        for task in busy:
            task.cancel()
        if busy:
            await asyncio.wait(busy)
        events = self._events
        if events is not None:
            await events.aclose()


class _Reader:
    """One subscription's share of a stream; see `hooks.EventStream`."""

    __slots__ = ("_end", "_max_queued", "_queue", "_stream", "_waiting", "last_event_id")

    def __init__(self, stream: _Stream, max_queued: int) -> None:
        self.last_event_id: str | None = None
        self._stream = stream
        self._max_queued = max_queued
        self._queue: deque[tuple[Any, str | None]] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._end: SubgraphError | StopAsyncIteration | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while not self._queue:
            if self._end is not None:
                raise self._end
            self._stream.pull()
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        event, self.last_event_id = self._queue.popleft()
        return event

    async def aclose(self) -> None:
        """Leave the stream; again is no harm."""
        self._queue.clear()
        if self._end is None:
            self._end = StopAsyncIteration()
        if self in self._stream.readers:
            await self._stream.leave(self)

    def offer(self, event: Any, event_id: str | None) -> None:
        """Take an event, or give up."""
        if len(self._queue) < self._max_queued:
            self._queue.append((event, event_id))
            self._wake()
        else:
            message = f"The subscription has ended: {self._max_queued} events were waiting for the client to take them."
            self._stream.readers.discard(self)
            self.end(SubgraphError(message, subgraph=self._stream.subgraph, code=TOO_SLOW))

    def end(self, reason: SubgraphError | StopAsyncIteration) -> None:
        """There are no more events; those that wait are still taken."""
        self._end = reason
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
