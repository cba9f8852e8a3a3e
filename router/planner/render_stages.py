"""The stages of planning as text and JSON."""

from collections.abc import Iterable, Iterator
from typing import Any

from router.graph.query_graph import QueryGraph
from router.graph.selections import Selection, SelectionField
from router.planner.cover import AbstractCover, Cover, FieldChoice, InterfaceObjectCover, ObjectCover
from router.planner.fetch_graph import FetchGraph, Position
from router.planner.normalize import NormalizedOperation
from router.planner.plan import QueryPlan
from router.planner.render import any_of_text, as_json, as_text

__all__ = ["stage_json", "stage_text"]


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
        condition = f" if {any_of_text((wanted.conditions,))}" if wanted.conditions else ""
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
            needs = (*instance.key, *instance.requires)
            said = ", ".join(f"{f.name} from {source(c)}" for f, c in needs)
            name = graph.supergraph.subgraphs[instance.subgraph].name
            yield f"{indent}enter {name}@{instance.stage} as {instance.entry} with {said}"
            for wanted, choice in needs:
                if choice.cover is not None:
                    yield f"{indent}  of {wanted.name}"
                    yield from _cover_lines(choice.cover, graph, indent + "    ")
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
