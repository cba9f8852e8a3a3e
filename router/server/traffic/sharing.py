"""Equal queries to a subgraph that are under way at the same time are sent once."""

from collections.abc import Hashable

from router.executor import OnReply, Pending, Transport
from router.executor.transport import timed_out
from router.hooks import SubgraphCall
from router.server.traffic.flights import Flight, Flights, Waiter
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
    """Sends equal queries once and gives all the same answer, or the same error; see `flights`."""

    __slots__ = ("_flights",)

    def __init__(self, inner: Transport) -> None:
        super().__init__(inner)
        self._flights: Flights[_Flight] = Flights()

    @property
    def shared(self) -> int:
        """Requests that were answered by another one's."""
        return self._flights.shared

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a query, or wait for one that is under way; see `Transport.send`."""
        if call.operation_type != "query" or call.stream is not None:
            return self.inner.send(call, deadline, on_reply)
        key = share_key(call)
        waiter = _Waiter(call, deadline, on_reply)
        if self._flights.joined(key, waiter) is None:
            self._flights.begin(key, _Flight(self._flights, key, self.inner), waiter)
        return waiter


class _Waiter(Waiter):
    __slots__ = ("_on_reply", "call")

    def __init__(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> None:
        super().__init__(deadline)
        self.call = call
        self._on_reply = on_reply

    def answer(self, outcome: Outcome) -> None:
        if not self.is_cancelled:
            self._on_reply(outcome)

    def tell_late(self) -> None:
        self._on_reply(timed_out(self.call.subgraph))


class _Flight(Flight[_Waiter]):
    __slots__ = ("_inner",)

    def __init__(self, flights: "Flights[_Flight]", key: Hashable, inner: Transport) -> None:
        super().__init__(flights, key)
        self._inner = inner

    def start(self, leader: _Waiter) -> Pending:
        return self._inner.send(leader.call, leader.deadline, self._answered)

    def _answered(self, outcome: Outcome) -> None:
        for index, each in enumerate(self.landed(is_timeout=is_timeout(outcome))):
            # Asked anew each time: what one does may cancel another.
            each.answer(outcome if index == 0 else copied(outcome))
