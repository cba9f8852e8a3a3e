"""Federation 1 to Federation 2, as one operation on the whole set: what is shareable depends on the other subgraphs.

Source: https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/moving-to-federation-2
"""

from collections.abc import Iterator, Sequence

from router.composition.definitions import federation
from router.composition.field_usage import FieldUsage, field_set_of, find_field_usage
from router.composition.model import Applied, Const, EnumName, Field, SubgraphSchema, TypeDef, base_type
from router.composition.reporting import error, quoted
from router.composition.rules import check_subgraph
from router.composition.rules.field_set_rules import can_be_selected
from router.errors import CompositionError
from router.graph.field_sets import FieldSelection, FieldSet, FragmentSelection, render_field_set

__all__ = ["check_extensions", "upgrade_subgraphs"]

KEY = federation("key")
EXTERNAL = federation("external")
EXTENDS = federation("extends")
REQUIRES = federation("requires")
PROVIDES = federation("provides")
SHAREABLE = federation("shareable")
TAG = federation("tag")


def _coerce_field_sets(schema: SubgraphSchema) -> None:
    """Turns `fields: ["id", "sku"]` and `fields: id`, which Federation 1 servers allowed, into strings.

    A key written so is one of the type itself, also where it stands on an extension; the type is then none.
    """
    for definition in schema.composites():
        for applied in definition.directives:
            if applied.name == KEY and _coerce(applied):
                applied.block = len(definition.blocks)
                definition.blocks.append((definition.node, False))
        for applied in (d for f in definition.fields.values() for d in f.directives):
            if applied.name in {REQUIRES, PROVIDES}:
                _coerce(applied)


def _coerce(applied: Applied) -> bool:
    value = applied.arguments.get("fields")
    applied.arguments["fields"] = coerced = _coerced(value)
    return type(coerced) is not type(value)


def _coerced(value: Const) -> Const:
    if isinstance(value, EnumName):
        return str(value)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return " ".join(str(item) for item in value)
    return value


def check_extensions(schemas: Sequence[SubgraphSchema]) -> Iterator[CompositionError]:
    """Yields extensions of types that no subgraph defines; for Federation 1, the upgrade says so of objects."""
    defined = {t.name for s in schemas for t in s.types.values() if _has_definition(t)}
    for schema in schemas:
        for definition in schema.types.values():
            if definition.name not in defined and definition.name not in schema.roots.values():
                yield _no_base(schema, definition)


def _check_upgraded_extensions(schema: SubgraphSchema, schemas: Sequence[SubgraphSchema]) -> Iterator[CompositionError]:
    for definition in schema.composites():
        if _is_extension(definition) and definition.name not in schema.roots.values():
            others = (s.types.get(definition.name) for s in schemas if s is not schema)
            if not any(other is not None and _has_definition(other) for other in others):
                yield _no_base(schema, definition)


def _no_base(schema: SubgraphSchema, definition: TypeDef) -> CompositionError:
    return error(
        "EXTENSION_WITH_NO_BASE",
        f'[{schema.name}] "{definition.name}" is an extension, but no subgraph defines the type: define it in one.',
        coordinate=definition.name,
        at=[(schema, definition.node)],
    )


def _has_definition(definition: TypeDef) -> bool:
    return not definition.blocks or any(not extension for _, extension in definition.blocks)


def _is_extension(definition: TypeDef) -> bool:
    if definition.applied(EXTENDS):
        return True
    return bool(definition.blocks) and all(extension for _, extension in definition.blocks)


def upgrade_subgraphs(schemas: Sequence[SubgraphSchema]) -> list[CompositionError]:
    """Rewrites, in place, the schemas that are of Federation 1. Does nothing to the others.

    Returns:
        What is wrong with the schemas that were rewritten.
    """
    old = [schema for schema in schemas if schema.is_fed1]
    if not old:
        return []
    original = [find_field_usage(schema) for schema in schemas]
    errors = {s.name: list(_check_upgraded_extensions(s, schemas)) for s in old}
    for schema in old:
        _coerce_field_sets(schema)
        _drop_external_where_meaningless(schema)
        _drop_external_on_extension_keys(schema, schemas)
        _drop_inactive_field_sets(schema)
    additions = [_find_shareable(schema, schemas, original) for schema in old]
    for schema in old:
        _treat_extensions_as_definitions(schema)
        _strip_interfaces(schema)
        errors[schema.name] += _remove_unused_externals(schema)
    for schema, coordinates in zip(old, additions, strict=True):
        _add_shareable(schema, coordinates)
        _drop_repeated_tags(schema, schemas, original)
    for schema in old:
        schema.is_fed1 = False
        schema.version = (2, 0)
        if not any(applied.name == TAG for applied in schema.applications()):
            schema.spellings.pop(TAG, None)
        errors[schema.name] = errors[schema.name] or list(check_subgraph(schema, find_field_usage(schema)))
    return [*(e for found in errors.values() for e in found), *_check_keyed_interfaces(schemas)]


def _check_keyed_interfaces(schemas: Sequence[SubgraphSchema]) -> Iterator[CompositionError]:
    """Yields interfaces with a key of Federation 1 that stands for nothing where others have an interface object."""
    for name in sorted({name for schema in schemas for name in schema.interfaces_with_fed1_keys}):
        having = [(s, s.types[name]) for s in schemas if name in s.types]
        objects = [s.name for s, t in having if t.applied(federation("interfaceObject"))]
        keyed = [s.name for s, _ in having if name in s.interfaces_with_fed1_keys]
        if objects:
            yield error(
                "INTERFACE_OBJECT_USAGE_ERROR",
                f'"{name}" is an @interfaceObject in {quoted(objects)} but has a @key of Federation 1 in'
                f" {quoted(keyed)}, which works otherwise: upgrade to Federation 2 there.",
                coordinate=name,
                at=[(s, t.node) for s, t in having if s.name in {*objects, *keyed}],
            )


def _without(directives: list[Applied], *names: str) -> list[Applied]:
    return [d for d in directives if d.name not in names]


def _drop_external_where_meaningless(schema: SubgraphSchema) -> None:
    for definition in schema.composites():
        definition.directives = _without(definition.directives, EXTERNAL)
        if definition.kind == "INTERFACE":
            for field in definition.fields.values():
                field.directives = _without(field.directives, EXTERNAL)


def _drop_external_on_extension_keys(schema: SubgraphSchema, schemas: Sequence[SubgraphSchema]) -> None:
    """In an extension, `@external` on a key only said where the type comes from."""
    for definition in schema.composites():
        if not _is_extension(definition):
            continue
        keys = definition.all_applied(KEY)
        if not keys:
            others = (s.types[definition.name] for s in schemas if s is not schema and definition.name in s.types)
            keys = next((found[:1] for other in others if (found := other.all_applied(KEY))), [])
        for applied in keys:
            for selection in field_set_of(applied) or ():
                if isinstance(selection, FieldSelection) and selection.name in definition.fields:
                    field = definition.fields[selection.name]
                    field.directives = _without(field.directives, EXTERNAL)


def _drop_inactive_field_sets(schema: SubgraphSchema) -> None:
    """`@requires` and `@provides` of fields that the subgraph resolves anyway had no effect."""
    usage = find_field_usage(schema)
    for definition in schema.composites():
        for field in definition.fields.values():
            for name, parent in ((REQUIRES, definition.name), (PROVIDES, base_type(field.type))):
                applied = field.applied(name)
                fields = field_set_of(applied) if applied else None
                if applied is None or fields is None:
                    continue
                target = schema.types.get(parent)
                if target is None or not target.is_composite:
                    continue
                if not can_be_selected(schema, target, applied):
                    continue
                kept = _active(schema, usage, parent, fields)
                if not kept:
                    field.directives = _without(field.directives, name)
                elif kept != fields:
                    applied.arguments["fields"] = render_field_set(kept)


def _active(schema: SubgraphSchema, usage: FieldUsage, type_name: str, fields: FieldSet) -> FieldSet:
    kept: list[FieldSelection | FragmentSelection] = []
    for selection in fields:
        if isinstance(selection, FragmentSelection):
            inner = _active(schema, usage, selection.type_condition or type_name, selection.selections)
            if inner:
                kept.append(FragmentSelection(selection.type_condition, inner))
            continue
        definition = schema.types.get(type_name)
        field = definition.fields.get(selection.name) if definition else None
        if field is None:
            continue
        possible = (type_name, *schema.possible_types(type_name))
        if any((name, selection.name) in usage.external for name in possible):
            kept.append(selection)
        elif selection.selections is not None:
            nested = _active(schema, usage, base_type(field.type), selection.selections)
            if nested:
                kept.append(FieldSelection(selection.name, selection.arguments, nested))
    return tuple(kept)


def _treat_extensions_as_definitions(schema: SubgraphSchema) -> None:
    for definition in schema.composites():
        if _is_extension(definition):
            definition.blocks = [(node, False) for node, _ in definition.blocks]


def _strip_interfaces(schema: SubgraphSchema) -> None:
    for definition in schema.composites():
        if definition.kind == "INTERFACE":
            if definition.applied(KEY):
                schema.interfaces_with_fed1_keys.add(definition.name)
            definition.directives = _without(definition.directives, KEY)
            for field in definition.fields.values():
                field.directives = _without(field.directives, PROVIDES, REQUIRES)
        for field in definition.fields.values():
            target = schema.types.get(base_type(field.type))
            if target is None or not target.is_composite:
                field.directives = _without(field.directives, PROVIDES)


def _remove_unused_externals(schema: SubgraphSchema) -> Iterator[CompositionError]:
    usage = find_field_usage(schema)
    referenced = {base_type(f.type) for t in schema.composites() for f in t.fields.values()}
    emptied = []
    for definition in schema.composites():
        for name in [n for n in definition.fields if (definition.name, n) in usage.external - usage.used]:
            del definition.fields[name]
            if not definition.fields and definition.name not in schema.roots.values():
                emptied.append(definition)
    for definition in emptied:
        if definition.name in referenced:
            yield error(
                "TYPE_WITH_ONLY_UNUSED_EXTERNAL",
                f'[{schema.name}] "{definition.name}" has only unused @external fields: use or remove the type.',
                coordinate=definition.name,
                at=[(schema, definition.node)],
            )
        else:
            del schema.types[definition.name]
            for other in schema.types.values():
                other.members.pop(definition.name, None)
                other.interfaces.pop(definition.name, None)


def _find_shareable(
    schema: SubgraphSchema, schemas: Sequence[SubgraphSchema], usages: Sequence[FieldUsage]
) -> list[tuple[str, str | None]]:
    """What must become `@shareable`: (type, field), or (type, None) for the whole type."""
    found: list[tuple[str, str | None]] = []
    own = next(u for s, u in zip(schemas, usages, strict=True) if s is schema)
    others = [(s, u) for s, u in zip(schemas, usages, strict=True) if s is not schema]
    for definition in schema.types.values():
        name = definition.name
        if definition.kind != "OBJECT" or name == "Subscription":
            continue
        if not definition.applied(KEY) and name not in schema.roots.values():
            if any(name in s.types for s, _ in others):
                found.append((name, None))
            continue
        for field in definition.fields:
            at = (name, field)
            if at in own.shareable:
                continue
            if any(
                name in s.types and field in s.types[name].fields and not u.is_fully_external(at) for s, u in others
            ):
                found.append(at)
    return found


def _add_shareable(schema: SubgraphSchema, coordinates: list[tuple[str, str | None]]) -> None:
    for type_name, field_name in coordinates:
        definition = schema.types.get(type_name)
        if definition is None:
            continue
        for name, field in definition.fields.items():
            if field_name in {None, name}:
                field.directives.append(Applied(SHAREABLE, {}))


def _drop_repeated_tags(
    schema: SubgraphSchema, schemas: Sequence[SubgraphSchema], usages: Sequence[FieldUsage]
) -> None:
    """A tag on an external field is dropped where the field's owner has it."""
    for definition in schema.composites():
        for field in definition.fields.values():
            if field.applied(EXTERNAL) and field.applied(TAG):
                owned = [
                    d.arguments
                    for s, u in zip(schemas, usages, strict=True)
                    if s is not schema and (definition.name, field.name) not in u.external
                    for d in _field_directives(s, definition.name, field)
                    if d.name == TAG
                ]
                field.directives = [d for d in field.directives if d.name != TAG or d.arguments not in owned]


def _field_directives(schema: SubgraphSchema, type_name: str, field: Field) -> list[Applied]:
    definition = schema.types.get(type_name)
    other = definition.fields.get(field.name) if definition else None
    return other.directives if other else []
