"""Work that several wait for: begun for one of them, with a deadline and a way out for each.

It goes on while one waits. When its time is up while others have some left, it is begun again for these.
"""

import asyncio
import math
from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from router.executor import Pending
from router.executor.running_loop import running_loop

__all__ = ["Flight", "Waiter"]


class Waiter(ABC):
    """One who waits; a `Pending`.

    Attributes:
        deadline: by the event loop's clock.
        flight: what it waits for; None once that is over.
        is_cancelled: whether it wants to hear nothing any more.
    """

    __slots__ = ("_timer", "deadline", "flight", "is_cancelled")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.flight: Flight[Any] | None = None
        self.is_cancelled = False
        self._timer: asyncio.TimerHandle | None = None

    @abstractmethod
    def tell_late(self) -> None:
        """Its time is up, and it waits no longer."""

    def time_out_by_itself(self) -> None:
        self._timer = running_loop().call_at(self.deadline, self._is_late)

    def stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def cancel(self) -> None:
        self.is_cancelled = True
        self.stop_timer()
        flight, self.flight = self.flight, None
        if flight is not None:
            flight.leave(self)

    def _is_late(self) -> None:
        flight, self.flight = self.flight, None
        if flight is not None:
            flight.leave(self)
            self.tell_late()


W = TypeVar("W", bound=Waiter)


class Flight(ABC, Generic[W]):
    """One piece of work, and all who wait for it.

    Attributes:
        deadline: of the work as it goes on now.
        leader: for whom it was begun; None while it does not go on.
    """

    __slots__ = ("_pending", "_waiters", "deadline", "leader")

    def __init__(self) -> None:
        self._pending: Pending | None = None
        self._waiters: list[W] = []
        self.deadline = math.inf
        self.leader: W | None = None

    @abstractmethod
    def start(self, leader: W) -> Pending:
        """Begin the work for one of those who wait. Its end calls `landed`."""

    @abstractmethod
    def over(self) -> None:
        """It goes on for nobody: who comes now shall not join."""

    def lead(self, leader: W, pending: Pending) -> None:
        """It has been begun for this one already."""
        leader.flight = self
        self._waiters.append(leader)
        self.leader = leader
        self.deadline = leader.deadline
        self._pending = pending

    def join(self, waiter: W) -> None:
        """Let one more wait."""
        waiter.flight = self
        self._waiters.append(waiter)
        if waiter.deadline < self.deadline and self.leader is not None:
            waiter.time_out_by_itself()

    def begin(self) -> None:
        """Start for the one who waits longest; the others look at the clock themselves."""
        self.leader = leader = max(self._waiters, key=_deadline_of)
        self.deadline = leader.deadline
        for each in self._waiters:
            each.stop_timer()
            if each.deadline < self.deadline:
                each.time_out_by_itself()
        pending = self.start(leader)
        if self.leader is leader:  # else it is over, and perhaps begun anew
            self._pending = pending

    def leave(self, waiter: W) -> None:
        self._waiters.remove(waiter)
        if not self._waiters:
            self.over()
            if self._pending is not None:
                self._pending.cancel()

    def landed(self, *, is_timeout: bool) -> list[W]:
        """The work has ended: return those who get what came of it. Whom else it may still serve, it is begun for."""
        waiters, self._waiters = self._waiters, []
        self.leader = self._pending = None
        if is_timeout:
            # The first one's time was up; a follower's may not be.
            self._waiters = [each for each in waiters if each.deadline > self.deadline]
            waiters = [each for each in waiters if each.deadline <= self.deadline]
        for each in waiters:
            each.stop_timer()
            each.flight = None
        if self._waiters:
            self.begin()
        else:
            self.over()
        return waiters


def _deadline_of(waiter: Waiter) -> float:
    return waiter.deadline
