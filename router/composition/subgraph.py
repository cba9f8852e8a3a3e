"""Reading a subgraph: SDL text to `SubgraphSchema`, with what is wrong with its form."""

from collections.abc import Callable, Iterable
from typing import Any

from graphql import GraphQLError, Source
from graphql.language import (
    DirectiveDefinitionNode,
    DirectiveNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    EnumTypeExtensionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputObjectTypeExtensionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    InterfaceTypeExtensionNode,
    Node,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    ScalarTypeDefinitionNode,
    ScalarTypeExtensionNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    TypeDefinitionNode,
    TypeExtensionNode,
    UnionTypeDefinitionNode,
    UnionTypeExtensionNode,
)

from router.composition.definitions import BUILT_IN_SCALARS
from router.composition.links import Names, link_problems, resolve_names
from router.composition.literals import const, spell_type, typed
from router.composition.model import (
    MISSING,
    Applied,
    Const,
    DirectiveDef,
    EnumValue,
    Field,
    InputValue,
    Kind,
    Missing,
    Subgraph,
    SubgraphSchema,
    TypeDef,
    base_type,
)
from router.composition.reporting import error
from router.composition.specified import (
    definition_problems,
    is_ignored_definition,
    link_definition_problems,
    unknown_types,
)
from router.errors import CompositionError, SourceLocation
from router.graph.sdl import parse_sdl

__all__ = ["read_subgraph"]

_KINDS: dict[type[Node], Kind] = {
    ScalarTypeDefinitionNode: "SCALAR",
    ScalarTypeExtensionNode: "SCALAR",
    ObjectTypeDefinitionNode: "OBJECT",
    ObjectTypeExtensionNode: "OBJECT",
    InterfaceTypeDefinitionNode: "INTERFACE",
    InterfaceTypeExtensionNode: "INTERFACE",
    UnionTypeDefinitionNode: "UNION",
    UnionTypeExtensionNode: "UNION",
    EnumTypeDefinitionNode: "ENUM",
    EnumTypeExtensionNode: "ENUM",
    InputObjectTypeDefinitionNode: "INPUT_OBJECT",
    InputObjectTypeExtensionNode: "INPUT_OBJECT",
}
_LAST_COUNTS = frozenset({"argument", "value"})
"""What may be declared twice, as the reference composer has it: arguments of fields, and values of enums."""

_DEFAULT_ROOTS = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}


def read_subgraph(subgraph: Subgraph) -> tuple[SubgraphSchema | None, list[CompositionError]]:
    """A subgraph's schema, or None where its text is not SDL, and what is wrong so far."""
    try:
        document = parse_sdl(Source(subgraph.sdl, subgraph.file or subgraph.name))
        return _Reader(subgraph, document).read()
    except GraphQLError as problem:
        locations = tuple(
            SourceLocation(subgraph.name, at.line, at.column, subgraph.file) for at in problem.locations or ()
        )
        message = f"[{subgraph.name}] {problem.message} Correct the text there."
        failed = CompositionError("INVALID_GRAPHQL", message, None, (subgraph.name,), locations)
        return None, [failed]
    except RecursionError:
        failed = CompositionError(
            "INVALID_GRAPHQL", "The schema is nested too deeply: make it flatter.", None, (subgraph.name,)
        )
        return None, [failed]


class _Reader:
    """Fills a `SubgraphSchema` from a document, collecting errors."""

    def __init__(self, subgraph: Subgraph, document: DocumentNode) -> None:
        self._document = document
        self._names: Names = resolve_names(document)
        self._canonical = {local: spec.canonical for local, spec in self._names.directives.items()}
        self._errors: list[CompositionError] = []
        self._schema = SubgraphSchema(
            subgraph.name,
            subgraph.url,
            subgraph.file,
            {},
            {},
            {},
            self._names.features,
            self._names.is_fed1,
            self._names.version,
        )
        defined = [d for d in document.definitions if isinstance(d, TypeDefinitionNode | TypeExtensionNode)]
        self._defined = {d.name.value for d in defined}
        self._scalars = {d.name.value for d in defined if _KINDS[type(d)] == "SCALAR"}
        self._declared_roots: dict[str, str] = {}
        self._names_are_sure = True

    def read(self) -> tuple[SubgraphSchema, list[CompositionError]]:
        for code, message, node in link_problems(self._document):
            self._report(code, message, node, "@link")
        self._names_are_sure = not any(error.code == "INVALID_LINK_DIRECTIVE_USAGE" for error in self._errors)
        for definition in self._document.definitions:
            match definition:
                case SchemaDefinitionNode() | SchemaExtensionNode():
                    self._read_schema(definition)
                case DirectiveDefinitionNode():
                    self._read_directive(definition)
                case TypeDefinitionNode() | TypeExtensionNode():
                    if self._names.is_specification_type(definition.name.value):
                        self._check_specification_type(definition)
                    else:
                        self._read_type(definition)
                case _:
                    self._invalid("Operations and fragments cannot stand in a schema: remove them.", definition)
        self._settle_roots()
        self._settle_defaults()
        return self._schema, self._errors

    # ---- schema and roots ----------------------------------------------------------------------------------------

    def _read_schema(self, node: SchemaDefinitionNode | SchemaExtensionNode) -> None:
        if isinstance(node, SchemaDefinitionNode) and node.description is not None:
            self._schema.description = node.description.value
        self._schema.schema_directives += self._applied(node.directives, skip_links=True)
        for operation in node.operation_types or ():
            self._declared_roots[operation.operation.value] = operation.type.name.value

    def _settle_roots(self) -> None:
        """Renames root types to their default names; other types may not have these.

        An object with a default name is a root even where a schema definition does not name it.
        """
        declared = self._declared_roots
        found = {k: t for k, n in _DEFAULT_ROOTS.items() if (t := self._schema.types.get(n)) is not None}
        roots = {**{k: t.name for k, t in found.items() if k == "query" or t.kind == "OBJECT"}, **declared}
        renames = {}
        for kind, name in roots.items():
            default = _DEFAULT_ROOTS[kind]
            definition = self._schema.types.get(name)
            if definition is None:
                if name != default:
                    self._invalid(f'The {kind} root type "{name}" is not defined: define it.', None)
                continue
            if definition.kind != "OBJECT":
                self._invalid(f'The {kind} root type "{name}" must be an object type: make it one.', definition.node)
            self._schema.roots[kind] = default
            if name != default and default in self._schema.types:
                self._schema.taken_roots[kind] = name
            elif name != default:
                renames[name] = default
        if renames and not self._errors:
            _rename_types(self._schema, renames)
        if "Query" not in self._schema.types:
            # Every subgraph can be asked for `_entities` at least, so every subgraph has the query root.
            self._schema.types["Query"] = TypeDef("Query", "OBJECT", blocks=[(None, True)])
            self._schema.roots["query"] = "Query"

    def _settle_defaults(self) -> None:
        """Tells enum values from strings in default values by type, however they are written."""
        types = self._schema.types
        for definition in types.values():
            inputs = [definition.inputs, *(field.arguments for field in definition.fields.values())]
            for value in (v for values in inputs for v in values.values()):
                if not isinstance(value.default, Missing):
                    value.default = typed(types, value.type, value.default)

    # ---- directives ----------------------------------------------------------------------------------------------

    def _read_directive(self, node: DirectiveDefinitionNode) -> None:
        name = node.name.value
        if self._is_machinery(name):
            return
        if name in self._schema.directives:
            self._invalid(f'There can be only one definition of the directive "@{name}": keep one.', node, f"@{name}")
            return
        definition = DirectiveDef(
            name,
            self._arguments(node.arguments, f"@{name}"),
            tuple(location.value for location in node.locations),
            node.repeatable,
            node.description.value if node.description else None,
            node,
        )
        for base in unknown_types(definition, self._defined):
            self._invalid(f'Unknown type "{base}" in the definition of "@{name}": define it here.', node, f"@{name}")
            return
        spec = self._names.directives.get(name)
        if self._names.is_link(name):
            if self._names.features and name != "core":
                self._report_definition(link_definition_problems(definition, self._scalars), definition)
        elif spec is None:
            self._schema.directives[name] = definition
        elif not is_ignored_definition(self._names, definition):
            spec = spec.as_of((2, 4) if self._names.is_fed1 else self._names.version)
            self._report_definition(definition_problems(self._names, definition, spec, self._scalars), definition)

    def _report_definition(self, problems: Iterable[str], definition: DirectiveDef) -> None:
        at = f"@{definition.name}"
        if not self._names_are_sure:  # which name the definition should have used is what the link leaves open
            return
        for problem in problems:
            message = f'The definition of "{at}" differs from its specification: it {problem}. Remove the definition.'
            self._report("DIRECTIVE_DEFINITION_INVALID", message, definition.node, at)

    def _is_machinery(self, name: str) -> bool:
        owner = self._names.features.owner_of_directive(name)
        return owner is not None and owner.url.name == "federation" and name not in self._names.directives

    def _applied(
        self, nodes: "Iterable[DirectiveNode] | None", block: int = 0, *, skip_links: bool = False
    ) -> list[Applied]:
        found = []
        for node in nodes or ():
            name = node.name.value
            if skip_links and self._names.is_link(name):
                continue
            arguments: dict[str, Const] = {}
            for argument in node.arguments or ():
                arguments[argument.name.value] = const(argument.value)
            canonical = self._canonical.get(name, name)
            if canonical is not name:
                self._schema.spellings.setdefault(canonical, node)
            found.append(Applied(canonical, arguments, node, block))
        return found

    # ---- types ---------------------------------------------------------------------------------------------------

    def _read_type(self, node: Any) -> None:
        name = node.name.value
        kind = _KINDS[type(node)]
        is_extension = isinstance(node, TypeExtensionNode)
        definition = self._schema.types.get(name)
        if definition is None:
            if is_extension and name in BUILT_IN_SCALARS:
                self._invalid(f'"{name}" is built in and cannot be extended: remove this.', node, name)
                return
            definition = self._schema.types[name] = TypeDef(name, kind)
        elif definition.kind != kind and not (is_extension and {kind, definition.kind} == {"OBJECT", "INTERFACE"}):
            self._invalid(f'"{name}" is both {_article(definition.kind)} and {_article(kind)}: rename one.', node, name)
            return
        elif not is_extension and any(not extension for _, extension in definition.blocks):
            self._invalid(f'There can be only one type named "{name}": rename or extend.', node, name)
            return
        block = len(definition.blocks)
        definition.blocks.append((node, is_extension))
        if not is_extension and node.description is not None:
            definition.description = node.description.value
        definition.directives += self._applied(node.directives, block)
        match kind:  # an object may be extended as an interface, and the reverse
            case "OBJECT" | "INTERFACE":
                self._collect(definition.interfaces, node.interfaces, name, "implements", lambda n: n)
                self._collect(definition.fields, node.fields, name, "field", lambda n: self._field(n, name, block))
            case "UNION":
                self._collect(definition.members, node.types, name, "member", lambda n: n)
            case "ENUM":
                self._collect(definition.values, node.values, name, "value", self._enum_value)
            case "INPUT_OBJECT":
                self._collect(definition.inputs, node.fields, name, "field", self._input)

    def _check_specification_type(self, node: Any) -> None:
        """A subgraph may define what its links bring anyway, but not otherwise."""
        name = node.name.value
        expected = self._names.specified_kind(name)
        if expected is None or isinstance(node, TypeExtensionNode):
            return
        kind = _KINDS[type(node)]
        values = {v.name.value for v in node.values or ()} if kind == "ENUM" else {"SECURITY", "EXECUTION"}
        if kind != expected or values != {"SECURITY", "EXECUTION"}:
            message = f'"{name}" belongs to a specification and must be defined as there: remove the definition.'
            self._report("TYPE_DEFINITION_INVALID", message, node, name)

    def _collect(
        self, into: dict[str, Any], nodes: "Iterable[Any] | None", owner: str, what: str, make: Callable[[Any], Any]
    ) -> None:
        is_query = owner == self._declared_roots.get("query", "Query")
        for node in nodes or ():
            name = node.name.value
            if is_query and name in {"_entities", "_service"}:
                self._check_known_types(node, f"{owner}.{name}")
                continue
            earlier = into.get(name)
            if earlier is not None and what in _LAST_COUNTS and not owner.startswith("@"):
                into[name] = make(node)
                into[name].directives[:0] = earlier.directives
                into[name].description = into[name].description or (what == "value" and earlier.description) or None
            elif name in into:
                self._invalid(f'"{owner}" has the {what} "{name}" twice: keep one.', node, f"{owner}.{name}")
            else:
                into[name] = make(node)

    def _check_known_types(self, node: FieldDefinitionNode, coordinate: str) -> None:
        """Fields that every subgraph has are not read; what they say must exist, which Federation 1 did not ask."""
        types = [node.type, *(argument.type for argument in node.arguments or ())]
        for base in (base_type(spell_type(type_)) for type_ in types):
            if not self._names.is_fed1 and base not in self._defined and base not in BUILT_IN_SCALARS:
                self._invalid(f'Unknown type "{base}" at "{coordinate}": define it, or leave the field out.', node)

    def _field(self, node: FieldDefinitionNode, owner: str, block: int) -> Field:
        return Field(
            node.name.value,
            spell_type(node.type),
            self._arguments(node.arguments, f"{owner}.{node.name.value}"),
            node.description.value if node.description else None,
            self._applied(node.directives),
            node,
            block,
        )

    def _arguments(self, nodes: "Iterable[InputValueDefinitionNode] | None", owner: str) -> dict[str, InputValue]:
        arguments: dict[str, InputValue] = {}
        self._collect(arguments, nodes, owner, "argument", self._input)
        return arguments

    def _input(self, node: InputValueDefinitionNode) -> InputValue:
        return InputValue(
            node.name.value,
            spell_type(node.type),
            const(node.default_value) if node.default_value is not None else MISSING,
            node.description.value if node.description else None,
            self._applied(node.directives),
            node,
        )

    def _enum_value(self, node: Any) -> EnumValue:
        description = node.description.value if node.description else None
        return EnumValue(node.name.value, description, self._applied(node.directives), node)

    # ---- errors --------------------------------------------------------------------------------------------------

    def _invalid(self, message: str, node: Node | None, coordinate: str | None = None) -> None:
        self._report("INVALID_GRAPHQL", message, node, coordinate)

    def _report(self, code: str, message: str, node: Node | None, coordinate: str | None = None) -> None:
        self._errors.append(error(code, message, coordinate=coordinate, at=[(self._schema, node)]))


def _article(kind: Kind) -> str:
    words = kind.lower().replace("_", " ")
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _rename_types(schema: SubgraphSchema, renames: dict[str, str]) -> None:
    """Renames types everywhere they are named."""

    def spell(type_: str) -> str:
        base = type_.strip("[]!")
        return type_.replace(base, renames[base]) if base in renames else type_

    types = {}
    for definition in schema.types.values():
        definition.name = renames.get(definition.name, definition.name)
        types[definition.name] = definition
        definition.members = {renames.get(m, m): node for m, node in definition.members.items()}
        for field in definition.fields.values():
            field.type = spell(field.type)
    schema.types = types
