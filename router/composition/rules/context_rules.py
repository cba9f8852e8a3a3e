"""`@context` and `@fromContext` in one subgraph."""

import re
from collections.abc import Iterator

from graphql.language import Node

from router.composition.contexts import (
    CONTEXT,
    FROM_CONTEXT,
    ContextValue,
    context_types,
    contextual_fields,
    parse_context_value,
)
from router.composition.definitions import federation
from router.composition.field_usage import FieldUsage
from router.composition.model import Field, InputValue, Missing, SubgraphSchema, TypeDef, base_type
from router.composition.reporting import error
from router.errors import CompositionError
from router.graph.field_sets import FieldSelection, FieldSet, FragmentSelection

__all__ = ["check_contexts"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*$")


def check_contexts(schema: SubgraphSchema, usage: FieldUsage) -> Iterator[CompositionError]:
    """Yields wrong context names, and arguments that cannot get their value."""
    for definition in schema.types.values():
        for applied in definition.directives:
            name = applied.arguments.get("name")
            if applied.name == CONTEXT and not (isinstance(name, str) and _NAME.match(name)):
                message = (
                    f'[{schema.name}] "{name}" on "{definition.name}" cannot be a context: use a letter, then letters'
                    " and digits only."
                )
                yield error("CONTEXT_NAME_INVALID", message, coordinate=definition.name, at=[(schema, applied.node)])
    for directive in schema.directives.values():
        for argument in directive.arguments.values():
            if any(d.name == FROM_CONTEXT for d in argument.directives):
                coordinate = f"@{directive.name}({argument.name}:)"
                message = f'[{schema.name}] @fromContext cannot be used on "{coordinate}", of a directive: remove it.'
                yield error("CONTEXT_NOT_SET", message, coordinate=coordinate, at=[(schema, argument.node)])
    for definition, field, argument in contextual_fields(schema):
        yield from _check_argument(schema, usage, definition, field, argument)


def _check_argument(
    schema: SubgraphSchema, usage: FieldUsage, definition: TypeDef, field: Field, argument: InputValue
) -> Iterator[CompositionError]:
    coordinate = f"{definition.name}.{field.name}({argument.name}:)"

    def problem(code: str, message: str, node: Node | None = argument.node) -> CompositionError:
        return error(code, f"[{schema.name}] {message}", coordinate=coordinate, at=[(schema, node)])

    if _is_abstract_field(schema, definition, field):
        yield problem(
            "CONTEXT_NOT_SET",
            f'@fromContext cannot be used on "{coordinate}", which an interface declares: remove it there.',
        )
        return
    if not isinstance(argument.default, Missing):
        yield problem("CONTEXT_NOT_SET", f'"{coordinate}" takes its value from a context: remove its default value.')
    applied = next(d for d in argument.directives if d.name == FROM_CONTEXT)
    text = applied.arguments.get("field")
    value = parse_context_value(text)
    if value is None:
        message = f'@fromContext on "{coordinate}" must be written "$context {{ field }}", not "{text}": correct it.'
        yield problem("NO_CONTEXT_IN_SELECTION", message)
        return
    if not any(k.resolvable for k in usage.keys.get(definition.name, ())):
        message = f'"{definition.name}" needs a resolvable @key: "{coordinate}" is set by entering it again. Add one.'
        yield problem("CONTEXT_NO_RESOLVABLE_KEY", message, definition.node)
    types = context_types(schema, value.context)
    if not types:
        message = f'Context "{value.context}" of "{coordinate}" is never set: put @context on a type above it.'
        yield problem("CONTEXT_NOT_SET", message)
        return
    for reason in _selection_problems(schema, value, types, argument):
        message = f'The selection of context "{value.context}" for "{coordinate}" is wrong, {reason}: correct it.'
        yield problem("CONTEXT_INVALID_SELECTION", message)
        break


def _is_abstract_field(schema: SubgraphSchema, definition: TypeDef, field: Field) -> bool:
    if definition.kind == "INTERFACE":
        return True
    interfaces = (schema.types[name] for name in definition.interfaces if name in schema.types)
    return any(field.name in interface.fields for interface in interfaces)


def _selection_problems(
    schema: SubgraphSchema, value: ContextValue, types: list[str], argument: InputValue
) -> Iterator[str]:
    """Yields why the selection does not come down to one value of the argument's type, for each type it starts at."""
    if value.fields is None:
        yield str(value.problem).rstrip(".")
        return
    fragments = [s for s in value.fields if isinstance(s, FragmentSelection)]
    conditions = {f.type_condition for f in fragments if f.type_condition}
    if fragments and (len(fragments) < len(value.fields) or len(conditions) < len(fragments)):
        yield "it must be one field, or fragments on different types"
        return
    if not fragments and len(value.fields) > 1:
        yield "it selects several fields"
        return
    for type_name in types:
        yield from _missing_fields(schema, type_name, value.fields)
        starts = _starts(schema, type_name, value.fields)
        if not starts:
            yield f'it selects nothing on "{type_name}"'
        for start, fields in starts:
            found = _value_type(schema, start, fields)
            if found is None or not _can_be(found, argument.type):
                yield f'its type "{found or "unknown"}" is not the "{argument.type}" of the argument'
    possible = {t for name in types for t in schema.possible_types(name)}
    for condition in sorted(c for c in conditions if c):
        if condition not in possible:
            yield f'no type that sets it is a "{condition}", or that is no object type'


def _missing_fields(schema: SubgraphSchema, type_name: str, fields: FieldSet) -> Iterator[str]:
    """Yields what cannot be selected, also under fragments that cannot apply."""
    for selection in fields:
        if selection.has_directives or (isinstance(selection, FieldSelection) and selection.alias):
            yield "aliases and directives are not allowed"
        if isinstance(selection, FragmentSelection):
            yield from _missing_fields(schema, selection.type_condition or type_name, selection.selections)
        elif selection.name != "__typename":
            definition = schema.types.get(type_name)
            field = definition.fields.get(selection.name) if definition is not None else None
            if field is None:
                yield f'"{type_name}" has no field "{selection.name}"'
                continue
            target = schema.types.get(base_type(field.type))
            is_composite = target is not None and target.is_composite
            if is_composite != (selection.selections is not None):
                yield f'"{type_name}.{selection.name}" {"needs" if is_composite else "cannot have"} a selection'
            elif selection.selections is not None:
                yield from _missing_fields(schema, base_type(field.type), selection.selections)


def _starts(schema: SubgraphSchema, type_name: str, fields: FieldSet) -> list[tuple[str, FieldSet]]:
    """Where the selections are made: on the type itself, or on those of its object types that fragments name."""
    possible = schema.possible_types(type_name)
    starts: list[tuple[str, FieldSet]] = []
    for selection in fields:
        if isinstance(selection, FieldSelection):
            return [(type_name, fields)]
        if selection.type_condition in possible:
            starts.append((selection.type_condition or type_name, selection.selections))
    return starts


def _value_type(schema: SubgraphSchema, type_name: str, fields: FieldSet) -> str | None:
    """The one type of everything selected, nullable at all depths; None where there is none.

    The value may be missing wherever the selection passes, so that it can only be given to a nullable argument.
    """
    definition = schema.types.get(type_name)
    if definition is None or definition.applied(federation("interfaceObject")):
        return None
    found: set[str | None] = set()
    for selection in fields:
        if isinstance(selection, FragmentSelection):
            return None
        field = definition.fields.get(selection.name)
        spelled = "String" if selection.name == "__typename" else field.type.replace("!", "") if field else ""
        base = base_type(spelled)
        inner: str | None = base
        if selection.selections is not None:
            inner = _value_type(schema, base, selection.selections)
        found.add(spelled.replace(base, inner) if inner else None)
    return found.pop() if len(found) == 1 else None


def _can_be(given: str, wanted: str) -> bool:
    if given.startswith("[") and wanted.startswith("[") and wanted.endswith("]"):
        return _can_be(given[1:-1], wanted[1:-1])
    return given == wanted
