"""What one fetch selects, as text: valid against the subgraph's own schema."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from router.graph.query_graph import QueryGraph
from router.graph.selections import TYPENAME, Conditions
from router.planner.fetch_graph import FetchNode, Position, Slot

__all__ = ["WireFragments", "WireSelection", "write_entity_selection", "write_root_selection"]

FRAGMENT_FROM_CHARS = 100
"""From this length on, a selection that is written twice becomes a named fragment; a shorter one is left in place."""


@dataclass(frozen=True, slots=True)
class WireSelection:
    """A selection set's text, without braces.

    Attributes:
        variables: names of the client's variables in it.
        fragments: definitions of the fragments that it spreads, directly or not.
    """

    text: str
    variables: frozenset[str]
    fragments: tuple[str, ...] = ()


@dataclass(slots=True)
class WireFragments:
    """The fragments of one plan, named by what they say, so that equal selections stay equal texts."""

    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def name(self, type_name: str, text: str) -> str:
        return self.names.setdefault((type_name, text), f"_f{len(self.names)}")


def write_root_selection(
    graph: QueryGraph, fetch: FetchNode, position: Position, fragments: WireFragments
) -> WireSelection:
    """What a fetch selects of a root type whose fields lie at `position`."""
    writer = _Writer(graph, fetch)
    return writer.finish(writer.fields([position], position.static_type), fragments)


def write_entity_selection(graph: QueryGraph, fetch: FetchNode, fragments: WireFragments) -> WireSelection:
    """The selection below `_entities`: one fragment per type as which the subgraph holds the objects."""
    assert fetch.position is not None
    writer = _Writer(graph, fetch)
    entries = dict.fromkeys(spec.entry for spec in fetch.representations.values())
    parts = [f"... on {e} {{ {writer.fields([fetch.position], e, only_entry=e)} }}" for e in entries]
    return writer.finish(" ".join(parts), fragments)


_BELOW = re.compile("\0([0-9]+)\0")


class _Writer:
    """Writes what one fetch selects. Positions that share a key are written together.

    Types that read a field alike share the position below it, so the selections are a graph, whose tree can be
    exponentially larger. Each selection set is therefore written once, with numbered marks for the sets below; `finish`
    puts those in their places, or names them.
    """

    def __init__(self, graph: QueryGraph, fetch: FetchNode) -> None:
        self.graph = graph
        self.fetch = fetch
        self.variables: set[str] = set()
        self.sets: list[tuple[str, str]] = []
        """Type and text of each selection set; those below a set come after it."""
        self._numbers: dict[tuple[tuple[Position, ...], str], int] = {}

    def finish(self, text: str, fragments: WireFragments) -> WireSelection:
        """The text with all that is below in it."""
        uses = [0] * len(self.sets)
        for _, written in (("", text), *self.sets):
            for mark in _BELOW.findall(written):
                uses[int(mark)] += 1
        places = [""] * len(self.sets)
        named: dict[int, str] = {}

        def put(written: str) -> str:
            return _BELOW.sub(lambda mark: places[int(mark[1])], written)

        for number in reversed(range(len(self.sets))):
            type_name, written = self.sets[number]
            places[number] = put(written)
            if uses[number] > 1 and len(places[number]) >= FRAGMENT_FROM_CHARS:
                name = fragments.name(type_name, places[number])
                named[number] = f"fragment {name} on {type_name} {{ {places[number]} }}"
                places[number] = f"...{name}"
        definitions = tuple(dict.fromkeys(named[number] for number in sorted(named)))
        return WireSelection(put(text), frozenset(self.variables), definitions)

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

    def _below(self, positions: Sequence[Position], type_name: str) -> str:
        key = (tuple(positions), type_name)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.sets)
            self.sets.append((type_name, ""))
            self.sets[number] = type_name, self.fields(list(positions), type_name)
        return f"\0{number}\0"

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
            text += f" {{ {self._below(children, below)} }}"
        for variable, wanted in around:
            text = f"... {_condition(variable, wanted)} {{ {text} }}"
        return text


def _condition(variable: str, wanted: bool) -> str:
    return f"@{'include' if wanted else 'skip'}(if: ${variable})"
