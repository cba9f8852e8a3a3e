"""Wire documents: the GraphQL text of each fetch, valid against the subgraph's own schema."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from router.graph.query_graph import QueryGraph
from router.graph.selections import TYPENAME, Conditions
from router.planner.fetch_graph import FetchNode, Position, Slot

__all__ = ["EntityField", "Rendered", "document", "render_entity_selection", "render_root_selection"]


@dataclass(slots=True)
class Rendered:
    """A selection set's text, without braces, and the client's variables in it."""

    text: str
    variables: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class EntityField:
    """One `_entities` field of a document."""

    response_key: str
    variable: str
    selection: Rendered


def render_root_selection(graph: QueryGraph, fetch: FetchNode, root: Position) -> Rendered:
    rendered = Rendered("")
    rendered.text = _Writer(graph, fetch, rendered.variables).fields([root], root.static_type)
    return rendered


def render_entity_selection(graph: QueryGraph, fetch: FetchNode) -> Rendered:
    """The selection below `_entities`: one fragment per type as which the subgraph holds the objects."""
    assert fetch.position is not None
    rendered = Rendered("")
    writer = _Writer(graph, fetch, rendered.variables)
    entries = dict.fromkeys(spec.entry for spec in fetch.representations.values())
    rendered.text = " ".join(f"... on {e} {{ {writer.fields([fetch.position], e, only_entry=e)} }}" for e in entries)
    return rendered


def document(
    operation_type: str,
    operation_name: str | None,
    definitions: Mapping[str, str],
    root: Rendered | None,
    entities: Iterable[EntityField],
) -> tuple[str, tuple[str, ...]]:
    """Puts a document together; returns it with the client's variables that it uses, sorted.

    Args:
        definitions: how the client defines each variable, such as `$first: Int = 5`.
    """
    parts, used = [], set(root.variables) if root else set()
    declared = []
    if root is not None:
        parts.append(root.text)
    for entity in entities:
        used |= entity.selection.variables
        declared.append(f"${entity.variable}: [_Any!]!")
        alias = "" if entity.response_key == "_entities" else f"{entity.response_key}: "
        parts.append(f"{alias}_entities(representations: ${entity.variable}) {{ {entity.selection.text} }}")
    variables = tuple(sorted(used))
    declared.extend(definitions[v] for v in variables)
    head = operation_type + (f" {operation_name}" if operation_name else "")
    if declared:
        head += ("" if operation_name else " ") + "(" + ", ".join(declared) + ")"
    return f"{head} {{ {' '.join(parts)} }}", variables


class _Writer:
    """Writes what one fetch selects. Positions that share a key are written together."""

    def __init__(self, graph: QueryGraph, fetch: FetchNode, variables: set[str]) -> None:
        self.graph = graph
        self.fetch = fetch
        self.variables = variables

    def fields(self, positions: list[Position], type_name: str, *, only_entry: str | None = None) -> str:
        """The selection of positions whose objects the subgraph holds as `type_name`."""
        slots = [s for p in positions for s in self.fetch.selected.get(p, ())]
        if only_entry is not None:
            slots = [s for s in slots if only_entry in self.fetch.entries.get(s, ())]
        parts = []
        if any(p in self.fetch.typename for p in positions) and not self._is_interface_object(type_name):
            parts.append(TYPENAME)
        type_ = self.graph.supergraph.types[type_name]
        if type_.kind == "OBJECT" or self._is_interface_object(type_name):
            held = [s for s in slots if s.types is None or type_name in s.types or type_.kind != "OBJECT"]
            parts += self._group(held, type_name)
        else:
            parts += self._abstract(slots, type_name)
        return " ".join(parts) or TYPENAME

    def _abstract(self, slots: list[Slot], type_name: str) -> list[str]:
        members = self.graph.runtime_types(type_name, self.fetch.subgraph)
        direct = [s for s in slots if self._is_direct(s, type_name, members)]
        parts = self._group(direct, type_name)
        asked = {(s.storage_key, s.conditions) for s in direct if s.child is None}
        slots = [s for s in slots if s.child is not None or (s.storage_key, s.conditions) not in asked]
        for member in members:
            own = [s for s in slots if s not in direct and (s.types is None or member in s.types)]
            if own:
                parts.append(f"... on {member} {{ {' '.join(self._group(own, member))} }}")
        return parts

    def _is_direct(self, slot: Slot, type_name: str, members: tuple[str, ...]) -> bool:
        """Whether an interface field serves all object types at once."""
        subgraph = self.fetch.subgraph
        if slot.types is None:
            return True
        if not all(m in slot.types for m in members) or not self.graph.interface_declares(
            type_name, slot.name, subgraph
        ):
            return False
        declared = self.graph.output_type(type_name, slot.name, subgraph).name
        return all(self.graph.output_type(m, slot.name, subgraph).name == declared for m in members)

    def _is_interface_object(self, type_name: str) -> bool:
        return self.graph.is_interface_object(type_name, self.fetch.subgraph)

    def _group(self, slots: list[Slot], type_name: str) -> list[str]:
        groups: dict[tuple[str, Conditions], list[Slot]] = {}
        for slot in slots:
            groups.setdefault((slot.storage_key, slot.conditions), []).append(slot)
        return [self._field(group, type_name) for group in groups.values()]

    def _field(self, group: list[Slot], type_name: str) -> str:
        slot = group[0]
        self.variables |= slot.variables
        text = slot.name if slot.storage_key == slot.name else f"{slot.storage_key}: {slot.name}"
        text += slot.arguments
        # A directive may stand only once on a field: further conditions go around it.
        first = {wanted: variable for variable, wanted in reversed(slot.conditions)}
        around = [(v, w) for v, w in slot.conditions if first[w] != v]
        self.variables.update(v for v, _ in slot.conditions)
        text += "".join(f" {_condition(v, w)}" for w, v in sorted(first.items()))
        children = [s.child for s in group if s.child is not None]
        if children:
            below = self.graph.output_type(type_name, slot.name, self.fetch.subgraph).name
            text += f" {{ {self.fields(children, below)} }}"
        for variable, wanted in around:
            text = f"... {_condition(variable, wanted)} {{ {text} }}"
        return text


def _condition(variable: str, wanted: bool) -> str:
    return f"@{'include' if wanted else 'skip'}(if: ${variable})"
