"""`@key` on interfaces and `@interfaceObject`."""

from collections.abc import Iterator

from router.composition.definitions import federation
from router.composition.field_usage import FieldUsage, Key
from router.composition.model import SubgraphSchema
from router.composition.reporting import error, quoted
from router.errors import CompositionError
from router.graph.field_sets import FieldSet, FragmentSelection, render_field_set

__all__ = ["check_interface_entities"]


def check_interface_entities(schema: SubgraphSchema, usage: FieldUsage) -> Iterator[CompositionError]:
    """Yields interface keys that implementations lack, and interface objects that are no entities."""
    for definition in schema.types.values():
        if definition.applied(federation("interfaceObject")) and not definition.applied(federation("key")):
            yield error(
                "INTERFACE_OBJECT_USAGE_ERROR",
                f'[{schema.name}] "{definition.name}" is an @interfaceObject but no entity: give it the @key that the'
                " interface has in other subgraphs.",
                coordinate=definition.name,
                at=[(schema, definition.node)],
            )
        if definition.kind != "INTERFACE":
            continue
        for key in usage.keys.get(definition.name, ()):
            yield from _check_key(schema, usage, definition.name, key)


def _check_key(schema: SubgraphSchema, usage: FieldUsage, interface: str, key: Key) -> Iterator[CompositionError]:
    lacking, differing = [], []
    wanted = _normal(key.fields)
    for implementation in schema.possible_types(interface):
        same = [k for k in usage.keys.get(implementation, ()) if _normal(k.fields) == wanted]
        if not same:
            lacking.append(implementation)
        elif key.resolvable and not any(k.resolvable for k in same):
            differing.append(implementation)
    node = schema.types[interface].node
    if lacking:
        yield error(
            "INTERFACE_KEY_NOT_ON_IMPLEMENTATION",
            f'[{schema.name}] @key(fields: "{key.text}") of the interface "{interface}" is missing on its'
            f" implementations {quoted(lacking)}: add it there.",
            coordinate=interface,
            at=[(schema, node)],
        )
    if differing:
        yield error(
            "INTERFACE_KEY_NOT_ON_IMPLEMENTATION",
            f'[{schema.name}] @key(fields: "{key.text}") of the interface "{interface}" is resolvable, but not on'
            f" its implementations {quoted(differing)}: make it resolvable there.",
            coordinate=interface,
            at=[(schema, node)],
        )


def _normal(fields: FieldSet) -> tuple[str, ...]:
    """The set as a sorted tuple, so that order of selections does not matter."""
    parts = []
    for selection in fields:
        inner = selection.selections
        head = (
            f"... on {selection.type_condition}"
            if isinstance(selection, FragmentSelection)
            else render_field_set((selection,)).split(" {", 1)[0]
        )
        parts.append(head if inner is None else f"{head} {{ {' '.join(_normal(inner))} }}")
    return tuple(sorted(parts))
