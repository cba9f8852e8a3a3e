"""Leaving an endpoint alone that fails most of the time, until a few requests show that it is back.

closed --too many failures--> open --after a while--> half-open --so many successes--> closed
                                ^                          |
                                +--------a failure---------+
"""

from enum import Enum

from router.server.config.traffic import CircuitBreakerConfig
from router.server.traffic.window import SlidingWindow

__all__ = ["BreakerState", "CircuitBreaker"]


class BreakerState(Enum):
    """Of a circuit breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """The breaker of one endpoint. It knows no clock: times are in seconds, of any clock that does not go back.

    Attributes:
        state: as of the last request.
        round: changes with the state: what was sent in another round says nothing about this one.
        opened: how often it has opened.
        refused: requests that were not sent.
    """

    __slots__ = (
        "_config", "_failures", "_probing", "_reopens_at", "_requests", "_successes", "opened", "refused", "round",
        "state",
    )  # fmt: skip

    def __init__(self, config: CircuitBreakerConfig) -> None:
        self._config = config
        self._requests = SlidingWindow(config.window_s)
        self._failures = SlidingWindow(config.window_s)
        self._reopens_at = 0.0
        self._probing = 0
        self._successes = 0
        self.state = BreakerState.CLOSED
        self.round = 0
        self.opened = 0
        self.refused = 0

    def admit(self, now: float) -> bool:
        """Whether a request may be sent; each that is must be followed by `record` or `abandon`."""
        if self.state is BreakerState.CLOSED:
            return True
        if self.state is BreakerState.OPEN and now >= self._reopens_at:
            self._enter(BreakerState.HALF_OPEN)
        if self.state is BreakerState.HALF_OPEN and self._probing < self._config.probes:
            self._probing += 1
            return True
        self.refused += 1
        return False

    def record(self, now: float, sent_in: int, *, failed: bool) -> bool:
        """Note how a request ended.

        Args:
            sent_in: the round in which it was admitted.

        Returns:
            Whether the state changed.
        """
        if sent_in != self.round:
            return False
        if self.state is BreakerState.CLOSED:
            self._requests.add(now)
            if failed:
                self._failures.add(now)
                return self._open_if_bad(now)
            return False
        self._probing -= 1
        if failed:
            self._open(now)
            return True
        self._successes += 1
        if self._successes < self._config.probes:
            return False
        self._requests.clear()
        self._failures.clear()
        self._enter(BreakerState.CLOSED)
        return True

    def abandon(self, sent_in: int) -> None:
        """Note that nobody waits for a request any more: it says nothing about the endpoint."""
        if sent_in == self.round and self.state is BreakerState.HALF_OPEN:
            self._probing -= 1

    def retry_in_s(self, now: float) -> float:
        """In how many seconds an open breaker lets requests try again."""
        return max(self._reopens_at - now, 0.0) if self.state is BreakerState.OPEN else 0.0

    def counts(self, now: float) -> tuple[int, int]:
        """Requests and failures in the window, while closed."""
        return self._requests.total(now), self._failures.total(now)

    def _open_if_bad(self, now: float) -> bool:
        requests = self._requests.total(now)
        if requests < self._config.min_requests:
            return False
        if self._failures.total(now) * 100 < self._config.error_percent * requests:
            return False
        self._open(now)
        return True

    def _open(self, now: float) -> None:
        self._reopens_at = now + self._config.open_s
        self.opened += 1
        self._enter(BreakerState.OPEN)

    def _enter(self, state: BreakerState) -> None:
        self.state = state
        self.round += 1
        self._probing = 0
        self._successes = 0
