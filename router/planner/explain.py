"""Why a plan is as it is: for each fetch, why this subgraph, why this hop, and what would have been instead.

Reasons are read off the query graph and the fetch graph, not off the search. What else could have been is planned: the
same operation once more, with those fields of that subgraph taken away that others resolve as well.
"""

from collections.abc import Iterable, Iterator, Sequence

from router.errors import PlanningError
from router.graph.query_graph import FieldEdge, QueryGraph
from router.graph.selections import Selection, SelectionField
from router.graph.supergraph import FieldJoin, Supergraph
from router.planner import query_graph, stages_on
from router.planner.explanation import Entry, Explanation, FetchReasons, FieldReasons, Label, Otherwise
from router.planner.fetch_graph import FetchGraph, FetchNode, Position, Slot
from router.planner.normalize import NormalizedOperation
from router.planner.passes import numbered
from router.planner.plan import QueryPlan
from router.planner.render import path_text, shape

__all__ = ["explain"]

MAX_REPLANNED = 20
"""Fetches of one plan for which the plan without them is looked for."""

Taken = frozenset[tuple[str, str, int]]
"""Type, field and subgraph of edges that a what-if does without."""


def explain(
    operation: NormalizedOperation,
    supergraph: Supergraph,
    labels: frozenset[str] = frozenset(),
    hidden: frozenset[str] = frozenset(),
) -> Explanation:
    """Plan an operation and say why so. Deterministic; takes several times as long as planning.

    Raises:
        PlanningError: as `plan_normalized`.
    """
    graph = query_graph(supergraph, labels)
    with graph.lock:
        _, fetch_graph, plan = stages_on(graph, operation, hidden)
        assert isinstance(fetch_graph, FetchGraph)
        assert isinstance(plan, QueryPlan)
        fetches = tuple(_Explainer(graph, operation, fetch_graph, plan).fetches())
    measures = shape(plan)
    return Explanation(plan, measures["depth"], measures["fetches"], tuple(sorted(labels)), fetches)


class _Explainer:
    def __init__(
        self, graph: QueryGraph, operation: NormalizedOperation, fetch_graph: FetchGraph, plan: QueryPlan
    ) -> None:
        self.graph = graph
        self.operation = operation
        self.root = fetch_graph.root
        self.plan = plan
        self.nodes = numbered(fetch_graph.fetches)
        self.ids = {node: number for number, node in enumerate(self.nodes)}
        self.selecting: dict[Slot, list[int]] = {}
        for node in self.nodes:
            for slots in node.selected.values():
                for slot in slots:
                    self.selecting.setdefault(slot, []).append(self.ids[node])
        self.needed_by: dict[Slot, set[int]] = {}
        for node in self.nodes:
            for spec in node.representations.values():
                self._need(self.ids[node], (*spec.key.values(), *spec.requires.values()))
        self.replanned = 0

    def _need(self, fetch: int, slots: Iterable[Slot]) -> None:
        for slot in slots:
            self.needed_by.setdefault(slot, set()).add(fetch)
            if slot.child is not None:
                self._need(fetch, set(slot.child.needs.values()))

    def name(self, subgraph: int) -> str:
        return self.graph.supergraph.subgraphs[subgraph].name

    def fetches(self) -> Iterator[FetchReasons]:
        for node, fetch in zip(self.nodes, self.plan.fetches, strict=True):
            position = node.position or self.root
            own = node.selected.get(position, {})
            fields = tuple(reason for slot in own for reason in self._fields(node, slot))
            only_here = tuple(dict.fromkeys(reason.field for reason in fields if not reason.also))
            yield FetchReasons(
                id=fetch.id,
                subgraph=fetch.subgraph,
                operation_type=fetch.operation_type,
                is_entity=fetch.entity is not None,
                path=path_text(fetch.path),
                after=fetch.depends_on,
                before=self._before(node, position),
                entries=tuple(self._entries(node)),
                fields=fields,
                only_here=only_here,
                below=sum(len(slots) for at, slots in node.selected.items() if at is not position),
                provided_below=tuple(dict.fromkeys(self._provided_below(node, position))),
                tells_type=bool(node.typename),
                otherwise=None if only_here else self._otherwise(self._shared(node, own)),
            )

    def _provided_below(self, node: FetchNode, position: Position) -> Iterator[str]:
        for at, slots in node.selected.items():
            for slot in slots if at is not position else ():
                for type_name in self._types(slot):
                    edges = self.graph.field_edges(type_name, slot.name)
                    if all(edge.subgraph != node.subgraph for edge in edges):
                        yield f"{type_name}.{slot.name}"

    def _before(self, node: FetchNode, position: Position) -> tuple[str, ...]:
        if node.position is None or position.parent is None:
            return ()
        before = {self.plan.fetches[i].subgraph for i in self.selecting.get(position.parent, ())}
        return tuple(sorted(before - {self.name(node.subgraph)}))

    # -- fields ------------------------------------------------------------------------------------------------------

    def _types(self, slot: Slot) -> list[str]:
        return list(slot.types) if slot.types is not None else [slot.position.static_type]

    def _fields(self, node: FetchNode, slot: Slot) -> Iterator[FieldReasons]:
        for type_name in self._types(slot):
            edges = self.graph.field_edges(type_name, slot.name)
            here = [edge for edge in edges if edge.subgraph == node.subgraph]
            yield FieldReasons(
                field=f"{type_name}.{slot.name}",
                response_key=slot.response_key,
                needed_by=tuple(sorted(self.needed_by.get(slot, ()))),
                also=tuple(sorted({self.name(edge.subgraph) for edge in edges} - {self.name(node.subgraph)})),
                is_provided=not here,
                requires=self._requires(here, slot.name),
                contexts=tuple(
                    (use.argument, use.fields)
                    for edge in here
                    for use in (edge.inputs.contexts if edge.inputs is not None else ())
                ),
                moved_from=self._moved_from(here, slot.name),
                label=self._label([*(edge.entry for edge in here), type_name], slot.name, node.subgraph),
            )

    def _join(self, type_name: str, field: str, subgraph: int) -> FieldJoin | None:
        declared = self.graph.supergraph.types[type_name].fields.get(field)
        return next((j for j in declared.joins if j.graph == subgraph), None) if declared is not None else None

    def _requires(self, here: Sequence[FieldEdge], field: str) -> str | None:
        joins = (self._join(edge.entry, field, edge.subgraph) for edge in here)
        return next((join.requires for join in joins if join is not None and join.requires), None)

    def _moved_from(self, here: Sequence[FieldEdge], field: str) -> str | None:
        joins = (self._join(edge.entry, field, edge.subgraph) for edge in here)
        return next((j.override for j in joins if j is not None and j.override and j.override_label is None), None)

    def _label(self, type_names: Iterable[str], field: str, subgraph: int) -> Label | None:
        for type_name in type_names:
            join = self._join(type_name, field, subgraph)
            if join is None or join.override_label is None:
                continue
            declared = self.graph.supergraph.types[type_name].fields[field]
            others = (
                other.graph
                for other in declared.joins
                if other.override_label == join.override_label and other.graph not in (None, subgraph)
            )
            other = next((self.name(graph) for graph in others if graph is not None), "")
            return Label(join.override_label, join.override_label in self.graph.labels, other)
        return None

    # -- hops --------------------------------------------------------------------------------------------------------

    def _entries(self, node: FetchNode) -> Iterator[Entry]:
        for spec in node.representations.values():
            key = _fields_text(spec.key)
            sources = {
                i for slot in (*spec.key.values(), *spec.requires.values()) for i in self.selecting.get(slot, ())
            }
            known = self.graph.key_edges(spec.type or spec.entry)
            keys = {
                _selection_text(edge.selection)
                for edge in known
                if (edge.subgraph, edge.entry) == (node.subgraph, spec.entry)
            }
            type_name = spec.type or (node.position.static_type if node.position else spec.entry)
            yield Entry(type_name, spec.entry, key, tuple(sorted(sources)), tuple(sorted(keys - {key})))

    # -- what else could have been -----------------------------------------------------------------------------------

    def _shared(self, node: FetchNode, own: Iterable[Slot]) -> Taken:
        """What the client asks at the fetch's own position and others resolve, too."""
        return frozenset(
            (type_name, slot.name, node.subgraph)
            for slot in own
            for type_name in self._types(slot)
            if len({edge.subgraph for edge in self.graph.field_edges(type_name, slot.name)} | {node.subgraph}) > 1
        )

    def _otherwise(self, taken: Taken) -> Otherwise | None:
        if not taken or self.replanned >= MAX_REPLANNED:
            return None
        self.replanned += 1
        without = tuple(sorted(f"{type_name}.{field}" for type_name, field, _ in taken))
        try:
            *_, plan = stages_on(_Without(self.graph, taken), self.operation)
        except PlanningError:
            return Otherwise(without, None, None)
        assert isinstance(plan, QueryPlan)
        measures = shape(plan)
        return Otherwise(without, measures["depth"], measures["fetches"])


class _Without(QueryGraph):
    """The same graph with some field edges taken away."""

    def __init__(self, graph: QueryGraph, taken: Taken) -> None:
        super().__init__(graph.supergraph, graph.labels)
        self.taken = taken

    def field_edges(self, type_name: str, field: str) -> tuple[FieldEdge, ...]:
        edges = super().field_edges(type_name, field)
        return tuple(edge for edge in edges if (type_name, field, edge.subgraph) not in self.taken)


def _fields_text(fields: Iterable[SelectionField]) -> str:
    return " ".join(
        f"{field.name}{field.arguments}"
        + (f" {{ {_selection_text(field.selection)} }}" if field.selection is not None else "")
        for field in fields
        if field.name != "__typename"
    )


def _selection_text(selection: Selection) -> str:
    parts = [_fields_text(selection.own)]
    for type_name, fields in selection.by_type.items():
        extra = [field for field in fields if field not in selection.own]
        if extra:
            parts.append(f"... on {type_name} {{ {_fields_text(extra)} }}")
    return " ".join(part for part in parts if part)
