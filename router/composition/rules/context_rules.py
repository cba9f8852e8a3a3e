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
    for type_name in types:
        if schema.types[type_name].applied(federation("interfaceObject")):
            yield f'"{type_name}" is an @interfaceObject'
            continue
        yield from _missing_fields(schema, type_name, value.fields)
        selections = _applicable(schema, type_name, value.fields)
        if not selections:
            yield f'it selects nothing on "{type_name}"'
        elif len(selections) > 1:
            yield "it selects several fields"
        else:
            yield from _value_problems(schema, type_name, selections[0], argument)
    possible = {t for name in types for t in schema.possible_types(name)}
    for selection in value.fields:
        condition = selection.type_condition if isinstance(selection, FragmentSelection) else None
        if condition and condition not in types and possible.isdisjoint(schema.possible_types(condition)):
            yield f'no type that sets it is a "{condition}"'


def _missing_fields(schema: SubgraphSchema, type_name: str, fields: FieldSet) -> Iterator[str]:
    """Yields fields that are nowhere, also under fragments that cannot apply."""
    for selection in fields:
        if isinstance(selection, FragmentSelection):
            yield from _missing_fields(schema, selection.type_condition or type_name, selection.selections)
        elif (definition := schema.types.get(type_name)) is not None and selection.name != "__typename":
            if (field := _find_field(schema, definition, selection.name)) is None:
                yield f'"{type_name}" has no field "{selection.name}"'
            elif selection.selections is not None:
                yield from _missing_fields(schema, base_type(field.type), selection.selections)


def _applicable(schema: SubgraphSchema, type_name: str, fields: FieldSet) -> list[FieldSelection]:
    found: list[FieldSelection] = []
    for selection in fields:
        if isinstance(selection, FragmentSelection):
            condition = selection.type_condition or type_name
            own = set(schema.possible_types(type_name))
            if condition == type_name or own & set(schema.possible_types(condition)):
                found += _applicable(schema, type_name, selection.selections)
        else:
            found.append(selection)
    return found


def _value_problems(
    schema: SubgraphSchema, type_name: str, selection: FieldSelection, argument: InputValue
) -> Iterator[str]:
    """Follows the selection down; each level has exactly one field."""
    nullable, current, spelled = False, type_name, ""
    step: FieldSelection | None = selection
    while step is not None:
        if step.alias or step.has_directives:
            yield "aliases and directives are not allowed"
            return
        definition = schema.types.get(current)
        field = _find_field(schema, definition, step.name) if definition else None
        if field is None:
            yield f'"{current}" has no field "{step.name}"'
            return
        spelled = field.type
        if step.selections is None:
            break
        nullable |= not spelled.endswith("!")
        current = base_type(spelled)
        below = _applicable(schema, current, step.selections)
        if len(below) != 1:
            yield "it must select one field at each level"
            return
        step = below[0]
    if nullable:
        spelled = spelled.removesuffix("!")
    if not _can_be(spelled, argument.type):
        yield f'its type "{spelled}" is not the "{argument.type}" of the argument'


def _find_field(schema: SubgraphSchema, definition: TypeDef, name: str) -> Field | None:
    if name in definition.fields or definition.kind != "UNION":
        return definition.fields.get(name)
    members = [schema.types[m].fields.get(name) for m in definition.members if m in schema.types]
    return next((m for m in members if m is not None), None)


def _can_be(given: str, wanted: str) -> bool:
    if wanted.endswith("!"):
        return given.endswith("!") and _can_be(given[:-1], wanted[:-1])
    given = given.removesuffix("!")
    if wanted.startswith("[") and given.startswith("["):
        return _can_be(given[1:-1], wanted[1:-1])
    return given == wanted
