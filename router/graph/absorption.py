"""Which occurrences of a field are part of others: what is selected anyway needs no condition of its own."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from router.graph.selection_syntax import Conditions
from router.graph.selections import Defer

__all__ = ["Key", "absorbers"]

Key = tuple[Conditions, Defer | None, bool]
"""Under which conditions something is selected, in which deferred fragment, and whether the caller is denied it."""


def absorbers(keys: Sequence[Key], spend: Callable[[int], None]) -> list[Key]:
    """For each key of a field the one with which it is selected: itself, or the first that absorbs it.

    One key absorbs another if what is selected under the other is selected under it too, and not later:

    - the other's caller is denied it: what is denied adds nothing to what is not; or
    - the other is in a fragment deferred inside of its own; and in both cases it has no condition that the other has
      not; or
    - both are in the same fragment, and only the other has conditions.

    Args:
        keys: each once, in the order of the document.
        spend: told how often two keys are compared.
    """
    _, defer, is_denied = keys[0]
    if all(key[1] is defer and key[2] is is_denied for key in keys):
        always: Key = ((), defer, is_denied)
        return [always] * len(keys) if always in keys else list(keys)
    every = _Index(keys, spend)
    kept = [key for key in keys if every.first(key) is None]
    among = _Index(kept, spend)
    # Absorption is transitive, so what is absorbed at all is absorbed by one that is kept.
    return [among.first(key) or key for key in keys]


class _Index:
    """Keys by what those that they absorb have in common with them."""

    def __init__(self, keys: Sequence[Key], spend: Callable[[int], None]) -> None:
        self._keys = keys
        self._spend = spend
        self._places = {key: place for place, key in enumerate(keys)}
        self._open = _Subsets()
        self._by_fragment: dict[tuple[Defer | None, bool], _Subsets] = {}
        for place, (conditions, defer, is_denied) in enumerate(keys):
            self._by_fragment.setdefault((defer, is_denied), _Subsets()).add(conditions, place)
            if not is_denied:
                self._open.add(conditions, place)

    def first(self, key: Key) -> Key | None:
        """The first that absorbs this one."""
        place = min(self._absorbing(key), default=None)
        return None if place is None else self._keys[place]

    def _absorbing(self, key: Key) -> Iterator[int]:
        conditions, defer, is_denied = key
        if conditions:
            always = self._places.get(((), defer, is_denied))
            if always is not None:
                yield always
        wanted = frozenset(conditions)
        if is_denied:
            yield from self._open.within(wanted, self._spend)
        while defer is not None:
            defer = defer.parent
            fragment = self._by_fragment.get((defer, is_denied))
            if fragment is not None:
                yield from fragment.within(wanted, self._spend)


class _Subsets:
    """Sets of conditions, to find those that are part of a given one."""

    def __init__(self) -> None:
        self._by_term: dict[object, list[tuple[Conditions, int]]] = {}

    def add(self, conditions: Conditions, place: int) -> None:
        self._by_term.setdefault(conditions[0] if conditions else None, []).append((conditions, place))

    def within(self, wanted: frozenset[tuple[str, bool]], spend: Callable[[int], None]) -> Iterable[int]:
        """The places of those that have no other terms than these."""
        for term in itertools.chain((None,), wanted):
            candidates = self._by_term.get(term, ())
            spend(1 + len(candidates))
            for conditions, place in candidates:
                if wanted.issuperset(conditions):
                    yield place
