"""How many requests a plan takes: which entity fetches share one if every request takes equally long.

When fetches really become ready is only known while they run, and the executor goes by that. This is what can be said
before: for reading plans, and for comparing them.
"""

from collections.abc import Collection

from router.planner.plan import Fetch, QueryPlan

__all__ = ["batches", "depths"]


def depths(plan: QueryPlan) -> tuple[int, ...]:
    """Returns for each fetch how long the longest chain of fetches is that ends with it; 1 if it waits for none."""
    found: list[int] = []
    for fetch in plan.fetches:
        found.append(1 + max((found[other] for other in fetch.depends_on), default=0))
    return tuple(found)


def batches(plan: QueryPlan, unbatched: Collection[str] = ()) -> tuple[tuple[Fetch, ...], ...]:
    """Returns the fetches by request, in order of their first fetch: entity fetches of one subgraph at one depth
    together, all others alone.

    Args:
        unbatched: names of subgraphs that take one `_entities` field per request.
    """
    depth = depths(plan)
    groups: dict[tuple[int, str, int | None, int | None], list[Fetch]] = {}
    for fetch in plan.fetches:
        alone = fetch.entity is None or fetch.subgraph in unbatched
        key = (depth[fetch.id], fetch.subgraph, fetch.id if alone else None, fetch.deferred)
        groups.setdefault(key, []).append(fetch)
    return tuple(tuple(group) for group in groups.values())
