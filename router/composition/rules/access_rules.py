"""Access control: not on interfaces, and no way around it through `@requires` and `@fromContext`."""

from collections.abc import Iterable, Iterator

from graphql.language import Node

from router.composition.access import ACCESS_DIRECTIVES, Access, access_of, field_access
from router.composition.contexts import context_types, context_values
from router.composition.definitions import federation, spelled
from router.composition.literals import render_constant
from router.composition.merge_values import Clauses
from router.composition.model import Applied, SubgraphSchema, base_type
from router.composition.reporting import and_list, error, quoted
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
                missing = _missing(own, demanded)
                guards = list(_guards(state, at, missing.keys()))
                where = f" in {quoted(sorted({guard.name for guard, _ in guards}))}" if guards else ""
                yield error(
                    "MISSING_TRANSITIVE_AUTH_REQUIREMENTS",
                    f'[{subgraph.name}] "{type_name}.{field}" reads "{at}" through {directive} but does not demand what'
                    f" reading that demands{where}: add {and_list(list(missing.values()))} here.",
                    coordinate=f"{type_name}.{field}",
                    at=[(subgraph, subgraph.types[type_name].fields[field].node), *guards],
                )
                return


def _missing(own: Access, demanded: Access) -> dict[str, str]:
    """By canonical name, the directives that are demanded in vain, as SDL."""
    kinds = zip(
        ACCESS_DIRECTIVES,
        (
            (Access(authenticated=demanded.authenticated), ""),
            (Access(scopes=demanded.scopes), f"(scopes: {_spelled(demanded.scopes)})"),
            (Access(policies=demanded.policies), f"(policies: {_spelled(demanded.policies)})"),
        ),
        strict=True,
    )
    return {name: f"{spelled(name)}{text}" for name, (part, text) in kinds if not own.implies(part)}


def _spelled(clauses: Clauses) -> str:
    return render_constant([list(clause) for clause in clauses])


def _guards(state: MergeState, at: str, names: Iterable[str]) -> Iterator[tuple[SubgraphSchema, Node | None]]:
    """Yields where subgraphs demand something of a type or field: on it, on what it returns, or, since access is also
    passed on between interfaces and implementations, on one of these."""
    type_name, _, field = at.partition(".")
    found = state.types[type_name].definition.fields.get(field)
    returned = state.types.get(base_type(found.type)) if found else None
    for index, subgraph in enumerate(state.subgraphs):
        directives: list[Applied] = []
        for name in _related(state, type_name):
            source = state.types[name].sources.get(index)
            if source is not None and not field:
                directives += source.directives
            elif source is not None and field in source.fields and (name, field) not in state.usages[index].external:
                directives += source.fields[field].directives
        for name in _related(state, returned.definition.name) if returned else ():
            source = state.types[name].sources.get(index)
            directives += source.directives if source is not None else ()
        yield from ((subgraph, applied.node) for applied in directives if applied.name in names)


def _related(state: MergeState, type_name: str) -> list[str]:
    """The type; of an interface, its implementations; of an implementation, interfaces that stand for objects."""
    interfaces = [i for i in state.types[type_name].definition.interfaces if i in state.interface_objects]
    implementations = state.possible_types(type_name) if state.types[type_name].definition.kind == "INTERFACE" else ()
    return list(dict.fromkeys([type_name, *implementations, *interfaces]))


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
