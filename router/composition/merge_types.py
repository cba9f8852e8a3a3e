"""The merge: subgraph schemas in, one schema with joins out."""

from collections.abc import Sequence

from router.composition.access import merge_access
from router.composition.compose_directives import merge_composed_directives
from router.composition.definitions import BUILT_IN_SCALARS, federation
from router.composition.field_usage import FieldUsage
from router.composition.merge_directives import (
    Annotated,
    merge_applied,
    merge_description,
    merge_executable_directives,
    record_applied,
)
from router.composition.merge_fields import merge_fields
from router.composition.merge_inputs import merge_enum, merge_input_object, merge_union
from router.composition.merge_interface_objects import check_interface, spread_interface_object_fields
from router.composition.merge_references import merge_default, merge_type, report_missing_argument
from router.composition.model import Applied, InputValue, Kind, SubgraphSchema, TypeDef, is_required
from router.composition.reporting import and_list, error, quoted
from router.composition.supergraph_model import JoinType, MergedType, MergeState

__all__ = ["merge_subgraphs"]

INTERFACE_OBJECT = federation("interfaceObject")


def merge_subgraphs(subgraphs: Sequence[SubgraphSchema], usages: Sequence[FieldUsage]) -> MergeState:
    """Merges subgraphs (sorted by name, all Federation 2 by now). Errors and hints are in the result."""
    state = MergeState(tuple(subgraphs), tuple(usages))
    merge_composed_directives(state)
    if state.errors:
        return state
    state.directives_of_schema = merge_applied(
        state, {i: Annotated(s.schema_directives) for i, s in enumerate(state.subgraphs)}, "schema"
    )
    executable = merge_executable_directives(state)
    _add_types(state)
    _add_implements(state)
    for merged in state.types.values():
        if merged.definition.kind == "UNION":
            merge_union(state, merged)
    for merged in state.types.values():
        if merged.definition.kind == "INPUT_OBJECT":
            merge_input_object(state, merged)
    for merged in state.types.values():
        if merged.definition.kind == "INTERFACE":
            check_interface(state, merged)
        if merged.definition.kind in {"INTERFACE", "OBJECT"}:
            merge_fields(state, merged)
    for name, sources in executable.items():
        _merge_directive_arguments(state, name, {i: d.arguments for i, d in sources.items()})
    for name in state.composed:
        for argument in state.directives[name].arguments.values():
            merge_type(state, {0: argument}, f"@{name}({argument.name}:)", "argument")
    for merged in state.types.values():
        if merged.definition.kind == "ENUM":  # last: how they merge depends on where they were used
            merge_enum(state, merged)
    _drop_empty_roots(state)
    spread_interface_object_fields(state)
    merge_access(state)
    return state


def _add_types(state: MergeState) -> None:
    """Creates all types, with joins, descriptions and directives but nothing inside."""
    names = sorted({name for s in state.subgraphs for name in s.types if name not in BUILT_IN_SCALARS})
    for name in names:
        sources = {i: s.types[name] for i, s in enumerate(state.subgraphs) if name in s.types}
        kinds: dict[Kind, list[int]] = {}
        for index, source in sources.items():
            is_interface_object = source.applied(INTERFACE_OBJECT) is not None
            kinds.setdefault("INTERFACE" if is_interface_object else source.kind, []).append(index)
            if is_interface_object:
                state.interface_objects.setdefault(name, []).append(index)
        kind = next(iter(kinds))
        others = tuple(i for i in sources if i not in kinds[kind])
        if others:  # the first kind counts, to see what else is wrong
            _report_kinds(state, name, kinds, sources)
            sources = {i: sources[i] for i in kinds[kind]}
            state.interface_objects.pop(name, None)
        definition = TypeDef(name, kind, merge_description(state, sources, name))
        definition.directives = [*merge_applied(state, sources, name), *_contexts(state, sources)]
        merged = state.types[name] = MergedType(definition, sources, other_kinds=others)
        if recorded := record_applied(sources):
            merged.recorded[None] = recorded
        for index, source in sources.items():
            merged.joins += _type_joins(state, index, source)


def _contexts(state: MergeState, sources: dict[int, TypeDef]) -> list[Applied]:
    """Contexts are the subgraph's own: the supergraph prefixes their names."""
    return [
        Applied(applied.name, {"name": f"{state.subgraphs[index].name}__{applied.arguments.get('name')}"})
        for index, source in sources.items()
        for applied in source.all_applied(federation("context"))
    ]


def _type_joins(state: MergeState, index: int, source: TypeDef) -> list[JoinType]:
    is_interface_object = source.applied(INTERFACE_OBJECT) is not None
    keys = state.usages[index].keys.get(source.name)
    if not keys:
        return [JoinType(index, is_interface_object=is_interface_object)]
    return [JoinType(index, k.text, k.on_extension, k.resolvable, is_interface_object) for k in keys]


def _report_kinds(state: MergeState, name: str, kinds: dict[Kind, list[int]], sources: dict[int, TypeDef]) -> None:
    spread = [f"{kind.lower().replace('_', ' ')} in {quoted(state.names(indices))}" for kind, indices in kinds.items()]
    state.errors.append(
        error(
            "TYPE_KIND_MISMATCH",
            f'Type "{name}" is of different kinds: {and_list(spread)}. Give it one kind, or two names.',
            coordinate=name,
            at=[(state.subgraphs[i], t.node) for i, t in sources.items()],
        )
    )


def _add_implements(state: MergeState) -> None:
    for merged in state.types.values():
        for index, source in merged.sources.items():
            for interface in source.interfaces:
                if interface in state.types:
                    merged.definition.interfaces[interface] = None
                    merged.implements.append((index, interface))


def _merge_directive_arguments(state: MergeState, name: str, sources: dict[int, dict[str, InputValue]]) -> None:
    """Only arguments that all definitions have: an operation that uses another one would fail somewhere."""
    merged = state.directives[name].arguments
    names = dict.fromkeys(argument for arguments in sources.values() for argument in arguments)
    for argument in names:
        having = {i: arguments[argument] for i, arguments in sources.items() if argument in arguments}
        coordinate = f"@{name}({argument}:)"
        if len(having) < len(sources):
            required = {i: a for i, a in having.items() if is_required(a)}
            lacking = {i: state.subgraphs[i].directives[name].node for i in sources if i not in having}
            report_missing_argument(state, required, lacking, coordinate)
            continue
        spelled_type, _ = merge_type(state, having, coordinate, "argument")
        merged[argument] = InputValue(
            argument,
            spelled_type,
            merge_default(state, having, coordinate, "argument"),
            merge_description(state, having, coordinate),
            merge_applied(state, having, coordinate),
        )


def _drop_empty_roots(state: MergeState) -> None:
    for name in ("Query", "Mutation", "Subscription"):
        if name in state.types and not state.types[name].definition.fields:
            del state.types[name]
    if "Query" not in state.types:
        state.errors.append(
            error(
                "NO_QUERIES",
                'No subgraph has a field on "Query": add one, a supergraph needs it.',
                coordinate="Query",
                subgraphs=[s.name for s in state.subgraphs],
            )
        )
