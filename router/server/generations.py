"""A memory of bounded size that is read like a dictionary."""

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Generations"]

K = TypeVar("K", bytes, str)
V = TypeVar("V")


class Generations(dict[K, V], Generic[K, V]):
    """What is made of a key, kept as long as it is asked for now and then. `self[key]` makes what is not there.

    Two generations: a full one becomes the old one, and what is asked for in that comes over into the new one; the rest
    goes when the next one is full. So a hit is one look-up in C, and nothing is ever sorted or counted for it.

    Args:
        make: gives the value of a key, or None, which is not kept.
        max_entries: of one generation.
        max_bytes: of the keys of one generation; a key that alone takes more than a fiftieth is not kept.
    """

    __slots__ = ("_bytes", "_make", "_max_bytes", "_max_entries", "_old")

    def __init__(self, make: Callable[[K], V | None], *, max_entries: int, max_bytes: int) -> None:
        super().__init__()
        self._make: Callable[[K], V | None] = make
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._old: dict[K, V] = {}
        self._bytes = 0

    def __missing__(self, key: K) -> V | None:
        value = self._old.pop(key, None)
        if value is None:
            value = self._make(key)
            if value is None:
                return None
        size = len(key)
        if size * 50 <= self._max_bytes:
            if len(self) >= self._max_entries or self._bytes + size > self._max_bytes:
                self._old = dict(self)
                self.clear()
                self._bytes = 0
            self._bytes += size
            self[key] = value
        return value

    @property
    def held_entries(self) -> int:
        """How many values are kept, in both generations."""
        return len(self) + len(self._old)
