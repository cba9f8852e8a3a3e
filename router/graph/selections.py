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
from router.graph.selection_syntax import (
    Conditions,
    InlineFragments,
    Stream,
    arguments_of,
    both,
    conditions_of,
    defer_of,
    stream_of,
    variables_in,
)
from router.graph.supergraph import Supergraph, SupergraphType, TypeRef

__all__ = ["Conditions", "Defer", "Selection", "SelectionBuilder", "SelectionField", "Stream"]

TYPENAME = "__typename"
_TYPENAME_TYPE = TypeRef("String", 0, "String!")
_INTROSPECTION_TYPES = {"__schema": TypeRef("__Schema", 0, "__Schema!"), "__type": TypeRef("__Type", 0, "__Type")}


@dataclass(frozen=True, slots=True, eq=False)
class Defer:
    """A fragment with `@defer`, at one position.

    Attributes:
        id: unique in the operation, ascending.
        label: the client's name for it.
        parent: the deferred fragment inside which it is spread; its data are delivered first.
    """

    id: int
    label: str | None
    parent: "Defer | None"


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
        defer: the fragment with which it is delivered; None if together with the object that it is a field of.
        stream: for a list that may be delivered in parts.
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
    defer: Defer | None = None
    stream: Stream | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """What is asked, whatever the declared type: an object type may declare an interface's field more narrowly."""
        return self.response_key, self.name, self.arguments, self.conditions, self.selection, self.defer


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What is selected of an object of static type `type`.

    Attributes:
        own: what is selected whatever the runtime type is (for an object type: all of it).
        by_type: what is selected of each possible object type, `own` included, in the order of the result.
        defers: the deferred fragments that are spread right here.
    """

    id: int
    type: str
    own: tuple[SelectionField, ...]
    by_type: Mapping[str, tuple[SelectionField, ...]]
    defers: tuple[Defer, ...] = ()

    def fields_of(self, type_name: str) -> tuple[SelectionField, ...]:
        """Fields for a runtime type, or for the static type itself."""
        return self.by_type.get(type_name, () if type_name != self.type else self.own)


_ids = itertools.count()

Sources = tuple[tuple[SelectionSetNode, Conditions, Defer | None], ...]
"""Selection sets that together select from one object, each with the deferred fragment that it belongs to."""

_Key = tuple[Conditions, Defer | None]
_Occurrences = dict[_Key, list[FieldNode]]
"""Where one response key is selected: under which conditions, and in which deferred fragment."""


class _Place:
    """One position, while what is selected there is put together.

    Attributes:
        defer: the deferred fragment with which its objects are delivered.
        spread: the deferred fragments that are spread here.
        known: selections below; those of different positions are kept apart where fragments are deferred.
    """

    __slots__ = ("defer", "known", "spread")

    def __init__(self, defer: Defer | None, known: "dict[tuple[object, ...], Selection]") -> None:
        self.defer = defer
        self.spread: dict[tuple[int, Defer | None], Defer] = {}
        self.known = known


class SelectionBuilder:
    """Normalises selection sets against one supergraph. Selections of one builder can be compared by identity.

    Args:
        hidden_types: names of object types that are no possible types, because clients cannot see them. Field sets see
            all.
        incremental: whether `@defer` and `@stream` are heeded; else they are ignored.
    """

    def __init__(
        self,
        supergraph: Supergraph,
        fragments: Mapping[str, FragmentDefinitionNode] | None = None,
        *,
        hidden_types: frozenset[str] = frozenset(),
        max_fields: int = 100_000,
        incremental: bool = False,
    ) -> None:
        self._types = supergraph.types
        self._supergraph = supergraph
        self._hidden_types = hidden_types
        self._fragments = fragments or {}
        self._fields: dict[tuple[object, ...], SelectionField] = {}
        self._selections: dict[tuple[object, ...], Selection] = {}
        self._incremental = incremental
        self.switches: set[str] = set()
        """Variables that switch `@defer` on or off."""
        self._defers = itertools.count()
        self._place = _Place(None, {})
        self._left = max_fields
        # Identities of AST nodes are keys of what is known, so the nodes must live as long as this builder.
        self._kept: list[DocumentNode] = []

    def build(self, type_name: str, selection_set: SelectionSetNode) -> Selection:
        """The normal form of a selection set on an object, interface or union type."""
        return self._selection(type_name, ((selection_set, (), None),), None, self._place)

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
            field.response_key,
            field.name,
            field.arguments,
            field.variables,
            field.conditions,
            field.type,
            selection,
            field.defer,
            field.stream,
        )

    def selection(
        self,
        type_name: str,
        own: tuple[SelectionField, ...],
        by_type: dict[str, tuple[SelectionField, ...]],
        defers: tuple[Defer, ...] = (),
    ) -> Selection:
        """A selection of these fields."""
        return self._intern_selection(type_name, own, by_type, defers)

    # -- one position ------------------------------------------------------------------------------------------------

    def _selection(self, type_name: str, sources: Sources, defer: Defer | None, above: _Place) -> Selection:
        """What is selected of the objects of a field that is delivered with `defer`."""
        key = (type_name, defer, *((id(node), conditions, spread_in) for node, conditions, spread_in in sources))
        known = above.known.get(key)
        if known is None:
            type_ = self._types[type_name]
            possible = [m for m in self._supergraph.possible[type_name] if m not in self._hidden_types]
            place = _Place(defer, {}) if self._incremental else self._place
            own = self._collect(type_, sources, place)
            if type_.is_abstract:
                by_type = {name: self._collect(self._types[name], sources, place) for name in possible}
            else:
                by_type = {type_name: own}
            known = self._intern_selection(type_name, own, by_type, tuple(place.spread.values()))
            above.known[key] = known
        return known

    def _collect(self, type_: SupergraphType, sources: Sources, place: _Place) -> tuple[SelectionField, ...]:
        groups: dict[str, _Occurrences] = {}
        applicable = self._supergraph.conditions_met[type_.name]
        visited: set[tuple[str, Conditions, Defer | None]] = set()
        for selection_set, conditions, defer in sources:
            self._collect_into(groups, visited, applicable, selection_set, conditions, defer, place)
        fields: list[SelectionField] = []
        for response_key, occurrences in groups.items():
            fields.extend(self._fields_of_group(type_, response_key, occurrences, place))
        return tuple(fields)

    def _collect_into(
        self,
        groups: dict[str, _Occurrences],
        visited: set[tuple[str, Conditions, Defer | None]],
        applicable: frozenset[str],
        selection_set: SelectionSetNode,
        conditions: Conditions,
        defer: Defer | None,
        place: _Place,
    ) -> None:
        for node in selection_set.selections:
            combined = both(conditions, conditions_of(node.directives or ()))
            if combined is None:
                continue
            if isinstance(node, FieldNode):
                self._add(groups, node, combined, defer)
            elif isinstance(node, FragmentSpreadNode | InlineFragmentNode):
                for inner, spread_in in self._spread(node, combined, defer, place):
                    body = self._fragment_body(node, applicable, inner, spread_in, visited)
                    if body is not None:
                        self._collect_into(groups, visited, applicable, body, inner, spread_in, place)

    def _spread(
        self,
        node: FragmentSpreadNode | InlineFragmentNode,
        conditions: Conditions,
        defer: Defer | None,
        place: _Place,
    ) -> Iterable[_Key]:
        """Under which conditions the fragment's fields are selected, and in which deferred fragment.

        With a variable in `@defer(if:)` it is two: one where it is deferred, and one where it is not.
        """
        directive = defer_of(node.directives or ()) if self._incremental else None
        if directive is None:
            return ((conditions, defer),)
        own = place.spread.get((id(node), defer))
        if own is None:
            own = place.spread[id(node), defer] = Defer(next(self._defers), directive.label, defer)
        if directive.condition is None:
            return ((conditions, own),)
        self.switches.add(directive.condition)
        keys = (
            (both(conditions, ((directive.condition, False),)), defer),
            (both(conditions, ((directive.condition, True),)), own),
        )
        return tuple((combined, spread_in) for combined, spread_in in keys if combined is not None)

    def _add(
        self, groups: dict[str, _Occurrences], node: FieldNode, conditions: Conditions, defer: Defer | None
    ) -> None:
        key = node.alias.value if node.alias else node.name.value
        groups.setdefault(key, {}).setdefault((conditions, defer), []).append(node)
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
        defer: Defer | None,
        visited: set[tuple[str, Conditions, Defer | None]],
    ) -> SelectionSetNode | None:
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if (name, conditions, defer) in visited:
                return None
            visited.add((name, conditions, defer))
            definition = self._fragments[name]
            condition: str | None = definition.type_condition.name.value
            body = definition.selection_set
        else:
            condition = node.type_condition.name.value if node.type_condition else None
            body = node.selection_set
        return body if condition is None or condition in applicable else None

    def _fields_of_group(
        self, type_: SupergraphType, response_key: str, occurrences: _Occurrences, place: _Place
    ) -> Iterable[SelectionField]:
        if len(occurrences) == 1:
            for key, group in occurrences.items():
                yield self._field(type_, response_key, [(node, (), key[1]) for node in group], key, place)
            return
        kept = [key for key in occurrences if not any(_absorbs(other, key) for other in occurrences)]
        for one in kept:
            nodes: list[tuple[FieldNode, Conditions, Defer | None]] = []
            for key, group in occurrences.items():
                if key is one:
                    nodes += [(node, (), key[1]) for node in group]
                elif one is next((other for other in kept if _absorbs(other, key)), None):
                    # `a {b} a @include(if: $x) {c}` is `a {b c @include(if: $x)}`.
                    inner = tuple(term for term in key[0] if term not in one[0])
                    nodes += [(node, inner, key[1]) for node in group]
            yield self._field(type_, response_key, nodes, one, place)

    def _field(
        self,
        type_: SupergraphType,
        response_key: str,
        nodes: list[tuple[FieldNode, Conditions, Defer | None]],
        key: _Key,
        place: _Place,
    ) -> SelectionField:
        conditions, spread_in = key
        defer = None if spread_in is place.defer else spread_in
        node = nodes[0][0]
        name = node.name.value
        if name == TYPENAME:
            return self._intern_field(response_key, TYPENAME, "", frozenset(), conditions, _TYPENAME_TYPE, None, defer)
        if name in _INTROSPECTION_TYPES:
            return self._introspection(response_key, node, conditions, defer)
        field = type_.fields.get(name)
        if field is None:
            raise OperationError(f'Cannot query field "{name}" on type "{type_.name}".')
        selection = None
        if self._types.get(field.type.name, _LEAF).is_composite:
            sources = tuple((n.selection_set, inner, who) for n, inner, who in nodes if n.selection_set is not None)
            selection = self._selection(field.type.name, sources, spread_in, place)
        arguments, variables = arguments_of(node)
        stream = stream_of(node.directives or ()) if self._incremental else None
        return self._intern_field(
            response_key, name, arguments, variables, conditions, field.type, selection, defer, stream
        )

    def _introspection(
        self, response_key: str, node: FieldNode, conditions: Conditions, defer: Defer | None
    ) -> SelectionField:
        inlined = visit(node, InlineFragments(self._fragments))
        text, variables = print_ast(inlined), variables_in(inlined)
        name = node.name.value
        return self._intern_field(
            response_key, name, "", variables, conditions, _INTROSPECTION_TYPES[name], None, defer, None, text
        )

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
        defer: Defer | None = None,
        stream: Stream | None = None,
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
            defer,
            stream,
        )
        known = self._fields.get(key)
        if known is None:
            known = self._fields[key] = SelectionField(
                next(_ids),
                response_key,
                name,
                arguments,
                variables,
                conditions,
                type_,
                selection,
                introspection,
                defer,
                stream,
            )
        return known

    def _intern_selection(
        self,
        type_name: str,
        own: tuple[SelectionField, ...],
        by_type: dict[str, tuple[SelectionField, ...]],
        defers: tuple[Defer, ...] = (),
    ) -> Selection:
        fields = tuple((n, tuple(f.id for f in fs)) for n, fs in by_type.items())
        key = (type_name, tuple(f.id for f in own), fields, defers)
        known = self._selections.get(key)
        if known is None:
            known = self._selections[key] = Selection(next(_ids), type_name, own, by_type, defers)
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


def _absorbs(one: _Key, other: _Key) -> bool:
    """Whether a field that is selected under one key is selected under the other too, and not later."""
    if one[1] is other[1]:
        return not one[0] and bool(other[0])
    defer = other[1]
    while defer is not None:
        defer = defer.parent
        if defer is one[1]:
            return set(one[0]) <= set(other[0])
    return False


def root_type(supergraph: Supergraph, operation_type: OperationType) -> str:
    """Name of the root type; raises OperationError if the supergraph has none of that kind."""
    name = supergraph.roots.get(operation_type.value)
    if name is None:
        raise OperationError(f"The schema has no {operation_type.value} operations.")
    return name
