"""Satisfiability: whether every query that the API schema allows can be resolved by the subgraphs.

All queries are walked at once: a vertex is a type of the API together with the set of locations where its objects can
be found. A vertex is done when one with the same type and no more locations is: more ways in can only help.

Progressive overrides are checked with all combinations of labels on and off up to three labels; with more of them, for
all off, all on, and each on or off alone.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from router.composition.definitions import federation
from router.composition.model import Field, base_type
from router.composition.moves import LEAF, ContextNeed, Location, Moves
from router.composition.reporting import error, hint, quoted
from router.composition.supergraph_model import MergeState
from router.composition.unsatisfiable import Explanation
from router.errors import CompositionError
from router.graph.field_sets import FieldSet, parse_field_set

__all__ = ["check_satisfiability"]

_OPERATIONS = (("Query", "query"), ("Mutation", "mutation"), ("Subscription", "subscription"))
_FEW_LABELS = 3


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of a witness: a field, or a type condition (spelled `... on T`). Linked from the end."""

    parent: "_Step | None"
    text: str


@dataclass(frozen=True, slots=True)
class _Vertex:
    """A type of the API, where its objects can be, and how the walk came here.

    Attributes:
        contexts: what can be had from the contexts set above.
        setters: where the object is that sets a context: for each, the nearest above.
    """

    type_name: str
    locations: frozenset[Location]
    path: _Step
    contexts: frozenset[ContextNeed]
    setters: Mapping[str, frozenset[Location]]


def check_satisfiability(state: MergeState) -> None:
    """Adds an error for each field of the API that some query cannot get, with a query that shows it."""
    found: dict[str, CompositionError] = {}
    contexts = _Contexts(state)
    for labels in _assignments(state):
        walk = _Walk(state, Moves(state, labels), contexts)
        for type_name, operation in _OPERATIONS:
            if type_name in state.types and state.types[type_name].definition.kind == "OBJECT":
                walk.run(type_name, operation)
        for failure in walk.errors:
            found.setdefault(f"{failure.code} {failure.coordinate}", failure)
    state.errors += found.values()


def _assignments(state: MergeState) -> Iterator[frozenset[str]]:
    labels = sorted(
        {
            join.override_label
            for merged in state.types.values()
            for joins in merged.fields.values()
            for join in joins
            if join.override_label is not None
        }
    )
    if len(labels) <= _FEW_LABELS:
        for choice in product((False, True), repeat=len(labels)):
            yield frozenset(label for label, on in zip(labels, choice, strict=True) if on)
        return
    every = frozenset(labels)
    yield from (frozenset(), every)
    for label in labels:
        yield frozenset((label,))
        yield every - {label}


class _Walk:
    """One walk over the API under one assignment of labels."""

    def __init__(self, state: MergeState, moves: Moves, contexts: "_Contexts") -> None:
        self._state = state
        self._moves = moves
        self._proved: dict[tuple[str, frozenset[ContextNeed]], list[frozenset[Location]]] = {}
        self._contexts = contexts
        self.errors: list[CompositionError] = []

    def run(self, type_name: str, operation: str) -> None:
        """Walks everything below one root type."""
        start = _Vertex(type_name, self._moves.roots(type_name), _Step(None, operation), frozenset(), {})
        if operation == "mutation":
            self._visit_mutation(start)
        else:
            self._walk(start)

    def _walk(self, start: _Vertex) -> None:
        queue = deque([start])
        while queue:
            vertex = queue.popleft()
            proved = self._proved.setdefault((vertex.type_name, vertex.contexts), [])
            if any(known <= vertex.locations for known in proved):
                continue
            proved.append(vertex.locations)
            queue.extend(self._visit(vertex))

    def _visit(self, vertex: _Vertex) -> Iterator[_Vertex]:
        merged = self._state.types[vertex.type_name]
        if merged.definition.kind == "OBJECT":
            for field in merged.definition.fields.values():
                yield from self._follow(vertex, vertex.type_name, field)
            return
        possible = self._moves.possible_types(vertex.type_name)
        # What no type implements is never anything: nothing can be asked of it, not even through an interface object.
        if possible and any(self._moves.is_interface_object(location) for location in vertex.locations):
            for field in merged.definition.fields.values():
                yield from self._follow(vertex, vertex.type_name, field)
        for type_name in possible:
            yield from self._narrow(vertex, type_name)

    def _narrow(self, vertex: _Vertex, type_name: str) -> Iterator[_Vertex]:
        parts = [self._moves.narrow(location, type_name) for location in sorted(vertex.locations)]
        if any(part is None for part in parts):
            return  # one subgraph that never returns this type is enough: asked there, the fragment is empty
        locations = frozenset(location for part in parts for location in part or ())
        step = _Step(vertex.path, f"... on {type_name}")
        below = self._below(vertex, type_name, locations, step, vertex.locations)
        if not locations:
            self._fail(vertex, _Step(step, "..."), type_name, None)
        elif not _is_hidden(self._state.types[type_name].definition.directives):
            yield below
        else:
            for field in self._state.types[vertex.type_name].definition.fields.values():
                yield from self._follow(
                    _Vertex(type_name, locations, vertex.path, vertex.contexts, vertex.setters), vertex.type_name, field
                )

    def _follow(self, vertex: _Vertex, api_type: str, field: Field) -> Iterator[_Vertex]:
        if _is_hidden(field.directives):
            return
        step = _Step(vertex.path, field.name)
        found = self._moves.advance(vertex.locations, field.name, vertex.contexts)
        target = base_type(field.type)
        if not found:
            is_composite = target in self._state.types and self._state.types[target].definition.is_composite
            self._fail(vertex, _Step(step, "...") if is_composite else step, api_type, field.name)
            return
        below = frozenset(found - {LEAF})
        if below:
            self._compare_runtime_types(api_type, field, below)
            sets_contexts = vertex.type_name in self._contexts.set_by
            origins = self._moves.resolvers(vertex.locations, field.name) if sets_contexts else frozenset()
            yield self._below(vertex, target, below, step, origins or vertex.locations)

    def _below(
        self,
        vertex: _Vertex,
        type_name: str,
        locations: frozenset[Location],
        path: _Step,
        origins: frozenset[Location],
    ) -> _Vertex:
        """The next vertex. What an object's own type sets is seen by what is below it, not by its own fields.

        Args:
            origins: where the object is when the walk leaves it: from there, what it sets is fetched.
        """
        own = self._contexts.set_by.get(vertex.type_name)
        if not own:
            return _Vertex(type_name, locations, path, vertex.contexts, vertex.setters)
        met = {need for need in vertex.contexts if need[0] not in own}
        for context in own:
            for selection, fields in self._contexts.taken.get(context, {}).items():
                if any(self._moves.satisfies((origin,), fields) for origin in origins):
                    met.add((context, selection))
        setters = {**vertex.setters, **dict.fromkeys(own, origins)}
        return _Vertex(type_name, locations, path, frozenset(met), setters)

    def _visit_mutation(self, root: _Vertex) -> None:
        """A mutation runs once, in one subgraph: what is selected on its result must be reachable from that one."""
        for field in self._state.types["Mutation"].definition.fields.values():
            for below in self._follow(root, "Mutation", field):
                by_subgraph: dict[int, set[Location]] = {}
                for location in below.locations:
                    by_subgraph.setdefault(self._moves.subgraph_of(location), set()).add(location)
                if len(by_subgraph) == 1:  # nothing to choose from
                    self._walk(below)
                    continue
                attempts = []
                for index in sorted(by_subgraph):
                    attempt = _Walk(self._state, self._moves, self._contexts)
                    attempt._proved = {name: list(known) for name, known in self._proved.items()}
                    attempt._walk(replace(below, locations=frozenset(by_subgraph[index])))
                    attempts.append(attempt)
                clean = [attempt for attempt in attempts if not attempt.errors]
                if clean:
                    self._proved = clean[0]._proved
                else:
                    self.errors += attempts[0].errors

    # ---- findings ---------------------------------------------------------------------------------------------------

    def _compare_runtime_types(self, type_name: str, field: Field, locations: frozenset[Location]) -> None:
        """Subgraphs that share a field of abstract type should agree on what it can be."""
        target = base_type(field.type)
        if self._state.types[target].definition.kind == "OBJECT" or len(locations) < 2:
            return
        by_subgraph = {
            self._state.subgraphs[self._moves.subgraph_of(x)].name: set(self._moves.possible_types_at(x))
            for x in sorted(locations)
            if self._moves.is_abstract(x)
        }
        if len(by_subgraph) < 2:
            return
        common = set.intersection(*by_subgraph.values())
        if all(types == common for types in by_subgraph.values()):
            return
        coordinate = f"{type_name}.{field.name}"
        spread = "; ".join(f'in "{name}" {quoted(sorted(types))}' for name, types in sorted(by_subgraph.items()))
        message = f'The values of "{coordinate}" can be of different types: {spread}.'
        if common:
            found = hint(
                "INCONSISTENT_RUNTIME_TYPES_FOR_SHAREABLE_RETURN",
                message,
                coordinate=coordinate,
                subgraphs=sorted(by_subgraph),
            )
            if found not in self._state.hints:
                self._state.hints.append(found)
            return
        sources = self._state.types[type_name].sources
        self.errors.append(
            error(
                "SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES",
                f"{message} None is possible in all of them: let them have one in common, or do not share the field.",
                coordinate=coordinate,
                at=[
                    (self._state.subgraphs[i], t.fields[field.name].node)
                    for i, t in sources.items()
                    if field.name in t.fields
                ],
            )
        )

    def _fail(self, vertex: _Vertex, witness: _Step, type_name: str, field: str | None) -> None:
        coordinate = f"{type_name}.{field}" if field else type_name
        said = Explanation(self._state, self._moves, vertex.setters, vertex.locations, type_name, field)
        lines = "\n".join((*said.reasons, *said.ways_out))
        starts = sorted({self._moves.subgraph_of(location) for location in vertex.locations})
        owners = self._state.types[type_name].sources
        self.errors.append(
            error(
                "SATISFIABILITY_ERROR",
                f"The query\n{_render(witness)}\ncannot be resolved by the subgraphs because:\n{lines}",
                coordinate=coordinate,
                at=[
                    (self._state.subgraphs[i], t.fields[field].node if field is not None else t.node)
                    for i, t in owners.items()
                    if field is None or field in t.fields
                ],
                subgraphs=self._state.names(starts),
            )
        )


class _Contexts:
    """Which contexts there are.

    Attributes:
        set_by: those that each type sets, by itself or as what an abstract type can be.
        taken: the selections that arguments take from each, as written, with what they select.
    """

    def __init__(self, state: MergeState) -> None:
        self.set_by: dict[str, set[str]] = {}
        self.taken: dict[str, dict[str, FieldSet]] = {}
        for name, merged in state.types.items():
            own = {str(d.arguments["name"]) for d in merged.definition.directives if d.name == federation("context")}
            for type_name in (name, *state.possible_types(name)) if own else ():
                self.set_by.setdefault(type_name, set()).update(own)
            for joins in merged.fields.values():
                for argument in (a for join in joins for a in join.context_arguments):
                    taken = self.taken.setdefault(argument.context, {})
                    taken[argument.selection] = parse_field_set(argument.selection)


def _is_hidden(directives: Iterable[object]) -> bool:
    return any(getattr(d, "name", None) == federation("inaccessible") for d in directives)


def _render(step: _Step) -> str:
    """The witness as an operation."""
    texts = []
    current: _Step | None = step
    while current is not None:
        texts.append(current.text)
        current = current.parent
    operation, *path = reversed(texts)
    lines = [operation + " {" if operation != "query" else "{"]
    for depth, text in enumerate(path, 1):
        lines.append("  " * depth + text + (" {" if depth < len(path) else ""))
    lines += ["  " * depth + "}" for depth in range(len(path) - 1, -1, -1)]
    return "\n".join(lines)
