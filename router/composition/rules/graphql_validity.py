"""A subgraph must be a valid GraphQL schema by itself (`INVALID_GRAPHQL`)."""

from collections.abc import Iterable, Iterator

from graphql.language import Node

from router.composition.definitions import BUILT_IN_SCALARS, DIRECTIVES, specification, spelled
from router.composition.literals import fits, render_constant
from router.composition.model import (
    Applied,
    Const,
    Field,
    InputValue,
    Missing,
    SubgraphSchema,
    TypeDef,
    base_type,
    is_required,
)
from router.composition.reporting import error
from router.composition.rules.default_cycles import check_default_cycles
from router.errors import CompositionError

__all__ = ["check_graphql_validity", "is_direct_subtype"]

_INPUT_KINDS = frozenset({"SCALAR", "ENUM", "INPUT_OBJECT"})


def check_graphql_validity(schema: SubgraphSchema) -> Iterator[CompositionError]:
    """Yields what makes the schema invalid apart from federation."""
    for definition in schema.types.values():
        yield from _check_type(schema, definition)
    for directive in schema.directives.values():
        for argument in directive.arguments.values():
            yield from _check_input(schema, argument, f"@{directive.name}({argument.name}:)")
    yield from _check_applied(schema, schema.schema_directives, "SCHEMA", "schema")
    yield from _check_input_cycles(schema)
    yield from check_default_cycles(schema)


def _invalid(schema: SubgraphSchema, message: str, coordinate: str, node: Node | None) -> CompositionError:
    return error("INVALID_GRAPHQL", f"[{schema.name}] {message}", coordinate=coordinate, at=[(schema, node)])


# ---- types -----------------------------------------------------------------------------------------------------------


def _check_type(schema: SubgraphSchema, definition: TypeDef) -> Iterator[CompositionError]:
    name = definition.name
    if name.startswith("__"):
        yield _invalid(schema, f'Names that begin with "__" are reserved: rename "{name}".', name, definition.node)
    if name in BUILT_IN_SCALARS and definition.kind != "SCALAR":
        yield _invalid(schema, f'"{name}" is a built-in scalar: rename the type.', name, definition.node)
    yield from _check_applied(schema, definition.directives, definition.kind, name)
    yield from _check_not_empty(schema, definition)
    for field in definition.fields.values():
        yield from _check_field(schema, field, name)
    for value in definition.inputs.values():
        if definition.applied("oneOf") and (value.type.endswith("!") or not isinstance(value.default, Missing)):
            message = f'"{name}" is @oneOf, so make "{name}.{value.name}" nullable and without a default value.'
            yield _invalid(schema, message, f"{name}.{value.name}", value.node)
        yield from _check_input(schema, value, f"{name}.{value.name}", "INPUT_FIELD_DEFINITION")
    for enum_value in definition.values.values():
        coordinate = f"{name}.{enum_value.name}"
        if enum_value.name in {"true", "false", "null"}:
            yield _invalid(
                schema, f'Enum value "{coordinate}" has a reserved name: rename it.', coordinate, enum_value.node
            )
        yield from _check_applied(schema, enum_value.directives, "ENUM_VALUE", coordinate)
    for member, node in definition.members.items():
        other = schema.types.get(member)
        if other is None:
            yield _unknown_type(schema, member, name, node)
        elif other.kind != "OBJECT":
            message = f'Union "{name}" can only have object types, "{member}" is not one: remove it.'
            yield _invalid(schema, message, name, node)
    yield from _check_interfaces(schema, definition)


def _check_not_empty(schema: SubgraphSchema, definition: TypeDef) -> Iterator[CompositionError]:
    if definition.name == "Query":  # it has `_entities` at least
        return
    parts: dict[str, tuple[Iterable[str], str]] = {
        "OBJECT": (definition.fields, "fields"),
        "INTERFACE": (definition.fields, "fields"),
        "UNION": (definition.members, "members"),
        "ENUM": (definition.values, "values"),
        "INPUT_OBJECT": (definition.inputs, "fields"),
    }
    found, what = parts.get(definition.kind, (("",), ""))
    if not list(found):
        yield _invalid(schema, f'Type "{definition.name}" must have {what}: add one.', definition.name, definition.node)


def _check_field(schema: SubgraphSchema, field: Field, owner: str) -> Iterator[CompositionError]:
    coordinate = f"{owner}.{field.name}"
    if field.name.startswith("__"):
        yield _invalid(schema, f'Names that begin with "__" are reserved: rename "{coordinate}".', owner, field.node)
    base = base_type(field.type)
    found = schema.types.get(base)
    if found is None and base not in BUILT_IN_SCALARS:
        yield _unknown_type(schema, base, coordinate, field.node)
    elif found is not None and found.kind == "INPUT_OBJECT":
        message = f'The type of "{coordinate}" must be an output type, "{base}" is an input object: use another.'
        yield _invalid(schema, message, coordinate, field.node)
    for argument in field.arguments.values():
        yield from _check_input(schema, argument, f"{coordinate}({argument.name}:)")
    yield from _check_applied(schema, field.directives, "FIELD_DEFINITION", coordinate)


def _check_input(
    schema: SubgraphSchema, value: InputValue, coordinate: str, location: str = "ARGUMENT_DEFINITION"
) -> Iterator[CompositionError]:
    base = base_type(value.type)
    found = schema.types.get(base)
    is_specified = "federation__" in base or base in _SPECIFIED_SCALARS
    if found is None and base not in BUILT_IN_SCALARS and not is_specified:
        yield _unknown_type(schema, base, coordinate, value.node)
    elif found is not None and found.kind not in _INPUT_KINDS:
        message = f'The type of "{coordinate}" must be an input type, "{base}" is not: use another.'
        yield _invalid(schema, message, coordinate, value.node)
    elif not isinstance(value.default, Missing) and not fits(schema.types, value.type, value.default):
        given = render_constant(value.default)
        legal = f"use {_values(found)}" if found is not None and found.kind == "ENUM" else "correct it"
        message = f'The default value {given} of "{coordinate}" is not of its type "{value.type}": {legal}.'
        yield _invalid(schema, message, coordinate, value.node)
    if is_required(value) and any(d.name == "deprecated" for d in value.directives):
        message = f'"{coordinate}" is required and cannot be deprecated: make it optional first.'
        yield _invalid(schema, message, coordinate, value.node)
    yield from _check_applied(schema, value.directives, location, coordinate)


def _values(enum: TypeDef) -> str:
    """The first few values of an enum: `A, B or C`."""
    names = list(enum.values)
    if len(names) > _SHOWN_VALUES:
        return f"{', '.join(names[:_SHOWN_VALUES])} or another of its {len(names)} values"
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


_SHOWN_VALUES = 8
_SPECIFIED_SCALARS = frozenset({"FieldSet", "_FieldSet", "link__Import", "link__Purpose"})


def _unknown_type(schema: SubgraphSchema, name: str, coordinate: str, node: Node | None) -> CompositionError:
    return _invalid(schema, f'Unknown type "{name}" at "{coordinate}": define it in this subgraph.', coordinate, node)


def _check_interfaces(schema: SubgraphSchema, definition: TypeDef) -> Iterator[CompositionError]:
    for name, node in definition.interfaces.items():
        interface = schema.types.get(name)
        if interface is None:
            yield _unknown_type(schema, name, definition.name, node)
            continue
        if interface.kind != "INTERFACE" or name == definition.name:
            message = f'"{definition.name}" cannot implement "{name}", which is not another interface: remove it.'
            yield _invalid(schema, message, definition.name, node)
            continue
        if definition.name in interface.interfaces:
            message = f'"{definition.name}" cannot implement "{name}", which implements it: remove one of both.'
            yield _invalid(schema, message, definition.name, node)
        for transitive in interface.interfaces:
            if transitive == definition.name:
                message = f'"{definition.name}" and "{name}" implement each other: remove one of them.'
                yield _invalid(schema, message, definition.name, node)
            elif transitive not in definition.interfaces:
                message = f'"{definition.name}" must implement "{transitive}" because "{name}" does: add it.'
                yield _invalid(schema, message, definition.name, node)
        for wanted in interface.fields.values():
            yield from _check_implementation(schema, definition, interface, wanted)


def _check_implementation(
    schema: SubgraphSchema, definition: TypeDef, interface: TypeDef, wanted: Field
) -> Iterator[CompositionError]:
    expected = f"{interface.name}.{wanted.name}"
    coordinate = f"{definition.name}.{wanted.name}"
    field = definition.fields.get(wanted.name)
    if field is None:
        message = f'Interface field "{expected}" is expected but "{definition.name}" does not have it: add it.'
        yield _invalid(schema, message, coordinate, definition.node)
        return
    if not _is_subtype(schema, field.type, wanted.type):
        message = (
            f'"{coordinate}" is of type "{field.type}", which is not the "{wanted.type}" of "{expected}": change one.'
        )
        yield _invalid(schema, message, coordinate, field.node)
    for argument in wanted.arguments.values():
        own = field.arguments.get(argument.name)
        if own is None:
            message = f'"{coordinate}" lacks the argument "{argument.name}" of "{expected}": add it.'
            yield _invalid(schema, message, coordinate, field.node)
        elif own.type != argument.type:
            at = f"{coordinate}({argument.name}:)"
            message = f'Argument "{at}" must have type "{argument.type}" as in "{expected}": change it.'
            yield _invalid(schema, message, coordinate, own.node)
    for argument in field.arguments.values():
        if argument.name not in wanted.arguments and is_required(argument):
            at = f"{coordinate}({argument.name}:)"
            message = f'Argument "{at}" is required but "{expected}" does not have it: make it optional.'
            yield _invalid(schema, message, coordinate, argument.node)


def _is_subtype(schema: SubgraphSchema, given: str, wanted: str) -> bool:
    if given == wanted:
        return True
    if given.endswith("!"):
        return _is_subtype(schema, given[:-1], wanted.removesuffix("!"))
    if given.startswith("[") and wanted.startswith("[") and not wanted.endswith("!"):
        return _is_subtype(schema, given[1:-1], wanted[1:-1])
    return not wanted.endswith("!") and is_direct_subtype(schema.types, given, wanted)


def is_direct_subtype(types: dict[str, TypeDef], given: str, wanted: str) -> bool:
    """Whether the named type `given` is a member of the union, or implements the interface, `wanted`."""
    outer, inner = types.get(wanted), types.get(given)
    if outer is None or inner is None:
        return False
    return given in outer.members if outer.kind == "UNION" else wanted in inner.interfaces


def _check_input_cycles(schema: SubgraphSchema) -> Iterator[CompositionError]:
    """An input object may not need itself through non-null fields: no value could be written."""
    edges = {
        t.name: [v.type[:-1] for v in t.inputs.values() if v.type.endswith("!") and not v.type.startswith("[")]
        for t in schema.types.values()
        if t.kind == "INPUT_OBJECT"
    }
    done: set[str] = set()
    for start, needed in edges.items():
        stack, path = [(start, iter(needed))], [start]
        while stack:
            name, rest = stack[-1]
            following = next((n for n in rest if n in edges and n not in done), None)
            if following is None:
                done.add(name)
                stack.pop()
                path.pop()
            elif following in path:
                cycle = " -> ".join([*path[path.index(following) :], following])
                message = f"Input objects cannot require themselves: {cycle}. Make a field nullable."
                yield _invalid(schema, message, following, schema.types[following].node)
            else:
                stack.append((following, iter(edges[following])))
                path.append(following)


# ---- applied directives ---------------------------------------------------------------------------------------------


def _check_applied(
    schema: SubgraphSchema, directives: list[Applied], location: str, coordinate: str
) -> Iterator[CompositionError]:
    seen: set[str] = set()
    for applied in directives:
        name = spelled(applied.name)
        specified = specification(applied.name)
        own = schema.directives.get(applied.name)
        if own is not None:
            locations, repeatable = own.locations, own.repeatable
            arguments = {a.name: (a.type, a.default) for a in own.arguments.values()}
        elif specified is not None:
            specified = specified.as_of(schema.version)
            locations, repeatable = specified.locations, specified.repeatable
            arguments = {a.name: (a.type, a.default) for a in specified.arguments}
        else:
            yield _invalid(schema, _unknown_directive(schema, applied.name), coordinate, applied.node)
            continue
        if location not in locations:
            message = f'Directive "{name}" may not be used on {location} ("{coordinate}"): remove it.'
            yield _invalid(schema, message, coordinate, applied.node)
        if applied.name in seen and not repeatable:
            message = f'The directive "{name}" can only be used once at "{coordinate}": keep one.'
            yield _invalid(schema, message, coordinate, applied.node)
        seen.add(applied.name)
        yield from _check_arguments(schema, applied, arguments, coordinate)


def _check_arguments(
    schema: SubgraphSchema, applied: Applied, known: dict[str, tuple[str, Const | Missing]], coordinate: str
) -> Iterator[CompositionError]:
    name = spelled(applied.name)
    for argument, value in applied.arguments.items():
        if argument not in known:
            message = f'Unknown argument "{argument}" on directive "{name}" at "{coordinate}": remove it.'
            yield _invalid(schema, message, coordinate, applied.node)
        elif value and "FieldSet" not in known[argument][0] and not fits(schema.types, known[argument][0], value):
            type_ = known[argument][0]
            message = f'Argument "{argument}" of "{name}" at "{coordinate}" must be of type "{type_}": correct it.'
            yield _invalid(schema, message, coordinate, applied.node)
    for argument, (type_, default) in known.items():
        if type_.endswith("!") and isinstance(default, Missing) and argument not in applied.arguments:
            message = f'Directive "{name}" at "{coordinate}" needs its argument "{argument}": give it.'
            yield _invalid(schema, message, coordinate, applied.node)


def _unknown_directive(schema: SubgraphSchema, name: str) -> str:
    if name not in DIRECTIVES:
        return f'Unknown directive "@{name}": define it in this subgraph.'
    since = DIRECTIVES[name].since
    if schema.is_fed1:
        return (
            f'Unknown directive "@{name}": to use the federation directive, link to the federation specification'
            f" v{since[0]}.{since[1]} or later and import it."
        )
    if since > schema.version:
        return f'Unknown directive "@{name}": link to federation v{since[0]}.{since[1]} or later.'
    return f'Unknown directive "@{name}": import it in the link to the federation specification.'
