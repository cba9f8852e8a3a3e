"""The plan's fetches with the functions that find their targets and make their representations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.executor.keyed import KeyedExtract
from router.executor.parts import CompiledFetch, SubgraphTraits
from router.executor.representations import write_collector, write_extractor
from router.executor.source import Source
from router.executor.writes import Keys, Writes
from router.planner.plan import EntityCall, Fetch, Path, QueryPlan, Representation

__all__ = ["WrittenFetches", "write_fetches"]

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WrittenFetches:
    """Fetches before the generated code is loaded.

    Attributes:
        collectors: by fetch, the name of what finds its targets; None for a root fetch at the response root.
        extractors: names of what makes representations, by these and the key fields that may be null in them.
        nullable: the latter, by subgraph.
        united: positions where one object of the tree may be in many places.
    """

    collectors: tuple[str | None, ...]
    extractors: Mapping[tuple[tuple[Representation, ...], frozenset[str]], str]
    nullable: Mapping[str, frozenset[str]]
    united: frozenset[Keys]

    def loaded(self, plan: QueryPlan, writes: Writes, functions: Mapping[str, Any]) -> tuple[CompiledFetch, ...]:
        """Return the fetches with the functions themselves."""
        dependents: list[list[int]] = [[] for _ in plan.fetches]
        for fetch in plan.fetches:
            for other in dict.fromkeys(fetch.depends_on):
                dependents[other].append(fetch.id)
        collected_by = _collected_by(plan, writes)
        shared = set(collected_by.values())
        calls: dict[tuple[str, EntityCall], int] = {}
        return tuple(
            CompiledFetch(
                id=fetch.id,
                subgraph=fetch.subgraph,
                operation_type=fetch.operation_type,
                dependencies=len(set(fetch.depends_on)),
                dependents=tuple(dependents[fetch.id]),
                run_if=fetch.run_if,
                collect=functions[collector] if collector is not None else None,
                call=calls.setdefault((fetch.subgraph, fetch.entity), fetch.id) if fetch.entity is not None else None,
                representations=fetch.entity.representations if fetch.entity is not None else (),
                extract=functions[
                    self.extractors[fetch.entity.representations, self.nullable.get(fetch.subgraph, _NONE)]
                ]
                if fetch.entity is not None
                else None,
                keyed=KeyedExtract.of(fetch.entity.representations) if fetch.entity is not None else None,
                has_contexts=fetch.entity is not None and bool(fetch.entity.contexts),
                deferred=fetch.deferred,
                collected_by=collected_by.get(fetch.id),
                is_collected=fetch.id in shared,
            )
            for fetch, collector in zip(plan.fetches, self.collectors, strict=True)
        )

    def _extractor(self, fetch: Fetch) -> str:
        assert fetch.entity is not None
        return self.extractors[fetch.entity.representations, self.nullable.get(fetch.subgraph, _NONE)]


def write_fetches(
    plan: QueryPlan, writes: Writes, source: Source, traits: Mapping[str, SubgraphTraits]
) -> WrittenFetches:
    """Write the functions of a plan's fetches.

    Raises:
        ValueError: the plan contradicts itself.
    """
    united: set[Keys] = set()
    collectors = tuple([_collector(source, fetch, writes, united) for fetch in plan.fetches])
    nullable = {name: each.nullable_key_fields for name, each in traits.items() if each.nullable_key_fields}
    extractors: dict[tuple[tuple[Representation, ...], frozenset[str]], str] = {}
    for fetch in plan.fetches:
        if fetch.entity is not None:
            key = fetch.entity.representations, nullable.get(fetch.subgraph, _NONE)
            if key not in extractors:
                extractors[key] = write_extractor(source, *key)
    return WrittenFetches(collectors, extractors, nullable, frozenset(united))


def _collector(source: Source, fetch: Fetch, writes: Writes, united: set[Keys]) -> str | None:
    """Write what finds a fetch's targets; positions where it makes one object of many are added to `united`."""
    if fetch.entity is None:
        return write_collector(source, fetch.path) if fetch.path else None
    identity = writes.identity(fetch)
    if identity:
        united.add(tuple(step.key for step in fetch.path))
    return write_collector(source, fetch.path, fetch.entity.contexts, identity)


def _collected_by(plan: QueryPlan, writes: Writes) -> dict[int, int]:
    """Return for fetches one whose targets are the same and may have been collected before."""
    first: dict[Path, int] = {}
    found = {}
    for fetch in plan.fetches:
        if fetch.path and fetch.entity is not None and not fetch.entity.contexts:
            other = first.get(fetch.path)
            if other is not None:
                found[fetch.id] = other
            elif writes.has_all_targets(fetch):
                first[fetch.path] = fetch.id
    return found
