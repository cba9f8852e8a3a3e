"""What an operation uses of a schema, as a set of texts that changes refer to:

- `User`: the type is selected in, returned, a type condition, or the type of a variable (or inside of one);
- `User.email`: the field is selected; `LeadInput.name`, `Role.OWNER`: the input field or value is written down, or may
  come in a variable; `Query.users(first:)`: the argument is given;
- `Media>Book`: a fragment selects on the abstract type `Media` only what is a `Book` (or the other way round);
- `@include`, `@include(if:)`, `@include on FIELD`: the directive stands there.
"""

from collections.abc import Iterator
from typing import Any

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    type_from_ast,
    visit,
)

__all__ = ["uses_of"]

_LOCATIONS: dict[type[Node], str] = {
    FieldNode: "FIELD",
    FragmentDefinitionNode: "FRAGMENT_DEFINITION",
    FragmentSpreadNode: "FRAGMENT_SPREAD",
    InlineFragmentNode: "INLINE_FRAGMENT",
    VariableDefinitionNode: "VARIABLE_DEFINITION",
}


def uses_of(document: DocumentNode, schema: GraphQLSchema) -> frozenset[str]:
    """The uses of a document that is valid for the schema."""
    type_info = TypeInfo(schema)
    collector = _Collector(document, schema, type_info)
    visit(document, TypeInfoVisitor(type_info, collector))
    return frozenset(collector.uses)


class _Collector(Visitor):
    def __init__(self, document: DocumentNode, schema: GraphQLSchema, type_info: TypeInfo) -> None:
        super().__init__()
        self.uses: set[str] = set()
        self._schema = schema
        self._info = type_info
        self._conditions = {
            node.name.value: node.type_condition.name.value
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }

    def enter_operation_definition(self, *_: Any) -> None:
        self._type(self._info.get_type())

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> None:
        self.uses.add(node.type_condition.name.value)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._info.get_parent_type()
        if parent is not None:
            self.uses |= {parent.name, f"{parent.name}.{node.name.value}"}
        self._type(self._info.get_type())

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> None:
        if node.type_condition is not None:
            self._spread(node.type_condition.name.value)

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        self._spread(self._conditions[node.name.value])

    def _spread(self, condition: str) -> None:
        """A fragment inside the current parent type; notes the one object type that makes it possible."""
        self.uses.add(condition)
        outer, inner = self._info.get_parent_type(), self._schema.get_type(condition)
        if not (is_composite_type(inner) and is_composite_type(outer)):
            return
        overlap = self._possible(outer) & self._possible(inner)
        if len(overlap) == 1:
            name = next(iter(overlap))
            self.uses |= {f"{t.name}>{name}" for t in (outer, inner) if is_abstract_type(t)}

    def _possible(self, type_: Any) -> set[str]:
        if is_abstract_type(type_):
            return {t.name for t in self._schema.get_possible_types(type_)}
        return {type_.name}

    def enter_directive(self, node: DirectiveNode, _key: Any, _parent: Any, _path: Any, ancestors: list[Any]) -> None:
        name = f"@{node.name.value}"
        holder = next(a for a in reversed(ancestors) if isinstance(a, Node))
        place = (
            holder.operation.value.upper()
            if isinstance(holder, OperationDefinitionNode)
            else _LOCATIONS.get(type(holder), "")
        )
        self.uses |= {name, f"{name} on {place}"}

    def enter_argument(self, node: ArgumentNode, _key: Any, _parent: Any, _path: Any, ancestors: list[Any]) -> None:
        directive = self._info.get_directive()
        holder = next(a for a in reversed(ancestors) if isinstance(a, Node))
        if isinstance(holder, DirectiveNode):
            if directive is not None:
                self.uses.add(f"@{directive.name}({node.name.value}:)")
        elif (parent := self._info.get_parent_type()) is not None and isinstance(holder, FieldNode):
            self.uses.add(f"{parent.name}.{holder.name.value}({node.name.value}:)")
        self._type(self._info.get_input_type())

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        owner = get_named_type(self._info.get_parent_input_type())
        if owner is not None:
            self.uses.add(f"{owner.name}.{node.name.value}")
        self._type(self._info.get_input_type())

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
        enum = get_named_type(self._info.get_input_type())
        if enum is not None:
            self.uses.add(f"{enum.name}.{node.value}")

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        type_ = get_named_type(type_from_ast(self._schema, node.type))
        if type_ is not None:
            self.uses.update(_uses_of_any_value(type_))

    def _type(self, type_: Any) -> None:
        named = get_named_type(type_)
        if named is not None:
            self.uses.add(named.name)


def _uses_of_any_value(type_: GraphQLNamedType) -> Iterator[str]:
    """What values of an input type may use: we do not see them, so everything."""
    seen: set[str] = set()
    waiting = [type_]
    while waiting:
        current = waiting.pop()
        if current.name in seen:
            continue
        seen.add(current.name)
        yield current.name
        if isinstance(current, GraphQLEnumType):
            yield from (f"{current.name}.{value}" for value in current.values)
        elif isinstance(current, GraphQLInputObjectType):
            for name, field in current.fields.items():
                yield f"{current.name}.{name}"
                waiting.append(get_named_type(field.type))
