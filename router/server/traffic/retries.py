"""Sending a request once more that failed without an answer."""

import random
from collections.abc import Callable

from router.executor import OnReply, Pending, Transport
from router.executor.running_loop import running_loop
from router.hooks import SubgraphCall, SubgraphReply
from router.server.config.traffic import RetriesConfig
from router.server.traffic.budget import Budget
from router.server.traffic.layer import Layer
from router.server.traffic.outcomes import Outcome, has_data, is_timeout, is_unreachable, retry_after_s

__all__ = ["Retries"]


class Retries(Layer):
    """Sends queries again, and mutations if the settings say that they are idempotent: within the deadline and the
    budget, after a pause that grows and is drawn in part, so that routers do not come back all at once.

    An answer, be it partial, is never asked for again: only what came to nothing. Nor is a request with files sent
    again, which are read from the client while they are sent.

    Args:
        draw: gives numbers from 0 up to 1.
    """

    __slots__ = ("_budget", "_config", "_draw", "_types")

    def __init__(
        self, inner: Transport, config: RetriesConfig, budget: Budget, draw: Callable[[], float] = random.random
    ) -> None:
        super().__init__(inner)
        self._config = config
        self._budget = budget
        self._draw = draw
        self._types = ("query", "mutation") if config.idempotent_mutations else ("query",)

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request, several times if need be; see `Transport.send`."""
        self._budget.note(running_loop().time())
        if call.operation_type not in self._types or call.stream is not None:
            return self.inner.send(call, deadline, on_reply)
        attempts = _Attempts(self, call, deadline, on_reply)
        attempts.begin()
        return attempts

    def ends_at(self, deadline: float) -> float:
        """When an attempt that begins now must have ended."""
        if self._config.attempt_timeout_s is None:
            return deadline
        return min(deadline, running_loop().time() + self._config.attempt_timeout_s)

    def pause_s(self, outcome: Outcome, made: int, deadline: float) -> float | None:
        """How long to wait before another attempt; None if there is to be none.

        Args:
            made: attempts so far.
        """
        config = self._config
        if made > config.max_retries:
            return None
        asked_s = 0.0
        if isinstance(outcome, SubgraphReply):
            if outcome.status not in config.statuses or has_data(outcome):
                return None
            asked_s = retry_after_s(outcome)
        elif not is_unreachable(outcome) and not is_timeout(outcome):
            return None
        longest_s = min(config.initial_backoff_s * 2.0 ** (made - 1), config.max_backoff_s)
        pause_s: float = max(longest_s * (0.5 + self._draw() / 2), asked_s)
        now = running_loop().time()
        if now + pause_s >= deadline or not self._budget.take(now):
            return None
        return pause_s


class _Attempts:
    """One request; `_pending` is what is under way: an attempt, or the pause before the next."""

    __slots__ = ("_call", "_deadline", "_made", "_on_reply", "_pending", "_retries")

    def __init__(self, retries: Retries, call: SubgraphCall, deadline: float, on_reply: OnReply) -> None:
        self._retries = retries
        self._call = call
        self._deadline = deadline
        self._on_reply = on_reply
        self._made = 0
        self._pending: Pending | None = None

    def begin(self) -> None:
        if self._made and self._call.renew is not None:
            self._call.renew(self._call)
        self._made += 1
        ends_at = self._retries.ends_at(self._deadline)
        self._pending = self._retries.inner.send(self._call, ends_at, self._answered)

    def cancel(self) -> None:
        if self._pending is not None:
            self._pending.cancel()

    def _answered(self, outcome: Outcome) -> None:
        pause_s = self._retries.pause_s(outcome, self._made, self._deadline)
        if pause_s is None:
            self._on_reply(outcome)
        else:
            self._pending = running_loop().call_later(pause_s, self.begin)
