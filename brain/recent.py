"""Answers of a slow source, remembered for a short while."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["RecentAnswers"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class RecentAnswers(Generic[K, V]):
    """A bounded memory of answers, "nothing" included; errors are not remembered.

    Callers that want the same answer at the same time share one question.

    Args:
        lifetime_s: how long an answer is good.
        max_entries: beyond it the least recently used answer is forgotten.
        clock: monotonic seconds.
    """

    def __init__(self, lifetime_s: float, max_entries: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lifetime_s = lifetime_s
        self._max_entries = max_entries
        self._clock = clock
        self._answers: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._asking: dict[K, asyncio.Task[V]] = {}

    def known(self, key: K) -> tuple[float, V] | None:
        """Until when the remembered answer is good, and the answer; None if there is none."""
        known = self._answers.get(key)
        return known if known is not None and self._clock() < known[0] else None

    async def get(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        """The remembered answer for the key, or what `ask` answers now.

        Raises:
            Exception: whatever `ask` raises.
        """
        known = self._answers.get(key)
        if known is not None and self._clock() < known[0]:
            self._answers.move_to_end(key)
            return known[1]
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.ensure_future(self._ask_and_keep(key, ask))
            task.add_done_callback(_look_at_error)
        # The question outlives a caller that gives up: others may be waiting for it.
        return await asyncio.shield(task)

    async def _ask_and_keep(self, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        try:
            answer = await ask()
        finally:
            del self._asking[key]
        self._answers[key] = (self._clock() + self._lifetime_s, answer)
        self._answers.move_to_end(key)
        if len(self._answers) > self._max_entries:
            self._answers.popitem(last=False)
        return answer

    def __len__(self) -> int:
        return len(self._answers)


def _look_at_error(task: "asyncio.Task[object]") -> None:
    """Mark an error as seen even if every caller has gone, so that it is not reported as lost."""
    if not task.cancelled():
        task.exception()
