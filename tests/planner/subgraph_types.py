"""What a subgraph's SDL says, read from its syntax alone: the stubs must not depend on the code that they test."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldDefinitionNode,
    GraphQLSchema,
    InputValueDefinitionNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_ast_schema,
    parse,
    value_from_ast_untyped,
)
from graphql.language import ast

ROOTS = ("query", "mutation", "subscription")
FEDERATION = "https://specs.apollo.dev/federation"


@dataclass(frozen=True)
class FieldFacts:
    """One field of a type in one subgraph."""

    definition: FieldDefinitionNode
    external: bool = False
    requires: SelectionSetNode | None = None
    provides: SelectionSetNode | None = None
    override_from: str | None = None
    override_label: str | None = None
    from_context: Mapping[str, tuple[str, SelectionSetNode]] = field(default_factory=dict)
    hidden_arguments: frozenset[str] = frozenset()


@dataclass
class TypeFacts:
    """One type in one subgraph, its extensions merged in."""

    name: str
    kind: str
    fields: dict[str, FieldFacts] = field(default_factory=dict)
    keys: list[tuple[SelectionSetNode, bool]] = field(default_factory=list)
    interfaces: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    contexts: list[str] = field(default_factory=list)
    input_fields: dict[str, InputValueDefinitionNode] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    is_interface_object: bool = False


class SubgraphTypes:
    """A subgraph's types by name, with root types under their default names, and its executable schema."""

    def __init__(self, sdl: str) -> None:
        document = parse(sdl, no_location=True)
        self.directives = _imported(document)
        self.root_names = _root_names(document)
        self.types: dict[str, TypeFacts] = {}
        merged: dict[str, Any] = {}
        for node in document.definitions:
            if node.kind.removesuffix("_definition").removesuffix("_extension").endswith("_type"):
                self._read(node)
                merged[node.name.value] = _joined(merged.get(node.name.value), node)
        for facts in self.types.values():
            self._clear_external_keys(facts)
        self.schema = self._schema(merged)

    # ---- reading ----------------------------------------------------------------------------------------------------

    def _used(self, node: Any, name: str) -> list[dict[str, Any]]:
        spelled = self.directives.get(name, name)
        found: list[DirectiveNode] = [
            d for d in node.directives or () if d.name.value in (spelled, f"federation__{name}")
        ]
        return [{a.name.value: value_from_ast_untyped(a.value) for a in d.arguments or ()} for d in found]

    def _read(self, node: Any) -> None:
        name = self.root_names.get(node.name.value, node.name.value)
        kind = node.kind.partition("_type")[0]
        facts = self.types.setdefault(name, TypeFacts(name, kind))
        facts.keys += [(field_set(k["fields"]), k.get("resolvable", True)) for k in self._used(node, "key")]
        facts.contexts += [c["name"] for c in self._used(node, "context")]
        facts.is_interface_object |= bool(self._used(node, "interfaceObject"))
        if self._used(node, "inaccessible"):
            facts.hidden.add("")
        facts.interfaces += [i.name.value for i in getattr(node, "interfaces", None) or ()]
        if kind == "union":
            facts.members += [t.name.value for t in node.types or ()]
        elif kind == "enum":
            facts.values += [v.name.value for v in node.values or ()]
        elif kind == "input_object":
            hidden = [f for f in node.fields or () if self._used(f, "inaccessible")]
            facts.hidden.update(f.name.value for f in hidden)
            facts.input_fields.update((f.name.value, f) for f in node.fields or ())
        elif kind in ("object", "interface"):
            all_external = bool(self._used(node, "external"))
            for each in node.fields or ():
                facts.fields[each.name.value] = self._field(each, all_external)

    def _field(self, node: FieldDefinitionNode, all_external: bool) -> FieldFacts:
        requires, provides, override = (self._used(node, n) for n in ("requires", "provides", "override"))
        contexts = {}
        for argument in node.arguments or ():
            for used in self._used(argument, "fromContext"):
                context, _, selection = used["field"].strip().removeprefix("$").partition(" ")
                text = selection.strip()
                if text.startswith("{"):  # else it has a type condition, and braces of its own
                    text = text.removeprefix("{").removesuffix("}")
                contexts[argument.name.value] = (context, field_set(text))
        return FieldFacts(
            node,
            external=all_external or bool(self._used(node, "external")),
            requires=field_set(requires[0]["fields"]) if requires else None,
            provides=field_set(provides[0]["fields"]) if provides else None,
            override_from=override[0]["from"] if override else None,
            override_label=(override[0].get("label") or None) if override else None,
            from_context=contexts,
            hidden_arguments=frozenset(
                a.name.value
                for a in node.arguments or ()
                if self._used(a, "inaccessible") or self._used(a, "fromContext")
            ),
        )

    def _clear_external_keys(self, facts: TypeFacts) -> None:
        """A key's fields are there, whatever Federation 1 says of them."""
        for selection, _ in facts.keys:
            for each in selection.selections:
                name = getattr(getattr(each, "name", None), "value", None)
                if name in facts.fields:
                    facts.fields[name] = replace(facts.fields[name], external=False)

    # ---- the executable schema --------------------------------------------------------------------------------------

    def _schema(self, merged: Mapping[str, Any]) -> GraphQLSchema:
        entities = [
            n
            for n, t in self.types.items()
            if t.kind == "object" and t.keys and any(resolvable for _, resolvable in t.keys)
        ]
        own = {default: name for name, default in self.root_names.items()}
        query = own.get("Query", "Query")
        text = "scalar _Any\n"
        fields = "_service: String"
        if entities:
            text += f"union _Entity = {' | '.join(entities)}\n"
            fields = "_entities(representations: [_Any!]!): [_Entity]!"
        roots = [f"query: {query}"]
        for kind, default in (("mutation", "Mutation"), ("subscription", "Subscription")):
            if own.get(default, default) in merged:
                roots.append(f"{kind}: {own.get(default, default)}")
        text += f"type {query} {{ {fields} }}\nschema {{ {' '.join(roots)} }}\n"
        extra = parse(text, no_location=True).definitions
        types = dict(merged)
        for node in extra:
            name = getattr(getattr(node, "name", None), "value", None)
            if name == query:
                types[query] = _joined(types.get(query), node)
        rest = [n for n in extra if getattr(getattr(n, "name", None), "value", None) != query]
        definitions = (*types.values(), *(n for n in rest))
        return build_ast_schema(DocumentNode(definitions=definitions), assume_valid=True, assume_valid_sdl=True)


def field_set(given: str | list[str]) -> SelectionSetNode:
    """The selection set of a field set's text; Federation 1 takes a list of them, too."""
    text = given if isinstance(given, str) else " ".join(given)
    operation = parse("{" + text + "}", no_location=True).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return operation.selection_set


def _imported(document: DocumentNode) -> dict[str, str]:
    """Directives by their names in the specification, where they are imported under another one."""
    names: dict[str, str] = {}
    for node in document.definitions:
        if node.kind not in ("schema_definition", "schema_extension"):
            continue
        for directive in node.directives or ():  # type: ignore[attr-defined]
            arguments = {a.name.value: value_from_ast_untyped(a.value) for a in directive.arguments or ()}
            if directive.name.value == "link" and str(arguments.get("url", "")).startswith(FEDERATION):
                for each in arguments.get("import") or ():
                    if isinstance(each, dict):
                        names[each["name"].removeprefix("@")] = each.get("as", each["name"]).removeprefix("@")
    return names


def _root_names(document: DocumentNode) -> dict[str, str]:
    names = {}
    for node in document.definitions:
        if node.kind in ("schema_definition", "schema_extension"):
            for operation in node.operation_types or ():  # type: ignore[attr-defined]
                names[operation.type.name.value] = operation.operation.value.capitalize()
    return names


def _joined(first: Any, second: Any) -> Any:
    """A definition with what an extension, or a second one, adds."""
    if first is None:
        definition = _DEFINITIONS[second.kind.replace("_extension", "_definition")]
        first, second = definition(**{key: getattr(second, key, None) for key in definition.keys if key != "loc"}), None
    if second is None:
        return replace(first, directives=())
    lists = {}
    for key in ("fields", "interfaces", "types", "values"):
        if hasattr(first, key) and getattr(second, key, None):
            there = {n.name.value for n in getattr(first, key) or ()}
            lists[key] = (*(getattr(first, key) or ()), *(n for n in getattr(second, key) if n.name.value not in there))
    return replace(first, **lists)


_DEFINITIONS: dict[str, Any] = {
    node.kind: node
    for node in (
        ast.ObjectTypeDefinitionNode,
        ast.InterfaceTypeDefinitionNode,
        ast.UnionTypeDefinitionNode,
        ast.EnumTypeDefinitionNode,
        ast.InputObjectTypeDefinitionNode,
        ast.ScalarTypeDefinitionNode,
    )
}
