"""`@interfaceObject`: an interface that a subgraph sees as one object, adding fields to all its implementations."""

from copy import copy

from router.composition.merge_fields import check_stand_ins
from router.composition.reporting import and_list, error, quoted
from router.composition.supergraph_model import JoinField, MergedType, MergeState

__all__ = ["check_interface", "spread_interface_object_fields"]


def check_interface(state: MergeState, merged: MergedType) -> None:
    """Reports interface entities whose implementations are not all known where they must be."""
    name = merged.definition.name
    objects = state.interface_objects.get(name, [])
    implementations = set(state.possible_types(name))
    if objects and len(objects) == len(merged.sources):
        state.errors.append(
            error(
                "INTERFACE_OBJECT_USAGE_ERROR",
                f'"{name}" is an @interfaceObject in all subgraphs that have it ({quoted(state.names(objects))}): one'
                " must define the interface itself.",
                coordinate=name,
                at=[(state.subgraphs[i], merged.sources[i].node) for i in objects],
            )
        )
    for index in objects:
        subgraph = state.subgraphs[index]
        known = sorted(implementations & subgraph.types.keys())
        if known:
            state.errors.append(
                error(
                    "INTERFACE_OBJECT_USAGE_ERROR",
                    f'[{subgraph.name}] "{name}" is an @interfaceObject here, so its implementations cannot be here:'
                    f" remove {quoted(known)}, or the directive.",
                    coordinate=name,
                    at=[(subgraph, subgraph.types[t].node) for t in known],
                )
            )
    for index, source in merged.sources.items():
        keys = state.usages[index].keys.get(name, [])
        if source.kind != "INTERFACE" or not any(key.resolvable for key in keys):
            continue
        missing = sorted(implementations - set(state.subgraphs[index].possible_types(name)))
        if missing:
            subgraph = state.subgraphs[index]
            having = {
                t: [s for s in state.subgraphs if t in s.types and name in s.types[t].interfaces] for t in missing
            }
            spread = and_list([f'"{t}" (in {quoted([s.name for s in found])})' for t, found in having.items()])
            lack, add = ("is", "it") if len(missing) == 1 else ("are", "them")
            state.errors.append(
                error(
                    "INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE",
                    f'[{subgraph.name}] Interface "{name}" has a resolvable @key here, so all of its implementations'
                    f" must be here, but {spread} {lack} not: add {add}, or make the key not resolvable.",
                    coordinate=name,
                    at=[(subgraph, source.node), *((s, s.types[t].node) for t, found in having.items() for s in found)],
                )
            )


def spread_interface_object_fields(state: MergeState) -> None:
    """Gives each implementation the fields that interface objects add to its interface."""
    for name in sorted(state.interface_objects.keys() & state.types.keys()):  # an empty root type is gone
        interface = state.types[name]
        for implementation in state.possible_types(name):
            merged = state.types[implementation]
            for field in interface.definition.fields.values():
                if not _is_from_object(state, interface, field.name):
                    continue
                own = merged.definition.fields.get(field.name)
                if own is None:
                    added = copy(field)
                    added.directives = list(field.directives)
                    merged.definition.fields[field.name] = added
                    merged.fields[field.name] = [JoinField(None)]
                    check_stand_ins(state, merged, field.name)
                elif all(join.external for join in merged.fields.get(field.name) or [JoinField(0)]):
                    own.directives += field.directives


def _is_from_object(state: MergeState, interface: MergedType, field: str) -> bool:
    name = interface.definition.name
    return any(
        field in interface.sources[i].fields and (name, field) not in state.usages[i].external
        for i in state.interface_objects[name]
    )
