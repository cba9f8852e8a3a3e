"""What each field of the introspection types says of a schema.

Our own, because other libraries in the process put their resolvers into graphql-core's introspection types. The forms
of values are graphql-core's: fields, arguments, input fields and enum values are pairs of name and definition.

Source: GraphQL specification September 2025, section 4.2.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    print_ast,
)
from graphql.utilities.get_default_value_ast import get_default_value_ast

__all__ = ["RESOLVERS", "OfSchema", "Resolve"]


class OfSchema(Protocol):
    """Knows the schema that is asked about."""

    schema: GraphQLSchema


Resolve = Callable[..., Any]
"""From the object, an `OfSchema` and the field's arguments to its value."""

_KINDS = {
    GraphQLScalarType: "SCALAR",
    GraphQLObjectType: "OBJECT",
    GraphQLInterfaceType: "INTERFACE",
    GraphQLUnionType: "UNION",
    GraphQLEnumType: "ENUM",
    GraphQLInputObjectType: "INPUT_OBJECT",
    GraphQLList: "LIST",
    GraphQLNonNull: "NON_NULL",
}


def _members(has: tuple[type, ...], attribute: str) -> Resolve:
    """Of the types that have them: the pairs that are not deprecated, or all."""

    def resolve(type_: Any, _info: OfSchema, includeDeprecated: bool = False) -> Any:  # noqa: N803
        if not isinstance(type_, has):
            return None
        pairs = getattr(type_, attribute).items()
        return [pair for pair in pairs if includeDeprecated or pair[1].deprecation_reason is None]

    return resolve


def _arguments(pair: Any, _info: OfSchema, includeDeprecated: bool = False) -> Any:  # noqa: N803
    pairs = pair[1].args.items()
    return [each for each in pairs if includeDeprecated or each[1].deprecation_reason is None]


def _directives(schema: Any, _info: OfSchema, includeDeprecated: bool = False) -> Any:  # noqa: N803
    return [each for each in schema.directives if includeDeprecated or each.deprecation_reason is None]


def _directive_arguments(
    directive: Any,
    _info: OfSchema,
    includeDeprecated: bool = False,  # noqa: N803
) -> Any:
    pairs = directive.args.items()
    return [pair for pair in pairs if includeDeprecated or pair[1].deprecation_reason is None]


def _possible_types(type_: Any, info: OfSchema) -> Any:
    is_abstract = isinstance(type_, GraphQLInterfaceType | GraphQLUnionType)
    return info.schema.get_possible_types(type_) if is_abstract else None


def _default_value(pair: Any, _info: OfSchema) -> str | None:
    node = get_default_value_ast(pair[1])
    return None if node is None else print_ast(node)


_WITH_FIELDS = (GraphQLObjectType, GraphQLInterfaceType)

_DEPRECATION: Mapping[str, Resolve] = {
    "isDeprecated": lambda pair, _info: pair[1].deprecation_reason is not None,
    "deprecationReason": lambda pair, _info: pair[1].deprecation_reason,
}
_NAMED: Mapping[str, Resolve] = {
    "name": lambda pair, _info: pair[0],
    "description": lambda pair, _info: pair[1].description,
}

RESOLVERS: Mapping[str, Mapping[str, Resolve]] = {
    "__Schema": {
        "description": lambda schema, _info: schema.description,
        "types": lambda schema, _info: schema.type_map.values(),
        "queryType": lambda schema, _info: schema.query_type,
        "mutationType": lambda schema, _info: schema.mutation_type,
        "subscriptionType": lambda schema, _info: schema.subscription_type,
        "directives": _directives,
    },
    "__Directive": {
        "name": lambda directive, _info: directive.name,
        "description": lambda directive, _info: directive.description,
        "isRepeatable": lambda directive, _info: directive.is_repeatable,
        "locations": lambda directive, _info: [location.name for location in directive.locations],
        "args": _directive_arguments,
        "isDeprecated": lambda directive, _info: directive.deprecation_reason is not None,
        "deprecationReason": lambda directive, _info: directive.deprecation_reason,
    },
    "__Type": {
        "kind": lambda type_, _info: _KINDS[type_.__class__],
        "name": lambda type_, _info: getattr(type_, "name", None),
        "description": lambda type_, _info: getattr(type_, "description", None),
        "specifiedByURL": lambda type_, _info: getattr(type_, "specified_by_url", None),
        "fields": _members(_WITH_FIELDS, "fields"),
        "interfaces": lambda type_, _info: type_.interfaces if isinstance(type_, _WITH_FIELDS) else None,
        "possibleTypes": _possible_types,
        "enumValues": _members((GraphQLEnumType,), "values"),
        "inputFields": _members((GraphQLInputObjectType,), "fields"),
        "ofType": lambda type_, _info: getattr(type_, "of_type", None),
        "isOneOf": lambda type_, _info: type_.is_one_of if isinstance(type_, GraphQLInputObjectType) else None,
    },
    "__Field": {**_NAMED, "args": _arguments, "type": lambda pair, _info: pair[1].type, **_DEPRECATION},
    "__InputValue": {
        **_NAMED,
        "type": lambda pair, _info: pair[1].type,
        "defaultValue": _default_value,
        **_DEPRECATION,
    },
    "__EnumValue": {**_NAMED, **_DEPRECATION},
}
"""By introspection type and field."""
