"""Optimiser passes over the fetch graph: plain functions, each pure in its result, deterministic and idempotent."""

from collections.abc import Iterable, Sequence

from router.graph.selection_syntax import Conditions, both
from router.planner.fetch_graph import FetchNode
from router.planner.plan import AnyOfConditions

__all__ = ["levels", "numbered", "run_conditions", "topological"]


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
    """Drops terms that another term implies; an always-true term makes the whole always true (empty)."""
    unique = sorted(set(terms), key=lambda t: (len(t), t))
    kept: list[Conditions] = []
    for term in unique:
        if not term:
            return ()
        if not any(set(k) <= set(term) for k in kept):
            kept.append(term)
    return tuple(kept)
