"""Context arguments: what ancestors have to be asked for, because a field far below takes it as an argument.

The search for covers looks at one object at a time and never upwards. So before it, each selection that sets a context
used below gets the value's field as one more field to cover, without a response key. Once the fetches are laid out, the
fetch of the argument looks up from its position for the nearest object that has one.
"""

from collections.abc import Iterable

from router.errors import PlanningError
from router.graph.query_graph import ContextUse, QueryGraph
from router.graph.selection_interner import SelectionInterner
from router.graph.selections import Selection, SelectionField
from router.planner.fetch_graph import ContextPlace, FetchGraph, FetchNode, Position

__all__ = ["attach_contexts", "resolve_contexts"]

Needs = frozenset[ContextUse]


def attach_contexts(graph: QueryGraph, selection: Selection) -> Selection:
    """The selection with a hidden field wherever an object gives a value to an argument below it."""
    if not graph.has_contexts:
        return selection
    return _Attaching(graph).selection(selection)[0]


class _Attaching:
    def __init__(self, graph: QueryGraph) -> None:
        self.graph = graph
        self.builder = SelectionInterner()
        self._known: dict[Selection, tuple[Selection, Needs]] = {}

    def selection(self, selection: Selection) -> tuple[Selection, Needs]:
        """The selection with what is needed below it attached, and what is needed of objects above."""
        known = self._known.get(selection)
        if known is None:
            own, above = self._fields(selection.type, selection.own)
            by_type = {}
            for name, fields in selection.by_type.items():
                by_type[name], needs = self._fields(name, fields)
                above |= needs
            same = own == selection.own and by_type == selection.by_type
            built = selection if same else self.builder.selection(selection.type, own, by_type, selection.defers)
            known = self._known[selection] = built, above
        return known

    def _fields(
        self, type_name: str, fields: tuple[SelectionField, ...]
    ) -> tuple[tuple[SelectionField, ...], frozenset[ContextUse]]:
        hidden: dict[SelectionField, None] = {}
        above: set[ContextUse] = set()
        built = []
        for field in fields:
            below: Needs = frozenset()
            if field.selection is not None:
                selection, below = self.selection(field.selection)
                built.append(field if selection is field.selection else self.builder.below(field, selection))
            else:
                built.append(field)
            for use in sorted(below, key=_order):
                given = self.graph.context_field(type_name, use)
                if given is None:
                    above.add(use)
                else:
                    hidden[given] = None
            above |= self._used_by(type_name, field)
        return (*hidden, *built), frozenset(above)

    def _used_by(self, type_name: str, field: SelectionField) -> Needs:
        type_ = self.graph.supergraph.types[type_name]
        if field.denied or field.introspection is not None or type_.kind == "UNION" or field.name.startswith("__"):
            return frozenset()
        inputs = (edge.inputs for edge in self.graph.field_edges(type_name, field.name))
        return frozenset(use for own in inputs if own is not None for use in own.contexts)


def _order(use: ContextUse) -> tuple[str, str, str]:
    return use.context, use.fields, use.argument


def resolve_contexts(graph: QueryGraph, fetch_graph: FetchGraph) -> None:
    """Finds, for each argument that comes from a context, the objects above that give it.

    Raises:
        PlanningError: there are none, and the argument cannot be null.
    """
    for fetch in fetch_graph.fetches:
        for need in fetch.contexts.values():
            assert fetch.position is not None
            need.places = list(_places(graph, fetch.position, need.use))
            if not need.places and need.use.type.endswith("!"):
                raise PlanningError(
                    f"No plan exists for this operation: the argument {need.use.argument!r} of a field of "
                    f"{fetch.position.static_type} comes from the context {need.use.context!r}, "
                    "and nothing above sets it."
                )
            for place in need.places:
                fetch.depends_on |= place.producers - {fetch}


def _places(graph: QueryGraph, position: Position, use: ContextUse) -> Iterable[ContextPlace]:
    slot = position.parent
    while slot is not None:
        above = slot.position
        names = [above.static_type]
        if slot.types is not None:
            names = list(slot.types)
        elif above.is_abstract:
            names = list(graph.supergraph.possible[above.static_type])
        fields = {name: graph.context_field(name, use) for name in names}
        found = {name: field for name, field in fields.items() if field is not None}
        if found:
            producers: set[FetchNode] = set()
            for name, field in found.items():
                given = above.need(field, name)
                if given is None:
                    raise PlanningError(
                        f"No plan exists for this operation: a @requires below {above.static_type}.{slot.name} needs a "
                        f"field with the argument {use.argument!r}, which comes from the context {use.context!r}."
                    )
                producers |= given.producers
            yield ContextPlace(above, found, producers)
        if len(found) == len(fields):
            return
        slot = above.parent
