"""Loading: a supergraph SDL, read once, into the model.

Every join specification is read by the same rules, each of which says what the older ones leave out:

- v0.1 (`@core`): an entity's fields are its owner's unless they say otherwise, and its keys are wherever they are keys;
  types without joins are in every subgraph.
- v0.2: types say where they are; members of unions do not.
- v0.3 to v0.5: everything says where it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
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
    TypeExtensionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    value_from_ast_untyped,
)

from router.errors import InvalidSupergraph
from router.graph.federation_spec import supergraph_features
from router.graph.garbage import collection_paused
from router.graph.sdl import parse_sdl
from router.graph.supergraph.features import check_features
from router.graph.supergraph.key_fields import with_key_fields
from router.graph.supergraph.model import (
    FieldJoin,
    Key,
    SubgraphInfo,
    Supergraph,
    SupergraphField,
    SupergraphType,
    TypeJoin,
    TypeRef,
)

__all__ = ["load_supergraph"]


def load_supergraph(sdl: str) -> Supergraph:
    """Reads a supergraph SDL, such as Apollo's or The Guild's composer or `router.compose` prints.

    Raises:
        InvalidSupergraph: not GraphQL, or no join specification in it, or it contradicts itself; with the code
            UNSUPPORTED_LINKED_FEATURE where it links to a feature that must be understood and is not.
    """
    with collection_paused():
        try:
            document = parse_sdl(sdl, no_location=True)
            return _Loader(sdl, document).load()
        except GraphQLError as error:
            where = f" (line {error.locations[0].line})" if error.locations else ""
            raise InvalidSupergraph(f"The supergraph is not valid GraphQL{where}: {error.message}") from error
        except RecursionError as error:
            raise InvalidSupergraph("The supergraph is nested too deeply to be read.") from error


class _Loader:
    def __init__(self, sdl: str, document: DocumentNode) -> None:
        self.sdl = sdl
        self.document = document
        check_features(document)
        self.features = supergraph_features(document)
        join, inaccessible = self.features.named("join"), self.features.named("inaccessible")
        assert join is not None
        names = ("graph", "owner", "type", "implements", "unionMember", "field")
        self.joins = {name: join.directive(name) for name in names}
        self.graph_enum = join.type("Graph")
        self.inaccessible = inaccessible.directive("inaccessible") if inaccessible else "inaccessible"
        context = self.features.named("context")
        self.context = context.directive("context") if context else "context"
        self.roots = {"query": "Query"}
        self.subgraphs: list[SubgraphInfo] = []
        self.index: dict[str, int] = {}
        self.unions_of_all: list[str] = []
        """Unions that do not say which subgraph has which member."""

    def load(self) -> Supergraph:
        self._read_schema_definition()
        self._read_graphs()
        types: dict[str, SupergraphType] = {}
        owners: dict[str, list[int]] = {}
        for node in self.document.definitions:
            if isinstance(node, TypeExtensionNode):
                raise InvalidSupergraph(f'The supergraph extends "{node.name.value}": it must define it as a whole.')
            kind = _KINDS.get(node.kind)
            if kind is None or self.features.owner_of_type(node.name.value) is not None:  # type: ignore[attr-defined]
                continue
            read = self._read_type(node, kind, owners)
            if read.name in types:
                raise InvalidSupergraph(f'The supergraph defines the type "{read.name}" twice.')
            types[read.name] = read
        for kind in ("mutation", "subscription"):
            name = kind.capitalize()
            if kind not in self.roots and not self._has_schema_definition and name in types:
                self.roots[kind] = name
        for kind, name in self.roots.items():
            if name not in types or types[name].kind != "OBJECT":
                raise InvalidSupergraph(f"The supergraph has no {kind} root type: type {name} is missing.")
        if owners:
            with_key_fields(types, owners)
        _check_references(types)
        for name in self.unions_of_all:
            here = {g: frozenset(m for m in of if g in types[m].joins) for g, of in types[name].members.items()}
            types[name] = replace(types[name], members=here)
        subgraphs = tuple(self.subgraphs)
        loaded = Supergraph(self.sdl, self.document, subgraphs, types, self.roots, _possible_types(types))
        _ = loaded.access  # rules that cannot be read must fail here, not at the first request
        return loaded

    def _read_schema_definition(self) -> None:
        self._has_schema_definition = False
        for node in self.document.definitions:
            if isinstance(node, SchemaDefinitionNode):
                self._has_schema_definition = True
                for operation in node.operation_types or ():
                    self.roots[operation.operation.value] = operation.type.name.value

    def _read_graphs(self) -> None:
        for node in self.document.definitions:
            if isinstance(node, EnumTypeDefinitionNode) and node.name.value == self.graph_enum:
                for value in node.values or ():
                    for arguments in self._joins(value.directives, "graph"):
                        name = arguments.get("name")
                        if not isinstance(name, str):
                            raise InvalidSupergraph(f"{self.graph_enum}.{value.name.value} has no name of a subgraph.")
                        url = arguments.get("url")
                        info = SubgraphInfo(
                            len(self.subgraphs), name, url if isinstance(url, str) else "", value.name.value
                        )
                        self.index[info.graph] = info.index
                        self.subgraphs.append(info)
        if not self.subgraphs:
            raise InvalidSupergraph(
                f"This is no supergraph: it has no enum {self.graph_enum} with @{self.joins['graph']} values. "
                "Compose the subgraphs first: python -m router compose --config supergraph.yaml"
            )

    def _joins(self, directives: tuple[ConstDirectiveNode, ...] | None, name: str) -> Iterator[dict[str, Any]]:
        for directive in directives or ():
            if directive.name.value == self.joins[name]:
                yield {a.name.value: value_from_ast_untyped(a.value) for a in directive.arguments or ()}

    def _graph(self, arguments: Mapping[str, Any], where: str) -> int:
        graph = arguments.get("graph")
        if not isinstance(graph, str) or graph not in self.index:
            raise InvalidSupergraph(f"{where} names the unknown graph {graph!r}; known are {', '.join(self.index)}.")
        return self.index[graph]

    def _is_hidden(self, node: Any) -> bool:
        return any(d.name.value == self.inaccessible for d in node.directives or ())

    def _contexts(self, node: Any) -> Iterator[str]:
        for directive in node.directives or ():
            if directive.name.value == self.context:
                for argument in directive.arguments or ():
                    yield str(value_from_ast_untyped(argument.value))

    # ---- types ------------------------------------------------------------------------------------------------------

    def _read_type(self, node: Any, kind: str, owners: dict[str, list[int]]) -> SupergraphType:
        name = node.name.value
        joins = self._type_joins(name, node.directives)
        owned = [self._graph(arguments, name) for arguments in self._joins(node.directives, "owner")]
        if owned:
            owners[name] = owned
        has_fields = isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode)
        values = (node.values or ()) if isinstance(node, EnumTypeDefinitionNode) else ()
        return SupergraphType(
            name=name,
            kind=kind,
            joins=joins,
            fields={f.name.value: self._read_field(f, name, owned) for f in (node.fields or () if has_fields else ())},
            implements=self._implements(node, joins) if has_fields else {},
            members=self._members(node, joins) if isinstance(node, UnionTypeDefinitionNode) else {},
            values=tuple(v.name.value for v in values if not self._is_hidden(v)),
            is_inaccessible=self._is_hidden(node),
            contexts=frozenset(self._contexts(node)),
        )

    def _type_joins(self, name: str, directives: tuple[ConstDirectiveNode, ...] | None) -> dict[int, TypeJoin]:
        joins: dict[int, TypeJoin] = {}
        for arguments in self._joins(directives, "type"):
            where = f"@{self.joins['type']} of {name}"
            graph = self._graph(arguments, where)
            key = _text(arguments, "key", where)
            before = joins.get(graph)
            keys = (
                *(before.keys if before else ()),
                *((Key(key, bool(arguments.get("resolvable", True))),) if key else ()),
            )
            joins[graph] = TypeJoin(
                keys, bool(arguments.get("isInterfaceObject", False)), bool(arguments.get("extension", False))
            )
        # Before join v0.2 a value type has no join at all: every subgraph has it.
        return joins or {info.index: TypeJoin((), False, False) for info in self.subgraphs}

    def _implements(self, node: Any, joins: Mapping[int, TypeJoin]) -> dict[int, frozenset[str]]:
        said = self._said(node, "implements", "interface")
        names = frozenset(i.name.value for i in node.interfaces or ())
        return said if said or not names else dict.fromkeys(joins, names)

    def _members(self, node: UnionTypeDefinitionNode, joins: Mapping[int, TypeJoin]) -> dict[int, frozenset[str]]:
        said = self._said(node, "unionMember", "member")
        if said:
            return said
        self.unions_of_all.append(node.name.value)
        return dict.fromkeys(joins, frozenset(t.name.value for t in node.types or ()))

    def _said(self, node: Any, join: str, argument: str) -> dict[int, frozenset[str]]:
        said: dict[int, set[str]] = {}
        for arguments in self._joins(node.directives, join):
            where = f"@{self.joins[join]} of {node.name.value}"
            name = _text(arguments, argument, where)
            if name is None:
                raise InvalidSupergraph(f"{where} lacks the argument {argument}.")
            said.setdefault(self._graph(arguments, where), set()).add(name)
        return {graph: frozenset(names) for graph, names in said.items()}

    # ---- fields -----------------------------------------------------------------------------------------------------

    def _read_field(self, node: FieldDefinitionNode, parent: str, owners: list[int]) -> SupergraphField:
        joins = tuple(
            self._field_join(a, f"@{self.joins['field']} of {parent}.{node.name.value}")
            for a in self._joins(node.directives, "field")
        )
        if not joins and owners:
            joins = tuple(FieldJoin(graph) for graph in owners)
        return SupergraphField(
            node.name.value, _type_ref(node.type), joins, tuple(a.name.value for a in node.arguments or ())
        )

    def _field_join(self, arguments: Mapping[str, Any], where: str) -> FieldJoin:
        type_text = _text(arguments, "type", where)
        contexts = arguments.get("contextArguments") or ()
        if not isinstance(contexts, list | tuple) or not all(isinstance(context, Mapping) for context in contexts):
            raise InvalidSupergraph(f"{where} has contextArguments that are no list of objects.")
        return FieldJoin(
            graph=self._graph(arguments, where) if arguments.get("graph") is not None else None,
            requires=_text(arguments, "requires", where),
            provides=_text(arguments, "provides", where),
            type=TypeRef(type_text.strip("[]! "), type_text.count("["), type_text) if type_text else None,
            external=bool(arguments.get("external", False)),
            override=_text(arguments, "override", where),
            override_label=_text(arguments, "overrideLabel", where),
            used_overridden=bool(arguments.get("usedOverridden", False)),
            context_arguments=tuple(contexts),
        )


_BUILT_IN_SCALARS = frozenset({"Int", "Float", "String", "Boolean", "ID"})
_KINDS = {
    "object_type_definition": "OBJECT",
    "interface_type_definition": "INTERFACE",
    "union_type_definition": "UNION",
    "enum_type_definition": "ENUM",
    "scalar_type_definition": "SCALAR",
    "input_object_type_definition": "INPUT_OBJECT",
}


def _text(arguments: Mapping[str, Any], name: str, where: str) -> str | None:
    """A string among a join's arguments, or None where it is not given."""
    value = arguments.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidSupergraph(f"{where} has the {name} {value!r}: it must be a string.")
    return value


def _type_ref(node: TypeNode) -> TypeRef:
    before, after, depth = "", "", 0
    while True:
        if isinstance(node, NonNullTypeNode):
            after = f"!{after}"
            node = node.type
        elif isinstance(node, ListTypeNode):
            before, after, depth = f"{before}[", f"]{after}", depth + 1
            node = node.type
        else:
            name = node.name.value  # type: ignore[attr-defined]
            return TypeRef(name, depth, f"{before}{name}{after}")


def _check_references(types: Mapping[str, SupergraphType]) -> None:
    """What is named must be there: planning relies on it."""

    def check(named: str, where: str, *kinds: str) -> None:
        found = types.get(named)
        if found is None or (kinds and found.kind not in kinds):
            raise InvalidSupergraph(
                f"{where} names the {' or '.join(kinds).lower() or 'type'} {named}, which is missing."
            )

    for name, type_ in types.items():
        for field in type_.fields.values():
            if field.type.name not in _BUILT_IN_SCALARS:
                check(field.type.name, f"{name}.{field.name}")
        for members in type_.members.values():
            for member in sorted(members):
                check(member, name, "OBJECT")
        for interfaces in type_.implements.values():
            for interface in sorted(interfaces):
                check(interface, name, "INTERFACE")


def _possible_types(types: Mapping[str, SupergraphType]) -> dict[str, tuple[str, ...]]:
    possible: dict[str, set[str]] = {name: set() for name, t in types.items() if t.is_composite}
    for name, type_ in types.items():
        if type_.kind == "OBJECT":
            possible[name].add(name)
            for interfaces in type_.implements.values():
                for interface in interfaces:
                    possible[interface].add(name)
        for members in type_.members.values():
            possible[name].update(members)
    return {name: tuple(sorted(members)) for name, members in possible.items()}
