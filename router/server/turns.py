"""When requests begin: what runs is finished before more is begun.

A request that runs holds a tree of data; one that waits, next to nothing. With fifty large trees under way at a time
each of them has left the processor's caches before its next reply comes, and everything takes half as long again. So
there are only as many side by side as the caches can hold, as long as there is work to do for them; more are begun when
the processor would be idle. How large a tree will be is taken from the plan's last response; small ones never wait.
"""

from collections import deque
from collections.abc import Callable

from router.executor.running_loop import running_loop
from router.server.metrics.subgraph_requests import MeasuredTransport

__all__ = ["SMALL_BYTES", "Turns", "Waiting"]

ROOM_BYTES = 1_000_000
"""Of responses whose requests run side by side, whatever there is to do. A tree takes some times as much."""

SMALL_BYTES = 16_384
"""Requests whose responses are not larger never wait."""

PATIENCE = 32
"""Rounds of the event loop in which others got replies, after which one request more is begun all the same: what costs
little shall not wait for long behind what costs much."""


class Waiting:
    """A request that has not begun; see `transport.Pending`."""

    __slots__ = ("begin",)

    def __init__(self, begin: Callable[[], None]) -> None:
        self.begin: Callable[[], None] | None = begin

    def cancel(self) -> None:
        """Forget it. Again is no harm."""
        self.begin = None


class Turns:
    """Lets requests begin in the order in which they came.

    When there is no room, one begins in each round of the event loop in which no subgraph has answered: there is
    nothing else to do then. So nobody waits for a subgraph that takes its time.

    Args:
        subgraphs: what all of their requests to subgraphs go through.

    Attributes:
        running_bytes: of the responses that are being made. Who begins or ends one counts it here.
    """

    __slots__ = ("_patience", "_seen", "_subgraphs", "_waiting", "running_bytes")

    def __init__(self, subgraphs: MeasuredTransport) -> None:
        self._subgraphs = subgraphs
        self._waiting: deque[Waiting] = deque()
        self._seen = 0
        self._patience = PATIENCE
        self.running_bytes = 0

    @property
    def has_room(self) -> bool:
        """Whether one more can begin."""
        return self.running_bytes < ROOM_BYTES and not self._waiting

    def wait(self, begin: Callable[[], None]) -> Waiting:
        """Wait for a turn; `begin` is called in a later round of the event loop, and counts the request."""
        waiting = Waiting(begin)
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            self._seen = self._subgraphs.answers
            running_loop().call_soon(self._look)
        return waiting

    def _look(self) -> None:
        answers = self._subgraphs.answers
        is_idle = answers == self._seen
        self._seen = answers
        self._patience -= 1
        if is_idle or not self._patience:
            self._begin()
        while self._waiting and self.running_bytes < ROOM_BYTES:
            self._begin()
        if self._waiting:
            running_loop().call_soon(self._look)

    def _begin(self) -> None:
        """Let the first one begin, unless nobody wants it any more."""
        self._patience = PATIENCE
        begin = self._waiting.popleft().begin
        if begin is not None:
            begin()
