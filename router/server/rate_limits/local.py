"""Counting in this process alone."""

from collections.abc import Sequence

from router.server.rate_limits.gcra import Rate

__all__ = ["LocalStore"]

MAX_KEYS = 100_000


class LocalStore:
    """Buckets by key; bounded, the emptiest go first."""

    __slots__ = ("_max_keys", "_until_us")

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._until_us: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._until_us)

    def take(self, keys: Sequence[bytes], rates: Sequence[Rate], now_us: int) -> tuple[bool, list[int]]:
        """Take one from each bucket, or from none if one of them has no room.

        Args:
            keys: distinct ones.
            now_us: by any clock that does not go back.

        Returns:
            Whether all had room, and how far each is filled now, in microseconds.
        """
        filled = [
            min(max(self._until_us.get(key, 0) - now_us, 0), rate.capacity_us)
            for key, rate in zip(keys, rates, strict=True)
        ]
        if not all(rate.fits(each) for rate, each in zip(rates, filled, strict=True)):
            return False, filled
        filled = [each + rate.interval_us for rate, each in zip(rates, filled, strict=True)]
        for key, each in zip(keys, filled, strict=True):
            self._until_us[key] = now_us + each
        if len(self._until_us) > self._max_keys:
            self._make_room(now_us)
        return True, filled

    def _make_room(self, now_us: int) -> None:
        kept = {key: until for key, until in self._until_us.items() if until > now_us}
        if len(kept) > self._max_keys * 3 // 4:
            fullest = sorted(kept, key=kept.__getitem__, reverse=True)[: self._max_keys // 2]
            kept = {key: kept[key] for key in fullest}
        self._until_us = kept
