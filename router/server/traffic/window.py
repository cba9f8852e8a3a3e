"""Counting what happened lately."""

__all__ = ["SlidingWindow"]

SLICES = 10


class SlidingWindow:
    """A count over the last `window_s` seconds, which passes on in tenths.

    Times are of any clock that does not go back, in seconds.
    """

    __slots__ = ("_counts", "_newest", "_slice_s", "_total")

    def __init__(self, window_s: float) -> None:
        self._slice_s = window_s / SLICES
        self._counts = [0] * SLICES
        self._newest = 0
        self._total = 0

    def add(self, now: float) -> None:
        """Count one more."""
        self._advance(now)
        self._counts[self._newest % SLICES] += 1
        self._total += 1

    def total(self, now: float) -> int:
        """How many there were in the window."""
        self._advance(now)
        return self._total

    def clear(self) -> None:
        """Forget all."""
        self._counts = [0] * SLICES
        self._total = 0

    def _advance(self, now: float) -> None:
        current = int(now / self._slice_s)
        if current <= self._newest:
            return
        if current - self._newest >= SLICES:
            self.clear()
        else:
            for passed in range(self._newest + 1, current + 1):
                self._total -= self._counts[passed % SLICES]
                self._counts[passed % SLICES] = 0
        self._newest = current
