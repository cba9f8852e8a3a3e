"""A way to subgraphs over connections of its own, which is given up once it is not wanted and nothing runs on it."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, Self

from router.errors import SubgraphError
from router.executor import AiohttpTransport, OnReply, Pending
from router.executor.http2_transport import Http2Transport
from router.hooks import EventStream, SubgraphCall, SubgraphReply

__all__ = ["Carrier", "Way"]


class Carrier(Protocol):
    """The part of a `Transport` that is for requests."""

    async def start(self) -> None:
        """Open what is needed."""

    async def close(self) -> None:
        """Release everything; requests in flight fail."""

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request."""


class Way:
    """A transport, with a count of what runs on it.

    Attributes:
        is_closed: whether it has been given up.
    """

    def __init__(self, transport: AiohttpTransport | Http2Transport) -> None:
        self.transport = transport
        self.is_closed = False
        self._running = 0
        self._is_retired = False
        self._closing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Be ready; see `Transport.start`."""
        await self.transport.start()

    def open(self) -> None:
        """The same at once, in the event loop."""
        self.transport.open()

    async def close(self) -> None:
        """Close all connections; what runs fails."""
        self.is_closed = True
        await self.transport.close()
        if self._closing is not None:
            await asyncio.wait([self._closing])

    def retire(self) -> None:
        """Close once nothing runs; nothing new will be asked for."""
        self._is_retired = True
        self._close_if_quiet()

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request; see `Transport.send`."""
        self._running += 1
        one = _Running(self._over, on_reply)
        one.pending = self.transport.send(call, deadline, one.replied)
        return one

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Open a subscription; see `Transport.subscribe`."""
        assert isinstance(self.transport, AiohttpTransport)
        self._running += 1
        try:
            reply = await self.transport.subscribe(call, timeout_s)
        except BaseException:
            self._over()
            raise
        if reply.events is None:
            self._over()
        else:
            reply.events = _Events(reply.events, self._over)
        return reply

    def _over(self) -> None:
        self._running -= 1
        if self._is_retired:
            self._close_if_quiet()

    def _close_if_quiet(self) -> None:
        if not self._running and not self.is_closed:
            self.is_closed = True
            self._closing = asyncio.get_running_loop().create_task(self.transport.close())


class _Running:
    """A request under way; see `Pending`."""

    __slots__ = ("_on_reply", "_over", "pending")

    def __init__(self, over: Callable[[], None], on_reply: OnReply) -> None:
        self._over: Callable[[], None] | None = over
        self._on_reply = on_reply
        self.pending: Pending | None = None

    def replied(self, outcome: SubgraphReply | SubgraphError) -> None:
        self._end()
        self._on_reply(outcome)

    def cancel(self) -> None:
        if self.pending is not None:
            self.pending.cancel()
        self._end()

    def _end(self) -> None:
        over, self._over = self._over, None
        if over is not None:
            over()


class _Events:
    """The events of a subscription that runs; see `EventStream`."""

    __slots__ = ("_events", "_over")

    def __init__(self, events: EventStream, over: Callable[[], None]) -> None:
        self._events = events
        self._over: Callable[[], None] | None = over

    @property
    def last_event_id(self) -> str | None:
        """Of the event that came last, if it can be resumed after it."""
        return getattr(self._events, "last_event_id", None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        return await anext(self._events)

    async def aclose(self) -> None:
        try:
            await self._events.aclose()
        finally:
            over, self._over = self._over, None
            if over is not None:
                over()
