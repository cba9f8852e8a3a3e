"""One attempt to cover an object's fields with a given set of places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from router.errors import PlanningError
from router.graph.query_graph import OwnInputs
from router.graph.selections import Selection, SelectionField
from router.planner.cover.covers import Cover, FieldChoice, Instance, ObjectCover, Stand
from router.planner.cover.looking import Looking

if TYPE_CHECKING:
    from router.planner.cover.object_problem import ObjectProblem, Option, Place

__all__ = ["Trial"]

UNREACHABLE = 1_000_000
STAGE_WORK = 5
"""What finding a field's stage costs, as `Solver.spend` counts."""


@dataclass(frozen=True, slots=True)
class _Choice:
    rank: tuple[int, ...]
    pairs: "tuple[tuple[Option, int], ...]"
    cover: Cover | None
    base: int
    finish: int


class Trial:
    """One attempt: cover the fields with a given set of places."""

    def __init__(self, problem: "ObjectProblem", places: "Sequence[Place]") -> None:
        self.problem = problem
        self.solver = problem.solver
        self.places = list(places)
        self.allowed = {p.index for p in places}
        self.reach: dict[int, int] = {}
        self.instances: list[Instance] = []
        self.stood_in: dict[int, int] = {}
        self.by_stage: dict[tuple[int, int, OwnInputs | None], int] = {}
        self.mask = 0
        self.calls = 0
        self.finish = 0
        self._looking = Looking()
        """For the stages of fields with requirements."""
        self._stages: dict[int, int] = {}

    def run(self, *, local_only: bool = False) -> ObjectCover | None:
        self.solver.spend(1 + len(self.places) * len(self.problem.alike()))
        self._relax()
        target = 0
        for wanted in self.problem.alike():
            stage = self._stage_of(wanted)
            if stage >= UNREACHABLE:
                return None
            target = max(target, stage)
        outputs: dict[int, FieldChoice] = {}
        for wanted in self._most_constrained_first():
            # What gives a context's value is awaited by fetches further down: there, later is worse.
            chosen = self._choose(wanted, UNREACHABLE, target if wanted.response_key else 0)
            if chosen is None:
                return None
            choice = self._commit(chosen)
            outputs.update((same.id, choice) for same in self.problem.alike()[wanted])
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
        # Equal ones stay in their order: a plan must not depend on what was planned before it.
        def freedom(wanted: SelectionField) -> tuple[bool, bool, int]:
            options = [o for o in self.problem.options(wanted) if o.place.index in self.allowed]
            plain = any(o.requires is None for o in options)
            return bool(wanted.response_key), plain, len(options)

        return sorted(self.problem.alike(), key=freedom)

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
                    self._stages.clear()
                    changed = True

    def _entry_stage(self, place: "Place") -> int:
        return min(
            (1 + self._need_stage(k.selection) for k in self.problem.keys.get(place.index, ())), default=UNREACHABLE
        )

    def _need_stage(self, selection: Selection) -> int:
        return max((self._stage_of(f) for f in self.problem.needs(selection)), default=0)

    def _stage_of(self, wanted: SelectionField) -> int:
        """Earliest stage after which a field, with all below it, is there."""
        known = self._stages.get(wanted.id)
        if known is not None:
            return known
        self.solver.spend(STAGE_WORK)
        # What is unreachable only because something around it is still being looked for may be reachable elsewhere.
        return self._looking.remembered(self._stages, wanted.id, lambda: self._find_stage(wanted))

    def _find_stage(self, wanted: SelectionField) -> int:
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

    def _start(self, wanted: SelectionField, option: "Option") -> int:
        reached = self.reach.get(option.place.index, UNREACHABLE)
        if option.requires is None or reached >= UNREACHABLE:
            return reached
        key = (wanted.id, option.place.index)
        if not self._looking.enter(key):
            return UNREACHABLE  # it would need itself
        try:
            needed = 1 + self._need_stage(option.requires)
            if option.place.stand is not None:
                reached = self._entry_stage(option.place)
            return max(reached, needed)
        finally:
            self._looking.leave(key)

    def _combined(
        self, wanted: SelectionField, options: "list[Option]"
    ) -> "tuple[int, Cover, list[tuple[Option, int]]] | None":
        """A composite field read in several subgraphs at once, its parts put together."""
        plain = [o for o in options if o.requires is None]
        if wanted.selection is None or len(plain) < 2 or self._is_abstract(wanted):
            return None
        if any((c := self.problem.below(wanted, o)) is not None and not c.mask for o in plain):
            return None  # one of them has it all
        starts = self._distinct(wanted, [(o, self.reach[o.place.index]) for o in plain])
        base = min(s for _, s in starts)
        stands = tuple(Stand(o.place.subgraph, o.entry, o.view, s - base, self._is_used(o, s)) for o, s in starts)
        cover = self.solver.cover(wanted.selection, wanted.type.name, stands)
        return None if cover is None else (base, cover, starts)

    def _distinct(self, wanted: SelectionField, starts: "list[tuple[Option, int]]") -> "list[tuple[Option, int]]":
        """One of those that can read the same below: many copies of one value type would only multiply the work."""
        assert wanted.selection is not None
        kept: dict[object, tuple[Option, int]] = {}
        for option, stage in sorted(starts, key=lambda s: (not self._is_used(s[0], s[1]), s[1])):
            readable: object = option.place.index
            if option.view is None:
                readable = self.solver.readable(wanted.selection, wanted.type.name, option.place.subgraph)
            kept.setdefault(readable, (option, stage))
        return sorted(kept.values(), key=lambda s: s[0].place.index)

    def _is_used(self, option: "Option", stage: int) -> bool:
        """Whether reading there costs no further call."""
        place = option.place
        if place.stand is not None and option.requires is None and stage == place.stage:
            return place.paid or place.index in self.stood_in
        return (place.index, stage, option.inputs) in self.by_stage

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
            place = (option.place.index, option.inputs)
            later = (s for p, s, inputs in self.by_stage if (p, inputs) == place and s > start)
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
                used = cover.stands() if isinstance(cover, ObjectCover) else set()
                pairs = tuple(pair for n, pair in enumerate(starts) if n in used)
                choice = self._priced(pairs, base, cover, target, starts)
                if best is None or choice.rank < best.rank:
                    best = choice
        return best

    def _priced(
        self,
        pairs: "tuple[tuple[Option, int], ...]",
        base: int,
        cover: Cover | None,
        target: int,
        all_pairs: "list[tuple[Option, int]] | None" = None,
    ) -> "_Choice":
        new, calls = 0, cover.calls if cover else 0
        for option, stage in pairs:
            if not self._is_used(option, stage):
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
            used = choice.cover.stands()
        for n, (option, stage) in enumerate(choice.pairs):
            if used is not None and n not in used:
                sources.append(-1)
                continue
            sources.append(self._instance(option, stage))
        if choice.cover is not None:
            self.mask |= self.solver.shift(choice.cover.mask, choice.base)
            self.calls += choice.cover.calls
        self.finish = max(self.finish, choice.finish)
        return FieldChoice(tuple(sources), choice.cover)

    def _instance(self, option: "Option", stage: int) -> int:
        place, requires, inputs = option.place, option.requires, option.inputs
        if place.stand is not None and requires is None and stage == place.stage:
            if place.index not in self.stood_in:
                self.stood_in[place.index] = self._add(Instance(place.subgraph, place.entry, stage, place.stand))
                if not place.paid:
                    self._pay(place, stage)
            return self.stood_in[place.index]
        index = self.by_stage.get((place.index, stage, inputs))
        if index is None:
            instance = Instance(place.subgraph, place.entry, stage, inputs=inputs)
            index = self.by_stage[place.index, stage, inputs] = self._add(instance)
            self._pay(place, stage)
            self._fill(self.instances[index].key, self._best_key(place, stage), stage - 1)
        if requires is not None:
            self._fill(self.instances[index].requires, requires, stage - 1)
        return index

    def _add(self, instance: Instance) -> int:
        self.instances.append(instance)
        return len(self.instances) - 1

    def _pay(self, place: "Place", stage: int) -> None:
        self.mask |= self.solver.bit(stage, place.subgraph)
        self.calls += 1

    def _best_key(self, place: "Place", stage: int) -> Selection:
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
