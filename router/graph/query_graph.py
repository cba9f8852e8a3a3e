"""The query graph: from where to where a query may move, and at what price.

An object is always held *somewhere*: a place is a (subgraph, type in that subgraph). From a place, a field edge reads a
field there and leads on in the same subgraph; a key edge enters another place of the same object through `_entities`.
The graph is built lazily, never changes afterwards, and is shared by everything that plans against its supergraph.

Source: the same idea as the query graphs of Apollo and The Guild; the layout is our own.
"""

import threading
from dataclasses import dataclass
from functools import cached_property

from router.graph.selection_builder import SelectionBuilder
from router.graph.selections import TYPENAME, Selection, SelectionField
from router.graph.supergraph import FieldJoin, Supergraph, SupergraphField, TypeRef

__all__ = ["ContextUse", "FieldEdge", "KeyEdge", "OwnInputs", "QueryGraph"]


@dataclass(frozen=True, slots=True)
class ContextUse:
    """An argument whose value comes from an ancestor (`@fromContext`).

    Attributes:
        context: the context's name in the supergraph, such as `products__locale`.
        type: the argument's type in SDL notation.
        fields: the field set that leads from the ancestor to the value.
    """

    context: str
    argument: str
    type: str
    fields: str


@dataclass(frozen=True, slots=True)
class OwnInputs:
    """What a field's entity call is sent that other fields' calls cannot be sent: only fields with equal ones share it.

    Attributes:
        contexts: arguments that ancestors give.
        requires: a `@requires` selection that has arguments. A representation has room for one value of a field.
    """

    contexts: tuple[ContextUse, ...] = ()
    requires: Selection | None = None


@dataclass(frozen=True, slots=True)
class FieldEdge:
    """A field that a subgraph resolves.

    Attributes:
        entry: the type as which the subgraph must hold the object: the object type itself, or an interface that the
            subgraph has as an interface object.
        requires: what must be sent along, in a new entity call; None: readable wherever one stands.
        provides: what the subgraph has below this field beyond what it always has.
        type: the field's type in that subgraph.
        inputs: None for most fields. Their values have to be known first, so `requires` is not None if it has contexts.
    """

    subgraph: int
    entry: str
    requires: Selection | None
    provides: Selection | None
    type: TypeRef
    inputs: OwnInputs | None = None


@dataclass(frozen=True, slots=True)
class KeyEdge:
    """A way into a place: send `selection` (and `__typename: entry`) to the subgraph's `_entities`.

    The query root type needs neither: a field of that type leads to every subgraph's root.
    """

    subgraph: int
    entry: str
    selection: Selection


class QueryGraph:
    """The query graph of a supergraph under one set of active `@override` labels."""

    def __init__(self, supergraph: Supergraph, labels: frozenset[str] = frozenset()) -> None:
        self.supergraph = supergraph
        self.labels = labels
        self.lock = threading.Lock()
        """Held while an operation is planned: the graph grows as it is walked and knows its objects by identity."""
        self.builder = SelectionBuilder(supergraph)
        self.subgraph_count = len(supergraph.subgraphs)
        self._edges: dict[tuple[str, str], tuple[FieldEdge, ...]] = {}
        self._keys: dict[str, tuple[KeyEdge, ...]] = {}
        self._runtime: dict[tuple[str, int], tuple[str, ...]] = {}
        self._common: dict[tuple[str, str, frozenset[tuple[int, str]]], frozenset[str] | None] = {}
        self._context_fields: dict[tuple[str, str], SelectionField | None] = {}
        self.query_root = supergraph.roots["query"]

    def field_edges(self, type_name: str, field: str) -> tuple[FieldEdge, ...]:
        """Everywhere that a field of an object type (or, held as an interface, of an interface) can be read."""
        key = (type_name, field)
        known = self._edges.get(key)
        if known is None:
            type_ = self.supergraph.types[type_name]
            if type_.kind == "INTERFACE":
                known = tuple(self._interface_edges(type_name, field))
            elif field == TYPENAME:
                known = ()
            else:
                known = tuple(self._object_edges(type_name, field))
            self._edges[key] = known
        return known

    def key_edges(self, type_name: str) -> tuple[KeyEdge, ...]:
        """Everywhere that an object of this type can be entered."""
        known = self._keys.get(type_name)
        if known is None:
            entries = (type_name, *self._interface_object_interfaces(type_name))
            if type_name == self.query_root:
                nothing = self.builder.nothing(type_name)
                joins = self.supergraph.types[type_name].joins
                known = self._keys[type_name] = tuple(KeyEdge(subgraph, type_name, nothing) for subgraph in joins)
                return known
            known = self._keys[type_name] = tuple(
                KeyEdge(subgraph, entry, self.builder.build_field_set(type_name, key.fields))
                for entry in entries
                for subgraph, join in self.supergraph.types[entry].joins.items()
                if entry == type_name or join.is_interface_object
                for key in join.keys
                if key.resolvable
            )
        return known

    def runtime_types(self, type_name: str, subgraph: int) -> tuple[str, ...]:
        """Object types that a subgraph may answer where its own schema says `type_name`; sorted."""
        key = (type_name, subgraph)
        known = self._runtime.get(key)
        if known is None:
            type_ = self.supergraph.types[type_name]
            if type_.kind == "OBJECT":
                names: set[str] = {type_name}
            elif type_.kind == "UNION":
                names = set(type_.members.get(subgraph, ()))
            else:
                names = {
                    name
                    for name in self.supergraph.possible[type_name]
                    if type_name in self.supergraph.types[name].implements.get(subgraph, ())
                    and subgraph in self.supergraph.types[name].joins
                }
            known = self._runtime[key] = tuple(sorted(names))
        return known

    def common_types(self, type_name: str, field: str, places: frozenset[tuple[int, str]]) -> frozenset[str] | None:
        """Object types that a field may have wherever it is read; None if that is the same everywhere.

        What only some subgraphs know cannot be the value of a field that they share.

        Args:
            places: subgraphs where it could be read, each with the type as which it holds the object.
        """
        key = (type_name, field, places)
        if key not in self._common:
            found = {
                frozenset(self.supergraph.possible[e.type.name])
                if self.is_interface_object(e.type.name, e.subgraph)
                else frozenset(self.runtime_types(e.type.name, e.subgraph))
                for e in self.field_edges(type_name, field)
                if (e.subgraph, e.entry) in places
            }
            self._common[key] = frozenset.intersection(*found) if len(found) > 1 else None
        return self._common[key]

    def is_interface_object(self, type_name: str, subgraph: int) -> bool:
        """Whether the subgraph has this interface of the supergraph as an object type."""
        join = self.supergraph.types[type_name].joins.get(subgraph)
        return join is not None and join.is_interface_object

    def output_type(self, type_name: str, field: str, subgraph: int) -> TypeRef:
        """A field's type in one subgraph's own schema."""
        declared = self.supergraph.types[type_name].fields[field]
        for join in declared.joins:
            if join.graph == subgraph and join.type is not None:
                return join.type
        return declared.type

    def interface_declares(self, interface: str, field: str, subgraph: int) -> bool:
        """Whether `field` can be selected on the interface itself in that subgraph's documents."""
        type_ = self.supergraph.types[interface]
        declared = type_.fields.get(field)
        if declared is None or subgraph not in type_.joins:
            return False
        return not declared.joins or any(j.graph == subgraph and not j.external for j in declared.joins)

    # -- contexts ----------------------------------------------------------------------------------------------------

    @cached_property
    def has_contexts(self) -> bool:
        """Whether any argument comes from an ancestor."""
        types = self.supergraph.types.values()
        return any(join.context_arguments for t in types for f in t.fields.values() for join in f.joins)

    @cached_property
    def _context_setters(self) -> dict[str, frozenset[str]]:
        setters: dict[str, set[str]] = {}
        for name, type_ in self.supergraph.types.items():
            for context in type_.contexts:
                setters.setdefault(context, set()).update((name, *self.supergraph.possible[name]))
        return {context: frozenset(names) for context, names in setters.items()}

    def context_field(self, type_name: str, use: ContextUse) -> SelectionField | None:
        """What has to be read of an object of this type for the context; None: such an object does not set it.

        The field has no response key: it is nothing that a client asked for.
        """
        if type_name not in self._context_setters.get(use.context, ()):
            return None
        key = (type_name, use.fields)
        if key not in self._context_fields:
            fields = self.builder.build_field_set(type_name, use.fields).fields_of(type_name)
            named = [f for f in fields if f.name != TYPENAME]
            self._context_fields[key] = self.builder.hidden(named[0]) if named else None
        return self._context_fields[key]

    # -- building ----------------------------------------------------------------------------------------------------

    @cached_property
    def _superinterfaces(self) -> dict[str, tuple[str, ...]]:
        return {
            name: tuple(sorted({i for per_graph in type_.implements.values() for i in per_graph}))
            for name, type_ in self.supergraph.types.items()
        }

    def _interface_object_interfaces(self, type_name: str) -> tuple[str, ...]:
        return tuple(
            name
            for name in self._superinterfaces[type_name]
            if name in self.supergraph.types
            and any(j.is_interface_object for j in self.supergraph.types[name].joins.values())
        )

    def _object_edges(self, type_name: str, field: str) -> list[FieldEdge]:
        type_ = self.supergraph.types[type_name]
        edges = []
        declared = type_.fields.get(field)
        if declared is not None:
            edges = [
                self._edge(type_name, declared, subgraph, join)
                for subgraph, join in self._resolving(type_.joins, declared)
            ]
        for interface in self._interface_object_interfaces(type_name):
            above = self.supergraph.types[interface]
            inherited = above.fields.get(field)
            if inherited is not None:
                edges += [
                    self._edge(interface, inherited, subgraph, join)
                    for subgraph, join in self._resolving(above.joins, inherited)
                    if above.joins[subgraph].is_interface_object
                ]
        return edges

    def _interface_edges(self, interface: str, field: str) -> list[FieldEdge]:
        """Edges for an object of which only the interface is known."""
        type_ = self.supergraph.types[interface]
        real = [s for s, join in type_.joins.items() if not join.is_interface_object]
        if field == TYPENAME:
            return [FieldEdge(s, interface, None, None, TypeRef("String", 0, "String!")) for s in real]
        declared = type_.fields[field]
        edges = []
        for subgraph, join in self._resolving(type_.joins, declared):
            if type_.joins[subgraph].is_interface_object or self._uniform(interface, field, subgraph):
                edges.append(self._edge(interface, declared, subgraph, join))
        return edges

    def _uniform(self, interface: str, field: str, subgraph: int) -> bool:
        """Whether every object that the subgraph may answer resolves an interface field right there."""
        wanted = self.output_type(interface, field, subgraph).name
        for name in self.runtime_types(interface, subgraph):
            direct = [e for e in self.field_edges(name, field) if e.subgraph == subgraph and e.entry == name]
            if not any(e.requires is None and e.type.name == wanted for e in direct):
                return False
        return True

    def _resolving(self, joins: object, declared: SupergraphField) -> list[tuple[int, FieldJoin]]:
        if not declared.joins:
            return [(subgraph, _EVERYWHERE) for subgraph in joins]  # type: ignore[attr-defined]
        return [(j.graph, j) for j in declared.joins if j.graph is not None and self._is_resolving(j)]

    def _is_resolving(self, join: FieldJoin) -> bool:
        if join.external:
            return False
        if join.override_label is not None:  # where the label is off, a field that is used still is its old owner's
            active = join.override_label in self.labels
            return active if join.override is not None else not active
        return not join.used_overridden

    def _edge(self, entry: str, declared: SupergraphField, subgraph: int, join: FieldJoin) -> FieldEdge:
        output = join.type or declared.type
        requires = self.builder.build_field_set(entry, join.requires) if join.requires else None
        contexts = tuple(
            ContextUse(str(a["context"]), str(a["name"]), str(a["type"]), _without_braces(str(a["selection"])))
            for a in join.context_arguments
        )
        return FieldEdge(
            subgraph=subgraph,
            entry=entry,
            requires=self.builder.nothing(entry) if contexts and requires is None else requires,
            provides=self.builder.build_field_set(declared.type.name, join.provides) if join.provides else None,
            type=output,
            inputs=_own_inputs(contexts, requires),
        )


def _own_inputs(contexts: tuple[ContextUse, ...], requires: Selection | None) -> OwnInputs | None:
    if requires is not None and not _has_arguments(requires):
        requires = None
    return OwnInputs(contexts, requires) if contexts or requires is not None else None


def _has_arguments(selection: Selection) -> bool:
    fields = (*selection.own, *(f for of_type in selection.by_type.values() for f in of_type))
    return any(f.arguments or (f.selection is not None and _has_arguments(f.selection)) for f in fields)


def _without_braces(selection: str) -> str:
    text = selection.strip()
    return text[1:-1] if text.startswith("{") else text


_EVERYWHERE = FieldJoin(None)
