"""Access control: not on interfaces, and no way around it through `@requires` and `@fromContext`."""

from collections.abc import Iterator

from router.composition.access import ACCESS_DIRECTIVES, Access, access_of, field_access
from router.composition.contexts import context_types, context_values
from router.composition.definitions import federation, spelled
from router.composition.model import Applied, SubgraphSchema, base_type
from router.composition.reporting import error
from router.composition.supergraph_model import MergeState
from router.errors import CompositionError
from router.graph.field_sets import FieldSet, FragmentSelection

__all__ = ["check_access_sites", "check_transitive_access"]


def check_access_sites(schema: SubgraphSchema) -> Iterator[CompositionError]:
    """Yields access control on interfaces: it follows from the implementations."""
    for definition in schema.composites():
        is_interface = definition.kind == "INTERFACE"
        if is_interface or definition.applied(federation("interfaceObject")):
            yield from _misplaced(schema, definition.directives, definition.name)
        if is_interface:
            for field in definition.fields.values():
                yield from _misplaced(schema, field.directives, f"{definition.name}.{field.name}")


def _misplaced(schema: SubgraphSchema, directives: list[Applied], coordinate: str) -> Iterator[CompositionError]:
    for applied in directives:
        if applied.name in ACCESS_DIRECTIVES:
            message = (
                f'[{schema.name}] {spelled(applied.name)} cannot be on "{coordinate}": put it on the implementations;'
                " the interface then demands it too."
            )
            yield error(
                "AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE", message, coordinate=coordinate, at=[(schema, applied.node)]
            )


def check_transitive_access(state: MergeState) -> Iterator[CompositionError]:
    """Yields fields that hand out, through what they require, what their own requirements do not cover."""
    for index, usage in enumerate(state.usages):
        subgraph = state.subgraphs[index]
        for (type_name, field), fields in usage.requires.items():
            read = [(type_name, fields)]
            yield from _check(state, subgraph, type_name, field, read, "@requires")
        for definition in subgraph.composites():
            for declared in definition.fields.values():
                for _, value in context_values(declared):
                    read = [(name, value.fields or ()) for name in context_types(subgraph, value.context)]
                    yield from _check(state, subgraph, definition.name, declared.name, read, "@fromContext")


def _check(
    state: MergeState,
    subgraph: SubgraphSchema,
    type_name: str,
    field: str,
    read: list[tuple[str, FieldSet]],
    directive: str,
) -> Iterator[CompositionError]:
    merged = state.types.get(type_name)
    declared = merged.definition.fields.get(field) if merged else None
    if merged is None or declared is None:
        return
    own = access_of(declared.directives) & access_of(merged.definition.directives)
    for start, fields in read:
        demands = list(_demands(state, start, fields))
        if directive == "@fromContext":
            demands.insert(0, (start, access_of(state.types[start].definition.directives)))
        for at, demanded in demands:
            if not own.implies(demanded):
                yield error(
                    "MISSING_TRANSITIVE_AUTH_REQUIREMENTS",
                    f'[{subgraph.name}] "{type_name}.{field}" reads "{at}" through {directive} but does not demand what'
                    " reading that demands: repeat its @authenticated, @requiresScopes and @policy here.",
                    coordinate=f"{type_name}.{field}",
                    at=[(subgraph, subgraph.types[type_name].fields[field].node)],
                )
                return


def _demands(state: MergeState, type_name: str, fields: FieldSet) -> Iterator[tuple[str, Access]]:
    for selection in fields:
        if isinstance(selection, FragmentSelection):
            inner = selection.type_condition or type_name
            if inner != type_name and inner in state.types:
                yield inner, access_of(state.types[inner].definition.directives)
            yield from _demands(state, inner, selection.selections)
            continue
        yield f"{type_name}.{selection.name}", field_access(state, type_name, selection.name)
        merged = state.types.get(type_name)
        found = merged.definition.fields.get(selection.name) if merged else None
        if found is not None and selection.selections is not None:
            yield from _demands(state, base_type(found.type), selection.selections)
