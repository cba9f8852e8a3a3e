"""Merging applied directives, descriptions, and directive definitions."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from router.composition.definitions import BUILT_IN_NAMES, PREFIX, federation, specification, spelled
from router.composition.merge_values import merge_arguments
from router.composition.model import Applied, Const, DirectiveDef, EnumName, Missing
from router.composition.reporting import hint, quoted
from router.composition.supergraph_model import MergeState, RecordedDirective

__all__ = [
    "ACCESS_DIRECTIVES",
    "Annotated",
    "is_merged",
    "merge_applications",
    "merge_applied",
    "merge_description",
    "merge_executable_directives",
    "record_applied",
]

CACHE_TAG = federation("cacheTag")
ACCESS_DIRECTIVES = (federation("authenticated"), federation("requiresScopes"), federation("policy"))
"""Merged apart: they also follow from those of other types."""

_MERGED = frozenset(
    {
        *(
            federation(n)
            for n in (
                "tag",
                "inaccessible",
                "authenticated",
                "requiresScopes",
                "policy",
                "cost",
                "listSize",
            )
        ),
        "deprecated",
        "specifiedBy",
        "oneOf",
    }
)
_EXECUTABLE = frozenset(
    {
        "QUERY",
        "MUTATION",
        "SUBSCRIPTION",
        "FIELD",
        "FRAGMENT_DEFINITION",
        "FRAGMENT_SPREAD",
        "INLINE_FRAGMENT",
        "VARIABLE_DEFINITION",
    }
)


class _Described(Protocol):
    description: str | None


class _Annotated(Protocol):
    directives: list[Applied]


@dataclass(slots=True)
class Annotated:
    """An element of which only the directives matter."""

    directives: list[Applied]


def is_merged(state: MergeState, name: str, index: int) -> bool:
    """Whether a subgraph's applications of the directive (canonical name) are carried into the supergraph."""
    return name in _MERGED or index in state.composed.get(name, ())


def merge_description(state: MergeState, sources: Mapping[int, _Described], coordinate: str) -> str | None:
    """The most frequent text; of equally frequent ones the first subgraph's."""
    texts = [s.description for s in sources.values() if s.description]
    if not texts:
        return None
    counts = Counter(texts)
    if len(counts) > 1:
        state.hints.append(
            hint(
                "INCONSISTENT_DESCRIPTION",
                f'"{coordinate}" has different descriptions across subgraphs; the most frequent one is used.',
                coordinate=coordinate,
                subgraphs=state.names(i for i, s in sources.items() if s.description),
            )
        )
    return max(counts, key=lambda text: counts[text])


def merge_applied(state: MergeState, sources: Mapping[int, _Annotated], coordinate: str) -> list[Applied]:
    """The directives of a supergraph element: distinct applications, or one merged from all."""
    by_name: dict[str, list[tuple[int, Applied]]] = {}
    merged: set[str] = set()
    for index, source in sources.items():
        for applied in source.directives:
            if applied.name not in ACCESS_DIRECTIVES:
                by_name.setdefault(applied.name, []).append((index, applied))
                if is_merged(state, applied.name, index):
                    merged.add(applied.name)
    result: list[Applied] = []
    for name in sorted(merged):  # where one subgraph composes a directive here, the others' applications count, too
        found = by_name[name]
        result += merge_applications(state, name, [a for _, a in found], coordinate, state.names(i for i, _ in found))
    return result


def record_applied(sources: Mapping[int, _Annotated]) -> list[RecordedDirective]:
    """The directives of an element that the supergraph only records, equal ones of several subgraphs together."""
    found: dict[str, tuple[Applied, list[int]]] = {}
    for index, source in sources.items():
        for applied in source.directives:
            if applied.name == CACHE_TAG:
                key = json.dumps(applied.arguments, sort_keys=True, default=str)
                found.setdefault(key, (applied, []))[1].append(index)
    return [
        RecordedDirective("federation__cacheTag", applied.arguments, tuple(dict.fromkeys(graphs)))
        for applied, graphs in found.values()
    ]


def merge_applications(
    state: MergeState, name: str, found: Sequence[Applied], coordinate: str, names: Sequence[str] = ()
) -> Iterable[Applied]:
    """All applications of one directive to one element: the distinct ones, or one merged from all.

    Args:
        names: subgraphs that they are from, for hints.
    """
    distinct: dict[str, Applied] = {}
    counts: Counter[str] = Counter()
    for applied in found:
        key = json.dumps(_with_defaults(state, applied), sort_keys=True, default=str)
        distinct.setdefault(key, applied)
        counts[key] += 1
    if len(distinct) == 1 or _is_repeatable(state, name):
        return distinct.values()
    merged = merge_arguments(name.removeprefix(PREFIX), [_completed(state, applied) for applied in distinct.values()])
    if merged is not None:
        state.hints.append(
            hint(
                "MERGED_NON_REPEATABLE_DIRECTIVE_ARGUMENTS",
                f'{spelled(name)} on "{coordinate}" has different arguments across subgraphs, which are merged.',
                coordinate=coordinate,
                subgraphs=names,
            )
        )
        return [Applied(name, merged)]
    state.hints.append(
        hint(
            "INCONSISTENT_NON_REPEATABLE_DIRECTIVE_ARGUMENTS",
            f'{spelled(name)} on "{coordinate}" has different arguments in subgraphs {quoted(names)}; the most frequent'
            " ones are used.",
            coordinate=coordinate,
            subgraphs=names,
        )
    )
    return [distinct[max(counts, key=lambda key: counts[key])]]


def _is_repeatable(state: MergeState, name: str) -> bool:
    if name in state.directives:
        return state.directives[name].repeatable
    spec = specification(name)
    return spec is not None and spec.repeatable


def _completed(state: MergeState, applied: Applied) -> dict[str, Const]:
    """All arguments, with the defaults of those not given."""
    defaults: dict[str, Const] = {}
    if applied.name in state.directives:
        for argument in state.directives[applied.name].arguments.values():
            if not isinstance(argument.default, Missing):
                defaults[argument.name] = argument.default
    spec = specification(applied.name)
    for specified in spec.arguments if spec else ():
        if not isinstance(specified.default, Missing):
            defaults[specified.name] = specified.default
    return {**defaults, **applied.arguments}


def _with_defaults(state: MergeState, applied: Applied) -> dict[str, Const]:
    return {k: f"enum {v}" if isinstance(v, EnumName) else v for k, v in _completed(state, applied).items()}


def merge_executable_directives(state: MergeState) -> dict[str, dict[int, DirectiveDef]]:
    """Definitions of directives that operations may use, by name: those that all subgraphs have."""
    found: dict[str, dict[int, DirectiveDef]] = {}
    for index, subgraph in enumerate(state.subgraphs):
        for definition in subgraph.directives.values():
            if (
                set(definition.locations) & _EXECUTABLE
                and definition.name not in BUILT_IN_NAMES
                and definition.name not in state.composed
            ):
                found.setdefault(definition.name, {})[index] = definition
    common = {}
    for name in sorted(found):
        sources = found[name]
        if len(sources) < len(state.subgraphs) and not _never_meet(state, name):
            state.hints.append(
                hint(
                    "INCONSISTENT_EXECUTABLE_DIRECTIVE_PRESENCE",
                    f'Executable directive "@{name}" is not defined in all subgraphs, so it is left out: define it in'
                    f" all, as in {quoted(state.names(sources))}.",
                    coordinate=f"@{name}",
                    subgraphs=state.names(sources),
                )
            )
            continue
        merged = _merge_definition(state, name, sources)
        if merged is not None:
            state.directives[name] = merged
            common[name] = sources
    return common


def _never_meet(state: MergeState, name: str) -> bool:
    """Whether, in order of subgraphs, their locations have nothing in common before one does not define it at all."""
    common = set(_EXECUTABLE)
    for position, subgraph in enumerate(state.subgraphs):
        if name not in subgraph.directives:
            return False
        common &= set(subgraph.directives[name].locations)
        if position and not common:
            return True
    return False


def _merge_definition(state: MergeState, name: str, sources: dict[int, DirectiveDef]) -> DirectiveDef | None:
    locations = [[location for location in s.locations if location in _EXECUTABLE] for s in sources.values()]
    everywhere = len(sources) == len(state.subgraphs)
    shared = [location for location in locations[0] if everywhere and all(location in other for other in locations)]
    coordinate, names = f"@{name}", state.names(sources)
    if not shared:
        state.hints.append(
            hint(
                "NO_EXECUTABLE_DIRECTIVE_INTERSECTION",
                f'Executable directive "@{name}" has no location that all subgraphs allow, so it is left out.',
                coordinate=coordinate,
                subgraphs=names,
            )
        )
        return None
    if any(set(other) != set(shared) for other in locations):
        state.hints.append(
            hint(
                "INCONSISTENT_EXECUTABLE_DIRECTIVE_LOCATIONS",
                f'Executable directive "@{name}" has different locations; all subgraphs have only {", ".join(shared)}.',
                coordinate=coordinate,
                subgraphs=names,
            )
        )
    repeatable = all(s.repeatable for s in sources.values())
    if not repeatable and any(s.repeatable for s in sources.values()):
        state.hints.append(
            hint(
                "INCONSISTENT_EXECUTABLE_DIRECTIVE_REPEATABLE",
                f'Executable directive "@{name}" is repeatable in some subgraphs only; it will not be repeatable.',
                coordinate=coordinate,
                subgraphs=names,
            )
        )
    return DirectiveDef(name, {}, tuple(shared), repeatable, merge_description(state, sources, coordinate))
