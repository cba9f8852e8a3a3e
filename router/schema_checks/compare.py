"""Comparing two schemas: every difference that a client can see, in a stable order.

graphql-core's `find_schema_changes` has no coordinates and says nothing of deprecations, `@oneOf`, `@specifiedBy` or
root types; where both speak, a property test holds the verdicts together. One is stricter here: an argument that loses
its default and is non-null has become required, so that is breaking.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from graphql import (
    GraphQLArgument,
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    is_introspection_type,
    is_specified_directive,
    is_specified_scalar_type,
    print_ast,
)
from graphql.utilities.get_default_value_ast import get_default_value_ast
from graphql.utilities.sort_value_node import sort_value_node

from router.schema_checks.changes import Change, Severity

__all__ = ["compare_schemas"]

T = TypeVar("T")
InputValue = GraphQLArgument | GraphQLInputField
Described = GraphQLNamedType | GraphQLField | InputValue | GraphQLDirective

_SEVERITIES = tuple(Severity)
_KIND_WORDS = {
    GraphQLScalarType: "scalar",
    GraphQLObjectType: "object type",
    GraphQLInterfaceType: "interface",
    GraphQLUnionType: "union",
    GraphQLEnumType: "enum",
    GraphQLInputObjectType: "input object",
}


def compare_schemas(old: GraphQLSchema, new: GraphQLSchema) -> tuple[Change, ...]:
    """Changes from the old schema to the new one: breaking ones first, each severity by coordinate."""
    changes = [*_root_changes(old, new), *_type_changes(old, new), *_directive_changes(old, new)]
    return tuple(sorted(changes, key=lambda c: (_SEVERITIES.index(c.severity), c.coordinate, c.kind, c.message)))


def _pairs(old: Mapping[str, T], new: Mapping[str, T]) -> tuple[dict[str, T], dict[str, T], dict[str, tuple[T, T]]]:
    """What is gone, what has come, and what stands in both."""
    return (
        {name: old[name] for name in old if name not in new},
        {name: new[name] for name in new if name not in old},
        {name: (old[name], new[name]) for name in old if name in new},
    )


# ---- roots and types ------------------------------------------------------------------------------------------------


def _root_changes(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    """Root types that are gone or new as such; where the type itself is, that says it already."""
    roots = [
        ("query", old.query_type, new.query_type),
        ("mutation", old.mutation_type, new.mutation_type),
        ("subscription", old.subscription_type, new.subscription_type),
    ]
    for operation, before, after in roots:
        if before and after and before.name != after.name:
            message = f"The {operation} root type was {before.name} and is {after.name}."
            yield Change.of("ROOT_TYPE_CHANGED", before.name, message)
        elif before and not after and before.name in new.type_map:
            message = f"{before.name} is no longer the {operation} root type."
            yield Change.of("ROOT_TYPE_REMOVED", before.name, message)
        elif after and not before and after.name in old.type_map:
            yield Change.of("ROOT_TYPE_ADDED", after.name, f"{after.name} has become the {operation} root type.")


def _own_types(schema: GraphQLSchema) -> dict[str, GraphQLNamedType]:
    return {
        name: type_
        for name, type_ in schema.type_map.items()
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
    }


def _type_changes(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    removed, added, kept = _pairs(_own_types(old), _own_types(new))
    for name, type_ in removed.items():
        yield Change.of("TYPE_REMOVED", name, f"The {_KIND_WORDS[type(type_)]} was removed.")
        for interface in _known_interfaces(type_, new):
            yield _implementation_removed(name, interface)
    for name, type_ in added.items():
        yield Change.of("TYPE_ADDED", name, f"The {_KIND_WORDS[type(type_)]} was added.", touches=())
        for interface in _known_interfaces(type_, old):
            yield _implementation_added(name, interface)
    for name, (before, after) in kept.items():
        yield from _description_changes(name, before, after)
        if type(before) is not type(after):
            message = f"Was: {_KIND_WORDS[type(before)]}; is: {_KIND_WORDS[type(after)]}."
            yield Change.of("TYPE_KIND_CHANGED", name, message)
        else:
            yield from _changes_inside(before, after)


def _known_interfaces(type_: GraphQLNamedType, other: GraphQLSchema) -> list[str]:
    """What an object type that is new, or gone, implements of the other schema: there its objects come and go."""
    if not isinstance(type_, GraphQLObjectType):
        return []
    return [i.name for i in type_.interfaces if isinstance(other.type_map.get(i.name), GraphQLInterfaceType)]


def _changes_inside(old: GraphQLNamedType, new: GraphQLNamedType) -> Iterator[Change]:
    match old, new:
        case GraphQLObjectType() | GraphQLInterfaceType(), GraphQLObjectType() | GraphQLInterfaceType():
            yield from _implementation_changes(old, new)
            yield from _field_changes(old, new)
        case GraphQLUnionType(), GraphQLUnionType():
            yield from _member_changes(old, new)
        case GraphQLEnumType(), GraphQLEnumType():
            yield from _enum_value_changes(old, new)
        case GraphQLInputObjectType(), GraphQLInputObjectType():
            yield from _input_object_changes(old, new)
        case GraphQLScalarType(), GraphQLScalarType():
            if old.specified_by_url != new.specified_by_url:
                message = (
                    f"@specifiedBy was {old.specified_by_url or 'absent'} and is {new.specified_by_url or 'absent'}."
                )
                yield Change.of("SPECIFIED_BY_CHANGED", old.name, message)


def _implementation_changes(
    old: GraphQLObjectType | GraphQLInterfaceType, new: GraphQLObjectType | GraphQLInterfaceType
) -> Iterator[Change]:
    removed, added, _ = _pairs({i.name: i for i in old.interfaces}, {i.name: i for i in new.interfaces})
    for name in removed:
        yield _implementation_removed(old.name, name)
    for name in added:
        yield _implementation_added(old.name, name)


def _implementation_removed(name: str, interface: str) -> Change:
    message = f"{name} no longer implements {interface}."
    return Change.of(
        "IMPLEMENTATION_REMOVED", name, message, breaks=(f"{interface}>{name}",), touches=(interface, name)
    )


def _implementation_added(name: str, interface: str) -> Change:
    return Change.of("IMPLEMENTATION_ADDED", name, f"{name} now implements {interface}.", touches=(interface,))


def _member_changes(old: GraphQLUnionType, new: GraphQLUnionType) -> Iterator[Change]:
    removed, added, _ = _pairs({t.name: t for t in old.types}, {t.name: t for t in new.types})
    for name in removed:
        message = f"{name} is no longer a member of {old.name}."
        yield Change.of("UNION_MEMBER_REMOVED", old.name, message, breaks=(f"{old.name}>{name}",))
    for name in added:
        yield Change.of("UNION_MEMBER_ADDED", old.name, f"{name} has become a member of {old.name}.")


def _enum_value_changes(old: GraphQLEnumType, new: GraphQLEnumType) -> Iterator[Change]:
    removed, added, kept = _pairs(old.values, new.values)
    for name in removed:
        coordinate = f"{old.name}.{name}"
        yield Change.of("ENUM_VALUE_REMOVED", coordinate, "The value was removed.", touches=(old.name,))
    for name in added:
        yield Change.of("ENUM_VALUE_ADDED", f"{old.name}.{name}", "The value was added.", touches=(old.name,))
    for name, (before, after) in kept.items():
        coordinate = f"{old.name}.{name}"
        yield from _text_changes(coordinate, before.description, after.description)
        yield from _deprecation_changes(coordinate, before.deprecation_reason, after.deprecation_reason)


# ---- fields and arguments -------------------------------------------------------------------------------------------


def _field_changes(
    old: GraphQLObjectType | GraphQLInterfaceType, new: GraphQLObjectType | GraphQLInterfaceType
) -> Iterator[Change]:
    removed, added, kept = _pairs(old.fields, new.fields)
    for name in removed:
        yield Change.of("FIELD_REMOVED", f"{old.name}.{name}", "The field was removed.")
    for name in added:
        yield Change.of("FIELD_ADDED", f"{old.name}.{name}", "The field was added.", touches=())
    for name, (before, after) in kept.items():
        coordinate = f"{old.name}.{name}"
        if str(before.type) != str(after.type):
            kind = "FIELD_TYPE_NARROWED" if _output_fits(before.type, after.type) else "FIELD_TYPE_CHANGED"
            yield Change.of(kind, coordinate, f"The type was {before.type} and is {after.type}.")
        yield from _argument_changes(coordinate, before.args, after.args, is_directive=False)
        yield from _description_changes(coordinate, before, after)
        yield from _deprecation_changes(coordinate, before.deprecation_reason, after.deprecation_reason)


def _argument_changes(
    owner: str, old: Mapping[str, GraphQLArgument], new: Mapping[str, GraphQLArgument], *, is_directive: bool
) -> Iterator[Change]:
    """Changes of the arguments of a field or directive."""
    word = "DIRECTIVE_ARGUMENT" if is_directive else "ARGUMENT"
    removed, added, kept = _pairs(old, new)
    for name in removed:
        yield Change.of(f"{word}_REMOVED", f"{owner}({name}:)", "The argument was removed.")
    for name, argument in added.items():
        coordinate = f"{owner}({name}:)"
        if _is_required(argument):
            message = f"An argument was added that must be given: {argument.type}."
            yield Change.of(f"REQUIRED_{word}_ADDED", coordinate, message, breaks=(owner,), touches=())
        else:
            message = f"An argument was added that may be left out: {argument.type}."
            yield Change.of(f"OPTIONAL_{word}_ADDED", coordinate, message, touches=(owner,))
    for name, (before, after) in kept.items():
        yield from _input_value_changes("ARGUMENT", owner, f"{owner}({name}:)", before, after)


def _input_object_changes(old: GraphQLInputObjectType, new: GraphQLInputObjectType) -> Iterator[Change]:
    if new.is_one_of and not old.is_one_of:
        yield Change.of("ONE_OF_ADDED", old.name, "Exactly one field must be given from now on (@oneOf).")
    elif old.is_one_of and not new.is_one_of:
        yield Change.of("ONE_OF_REMOVED", old.name, "Any number of fields may be given from now on (no @oneOf).")
    removed, added, kept = _pairs(old.fields, new.fields)
    for name in removed:
        yield Change.of("INPUT_FIELD_REMOVED", f"{old.name}.{name}", "The input field was removed.")
    for name, field in added.items():
        coordinate = f"{old.name}.{name}"
        if _is_required(field):
            message = f"An input field was added that must be given: {field.type}."
            yield Change.of("REQUIRED_INPUT_FIELD_ADDED", coordinate, message, breaks=(old.name,), touches=())
        else:
            message = f"An input field was added that may be left out: {field.type}."
            yield Change.of("OPTIONAL_INPUT_FIELD_ADDED", coordinate, message, touches=(old.name,))
    for name, (before, after) in kept.items():
        yield from _input_value_changes("INPUT_FIELD", old.name, f"{old.name}.{name}", before, after)


def _input_value_changes(word: str, owner: str, coordinate: str, old: InputValue, new: InputValue) -> Iterator[Change]:
    """Changes of an argument or input field. Who leaves it out is broken as well if it has to be given now."""
    became_required = _is_required(new) and not _is_required(old)
    broken = (coordinate, owner) if became_required else (coordinate,)
    fits = _input_fits(old.type, new.type)
    if str(old.type) != str(new.type):
        message = f"The type was {old.type} and is {new.type}."
        if fits:
            yield Change.of(f"{word}_TYPE_WIDENED", coordinate, message)
        else:
            yield Change.of(f"{word}_TYPE_CHANGED", coordinate, message, breaks=broken)
    before, after = _default(old), _default(new)
    if before is not None and after is None:
        if became_required:
            message = f"The default {before} was removed, so that it must be given."
            yield Change.of(f"{word}_MADE_REQUIRED", coordinate, message, breaks=(owner,), touches=())
        else:
            yield Change.of(
                f"{word}_DEFAULT_REMOVED", coordinate, f"The default {before} was removed.", touches=(owner,)
            )
    elif before is None and after is not None:
        yield Change.of(f"{word}_DEFAULT_ADDED", coordinate, f"The default {after} was added.", touches=(owner,))
    elif before != after:
        message = f"The default was {before} and is {after}."
        yield Change.of(f"{word}_DEFAULT_CHANGED", coordinate, message, touches=(owner,))
    yield from _description_changes(coordinate, old, new)
    yield from _deprecation_changes(coordinate, old.deprecation_reason, new.deprecation_reason)


def _is_required(value: InputValue) -> bool:
    return isinstance(value.type, GraphQLNonNull) and _default(value) is None


def _default(value: InputValue) -> str | None:
    """The default value as introspection shows it, fields in order of their names."""
    node = get_default_value_ast(value)
    return None if node is None else print_ast(sort_value_node(node))


def _output_fits(old: GraphQLOutputType, new: GraphQLOutputType) -> bool:
    """Whether who expects the old type can take every value of the new one."""
    if isinstance(new, GraphQLNonNull):
        return _output_fits(old.of_type if isinstance(old, GraphQLNonNull) else old, new.of_type)
    if isinstance(old, GraphQLList):
        return isinstance(new, GraphQLList) and _output_fits(old.of_type, new.of_type)
    return str(old) == str(new)


def _input_fits(old: GraphQLInputType, new: GraphQLInputType) -> bool:
    """Whether every value of the old type can be given for the new one."""
    if isinstance(old, GraphQLNonNull):
        return _input_fits(old.of_type, new.of_type if isinstance(new, GraphQLNonNull) else new)
    if isinstance(old, GraphQLList):
        return isinstance(new, GraphQLList) and _input_fits(old.of_type, new.of_type)
    return str(old) == str(new)


# ---- directives -----------------------------------------------------------------------------------------------------


def _directive_changes(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    def own(schema: GraphQLSchema) -> dict[str, GraphQLDirective]:
        return {d.name: d for d in schema.directives if not is_specified_directive(d)}

    removed, added, kept = _pairs(own(old), own(new))
    for name in removed:
        yield Change.of("DIRECTIVE_REMOVED", f"@{name}", "The directive was removed.")
    for name in added:
        yield Change.of("DIRECTIVE_ADDED", f"@{name}", "The directive was added.", touches=())
    for name, (before, after) in kept.items():
        coordinate = f"@{name}"
        lost, won, _ = _pairs({a.name: a for a in before.locations}, {a.name: a for a in after.locations})
        for place in lost:
            message = f"The directive can no longer stand on {place}."
            uses = (f"{coordinate} on {place}",)
            yield Change.of("DIRECTIVE_LOCATION_REMOVED", coordinate, message, breaks=uses, touches=())
        for place in won:
            message = f"The directive can stand on {place}, too."
            yield Change.of("DIRECTIVE_LOCATION_ADDED", coordinate, message, touches=())
        if before.is_repeatable and not after.is_repeatable:
            yield Change.of("DIRECTIVE_REPEATABLE_REMOVED", coordinate, "The directive can stand once only.")
        elif after.is_repeatable and not before.is_repeatable:
            message = "The directive can stand several times."
            yield Change.of("DIRECTIVE_REPEATABLE_ADDED", coordinate, message, touches=())
        yield from _argument_changes(coordinate, before.args, after.args, is_directive=True)
        yield from _description_changes(coordinate, before, after)


# ---- what all of them have ------------------------------------------------------------------------------------------


def _description_changes(coordinate: str, old: Described, new: Described) -> Iterator[Change]:
    yield from _text_changes(coordinate, old.description, new.description)


def _text_changes(coordinate: str, old: str | None, new: str | None) -> Iterator[Change]:
    if (old or "") != (new or ""):
        verb = "changed" if old and new else "added" if new else "removed"
        yield Change.of("DESCRIPTION_CHANGED", coordinate, f"The description was {verb}.", touches=())


def _deprecation_changes(coordinate: str, old: str | None, new: str | None) -> Iterator[Change]:
    if old is None and new is not None:
        yield Change.of("DEPRECATION_ADDED", coordinate, f"Deprecated: {new}")
    elif old is not None and new is None:
        yield Change.of("DEPRECATION_REMOVED", coordinate, "No longer deprecated.")
    elif old != new:
        yield Change.of("DEPRECATION_REASON_CHANGED", coordinate, f"Deprecated: {new}", touches=())
