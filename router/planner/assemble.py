"""The last stage: fetches with their documents, and the projection."""

import re
from collections.abc import Mapping, Sequence

from router.graph.query_graph import QueryGraph
from router.graph.selections import TYPENAME, Selection, SelectionField
from router.graph.supergraph import SupergraphType
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
    OutputField,
    Path,
    PathStep,
    Projection,
    QueryPlan,
    Representation,
)
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
    projection = _Projector(graph, hidden).project([fetch_graph.root], operation.selection, operation.root_type)
    return QueryPlan(operation.type, operation.name, fetches, projection, operation.variables)


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


# ---- projection -----------------------------------------------------------------------------------------------------


class _Projector:
    def __init__(self, graph: QueryGraph, hidden: frozenset[str]) -> None:
        self.types = graph.supergraph.types
        self.hidden = hidden
        self._known: dict[tuple[object, ...], Projection] = {}

    def project(self, positions: list[Position], selection: Selection, type_name: str) -> Projection:
        key = (tuple(id(p) for p in positions), selection)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._project(positions, selection, type_name)
        return known

    def _project(self, positions: list[Position], selection: Selection, type_name: str) -> Projection:
        if not self.types[type_name].is_abstract:
            fields = self._fields(positions, selection.fields_of(type_name), type_name, knows_type=False)
            return Projection(type_name, {type_name: fields})
        if not any(p.is_abstract for p in positions):
            return Projection(
                type_name, {type_name: self._fields(positions, selection.own, type_name, knows_type=False)}
            )
        return Projection(
            type_name,
            {
                name: self._fields(positions, fields, name, knows_type=True)
                for name, fields in selection.by_type.items()
            },
            is_abstract=True,
        )

    def _fields(
        self, positions: list[Position], fields: Sequence[SelectionField], type_name: str, *, knows_type: bool
    ) -> tuple[OutputField, ...]:
        asked = (f for f in fields if f.response_key)  # what only the planner needs is no output
        return tuple(self._field(positions, f, type_name, knows_type=knows_type) for f in asked)

    def _field(
        self, positions: list[Position], wanted: SelectionField, type_name: str, *, knows_type: bool
    ) -> OutputField:
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
        slots = [s for p in positions if (s := _output_slot(p, wanted, type_name)) is not None]
        leaf = self.types.get(wanted.type.name)
        selection = None
        if wanted.selection is not None:
            children = [s.child for s in slots if s.child is not None] or [Position(wanted.type.name, None)]
            selection = self.project(children, wanted.selection, wanted.type.name)
        return OutputField(
            response_key=wanted.response_key,
            storage_key=slots[0].storage_key if slots else _unread_key(positions, wanted, type_name),
            type=wanted.type.text,
            selection=selection,
            enum_values=self._enum_values(leaf) if leaf is not None and leaf.kind == "ENUM" else None,
            conditions=wanted.conditions,
        )

    def _enum_values(self, enum: SupergraphType) -> frozenset[str]:
        return frozenset(value for value in enum.values if f"{enum.name}.{value}" not in self.hidden)


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
