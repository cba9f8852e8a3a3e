"""Equal queries to a subgraph are sent once: those that come at once, or all that are under way at the same time."""

from collections.abc import Hashable, Mapping
from typing import Any

from router.executor import OnReply, Pending, Transport
from router.executor.running_loop import running_loop
from router.executor.transport import timed_out
from router.hooks import SubgraphCall
from router.server.traffic.flights import Flight, Waiter
from router.server.traffic.layer import Layer
from router.server.traffic.outcomes import Outcome, copied, is_timeout

__all__ = ["SubgraphSharing", "share_key"]

OWN_HEADERS = frozenset({"x-request-id", "traceparent", "tracestate"})
"""They tell one request from another, and change no answer."""


def share_key(call: SubgraphCall) -> Hashable:
    """What calls must have in common to get one another's answer: everything but whose request they are part of.

    Where the call's maker says in `share_as` what a header stands for, that is compared instead of its text.
    """
    return call.subgraph, call.url, call.context.partition, _meaning(call.headers, call.share_as), call.body


def _meaning(headers: Mapping[str, str], share_as: Mapping[str, Hashable] | None) -> Hashable:
    if share_as is None:
        return frozenset([item for item in headers.items() if item[0] not in OWN_HEADERS])
    return frozenset(
        [
            (name, share_as[name], "") if name in share_as else (name, value)
            for name, value in headers.items()
            if name not in OWN_HEADERS
        ]
    )


class SubgraphSharing(Layer):
    """Sends equal queries once and gives all the same answer, or the same error; see `flights`.

    Args:
        at_once: whether only those share that come in the same round of the event loop. Then nobody gets the answer to
            a question that was asked before his own: what a client was told before it asked, the answer has.

    Attributes:
        shared: requests that were answered by another one's.
    """

    __slots__ = ("_at_once", "_by_all", "_by_body", "_is_closing", "shared")

    def __init__(self, inner: Transport, *, at_once: bool) -> None:
        super().__init__(inner)
        self._by_body: dict[bytes, _First] = {}
        self._by_all: dict[Hashable, _First] = {}
        self._at_once = at_once
        self._is_closing = False
        self.shared = 0

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a query, or wait for one that is under way; see `Transport.send`."""
        if call.operation_type != "query" or call.stream is not None:
            return self.inner.send(call, deadline, on_reply)
        # Most often nobody asks the same, which the body alone tells: only who does is held against the first in full.
        among: dict[Any, _First] = self._by_body
        key: Hashable = call.body
        first = among.get(key)
        if first is None:
            if self._by_all:
                first = self._by_all.get(share_key(call))
        elif not first.is_for(call):
            among = self._by_all
            key = share_key(call)
            first = among.get(key)
        if first is not None:
            self.shared += 1
            return first.joined(call, deadline, on_reply)
        if self._at_once and not self._is_closing:
            self._is_closing = True
            running_loop().call_soon(self._close)
        first = among[key] = _First(among, key, self.inner, call, deadline, on_reply)
        first.pending = self.inner.send(call, deadline, first.answered)
        return first

    def _close(self) -> None:
        """Nobody may join any more what is under way now."""
        self._is_closing = False
        self._by_body.clear()
        self._by_all.clear()


class _First:
    """A call that others may join: a `Pending`, and no more than that as long as it is alone."""

    __slots__ = ("among", "call", "deadline", "flight", "headers", "inner", "key", "leader", "on_reply", "pending")

    def __init__(
        self,
        among: "dict[Any, _First]",
        key: Hashable,
        inner: Transport,
        call: SubgraphCall,
        deadline: float,
        on_reply: OnReply,
    ) -> None:
        self.among = among
        self.key = key
        self.inner = inner
        self.call = call
        self.headers = call.headers.copy()  # before layers add their own, or make some anew
        self.deadline = deadline
        self.on_reply: OnReply | None = on_reply
        self.pending: Pending | None = None
        self.leader: _Waiter | None = None
        self.flight: _Flight | None = None

    def is_for(self, call: SubgraphCall) -> bool:
        """Whether a call with the same body may have this one's answer."""
        own = self.call
        return (
            call.url == own.url
            and call.subgraph == own.subgraph
            and call.context.partition == own.context.partition
            and _meaning(call.headers, call.share_as) == _meaning(self.headers, own.share_as)
        )

    def joined(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """What waits for the same."""
        if self.flight is None:
            assert self.on_reply is not None, "who has got the answer, or has left, cannot be joined"
            assert self.pending is not None
            self.leader = _Waiter(self.call, self.deadline, self.on_reply)
            self.flight = _Flight(self)
            self.flight.lead(self.leader, self.pending)
            self.pending = None
        waiter = _Waiter(call, deadline, on_reply)
        self.flight.join(waiter)
        return waiter

    def cancel(self) -> None:
        """Hear nothing any more; see `Pending.cancel`."""
        if self.leader is not None:
            self.leader.cancel()
            return
        self.on_reply = None
        pending, self.pending = self.pending, None
        if pending is not None:
            self.over()
            pending.cancel()

    def answered(self, outcome: Outcome) -> None:
        """The request has ended: tell who waits, unless that is nobody."""
        if self.flight is not None:
            self.flight.answered(outcome)
            return
        if self.among.get(self.key) is self:
            del self.among[self.key]
        self.pending = None
        on_reply, self.on_reply = self.on_reply, None
        if on_reply is not None:
            on_reply(outcome)

    def over(self) -> None:
        """Nobody may join any more."""
        self.flight = None
        if self.among.get(self.key) is self:
            del self.among[self.key]


class _Waiter(Waiter):
    __slots__ = ("call", "on_reply")

    def __init__(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> None:
        super().__init__(deadline)
        self.call = call
        self.on_reply = on_reply

    def tell_late(self) -> None:
        self.on_reply(timed_out(self.call.subgraph))


class _Flight(Flight[_Waiter]):
    """A call that several wait for."""

    __slots__ = ("_first",)

    def __init__(self, first: _First) -> None:
        super().__init__()
        self._first = first

    def start(self, leader: _Waiter) -> Pending:
        return self._first.inner.send(leader.call, leader.deadline, self.answered)

    def over(self) -> None:
        self._first.over()

    def answered(self, outcome: Outcome) -> None:
        """All who wait get it, or all whose time is up."""
        is_first = True
        for each in self.landed(is_timeout=is_timeout(outcome)):
            # Asked anew each time: what one does may cancel another.
            if not each.is_cancelled:
                each.on_reply(outcome if is_first else copied(outcome))
            is_first = False
