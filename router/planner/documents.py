"""Wire documents: the GraphQL text of each request, valid against the subgraph's own schema."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from router.graph.query_graph import QueryGraph
from router.graph.selections import TYPENAME, Conditions
from router.planner.fetch_graph import FetchNode, Position, Slot
from router.planner.plan import EntityCall

__all__ = [
    "EntitiesDocument",
    "EntityField",
    "Rendered",
    "entities_document",
    "render_entity_selection",
    "render_root_selection",
    "root_document",
]


@dataclass(slots=True)
class Rendered:
    """A selection set's text, without braces, and the client's variables in it."""

    text: str
    variables: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class EntityField:
    """One `_entities` field of a document.

    Attributes:
        response_key: `_entities`, or an alias of it where the document has several.
        variable: name of the variable for its representations.
        contexts: names of the variables for the call's context arguments, in their order.
    """

    response_key: str
    variable: str
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntitiesDocument:
    """A document that asks for entities, and where in it each call stands."""

    text: str
    fields: tuple[EntityField, ...]


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


def root_document(
    operation_type: str, operation_name: str | None, selection: Rendered, definitions: Mapping[str, str]
) -> str:
    """Returns the document of a root fetch.

    Args:
        definitions: how the client defines each variable, such as `$first: Int = 5`.
    """
    declared = [definitions[name] for name in sorted(selection.variables)]
    return f"{_head(operation_type, operation_name, declared)} {{ {selection.text} }}"


def entities_document(
    operation_name: str | None, calls: Sequence[EntityCall], variables: Iterable[str], definitions: Mapping[str, str]
) -> EntitiesDocument:
    """Returns one document for several entity calls; a call may occur more than once.

    Args:
        variables: names of the client's variables that the calls use.
        definitions: how the client defines each of its variables.
    """
    taken = {*definitions, *(context.variable for call in calls for context in call.contexts)}
    used: set[str] = set()
    fields, declared, parts = [], [], []
    for number, call in enumerate(calls):
        alone = len(calls) == 1
        key, variable = ("_entities", "representations") if alone else (f"_e{number}", f"_r{number}")
        variable = _free(variable, taken)
        declared.append(f"${variable}: [_Any!]!")
        names = {}
        for context in call.contexts:
            name = context.variable if context.variable not in used else _free(f"{context.variable}_{number}", taken)
            used.add(name)
            declared.append(f"${name}: {context.type}")
            names[context.variable] = name
        fields.append(EntityField(key, variable, tuple(names.values())))
        alias = "" if alone else f"{key}: "
        selection = _renamed(call.selection, names)
        parts.append(f"{alias}_entities(representations: ${variable}) {{ {selection} }}")
    declared.extend(definitions[name] for name in sorted(set(variables)))
    return EntitiesDocument(f"{_head('query', operation_name, declared)} {{ {' '.join(parts)} }}", tuple(fields))


def _head(operation_type: str, operation_name: str | None, declared: Sequence[str]) -> str:
    head = operation_type + (f" {operation_name}" if operation_name else "")
    if declared:
        head += ("" if operation_name else " ") + "(" + ", ".join(declared) + ")"
    return head


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


_STRING_OR_VARIABLE = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\]|\\.)*"|\$([A-Za-z_][A-Za-z0-9_]*)', re.DOTALL
)


def _renamed(selection: str, names: Mapping[str, str]) -> str:
    """Gives variables other names."""
    if all(old == new for old, new in names.items()):
        return selection
    return _STRING_OR_VARIABLE.sub(lambda m: f"${names[m[1]]}" if m[1] in names else m[0], selection)


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
