"""Optimiser passes over the fetch graph: plain functions, each pure in its result, deterministic and idempotent."""

from collections.abc import Iterable, Mapping, Sequence

from router.graph.selection_syntax import Conditions, both
from router.planner.fetch_graph import FetchNode, Position, Slot
from router.planner.plan import AnyOfConditions

__all__ = ["levels", "numbered", "run_conditions", "simplify", "topological"]

MAX_COMPARED = 32
"""More alternatives than this are not compared with one another, but for those that contain others."""


def topological(fetches: Sequence[FetchNode]) -> list[FetchNode]:
    """Dependencies first; among the free ones, in the order of creation."""
    done: set[FetchNode] = set()
    ordered: list[FetchNode] = []
    left = list(fetches)
    while left:
        ready = [f for f in left if f.depends_on <= done]
        assert ready, "fetches wait for one another"
        ordered += ready
        done.update(ready)
        left = [f for f in left if f not in done]
    return ordered


def levels(ordered: Sequence[FetchNode]) -> dict[FetchNode, int]:
    """Length of the longest chain of fetches before each one."""
    level: dict[FetchNode, int] = {}
    for fetch in ordered:
        level[fetch] = max((level[d] + 1 for d in fetch.depends_on), default=0)
    return level


def numbered(fetches: Sequence[FetchNode]) -> list[FetchNode]:
    """Fetches in the order of the plan, where their index is their id: by depth, then in the order of creation."""
    ordered = topological(fetches)
    level = levels(ordered)
    return sorted(ordered, key=lambda fetch: (level[fetch], fetch.order))


def run_conditions(ordered: Sequence[FetchNode]) -> dict[FetchNode, AnyOfConditions]:
    """When each fetch is needed at all: for a client's field that is included, or for a fetch that is needed."""
    wanted: dict[FetchNode, AnyOfConditions | None] = {}
    dependants: dict[FetchNode, list[FetchNode]] = {}
    for fetch in ordered:
        for dependency in fetch.depends_on:
            dependants.setdefault(dependency, []).append(fetch)
    shown = _Shown(ordered, wanted)
    for fetch in reversed(ordered):
        own = fetch.selected if fetch.position is None else {fetch.position: fetch.selected.get(fetch.position, {})}
        top = [
            s for position, slots in own.items() if position is fetch.position or position.parent is None for s in slots
        ]
        terms = [term for s in top if s.response_key is not None for term in shown.of_slot(fetch, s, fetch.conditions)]
        if fetch.position is not None and fetch.position in fetch.typename:
            terms.append(fetch.conditions)  # the projection needs the runtime type, whatever is included below
        is_helper = any(s.response_key is None for s in top) or not terms
        if is_helper:
            for dependant in dependants.get(fetch, ()):
                terms += wanted[dependant] or ((),)
            if not dependants.get(fetch):
                terms.append(fetch.conditions)
        wanted[fetch] = simplify(terms)
    return {fetch: wanted[fetch] or () for fetch in ordered}


class _Shown:
    """When a fetch is needed for a field of the client, with what is asked below it.

    Of an object that several fetches put together, one tells whether it is there at all; the others are asked for what
    they have of it, and for what is read there to go on from.
    """

    def __init__(self, ordered: Sequence[FetchNode], wanted: Mapping[FetchNode, AnyOfConditions | None]) -> None:
        self._wanted = wanted
        self._asking: dict[Slot, list[FetchNode]] = {}
        self._sending: dict[Slot, list[FetchNode]] = {}
        for fetch in ordered:
            for slots in fetch.selected.values():
                for slot in slots:
                    self._asking.setdefault(slot, []).append(fetch)
            for spec in fetch.representations.values():
                for slot in (*spec.key.values(), *spec.requires.values()):
                    self._sending.setdefault(slot, []).append(fetch)
        self._telling: dict[Slot, FetchNode] = {}

    def of_slot(self, fetch: FetchNode, slot: Slot, conditions: Conditions) -> list[Conditions]:
        here = both(conditions, slot.conditions)
        if here is None:
            return []
        asking = self._asking[slot]
        if len(asking) == 1 or slot.child is None or self._tells(slot, asking) is fetch:
            return [here]
        inner = fetch.selected.get(slot.child, {})
        helping = [term for s in inner if s.response_key is None for term in self._of_helper(s, here)]
        return [*helping, *self._below(fetch, slot.child, here)]

    def _below(self, fetch: FetchNode, position: Position, here: Conditions) -> list[Conditions]:
        inner = [s for s in fetch.selected.get(position, {}) if s.response_key is not None]
        return [term for s in inner for term in self.of_slot(fetch, s, here)]

    def _of_helper(self, slot: Slot, here: Conditions) -> list[Conditions]:
        sending = self._sending.get(slot)
        if sending is None:
            return [here]
        terms = (both(here, term) for fetch in sending for term in self._wanted[fetch] or ((),))
        return [term for term in terms if term is not None]

    def _tells(self, slot: Slot, asking: Sequence[FetchNode]) -> FetchNode:
        """The first that is asked whenever the object is wanted; else the first."""
        known = self._telling.get(slot)
        if known is None:
            assert slot.child is not None
            always = (f for f in asking if (terms := self._below(f, slot.child, ())) and not simplify(terms))
            known = self._telling[slot] = next(always, asking[0])
        return known


def simplify(terms: Iterable[Conditions]) -> AnyOfConditions:
    """Says the same in fewer words: `x or not x and y` is `x or y`; an always-true whole is empty."""
    left = {frozenset(term) for term in terms}
    if len(left) <= MAX_COMPARED:
        left = _without_opposites(left)
    kept: list[frozenset[tuple[str, bool]]] = []
    for term in sorted(left, key=lambda t: (len(t), sorted(t))):
        if not term:
            return ()
        if not any(other <= term for other in kept):
            kept.append(term)
    return tuple(tuple(sorted(term)) for term in kept)


def _without_opposites(left: set[frozenset[tuple[str, bool]]]) -> set[frozenset[tuple[str, bool]]]:
    """Drops from each term what another term makes up for: one that holds where the dropped condition does not."""
    pending = sorted(left, key=sorted)
    while pending:
        term = pending.pop()
        for name, wanted in sorted(term):
            rest = term - {(name, wanted)}
            if any((name, not wanted) in other and other - {(name, not wanted)} <= rest for other in left):
                left = (left - {term}) | {rest}
                pending = sorted(left, key=sorted)
                break
    return left
