"""What a supergraph's SDL means, as plain data: two supergraphs that mean the same are equal here, however printed."""

import json
from typing import Any

from graphql import parse, print_ast
from graphql.language import (
    DirectiveDefinitionNode,
    EnumTypeDefinitionNode,
    EnumValueNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ListValueNode,
    ObjectTypeDefinitionNode,
    SchemaDefinitionNode,
    StringValueNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
    ValueNode,
)

from router.graph.federation_spec import APOLLO_SPECS, JOIN, LINK, Features, read_features
from router.graph.field_sets import FieldSet, FragmentSelection, parse_field_set

Model = dict[str, Any]


def join_model(sdl: str) -> Model:
    """Coordinates to what the supergraph says about them; sets where order means nothing."""
    document = parse(sdl, no_location=True)
    features = read_features(document)
    graphs: dict[str, str] = {}
    for definition in document.definitions:
        if isinstance(definition, EnumTypeDefinitionNode) and definition.name.value == "join__Graph":
            for value in definition.values or ():
                arguments = _arguments((value.directives or ())[0])
                graphs[value.name.value] = arguments["name"]
    model: Model = {"graphs": frozenset(graphs.values()), "links": _links(features)}
    for definition in document.definitions:
        if isinstance(definition, SchemaDefinitionNode):
            model["schema"] = {
                "description": _description(definition),
                "roots": {o.operation.value: o.type.name.value for o in definition.operation_types},
                "directives": frozenset(d for d in _plain_directives(definition) if not d.startswith("@link(")),
                "carried": _carried(definition, graphs),
            }
        elif isinstance(definition, DirectiveDefinitionNode):
            if not definition.name.value.startswith(("join__", "link")):
                model[f"@{definition.name.value}"] = {
                    "description": _description(definition),
                    "locations": frozenset(x.value for x in definition.locations),
                    "repeatable": definition.repeatable,
                    "arguments": {a.name.value: _input(a) for a in definition.arguments or ()},
                }
        elif isinstance(definition, TypeDefinitionNode):
            owner = features.owner_of_type(definition.name.value)
            if owner is None or not owner.url.identity.startswith(APOLLO_SPECS):
                _add_type(model, definition, graphs)
    return model


def _links(features: Features) -> frozenset[tuple[Any, ...]]:
    """What the supergraph links to, beside the specifications that it is written in."""
    return frozenset(
        (str(f.url), f.namespace, frozenset(f.imports.items()), f.purpose)
        for f in features
        if f.url.identity not in {LINK, JOIN}
    )


def differences(ours: Model, theirs: Model) -> list[str]:
    """Human-readable lines, empty if the models are equal."""
    lines = []
    for key in sorted(ours.keys() | theirs.keys()):
        if key not in ours:
            lines.append(f"missing: {key}: {theirs[key]}")
        elif key not in theirs:
            lines.append(f"extra: {key}: {ours[key]}")
        elif ours[key] != theirs[key]:
            lines.append(f"differs: {key}\n    ours:   {ours[key]}\n    theirs: {theirs[key]}")
    return lines


def _add_type(model: Model, node: TypeDefinitionNode, graphs: dict[str, str]) -> None:
    name = node.name.value
    joins = [_arguments(d) for d in node.directives or () if d.name.value == "join__type"]
    owners = {graphs[j["graph"]] for j in joins}
    model[name] = {
        "kind": type(node).__name__.removesuffix("TypeDefinitionNode"),
        "joins": frozenset(
            (
                graphs[j["graph"]],
                _normal(j.get("key")),
                j.get("resolvable", "true") != "false",
                j.get("isInterfaceObject", "false"),
                j.get("extension", "false"),
            )
            for j in joins
        ),
        "implements": _edges(node, "join__implements", "interface", graphs),
        "members": _edges(node, "join__unionMember", "member", graphs),
        "directives": _plain_directives(node),
        "carried": _carried(node, graphs),
        "description": _description(node),
    }
    if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
        for field in node.fields or ():
            model[f"{name}.{field.name.value}"] = {
                "type": print_ast(field.type),
                "arguments": {a.name.value: _input(a) for a in field.arguments or ()},
                "joins": _field_joins(field, owners, graphs),
                "directives": _plain_directives(field),
                "carried": _carried(field, graphs),
                "description": _description(field),
            }
    elif isinstance(node, InputObjectTypeDefinitionNode):
        for given in node.fields or ():
            model[f"{name}.{given.name.value}"] = {**_input(given), "joins": _field_joins(given, owners, graphs)}
    elif isinstance(node, EnumTypeDefinitionNode):
        for value in node.values or ():
            having = [_arguments(d) for d in value.directives or () if d.name.value == "join__enumValue"]
            model[f"{name}.{value.name.value}"] = {
                "graphs": frozenset(graphs[j["graph"]] for j in having),
                "directives": _plain_directives(value),
                "description": _description(value),
            }
    elif isinstance(node, UnionTypeDefinitionNode):
        model[name]["types"] = frozenset(t.name.value for t in node.types or ())


def _field_joins(node: Any, owners: set[str], graphs: dict[str, str]) -> frozenset[Any]:
    joins = [_arguments(d) for d in node.directives or () if d.name.value == "join__field"]
    if not joins:
        return frozenset((owner, *_NO_DETAILS) for owner in owners)
    return frozenset(
        (
            graphs[j["graph"]] if "graph" in j else None,
            _normal(j.get("requires")),
            _normal(j.get("provides")),
            j.get("type"),
            j.get("external", "false"),
            j.get("override"),
            j.get("usedOverridden", "false"),
            j.get("overrideLabel"),
            _context_arguments(j.get("contextArguments")),
        )
        for j in joins
    )


_NO_DETAILS = (None, None, None, "false", None, "false", None, None)


def _context_arguments(text: str | None) -> str | None:
    return None if text is None else "".join(sorted(text.replace("\n", "").replace(" ", "")))


def _edges(node: Any, directive: str, target: str, graphs: dict[str, str]) -> frozenset[tuple[str, str]]:
    found = [_arguments(d) for d in node.directives or () if d.name.value == directive]
    return frozenset((graphs[j["graph"]], j[target]) for j in found)


def _plain_directives(node: Any) -> frozenset[str]:
    return frozenset(
        f"@{d.name.value}({', '.join(f'{k}: {v}' for k, v in sorted(_arguments(d).items()))})"
        for d in node.directives or ()
        if not d.name.value.startswith("join__")
    )


def _alternatives(value: ListValueNode) -> str:
    """Scopes and policies: any of some groups, all of each; order means nothing."""
    groups = (v.values if isinstance(v, ListValueNode) else (v,) for v in value.values)
    return json.dumps(sorted(sorted(_value(name) for name in group) for group in groups))


def _input(node: Any) -> Model:
    return {
        "type": print_ast(node.type),
        "default": print_ast(node.default_value) if node.default_value else None,
        "directives": _plain_directives(node),
        "description": _description(node),
    }


def _carried(node: Any, graphs: dict[str, str]) -> frozenset[tuple[str, str, str]]:
    """Directives of subgraphs that the supergraph only records: (subgraph, directive, its arguments)."""
    found = set()
    for directive in node.directives or ():
        if directive.name.value == "join__directive":
            values = {a.name.value: a.value for a in directive.arguments or ()}
            listed = values["graphs"]
            assert isinstance(listed, ListValueNode)
            arguments = _value(values["args"]) if "args" in values else "{}"
            found.update((graphs[_value(g)], _value(values["name"]), arguments) for g in listed.values)
    return frozenset(found)


def _description(node: Any) -> str | None:
    return node.description.value if node.description and node.description.value else None


def _arguments(node: Any) -> dict[str, str]:
    return {
        a.name.value: _alternatives(a.value)
        if a.name.value in {"scopes", "policies"} and isinstance(a.value, ListValueNode)
        else _value(a.value)
        for a in node.arguments or ()
    }


def _value(node: ValueNode) -> str:
    return node.value if isinstance(node, StringValueNode | EnumValueNode) else print_ast(node)


def _normal(text: str | None) -> Any:
    """A field set as nested frozen sets: order means nothing."""
    return None if text is None else _set(parse_field_set(text))


def _set(fields: FieldSet) -> frozenset[Any]:
    return frozenset(
        ("...", s.type_condition, _set(s.selections))
        if isinstance(s, FragmentSelection)
        else (s.name, s.arguments, _set(s.selections) if s.selections is not None else None)
        for s in fields
    )
