"""A second copy of a slow query: the first answer counts."""

from collections import deque
from dataclasses import replace

from router.executor import OnReply, Pending, Transport
from router.executor.running_loop import running_loop
from router.hooks import SubgraphCall, SubgraphReply
from router.server.config.traffic import HedgingConfig
from router.server.traffic.budget import Budget
from router.server.traffic.layer import Layer
from router.server.traffic.outcomes import Outcome, is_failure

__all__ = ["Hedging", "Latencies"]

KEPT = 200
NEEDED = 50
RENEWED_EVERY = 20


class Latencies:
    """How long the latest requests took, and how long most of them."""

    __slots__ = ("_latest", "_limit_s", "_percentile", "_since")

    def __init__(self, percentile: float) -> None:
        self._percentile = percentile
        self._latest: deque[float] = deque(maxlen=KEPT)
        self._limit_s: float | None = None
        self._since = 0

    def add(self, duration_s: float) -> None:
        """Note a request's duration."""
        self._latest.append(duration_s)
        self._since += 1
        if self._since >= RENEWED_EVERY and len(self._latest) >= NEEDED:
            self._since = 0
            self._limit_s = sorted(self._latest)[int(len(self._latest) * self._percentile / 100)]

    @property
    def limit_s(self) -> float | None:
        """What so many percent of the latest did not exceed; None while too few are known."""
        return self._limit_s


class Hedging(Layer):
    """Sends a query a second time that takes longer than most, within the budget, and takes the first good answer.

    Args:
        notes: whether the budget learns of requests here, because no other layer tells it.
    """

    __slots__ = ("_budget", "_config", "_notes", "latencies")

    def __init__(self, inner: Transport, config: HedgingConfig, budget: Budget, *, notes: bool) -> None:
        super().__init__(inner)
        self._config = config
        self._budget = budget
        self._notes = notes
        self.latencies = Latencies(config.percentile)

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request, perhaps twice; see `Transport.send`."""
        now = running_loop().time()
        if self._notes:
            self._budget.note(now)
        if call.operation_type != "query" or call.stream is not None:
            return self.inner.send(call, deadline, on_reply)
        pair = _Pair(self, call, deadline, on_reply, now)
        pair.begin()
        limit_s = self.latencies.limit_s
        if limit_s is not None:
            hedge_at = now + max(limit_s, self._config.min_delay_s)
            if hedge_at < deadline:
                pair.hedge_at(hedge_at)
        return pair

    def may_hedge(self) -> bool:
        """Whether the budget allows a second copy."""
        return self._budget.take(running_loop().time())


class _Pair:
    """A query and perhaps its copy."""

    __slots__ = ("_call", "_deadline", "_hedging", "_on_reply", "_started", "_timer", "_under_way")

    def __init__(
        self, hedging: Hedging, call: SubgraphCall, deadline: float, on_reply: OnReply, started: float
    ) -> None:
        self._hedging = hedging
        self._call = call
        self._deadline = deadline
        self._on_reply = on_reply
        self._started = started
        self._timer: Pending | None = None
        self._under_way: list[Pending] = []

    def begin(self) -> None:
        sent: list[Pending] = []
        sent.append(self._hedging.inner.send(self._call, self._deadline, lambda outcome: self._answered(sent, outcome)))
        self._under_way += sent

    def hedge_at(self, moment: float) -> None:
        self._timer = running_loop().call_at(moment, self._is_slow)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for each in self._under_way:
            each.cancel()
        self._under_way = []

    def _is_slow(self) -> None:
        if self._hedging.may_hedge():
            # The first may still wait for its turn, with its own headers.
            self._call = replace(self._call, headers=dict(self._call.headers))
            if self._call.renew is not None:
                self._call.renew(self._call)
            self.begin()

    def _answered(self, sent: list[Pending], outcome: Outcome) -> None:
        self._under_way = [each for each in self._under_way if each is not sent[0]]
        if not isinstance(outcome, SubgraphReply) or outcome.status == 429 or is_failure(outcome):
            if self._under_way:
                return  # the other one may still do
        else:
            self._hedging.latencies.add(running_loop().time() - self._started)
        self.cancel()
        self._on_reply(outcome)
