"""Turns: so many at a time; where more wait, nobody waits for another's backlog.

    turns = Turns(10)
    async with turns.of(tenant):
        ...

Next is whoever has the fewest under way; among equals, whose last turn is the longest ago. What one and the same party
waits for is done in the order in which it came. While nobody else waits, one party may have all turns.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

__all__ = ["Turns"]


class Turns:
    """For one event loop.

    Args:
        limit: how many turns are taken at a time.
    """

    def __init__(self, limit: int) -> None:
        assert limit > 0
        self._free = limit
        self._taken: dict[Hashable, int] = {}
        # In the order of their last turns. While somebody is in it no turn is free.
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def of(self, party: Hashable) -> AsyncIterator[None]:
        """Waits for a turn, and has it while the block runs."""
        await self.take(party)
        try:
            yield
        finally:
            self.give_back(party)

    async def take(self, party: Hashable) -> None:
        """Waits for a turn. Whoever has taken it gives it back."""
        if self._free:
            self._free -= 1
            self._taken[party] = self._taken.get(party, 0) + 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(party, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it came at the same moment, and nobody takes it
                self.give_back(party)
            raise

    def give_back(self, party: Hashable) -> None:
        """Ends a turn: the next one begins."""
        left = self._taken[party] - 1
        if left:
            self._taken[party] = left
        else:
            del self._taken[party]
        while self._waiting:
            following = min(self._waiting, key=lambda waiting: self._taken.get(waiting, 0))
            turns = self._waiting.pop(following)
            turn = turns.popleft()
            while turn.cancelled() and turns:  # whoever has gone left it there
                turn = turns.popleft()
            if turns:
                self._waiting[following] = turns
            if not turn.cancelled():
                self._taken[following] = self._taken.get(following, 0) + 1
                turn.set_result(None)
                return
        self._free += 1
