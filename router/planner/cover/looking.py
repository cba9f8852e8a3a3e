"""A search that may meet what it is already looking for, and what of its findings may be kept nevertheless."""

from collections.abc import Callable, Hashable, MutableMapping
from typing import TypeVar

__all__ = ["Looking"]

_UNCUT = 1_000_000_000
_Key = TypeVar("_Key", bound=Hashable)
_Found = TypeVar("_Found")


class Looking:
    """What is being looked for, each inside the one before it."""

    __slots__ = ("_active", "_cut_at")

    def __init__(self) -> None:
        self._active: dict[Hashable, int] = {}
        self._cut_at = _UNCUT
        """The outermost that what is being found has met again."""

    def enter(self, key: Hashable) -> bool:
        """Begins to look for something; False if that is being looked for already: what needs itself is no way."""
        if key in self._active:
            self._cut_at = min(self._cut_at, self._active[key])
            return False
        self._active[key] = len(self._active)
        return True

    def leave(self, key: Hashable) -> None:
        """Ends what `enter` began."""
        del self._active[key]

    def remembered(self, memory: MutableMapping[_Key, _Found], key: _Key, find: Callable[[], _Found]) -> _Found:
        """What is found is kept, unless that was found only because something around it is still being looked for."""
        before, self._cut_at = self._cut_at, _UNCUT
        found = find()
        own = self._active.get(key, len(self._active))
        if self._cut_at >= own:
            memory[key] = found
            self._cut_at = before
        else:
            self._cut_at = min(before, self._cut_at)
        return found
