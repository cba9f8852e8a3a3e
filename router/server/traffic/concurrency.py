"""How many requests a subgraph gets at the same time; the others wait their turn."""

import math
from collections import deque
from typing import Literal

from router.errors import SubgraphError
from router.executor import OnReply, Pending, Transport
from router.executor.running_loop import running_loop
from router.hooks import SubgraphCall, SubgraphReply
from router.server.config.traffic import ConcurrencyConfig
from router.server.traffic.layer import Layer

__all__ = ["OVERLOADED", "ConcurrencyLimit"]

OVERLOADED = "SUBGRAPH_OVERLOADED"


class ConcurrencyLimit(Layer):
    """Bounds the requests under way to one subgraph, and those that wait.

    The partitions (tenants) take turns. When too many wait, the newest of the partition with the most makes room for
    one of a partition with fewer, so that nobody can fill the queue for the others.

    Attributes:
        running: requests under way.
        waiting: requests that wait.
        refused: requests that found no room, or waited in vain.
    """

    __slots__ = ("_config", "_queues", "refused", "running", "waiting")

    def __init__(self, inner: Transport, config: ConcurrencyConfig) -> None:
        super().__init__(inner)
        self._config = config
        self._queues: dict[str, deque[_Turn]] = {}
        """By partition, in the order of their turns; none is empty."""
        self.running = 0
        self.waiting = 0
        self.refused = 0

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request, now or when it is its turn; see `Transport.send`."""
        turn = _Turn(self, call, deadline, on_reply)
        if self.running < self._config.max_requests:
            turn.begin()
        elif self.waiting < self._config.max_waiting or self._make_room(call.context.partition):
            self._queues.setdefault(call.context.partition, deque()).append(turn)
            self.waiting += 1
            turn.wait()
        else:
            self.refused += 1
            turn.refuse()
        return turn

    def _make_room(self, partition: str) -> bool:
        """Refuse the newest request of the partition with the most, if that is fair."""
        if not self._queues:
            return False
        longest = max(self._queues, key=lambda name: len(self._queues[name]))
        if len(self._queues[longest]) <= len(self._queues.get(partition, ())) + 1:
            return False
        newest = self._queues[longest][-1]
        self.forget(newest)
        self.refused += 1
        newest.refuse()
        return True

    def forget(self, turn: "_Turn") -> None:
        """Take a request out of its queue."""
        partition = turn.call.context.partition
        queue = self._queues[partition]
        if queue[-1] is turn:
            queue.pop()
        else:
            queue.remove(turn)
        if not queue:
            del self._queues[partition]
        self.waiting -= 1

    def next(self) -> None:
        """One has ended: begin what waits."""
        self.running -= 1
        while self._queues and self.running < self._config.max_requests:
            partition = next(iter(self._queues))
            queue = self._queues.pop(partition)
            turn = queue.popleft()
            if queue:
                self._queues[partition] = queue  # to the end
            self.waiting -= 1
            turn.begin()


class _Turn:
    """One request: waiting, under way, or over."""

    __slots__ = ("_deadline", "_limit", "_on_reply", "_pending", "_state", "call")

    def __init__(self, limit: ConcurrencyLimit, call: SubgraphCall, deadline: float, on_reply: OnReply) -> None:
        self.call = call
        self._limit = limit
        self._deadline = deadline
        self._on_reply = on_reply
        self._pending: Pending | None = None
        self._state: Literal["new", "waiting", "running", "over"] = "new"

    def wait(self) -> None:
        self._state = "waiting"
        if self._deadline < math.inf:
            self._pending = running_loop().call_at(self._deadline, self._is_late)

    def begin(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
        self._state = "running"
        self._limit.running += 1
        self._pending = self._limit.inner.send(self.call, self._deadline, self._answered)

    def refuse(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
        self._state = "over"
        message = f"Subgraph '{self.call.subgraph}' has more requests under way than it is given at a time."
        error = SubgraphError(message, subgraph=self.call.subgraph, code=OVERLOADED)
        self._pending = running_loop().call_soon(self._on_reply, error)

    def cancel(self) -> None:
        state, self._state = self._state, "over"
        if self._pending is not None:
            self._pending.cancel()
        if state == "waiting":
            self._limit.forget(self)
        elif state == "running":
            self._limit.next()

    def _is_late(self) -> None:
        self._limit.forget(self)
        self._limit.refused += 1
        self.refuse()

    def _answered(self, outcome: SubgraphReply | SubgraphError) -> None:
        if self._state == "running":
            self._state = "over"
            self._limit.next()
            self._on_reply(outcome)
