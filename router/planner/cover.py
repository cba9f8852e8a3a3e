"""The search: for each object position, where every selected field is read and how one gets there.

A position is solved on its own, given where one stands: a minimal *cover* of its fields by the places one stands in
and the places one can jump to. Solutions below a field are part of the cover's price, and every (selection, standpoint) is
solved once, so there is no global product of choices. Prices are bitmasks over (stage, subgraph): a union of them counts
entity calls as they will be batched, the highest bit tells the depth. Depth comes first, then the number of calls.

Source: §b.4 of the engine's design; set cover with precedence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from router.errors import PlanningError
from router.graph.query_graph import FieldEdge, KeyEdge, QueryGraph
from router.graph.selections import TYPENAME, Selection, SelectionField

__all__ = [
    "AbstractCover",
    "Cover",
    "FieldChoice",
    "Instance",
    "InterfaceObjectCover",
    "ObjectCover",
    "Solver",
    "Stand",
]

UNREACHABLE = 1_000_000
MAX_ENUMERATED = 8
"""More optional places than this are covered greedily: 2^8 subsets are the most that are tried exactly."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A place where the objects of a position already are.

    Attributes:
        entry: the position's type as that subgraph has it.
        view: what it has beyond the ordinary there, from `@provides`.
        stage: relative to the earliest stand of the position.
        paid: False for the entries of a root type, which cost a call once they are used.
    """

    subgraph: int
    entry: str
    view: Selection | None = None
    stage: int = 0
    paid: bool = True


@dataclass(slots=True)
class Instance:
    """One fetch that a cover uses at its position: a stand, or an entity call.

    Attributes:
        stand: index into the position's stands, or None for an entity call.
        key: what the representation needs, with where each is read.
        requires: what `@requires` fields read here need on top.
    """

    subgraph: int
    entry: str
    stage: int
    stand: int | None = None
    key: list[tuple[SelectionField, "FieldChoice"]] = field(default_factory=list)
    requires: list[tuple[SelectionField, "FieldChoice"]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """Where one field is read.

    Attributes:
        sources: indices of instances; several only where a value object is put together from several subgraphs.
        types: the field's type in each source's subgraph.
        cover: how the field's own selection is covered; its stands are the sources, in order. None for a leaf.
    """

    sources: tuple[int, ...]
    cover: "Cover | None" = None


@dataclass(frozen=True, slots=True)
class ObjectCover:
    """The cover of an object position.

    Attributes:
        mask: bit (stage * number of subgraphs + subgraph) for each entity call, relative to the position.
        finish: the stage after which everything is there.
        calls: entity calls, before batching.
    """

    type: str
    instances: tuple[Instance, ...]
    outputs: tuple[tuple[SelectionField, FieldChoice], ...]
    mask: int
    finish: int
    calls: int


@dataclass(frozen=True, slots=True)
class AbstractCover:
    """The cover of an interface or union position: one per object type that the stand's subgraph may answer."""

    by_type: dict[str, ObjectCover]
    mask: int
    finish: int
    calls: int


@dataclass(frozen=True, slots=True)
class InterfaceObjectCover:
    """The cover of a position whose subgraph has the interface as an object and cannot tell runtime types.

    Attributes:
        common: what is read of the interface, `__typename` from a subgraph that has the real interface included.
        typename: index in `common.instances` of the instance that told the runtime type; None if nobody needs it.
        by_type: the rest, per runtime type; its stands are the position's first, then the `typename` instance.
    """

    common: ObjectCover
    typename: int | None
    by_type: dict[str, ObjectCover]
    mask: int
    finish: int
    calls: int


Cover = ObjectCover | AbstractCover | InterfaceObjectCover


class Solver:
    """Covers positions of one query graph; remembers all it solved.

    Args:
        budget: how many positions and alternatives may be looked at; beyond it PlanningError
            (QUERY_PLANNING_BUDGET_EXCEEDED) is raised, so that no operation can take the planner hostage.
    """

    def __init__(self, graph: QueryGraph, *, budget: int = 200_000) -> None:
        self.graph = graph
        self._left = budget
        self._known: dict[tuple[object, ...], Cover | None] = {}
        self._objects: dict[tuple[object, ...], ObjectCover | None] = {}

    def spend(self, amount: int = 1) -> None:
        self._left -= amount
        if self._left < 0:
            raise PlanningError(
                "Planning this operation would take too much work. Select fewer fields, or split it.",
                code="QUERY_PLANNING_BUDGET_EXCEEDED",
            )

    def cover(self, selection: Selection, type_name: str, stands: tuple[Stand, ...]) -> Cover | None:
        """Covers a selection on a position of API type `type_name`; None if no plan exists."""
        key = (selection, type_name, stands)
        if key not in self._known:
            self._known[key] = None  # a selection is a tree: it cannot contain itself
            self._known[key] = self._cover(selection, type_name, stands)
        return self._known[key]

    def cover_object(
        self, type_name: str, fields: tuple[SelectionField, ...], stands: tuple[Stand, ...]
    ) -> ObjectCover | None:
        """Covers fields of an object whose type is known (or of an interface, where only that is known)."""
        key = (type_name, fields, stands)
        if key not in self._objects:
            self.spend()
            self._objects[key] = _ObjectProblem(self, type_name, fields, stands).solve()
        return self._objects[key]

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
        of_interface = {_identity(f) for f in selection.own}
        specific = {
            name: [f for f in fields if _identity(f) not in of_interface] for name, fields in selection.by_type.items()
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
        wanted = (*readable, self.graph.builder.typename()) if needs_typename else readable
        common = self.cover_object(interface, wanted, (stand,))
        if common is None:
            return None
        typename = next((c.sources[0] for f, c in common.outputs if f.name == TYPENAME), None)
        mask, calls, finish = common.mask, common.calls, common.finish
        by_type: dict[str, ObjectCover] = {}
        if typename is not None:
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
        if missing and not by_type:
            return None
        return InterfaceObjectCover(common, typename, by_type, mask, finish, calls)

    def _readable(self, interface: str, wanted: SelectionField, stand: Stand) -> bool:
        return self.cover_object(interface, (wanted,), (stand,)) is not None

    def shift(self, mask: int, stages: int) -> int:
        return mask << (stages * self.graph.subgraph_count)

    def bit(self, stage: int, subgraph: int) -> int:
        return 1 << (stage * self.graph.subgraph_count + subgraph)


def _identity(wanted: SelectionField) -> tuple[object, ...]:
    """What is asked, whatever the declared type: an object type may declare an interface's field more narrowly."""
    return wanted.response_key, wanted.name, wanted.arguments, wanted.conditions, wanted.selection


def price(cover: Cover) -> tuple[int, int, int]:
    """What covers are compared by: depth, batched calls, calls."""
    return cover.finish, cover.mask.bit_count(), cover.calls


@dataclass(slots=True)
class _Place:
    index: int
    subgraph: int
    entry: str
    stand: int | None
    view: Selection | None
    stage: int
    paid: bool


@dataclass(frozen=True, slots=True)
class _Option:
    """One way to read a field: at a place, with what must be sent there first, and what is provided below."""

    place: _Place
    edge: FieldEdge | None
    view: Selection | None
    entry: str

    @property
    def requires(self) -> Selection | None:
        return self.edge.requires if self.edge is not None else None


class _ObjectProblem:
    """One cover to find: the fields of one object, from where one stands."""

    def __init__(self, solver: Solver, type_name: str, fields: tuple[SelectionField, ...], stands: tuple[Stand, ...]):
        self.solver = solver
        self.graph = solver.graph
        self.type = type_name
        self.fields = tuple(f for f in fields if not self._is_free(f))
        self.places = [
            _Place(i, s.subgraph, self._held_as(s), i, s.view, s.stage, s.paid) for i, s in enumerate(stands)
        ]
        self.stand_count = len(stands)
        self.keys: dict[int, list[KeyEdge]] = {}
        self._options: dict[int, list[_Option]] = {}
        self._field_sets: dict[Selection, tuple[SelectionField, ...]] = {}

    def _held_as(self, stand: Stand) -> str:
        return stand.entry if self.graph.is_interface_object(stand.entry, stand.subgraph) else self.type

    def _is_free(self, wanted: SelectionField) -> bool:
        """`__typename` of an object whose type is known, and introspection, need no subgraph."""
        if wanted.introspection is not None:
            return True
        return wanted.name == TYPENAME and self.graph.supergraph.types[self.type].kind == "OBJECT"

    # -- solving -----------------------------------------------------------------------------------------------------

    def solve(self) -> ObjectCover | None:
        everything = _Trial(self, self.places[: self.stand_count]).run(local_only=True)
        if everything is not None:
            return everything
        self._add_jumps()
        best = _Trial(self, self.places).run()
        if best is None:
            return None
        for allowed in self._alternatives(best):
            self.solver.spend()
            other = _Trial(self, allowed).run()
            if other is not None and price(other) < price(best):
                best = other
        return best

    def _add_jumps(self) -> None:
        seen: dict[tuple[int, str], int] = {}
        for edge in self.graph.key_edges(self.type):
            place = (edge.subgraph, edge.entry)
            if place not in seen:
                seen[place] = len(self.places)
                self.places.append(_Place(len(self.places), edge.subgraph, edge.entry, None, None, 0, True))
            self.keys.setdefault(seen[place], []).append(edge)
        # A stand is re-entered by its own keys when a field of it needs more than it knows.
        for place_ in self.places[: self.stand_count]:
            jump = seen.get((place_.subgraph, place_.entry))
            if jump is not None:
                self.keys[place_.index] = self.keys[jump]
        self._options.clear()

    def _alternatives(self, best: ObjectCover) -> Iterator[list[_Place]]:
        """Smaller sets of places that may cover the fields better than the greedy trial did."""
        free = [p for p in self.places[: self.stand_count] if p.paid]
        forced: set[int] = set()
        optional: set[int] = set()
        for wanted in self.fields:
            owners = {o.place.index for o in self.options(wanted)}
            if owners & {p.index for p in free} and wanted.selection is None:
                continue
            (forced if len(owners) == 1 else optional).update(owners)
        optional -= forced | {p.index for p in free}
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

    def _greedy(self, base: set[int], optional: set[int]) -> list[_Place]:
        chosen = set(base)
        missing = [w for w in self.fields if not any(o.place.index in chosen for o in self.options(w))]
        while missing:
            owns = {
                p: [w for w in missing if any(o.place.index == p for o in self.options(w))] for p in sorted(optional)
            }
            best = max(owns, key=lambda p: (len(owns[p]), -p))
            if not owns[best]:
                break
            chosen.add(best)
            missing = [w for w in missing if w not in owns[best]]
        return [p for p in self.places if p.index in chosen]

    # -- what can be read where --------------------------------------------------------------------------------------

    def options(self, wanted: SelectionField) -> list[_Option]:
        known = self._options.get(wanted.id)
        if known is None:
            known = self._options[wanted.id] = list(self._find_options(wanted))
        return known

    def _find_options(self, wanted: SelectionField) -> Iterator[_Option]:
        edges = self.graph.field_edges(self.type, wanted.name)
        for place in self.places:
            provided = None
            if place.view is not None:
                provided = next((f for f in place.view.fields_of(self.type) if f.name == wanted.name), None)
            edge = next((e for e in edges if e.subgraph == place.subgraph and e.entry == place.entry), None)
            if provided is not None:
                entry = self.graph.output_type(place.entry, wanted.name, place.subgraph).name
                view = self.graph.builder.merged(provided.selection, edge.provides if edge else None)
                yield _Option(place, None, view, entry)
            elif edge is not None:
                yield _Option(place, edge, edge.provides, edge.type.name)

    def needs(self, selection: Selection) -> tuple[SelectionField, ...]:
        known = self._field_sets.get(selection)
        if known is None:
            fields = selection.fields_of(self.type) or selection.own
            known = self._field_sets[selection] = tuple(f for f in fields if f.name != TYPENAME)
        return known

    def below(self, wanted: SelectionField, option: _Option) -> Cover | None:
        """How the field's own selection is covered when it is read there; only for composite fields."""
        assert wanted.selection is not None
        stand = Stand(option.place.subgraph, option.entry, option.view)
        return self.solver.cover(wanted.selection, wanted.type.name, (stand,))


class _Trial:
    """One attempt: cover the fields with a given set of places."""

    def __init__(self, problem: _ObjectProblem, places: Sequence[_Place]) -> None:
        self.problem = problem
        self.solver = problem.solver
        self.places = list(places)
        self.allowed = {p.index for p in places}
        self.reach: dict[int, int] = {}
        self.instances: list[Instance] = []
        self.stood_in: dict[int, int] = {}
        self.by_stage: dict[tuple[int, int], int] = {}
        self.mask = 0
        self.calls = 0
        self.finish = 0
        self._active: set[tuple[int, int]] = set()

    def run(self, *, local_only: bool = False) -> ObjectCover | None:
        self._relax()
        target = 0
        for wanted in self.problem.fields:
            stage = self._stage_of(wanted)
            if stage >= UNREACHABLE:
                return None
            target = max(target, stage)
        outputs: dict[int, FieldChoice] = {}
        for wanted in self._most_constrained_first():
            chosen = self._choose(wanted, UNREACHABLE, target)
            if chosen is None:
                return None
            outputs[wanted.id] = self._commit(chosen)
        if local_only and (self.mask or self.calls):
            return None
        return ObjectCover(
            self.problem.type,
            tuple(self.instances),
            tuple((w, outputs[w.id]) for w in self.problem.fields),
            self.mask,
            self.finish,
            self.calls,
        )

    def _most_constrained_first(self) -> list[SelectionField]:
        def freedom(wanted: SelectionField) -> tuple[bool, int, int]:
            options = [o for o in self.problem.options(wanted) if o.place.index in self.allowed]
            plain = any(o.requires is None for o in options)
            return plain, len(options), wanted.id

        return sorted(self.problem.fields, key=freedom)

    # -- reaching ----------------------------------------------------------------------------------------------------

    def _relax(self) -> None:
        """Earliest stage at which each place can be entered: a least fixpoint over keys."""
        for place in self.places:
            if place.stand is not None:
                self.reach[place.index] = place.stage
        changed = True
        while changed:
            changed = False
            for place in self.places:
                if place.stand is not None:
                    continue
                stage = self._entry_stage(place)
                if stage < self.reach.get(place.index, UNREACHABLE):
                    self.reach[place.index] = stage
                    changed = True

    def _entry_stage(self, place: _Place) -> int:
        return min(
            (1 + self._need_stage(k.selection) for k in self.problem.keys.get(place.index, ())), default=UNREACHABLE
        )

    def _need_stage(self, selection: Selection) -> int:
        return max((self._stage_of(f) for f in self.problem.needs(selection)), default=0)

    def _stage_of(self, wanted: SelectionField) -> int:
        """Earliest stage after which a field, with all below it, is there."""
        best = UNREACHABLE
        options = [o for o in self.problem.options(wanted) if o.place.index in self.reach]
        for option in options:
            start = self._start(wanted, option)
            if start >= best:
                continue
            if wanted.selection is not None:
                below = self.problem.below(wanted, option)
                if below is None:
                    continue
                start += below.finish
            best = min(best, start)
        combined = self._combined(wanted, options)
        if combined is not None:
            base, cover, _ = combined
            best = min(best, base + cover.finish)
        return best

    def _start(self, wanted: SelectionField, option: _Option) -> int:
        reached = self.reach.get(option.place.index, UNREACHABLE)
        if option.requires is None or reached >= UNREACHABLE:
            return reached
        key = (wanted.id, option.place.index)
        if key in self._active:
            return UNREACHABLE  # it would need itself
        self._active.add(key)
        try:
            needed = 1 + self._need_stage(option.requires)
            if option.place.stand is not None:
                reached = self._entry_stage(option.place)
            return max(reached, needed)
        finally:
            self._active.discard(key)

    def _combined(
        self, wanted: SelectionField, options: list[_Option]
    ) -> tuple[int, Cover, list[tuple[_Option, int]]] | None:
        """A composite field read in several subgraphs at once, its parts put together."""
        plain = [o for o in options if o.requires is None]
        if wanted.selection is None or len(plain) < 2 or self._is_abstract(wanted):
            return None
        if any((c := self.problem.below(wanted, o)) is not None and not c.mask for o in plain):
            return None  # one of them has it all
        starts = [(o, self.reach[o.place.index]) for o in plain]
        base = min(s for _, s in starts)
        stands = tuple(Stand(o.place.subgraph, o.entry, o.view, s - base, self._is_used(o.place, s)) for o, s in starts)
        cover = self.solver.cover(wanted.selection, wanted.type.name, stands)
        return None if cover is None else (base, cover, starts)

    def _is_used(self, place: _Place, stage: int, requires: Selection | None = None) -> bool:
        """Whether reading there costs no further call."""
        if place.stand is not None and requires is None and stage == place.stage:
            return place.paid or place.index in self.stood_in
        return (place.index, stage) in self.by_stage

    def _is_abstract(self, wanted: SelectionField) -> bool:
        return self.solver.graph.supergraph.types[wanted.type.name].is_abstract

    # -- choosing ----------------------------------------------------------------------------------------------------

    def _choose(self, wanted: SelectionField, deadline: int, target: int) -> "_Choice | None":
        """The best way to read a field that is there by `deadline`; up to `target`, later is not worse."""
        options = [o for o in self.problem.options(wanted) if o.place.index in self.reach]
        best: _Choice | None = None
        for option in options:
            start = self._start(wanted, option)
            if start >= UNREACHABLE:
                continue
            cover = None
            if wanted.selection is not None:
                cover = self.problem.below(wanted, option)
                if cover is None:
                    continue
            later = (s for p, s in self.by_stage if p == option.place.index and s > start)
            for stage in (start, *later):
                finish = stage + (cover.finish if cover else 0)
                if finish > deadline:
                    continue
                choice = self._priced(((option, stage),), stage, cover, target)
                if best is None or choice.rank < best.rank:
                    best = choice
        combined = self._combined(wanted, options)
        if combined is not None:
            base, cover, starts = combined
            if base + cover.finish <= deadline:
                used = {i.stand for i in cover.instances} if isinstance(cover, ObjectCover) else set()
                pairs = tuple(pair for n, pair in enumerate(starts) if n in used)
                choice = self._priced(pairs, base, cover, target, starts)
                if best is None or choice.rank < best.rank:
                    best = choice
        return best

    def _priced(
        self,
        pairs: tuple[tuple[_Option, int], ...],
        base: int,
        cover: Cover | None,
        target: int,
        all_pairs: list[tuple[_Option, int]] | None = None,
    ) -> "_Choice":
        new, calls = 0, cover.calls if cover else 0
        for option, stage in pairs:
            if not self._is_used(option.place, stage, option.requires):
                new |= self.solver.bit(stage, option.place.subgraph)
                calls += 1
        if cover is not None:
            new |= self.solver.shift(cover.mask, base)
        finish = max([base + (cover.finish if cover else 0), *(s for _, s in pairs)], default=base)
        rank = (max(finish, target), (new & ~self.mask).bit_count(), calls, finish, *(p.place.index for p, _ in pairs))
        return _Choice(rank, pairs if all_pairs is None else tuple(all_pairs), cover, base, finish)

    def _commit(self, choice: "_Choice") -> FieldChoice:
        sources = []
        used = None
        if len(choice.pairs) > 1 and isinstance(choice.cover, ObjectCover):
            used = {i.stand for i in choice.cover.instances}
        for n, (option, stage) in enumerate(choice.pairs):
            if used is not None and n not in used:
                sources.append(-1)
                continue
            sources.append(self._instance(option.place, stage, option.requires))
        if choice.cover is not None:
            self.mask |= self.solver.shift(choice.cover.mask, choice.base)
            self.calls += choice.cover.calls
        self.finish = max(self.finish, choice.finish)
        return FieldChoice(tuple(sources), choice.cover)

    def _instance(self, place: _Place, stage: int, requires: Selection | None) -> int:
        if place.stand is not None and requires is None and stage == place.stage:
            if place.index not in self.stood_in:
                self.stood_in[place.index] = self._add(Instance(place.subgraph, place.entry, stage, place.stand))
                if not place.paid:
                    self._pay(place, stage)
            return self.stood_in[place.index]
        index = self.by_stage.get((place.index, stage))
        if index is None:
            index = self.by_stage[place.index, stage] = self._add(Instance(place.subgraph, place.entry, stage))
            self._pay(place, stage)
            self._fill(self.instances[index].key, self._best_key(place, stage), stage - 1)
        if requires is not None:
            self._fill(self.instances[index].requires, requires, stage - 1)
        return index

    def _add(self, instance: Instance) -> int:
        self.instances.append(instance)
        return len(self.instances) - 1

    def _pay(self, place: _Place, stage: int) -> None:
        self.mask |= self.solver.bit(stage, place.subgraph)
        self.calls += 1

    def _best_key(self, place: _Place, stage: int) -> Selection:
        def effort(selection: Selection) -> tuple[int, int]:
            new = 0
            for needed in self.problem.needs(selection):
                choice = self._choose(needed, stage - 1, stage - 1)
                new += choice.rank[1] if choice is not None else UNREACHABLE
            return new, self._need_stage(selection)

        return min((k.selection for k in self.problem.keys[place.index]), key=effort)

    def _fill(self, into: list[tuple[SelectionField, FieldChoice]], selection: Selection, deadline: int) -> None:
        present = {f.id for f, _ in into}
        for needed in self.problem.needs(selection):
            if needed.id in present:
                continue
            choice = self._choose(needed, deadline, deadline)
            if choice is None:
                raise PlanningError(f"No way to read {self.problem.type}.{needed.name} in time.")
            into.append((needed, self._commit(choice)))


@dataclass(frozen=True, slots=True)
class _Choice:
    rank: tuple[int, ...]
    pairs: tuple[tuple[_Option, int], ...]
    cover: Cover | None
    base: int
    finish: int
