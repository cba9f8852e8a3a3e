"""From a client's operation to a query plan.

normalize   the operation, its selection in normal form        NormalizedOperation
cover       where each field is read, and how one gets there   ObjectCover
fetches     which request asks what, and waits for which       FetchGraph
plan        documents, entity calls batched, the projection    QueryPlan
"""

import dataclasses
import threading
from collections.abc import Iterator

from graphql import DocumentNode

from router.errors import PlanningError
from router.graph.derived import derived
from router.graph.query_graph import QueryGraph
from router.graph.selections import SelectionField
from router.graph.supergraph import Supergraph
from router.planner.aliases import assign_storage_keys
from router.planner.assemble import assemble
from router.planner.contexts import attach_contexts, resolve_contexts
from router.planner.cover import ObjectCover, Solver, Stand
from router.planner.fetch_builder import build_fetch_graph
from router.planner.fetch_graph import FetchGraph
from router.planner.fingerprint import fingerprint
from router.planner.merges import merge_into_later
from router.planner.normalize import NormalizedOperation, normalize
from router.planner.plan import QueryPlan

__all__ = ["fingerprint", "normalize", "plan_normalized", "plan_operation", "query_graph", "stages", "stages_on"]

MAX_GRAPHS = 64
"""Query graphs that are kept per supergraph: one per set of labels that are on; the oldest goes first."""

_graphs_lock = threading.Lock()


def plan_operation(
    document: DocumentNode,
    operation_name: str | None,
    supergraph: Supergraph,
    labels: frozenset[str] = frozenset(),
    hidden: frozenset[str] = frozenset(),
    *,
    incremental: bool = False,
) -> QueryPlan:
    """Plans one operation of a document that is valid against the API schema. Deterministic.

    Args:
        labels: the `@override` labels that are on.
        hidden: schema coordinates (`Type`, `Enum.VALUE`) that the data must not show either, for clients of a view.
        incremental: whether the result may be delivered in parts, as `@defer` and `@stream` ask for; else they are
            ignored.

    Raises:
        OperationError: no such operation in the document.
        PlanningError: no plan exists, or finding one would take too much work.
    """
    operation = normalize(document, operation_name, supergraph, hidden, incremental=incremental)
    return plan_normalized(operation, supergraph, labels, hidden)


def plan_normalized(
    operation: NormalizedOperation,
    supergraph: Supergraph,
    labels: frozenset[str] = frozenset(),
    hidden: frozenset[str] = frozenset(),
) -> QueryPlan:
    """The same for an operation that is normalised already, with the same `hidden`.

    Raises:
        PlanningError: as `plan_operation`.
    """
    graph = query_graph(supergraph, labels)
    with graph.lock:
        *_, plan = stages_on(graph, operation, hidden)
    assert isinstance(plan, QueryPlan)
    return plan


def stages(
    document: DocumentNode,
    operation_name: str | None,
    supergraph: Supergraph,
    labels: frozenset[str] = frozenset(),
    hidden: frozenset[str] = frozenset(),
    *,
    incremental: bool = False,
) -> Iterator[NormalizedOperation | ObjectCover | FetchGraph | QueryPlan]:
    """The result of each stage of planning, in order; see the module's table."""
    operation = normalize(document, operation_name, supergraph, hidden, incremental=incremental)
    yield operation
    yield from stages_on(query_graph(supergraph, labels), operation, hidden)


def stages_on(
    graph: QueryGraph, operation: NormalizedOperation, hidden: frozenset[str] = frozenset()
) -> Iterator[ObjectCover | FetchGraph | QueryPlan]:
    """The stages after normalising, on a query graph of which the caller holds the lock."""
    operation = dataclasses.replace(operation, selection=attach_contexts(graph, operation.selection))
    solver = Solver(graph)
    solver.spend(operation.work)
    cover = _cover_root(solver, operation)
    yield cover
    fetch_graph = build_fetch_graph(graph, operation.type, cover, operation.variables)
    resolve_contexts(graph, fetch_graph)
    fetch_graph = merge_into_later(fetch_graph)
    assign_storage_keys(graph, fetch_graph)
    yield fetch_graph
    yield assemble(graph, operation, fetch_graph, hidden)


def query_graph(supergraph: Supergraph, labels: frozenset[str] = frozenset()) -> QueryGraph:
    """The supergraph's query graph under these labels; made once and kept with the supergraph."""
    with _graphs_lock:
        by_labels: dict[frozenset[str], QueryGraph] = derived(supergraph, "query_graphs", dict)
        graph = by_labels.get(labels)
        if graph is None:
            if len(by_labels) >= MAX_GRAPHS:
                del by_labels[next(iter(by_labels))]
            graph = by_labels[labels] = QueryGraph(supergraph, labels)
        return graph


def _cover_root(solver: Solver, operation: NormalizedOperation) -> ObjectCover:
    graph = solver.graph
    fields = operation.selection.fields_of(operation.root_type)
    joins = graph.supergraph.types[operation.root_type].joins
    stands = tuple(Stand(s, operation.root_type, paid=False) for s in sorted(joins))
    cover = solver.cover_object(operation.root_type, fields, stands)
    if cover is None:
        raise PlanningError(_no_plan(solver, fields, operation.root_type, stands))
    return cover


def _no_plan(solver: Solver, fields: tuple[SelectionField, ...], root: str, stands: tuple[Stand, ...]) -> str:
    lost = [f.response_key for f in fields if solver.cover_object(root, (f,), stands) is None]
    which = ", ".join(lost) or "the fields together"
    return f"No plan exists for this operation: no path over the subgraphs reaches all that is selected below {which}."
