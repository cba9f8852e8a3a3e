"""Plans and stages as text, JSON and Mermaid; and a plan's shape, for comparing planners."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from graphql import parse, print_ast

from router.graph.query_graph import QueryGraph
from router.graph.selections import Conditions, Selection, SelectionField
from router.planner.batches import batches, depths
from router.planner.cover import AbstractCover, Cover, FieldChoice, InterfaceObjectCover, ObjectCover
from router.planner.documents import entities_document
from router.planner.fetch_graph import FetchGraph, Position
from router.planner.normalize import NormalizedOperation
from router.planner.plan import (
    AnyOfConditions,
    ContextSource,
    EntityCall,
    Fetch,
    InputField,
    InputSelection,
    OutputField,
    Path,
    Projection,
    QueryPlan,
    Representation,
)
from router.planner.render_deferred import deferred_json, deferred_line

__all__ = ["as_json", "as_mermaid", "as_text", "shape", "stage_json", "stage_text"]


def as_text(plan: QueryPlan) -> str:
    """A stable, readable form: each request with what it waits for, what it sends and its document.

    Fetches that share a request if all requests take equally long (see `batches`) are shown as the one request.
    """
    lines = [f"{plan.operation_type}{f' {plan.operation_name}' if plan.operation_name else ''}"]
    for batch in batches(plan):
        lines += _batch_lines(plan, batch)
    lines += map(deferred_line, plan.deferred)
    return "\n".join(lines) + "\n"


def _batch_lines(plan: QueryPlan, batch: tuple[Fetch, ...]) -> Iterator[str]:
    first = batch[0]
    waits = sorted({other for fetch in batch for other in fetch.depends_on})
    after = f" after {', '.join(map(str, waits))}" if waits else ""
    common = first.run_if if len({fetch.run_if for fetch in batch}) == 1 else ()
    number = f"fetch {first.id}" if len(batch) == 1 else f"fetches {', '.join(str(fetch.id) for fetch in batch)}"
    late = f" for deferred {first.deferred}" if first.deferred is not None else ""
    yield f"  {number} from {first.subgraph}{after}{_condition_text(common)}{late}"
    text = first.document
    if first.entity is None:
        if first.path:
            yield f"    at {path_text(first.path)}"
    else:
        calls: dict[EntityCall, list[Fetch]] = {}
        for fetch in batch:
            if fetch.entity is not None:
                calls.setdefault(fetch.entity, []).append(fetch)
        used = {name for fetch in batch for name in fetch.variables}
        composed = entities_document(first.operation_name, list(calls), used, plan.variable_definitions)
        text = composed.text
        for field, (call, sharing) in zip(composed.fields, calls.items(), strict=True):
            for fetch in sharing:
                condition = "" if fetch.run_if == common else _condition_text(fetch.run_if)
                yield f"    {field.response_key} at {path_text(fetch.path)}{condition}"
            for representation in call.representations:
                yield f"      send {_representation_text(representation)}"
            for name, context in zip(field.contexts, call.contexts, strict=True):
                sources = (_source_text(source, sharing[0].path) for source in context.sources)
                yield f"      with ${name}: {context.type} from {', else '.join(sources) or 'nowhere'}"
    yield from (f"    | {line}" for line in print_ast(parse(text, no_location=True)).splitlines())


def as_json(plan: QueryPlan) -> dict[str, Any]:
    """The whole plan, ready for `json.dumps`."""
    return {
        "operationType": plan.operation_type,
        "operationName": plan.operation_name,
        "variables": dict(plan.variable_definitions),
        "fetches": [_fetch_json(f) for f in plan.fetches],
        "projection": _projection_json(plan.projection),
        **({"deferred": [deferred_json(d, _projection_json) for d in plan.deferred]} if plan.deferred else {}),
    }


def as_mermaid(plan: QueryPlan) -> str:
    """A flowchart: an arrow leads from a request to those that wait for it; requests as in `as_text`."""
    lines = ["flowchart TD"]
    node: dict[int, int] = {}
    for batch in batches(plan):
        first = batch[0]
        node.update(dict.fromkeys((fetch.id for fetch in batch), first.id))
        where = "<br/>".join(path_text(f.path) for f in batch if f.entity is not None or f.path) or first.operation_type
        numbers = ", ".join(str(fetch.id) for fetch in batch)
        where += f"<br/>deferred {first.deferred}" if first.deferred is not None else ""
        lines.append(f'  f{first.id}["{numbers}: {first.subgraph}<br/>{where}"]')
    arrows = dict.fromkeys((node[other], node[fetch.id]) for fetch in plan.fetches for other in fetch.depends_on)
    lines += [f"  f{before} --> f{after}" for before, after in arrows]
    return "\n".join(lines) + "\n"


def shape(plan: QueryPlan) -> dict[str, Any]:
    """What planners are compared by.

    `fetches` are documents sent if all requests take equally long, `pathCalls` those with batched entity calls counted
    per path, `depth` the longest chain of fetches, `bySubgraph` documents per subgraph.
    """
    sent = batches(plan)
    return {
        "fetches": len(sent),
        "pathCalls": len(plan.fetches),
        "depth": max(depths(plan), default=0),
        "bySubgraph": dict(sorted(Counter(batch[0].subgraph for batch in sent).items())),
    }


def stage_text(result: NormalizedOperation | ObjectCover | FetchGraph | QueryPlan, graph: QueryGraph) -> str:
    """One stage's result as text; see `planner.stages`."""
    if isinstance(result, NormalizedOperation):
        head = f"{result.type} {result.name or ''}".rstrip()
        return "\n".join([head, *_selection_lines(result.selection, "  ")]) + "\n"
    if isinstance(result, ObjectCover):
        return "\n".join(_cover_lines(result, graph, "")) + "\n"
    if isinstance(result, FetchGraph):
        return "\n".join(_fetch_graph_lines(result, graph)) + "\n"
    return as_text(result)


def stage_json(result: NormalizedOperation | ObjectCover | FetchGraph | QueryPlan, graph: QueryGraph) -> dict[str, Any]:
    """One stage's result, ready for `json.dumps`."""
    if isinstance(result, NormalizedOperation):
        return {"operationType": result.type, "name": result.name, "selection": _selection_json(result.selection)}
    if isinstance(result, ObjectCover):
        return _object_cover_json(result, graph)
    if isinstance(result, FetchGraph):
        return {
            "fetches": [
                {
                    "id": fetch.order,
                    "subgraph": graph.supergraph.subgraphs[fetch.subgraph].name,
                    "position": _position_text(fetch.position) if fetch.position is not None else "(root)",
                    "dependsOn": sorted(d.order for d in fetch.depends_on),
                    "selected": {
                        _position_text(p): [s.storage_key for s in slots] for p, slots in fetch.selected.items()
                    },
                }
                for fetch in result.fetches
            ]
        }
    return as_json(result)


# ---- parts of a plan ------------------------------------------------------------------------------------------------


def path_text(path: Path) -> str:
    """Such as `products.@.owner|[Person]`; the root is `(root)`."""
    parts: list[str] = []
    for step in path:
        parts += [step.key, *["@"] * step.list_depth]
        if step.types is not None:
            parts[-1] += f"|[{','.join(sorted(step.types))}]"
    return ".".join(parts) or "(root)"


def _condition_text(run_if: AnyOfConditions) -> str:
    return f" if {_any_of_text(run_if)}" if run_if else ""


def _any_of_text(terms: tuple[Conditions, ...]) -> str:
    return " or ".join(" and ".join(("" if w else "not ") + f"${v}" for v, w in term) for term in terms)


def _representation_text(representation: Representation) -> str:
    types = f"{'|'.join(sorted(representation.types))} as " if representation.types is not None else ""
    fields = " ".join(_input_text(f) for f in representation.key)
    requires = " ".join(_input_text(f) for f in representation.requires)
    return f"{types}{representation.typename or 'itself'} {{ {fields} }}" + (
        f" with {{ {requires} }}" if requires else ""
    )


def _input_text(field: InputField) -> str:
    text = field.name if field.name == field.storage_key else f"{field.name}: {field.storage_key}"
    return text + "".join(f" {_selection_text(selection)}" for selection in field.selections or ())


def _selection_text(selection: InputSelection) -> str:
    on = f"on {'|'.join(sorted(selection.types))} " if selection.types is not None else ""
    return f"{on}{{ {' '.join(_input_text(f) for f in selection.fields)} }}"


def _source_text(source: ContextSource, path: Path) -> str:
    return " ".join((path_text(path[: source.depth]), *(_selection_text(selection) for selection in source.value)))


def _fetch_json(fetch: Fetch) -> dict[str, Any]:
    return {
        "id": fetch.id,
        "subgraph": fetch.subgraph,
        "operationType": fetch.operation_type,
        "operationName": fetch.operation_name,
        "document": fetch.document,
        "variables": list(fetch.variables),
        "dependsOn": list(fetch.depends_on),
        "runIf": _any_of_json(fetch.run_if),
        "path": path_text(fetch.path),
        "entity": _call_json(fetch.entity) if fetch.entity is not None else None,
    }


def _any_of_json(terms: tuple[Conditions, ...]) -> list[dict[str, bool]]:
    return [dict(term) for term in terms]


def _call_json(call: EntityCall) -> dict[str, Any]:
    return {
        "selection": call.selection,
        "representations": [
            {
                "types": sorted(r.types) if r.types is not None else None,
                "typename": r.typename,
                "key": [_input_json(f) for f in r.key],
                "requires": [_input_json(f) for f in r.requires],
            }
            for r in call.representations
        ],
        "contexts": [
            {
                "variable": c.variable,
                "type": c.type,
                "sources": [
                    {"depth": s.depth, "value": [_input_selection_json(v) for v in s.value]} for s in c.sources
                ],
            }
            for c in call.contexts
        ],
    }


def _input_json(field: InputField) -> dict[str, Any]:
    found: dict[str, Any] = {"name": field.name, "storageKey": field.storage_key}
    if field.selections is not None:
        found["selections"] = [_input_selection_json(s) for s in field.selections]
    return found


def _input_selection_json(selection: InputSelection) -> dict[str, Any]:
    return {
        "types": sorted(selection.types) if selection.types is not None else None,
        "fields": [_input_json(f) for f in selection.fields],
    }


def _projection_json(projection: Projection) -> dict[str, Any]:
    return {
        "type": projection.static_type,
        "abstract": projection.is_abstract,
        "fields": {name: [_output_json(f) for f in fields] for name, fields in projection.fields_by_type.items()},
    }


def _output_json(field: OutputField) -> dict[str, Any]:
    found: dict[str, Any] = {"responseKey": field.response_key, "storageKey": field.storage_key, "type": field.type}
    if field.conditions:
        found["conditions"] = dict(field.conditions)
    if field.selection is not None:
        found["selection"] = _projection_json(field.selection)
    return found


# ---- the stages before ----------------------------------------------------------------------------------------------


def _selection_lines(selection: Selection, indent: str) -> Iterator[str]:
    yield from _field_lines(selection.own, indent)
    for name, fields in selection.by_type.items():
        extra = [f for f in fields if f not in selection.own]
        if extra:
            yield f"{indent}on {name}"
            yield from _field_lines(tuple(extra), indent + "  ")


def _field_lines(fields: tuple[SelectionField, ...], indent: str) -> Iterator[str]:
    for wanted in fields:
        alias = "" if wanted.response_key == wanted.name else f"{wanted.response_key}: "
        condition = f" if {_any_of_text((wanted.conditions,))}" if wanted.conditions else ""
        yield f"{indent}{alias}{wanted.name}{wanted.arguments}: {wanted.type.text}{condition}"
        if wanted.selection is not None:
            yield from _selection_lines(wanted.selection, indent + "  ")


def _selection_json(selection: Selection) -> dict[str, Any]:
    found: dict[str, Any] = {"type": selection.type, "fields": [_field_json(f) for f in selection.own]}
    extra = {
        name: [_field_json(f) for f in fields if f not in selection.own] for name, fields in selection.by_type.items()
    }
    if any(extra.values()):
        found["byType"] = {name: fields for name, fields in extra.items() if fields}
    return found


def _field_json(wanted: SelectionField) -> dict[str, Any]:
    found: dict[str, Any] = {"responseKey": wanted.response_key, "name": wanted.name, "type": wanted.type.text}
    if wanted.arguments:
        found["arguments"] = wanted.arguments
    if wanted.conditions:
        found["conditions"] = dict(wanted.conditions)
    if wanted.selection is not None:
        found["selection"] = _selection_json(wanted.selection)
    return found


def _cover_json(cover: Cover, graph: QueryGraph) -> dict[str, Any]:
    if isinstance(cover, ObjectCover):
        return _object_cover_json(cover, graph)
    found: dict[str, Any] = {}
    if isinstance(cover, InterfaceObjectCover):
        found["interface"] = _object_cover_json(cover.common, graph)
    found["byType"] = {name: _object_cover_json(one, graph) for name, one in cover.by_type.items()}
    return found


def _object_cover_json(cover: ObjectCover, graph: QueryGraph) -> dict[str, Any]:
    names = [graph.supergraph.subgraphs[i.subgraph].name for i in cover.instances]

    def reads(pairs: Iterable[tuple[SelectionField, FieldChoice]]) -> list[dict[str, Any]]:
        return [
            {
                "field": wanted.response_key,
                "from": [i for i in choice.sources if i >= 0],
                **({"below": _cover_json(choice.cover, graph)} if choice.cover is not None else {}),
            }
            for wanted, choice in pairs
        ]

    return {
        "type": cover.type,
        "places": [
            {
                "subgraph": name,
                "stage": instance.stage,
                "as": instance.entry,
                "key": reads(instance.key),
                "requires": reads(instance.requires),
            }
            for name, instance in zip(names, cover.instances, strict=True)
        ],
        "fields": reads(cover.outputs),
    }


def _cover_lines(cover: Cover, graph: QueryGraph, indent: str) -> Iterator[str]:
    if isinstance(cover, ObjectCover):
        yield from _object_cover_lines(cover, graph, indent)
        return
    if isinstance(cover, InterfaceObjectCover):
        yield from _object_cover_lines(cover.common, graph, indent)
    assert isinstance(cover, AbstractCover | InterfaceObjectCover)
    for name, one in cover.by_type.items():
        if one.outputs:
            yield f"{indent}on {name}"
            yield from _object_cover_lines(one, graph, indent + "  ")


def _object_cover_lines(cover: ObjectCover, graph: QueryGraph, indent: str) -> Iterator[str]:
    def source(choice: FieldChoice) -> str:
        return " + ".join(
            f"{graph.supergraph.subgraphs[cover.instances[i].subgraph].name}@{cover.instances[i].stage}"
            for i in choice.sources
            if i >= 0
        )

    for instance in cover.instances:
        if instance.stand is None:
            needs = [f"{f.name} from {source(c)}" for f, c in (*instance.key, *instance.requires)]
            name = graph.supergraph.subgraphs[instance.subgraph].name
            yield f"{indent}enter {name}@{instance.stage} as {instance.entry} with {', '.join(needs)}"
    for wanted, choice in cover.outputs:
        yield f"{indent}{wanted.response_key} from {source(choice)}"
        if choice.cover is not None:
            yield from _cover_lines(choice.cover, graph, indent + "  ")


def _fetch_graph_lines(fetch_graph: FetchGraph, graph: QueryGraph) -> Iterator[str]:
    for fetch in fetch_graph.fetches:
        after = ", ".join(str(d.order) for d in sorted(fetch.depends_on, key=lambda f: f.order))
        where = _position_text(fetch.position) if fetch.position is not None else "(root)"
        name = graph.supergraph.subgraphs[fetch.subgraph].name
        yield f"fetch {fetch.order} from {name} at {where}" + (f" after {after}" if after else "")
        for position, slots in fetch.selected.items():
            yield f"  {_position_text(position)}: {' '.join(s.storage_key for s in slots)}"


def _position_text(position: Position) -> str:
    keys: list[str] = []
    at: Position | None = position
    while at is not None and at.parent is not None:
        keys.append(at.parent.storage_key)
        at = at.parent.position
    return ".".join(reversed(keys)) or "(root)"
