"""Plans as text, JSON and Mermaid; and a plan's shape, for comparing planners."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from graphql import parse, print_ast

from router.graph.selections import Conditions
from router.planner.batches import batches, depths
from router.planner.documents import entities_document
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

__all__ = ["any_of_text", "as_json", "as_mermaid", "as_text", "path_text", "shape"]


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


def path_text(path: Path) -> str:
    """Such as `products.@.owner|[Person]`; the root is `(root)`."""
    parts: list[str] = []
    for step in path:
        parts += [step.key, *["@"] * step.list_depth]
        if step.types is not None:
            parts[-1] += f"|[{','.join(sorted(step.types))}]"
    return ".".join(parts) or "(root)"


def _condition_text(run_if: AnyOfConditions) -> str:
    return f" if {any_of_text(run_if)}" if run_if else ""


def any_of_text(terms: tuple[Conditions, ...]) -> str:
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
        "hasCustomScalars": fetch.has_custom_scalars,
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
    if field.denied:
        found["denied"] = True
    if field.selection is not None:
        found["selection"] = _projection_json(field.selection)
    return found


# ---- the stages before ----------------------------------------------------------------------------------------------
