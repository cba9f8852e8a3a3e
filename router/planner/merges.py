"""An optimiser pass: fetches that can wait are asked together with a later one of the same objects.

Two `@requires` fields of one subgraph are often ready at different times. Where nothing waits for the earlier one,
asking for both when the later one is ready saves a request and makes no chain of fetches longer.
"""

from collections.abc import Mapping, Sequence

from router.planner.fetch_graph import FetchGraph, FetchNode, RepresentationSpec
from router.planner.passes import levels, run_conditions, topological
from router.planner.plan import AnyOfConditions

__all__ = ["merge_into_later"]


def merge_into_later(fetch_graph: FetchGraph) -> FetchGraph:
    """Merges entity fetches into later ones of the same position and subgraph, wherever that saves a whole request.

    No fetch but the merged ones moves, so the plan gets no deeper. The nodes of the graph that is given are changed.
    """
    fetches = list(fetch_graph.fetches)
    if not any(_may_merge(group) for group in _by_place(fetches).values()):
        return fetch_graph
    while (pairs := _next_merge(fetches)) is not None:
        for earlier, later in pairs:
            _merge(earlier, later)
            fetches.remove(earlier)
            for fetch in fetches:
                if earlier in fetch.depends_on:
                    fetch.depends_on.remove(earlier)
                    fetch.depends_on.add(later)
    return FetchGraph(tuple(fetches), fetch_graph.root)


def _by_place(fetches: Sequence[FetchNode]) -> dict[tuple[object, ...], list[FetchNode]]:
    """Entity fetches of one position and subgraph, for one deferred fragment or for none."""
    places: dict[tuple[object, ...], list[FetchNode]] = {}
    for fetch in fetches:
        if fetch.representations:
            places.setdefault(_place(fetch), []).append(fetch)
    return places


def _place(fetch: FetchNode) -> tuple[object, ...]:
    return fetch.position, fetch.subgraph, fetch.defer


def _may_merge(group: Sequence[FetchNode]) -> bool:
    return len({fetch.stage for fetch in group}) > 1


def _next_merge(fetches: Sequence[FetchNode]) -> list[tuple[FetchNode, FetchNode]] | None:
    """Fetches that would share a request, each with the later one that it can go into."""
    ordered = topological(fetches)
    level = levels(ordered)
    conditions = run_conditions(ordered)
    latest = {fetch: len(ordered) for fetch in ordered}
    for fetch in ordered:
        for dependency in fetch.depends_on:
            latest[dependency] = min(latest[dependency], level[fetch] - 1)
    requests: dict[tuple[object, ...], list[FetchNode]] = {}
    for fetch in ordered:
        if fetch.representations:
            requests.setdefault((level[fetch], fetch.subgraph, fetch.defer), []).append(fetch)
    places = _by_place(ordered)
    for request in requests.values():
        pairs = []
        for fetch in request:
            later = _later(fetch, places[_place(fetch)], level, latest, conditions)
            if later is None:
                break
            pairs.append((fetch, later))
        else:
            return pairs
    return None


def _later(
    fetch: FetchNode,
    others: Sequence[FetchNode],
    level: Mapping[FetchNode, int],
    latest: Mapping[FetchNode, int],
    conditions: Mapping[FetchNode, AnyOfConditions],
) -> FetchNode | None:
    """The first later fetch of the same place that can ask for this one's fields too.

    None that waits for this one: it comes after the first fetch that does, and so after the latest.
    """
    for other in others:
        if (
            level[fetch] < level[other] <= latest[fetch]
            and conditions[fetch] == conditions[other]
            and not fetch.contexts
            and not other.contexts
            and _agree(fetch, other)
        ):
            return other
    return None


def _agree(first: FetchNode, second: FetchNode) -> bool:
    """Whether both can send the same objects once: a representation has one value per field."""
    if first.representations.keys() != second.representations.keys():
        return False
    return all(_fit(spec, second.representations[key]) for key, spec in first.representations.items())


def _fit(first: RepresentationSpec, second: RepresentationSpec) -> bool:
    sent = {
        wanted.name: slot for spec in (first, second) for wanted, slot in (*spec.key.items(), *spec.requires.items())
    }
    return all(
        sent[wanted.name] is slot
        for spec in (first, second)
        for wanted, slot in (*spec.key.items(), *spec.requires.items())
    )


def _merge(earlier: FetchNode, later: FetchNode) -> None:
    later.depends_on |= earlier.depends_on
    for position, slots in earlier.selected.items():
        later.selected.setdefault(position, {}).update(slots)
    later.typename.update(earlier.typename)
    for slot, entries in earlier.entries.items():
        later.entries.setdefault(slot, {}).update(entries)
    for key, spec in earlier.representations.items():
        later.representations[key].requires.update(spec.requires)
