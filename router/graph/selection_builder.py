"""Puts selections into their normal form."""

import itertools
from collections.abc import Iterable, Mapping

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
from router.graph.absorption import Key, absorbers
from router.graph.selection_interner import TYPENAME_TYPE, SelectionInterner
from router.graph.selection_syntax import (
    Conditions,
    InlineFragments,
    arguments_of,
    both,
    conditions_of,
    defer_of,
    stream_of,
    variables_in,
)
from router.graph.selections import TYPENAME, Defer, Selection, SelectionField
from router.graph.supergraph import Supergraph, SupergraphType, TypeRef

__all__ = ["PLANNING_BUDGET", "SelectionBuilder", "root_type"]

_INTROSPECTION_TYPES = {"__schema": TypeRef("__Schema", 0, "__Schema!"), "__type": TypeRef("__Type", 0, "__Type")}

MAX_CONDITIONS = 1_000
"""Under how many different keys one field, or one fragment, may be selected at one position: fragments in fragments can
multiply conditions without end."""

PLANNING_BUDGET = 2_000_000
"""How much work one operation may be, from here to its cover; a million is some two seconds."""

Sources = tuple[tuple[SelectionSetNode, Key], ...]
"""Selection sets that together select from one object."""

_Occurrences = dict[Key, list[FieldNode]]
"""Where one response key is selected."""


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


class SelectionBuilder(SelectionInterner):
    """Normalises selection sets against one supergraph. Selections of one builder can be compared by identity.

    Args:
        hidden_types: names of object types that are no possible types, because clients cannot see them. Field sets see
            all.
        incremental: whether `@defer` and `@stream` are heeded; else they are ignored.
        denied: identities of the fields and fragments that the caller may not have. Such a field stays, denied, unless
            it is selected elsewhere, too, where it is not.
        max_fields: how many fields there may be when all fragments are expanded.
        budget: how much work it may be: each node that is looked at, wherever it is spread, and each comparison of
            conditions is a unit, or several if the conditions are many.

    Attributes:
        work: units that were spent.
    """

    def __init__(
        self,
        supergraph: Supergraph,
        fragments: Mapping[str, FragmentDefinitionNode] | None = None,
        *,
        hidden_types: frozenset[str] = frozenset(),
        max_fields: int = 100_000,
        budget: int = PLANNING_BUDGET,
        incremental: bool = False,
        denied: frozenset[int] = frozenset(),
    ) -> None:
        super().__init__()
        self._denied = denied
        self._types = supergraph.types
        self._supergraph = supergraph
        self._hidden_types = hidden_types
        self._fragments = fragments or {}
        self._incremental = incremental
        self.switches: set[str] = set()
        """Variables that are conditions of `@defer`, `@include` or `@skip`."""
        self._defers = itertools.count()
        self._place = _Place(None, {})
        self._left = max_fields
        self._budget = budget
        self.work = 0
        # Identities of AST nodes are keys of what is known, so the nodes must live as long as this builder.
        self._kept: list[DocumentNode] = []

    def build(self, type_name: str, selection_set: SelectionSetNode) -> Selection:
        """The normal form of a selection set on an object, interface or union type."""
        return self._selection(type_name, ((selection_set, _ALWAYS),), None, self._place)

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

    # -- one position ------------------------------------------------------------------------------------------------

    def _selection(self, type_name: str, sources: Sources, defer: Defer | None, above: _Place) -> Selection:
        """What is selected of the objects of a field that is delivered with `defer`."""
        key = (type_name, defer, *((id(node), *key) for node, key in sources))
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
        visited: dict[str, set[Key]] = {}
        for selection_set, key in sources:
            self._collect_into(groups, visited, applicable, selection_set, key, place)
        fields: list[SelectionField] = []
        for response_key, occurrences in groups.items():
            fields.extend(self._fields_of_group(type_, response_key, occurrences, place))
        return tuple(fields)

    def _collect_into(
        self,
        groups: dict[str, _Occurrences],
        visited: dict[str, set[Key]],
        applicable: frozenset[str],
        selection_set: SelectionSetNode,
        key: Key,
        place: _Place,
    ) -> None:
        conditions, defer, is_denied = key
        self._spend(len(selection_set.selections) * (1 + len(conditions) // 2))  # long ones take their time, too
        for node in selection_set.selections:
            own_conditions = conditions_of(node.directives or ())
            self.switches.update(name for name, _ in own_conditions or ())
            combined = both(conditions, own_conditions)
            if combined is None:
                continue
            if isinstance(node, FieldNode):
                self._add(groups, node, (combined, defer, is_denied or id(node) in self._denied))
            elif isinstance(node, FragmentSpreadNode | InlineFragmentNode):
                for inner in self._spread(node, (combined, defer, is_denied), place):
                    body = self._fragment_body(node, applicable, inner, visited)
                    if body is not None:
                        self._collect_into(groups, visited, applicable, body, inner, place)

    def _spread(
        self,
        node: FragmentSpreadNode | InlineFragmentNode,
        key: Key,
        place: _Place,
    ) -> Iterable[Key]:
        """Under which conditions the fragment's fields are selected, in which deferred fragment, and whether denied.

        With a variable in `@defer(if:)` it is two: one where it is deferred, and one where it is not.
        """
        conditions, defer, is_denied = key
        if not is_denied and self._denied:
            named = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            is_denied = id(named) in self._denied
        directive = defer_of(node.directives or ()) if self._incremental else None
        if directive is None:
            return ((conditions, defer, is_denied),)
        own = place.spread.get((id(node), defer))
        if own is None:
            own = place.spread[id(node), defer] = Defer(next(self._defers), directive.label, defer)
        if directive.condition is None:
            return ((conditions, own, is_denied),)
        self.switches.add(directive.condition)
        keys = (
            (both(conditions, ((directive.condition, False),)), defer),
            (both(conditions, ((directive.condition, True),)), own),
        )
        return tuple((combined, spread_in, is_denied) for combined, spread_in in keys if combined is not None)

    def _add(self, groups: dict[str, _Occurrences], node: FieldNode, key: Key) -> None:
        response_key = node.alias.value if node.alias else node.name.value
        occurrences = groups.setdefault(response_key, {})
        occurrences.setdefault(key, []).append(node)
        self._left -= 1
        if self._left < 0:
            raise _too_large("its fragments expand to too many fields")
        if len(occurrences) > MAX_CONDITIONS:
            raise _too_large(
                f'"{response_key}" is selected under more than {MAX_CONDITIONS:,} different conditions at one place'
            )

    def _spend(self, amount: int) -> None:
        self.work += amount
        if self.work > self._budget:
            raise _too_large("its fragments and conditions take too much work")

    def _fragment_body(
        self,
        node: FragmentSpreadNode | InlineFragmentNode,
        applicable: frozenset[str],
        key: Key,
        visited: dict[str, set[Key]],
    ) -> SelectionSetNode | None:
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            keys = visited.setdefault(name, set())
            if key in keys:
                return None
            keys.add(key)
            if len(keys) > MAX_CONDITIONS:
                raise _too_large(
                    f'fragment "{name}" is spread under more than {MAX_CONDITIONS:,} different conditions at one place'
                )
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
                nodes: list[tuple[FieldNode, Key]] = [(node, ((), key[1], key[2])) for node in group]
                yield self._field(type_, response_key, nodes, key, place)
            return
        nodes_of: dict[Key, list[tuple[FieldNode, Key]]] = {}
        order = list(occurrences)
        owners = absorbers(order, self._spend)
        for key, owner in zip(order, owners, strict=True):
            if key == owner:
                nodes_of[key] = []
        for (key, group), owner in zip(occurrences.items(), owners, strict=True):
            # `a {b} a @include(if: $x) {c}` is `a {b c @include(if: $x)}`.
            inner = tuple(term for term in key[0] if term not in owner[0]) if key != owner else ()
            nodes_of[owner] += [(node, (inner, key[1], key[2])) for node in group]
        for owner, nodes in nodes_of.items():
            yield self._field(type_, response_key, nodes, owner, place)

    def _field(
        self,
        type_: SupergraphType,
        response_key: str,
        nodes: list[tuple[FieldNode, Key]],
        key: Key,
        place: _Place,
    ) -> SelectionField:
        conditions, spread_in, is_denied = key
        defer = None if spread_in is place.defer else spread_in
        node = nodes[0][0]
        name = node.name.value
        if is_denied and name not in _INTROSPECTION_TYPES:
            return self.denied(response_key, name, self._type_of(type_, name), conditions, defer)
        if name == TYPENAME:
            return self.typename(response_key, conditions, defer)
        if name in _INTROSPECTION_TYPES:
            return self._introspection(response_key, node, conditions, defer)
        field = type_.fields.get(name)
        if field is None:
            raise OperationError(f'Cannot query field "{name}" on type "{type_.name}".')
        selection = None
        if self._types.get(field.type.name, _LEAF).is_composite:
            sources = tuple((n.selection_set, below) for n, below in nodes if n.selection_set is not None)
            selection = self._selection(field.type.name, sources, spread_in, place)
        arguments, variables = arguments_of(node)
        stream = stream_of(node.directives or ()) if self._incremental else None
        return self._intern_field(
            response_key, name, arguments, variables, conditions, field.type, selection, defer, stream
        )

    def _type_of(self, type_: SupergraphType, name: str) -> TypeRef:
        return TYPENAME_TYPE if name == TYPENAME else type_.fields[name].type

    def _introspection(
        self, response_key: str, node: FieldNode, conditions: Conditions, defer: Defer | None
    ) -> SelectionField:
        inlined = visit(node, InlineFragments(self._fragments))
        text, variables = print_ast(inlined), variables_in(inlined)
        name = node.name.value
        return self._intern_field(
            response_key, name, "", variables, conditions, _INTROSPECTION_TYPES[name], None, defer, None, text
        )


_ALWAYS: Key = ((), None, False)
_LEAF = SupergraphType("", "SCALAR", {})


def _too_large(why: str) -> OperationError:
    return OperationError(f"The operation is too large to be planned: {why}.", code="QUERY_PLANNING_BUDGET_EXCEEDED")


def root_type(supergraph: Supergraph, operation_type: OperationType) -> str:
    """Name of the root type; raises OperationError if the supergraph has none of that kind."""
    name = supergraph.roots.get(operation_type.value)
    if name is None:
        raise OperationError(f"The schema has no {operation_type.value} operations.")
    return name
