"""What a subgraph's field sets say about its fields: which are external, provided, used, shareable.

Fields are addressed as (type name, field name).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from router.composition.contexts import context_types, context_values
from router.composition.definitions import federation
from router.composition.model import Applied, SubgraphSchema, base_type
from router.graph.field_sets import FieldSet, FragmentSelection, InvalidFieldSet, parse_field_set

__all__ = ["Coordinate", "FieldUsage", "Key", "field_set_of", "find_field_usage", "target_fields"]

Coordinate = tuple[str, str]

KEY = federation("key")
REQUIRES = federation("requires")
PROVIDES = federation("provides")
EXTERNAL = federation("external")
SHAREABLE = federation("shareable")
EXTENDS = federation("extends")


@dataclass(frozen=True, slots=True)
class Key:
    """One `@key` of a type. `on_extension` says that it stands on `extend type` (or the type has `@extends`)."""

    text: str
    fields: FieldSet
    resolvable: bool
    on_extension: bool


@dataclass(slots=True)
class FieldUsage:
    """Facts about the fields of one subgraph.

    Attributes:
        external: marked `@external`, themselves or through their type, and not merely as the key of an extension.
        provided: named by some `@provides`.
        used: named by some key, requirement, provision or context, or demanded by an interface.
        shareable: may be resolved by other subgraphs too.
        keys: by type name, in the order written; those whose fields cannot be parsed are left out.
    """

    external: set[Coordinate] = field(default_factory=set)
    provided: set[Coordinate] = field(default_factory=set)
    used: set[Coordinate] = field(default_factory=set)
    shareable: set[Coordinate] = field(default_factory=set)
    keys: dict[str, list[Key]] = field(default_factory=dict)
    requires: dict[Coordinate, FieldSet] = field(default_factory=dict)
    provides: dict[Coordinate, FieldSet] = field(default_factory=dict)

    def is_fully_external(self, at: Coordinate) -> bool:
        """Whether the subgraph never resolves the field: external, and provided nowhere."""
        return at in self.external and at not in self.provided


def find_field_usage(schema: SubgraphSchema) -> FieldUsage:
    """Reads all field sets of a subgraph. Sets that are wrong are skipped: rules report them."""
    usage = FieldUsage()
    key_of_extension: set[Coordinate] = set()
    for definition in schema.composites():
        keys = usage.keys.setdefault(definition.name, [])
        extends = definition.applied(EXTENDS) is not None
        for applied in definition.all_applied(KEY):
            fields = field_set_of(applied)
            if fields is None:
                continue
            on_extension = extends or definition.blocks[applied.block][1]
            resolvable = applied.arguments.get("resolvable", True) is not False
            keys.append(Key(str(applied.arguments["fields"]).strip(), fields, resolvable, on_extension))
            targets = set(target_fields(schema, definition.name, fields))
            usage.used |= targets
            usage.shareable |= targets
            if on_extension:
                key_of_extension |= set(target_fields(schema, definition.name, fields, implementations=False))
        _read_fields(schema, definition.name, usage)
    for definition in schema.types.values():
        if definition.kind == "INTERFACE":
            for implementation in schema.possible_types(definition.name):
                usage.used.update((implementation, name) for name in definition.fields)
    usage.external -= key_of_extension
    usage.shareable |= usage.provided & usage.external
    return usage


def _read_fields(schema: SubgraphSchema, type_name: str, usage: FieldUsage) -> None:
    definition = schema.types[type_name]
    # Federation 1 did not look at `@external` on types.
    whole_external = definition.applied(EXTERNAL) is not None and not schema.is_fed1
    shareable_blocks = {a.block for a in definition.all_applied(SHAREABLE)}
    for name, declared in definition.fields.items():
        at = (type_name, name)
        if whole_external or declared.applied(EXTERNAL):
            usage.external.add(at)
        if declared.block in shareable_blocks or declared.applied(SHAREABLE):
            usage.shareable.add(at)
        if (applied := declared.applied(REQUIRES)) and (fields := field_set_of(applied)):
            usage.requires[at] = fields
            usage.used.update(target_fields(schema, type_name, fields))
        for _, value in context_values(declared):
            for start in context_types(schema, value.context):
                usage.used.update(target_fields(schema, start, value.fields or ()))
        if (applied := declared.applied(PROVIDES)) and (fields := field_set_of(applied)):
            usage.provides[at] = fields
            targets = set(target_fields(schema, base_type(declared.type), fields))
            usage.used |= targets
            usage.provided |= targets


def field_set_of(applied: Applied) -> FieldSet | None:
    """The field set in a directive's `fields`, or None where there is none to be read."""
    text = applied.arguments.get("fields")
    if not isinstance(text, str):
        return None
    try:
        return parse_field_set(text)
    except InvalidFieldSet:
        return None


def target_fields(
    schema: SubgraphSchema, type_name: str, selections: FieldSet, *, implementations: bool = True
) -> Iterator[Coordinate]:
    """Yields all fields that a field set names, at all depths.

    Args:
        implementations: a field selected on an interface also names that field of all its implementations.
    """
    definition = schema.types.get(type_name)
    if definition is None:
        return
    for selection in selections:
        if isinstance(selection, FragmentSelection):
            inner = selection.type_condition or type_name
            yield from target_fields(schema, inner, selection.selections, implementations=implementations)
            continue
        found = definition.fields.get(selection.name)
        if found is None:
            continue
        yield type_name, selection.name
        if implementations and definition.kind == "INTERFACE":
            for implementation in schema.possible_types(type_name):
                if selection.name in schema.types[implementation].fields:
                    yield implementation, selection.name
        if selection.selections is not None:
            inner = base_type(found.type)
            yield from target_fields(schema, inner, selection.selections, implementations=implementations)
