"""Selections in normal form, shared by client operations and by the field sets of `@key`, `@requires`, `@provides`.

Fragments are gone: a selection says for each object type which fields are asked. Equal selections are one object
(hash-consed), so that identity is equality and work can be remembered per selection.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    print_ast,
    visit,
)

from router.errors import InvalidSupergraph, OperationError
from router.graph.selection_syntax import Conditions, InlineFragments, arguments_of, both, conditions_of, variables_in
from router.graph.supergraph import Supergraph, SupergraphType, TypeRef

__all__ = ["Conditions", "Selection", "SelectionBuilder", "SelectionField"]

TYPENAME = "__typename"
_TYPENAME_TYPE = TypeRef("String", 0, "String!")
_INTROSPECTION_TYPES = {"__schema": TypeRef("__Schema", 0, "__Schema!"), "__type": TypeRef("__Type", 0, "__Type")}


@dataclass(frozen=True, slots=True, eq=False)
class SelectionField:
    """One field of a selection.

    Attributes:
        id: unique in the process, ascending in the order of creation.
        response_key: empty for a field that no client asked for, but something below it needs.
        arguments: as printed in a document, parentheses included; empty if there are none.
        variables: names of the variables in `arguments`.
        conditions: relative to the enclosing selection.
        introspection: for `__schema` and `__type`: the printed field, fragments inlined.
    """

    id: int
    response_key: str
    name: str
    arguments: str
    variables: frozenset[str]
    conditions: Conditions
    type: TypeRef
    selection: "Selection | None"
    introspection: str | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """What is asked, whatever the declared type: an object type may declare an interface's field more narrowly."""
        return self.response_key, self.name, self.arguments, self.conditions, self.selection


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What is selected of an object of static type `type`.

    Attributes:
        own: what is selected whatever the runtime type is (for an object type: all of it).
        by_type: what is selected of each possible object type, `own` included, in the order of the result.
    """

    id: int
    type: str
    own: tuple[SelectionField, ...]
    by_type: Mapping[str, tuple[SelectionField, ...]]

    def fields_of(self, type_name: str) -> tuple[SelectionField, ...]:
        """Fields for a runtime type, or for the static type itself."""
        return self.by_type.get(type_name, () if type_name != self.type else self.own)


_ids = itertools.count()

Sources = tuple[tuple[SelectionSetNode, Conditions], ...]


class SelectionBuilder:
    """Normalises selection sets against one supergraph. Selections of one builder can be compared by identity.

    Args:
        hidden_types: names of object types that are no possible types, because clients cannot see them. Field sets see
            all.
    """

    def __init__(
        self,
        supergraph: Supergraph,
        fragments: Mapping[str, FragmentDefinitionNode] | None = None,
        *,
        hidden_types: frozenset[str] = frozenset(),
        max_fields: int = 100_000,
    ) -> None:
        self._types = supergraph.types
        self._supergraph = supergraph
        self._hidden_types = hidden_types
        self._fragments = fragments or {}
        self._fields: dict[tuple[object, ...], SelectionField] = {}
        self._selections: dict[tuple[object, ...], Selection] = {}
        self._seen: dict[tuple[str, tuple[tuple[int, Conditions], ...]], Selection] = {}
        self._left = max_fields
        # Identities of AST nodes are keys in _seen, so the nodes must live as long as this builder.
        self._kept: list[DocumentNode] = []

    def build(self, type_name: str, selection_set: SelectionSetNode) -> Selection:
        """The normal form of a selection set on an object, interface or union type."""
        return self._selection(type_name, ((selection_set, ()),))

    def build_field_set(self, type_name: str, text: str) -> Selection:
        """The normal form of a field set such as `id items { sku }`.

        Raises:
            InvalidSupergraph: it is not a selection of that type.
        """
        try:
            document = parse("{" + text + "}", no_location=True)
            operation = document.definitions[0]
            assert isinstance(operation, OperationDefinitionNode)
            self._kept.append(document)
            return self.build(type_name, operation.selection_set)
        except (KeyError, GraphQLError, OperationError) as error:
            raise InvalidSupergraph(f"The field set {text!r} is no selection of type {type_name}: {error}") from error

    def merged(self, first: Selection | None, second: Selection | None) -> Selection | None:
        """Both selections in one; either may be None."""
        if first is None or second is None or first is second:
            return first or second
        names = sorted({*first.by_type, *second.by_type})
        by_type = {
            name: self._merged_fields(first.by_type.get(name, ()), second.by_type.get(name, ())) for name in names
        }
        return self._intern_selection(first.type, self._merged_fields(first.own, second.own), by_type)

    def typename(self, response_key: str = TYPENAME, conditions: Conditions = ()) -> SelectionField:
        """The meta field `__typename`."""
        return self._intern_field(response_key, TYPENAME, "", frozenset(), conditions, _TYPENAME_TYPE, None)

    def nothing(self, type_name: str) -> Selection:
        """The empty selection of an object type."""
        return self._intern_selection(type_name, (), {type_name: ()})

    def hidden(self, field: SelectionField) -> SelectionField:
        """The same field, asked by no client."""
        return self._intern_field("", field.name, field.arguments, field.variables, (), field.type, field.selection)

    def below(self, field: SelectionField, selection: Selection) -> SelectionField:
        """The same field with another selection below it."""
        return self._intern_field(
            field.response_key, field.name, field.arguments, field.variables, field.conditions, field.type, selection
        )

    def selection(
        self,
        type_name: str,
        own: tuple[SelectionField, ...],
        by_type: dict[str, tuple[SelectionField, ...]],
    ) -> Selection:
        """A selection of these fields."""
        return self._intern_selection(type_name, own, by_type)

    # -- one position ------------------------------------------------------------------------------------------------

    def _selection(self, type_name: str, sources: Sources) -> Selection:
        key = (type_name, tuple((id(node), conditions) for node, conditions in sources))
        known = self._seen.get(key)
        if known is None:
            type_ = self._types[type_name]
            possible = [m for m in self._supergraph.possible[type_name] if m not in self._hidden_types]
            own = self._collect(type_, sources)
            if type_.is_abstract:
                by_type = {name: self._collect(self._types[name], sources) for name in possible}
            else:
                by_type = {type_name: own}
            known = self._seen[key] = self._intern_selection(type_name, own, by_type)
        return known

    def _collect(self, type_: SupergraphType, sources: Sources) -> tuple[SelectionField, ...]:
        groups: dict[str, dict[Conditions, list[FieldNode]]] = {}
        applicable = self._supergraph.conditions_met[type_.name]
        visited: set[tuple[str, Conditions]] = set()
        for selection_set, conditions in sources:
            self._collect_into(groups, visited, applicable, selection_set, conditions)
        fields: list[SelectionField] = []
        for response_key, by_conditions in groups.items():
            fields.extend(self._fields_of_group(type_, response_key, by_conditions))
        return tuple(fields)

    def _collect_into(
        self,
        groups: dict[str, dict[Conditions, list[FieldNode]]],
        visited: set[tuple[str, Conditions]],
        applicable: frozenset[str],
        selection_set: SelectionSetNode,
        conditions: Conditions,
    ) -> None:
        for node in selection_set.selections:
            combined = both(conditions, conditions_of(node.directives or ()))
            if combined is None:
                continue
            if isinstance(node, FieldNode):
                self._add(groups, node, combined)
            elif isinstance(node, FragmentSpreadNode | InlineFragmentNode):
                body = self._fragment_body(node, applicable, combined, visited)
                if body is not None:
                    self._collect_into(groups, visited, applicable, body, combined)

    def _add(
        self, groups: dict[str, dict[Conditions, list[FieldNode]]], node: FieldNode, conditions: Conditions
    ) -> None:
        key = node.alias.value if node.alias else node.name.value
        groups.setdefault(key, {}).setdefault(conditions, []).append(node)
        self._left -= 1
        if self._left < 0:
            raise OperationError(
                "The operation is too large to be planned: its fragments expand to too many fields.",
                code="QUERY_PLANNING_BUDGET_EXCEEDED",
            )

    def _fragment_body(
        self,
        node: FragmentSpreadNode | InlineFragmentNode,
        applicable: frozenset[str],
        conditions: Conditions,
        visited: set[tuple[str, Conditions]],
    ) -> SelectionSetNode | None:
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if (name, conditions) in visited:
                return None
            visited.add((name, conditions))
            definition = self._fragments[name]
            condition: str | None = definition.type_condition.name.value
            body = definition.selection_set
        else:
            condition = node.type_condition.name.value if node.type_condition else None
            body = node.selection_set
        return body if condition is None or condition in applicable else None

    def _fields_of_group(
        self, type_: SupergraphType, response_key: str, by_conditions: dict[Conditions, list[FieldNode]]
    ) -> Iterable[SelectionField]:
        unconditional = by_conditions.get(())
        if unconditional is not None and len(by_conditions) > 1:
            # `a {b} a @include(if: $x) {c}` is `a {b c @include(if: $x)}`.
            nodes = [(node, conditions) for conditions, group in by_conditions.items() for node in group]
            yield self._field(type_, response_key, nodes, ())
            return
        for conditions, group in by_conditions.items():
            yield self._field(type_, response_key, [(node, ()) for node in group], conditions)

    def _field(
        self,
        type_: SupergraphType,
        response_key: str,
        nodes: list[tuple[FieldNode, Conditions]],
        conditions: Conditions,
    ) -> SelectionField:
        node = nodes[0][0]
        name = node.name.value
        if name == TYPENAME:
            return self.typename(response_key, conditions)
        if name in _INTROSPECTION_TYPES:
            return self._introspection(response_key, node, conditions)
        field = type_.fields.get(name)
        if field is None:
            raise OperationError(f'Cannot query field "{name}" on type "{type_.name}".')
        selection = None
        if self._types.get(field.type.name, _LEAF).is_composite:
            sources = tuple((n.selection_set, inner) for n, inner in nodes if n.selection_set is not None)
            selection = self._selection(field.type.name, sources)
        arguments, variables = arguments_of(node)
        return self._intern_field(response_key, name, arguments, variables, conditions, field.type, selection)

    def _introspection(self, response_key: str, node: FieldNode, conditions: Conditions) -> SelectionField:
        inlined = visit(node, InlineFragments(self._fragments))
        text, variables = print_ast(inlined), variables_in(inlined)
        name = node.name.value
        return self._intern_field(response_key, name, "", variables, conditions, _INTROSPECTION_TYPES[name], None, text)

    # -- interning ---------------------------------------------------------------------------------------------------

    def _intern_field(
        self,
        response_key: str,
        name: str,
        arguments: str,
        variables: frozenset[str],
        conditions: Conditions,
        type_: TypeRef,
        selection: Selection | None,
        introspection: str | None = None,
    ) -> SelectionField:
        key = (
            response_key,
            name,
            arguments,
            conditions,
            type_.text,
            selection.id if selection else None,
            introspection,
        )
        known = self._fields.get(key)
        if known is None:
            known = self._fields[key] = SelectionField(
                next(_ids), response_key, name, arguments, variables, conditions, type_, selection, introspection
            )
        return known

    def _intern_selection(
        self, type_name: str, own: tuple[SelectionField, ...], by_type: dict[str, tuple[SelectionField, ...]]
    ) -> Selection:
        key = (type_name, tuple(f.id for f in own), tuple((n, tuple(f.id for f in fs)) for n, fs in by_type.items()))
        known = self._selections.get(key)
        if known is None:
            known = self._selections[key] = Selection(next(_ids), type_name, own, by_type)
        return known

    def _merged_fields(
        self, first: tuple[SelectionField, ...], second: tuple[SelectionField, ...]
    ) -> tuple[SelectionField, ...]:
        merged = {(f.response_key, f.arguments, f.conditions): f for f in first}
        for f in second:
            before = merged.get((f.response_key, f.arguments, f.conditions))
            if before is None:
                merged[f.response_key, f.arguments, f.conditions] = f
            elif before is not f:
                merged[f.response_key, f.arguments, f.conditions] = self._intern_field(
                    f.response_key,
                    f.name,
                    f.arguments,
                    f.variables,
                    f.conditions,
                    f.type,
                    self.merged(before.selection, f.selection),
                )
        return tuple(merged.values())


_LEAF = SupergraphType("", "SCALAR", {})


def root_type(supergraph: Supergraph, operation_type: OperationType) -> str:
    """Name of the root type; raises OperationError if the supergraph has none of that kind."""
    name = supergraph.roots.get(operation_type.value)
    if name is None:
        raise OperationError(f"The schema has no {operation_type.value} operations.")
    return name
