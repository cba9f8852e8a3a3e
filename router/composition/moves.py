"""Where a query can be at, and how it can move: the facts that satisfiability rests on.

A *location* is a subgraph's type, with the fields that a `@provides` above makes available there (its *view*). From a
location a query moves along fields, and along keys to other subgraphs' locations of the same entity. Which keys can be
used depends on which fields can be reached, and that on which keys can be used: the least fixpoint over both is
computed for all locations that depend on one another at once, so every fact is settled once and never searched again.
"""

from collections.abc import Iterable, Iterator

from router.composition.model import TypeDef, base_type
from router.composition.supergraph_model import MergeState
from router.graph.field_sets import FieldSelection, FieldSet, FragmentSelection

__all__ = ["LEAF", "ContextNeed", "Location", "Moves"]

Location = int
LEAF: Location = -1
"""What a field without subfields leads to."""

ContextNeed = tuple[str, str]
"""A context and the selection taken from it, as written."""

_ROOTS = frozenset({"Query", "Mutation", "Subscription"})


class Moves:
    """All locations met so far, numbered, and the moves between them, under one assignment of override labels."""

    def __init__(self, state: MergeState, labels: frozenset[str] = frozenset()) -> None:
        self._state = state
        self.labels = labels
        self._numbers: dict[tuple[int, str, FieldSet], Location] = {}
        self.places: list[tuple[int, str, FieldSet]] = []
        self._direct: list[set[Location]] = []
        self._requires: dict[tuple[Location, str], bool] = {}
        self._settled = self._settled_requires = 0
        self._settling = False
        self._has_contexts = any(
            join.context_arguments for t in state.types.values() for joins in t.fields.values() for join in joins
        )
        self._reach: dict[Location, tuple[Location, ...]] = {}
        self._reach_all: dict[frozenset[Location], tuple[Location, ...]] = {}
        self._possible: dict[str, tuple[str, ...]] = {}
        self._possible_in: dict[tuple[int, str], tuple[str, ...]] = {}

    # ---- locations --------------------------------------------------------------------------------------------------

    def location(self, subgraph: int, type_name: str, view: FieldSet = ()) -> Location:
        """The number of a location, made up if it is new."""
        place = (subgraph, type_name, view)
        number = self._numbers.get(place)
        if number is None:
            number = self._numbers[place] = len(self.places)
            self.places.append(place)
            self._direct.append(set())
        return number

    def roots(self, type_name: str) -> frozenset[Location]:
        """Where an operation can start."""
        return frozenset(self.location(i, type_name) for i in self._state.types[type_name].sources)

    def subgraph_of(self, location: Location) -> int:
        """Index of the location's subgraph."""
        return self.places[location][0]

    def is_interface_object(self, location: Location) -> bool:
        """Whether the location is an object that stands for any implementation of an interface."""
        subgraph, type_name, _ = self.places[location]
        return subgraph in self._state.interface_objects.get(type_name, ())

    def is_abstract(self, location: Location) -> bool:
        """Whether the location's subgraph has an interface or union there."""
        return self._definition(location).kind != "OBJECT"

    def possible_types(self, type_name: str) -> tuple[str, ...]:
        """Object types a composite type can be in the supergraph."""
        found = self._possible.get(type_name)
        if found is None:
            found = self._possible[type_name] = self._state.possible_types(type_name)
        return found

    def possible_types_at(self, location: Location) -> tuple[str, ...]:
        """Object types that the location's subgraph can return there."""
        subgraph, type_name, _ = self.places[location]
        found = self._possible_in.get((subgraph, type_name))
        if found is None:
            found = self._state.subgraphs[subgraph].possible_types(type_name)
            self._possible_in[subgraph, type_name] = found
        return found

    # ---- moves ------------------------------------------------------------------------------------------------------

    def advance(
        self, locations: frozenset[Location], field: str, contexts: frozenset[ContextNeed] | None = None
    ) -> frozenset[Location]:
        """Where selecting a field leads to from any of the locations, there or after moving by keys.

        Args:
            contexts: what can be had from those set above; None does not care.

        Returns:
            An empty set if the field cannot be resolved.
        """
        while True:
            self._settle()
            size = self._size()
            found: set[Location] = set()
            for here in self._reach_of_all(locations):
                if contexts is None or self.context_needs(here, field) <= contexts:
                    found.update(self._step(here, field))
            for location in locations:
                if self._definition(location).kind == "INTERFACE":
                    found.update(self._explode(location, field, contexts))
            if self._settling or self._size() == size:
                return frozenset(found)

    def resolvers(self, locations: frozenset[Location], field: str) -> frozenset[Location]:
        """Where the field itself is resolved, of what can be reached; empty where only its possible types have it."""
        return frozenset(here for here in self._reach_of_all(locations) if self._step(here, field))

    def narrow(self, location: Location, type_name: str) -> frozenset[Location] | None:
        """The location as one of its possible object types; None if the subgraph never returns that type there.

        An interface object does not know its type: it must first be looked up where the interface is one.
        """
        self._settle()
        subgraph, own, view = self.places[location]
        if own == type_name:
            return frozenset((location,))
        if self.is_interface_object(location):
            return frozenset(
                self.location(self.subgraph_of(there), type_name)
                for there in self.reach(location)
                if self._definition(there).kind == "INTERFACE" and type_name in self.possible_types_at(there)
            )
        if type_name not in self.possible_types_at(location):
            return None
        return frozenset((self.location(subgraph, type_name, view),))

    def reach(self, location: Location) -> tuple[Location, ...]:
        """The location itself and all that moving by keys leads to, in order of discovery."""
        known = self._reach.get(location)
        if known is not None:
            return known
        found = {location: None}
        queue = [location]
        while queue:
            for target in sorted(self._direct[queue.pop()]):
                if target not in found:
                    found[target] = None
                    queue.append(target)
        result = tuple(found)
        if location < self._settled and not self._settling:
            self._reach[location] = result
        return result

    def _reach_of_all(self, locations: frozenset[Location]) -> tuple[Location, ...]:
        if len(locations) == 1:
            return self.reach(next(iter(locations)))
        known = self._reach_all.get(locations)
        if known is None:
            known = tuple(dict.fromkeys(x for location in sorted(locations) for x in self.reach(location)))
            if not self._settling and max(locations) < self._settled:
                self._reach_all[locations] = known
        return known

    def owns(self, subgraph: int, type_name: str, field: str) -> bool:
        """Whether the subgraph resolves the field by itself, requirements aside."""
        definition = self._state.subgraphs[subgraph].types.get(type_name)
        if definition is None or field not in definition.fields:
            return False
        if (type_name, field) in self._state.usages[subgraph].external:
            return False
        merged = self._state.types.get(type_name)
        joins = merged.fields.get(field) if merged else None
        if joins is None or definition.kind == "INTERFACE":
            return True
        join = next((j for j in joins if j.graph == subgraph), None)
        if join is None:
            return False
        if join.override_label is not None:
            return (join.override_label in self.labels) == (join.override is not None)
        return not join.used_overridden

    def context_needs(self, location: Location, field: str) -> frozenset[ContextNeed]:
        """What the field's arguments take from contexts, there."""
        if not self._has_contexts:
            return frozenset()
        subgraph, type_name, _ = self.places[location]
        merged = self._state.types.get(type_name)
        joins = merged.fields.get(field, ()) if merged else ()
        join = next((j for j in joins if j.graph == subgraph), None)
        return frozenset((c.context, c.selection) for c in join.context_arguments) if join else frozenset()

    def satisfies(self, locations: Iterable[Location], fields: FieldSet) -> bool:
        """Whether all of a field set can be fetched, starting at any of the locations."""
        starts = frozenset(locations)
        return all(self._satisfies_one(starts, selection) for selection in fields)

    # ---- the fixpoint -----------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Finds all key moves and satisfiable requirements of locations not looked at yet."""
        if self._settling or (self._settled, self._settled_requires) == self._size():
            return
        self._settling = True
        changed = True
        while changed:
            size = self._size()
            changed = False
            for location in range(self._settled, size[0]):
                changed |= self._find_moves(location)
            for key in list(self._requires)[self._settled_requires :]:
                if not self._requires[key] and self._requirement_holds(*key):
                    changed = self._requires[key] = True
            changed |= self._size() != size
        self._settled, self._settled_requires = self._size()
        self._settling = False

    def _size(self) -> tuple[int, int]:
        return len(self.places), len(self._requires)

    def _find_moves(self, location: Location) -> bool:
        found = self._direct[location]
        before = len(found)
        subgraph, type_name, _ = self.places[location]
        for target, target_type, key in self._key_edges(subgraph, type_name):
            there = self.location(target, target_type)
            if there not in found and (key is None or self.satisfies((location,), key)):
                found.add(there)
        return len(found) > before

    def _key_edges(self, subgraph: int, type_name: str) -> Iterator[tuple[int, str, FieldSet | None]]:
        """Yields (subgraph, type, key fields) of what could be entered from a type; no key fields for root types."""
        merged = self._state.types.get(type_name)
        if merged is None:
            return
        if type_name in _ROOTS:
            yield from ((i, type_name, None) for i in merged.sources if i != subgraph)
            return
        for index in merged.sources:
            if index != subgraph:
                yield from self._keys(index, type_name)
        for interface in merged.definition.interfaces:
            for index in self._state.interface_objects.get(interface, ()):
                if index not in merged.sources:
                    yield from self._keys(index, interface)

    def _keys(self, subgraph: int, type_name: str) -> Iterator[tuple[int, str, FieldSet | None]]:
        for key in self._state.usages[subgraph].keys.get(type_name, ()):
            if key.resolvable:
                yield subgraph, type_name, key.fields

    def _requirement_holds(self, location: Location, field: str) -> bool:
        subgraph, type_name, _ = self.places[location]
        return self.satisfies((location,), self._state.usages[subgraph].requires[type_name, field])

    # ---- single steps -----------------------------------------------------------------------------------------------

    def _definition(self, location: Location) -> TypeDef:
        subgraph, type_name, _ = self.places[location]
        return self._state.subgraphs[subgraph].types[type_name]

    def _step(self, location: Location, field: str) -> tuple[Location, ...]:
        """Selecting a field without leaving the subgraph."""
        subgraph, type_name, view = self.places[location]
        definition = self._definition(location)
        declared = definition.fields.get(field)
        if declared is None:
            return ()
        provided = list(_provided(self._state, subgraph, type_name, view, field))
        if definition.kind == "INTERFACE" and not provided:
            implementations = self.possible_types_at(location)
            if not all(self._step(self.location(subgraph, t, view), field) for t in implementations):
                return ()
        elif not provided and not (self.owns(subgraph, type_name, field) and self._requirement_met(location, field)):
            return ()
        target = base_type(declared.type)
        if not self._is_composite(subgraph, target):
            return (LEAF,)
        below = [s for selection in provided for s in selection.selections or ()]
        below += self._state.usages[subgraph].provides.get((type_name, field), ())
        return (self.location(subgraph, target, tuple(dict.fromkeys(below))),)

    def _is_composite(self, subgraph: int, type_name: str) -> bool:
        definition = self._state.subgraphs[subgraph].types.get(type_name)
        return definition is not None and definition.is_composite

    def _requirement_met(self, location: Location, field: str) -> bool:
        subgraph, type_name, _ = self.places[location]
        if (type_name, field) not in self._state.usages[subgraph].requires:
            return True
        return self._requires.setdefault((location, field), False)

    def _explode(self, location: Location, field: str, contexts: frozenset[ContextNeed] | None) -> Iterator[Location]:
        """An interface's field, asked of each possible type by itself; nothing unless all of them can answer."""
        subgraph, _, view = self.places[location]
        if any(self._step(here, field) for here in self.reach(location)):
            return  # the interface itself can be asked
        parts = [
            self.advance(frozenset((self.location(subgraph, type_name, view),)), field, contexts)
            for type_name in self.possible_types_at(location)
        ]
        if all(parts):
            for part in parts:
                yield from part

    def _satisfies_one(self, locations: frozenset[Location], selection: FieldSelection | FragmentSelection) -> bool:
        if isinstance(selection, FragmentSelection):
            return self._satisfies_fragment(locations, selection)
        if selection.name == "__typename":
            return True
        # What is fetched for others is fetched of the object alone: nobody gives it what contexts above it say.
        found = self.advance(locations, selection.name, frozenset())
        if not found:
            return False
        if selection.selections is None:
            return True
        return self.satisfies([target for target in found if target != LEAF], selection.selections)

    def _satisfies_fragment(self, locations: frozenset[Location], fragment: FragmentSelection) -> bool:
        condition = fragment.type_condition
        if condition is None:
            return self.satisfies(locations, fragment.selections)
        for type_name in self.possible_types(condition):
            parts = [self.narrow(location, type_name) for location in locations]
            if any(part is None for part in parts):
                continue
            if not self.satisfies([x for part in parts for x in part or ()], fragment.selections):
                return False
        return True


def _provided(state: MergeState, subgraph: int, type_name: str, view: FieldSet, field: str) -> Iterator[FieldSelection]:
    """Yields the view's selections of a field, looking into fragments that apply to the type."""
    for selection in view:
        if isinstance(selection, FieldSelection):
            if selection.name == field:
                yield selection
        elif selection.type_condition in {None, type_name} or type_name in state.subgraphs[subgraph].possible_types(
            selection.type_condition or type_name
        ):
            yield from _provided(state, subgraph, type_name, selection.selections, field)
