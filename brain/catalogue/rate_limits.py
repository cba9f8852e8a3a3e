"""How fast a tenant may call an integration: a bucket of requests, a pause that the provider asked for, a day's quota.

Kept by each process for itself; a provider that several workers call together answers 429 at its limit, and that holds.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from brain.catalogue.descriptors import RateLimit

__all__ = ["QuotaSpent", "RateLimits"]

_MAX_BUCKETS = 20_000
_DAY_S = 86_400


class QuotaSpent(Exception):
    """The day's quota does not allow it. `resets_in_s`: when the next day begins, in UTC."""

    def __init__(self, resets_in_s: float) -> None:
        super().__init__("the quota of the day is spent")
        self.resets_in_s = resets_in_s


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    paused_until: float = 0.0
    day: int = 0
    used: int = 0


class RateLimits:
    """Buckets by tenant and integration.

    Args:
        clock: monotonic seconds.
        wall_clock: Unix time, for the day of a quota.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def take(self, tenant: str, integration: str, limit: RateLimit, cost: int = 1) -> float:
        """Take the place of one request and say how many seconds to wait for it: places are given in order.

        Raises:
            QuotaSpent: the day's quota is too small for `cost`; no place was taken.
        """
        bucket = self._bucket(tenant, integration, limit)
        now = self._clock()
        if limit.quota is not None:
            wall = self._wall_clock()
            day = int(wall // _DAY_S)
            if bucket.day != day:
                bucket.day, bucket.used = day, 0
            if bucket.used + cost > limit.quota.units_per_day:
                raise QuotaSpent((day + 1) * _DAY_S - wall)
            bucket.used += cost
        rate = limit.requests / limit.per_s
        bucket.tokens = min(limit.burst, bucket.tokens + (now - bucket.at) * rate) - 1
        bucket.at = now
        return max(0.0, -bucket.tokens / rate, bucket.paused_until - now)

    def give_back(self, tenant: str, integration: str, limit: RateLimit, cost: int = 1) -> None:
        """Return a place that was taken and will not be used."""
        bucket = self._bucket(tenant, integration, limit)
        bucket.tokens = min(limit.burst, bucket.tokens + 1)
        bucket.used = max(0, bucket.used - cost)

    def pause(self, tenant: str, integration: str, limit: RateLimit, seconds: float) -> None:
        """The provider wants no request for so long."""
        bucket = self._bucket(tenant, integration, limit)
        bucket.paused_until = max(bucket.paused_until, self._clock() + seconds)

    def _bucket(self, tenant: str, integration: str, limit: RateLimit) -> _Bucket:
        key = tenant, integration
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(limit.burst, self._clock())
            while len(self._buckets) > _MAX_BUCKETS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket
