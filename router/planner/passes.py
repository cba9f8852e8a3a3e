"""Optimiser passes over the fetch graph: plain functions, each pure in its result, deterministic and idempotent."""

from collections.abc import Iterable, Sequence

from router.graph.selection_syntax import Conditions, both
from router.planner.fetch_graph import FetchNode
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
    for fetch in reversed(ordered):
        terms: list[Conditions] = []
        own = fetch.selected if fetch.position is None else {fetch.position: fetch.selected.get(fetch.position, {})}
        top = [
            s for position, slots in own.items() if position is fetch.position or position.parent is None for s in slots
        ]
        shown = (both(fetch.conditions, s.conditions) for s in top if s.response_key is not None)
        terms += [term for term in shown if term is not None]
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
