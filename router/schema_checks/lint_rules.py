"""The rules of `lint`: each a function from all subgraphs to what it finds, and one table of them.

Sources: the conventions of the GraphQL specification, Relay's cursor connections specification, Shopify's and GitHub's
design guides for schemas.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from graphql import Node

from router.composition.model import Applied, EnumValue, Field, InputValue, SubgraphSchema, TypeDef, base_type, is_list

__all__ = ["RULES", "Found", "Level", "Rule"]

Level = Literal["error", "warning", "off"]
Found = tuple[SubgraphSchema, str, str, Node | None]
"""Subgraph, coordinate, message, and the node where it stands."""
Element = TypeDef | Field | InputValue | EnumValue

PASCAL_CASE = re.compile(r"[A-Z][A-Za-z0-9]*$")
CAMEL_CASE = re.compile(r"[a-z][A-Za-z0-9]*$")
ALL_CAPS = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$")
VERB_PREFIX = re.compile(r"(get|list|fetch|find|retrieve|query)[A-Z]")
KIND_AFFIX = re.compile(r"(Object|Interface|Union|Enum|Scalar)$|^(Type|Interface|Union|Enum)[A-Z]|^I[A-Z][a-z]")
ROOTS = frozenset({"Query", "Mutation", "Subscription"})
MACHINERY = frozenset({"Query._entities", "Query._service"})
NO_REASON = frozenset({"", "no longer supported"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        code: its name in the configuration and in reports.
        level: unless the configuration says otherwise.
        demand: what it wants, in one sentence.
        reason: why it is worth it, or why it is off.
        find: yields what breaks it.
    """

    code: str
    level: Level
    demand: str
    reason: str
    find: Callable[[list[SubgraphSchema]], Iterator[Found]]


# ---- walking --------------------------------------------------------------------------------------------------------


def _types(schemas: Iterable[SubgraphSchema], *kinds: str) -> Iterator[tuple[SubgraphSchema, TypeDef]]:
    for schema in schemas:
        for type_ in schema.types.values():
            if not kinds or type_.kind in kinds:
                yield schema, type_


def _fields(schemas: Iterable[SubgraphSchema]) -> Iterator[tuple[SubgraphSchema, str, TypeDef, Field]]:
    """Fields of objects and interfaces, with their coordinates."""
    for schema, type_ in _types(schemas, "OBJECT", "INTERFACE"):
        for field in type_.fields.values():
            coordinate = f"{type_.name}.{field.name}"
            if coordinate not in MACHINERY:
                yield schema, coordinate, type_, field


def _input_fields(schemas: Iterable[SubgraphSchema]) -> Iterator[tuple[SubgraphSchema, str, InputValue]]:
    for schema, type_ in _types(schemas, "INPUT_OBJECT"):
        for field in type_.inputs.values():
            yield schema, f"{type_.name}.{field.name}", field


def _arguments(schemas: Iterable[SubgraphSchema]) -> Iterator[tuple[SubgraphSchema, str, InputValue]]:
    """Arguments of fields and directives."""
    schemas = list(schemas)
    for schema, coordinate, _, field in _fields(schemas):
        for argument in field.arguments.values():
            yield schema, f"{coordinate}({argument.name}:)", argument
    for schema in schemas:
        for directive in schema.directives.values():
            for argument in directive.arguments.values():
                yield schema, f"@{directive.name}({argument.name}:)", argument


def _values(schemas: Iterable[SubgraphSchema]) -> Iterator[tuple[SubgraphSchema, str, EnumValue]]:
    for schema, type_ in _types(schemas, "ENUM"):
        for value in type_.values.values():
            yield schema, f"{type_.name}.{value.name}", value


def _elements(schemas: list[SubgraphSchema]) -> Iterator[tuple[SubgraphSchema, str, Element]]:
    """All that can be described or deprecated, but for directives."""
    for schema, type_ in _types(schemas):
        yield schema, type_.name, type_
    for schema, coordinate, _, field in _fields(schemas):
        yield schema, coordinate, field
    yield from _input_fields(schemas)
    yield from _arguments(schemas)
    yield from _values(schemas)


# ---- names ----------------------------------------------------------------------------------------------------------


def type_names(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema, type_ in _types(schemas):
        if not PASCAL_CASE.match(type_.name):
            yield schema, type_.name, f"The type {type_.name} should be named in PascalCase.", type_.node


def field_names(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    named: list[tuple[SubgraphSchema, str, Field | InputValue]] = [*_input_fields(schemas)]
    named += [(schema, coordinate, field) for schema, coordinate, _, field in _fields(schemas)]
    for schema, coordinate, field in named:
        if not CAMEL_CASE.match(field.name):
            yield schema, coordinate, f"The field {coordinate} should be named in camelCase.", field.node


def argument_names(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema, coordinate, argument in _arguments(schemas):
        if not CAMEL_CASE.match(argument.name):
            yield schema, coordinate, f"The argument {coordinate} should be named in camelCase.", argument.node


def directive_names(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema in schemas:
        for directive in schema.directives.values():
            if not CAMEL_CASE.match(directive.name):
                message = f"The directive @{directive.name} should be named in camelCase."
                yield schema, f"@{directive.name}", message, directive.node


def enum_value_names(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema, coordinate, value in _values(schemas):
        if not ALL_CAPS.match(value.name):
            yield schema, coordinate, f"The enum value {coordinate} should be named in ALL_CAPS.", value.node


def type_affixes(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema, type_ in _types(schemas):
        if KIND_AFFIX.search(type_.name):
            message = f"The name {type_.name} should say what it is, not of which kind."
            yield schema, type_.name, message, type_.node


def input_suffix(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema, type_ in _types(schemas, "INPUT_OBJECT"):
        if not type_.name.endswith("Input"):
            yield schema, type_.name, f"The name of the input object {type_.name} should end in Input.", type_.node


def output_suffix(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema, type_ in _types(schemas):
        if type_.kind != "INPUT_OBJECT" and type_.name.endswith("Input"):
            yield schema, type_.name, f"{type_.name} is no input object: its name should not end in Input.", type_.node


def verb_prefixes(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema, coordinate, type_, field in _fields(schemas):
        match = VERB_PREFIX.match(field.name)
        if match and type_.name != "Mutation":
            message = f"The field {coordinate} should be named after what it gives, without {match[1]!r}."
            yield schema, coordinate, message, field.node


# ---- descriptions ---------------------------------------------------------------------------------------------------


def _undescribed(
    schemas: list[SubgraphSchema], elements: Iterable[tuple[SubgraphSchema, str, Element]]
) -> Iterator[Found]:
    """Those that no subgraph describes, at the first place: what one says holds for all in the supergraph."""
    described = {coordinate for _, coordinate, element in _elements(schemas) if (element.description or "").strip()}
    for schema, coordinate, element in elements:
        if coordinate not in described:
            described.add(coordinate)
            yield schema, coordinate, f"{coordinate} should have a description.", element.node


def type_descriptions(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    mutations = {
        field.name[0].upper() + field.name[1:] for _, _, type_, field in _fields(schemas) if type_.name == "Mutation"
    }
    obvious = ROOTS | {f"{name}{suffix}" for name in mutations for suffix in ("Input", "Payload")}
    yield from _undescribed(schemas, ((s, t.name, t) for s, t in _types(schemas) if t.name not in obvious))


def root_field_descriptions(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    yield from _undescribed(schemas, ((s, c, f) for s, c, t, f in _fields(schemas) if t.name in ROOTS))


def field_descriptions(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    yield from _undescribed(schemas, ((s, c, f) for s, c, t, f in _fields(schemas) if t.name not in ROOTS))


def input_descriptions(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    yield from _undescribed(schemas, (*_input_fields(schemas), *_arguments(schemas)))


def enum_value_descriptions(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    yield from _undescribed(schemas, _values(schemas))


def deprecation_reasons(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema, coordinate, element in _elements(schemas):
        deprecated = next((d for d in element.directives if d.name == "deprecated"), None)
        if deprecated is not None and _reason(deprecated).strip(" .").lower() in NO_REASON:
            message = f"The deprecation of {coordinate} should say what to use instead: @deprecated(reason:)."
            yield schema, coordinate, message, deprecated.node


def _reason(deprecated: Applied) -> str:
    reason = deprecated.arguments.get("reason")
    return reason if isinstance(reason, str) else ""


# ---- Relay ----------------------------------------------------------------------------------------------------------


def _type_of(field: Field | None) -> str:
    return "missing" if field is None else field.type


def connections(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema, type_ in _types(schemas):
        if not type_.name.endswith("Connection") or type_.name == "Connection":
            continue
        edges, page_info = type_.fields.get("edges"), type_.fields.get("pageInfo")
        edge = schema.types.get(base_type(edges.type)) if edges else None
        if type_.kind not in {"OBJECT", "INTERFACE"}:
            message = f"{type_.name} should be an object: names that end in Connection are Relay's."
        elif edges is None or not is_list(edges.type) or edge is None or edge.kind not in {"OBJECT", "INTERFACE"}:
            message = f"{type_.name}.edges should be a list of edge objects; it is {_type_of(edges)}."
        elif page_info is None or page_info.type != "PageInfo!":
            message = f"{type_.name}.pageInfo should be PageInfo!; it is {_type_of(page_info)}."
        else:
            continue
        yield schema, type_.name, message, type_.node


def edges(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema, type_ in _types(schemas, "OBJECT", "INTERFACE"):
        if not type_.name.endswith("Edge") or type_.name == "Edge":
            continue
        node, cursor = type_.fields.get("node"), type_.fields.get("cursor")
        if node is None or is_list(node.type):
            yield schema, type_.name, f"{type_.name}.node should be one element; it is {_type_of(node)}.", type_.node
        if cursor is None or is_list(cursor.type):
            yield schema, type_.name, f"{type_.name}.cursor should be a scalar; it is {_type_of(cursor)}.", type_.node


def page_info(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    shape = {"hasNextPage": "Boolean!", "hasPreviousPage": "Boolean!", "startCursor": "String", "endCursor": "String"}
    for schema, type_ in _types(schemas, "OBJECT"):
        if type_.name == "PageInfo":
            for name, expected in shape.items():
                found = _type_of(type_.fields.get(name))
                if found.removesuffix("!") != expected.removesuffix("!") or expected.endswith("!") > found.endswith(
                    "!"
                ):
                    message = f"PageInfo.{name} should be {expected}; it is {found}."
                    yield schema, f"PageInfo.{name}", message, type_.node


def connection_arguments(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema, coordinate, _, field in _fields(schemas):
        if base_type(field.type).endswith("Connection") and not is_list(field.type):
            given = {name: base_type(argument.type) for name, argument in field.arguments.items()}
            forward = given.get("first") == "Int" and "after" in given
            backward = given.get("last") == "Int" and "before" in given
            if not forward and not backward:
                message = (
                    f"{coordinate} gives a connection: it should take first: Int and after, or last: Int and before."
                )
                yield schema, coordinate, message, field.node


def nullable_items(schemas: list[SubgraphSchema]) -> Iterator[Found]:
    for schema, coordinate, _, field in _fields(schemas):
        if re.search(r"\w\]", field.type):
            yield schema, coordinate, f"The list {coordinate} should have elements that are not null.", field.node


_NULLABLE = "a partial failure may be worth more than the whole list: the schema's owner knows"
RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule("TYPE_NAME", "error", "Types are named in PascalCase.", "clients generate classes from them", type_names),
        Rule("FIELD_NAME", "error", "Fields are named in camelCase.", "as in every public schema", field_names),
        Rule("ARGUMENT_NAME", "error", "Arguments are named in camelCase.", "as fields are", argument_names),
        Rule("DIRECTIVE_NAME", "error", "Directives are named in camelCase.", "as fields are", directive_names),
        Rule("ENUM_VALUE_NAME", "error", "Enum values are ALL_CAPS.", "told from fields at a glance", enum_value_names),
        Rule("TYPE_NAME_AFFIX", "error", "No Type, Enum, Interface, I in names.", "kinds may change", type_affixes),
        Rule(
            "INPUT_SUFFIX",
            "off",
            "Input objects end in Input.",
            "off: LeadFilter and LeadOrder say what they are without it",
            input_suffix,
        ),
        Rule("OUTPUT_SUFFIX", "error", "Nothing but input objects ends in Input.", "it would mislead", output_suffix),
        Rule(
            "FIELD_VERB",
            "error",
            "Fields, but for mutations, do not begin with get, list, fetch, find, retrieve, query.",
            "a field is a noun: every query gets",
            verb_prefixes,
        ),
        Rule(
            "TYPE_DESCRIPTION",
            "error",
            "Types are described by one subgraph at least; a mutation's own Input and Payload need not be.",
            "the schema is the documentation",
            type_descriptions,
        ),
        Rule(
            "ROOT_FIELD_DESCRIPTION",
            "error",
            "Fields of Query, Mutation and Subscription are described.",
            "here everyone begins to read",
            root_field_descriptions,
        ),
        Rule(
            "FIELD_DESCRIPTION",
            "off",
            "All other fields of objects and interfaces are described.",
            "off: `name: String!` described as 'The name.' helps nobody",
            field_descriptions,
        ),
        Rule(
            "INPUT_DESCRIPTION",
            "off",
            "Arguments and input fields are described.",
            "off: likewise, for `first` and `after` above all",
            input_descriptions,
        ),
        Rule(
            "ENUM_VALUE_DESCRIPTION",
            "off",
            "Enum values are described.",
            "off: likewise, for MONDAY",
            enum_value_descriptions,
        ),
        Rule(
            "DEPRECATION_REASON",
            "error",
            "A deprecation says what to use instead.",
            "else nobody can follow it",
            deprecation_reasons,
        ),
        Rule(
            "CONNECTION", "error", "*Connection has edges and pageInfo: PageInfo!.", "clients page by it", connections
        ),
        Rule("EDGE", "error", "*Edge has node and cursor.", "likewise", edges),
        Rule("PAGE_INFO", "error", "PageInfo has Relay's four fields.", "likewise", page_info),
        Rule(
            "CONNECTION_ARGUMENTS",
            "error",
            "A field that gives a connection takes first and after, or last and before.",
            "an endless list needs an end",
            connection_arguments,
        ),
        Rule("LIST_ITEM", "off", "Elements of lists are not null.", f"off: {_NULLABLE}", nullable_items),
    )
}
