"""Shapes of results: of the whole, of what is delivered first, and of each deferred fragment."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from router.graph.query_graph import QueryGraph
from router.graph.selection_syntax import Conditions, both
from router.graph.selections import TYPENAME, Defer, Selection, SelectionField
from router.graph.supergraph import SupergraphType
from router.planner.fetch_graph import FetchGraph, Position, Slot
from router.planner.normalize import NormalizedOperation
from router.planner.plan import NOWHERE, Deferred, OutputField, OutputPath, OutputStep, Projection

__all__ = ["Projector"]


class _Whole:
    """Stands for all parts of a result."""


_WHOLE: Final = _Whole()

Part = Defer | None | _Whole
"""A deferred fragment; None is what is delivered first."""


class Projector:
    """Writes the shapes of one operation's results.

    Args:
        hidden: schema coordinates of enum values that the data must not show.
    """

    def __init__(
        self, graph: QueryGraph, operation: NormalizedOperation, fetch_graph: FetchGraph, hidden: frozenset[str]
    ) -> None:
        self._types = graph.supergraph.types
        self._hidden = hidden
        self._operation = operation
        self._root = fetch_graph.root
        self._known: dict[tuple[object, ...], Projection] = {}
        self._below: dict[Selection, frozenset[Defer]] = {}

    def first(self) -> Projection:
        """The shape of what is delivered first."""
        return self._project([self._root], self._operation.selection, self._operation.root_type, (), None, inside=True)

    def complete(self) -> Projection:
        """The shape of everything together."""
        root_type = self._operation.root_type
        return self._project([self._root], self._operation.selection, root_type, (), _WHOLE, inside=True)

    def deferred(self, fetches: Mapping[Defer, tuple[int, ...]]) -> tuple[Deferred, ...]:
        """The deferred fragments that have something to deliver, parents first.

        Args:
            fetches: ids of the fetches of each.
        """
        if not self._defers(self._operation.selection):
            return ()
        found = list(self._walk([self._root], self._operation.selection, self._operation.root_type, (), ()))
        found.sort(key=lambda each: each[0].id)
        ids: dict[Defer, int] = {}
        result = []
        for number, (defer, path, projection) in enumerate(found):
            ids.setdefault(defer, number)
            parent = defer.parent
            while parent is not None and parent not in ids:  # it has nothing of its own to deliver
                parent = parent.parent
            above = ids[parent] if parent is not None else None
            result.append(Deferred(number, defer.label, path, above, projection, fetches.get(defer, ())))
        return tuple(result)

    # -- deferred fragments ------------------------------------------------------------------------------------------

    def _defers(self, selection: Selection | None) -> frozenset[Defer]:
        """The deferred fragments with which something in the selection is delivered."""
        if selection is None:
            return frozenset()
        known = self._below.get(selection)
        if known is None:
            fields = [f for each in (selection.own, *selection.by_type.values()) for f in each]
            own = {f.defer for f in fields if f.defer is not None}
            known = self._below[selection] = frozenset(own).union(*(self._defers(f.selection) for f in fields))
        return known

    def _walk(
        self,
        positions: list[Position],
        selection: Selection,
        type_name: str,
        conditions: Conditions,
        path: OutputPath,
    ) -> Iterator[tuple[Defer, OutputPath, Projection]]:
        """Each deferred fragment with where it is spread and its shape."""
        below = self._defers(selection)
        for defer in selection.defers:
            if defer in below:
                yield defer, path, self._project(positions, selection, type_name, conditions, defer, inside=False)
        is_abstract = self._types[type_name].is_abstract and any(p.is_abstract for p in positions)
        by_type = selection.by_type if is_abstract else {type_name: selection.own}
        # Types that select alike take the same step.
        steps: dict[tuple[object, ...], tuple[SelectionField, list[Slot], list[str]]] = {}
        for name, fields in by_type.items():
            for wanted in fields:
                slots = self._slots(positions, wanted, name)
                if wanted.selection is None or not slots or not self._defers(wanted.selection):
                    continue
                depth = wanted.type.list_depth
                key = (wanted.response_key, slots[0].storage_key, depth, wanted.conditions, wanted.selection)
                _, known, types = steps.setdefault(key, (wanted, [], []))
                known += [slot for slot in slots if slot not in known]
                types.append(name)
        for wanted, slots, types in steps.values():
            assert wanted.selection is not None
            guard = frozenset(types) if is_abstract else None
            step = OutputStep(
                wanted.response_key, slots[0].storage_key, wanted.type.list_depth, guard, wanted.conditions
            )
            children = [s.child for s in slots if s.child is not None]
            inner = both(conditions, wanted.conditions)
            if inner is not None:
                yield from self._walk(children, wanted.selection, wanted.type.name, inner, (*path, step))

    # -- projections -------------------------------------------------------------------------------------------------

    def _project(
        self,
        positions: list[Position],
        selection: Selection,
        type_name: str,
        conditions: Conditions,
        part: Part,
        *,
        inside: bool,
    ) -> Projection:
        """The shape of a part.

        Args:
            conditions: under which there are objects here.
            inside: whether the objects here, and what is delivered together with them, belong to the part.
        """
        key = (tuple(id(p) for p in positions), selection, conditions, part, inside)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._projected(positions, selection, type_name, conditions, part, inside)
        return known

    def _projected(
        self,
        positions: list[Position],
        selection: Selection,
        type_name: str,
        conditions: Conditions,
        part: Part,
        inside: bool,
    ) -> Projection:
        if not self._types[type_name].is_abstract:
            fields = selection.fields_of(type_name)
        elif any(p.is_abstract for p in positions):
            by_type = {
                name: self._fields(positions, fields, name, conditions, part, inside, knows_type=True)
                for name, fields in selection.by_type.items()
            }
            return Projection(type_name, by_type, is_abstract=True)
        else:
            fields = selection.own
        found = self._fields(positions, fields, type_name, conditions, part, inside, knows_type=False)
        return Projection(type_name, {type_name: found})

    def _fields(
        self,
        positions: list[Position],
        fields: Sequence[SelectionField],
        type_name: str,
        conditions: Conditions,
        part: Part,
        inside: bool,
        *,
        knows_type: bool,
    ) -> tuple[OutputField, ...]:
        found = []
        for wanted in fields:
            inner = both(conditions, wanted.conditions)
            if not wanted.response_key or inner is None:
                continue  # what only the planner needs is no output, nor what is never included
            belongs = inside if wanted.defer is None or part is _WHOLE else wanted.defer is part
            if belongs or part in self._defers(wanted.selection):
                found.append(self._field(positions, wanted, type_name, inner, part, belongs, knows_type=knows_type))
        return tuple(found)

    def _field(
        self,
        positions: list[Position],
        wanted: SelectionField,
        type_name: str,
        conditions: Conditions,
        part: Part,
        inside: bool,
        *,
        knows_type: bool,
    ) -> OutputField:
        if wanted.denied:
            return OutputField(
                wanted.response_key, NOWHERE, wanted.type.text, conditions=wanted.conditions, denied=True
            )
        if wanted.name == TYPENAME:
            constant = None if knows_type else type_name
            return OutputField(
                wanted.response_key, TYPENAME, "String!", conditions=wanted.conditions, constant=constant
            )
        if wanted.introspection is not None:
            return OutputField(
                wanted.response_key,
                wanted.response_key,
                wanted.type.text,
                conditions=wanted.conditions,
                introspection=wanted.introspection,
            )
        slots = self._slots(positions, wanted, type_name)
        leaf = self._types.get(wanted.type.name)
        selection = None
        if wanted.selection is not None:
            children = [s.child for s in slots if s.child is not None] or [Position(wanted.type.name, None)]
            selection = self._project(children, wanted.selection, wanted.type.name, conditions, part, inside=inside)
        return OutputField(
            response_key=wanted.response_key,
            storage_key=slots[0].storage_key if slots else _unread_key(positions, wanted, type_name),
            type=wanted.type.text,
            selection=selection,
            enum_values=self._enum_values(leaf) if leaf is not None and leaf.kind == "ENUM" else None,
            conditions=wanted.conditions,
            stream=wanted.stream if inside else None,
        )

    def _slots(self, positions: list[Position], wanted: SelectionField, type_name: str) -> list[Slot]:
        return [slot for p in positions if (slot := _output_slot(p, wanted, type_name)) is not None]

    def _enum_values(self, enum: SupergraphType) -> frozenset[str]:
        return frozenset(value for value in enum.values if f"{enum.name}.{value}" not in self._hidden)


def _unread_key(positions: list[Position], wanted: SelectionField, type_name: str) -> str:
    """The storage key of a field that is never read: that of the same field under other conditions, if there is one."""
    same = (
        slot.storage_key
        for position in positions
        for slot in position.slots
        if slot.response_key == wanted.response_key and (slot.types is None or type_name in slot.types)
    )
    return next(same, wanted.response_key)


def _output_slot(position: Position, wanted: SelectionField, type_name: str) -> Slot | None:
    identity = wanted.identity
    return position.outputs.get((*identity, type_name)) or position.outputs.get((*identity, None))
