"""The last stage: fetches with their documents, and the projection."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from router.graph.query_graph import QueryGraph
from router.graph.selections import Defer, Selection, SelectionField
from router.planner.documents import entities_document, root_document
from router.planner.fetch_graph import (
    ContextNeed,
    ContextPlace,
    FetchGraph,
    FetchNode,
    Position,
    RepresentationSpec,
    Slot,
)
from router.planner.inputs import merged_inputs
from router.planner.normalize import NormalizedOperation
from router.planner.passes import numbered, run_conditions
from router.planner.plan import (
    AnyOfConditions,
    ContextArgument,
    ContextSource,
    EntityCall,
    Fetch,
    InputField,
    InputSelection,
    Path,
    PathStep,
    QueryPlan,
    Representation,
)
from router.planner.projections import Projector
from router.planner.wire_selections import WireFragments, write_entity_selection, write_root_selection

__all__ = ["assemble"]


def assemble(
    graph: QueryGraph,
    operation: NormalizedOperation,
    fetch_graph: FetchGraph,
    hidden: frozenset[str] = frozenset(),
) -> QueryPlan:
    """Turns a fetch graph whose slots have their storage keys into a plan.

    Args:
        hidden: schema coordinates of enum values that the data must not show; others are ignored.
    """
    ordered = numbered(fetch_graph.fetches)
    conditions = run_conditions(ordered)
    ids = {fetch: number for number, fetch in enumerate(ordered)}
    fragments = WireFragments()
    fetches = tuple(
        _fetch(graph, operation, fetch_graph.root, fetch, ids, conditions[fetch], fragments) for fetch in ordered
    )
    projector = Projector(graph, operation, fetch_graph, hidden)
    own: dict[Defer, tuple[int, ...]] = {}
    for fetch in ordered:
        if fetch.defer is not None:
            own[fetch.defer] = (*own.get(fetch.defer, ()), ids[fetch])
    deferred = projector.deferred(own)
    of_fetch = {number: each.id for each in reversed(deferred) for number in each.fetches}
    return QueryPlan(
        operation.type,
        operation.name,
        tuple(replace(fetch, deferred=of_fetch.get(fetch.id)) for fetch in fetches) if deferred else fetches,
        projector.first(),
        operation.variables,
        deferred,
        projector.complete() if deferred else None,
        operation.requirements,
        operation.denials,
    )


def _fetch(
    graph: QueryGraph,
    operation: NormalizedOperation,
    root: Position,
    fetch: FetchNode,
    ids: Mapping[FetchNode, int],
    run_if: AnyOfConditions,
    fragments: WireFragments,
) -> Fetch:
    subgraph = graph.supergraph.subgraphs[fetch.subgraph].name
    name = f"{operation.name}__{re.sub(r'[^A-Za-z0-9_]', '_', subgraph)}__{ids[fetch]}" if operation.name else None
    if not fetch.representations:
        selection = write_root_selection(graph, fetch, fetch.position or root, fragments)
        entity = None
        text = root_document(fetch.operation_type, name, selection, operation.variables)
    else:
        assert fetch.position is not None
        selection = write_entity_selection(graph, fetch, fragments)
        representations = _representations(graph, fetch.position, list(fetch.representations.values()))
        contexts = tuple(_context_argument(graph, need) for need in fetch.contexts.values())
        entity = EntityCall(selection.text, representations, contexts, selection.fragments)
        text = entities_document(name, [entity], selection.variables, operation.variables).text
    return Fetch(
        id=ids[fetch],
        subgraph=subgraph,
        operation_type=fetch.operation_type,
        operation_name=name,
        document=text,
        variables=tuple(sorted(selection.variables)),
        path=_path(fetch.position) if fetch.position is not None else (),
        entity=entity,
        depends_on=tuple(sorted(ids[other] for other in fetch.depends_on)),
        run_if=run_if,
        has_custom_scalars=any(
            slot.child is None and graph.supergraph.is_custom_scalar(slot.type.name)
            for slots in fetch.selected.values()
            for slot in slots
        ),
    )


def _path(position: Position) -> Path:
    steps: list[PathStep] = []
    types: frozenset[str] | None = None
    at: Position | None = position
    while at is not None and at.parent is not None:
        slot = at.parent
        steps.append(PathStep(slot.storage_key, slot.type.list_depth, types))
        types = frozenset(slot.types) if slot.types is not None and slot.position.is_abstract else None
        at = slot.position
    return tuple(reversed(steps))


def _context_argument(graph: QueryGraph, need: ContextNeed) -> ContextArgument:
    sources = tuple(_context_source(graph, place) for place in need.places)
    return ContextArgument(need.variable, need.use.type, sources)


def _context_source(graph: QueryGraph, place: ContextPlace) -> ContextSource:
    grouped: dict[InputField, list[str]] = {}
    for name, wanted in place.fields.items():
        slot = place.position.need(wanted, name)
        assert slot is not None
        grouped.setdefault(_input(graph, wanted, slot), []).append(name)
    value = tuple(
        InputSelection(
            frozenset(names) if place.position.is_abstract else None, include_typename=False, fields=(field,)
        )
        for field, names in grouped.items()
    )
    return ContextSource(len(_path(place.position)), value)


# ---- representations ------------------------------------------------------------------------------------------------


def _representations(
    graph: QueryGraph, position: Position, specs: list[RepresentationSpec]
) -> tuple[Representation, ...]:
    merged: dict[tuple[object, ...], tuple[RepresentationSpec, list[str | None], Representation]] = {}
    for spec in specs:
        key = merged_inputs(_input(graph, f, s) for f, s in spec.key.items())
        keyed = {i.name: i for i in key}
        required = merged_inputs(_input(graph, f, s) for f, s in spec.requires.items())
        # What is required of an object that the key has, too, is sent in its place, with what the key says of it.
        whole = (merged_inputs((keyed[i.name], i))[0] if i.name in keyed else i for i in required)
        requires = tuple(i for i in whole if i != keyed.get(i.name))
        is_interface = graph.supergraph.types[spec.entry].kind == "INTERFACE"
        sent = spec.entry if is_interface or spec.type is None else None
        group = (key, requires, sent)
        if group in merged:
            merged[group][1].append(spec.type)
        else:
            merged[group] = (spec, [spec.type], Representation(None, sent, key, requires))
    result = []
    for spec, types, representation in merged.values():
        known = [t for t in types if t is not None]
        if not known:
            result.append(Representation(None, spec.entry, representation.key, representation.requires))
            continue
        typename = representation.typename or (known[0] if len(known) == 1 else None)
        guard = frozenset(known) if position.is_abstract else None
        result.append(Representation(guard, typename, representation.key, representation.requires))
    return tuple(result)


def _input(graph: QueryGraph, wanted: SelectionField, slot: Slot) -> InputField:
    if wanted.selection is None or slot.child is None:
        return InputField(wanted.name, slot.storage_key)
    return InputField(wanted.name, slot.storage_key, _input_selections(graph, wanted.selection, slot.child))


def _input_selections(graph: QueryGraph, selection: Selection, position: Position) -> tuple[InputSelection, ...]:
    if not position.is_abstract:
        return (InputSelection(None, include_typename=False, fields=_inputs(graph, selection.own, position, None)),)
    grouped: dict[tuple[InputField, ...], list[str]] = {}
    for name, fields in selection.by_type.items():
        grouped.setdefault(_inputs(graph, fields, position, name), []).append(name)
    return tuple(
        InputSelection(frozenset(types), include_typename=True, fields=fields) for fields, types in grouped.items()
    )


def _inputs(
    graph: QueryGraph, fields: Sequence[SelectionField], position: Position, type_name: str | None
) -> tuple[InputField, ...]:
    found = []
    for wanted in fields:
        slot = position.need(wanted, type_name)
        if slot is not None:
            found.append(_input(graph, wanted, slot))
    return tuple(found)
