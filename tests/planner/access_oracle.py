"""What a caller with few rights must get, worked out naively: one server that has all data, and refuses field by field.

Also the spy: which coordinates of the schema the documents on the wire ask for.
"""

from collections.abc import Collection, Iterator, Mapping
from random import Random
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    execute_sync,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_object_type,
    parse,
    print_ast,
    visit,
)

from router.graph.selection_syntax import InlineFragments
from router.graph.supergraph import AccessRules, Requirement
from tests.planner.stubs import Monolith
from tests.planner.world import Thing

DEMANDS = (
    Requirement("authenticated"),
    Requirement("scopes", (("a", "b"), ("c",))),
    Requirement("scopes", (("d",),)),
    Requirement("policies", (("p",),)),
)


def random_rules(random: Random, schema: GraphQLSchema, spared: Collection[str]) -> AccessRules:
    """Demands on types and fields; fields that only the planner may need are spared, so that the spy is not misled."""

    def some() -> tuple[Requirement, ...]:
        return tuple(random.sample(DEMANDS, random.choice((1, 1, 1, 2))))

    types: dict[str, tuple[Requirement, ...]] = {}
    fields: dict[tuple[str, str], tuple[Requirement, ...]] = {}
    roots = {t.name for t in (schema.query_type, schema.mutation_type) if t is not None}
    share = random.choice((0.05, 0.15, 0.3))
    for name, type_ in sorted(schema.type_map.items()):
        if name.startswith("__") or name in ("Int", "Float", "String", "Boolean", "ID"):
            continue
        is_output = is_composite_type(type_) or not hasattr(type_, "fields")
        if is_output and name not in roots and random.random() < share / 2:
            types[name] = some()
        # What only an implementation demands is the hard case: nothing says so where the interface is asked.
        inherited = {field for interface in getattr(type_, "interfaces", ()) for field in interface.fields}
        for field in getattr(type_, "fields", {}) if is_composite_type(type_) else ():
            if field not in spared and random.random() < (share + 0.3 if field in inherited else share):
                fields[name, field] = some()
    return AccessRules(types, fields)


class Refusing(Monolith):
    """The single server, which refuses what the caller lacks a right to."""

    def refused(
        self,
        query: str,
        variables: Mapping[str, Any],
        rules: AccessRules,
        granted: Collection[Requirement],
    ) -> tuple[dict[str, Any] | None, list[str]]:
        """Returns its data and the messages of its errors: `denied` for what it refused."""
        document = parse(query)
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
        # Written out, so that each occurrence is a node of its own.
        document = parse(print_ast(visit(operation, InlineFragments(fragments))))
        operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
        root = self.schema.get_root_type(operation.operation)
        assert root is not None
        judge = _Judge(self.schema, rules, granted)
        judge.look(operation.selection_set, root.name, is_denied=False)

        def refuse(resolve: Any, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
            if all(id(node) in judge.denied for node in info.field_nodes):
                raise GraphQLError("denied")
            return resolve(source, info, **arguments)

        result = execute_sync(
            self.schema,
            document,
            root_value=Thing(root.name, "0"),
            variable_values=dict(variables),
            field_resolver=self._resolve,
            type_resolver=lambda thing, *_: thing.type,
            middleware=[refuse],
        )
        return result.data, [e.message for e in result.errors or ()]


class _Judge:
    def __init__(self, schema: GraphQLSchema, rules: AccessRules, granted: Collection[Requirement]) -> None:
        self.schema = schema
        self.rules = rules
        self.granted = granted
        self.denied: set[int] = set()

    def look(self, selection_set: SelectionSetNode, parent: str, *, is_denied: bool) -> None:
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                denied = is_denied or self.field(node, parent)
                if denied and node.name.value not in ("__schema", "__type"):
                    self.denied.add(id(node))
                if node.selection_set is not None and not node.name.value.startswith("__"):
                    self.look(node.selection_set, self.type_of(parent, node.name.value), is_denied=denied)
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None:
                    self.look(node.selection_set, parent, is_denied=is_denied)
                else:
                    on = node.type_condition.name.value
                    lacks = self.lacks(self.rules.types.get(on, ())) or self.shows_too_much(on, node.selection_set)
                    self.look(node.selection_set, on, is_denied=is_denied or lacks)

    def field(self, node: FieldNode, parent: str) -> bool:
        name = node.name.value
        if name.startswith("__"):
            return False
        for owner in (parent, *self.objects(parent)):
            if self.lacks(self.rules.fields.get((owner, name), ())):
                return True
            if self.lacks(self.rules.types.get(self.type_of(owner, name), ())):
                return True
        return node.selection_set is not None and self.shows_too_much(self.type_of(parent, name), node.selection_set)

    def shows_too_much(self, type_: str, selection_set: SelectionSetNode) -> bool:
        """Whether it asks something of all objects of a type, some of which may not be seen."""
        return any(self.lacks(self.rules.types.get(t, ())) for t in self.objects(type_)) and any(plain(selection_set))

    def objects(self, name: str) -> list[str]:
        type_: Any = self.schema.type_map[name]
        return [t.name for t in self.schema.get_possible_types(type_)] if is_abstract_type(type_) else []

    def type_of(self, parent: str, name: str) -> str:
        return get_named_type(self.schema.type_map[parent].fields[name].type).name  # type: ignore[attr-defined]

    def lacks(self, demands: Collection[Requirement]) -> bool:
        return any(demand not in self.granted for demand in demands)


def plain(selection_set: SelectionSetNode) -> Iterator[FieldNode]:
    """The fields that are selected whatever the object is."""
    for node in selection_set.selections:
        if isinstance(node, FieldNode) and node.name.value != "__typename":
            yield node
        elif isinstance(node, InlineFragmentNode) and node.type_condition is None:
            yield from plain(node.selection_set)


def asked_for(schema: GraphQLSchema, document: str) -> set[tuple[str, str]]:
    """Type and name of each field in a document on the wire; of a field of an abstract type for each object, too."""
    info = TypeInfo(schema)
    found: set[tuple[str, str]] = set()

    class Fields(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            parent = info.get_parent_type()
            if parent is not None and not node.name.value.startswith("_"):
                objects = schema.get_possible_types(parent) if is_abstract_type(parent) else ()
                found.update((type_.name, node.name.value) for type_ in (parent, *objects))

    node: Node = parse(document)
    visit(node, TypeInfoVisitor(info, Fields()))
    return found


def forbidden(
    schema: GraphQLSchema, rules: AccessRules, granted: Collection[Requirement], spared: Collection[str]
) -> set[tuple[str, str]]:
    """Fields of object types that a caller may not have, and that nobody but the caller can want."""
    judge = _Judge(schema, rules, granted)
    return {
        (name, field)
        for name, type_ in schema.type_map.items()
        if is_object_type(type_) and not name.startswith("__")
        for field in type_.fields
        if field not in spared
        and (
            judge.lacks(rules.types.get(name, ()))
            or judge.lacks(rules.fields.get((name, field), ()))
            or judge.lacks(rules.types.get(judge.type_of(name, field), ()))
        )
    }
