"""Time limits of many requests with one timer."""

import asyncio
from math import inf
from typing import Generic, Protocol, TypeVar

__all__ = ["Deadlines", "Expiring"]

GRANULARITY_S = 0.02
"""A request may take so much longer than allowed, for that many fewer looks at all of them."""


class Expiring(Protocol):
    """What has a time limit, in the loop's time."""

    deadline: float

    def expire(self) -> None:
        """It is over; called once, after it has been removed."""


Item = TypeVar("Item", bound=Expiring)


class Deadlines(Generic[Item]):
    """What is pending. The timer is set for the soonest limit that was ever seen, so it rarely goes off in vain.

    Attributes:
        pending: who adds to it sees to it that it is looked at soon enough; see `add`.
        next: when it is looked at.
    """

    __slots__ = ("_loop", "_timer", "next", "pending")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self.next = inf
        self.pending: set[Item] = set()

    def add(self, item: Item) -> None:
        self.pending.add(item)
        if item.deadline < self.next:
            self.look_at(item.deadline)

    def close(self) -> None:
        """Stop the clock; nothing expires any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self.next = None, inf

    def look_at(self, when: float) -> None:
        """Look for what is due at that time."""
        if self._timer is not None:
            self._timer.cancel()
        self.next = when
        if when == inf:
            self._timer = None
            return
        self._timer = self._loop.call_at(max(when, self._loop.time() + GRANULARITY_S), self._sweep)

    def _sweep(self) -> None:
        self._timer, self.next = None, inf
        now = self._loop.time()
        due = [item for item in self.pending if item.deadline <= now]
        self.pending.difference_update(due)
        self.look_at(min((item.deadline for item in self.pending), default=inf))
        for item in due:
            item.expire()
