"""One cover to find: the fields of one object, from where one stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from router.graph.query_graph import FieldEdge, KeyEdge, OwnInputs
from router.graph.selections import TYPENAME, Selection, SelectionField
from router.planner.cover.covers import Cover, ObjectCover, Stand, price
from router.planner.cover.trial import Trial

if TYPE_CHECKING:
    from router.planner.cover.solver import Solver

__all__ = ["ObjectProblem", "Option", "Place"]

MAX_ENUMERATED = 8
"""More optional places than this are covered greedily: 2^8 subsets are the most that are tried exactly."""


@dataclass(slots=True)
class Place:
    index: int
    subgraph: int
    entry: str
    stand: int | None
    view: Selection | None
    stage: int
    paid: bool


@dataclass(frozen=True, slots=True)
class Option:
    """One way to read a field: at a place, with what must be sent there first, and what is provided below."""

    place: Place
    edge: FieldEdge | None
    view: Selection | None
    entry: str

    @property
    def requires(self) -> Selection | None:
        return self.edge.requires if self.edge is not None else None

    @property
    def inputs(self) -> OwnInputs | None:
        return self.edge.inputs if self.edge is not None else None


class ObjectProblem:
    """One cover to find: the fields of one object, from where one stands.

    Args:
        apart: whether the fields must be read by calls of their own; stands only give the keys for these.
    """

    def __init__(
        self,
        solver: "Solver",
        type_name: str,
        fields: tuple[SelectionField, ...],
        stands: tuple[Stand, ...],
        typename_at: int | None = None,
        *,
        apart: bool = False,
    ) -> None:
        self.solver = solver
        self.typename_at = typename_at
        self.graph = solver.graph
        self.type = type_name
        self.fields = tuple(f for f in fields if not self._is_free(f))
        self._apart = frozenset(f.id for f in self.fields) if apart else frozenset[int]()
        self.places: list[Place] = []
        self._places_at: dict[tuple[int, str], list[Place]] = {}
        for i, s in enumerate(stands):
            self._add(Place(i, s.subgraph, self._held_as(s), i, s.view, s.stage, s.paid))
        self._with_view = [p for p in self.places if p.view is not None]
        self.stand_count = len(stands)
        self.keys: dict[int, list[KeyEdge]] = {}
        self._options: dict[int, list[Option]] = {}
        self._alike: dict[SelectionField, list[SelectionField]] = {}
        self._field_sets: dict[Selection, tuple[SelectionField, ...]] = {}

    def _add(self, place: Place) -> None:
        self.places.append(place)
        self._places_at.setdefault((place.subgraph, place.entry), []).append(place)

    def _held_as(self, stand: Stand) -> str:
        return stand.entry if self.graph.is_interface_object(stand.entry, stand.subgraph) else self.type

    def _is_free(self, wanted: SelectionField) -> bool:
        """`__typename` of an object whose type is known, introspection and what is denied need no subgraph."""
        if wanted.introspection is not None or wanted.denied:
            return True
        return wanted.name == TYPENAME and self.graph.supergraph.types[self.type].kind == "OBJECT"

    # -- solving -----------------------------------------------------------------------------------------------------

    def solve(self) -> ObjectCover | None:
        everything = Trial(self, self.places[: self.stand_count]).run(local_only=True)
        if everything is not None:
            return everything
        self._add_jumps()
        first = Trial(self, self.places)
        best = first.run()
        if best is None:
            return None
        for allowed in self._alternatives(best, {place for place, _, _ in first.by_stage}):
            other = Trial(self, allowed).run()
            if other is not None and price(other) < price(best):
                best = other
        return best

    def _add_jumps(self) -> None:
        seen: dict[tuple[int, str], int] = {}
        is_root = self.type == self.graph.query_root
        stood_in = {p.subgraph for p in self.places}
        for edge in self.graph.key_edges(self.type):
            if is_root and edge.subgraph in stood_in:
                continue  # every root is entered at once, or was reached by a field of that type
            place = (edge.subgraph, edge.entry)
            if place not in seen:
                seen[place] = len(self.places)
                self._add(Place(len(self.places), edge.subgraph, edge.entry, None, None, 0, paid=True))
            self.keys.setdefault(seen[place], []).append(edge)
        # A stand is re-entered by its own keys when a field of it needs more than it knows.
        for place_ in self.places[: self.stand_count]:
            jump = seen.get((place_.subgraph, place_.entry))
            if jump is not None:
                self.keys[place_.index] = self.keys[jump]
        self._options.clear()
        self._alike.clear()

    def _alternatives(self, best: ObjectCover, entered: set[int]) -> Iterator[list[Place]]:
        """Smaller sets of places that may cover the fields better than the greedy trial did.

        Args:
            entered: the places that the greedy trial entered, if only for what keys and requirements need.
        """
        free = [p for p in self.places[: self.stand_count] if p.paid]
        forced: set[int] = set()
        optional: set[int] = set()
        for wanted in self.alike():
            owners = {o.place.index for o in self.options(wanted)}
            if owners & {p.index for p in free} and wanted.selection is None:
                continue
            (forced if len(owners) == 1 else optional).update(owners)
        optional = (optional | entered) - forced - {p.index for p in free}
        if not optional:
            return
        base = {p.index for p in free} | forced
        if len(optional) > MAX_ENUMERATED:
            yield self._greedy(base, optional)
            return
        limit = min(len(optional), best.mask.bit_count() + 1)
        for size in range(limit):
            for chosen in combinations(sorted(optional), size):
                yield [p for p in self.places if p.index in base or p.index in chosen]

    def _greedy(self, base: set[int], optional: set[int]) -> list[Place]:
        chosen = set(base)
        missing = [w for w in self.alike() if not any(o.place.index in chosen for o in self.options(w))]
        while missing:
            owns = {
                p: [w for w in missing if any(o.place.index == p for o in self.options(w))] for p in sorted(optional)
            }
            best = max(owns, key=lambda p: (sum(len(self.alike()[w]) for w in owns[p]), -p))
            if not owns[best]:
                break
            chosen.add(best)
            missing = [w for w in missing if w not in owns[best]]
        return [p for p in self.places if p.index in chosen]

    # -- what can be read where --------------------------------------------------------------------------------------

    def options(self, wanted: SelectionField) -> list[Option]:
        known = self._options.get(wanted.id)
        if known is None:
            options = {o.place.index: o for o in (*self._resolved(wanted), *self._provided(wanted))}
            known = self._options[wanted.id] = [
                options[index]
                for index in sorted(options)
                if wanted.id not in self._apart or options[index].place.stand is None or not options[index].place.paid
            ]
        return known

    def _resolved(self, wanted: SelectionField) -> Iterator[Option]:
        for edge in self.graph.field_edges(self.type, wanted.name):
            if wanted.name == TYPENAME and self.typename_at not in (None, edge.subgraph):
                continue
            for place in self._places_at.get((edge.subgraph, edge.entry), ()):
                yield Option(place, edge, edge.provides, edge.type.name)

    def _provided(self, wanted: SelectionField) -> Iterator[Option]:
        for place in self._with_view:
            assert place.view is not None
            provided = next((f for f in place.view.fields_of(self.type) if f.name == wanted.name), None)
            if provided is None:
                continue
            edges = self.graph.field_edges(self.type, wanted.name)
            edge = next((e for e in edges if (e.subgraph, e.entry) == (place.subgraph, place.entry)), None)
            entry = self.graph.output_type(place.entry, wanted.name, place.subgraph).name
            view = self.graph.builder.merged(provided.selection, edge.provides if edge else None)
            yield Option(place, None, view, entry)

    @cached_property
    def _everywhere(self) -> frozenset[tuple[int, str]]:
        """Where the object is or could be entered, whatever is allowed in one trial."""
        jumps = ((e.subgraph, e.entry) for e in self.graph.key_edges(self.type))
        return frozenset((*((p.subgraph, p.entry) for p in self.places[: self.stand_count]), *jumps))

    def alike(self) -> dict[SelectionField, list[SelectionField]]:
        """The fields, those with equal options together: leaves that are one decision. Keys are the first of each."""
        if not self._alike:
            first: dict[object, SelectionField] = {}
            for wanted in self.fields:
                options = tuple((o.place.index, o.requires, o.inputs) for o in self.options(wanted))
                is_hidden = not wanted.response_key
                one = first.setdefault((is_hidden, options) if wanted.selection is None else wanted, wanted)
                self._alike.setdefault(one, []).append(wanted)
        return self._alike

    def needs(self, selection: Selection) -> tuple[SelectionField, ...]:
        known = self._field_sets.get(selection)
        if known is None:
            fields = selection.fields_of(self.type) or selection.own
            known = self._field_sets[selection] = tuple(f for f in fields if f.name != TYPENAME)
        return known

    def below(self, wanted: SelectionField, option: Option) -> Cover | None:
        """How the field's own selection is covered when it is read there; only for composite fields."""
        assert wanted.selection is not None
        stand = Stand(option.place.subgraph, option.entry, option.view)
        selection = wanted.selection
        if self.graph.supergraph.types[wanted.type.name].is_abstract:
            types = self.graph.common_types(self.type, wanted.name, self._everywhere)
            if types is not None:
                selection = self.solver.answerable(selection, types)
        return self.solver.cover(selection, wanted.type.name, (stand,))
