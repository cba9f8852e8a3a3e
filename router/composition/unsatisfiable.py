"""Why a field that the API offers cannot be had, and what helps: the words of `SATISFIABILITY_ERROR`."""

from collections.abc import Iterable, Iterator, Mapping

from router.composition.moves import LEAF, Location, Moves
from router.composition.reporting import quoted
from router.composition.supergraph_model import MergeState
from router.graph.field_sets import FieldSet, FragmentSelection, parse_field_set, render_field_set

__all__ = ["Explanation"]

_Chain = tuple[tuple[int, str, str], ...]
_PATIENCE = 40
"""How many fields are looked into for one explanation: what is behind them gets no words."""


class Explanation:
    """What is said of one field, or of a type where `field` is None.

    Attributes:
        reasons: one line for each subgraph that cannot resolve it, or cannot be reached.
        ways_out: what would help, the most particular things alone.
    """

    def __init__(
        self,
        state: MergeState,
        moves: Moves,
        setters: Mapping[str, frozenset[Location]],
        locations: frozenset[Location],
        type_name: str,
        field: str | None,
    ) -> None:
        self._state = state
        self._moves = moves
        self._setters = setters
        self._ways: dict[str, None] = {}
        self._patience = _PATIENCE
        self.reasons = tuple(self._lines(locations, type_name, field))
        coordinate = f"{type_name}.{field}" if field else type_name
        self.ways_out = tuple(self._ways) or (
            f'Add a @key that leads there, or resolve "{coordinate}" where the query comes from.',
        )

    def _lines(self, locations: frozenset[Location], type_name: str, field: str | None) -> Iterator[str]:
        reached = self._reached(locations)
        for location in reached.values():
            why = self._why_not(location, type_name, field, ())
            yield f'- in subgraph "{self._name(self._moves.subgraph_of(location))}": {why}.'
        for index in self._unreached(reached, type_name, field):
            keys = [k for k in self._state.usages[index].keys.get(type_name, ()) if k.resolvable]
            if not keys:
                yield f'- subgraph "{self._name(index)}" cannot be entered: "{type_name}" has no resolvable @key there.'
                continue
            wanted = " or ".join(f'@key(fields: "{k.text}")' for k in keys)
            origin = quoted(sorted(self._name(i) for i in reached))
            detail = self._because(self._missing(locations, keys[0].fields, ((index, type_name, ""),)))
            yield (
                f'- subgraph "{self._name(index)}" cannot be entered by {wanted} of "{type_name}":'
                f" these fields cannot be had from {origin}{detail}."
            )

    def _reached(self, locations: Iterable[Location]) -> dict[int, Location]:
        """The first location in each subgraph that can be reached."""
        found: dict[int, Location] = {}
        for start in sorted(locations):
            for location in self._moves.reach(start):
                found.setdefault(self._moves.subgraph_of(location), location)
        return found

    def _unreached(self, reached: Mapping[int, Location], type_name: str, field: str | None) -> Iterator[int]:
        """Other subgraphs that have the field."""
        merged = self._state.types.get(type_name)
        for index, source in merged.sources.items() if merged else ():
            if index not in reached and (field is None or field in source.fields):
                yield index

    def _why_not(self, location: Location, type_name: str, field: str | None, chain: _Chain) -> str:
        subgraph, own_type, _ = self._moves.places[location]
        if field is None:
            self._help(f'Give "{own_type}" a @key where it is an interface, so that its values can be looked up there.')
            return f'"{own_type}" is an @interfaceObject, and the type of its values cannot be asked for elsewhere'
        coordinate = f"{own_type}.{field}"
        declared = self._state.subgraphs[subgraph].types[own_type].fields.get(field)
        if declared is None:
            return f'there is no field "{coordinate}"'
        if (own_type, field) in self._state.usages[subgraph].external:
            return f'"{coordinate}" is @external'
        if not self._moves.owns(subgraph, own_type, field):
            return self._overridden(subgraph, own_type, field)
        chain = (*chain, (subgraph, own_type, field))
        requires = self._state.usages[subgraph].requires.get((own_type, field))
        if requires is not None and not self._moves.satisfies((location,), requires):
            known = len(self._ways)
            detail = self._because(self._missing((location,), requires, chain))
            if len(self._ways) == known:  # otherwise what helps has been said of what is behind it
                self._help(
                    f'Make what "{coordinate}" requires obtainable: add a @key that leads to where it is resolved,'
                    " or resolve it where it is required."
                )
            return f'what "{coordinate}" requires ({render_field_set(requires)}) cannot be had{detail}'
        for context, selection in sorted(self._moves.context_needs(location, field)):
            why = self._no_context(coordinate, context, selection, chain)
            if why:
                return why
        return f'"{type_name}.{field}" cannot be resolved for all possible types'

    def _overridden(self, subgraph: int, type_name: str, field: str) -> str:
        coordinate, name = f"{type_name}.{field}", self._name(subgraph)
        joins = self._state.types[type_name].fields.get(field, ())
        mine = next((j for j in joins if j.graph == subgraph), None)
        other = next((j for j in joins if j.override == name and j.graph is not None), None)
        if mine is None or mine.override_label is None:
            by = f' by subgraph "{self._name(other.graph)}"' if other and other.graph is not None else ""
            return f'"{coordinate}" is overridden{by}'
        label = mine.override_label
        state = "on" if label in self._moves.labels else "off"
        self._help(
            f'Make "{coordinate}" obtainable whether label "{label}" is on or off: both subgraphs of the @override must'
            " be reachable, or the label must go."
        )
        if mine.override is not None:
            here = f'"{coordinate}" is resolved here only while label "{label}" is on'
            return f'{here}; while it is off, in "{mine.override}"'
        by = f'"{self._name(other.graph)}"' if other and other.graph is not None else "another subgraph"
        return f'"{coordinate}" is overridden by {by} while label "{label}" is {state}'

    def _no_context(self, coordinate: str, context: str, selection: str, chain: _Chain) -> str | None:
        name = context.split("__", 1)[-1]
        if len(chain) > 1:
            self._help(f'Require something else than "{coordinate}", whose argument comes from a context.')
            return f'"{coordinate}" takes an argument from the context "{name}", which other fields\' needs cannot give'
        setters = self._setters.get(context)
        if setters is None:
            self._help(
                f'Put @context(name: "{name}") on a type above on this way to "{coordinate}", or take that way out'
                " of the API."
            )
            return f'"{coordinate}" takes an argument from the context "{name}", which nothing above it sets'
        fields = parse_field_set(selection)
        if self._moves.satisfies(setters, fields):
            return None
        types = quoted(sorted({self._moves.places[x][1] for x in setters}))
        known = len(self._ways)
        detail = self._because(self._missing(setters, fields, chain))
        if len(self._ways) == known:
            self._help(
                f'Make what "{coordinate}" takes from the context "{name}" obtainable where {types} sets it:'
                " add a @key that leads to where it is resolved, or resolve it there."
            )
        return (
            f'what "{coordinate}" takes from the context "{name}" ({render_field_set(fields)}) cannot be had'
            f" where {types} sets it{detail}"
        )

    def _missing(self, starts: Iterable[Location], fields: FieldSet, chain: _Chain) -> str | None:
        """What of a field set cannot be had and why; None if there is no more to say."""
        here = frozenset(starts)
        for selection in fields:
            if self._moves.satisfies(here, (selection,)):
                continue
            if isinstance(selection, FragmentSelection):
                return self._missing_in_fragment(here, selection, chain)
            found = self._moves.advance(here, selection.name, frozenset())
            if not found:
                return self._missing_field(here, selection.name, chain)
            return self._missing(found - {LEAF}, selection.selections or (), chain)
        return None

    def _missing_in_fragment(self, here: frozenset[Location], fragment: FragmentSelection, chain: _Chain) -> str | None:
        condition = fragment.type_condition
        if condition is None:
            return self._missing(here, fragment.selections, chain)
        for type_name in self._moves.possible_types(condition):
            parts = [self._moves.narrow(location, type_name) for location in sorted(here)]
            if all(part is not None for part in parts):
                why = self._missing([x for part in parts for x in part or ()], fragment.selections, chain)
                if why:
                    return why
        return None

    def _missing_field(self, here: frozenset[Location], field: str, chain: _Chain) -> str | None:
        """Says of each subgraph that has the field, reached or not, why it does not give it."""
        self._patience -= 1
        if not here or self._patience < 0:
            return None
        type_name = self._moves.places[min(here)][1]
        reached = self._reached(here)
        found = []
        for index, location in reached.items():
            own_type = self._moves.places[location][1]
            declared = field in self._state.subgraphs[index].types[own_type].fields
            if not declared or (own_type, field) in self._state.usages[index].external:
                continue
            step = (index, own_type, field)
            if step in chain:
                return self._circle((*chain[chain.index(step) :], step))
            found.append(f'in subgraph "{self._name(index)}" {self._why_not(location, type_name, field, chain)}')
        for index in self._unreached(reached, type_name, field):
            if (index, type_name, "") in chain or (type_name, field) in self._state.usages[index].external:
                continue
            keys = [k.text for k in self._state.usages[index].keys.get(type_name, ()) if k.resolvable]
            how = " or ".join(f'@key(fields: "{text}")' for text in keys)
            why = f'by {how} of "{type_name}"' if keys else f'as "{type_name}" has no resolvable @key there'
            found.append(
                f'"{type_name}.{field}" is resolved in subgraph "{self._name(index)}", which cannot be entered {why}'
            )
        return "; ".join(found) or None

    def _circle(self, steps: _Chain) -> str:
        names = " -> ".join(f'"{t}.{f}" in "{self._name(i)}"' for i, t, f in steps if f)
        self._ways = {"Break the circle: resolve one of its fields without requiring the others.": None}
        return f"the requirements are circular: {names}"

    def _help(self, way: str) -> None:
        if not any(known.startswith("Break") for known in self._ways):
            self._ways[way] = None

    @staticmethod
    def _because(why: str | None) -> str:
        return f": {why}" if why else ""

    def _name(self, index: int) -> str:
        return self._state.subgraphs[index].name
