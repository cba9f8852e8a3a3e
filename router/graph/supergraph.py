"""The supergraph model: what a supergraph SDL says, read once, with every join resolved.

Source: the join specification v0.1 to v0.5 (https://specs.apollo.dev/join). Only what planning needs is read; the
client's schema is `api_schema.build_api_schema(supergraph.document)`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ConstDirectiveNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLError,
    InterfaceTypeDefinitionNode,
    ListTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    SchemaDefinitionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
    value_from_ast_untyped,
)

from router.errors import InvalidSupergraph
from router.graph.federation_spec import APOLLO_SPECS, read_features
from router.graph.garbage import collection_paused

__all__ = [
    "FieldJoin",
    "Key",
    "SubgraphInfo",
    "Supergraph",
    "SupergraphField",
    "SupergraphType",
    "TypeJoin",
    "TypeRef",
    "load_supergraph",
]

_FEATURES = frozenset(
    [
        "authenticated",
        "cacheTag",
        "context",
        "core",
        "cost",
        "inaccessible",
        "join",
        "link",
        "policy",
        "requiresScopes",
        "tag",
    ]
)
BUILT_IN_SCALARS = frozenset({"Int", "Float", "String", "Boolean", "ID"})


@dataclass(frozen=True, slots=True)
class SubgraphInfo:
    """One subgraph: its position in `Supergraph.subgraphs`, name, default URL and name in `join__Graph`."""

    index: int
    name: str
    url: str
    graph: str


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A field's type: the named type, how many lists are around it, and the whole in SDL notation."""

    name: str
    list_depth: int
    text: str


@dataclass(frozen=True, slots=True)
class Key:
    """One `@key` of a type in a subgraph; `fields` is the text of its field set."""

    fields: str
    resolvable: bool


@dataclass(frozen=True, slots=True)
class TypeJoin:
    """What one subgraph has of a type. A type without keys there has an empty `keys`."""

    keys: tuple[Key, ...]
    is_interface_object: bool
    extension: bool


@dataclass(frozen=True, slots=True)
class FieldJoin:
    """One `@join__field`. `graph` is None where the field comes from an interface object."""

    graph: int | None
    requires: str | None = None
    provides: str | None = None
    type: TypeRef | None = None
    external: bool = False
    override: str | None = None
    override_label: str | None = None
    used_overridden: bool = False
    context_arguments: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class SupergraphField:
    """A field of an object or interface type. No `joins`: every subgraph that has the type resolves it."""

    name: str
    type: TypeRef
    joins: tuple[FieldJoin, ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SupergraphType:
    """A composite or leaf type.

    Attributes:
        kind: `OBJECT`, `INTERFACE`, `UNION`, `ENUM`, `SCALAR` or `INPUT_OBJECT`.
        joins: what each subgraph (by index) has of it.
        implements: names of the interfaces it implements, per subgraph index.
        members: for a union: names of its members, per subgraph index.
        values: for an enum: the values that clients may see.
        is_inaccessible: whether the type is hidden from clients.
    """

    name: str
    kind: str
    joins: Mapping[int, TypeJoin]
    fields: Mapping[str, SupergraphField] = field(default_factory=dict)
    implements: Mapping[int, frozenset[str]] = field(default_factory=dict)
    members: Mapping[int, frozenset[str]] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    is_inaccessible: bool = False

    @property
    def is_composite(self) -> bool:
        return self.kind in ("OBJECT", "INTERFACE", "UNION")

    @property
    def is_abstract(self) -> bool:
        return self.kind in ("INTERFACE", "UNION")


@dataclass(frozen=True, eq=False)
class Supergraph:
    """An immutable supergraph. Equality is identity, so that it can key caches.

    Attributes:
        roots: type name per operation type (`query`, `mutation`, `subscription`).
        possible: names of the object types of each composite type, sorted, hidden ones included.
    """

    sdl: str
    document: DocumentNode
    subgraphs: tuple[SubgraphInfo, ...]
    types: Mapping[str, SupergraphType]
    roots: Mapping[str, str]
    possible: Mapping[str, tuple[str, ...]]

    def subgraph(self, name: str) -> SubgraphInfo:
        """Raises KeyError for an unknown name."""
        for info in self.subgraphs:
            if info.name == name:
                return info
        raise KeyError(name)


def load_supergraph(sdl: str) -> Supergraph:
    """Reads a supergraph SDL, such as Apollo's or The Guild's composer or `router.compose` prints.

    Raises:
        InvalidSupergraph: not GraphQL, or no join specification in it, or it contradicts itself; with the code
            UNSUPPORTED_LINKED_FEATURE where it links to a feature that must be understood and is not.
    """
    with collection_paused():
        try:
            document = parse(sdl, no_location=True)
        except GraphQLError as error:
            where = f" (line {error.locations[0].line})" if error.locations else ""
            raise InvalidSupergraph(f"The supergraph is not valid GraphQL{where}: {error.message}") from error
        _check_features(document)
        return _Loader(sdl, document).load()


def _check_features(document: DocumentNode) -> None:
    """A feature with a purpose may not be passed over: https://specs.apollo.dev/link/v1.0."""
    for feature in read_features(document):
        known = feature.url.identity.startswith(f"{APOLLO_SPECS}/") and feature.url.name in _FEATURES
        if feature.purpose is not None and not known:
            raise InvalidSupergraph(
                f'The supergraph demands "{feature.url}" for {feature.purpose}, which this router does not know. '
                "Compose it without that feature.",
                code="UNSUPPORTED_LINKED_FEATURE",
            )


class _Loader:
    def __init__(self, sdl: str, document: DocumentNode) -> None:
        self.sdl = sdl
        self.document = document
        self.join = "join"
        self.roots = {"query": "Query"}
        self.subgraphs: list[SubgraphInfo] = []
        self.index: dict[str, int] = {}

    def load(self) -> Supergraph:
        self._read_schema_definition()
        self._read_graphs()
        types: dict[str, SupergraphType] = {}
        for node in self.document.definitions:
            read = self._read_type(node)
            if read is not None:
                types[read.name] = read
        for kind in ("mutation", "subscription"):
            name = kind.capitalize()
            if kind not in self.roots and not self._has_schema_definition and name in types:
                self.roots[kind] = name
        if self.roots["query"] not in types:
            raise InvalidSupergraph(f"The supergraph has no query root type: type {self.roots['query']} is missing.")
        return Supergraph(self.sdl, self.document, tuple(self.subgraphs), types, self.roots, _possible_types(types))

    def _read_schema_definition(self) -> None:
        self._has_schema_definition = False
        for node in self.document.definitions:
            if not isinstance(node, SchemaDefinitionNode):
                continue
            self._has_schema_definition = True
            for operation in node.operation_types or ():
                self.roots[operation.operation.value] = operation.type.name.value
            for directive in node.directives or ():
                arguments = _arguments(directive)
                url = str(arguments.get("url") or arguments.get("feature") or "")
                if "/join/" in url and arguments.get("as"):
                    self.join = str(arguments["as"])

    def _read_graphs(self) -> None:
        for node in self.document.definitions:
            if isinstance(node, EnumTypeDefinitionNode) and node.name.value == f"{self.join}__Graph":
                for value in node.values or ():
                    for arguments in self._joins(value.directives, "graph"):
                        info = SubgraphInfo(
                            len(self.subgraphs),
                            str(arguments["name"]),
                            str(arguments.get("url") or ""),
                            value.name.value,
                        )
                        self.index[info.graph] = info.index
                        self.subgraphs.append(info)
        if not self.subgraphs:
            raise InvalidSupergraph(
                f"This is no supergraph: it has no enum {self.join}__Graph with @{self.join}__graph values. "
                "Compose the subgraphs first: python -m router compose --config supergraph.yaml"
            )

    def _joins(self, directives: tuple[ConstDirectiveNode, ...] | None, name: str) -> Iterator[dict[str, Any]]:
        for directive in directives or ():
            if directive.name.value == f"{self.join}__{name}":
                yield _arguments(directive)

    def _graph(self, arguments: Mapping[str, Any], where: str) -> int:
        graph = arguments.get("graph")
        if graph not in self.index:
            raise InvalidSupergraph(f"{where} names the unknown graph {graph!r}; known are {', '.join(self.index)}.")
        return self.index[graph]

    def _read_type(self, node: Any) -> SupergraphType | None:
        kind = _KINDS.get(node.kind)
        if kind is None or node.name.value.startswith((f"{self.join}__", "link__", "core__")):
            return None
        name = node.name.value
        joins = self._type_joins(name, node.directives)
        owners = [self._graph(a, name) for a in self._joins(node.directives, "owner")]
        return SupergraphType(
            name=name,
            kind=kind,
            joins=joins,
            fields={
                f.name.value: self._read_field(f, name, owners)
                for f in (
                    node.fields or ()
                    if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode)
                    else ()
                )
            },
            implements=self._implements(node, joins),
            members=self._members(node, joins),
            values=_visible_values(node) if isinstance(node, EnumTypeDefinitionNode) else (),
            is_inaccessible=any(d.name.value == "inaccessible" for d in node.directives or ()),
        )

    def _type_joins(self, name: str, directives: tuple[ConstDirectiveNode, ...] | None) -> dict[int, TypeJoin]:
        joins: dict[int, TypeJoin] = {}
        for arguments in self._joins(directives, "type"):
            graph = self._graph(arguments, f"@{self.join}__type of {name}")
            key = arguments.get("key")
            before = joins.get(graph)
            keys = (*(before.keys if before else ()), *((Key(key, arguments.get("resolvable", True)),) if key else ()))
            joins[graph] = TypeJoin(
                keys, bool(arguments.get("isInterfaceObject", False)), bool(arguments.get("extension", False))
            )
        # Before join v0.2 a value type has no join at all: every subgraph has it.
        return joins or {info.index: TypeJoin((), False, False) for info in self.subgraphs}

    def _implements(self, node: Any, joins: Mapping[int, TypeJoin]) -> dict[int, frozenset[str]]:
        if not isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            return {}
        said: dict[int, set[str]] = {}
        for arguments in self._joins(node.directives, "implements"):
            graph = self._graph(arguments, f"@{self.join}__implements of {node.name.value}")
            said.setdefault(graph, set()).add(arguments["interface"])
        if not said and node.interfaces:
            names = frozenset(i.name.value for i in node.interfaces or ())
            return dict.fromkeys(joins, names)
        return {graph: frozenset(names) for graph, names in said.items()}

    def _members(self, node: Any, joins: Mapping[int, TypeJoin]) -> dict[int, frozenset[str]]:
        if not isinstance(node, UnionTypeDefinitionNode):
            return {}
        said: dict[int, set[str]] = {}
        for arguments in self._joins(node.directives, "unionMember"):
            graph = self._graph(arguments, f"@{self.join}__unionMember of {node.name.value}")
            said.setdefault(graph, set()).add(arguments["member"])
        if not said:
            return dict.fromkeys(joins, frozenset(t.name.value for t in node.types or ()))
        return {graph: frozenset(names) for graph, names in said.items()}

    def _read_field(self, node: FieldDefinitionNode, parent: str, owners: list[int]) -> SupergraphField:
        joins = tuple(
            self._field_join(a, f"@{self.join}__field of {parent}.{node.name.value}")
            for a in self._joins(node.directives, "field")
        )
        if not joins and owners:
            joins = tuple(FieldJoin(graph) for graph in owners)
        return SupergraphField(
            node.name.value, _type_ref(node.type), joins, tuple(a.name.value for a in node.arguments or ())
        )

    def _field_join(self, arguments: Mapping[str, Any], where: str) -> FieldJoin:
        type_text = arguments.get("type")
        return FieldJoin(
            graph=self._graph(arguments, where) if arguments.get("graph") is not None else None,
            requires=arguments.get("requires"),
            provides=arguments.get("provides"),
            type=_type_ref_of_text(type_text) if type_text else None,
            external=bool(arguments.get("external", False)),
            override=arguments.get("override"),
            override_label=arguments.get("overrideLabel"),
            used_overridden=bool(arguments.get("usedOverridden", False)),
            context_arguments=tuple(arguments.get("contextArguments") or ()),
        )


_KINDS = {
    "object_type_definition": "OBJECT",
    "interface_type_definition": "INTERFACE",
    "union_type_definition": "UNION",
    "enum_type_definition": "ENUM",
    "scalar_type_definition": "SCALAR",
    "input_object_type_definition": "INPUT_OBJECT",
}


def _arguments(directive: ConstDirectiveNode) -> dict[str, Any]:
    return {a.name.value: value_from_ast_untyped(a.value) for a in directive.arguments or ()}


def _visible_values(node: EnumTypeDefinitionNode) -> tuple[str, ...]:
    return tuple(
        v.name.value for v in node.values or () if not any(d.name.value == "inaccessible" for d in v.directives or ())
    )


def _type_ref(node: TypeNode) -> TypeRef:
    text, depth = print_ast(node), 0
    while isinstance(node, ListTypeNode | NonNullTypeNode):
        depth += isinstance(node, ListTypeNode)
        node = node.type
    return TypeRef(node.name.value, depth, text)  # type: ignore[attr-defined]


def _type_ref_of_text(text: str) -> TypeRef:
    name = text.strip("[]! ")
    return TypeRef(name, text.count("["), text)


def _possible_types(types: Mapping[str, SupergraphType]) -> dict[str, tuple[str, ...]]:
    possible: dict[str, set[str]] = {name: set() for name, t in types.items() if t.is_composite}
    for name, type_ in types.items():
        if type_.kind == "OBJECT":
            possible[name].add(name)
            for interfaces in type_.implements.values():
                for interface in interfaces:
                    possible.setdefault(interface, set()).add(name)
        for members in type_.members.values():
            possible[name].update(members)
    return {name: tuple(sorted(members)) for name, members in possible.items()}
