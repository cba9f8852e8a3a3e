"""The OpenAPI document: what routes take and give, as their operations and the schema say."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    is_required_input_field,
    type_from_ast,
    validate,
    value_from_ast_untyped,
)

from brain.rest.problems import MEDIA_TYPE
from brain.rest.routes import PREFIX, RestRoute, Variable

__all__ = ["openapi_document"]

_SCALARS: Mapping[str, Mapping[str, Any]] = {
    "ID": {"type": "string"},
    "String": {"type": "string"},
    "Int": {"type": "integer", "format": "int32"},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "DateTime": {"type": "string", "format": "date-time"},
    "Date": {"type": "string", "format": "date"},
    "Time": {"type": "string"},
    "UUID": {"type": "string", "format": "uuid"},
    "ExactDecimal": {"type": "string"},
    "JSONString": {"type": "string", "contentMediaType": "application/json"},
}
_PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "The page about the code."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For people."},
        "code": {"type": "string", "description": "For programs."},
        "path": {"type": "array", "description": "Where in the graph's answer.", "items": {}},
        "parameter": {"type": "string", "description": "Which parameter of the address is wrong."},
        "pointer": {"type": "string", "description": "Which member of the body is wrong."},
        "errors": {"type": "array", "description": "All that was refused.", "items": {"type": "object"}},
        "traceId": {"type": "string", "description": "Under which the log has more."},
    },
}
_CREDENTIALS: Sequence[Mapping[str, list[str]]] = ({}, {"bearer": []}, {"apiKey": []})
_TENANT = {
    "name": "X-Tenant",
    "in": "header",
    "required": False,
    "description": "The tenant's slug or id. Left out, it is that of the credential, else that of the host's name.",
    "schema": {"type": "string"},
}
_REFUSALS = {
    "4XX": "The request is refused.",
    "5XX": "It cannot be answered now.",
}


def openapi_document(routes: Sequence[RestRoute], schema: GraphQLSchema) -> dict[str, Any]:
    """OpenAPI 3.1 of the routes whose operations the schema can answer."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if not validate(schema, route.tree):
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "BizOSaaS Brain",
            "version": "1",
            "description": "The graph for clients that do not speak GraphQL: each route runs one operation of it.",
        },
        "servers": [{"url": PREFIX}],
        "security": [*_CREDENTIALS, *({**each, "customer": []} for each in _CREDENTIALS)],
        "tags": [{"name": name} for name in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "customer": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization-Bearer",
                    "description": "The token of a customer of the shop, as the shop's mutation tokenCreate gives it; "
                    "beside a credential of the platform, or alone.",
                },
            },
            "parameters": {"tenant": _TENANT},
            "schemas": {"Problem": _PROBLEM},
        },
    }


def _operation(route: RestRoute, schema: GraphQLSchema) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [
            *(_parameter(variable, schema) for place in ("path", "query") for variable in route.in_place(place)),
            {"$ref": "#/components/parameters/tenant"},
        ],
        "responses": {
            str(route.status): _success(route, schema),
            **{
                status: {
                    "description": text,
                    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
                for status, text in _REFUSALS.items()
            },
        },
    }
    if route.is_of_customer:
        described["security"] = [{**each, "customer": []} for each in _CREDENTIALS]
    members = route.in_place("body")
    if members:
        required = [variable.name for variable in members if variable.is_required]
        body: dict[str, Any] = {
            "type": "object",
            "properties": {variable.name: _of_variable(variable, schema) for variable in members},
            "additionalProperties": False,
        }
        if required:
            body["required"] = required
        described["requestBody"] = {"required": bool(required), "content": {"application/json": {"schema": body}}}
    return described


def _parameter(variable: Variable, schema: GraphQLSchema) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": variable.name,
        "in": variable.place,
        "required": variable.place == "path" or variable.is_required,
        "schema": _of_variable(variable, schema, nullable=False),
    }
    if variable.place == "query":
        described |= {"style": "form", "explode": True}
    return described


def _of_variable(variable: Variable, schema: GraphQLSchema, *, nullable: bool = True) -> dict[str, Any]:
    kind = type_from_ast(schema, variable.type)
    described = _of_input(kind, nullable=nullable)
    if variable.default is not None:
        described["default"] = value_from_ast_untyped(variable.default)
    if variable.place == "path":
        described["minLength"] = 1
    return described


def _of_input(kind: Any, *, nullable: bool = True, within: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JSON Schema of a value of an input type; types that hold themselves are left open where they do."""
    if isinstance(kind, GraphQLNonNull):
        return _of_input(kind.of_type, nullable=False, within=within)
    if isinstance(kind, GraphQLList):
        described: dict[str, Any] = {"type": "array", "items": _of_input(kind.of_type, within=within)}
    elif isinstance(kind, GraphQLInputObjectType):
        described = {"type": "object"}
        if kind.name not in within:
            inner = (*within, kind.name)
            described["properties"] = {name: _of_field(each, inner) for name, each in kind.fields.items()}
            described["additionalProperties"] = False
            required = [name for name, each in kind.fields.items() if is_required_input_field(each)]
            if required:
                described["required"] = required
    else:
        described = _of_leaf(kind)
    return _or_null(described) if nullable else described


def _of_field(field: Any, within: tuple[str, ...]) -> dict[str, Any]:
    described = _of_input(field.type, within=within)
    return {**described, "description": field.description} if field.description else described


def _of_leaf(kind: Any) -> dict[str, Any]:
    if isinstance(kind, GraphQLEnumType):
        return {"type": "string", "enum": list(kind.values)}
    assert isinstance(kind, GraphQLScalarType)
    return dict(_SCALARS.get(kind.name, {}))


def _or_null(described: dict[str, Any]) -> dict[str, Any]:
    if "enum" in described:
        return {**described, "type": ["string", "null"], "enum": [*described["enum"], None]}
    if "type" in described:
        return {**described, "type": [described["type"], "null"]}
    return described


def _success(route: RestRoute, schema: GraphQLSchema) -> dict[str, Any]:
    definition = route.definition
    fragments = {node.name.value: node for node in route.tree.definitions if isinstance(node, FragmentDefinitionNode)}
    reader = _Selections(schema, fragments)
    kind: Any = schema.get_root_type(definition.operation)
    selections: list[SelectionSetNode] = [definition.selection_set]
    for name in (*route.result, *(("edges", "node") if route.is_paged else ())):
        field_type, selections = reader.field(get_named_type(kind), selections, name)
        kind = field_type
    described = reader.of_output(kind, selections, nullable=False)
    headers: dict[str, Any] = {
        "X-Incomplete": {
            "description": "Places of the result that are null because of an error, each with its code.",
            "schema": {"type": "string"},
        }
    }
    if route.is_paged:
        described = {"type": "array", "items": described}
        headers["Link"] = {"description": "The first page, and the next if there is one.", "schema": {"type": "string"}}
        headers["X-Total-Count"] = {"description": "How many there are on all pages.", "schema": {"type": "integer"}}
    if route.location is not None:
        headers["Location"] = {"description": "Of what was made.", "schema": {"type": "string"}}
    content = {"application/json": {"schema": described}}
    return {"description": route.summary, "headers": headers, "content": content}


class _Selections:
    """Reads what an operation selects."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments

    def field(
        self, parent: Any, selections: Sequence[SelectionSetNode], key: str
    ) -> tuple[Any, list[SelectionSetNode]]:
        """Type and selections of one response key."""
        nodes = self._fields(parent, selections)[key]
        name = nodes[0].name.value
        return parent.fields[name].type, [node.selection_set for node in nodes if node.selection_set is not None]

    def of_output(self, kind: Any, selections: Sequence[SelectionSetNode], *, nullable: bool = True) -> dict[str, Any]:
        """The JSON Schema of what is answered."""
        if isinstance(kind, GraphQLNonNull):
            return self.of_output(kind.of_type, selections, nullable=False)
        if isinstance(kind, GraphQLList):
            described: dict[str, Any] = {"type": "array", "items": self.of_output(kind.of_type, selections)}
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            described = {"type": "object", "properties": {}}
            for key, nodes in self._fields(kind, selections).items():
                inner = [node.selection_set for node in nodes if node.selection_set is not None]
                if nodes[0].name.value == "__typename":
                    described["properties"][key] = {"type": "string"}
                    continue
                field = kind.fields[nodes[0].name.value]
                described["properties"][key] = self.of_output(field.type, inner)
            # All of them are always there: the graph answers null rather than nothing.
            described["required"] = list(described["properties"])
        elif isinstance(kind, GraphQLScalarType | GraphQLEnumType):
            described = _of_leaf(kind)
        else:
            described = {"type": "object"}  # a union: what it is depends on the object
        return _or_null(described) if nullable else described

    def _fields(self, parent: Any, selections: Sequence[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        found: dict[str, list[FieldNode]] = {}
        for selection_set in selections:
            for node in selection_set.selections:
                if isinstance(node, FieldNode):
                    found.setdefault((node.alias or node.name).value, []).append(node)
                    continue
                if isinstance(node, FragmentSpreadNode):
                    fragment = self._fragments[node.name.value]
                    inner, condition = fragment.selection_set, fragment.type_condition.name.value
                else:
                    assert isinstance(node, InlineFragmentNode)
                    inner = node.selection_set
                    condition = parent.name if node.type_condition is None else node.type_condition.name.value
                if condition == parent.name:
                    for key, nodes in self._fields(parent, [inner]).items():
                        found.setdefault(key, []).extend(nodes)
        return found
