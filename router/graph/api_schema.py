"""The API schema: what clients see of a supergraph.

It is the supergraph without the machinery: elements of linked specifications (join, link, tag, cost, ...) and their
applications go, and so does everything marked `@inaccessible`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from graphql import GraphQLDeferDirective, GraphQLSchema, GraphQLStreamDirective, build_ast_schema
from graphql.language import (
    ConstDirectiveNode,
    DefinitionNode,
    DirectiveDefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    Node,
    ObjectTypeDefinitionNode,
    SchemaDefinitionNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
)

from router.errors import InvalidSupergraph
from router.graph.derived import derived
from router.graph.federation_spec import supergraph_features
from router.graph.garbage import collection_paused

__all__ = ["api_document", "build_api_schema", "with_incremental_directives"]

# graphql-core brings these itself; a supergraph may define them as well.
_BUILT_IN_DIRECTIVES = frozenset({"skip", "include", "deprecated", "specifiedBy", "oneOf"})

_N = TypeVar("_N", bound=Node)


def build_api_schema(document: DocumentNode) -> GraphQLSchema:
    """The schema that clients' operations are validated against.

    Args:
        document: a supergraph's SDL, parsed; without join elements it is taken as a plain schema.

    Returns:
        A graphql-core schema whose types keep their (filtered) AST nodes.

    Raises:
        InvalidSupergraph: the document is not a complete schema, such as for a type that is used but not defined.
    """
    try:
        with collection_paused():
            schema = build_ast_schema(api_document(document), assume_valid_sdl=True)
    except (TypeError, ValueError) as error:
        raise InvalidSupergraph(f"The supergraph is not a complete schema: {error}") from error
    if schema.query_type is None:
        raise InvalidSupergraph("The supergraph has no query root type.")
    return schema


def with_incremental_directives(schema: GraphQLSchema) -> GraphQLSchema:
    """The schema with `@defer` and `@stream`, unless it defines them itself; made once."""

    def make() -> GraphQLSchema:
        missing = [d for d in (GraphQLDeferDirective, GraphQLStreamDirective) if schema.get_directive(d.name) is None]
        arguments = schema.to_kwargs()
        arguments["directives"] = (*schema.directives, *missing)
        return GraphQLSchema(**arguments)

    return derived(schema, "with_incremental_directives", make)


def api_document(document: DocumentNode) -> DocumentNode:
    """The same document without specification elements and without what is `@inaccessible`."""
    return DocumentNode(definitions=tuple(_ApiFilter(document).definitions()))


class _ApiFilter:
    """Copies of a document's definitions with only what clients may see."""

    def __init__(self, document: DocumentNode) -> None:
        self._document = document
        self._features = supergraph_features(document)
        inaccessible = self._features.named("inaccessible")
        self._inaccessible = inaccessible.directive("inaccessible") if inaccessible else "inaccessible"
        self._hidden_types = {
            d.name.value
            for d in document.definitions
            if isinstance(d, TypeDefinitionNode) and (self._is_hidden(d) or self._features.owner_of_type(d.name.value))
        }

    def definitions(self) -> Iterator[DefinitionNode]:
        for definition in self._document.definitions:
            if isinstance(definition, SchemaDefinitionNode):
                roots = (o for o in definition.operation_types if o.type.name.value not in self._hidden_types)
                yield replace(definition, directives=self._applied(definition), operation_types=tuple(roots))
            elif isinstance(definition, DirectiveDefinitionNode):
                if not self._is_dropped_directive(definition.name.value):
                    yield replace(definition, arguments=self._all_visible(definition.arguments))
            elif isinstance(definition, TypeDefinitionNode) and definition.name.value not in self._hidden_types:
                yield self._type(definition)

    def _type(self, node: TypeDefinitionNode) -> TypeDefinitionNode:
        directives = self._applied(node)
        match node:
            case ObjectTypeDefinitionNode() | InterfaceTypeDefinitionNode():
                return replace(
                    node,
                    directives=directives,
                    interfaces=tuple(i for i in node.interfaces or () if i.name.value not in self._hidden_types),
                    fields=tuple(
                        replace(f, directives=self._applied(f), arguments=self._all_visible(f.arguments))
                        for f in self._visible(node.fields)
                    ),
                )
            case InputObjectTypeDefinitionNode():
                return replace(node, directives=directives, fields=self._all_visible(node.fields))
            case EnumTypeDefinitionNode():
                return replace(node, directives=directives, values=self._all_visible(node.values))
            case UnionTypeDefinitionNode():
                members = tuple(t for t in node.types or () if t.name.value not in self._hidden_types)
                return replace(node, directives=directives, types=members)
            case _:
                return replace(node, directives=directives)

    def _all_visible(self, nodes: "Sequence[_N] | None") -> tuple[_N, ...]:
        return tuple(replace(n, directives=self._applied(n)) for n in self._visible(nodes))  # type: ignore[call-arg]

    def _visible(self, nodes: "Sequence[_N] | None") -> Iterator[_N]:
        return (n for n in nodes or () if not self._is_hidden(n))

    def _is_hidden(self, node: Node) -> bool:
        return any(d.name.value == self._inaccessible for d in getattr(node, "directives", None) or ())

    def _is_dropped_directive(self, name: str) -> bool:
        return (
            name in _BUILT_IN_DIRECTIVES
            or name == self._inaccessible
            or self._features.owner_of_directive(name) is not None
        )

    def _applied(self, node: Node) -> tuple[ConstDirectiveNode, ...]:
        return tuple(
            directive
            for directive in getattr(node, "directives", None) or ()
            if directive.name.value in _BUILT_IN_DIRECTIVES or not self._is_dropped_directive(directive.name.value)
        )
