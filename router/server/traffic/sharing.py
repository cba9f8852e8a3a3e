"""Equal queries to a subgraph that are under way at the same time are sent once."""

import asyncio
import math
from collections.abc import Hashable

from router.executor import OnReply, Pending, Transport
from router.executor.running_loop import running_loop
from router.executor.transport import timed_out
from router.hooks import SubgraphCall
from router.server.traffic.layer import Layer
from router.server.traffic.outcomes import Outcome, copied, is_timeout

__all__ = ["SubgraphSharing", "share_key"]

OWN_HEADERS = frozenset({"x-request-id", "traceparent", "tracestate"})
"""They tell one request from another, and change no answer."""


def share_key(call: SubgraphCall) -> Hashable:
    """What calls must have in common to get one another's answer: everything but whose request they are part of.

    Where the call's maker says in `share_as` what a header stands for, that is compared instead of its text.
    """
    meaning = call.share_as
    headers = frozenset(
        (name, value) if meaning is None or name not in meaning else (name, meaning[name], "")
        for name, value in call.headers.items()
        if name not in OWN_HEADERS
    )
    return call.subgraph, call.url, call.context.partition, headers, call.body


class SubgraphSharing(Layer):
    """Sends equal queries once and gives all the same answer, or the same error.

    Each still has its own deadline, and may be cancelled without the others; the request goes on while one waits. When
    it runs out of time while others have some left, it is made again for these.

    Attributes:
        shared: requests that were answered by another one's.
    """

    __slots__ = ("_flights", "shared")

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self._flights: dict[Hashable, _Flight] = {}
        self.shared = 0

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a query, or wait for one that is under way; see `Transport.send`."""
        if call.operation_type != "query" or call.stream is not None:
            return self.inner.send(call, deadline, on_reply)
        key = share_key(call)
        waiter = _Waiter(call, deadline, on_reply)
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(self, key)
            flight.join(waiter)
            flight.begin()
        else:
            self.shared += 1
            flight.join(waiter)
        return waiter

    def over(self, key: Hashable) -> None:
        """Forget a request that is no longer under way."""
        del self._flights[key]


class _Flight:
    """One request, and all who wait for it."""

    __slots__ = ("_deadline", "_key", "_pending", "_sharing", "_waiters")

    def __init__(self, sharing: SubgraphSharing, key: Hashable) -> None:
        self._sharing = sharing
        self._key = key
        self._deadline = math.inf
        self._pending: Pending | None = None
        self._waiters: list[_Waiter] = []

    def join(self, waiter: "_Waiter") -> None:
        waiter.flight = self
        self._waiters.append(waiter)
        if waiter.deadline < self._deadline and self._pending is not None:
            waiter.time_out_by_itself()

    def begin(self) -> None:
        """Send the request of the one who waits longest; the others look at the clock themselves."""
        last = max(self._waiters, key=_deadline_of)
        self._deadline = last.deadline
        self._pending = self._sharing.inner.send(last.call, last.deadline, self._answered)
        for each in self._waiters:
            each.stop_timer()
            if each.deadline < self._deadline:
                each.time_out_by_itself()

    def leave(self, waiter: "_Waiter") -> None:
        self._waiters.remove(waiter)
        if not self._waiters:
            self._sharing.over(self._key)
            if self._pending is not None:
                self._pending.cancel()

    def _answered(self, outcome: Outcome) -> None:
        waiters, self._waiters = self._waiters, []
        if is_timeout(outcome):
            # The first one's time was up; a follower's may not be.
            self._waiters = [each for each in waiters if each.deadline > self._deadline]
            waiters = [each for each in waiters if each.deadline <= self._deadline]
        if self._waiters:
            self.begin()
        else:
            self._sharing.over(self._key)
        for each in waiters:
            each.stop_timer()
            each.flight = None
        for index, each in enumerate(waiters):
            # Asked anew each time: what one does may cancel another.
            each.answer(outcome if index == 0 else copied(outcome))


def _deadline_of(waiter: "_Waiter") -> float:
    return waiter.deadline


class _Waiter:
    """One who waits; `flight` is None once that is over."""

    __slots__ = ("_is_cancelled", "_on_reply", "_timer", "call", "deadline", "flight")

    def __init__(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> None:
        self.call = call
        self.deadline = deadline
        self.flight: _Flight | None = None
        self._on_reply = on_reply
        self._timer: asyncio.TimerHandle | None = None
        self._is_cancelled = False

    def time_out_by_itself(self) -> None:
        self._timer = running_loop().call_at(self.deadline, self._is_late)

    def stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def answer(self, outcome: Outcome) -> None:
        if not self._is_cancelled:
            self._on_reply(outcome)

    def cancel(self) -> None:
        self._is_cancelled = True
        self.stop_timer()
        flight, self.flight = self.flight, None
        if flight is not None:
            flight.leave(self)

    def _is_late(self) -> None:
        flight, self.flight = self.flight, None
        if flight is not None:
            flight.leave(self)
            self._on_reply(timed_out(self.call.subgraph))
