"""How many requests may be sent on top of those that were asked for."""

from router.server.config.traffic import BudgetConfig
from router.server.traffic.window import SlidingWindow

__all__ = ["Budget"]


class Budget:
    """The retries and hedged requests of one subgraph: at most a part of its requests, whoever they are for.

    It protects the subgraph from the sum of all, so it knows no partitions.

    Attributes:
        granted: extra requests that were allowed.
        denied: extra requests that were not.
    """

    __slots__ = ("_extra", "_free", "_requests", "_share", "denied", "granted")

    def __init__(self, config: BudgetConfig) -> None:
        self._share = config.percent / 100
        self._free = config.min_per_s * config.window_s
        self._requests = SlidingWindow(config.window_s)
        self._extra = SlidingWindow(config.window_s)
        self.granted = 0
        self.denied = 0

    def note(self, now: float) -> None:
        """Count a request that was asked for."""
        self._requests.add(now)

    def take(self, now: float) -> bool:
        """Whether one more may be sent; it then counts as sent."""
        allowed = max(self._free, self._share * self._requests.total(now))
        if self._extra.total(now) + 1 > allowed:
            self.denied += 1
            return False
        self._extra.add(now)
        self.granted += 1
        return True
