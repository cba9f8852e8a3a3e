"""Storage keys: under which key each slot of the merged response is asked, and stored.

The client's own fields keep their response keys, unless two of them could not stand in one document. What only the
planner needs takes the key of an equal client field, else the field's name, else `_q<n>`. Choosing once per position,
for all fetches together, is what lets answers merge without renaming.
"""

from dataclasses import dataclass, field

from router.graph.query_graph import QueryGraph
from router.graph.selections import TYPENAME
from router.planner.fetch_graph import FetchGraph, FetchNode, Position, Slot

__all__ = ["assign_storage_keys"]


@dataclass(slots=True)
class _Taken:
    """Who has a key at a position: the field asked, and its type's shape in each subgraph that is asked for it."""

    name: str
    arguments: str
    shapes: dict[int, set[str]] = field(default_factory=dict)
    slots: list[Slot] = field(default_factory=list)


def assign_storage_keys(graph: QueryGraph, fetch_graph: FetchGraph) -> None:
    """Sets `storage_key` of every slot."""
    selecting: dict[Slot, list[FetchNode]] = {}
    for fetch in fetch_graph.fetches:
        for slots in fetch.selected.values():
            for slot in slots:
                selecting.setdefault(slot, []).append(fetch)
    pending: list[list[Position]] = [[fetch_graph.root]]
    while pending:
        pending.extend(_assign_at(pending.pop(), graph, selecting))


def _assign_at(
    positions: list[Position], graph: QueryGraph, selecting: dict[Slot, list[FetchNode]]
) -> list[list[Position]]:
    slots = [slot for position in positions for slot in position.slots]
    response_keys = {slot.response_key for slot in slots if slot.response_key is not None}
    taken: dict[str, _Taken] = {}
    invented = 0

    def fits(key: str, slot: Slot, shapes: dict[int, set[str]]) -> bool:
        there = taken.get(key)
        if there is None:
            return True
        if (there.name, there.arguments) != (slot.name, slot.asked):
            return False
        return all(len(shapes[s] | there.shapes.get(s, set())) == 1 for s in shapes)

    # Clients' fields first: they should look on the wire as they were written.
    for group in sorted(_groups(slots, graph), key=lambda g: g[0].response_key is None):
        slot = group[0]
        shapes: dict[int, set[str]] = {}
        for each in group:
            for subgraph, texts in _shapes(each, graph, selecting.get(each, [])).items():
                shapes.setdefault(subgraph, set()).update(texts)
        if slot.response_key is not None:
            candidates = [slot.response_key]
        else:
            equal = [k for k, t in taken.items() if (t.name, t.arguments) == (slot.name, slot.asked)]
            candidates = [*equal, slot.name]
        usable = (k for k in candidates if (k in taken or not _is_reserved(k)) and fits(k, slot, shapes))
        key = next(usable, None)
        if key is None:
            while f"_q{invented}" in taken or f"_q{invented}" in response_keys:
                invented += 1
            key = f"_q{invented}"
        there = taken.setdefault(key, _Taken(slot.name, slot.asked))
        for each in group:
            each.storage_key = key
            there.slots.append(each)
        for subgraph, texts in shapes.items():
            there.shapes.setdefault(subgraph, set()).update(texts)
    return [[s.child for s in t.slots if s.child is not None] for t in taken.values() if t.slots[0].child is not None]


def _groups(slots: list[Slot], graph: QueryGraph) -> list[list[Slot]]:
    """Slots that must have one key: a field that some type has under several conditions is one field of the result."""
    groups: list[tuple[list[Slot], set[str]]] = []
    by_field: dict[tuple[str, str, str], list[tuple[list[Slot], set[str]]]] = {}
    for slot in slots:
        types = set(slot.types if slot.types is not None else graph.supergraph.possible[slot.position.static_type])
        group = ([slot], types)
        if slot.response_key is not None:
            same = by_field.setdefault((slot.response_key, slot.name, slot.asked), [])
            for other in [g for g in same if g[1] & types]:
                group = (other[0] + group[0], other[1] | group[1])
                same.remove(other)
                groups.remove(other)
            same.append(group)
        groups.append(group)
    return [group for group, _ in groups]


def _is_reserved(key: str) -> bool:
    return key == TYPENAME or (key.startswith("_q") and key[2:].isdigit())


def _shapes(slot: Slot, graph: QueryGraph, fetches: list[FetchNode]) -> dict[int, set[str]]:
    """The slot's type as each subgraph declares it; of composite types only lists and non-nulls count."""
    type_names = list(slot.types) if slot.types is not None else [slot.position.static_type]
    shapes: dict[int, set[str]] = {}
    for fetch in fetches:
        for type_name in type_names:
            if slot.name not in graph.supergraph.types[type_name].fields:
                continue
            output = graph.output_type(type_name, slot.name, fetch.subgraph)
            text = output.text.replace(output.name, "_") if slot.child is not None else output.text
            shapes.setdefault(fetch.subgraph, set()).add(text)
    return shapes
