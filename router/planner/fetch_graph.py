"""The fetch graph: which request asks for what, and which waits for which.

The merged response is a tree of *positions* with *slots*. Slots have no name on the wire at first (`aliases` decides);
fetches only note which slots they select. `fetch_builder` makes the graph of a cover.
"""

from dataclasses import dataclass, field

from router.graph.query_graph import ContextUse
from router.graph.selections import Conditions, Defer, SelectionField
from router.graph.supergraph import TypeRef

__all__ = [
    "ContextNeed",
    "ContextPlace",
    "FetchGraph",
    "FetchNode",
    "Position",
    "RepresentationSpec",
    "Slot",
]


@dataclass(eq=False, slots=True)
class Slot:
    """One field of the merged response.

    Attributes:
        arguments: as the subgraph is asked, with those that come from contexts.
        asked: the arguments without these: what tells two fields of one response key apart.
        response_key: the client's key, or None for a field that only the planner needs.
        types: runtime types that have it, or None where the position's type is the only one (or all have it).
        storage_key: decided last; see `plan.py`.
    """

    position: "Position"
    name: str
    arguments: str
    asked: str
    variables: frozenset[str]
    conditions: Conditions
    type: TypeRef
    response_key: str | None
    types: dict[str, None] | None
    child: "Position | None" = None
    producers: set["FetchNode"] = field(default_factory=set)
    storage_key: str = ""


@dataclass(eq=False, slots=True)
class Position:
    """The objects under one slot (or the root).

    Attributes:
        is_abstract: whether runtime types are told apart here; then `__typename` is fetched.
        slots: every field, in order of appearance.
    """

    static_type: str
    parent: Slot | None
    is_abstract: bool = False
    slots: list[Slot] = field(default_factory=list)
    known: dict[tuple[object, ...], Slot] = field(default_factory=dict)
    outputs: dict[tuple[object, ...], Slot] = field(default_factory=dict)
    needs: dict[tuple[int, str | None], Slot] = field(default_factory=dict)

    def need(self, wanted: SelectionField, type_name: str | None) -> Slot | None:
        """Where a field that the planner needs of objects of a type lies; None: it was not asked for."""
        return self.needs.get((wanted.id, type_name)) or self.needs.get((wanted.id, None))


@dataclass(eq=False, slots=True)
class RepresentationSpec:
    """How objects of some runtime types are represented: `plan.Representation` before slots have their keys."""

    type: str | None
    entry: str
    key: dict[SelectionField, Slot] = field(default_factory=dict)
    requires: dict[SelectionField, Slot] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContextPlace:
    """A position above a fetch whose objects give a context's value: per runtime type, the field to read."""

    position: Position
    fields: dict[str, SelectionField]
    producers: "set[FetchNode]"


@dataclass(eq=False, slots=True)
class ContextNeed:
    """One argument of an entity fetch that comes from above, and the variable it is sent as; nearest place first."""

    use: ContextUse
    variable: str
    places: list[ContextPlace] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class FetchNode:
    """One root or entity fetch.

    Attributes:
        position: where the objects are that the fetch completes; None for the fetches that an operation starts with.
        stage: relative to the whole plan; entity fetches of one position, subgraph and stage are one.
        conditions: under which the position exists at all.
        selected: slots asked at each position.
        typename: positions where `__typename` is asked.
        entries: for slots at an entity fetch's own position: the types as which the subgraph holds the objects.
        defer: the deferred fragment whose fields it reads.
    """

    order: int
    subgraph: int
    operation_type: str
    position: Position | None
    stage: int
    conditions: Conditions = ()
    depends_on: set["FetchNode"] = field(default_factory=set)
    selected: dict[Position, dict[Slot, None]] = field(default_factory=dict)
    typename: dict[Position, None] = field(default_factory=dict)
    entries: dict[Slot, dict[str, None]] = field(default_factory=dict)
    representations: dict[tuple[str | None, str], RepresentationSpec] = field(default_factory=dict)
    contexts: dict[ContextUse, ContextNeed] = field(default_factory=dict)
    defer: Defer | None = None

    def select(self, position: Position, slot: Slot) -> None:
        self.selected.setdefault(position, {})[slot] = None


@dataclass(frozen=True, slots=True)
class FetchGraph:
    """All fetches, in the order of their creation, and the merged response's root."""

    fetches: tuple[FetchNode, ...]
    root: Position
