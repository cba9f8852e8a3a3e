"""Dispatch and memory of the search: each (selection, standpoint) is solved once."""

from dataclasses import replace

from router.errors import PlanningError
from router.graph.query_graph import QueryGraph
from router.graph.selection_builder import PLANNING_BUDGET
from router.graph.selection_interner import SelectionInterner
from router.graph.selections import TYPENAME, Defer, Selection, SelectionField
from router.planner.cover.covers import AbstractCover, Cover, InterfaceObjectCover, ObjectCover, Stand, price
from router.planner.cover.looking import Looking
from router.planner.cover.object_problem import ObjectProblem

__all__ = ["Solver"]

_Key = tuple[object, ...]


class Solver:
    """Covers positions of one query graph; remembers all it solved.

    Args:
        budget: how often a field may be weighed against a place, a million in some two seconds; beyond it
            PlanningError (QUERY_PLANNING_BUDGET_EXCEEDED) is raised, so that no operation takes the planner hostage.
    """

    def __init__(self, graph: QueryGraph, *, budget: int = PLANNING_BUDGET) -> None:
        self.graph = graph
        self._left = budget
        self._known: dict[_Key, Cover | None] = {}
        self._objects: dict[_Key, ObjectCover | None] = {}
        self._looking = Looking()
        self._readable_there: dict[tuple[Selection, str, int], int] = {}
        self._readings: dict[object, int] = {}
        """A number for each thing that can be read: told apart as trees, large ones would take for ever."""
        self._answerable: dict[tuple[Selection, frozenset[str]], Selection] = {}
        self._builder = SelectionInterner()

    def spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise PlanningError(
                "Planning this operation would take too much work. Select fewer fields, or split it.",
                code="QUERY_PLANNING_BUDGET_EXCEEDED",
            )

    def cover(self, selection: Selection, type_name: str, stands: tuple[Stand, ...]) -> Cover | None:
        """Covers a selection on a position of API type `type_name`; None if no plan exists."""
        key = (selection, type_name, stands)
        if key in self._known:
            return self._known[key]
        if not self._looking.enter(key):
            return None  # keys of two types may need one another
        try:
            return self._looking.remembered(self._known, key, lambda: self._cover(selection, type_name, stands))
        finally:
            self._looking.leave(key)

    def cover_object(
        self,
        type_name: str,
        fields: tuple[SelectionField, ...],
        stands: tuple[Stand, ...],
        typename_at: int | None = None,
    ) -> ObjectCover | None:
        """Covers fields of an object whose type is known (or of an interface, where only that is known).

        Args:
            typename_at: the subgraph that must tell the runtime type; None: any.
        """
        key = (type_name, fields, stands, typename_at)
        if key in self._objects:
            return self._objects[key]
        if any(f.defer is not None for f in fields):
            return self._looking.remembered(
                self._objects, key, lambda: self._cover_deferring(type_name, fields, stands, typename_at)
            )
        problem = ObjectProblem(self, type_name, fields, stands, typename_at)
        return self._looking.remembered(self._objects, key, problem.solve)

    def answerable(self, selection: Selection, types: frozenset[str]) -> Selection:
        """What can come of a selection on an abstract type if its objects are of certain types only.

        Of other types only what is asked of all stays: it costs nothing.
        """
        key = (selection, types)
        known = self._answerable.get(key)
        if known is None:
            of_all = {f.identity for f in selection.own}
            by_type = {
                name: fields if name in types else tuple(f for f in fields if f.identity in of_all)
                for name, fields in selection.by_type.items()
            }
            left = {name: fields for name, fields in by_type.items() if fields}
            same = left == selection.by_type
            known = (
                selection if same else self._builder.selection(selection.type, selection.own, left, selection.defers)
            )
            self._answerable[key] = known
        return known

    def _cover_deferring(
        self,
        type_name: str,
        fields: tuple[SelectionField, ...],
        stands: tuple[Stand, ...],
        typename_at: int | None,
    ) -> ObjectCover | None:
        """Covers the fields of each deferred fragment apart from the others, with fetches of its own.

        Where that cannot be, for want of a key to come back with, they are fetched with the rest.
        """
        now = [f for f in fields if f.defer is None]
        later: dict[Defer, list[SelectionField]] = {}
        for f in fields:
            if f.defer is not None:
                later.setdefault(f.defer, []).append(f)
        deferred: list[tuple[Defer, ObjectCover]] = []
        # An interface without object types has no entities, whatever keys it declares.
        has_objects = bool(self.graph.supergraph.possible[type_name])
        for defer, group in later.items():
            cover = ObjectProblem(self, type_name, tuple(group), stands, apart=True).solve() if has_objects else None
            if cover is None:
                now += group
            else:
                deferred.append((defer, cover))
        primary = ObjectProblem(self, type_name, tuple(now), stands, typename_at).solve()
        return None if primary is None else replace(primary, deferred=tuple(deferred))

    def _cover(self, selection: Selection, type_name: str, stands: tuple[Stand, ...]) -> Cover | None:
        if not self.graph.supergraph.types[type_name].is_abstract:
            return self.cover_object(type_name, selection.fields_of(type_name), stands)
        # An abstract position has one stand: two subgraphs could disagree about the runtime type.
        (stand,) = stands
        runtime_types = self.graph.runtime_types(stand.entry, stand.subgraph)
        if self.graph.is_interface_object(stand.entry, stand.subgraph) or not runtime_types:
            return self._cover_interface_object(selection, stand)
        by_type: dict[str, ObjectCover] = {}
        mask = calls = finish = 0
        for name in runtime_types:
            fields = selection.by_type.get(name)
            if fields is None:
                continue
            cover = self.cover_object(name, fields, (Stand(stand.subgraph, name, stand.view, 0),))
            if cover is None:
                return None
            by_type[name] = cover
            mask, calls, finish = mask | cover.mask, calls + cover.calls, max(finish, cover.finish)
        return AbstractCover(by_type, mask, finish, calls)

    def _cover_interface_object(self, selection: Selection, stand: Stand) -> InterfaceObjectCover | None:
        interface = stand.entry
        of_interface = {f.identity for f in selection.own}
        specific = {
            name: [f for f in fields if f.identity not in of_interface] for name, fields in selection.by_type.items()
        }
        needs_typename = any(specific.values())
        own = tuple(f for f in selection.own if f.name != TYPENAME)
        needs_typename = needs_typename or len(own) < len(selection.own)
        readable = tuple(f for f in own if self._readable(interface, f, stand))
        missing = [f for f in own if f not in readable]
        if missing:
            # What only the object types resolve has to be asked of each of them.
            for name in selection.by_type:
                specific[name] = [*missing, *specific[name]]
            needs_typename = True
        if not needs_typename:
            common = self.cover_object(interface, readable, (stand,))
            return None if common is None else _without_types(common)
        providers = [e.subgraph for e in self.graph.field_edges(interface, TYPENAME)]
        covers = [self._told_by(p, readable, specific, stand) for p in providers]
        found = [c for c in covers if c is not None and (c.by_type or not missing)]
        return min(found, key=price) if found else None

    def _told_by(
        self,
        provider: int,
        readable: tuple[SelectionField, ...],
        specific: dict[str, list[SelectionField]],
        stand: Stand,
    ) -> InterfaceObjectCover | None:
        """Covers an interface object whose runtime type one certain subgraph tells."""
        interface = stand.entry
        wanted = (*readable, self.graph.builder.typename())
        common = self.cover_object(interface, wanted, (stand,), provider)
        if common is None:
            return None
        typename = next(c.sources[0] for f, c in common.outputs if f.name == TYPENAME)
        mask, calls, finish = common.mask, common.calls, common.finish
        by_type: dict[str, ObjectCover] = {}
        known_by = common.instances[typename]
        for name in self.graph.runtime_types(interface, known_by.subgraph):
            fields = tuple(f for f in specific.get(name, ()) if f.name != TYPENAME)
            stands = (Stand(stand.subgraph, interface, stand.view), Stand(known_by.subgraph, name))
            cover = self.cover_object(name, fields, stands)
            if cover is None:
                return None
            by_type[name] = cover
            mask |= self.shift(cover.mask, known_by.stage)
            calls, finish = calls + cover.calls, max(finish, known_by.stage + cover.finish)
        return InterfaceObjectCover(common, typename, by_type, mask, finish, calls)

    def _readable(self, interface: str, wanted: SelectionField, stand: Stand) -> bool:
        return self.cover_object(interface, (wanted,), (stand,)) is not None

    def readable(self, selection: Selection, type_name: str, subgraph: int) -> int:
        """What a subgraph can read of a selection by itself, keys included; equal values are interchangeable."""
        key = (selection, type_name, subgraph)
        known = self._readable_there.get(key)
        if known is None:
            known = self._reading(subgraph)
            if not self.graph.supergraph.types[type_name].is_abstract:
                # Keys of two types may need one another; met again, a selection is only equal to itself.
                self._readable_there[key] = known
                keys = [f for k in self.graph.key_edges(type_name) for f in k.selection.own]
                fields = (*selection.fields_of(type_name), *keys)
                found = (self._readable_field(f, type_name, subgraph) for f in fields)
                known = self._reading(tuple(r for r in found if r is not None))
            self._readable_there[key] = known
        return known

    def _reading(self, what: object) -> int:
        return self._readings.setdefault(what, len(self._readings))

    def _readable_field(self, wanted: SelectionField, type_name: str, subgraph: int) -> object:
        for edge in self.graph.field_edges(type_name, wanted.name):
            if edge.subgraph == subgraph and edge.entry == type_name and edge.requires is None:
                if edge.provides is not None:
                    return wanted.id, subgraph  # what is provided is nowhere else the same
                return wanted.id, wanted.selection and self.readable(wanted.selection, wanted.type.name, subgraph)
        return None

    def shift(self, mask: int, stages: int) -> int:
        return mask << (stages * self.graph.subgraph_count)

    def bit(self, stage: int, subgraph: int) -> int:
        return 1 << (stage * self.graph.subgraph_count + subgraph)


def _without_types(common: ObjectCover) -> InterfaceObjectCover:
    return InterfaceObjectCover(common, None, {}, common.mask, common.finish, common.calls)
