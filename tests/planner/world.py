"""One world behind any federation: what each object is, whoever is asked.

A value is a function of the object, the field and its arguments. An object is an entity (a type and a number), or a
value object (the way that leads to it). All of it follows from the SDLs alone, so that every federation that composes
can be run against a monolith: made ones, found ones, and those that a shrinker cuts out of them.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    InlineFragmentNode,
    InputValueDefinitionNode,
    ListTypeNode,
    NonNullTypeNode,
    SelectionSetNode,
    TypeNode,
    ValueNode,
    value_from_ast_untyped,
)
from graphql.execution.values import get_argument_values

from tests.planner.subgraph_types import FieldFacts, SubgraphTypes

NULL_EVERY = 13
ENTITIES = 7
"""How many there are of each type: few, so that the same one turns up in many places at once."""


def digest(*parts: object) -> int:
    return zlib.crc32("|".join(map(str, parts)).encode())


@dataclass(frozen=True)
class Thing:
    """An object.

    Attributes:
        id: an entity's number, or a value object's way from the nearest entity: `3.field[0].field`.
        sent: the representation that it was entered by, in a subgraph.
        provided: what is provided of it beyond the ordinary, in a subgraph.
        above: the object whose field led here; for context arguments.
        held_as: the interface object as which a subgraph has it, where it was entered as one.
    """

    type: str
    id: str
    sent: Mapping[str, Any] | None = field(default=None, compare=False)
    provided: tuple[SelectionSetNode, ...] = field(default=(), compare=False)
    above: "Thing | None" = field(default=None, compare=False)
    held_as: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class _Field:
    """A field of an object type as all subgraphs together have it."""

    name: str
    nullable: tuple[bool, ...]
    leaf: str
    candidates: tuple[str, ...]
    arguments: Mapping[str, "_Input"]
    is_key: bool


@dataclass(frozen=True)
class _Input:
    """An argument, or a field of an input type, that all who have it agree to have.

    Attributes:
        type: the named type.
        default: of the subgraphs that have one; the others, and a server of all of them, get what it says sent, or do
            not know it. Composition sees to it that there are no two.
    """

    type: str
    default: ValueNode | None


class World:
    """Computes values.

    Args:
        labels: override labels that are on.
        null_keys: key fields may be null where their type allows it. Data then may miss what the monolith has.
        full: nothing is null and no list empty, so that every selection is reached.
        salt: makes another world of the same types.
    """

    def __init__(
        self,
        sdls: Mapping[str, str],
        labels: frozenset[str] = frozenset(),
        *,
        null_keys: bool = False,
        full: bool = False,
        salt: str = "",
    ) -> None:
        self.full = full
        self.salt = salt
        self.subgraphs = {name: SubgraphTypes(sdl) for name, sdl in sdls.items()}
        self.labels = labels
        self.null_keys = null_keys
        all_types = [t for s in self.subgraphs.values() for t in s.types.values()]
        self.has_interface_objects = any(t.is_interface_object for t in all_types)
        self.implementations: dict[str, set[str]] = {}
        for one in all_types:
            for interface in one.interfaces if one.kind == "object" else ():
                self.implementations.setdefault(interface, set()).add(one.name)
        self.entities = {t.name for t in all_types if t.kind == "object" and t.keys and not t.is_interface_object}
        self.key_fields: set[tuple[str, str]] = set()
        for name, types in self.subgraphs.items():
            for one in types.types.values():
                for selection, _ in one.keys:
                    self._mark_key(name, self.possible(name, one.name), one.name, selection)
        self._fields: dict[tuple[str, str], _Field] = {}
        self._input_types: dict[str, Mapping[str, _Input] | None] = {}
        self._leaves: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._by_key: dict[tuple[str, str, int], dict[str, Thing]] = {}
        self._variant = ""

    def become(self, variant: int) -> None:
        """Turns into another world of the same types: every value is another one."""
        self._variant = f"~{variant}"
        self._by_key.clear()

    # ---- types ------------------------------------------------------------------------------------------------------

    def possible(self, subgraph: str, name: str) -> list[str]:
        """Object types that a subgraph may mean by a type of its own."""
        types = self.subgraphs[subgraph].types
        one = types.get(name)
        if one is None:
            return []
        if one.is_interface_object:
            return sorted(self.implementations.get(name, ()))
        if one.kind == "object":
            return [name]
        if one.kind == "union":
            return [m for m in one.members if m in types]
        return [t.name for t in types.values() if t.kind == "object" and name in t.interfaces]

    def declarations(self, type_: str, name: str) -> Iterator[tuple[str, FieldFacts]]:
        """Every subgraph that has a field of an object type, itself or of an interface object."""
        for subgraph, types in self.subgraphs.items():
            for one in types.types.values():
                mine = one.name == type_ or (
                    one.is_interface_object and type_ in self.implementations.get(one.name, ())
                )
                if mine and name in one.fields:
                    yield subgraph, one.fields[name]

    def _mark_key(self, subgraph: str, objects: Sequence[str], declared: str, selection: SelectionSetNode) -> None:
        fields = self.subgraphs[subgraph].types[declared].fields
        for node in selection.selections:
            if not isinstance(node, FieldNode) or node.name.value not in fields:
                continue
            name = node.name.value
            self.key_fields.update((o, name) for o in objects)
            if node.selection_set is not None:
                below = _named(fields[name].definition.type)
                self._mark_key(subgraph, self.possible(subgraph, below), below, node.selection_set)

    def facts(self, type_: str, name: str) -> _Field:
        known = self._fields.get((type_, name))
        if known is None:
            known = self._fields[type_, name] = self._facts(type_, name)
        return known

    def _facts(self, type_: str, name: str) -> _Field:
        found = list(self.declarations(type_, name))
        if not found:
            raise GraphQLError(f"no subgraph has {type_}.{name}")
        shapes = [_nullable(f.definition.type) for _, f in found]
        nullable = tuple(all(level) for level in zip(*shapes, strict=False))
        sets = [set(self.possible(s, _named(f.definition.type))) for s, f in found]
        common = set.intersection(*sets) or sets[0]
        arguments = [{a.name.value: a for a in f.definition.arguments or ()} for _, f in found]
        hidden = {name for _, f in found for name in f.hidden_arguments}
        is_key = (type_, name) in self.key_fields
        return _Field(
            name,
            nullable if self.null_keys or not is_key else (False,) * len(nullable),
            _named(found[0][1].definition.type),
            tuple(sorted(common)),
            {n: _input([each[n] for each in arguments]) for n in set.intersection(*map(set, arguments)) - hidden},
            is_key,
        )

    def leaf(self, name: str) -> tuple[str, tuple[str, ...]]:
        """The kind of a leaf type, with an enum's values that all subgraphs know."""
        known = self._leaves.get(name)
        if known is None:
            enums = [set(s.types[name].values) for s in self.subgraphs.values() if name in s.types]
            values = sorted(set.intersection(*enums)) if enums and all(enums) else []
            known = self._leaves[name] = ("enum" if values else "scalar", tuple(values))
        return known

    # ---- values -----------------------------------------------------------------------------------------------------

    def value(self, thing: Thing, name: str, arguments: Mapping[str, Any], context: object = None) -> Any:
        """What a field of an object is; objects in it are `Thing`s."""
        facts = self.facts(thing.type, name)
        used = self._known(arguments, facts.arguments)
        text = json.dumps(used, sort_keys=True, default=str) if used else ""
        text += self._variant
        if context is not None:
            text += f"<{json.dumps(context, sort_keys=True)}>"
        return self._value(thing, facts, text, 0, "")

    def _known(self, given: Mapping[str, Any], inputs: Mapping[str, "_Input"]) -> dict[str, Any]:
        """Arguments, or an input object, without what only some subgraphs know; absent is what a default says.

        A default that only some subgraphs have is not in the API schema: those apply it, but nobody sends it.
        """
        known = {}
        for name, one in sorted(inputs.items()):
            if name in given:
                value = given[name]
            else:
                value = None if one.default is None else value_from_ast_untyped(one.default)
            if value is not None:
                known[name] = self._plain(value, one.type)
        return known

    def _plain(self, value: Any, type_: str) -> Any:
        """An argument's value, numbers in one form."""
        if isinstance(value, list):
            return [self._plain(v, type_) for v in value]
        if isinstance(value, dict):
            inputs = self._inputs(type_)
            if inputs is not None:
                return self._known(value, inputs)
            return {k: self._plain(v, "") for k, v in value.items()}  # of a custom scalar
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def _inputs(self, name: str) -> Mapping[str, "_Input"] | None:
        """The fields that all subgraphs have in an input type; None if it is none."""
        if name not in self._input_types:
            of = [s.types[name] for s in self.subgraphs.values() if name in s.types]
            if not of or of[0].kind != "input_object":
                self._input_types[name] = None
            else:
                common = set.intersection(*(set(t.input_fields) - t.hidden for t in of))
                self._input_types[name] = {n: _input([t.input_fields[n] for t in of]) for n in common}
        return self._input_types[name]

    def _value(self, thing: Thing, facts: _Field, arguments: str, level: int, index: str) -> Any:
        seed = (thing.type, thing.id, facts.name + self.salt, arguments, index)
        if facts.nullable[level] and not self.full and digest("null", *seed) % NULL_EVERY == 0:
            return None
        if level < len(facts.nullable) - 1:
            size = 1 + digest("n", *seed) % 2 if facts.is_key or self.full else digest("n", *seed) % 4
            return [self._value(thing, facts, arguments, level + 1, f"{index}[{i}]") for i in range(size)]
        if facts.candidates:
            return self._object(thing, facts, arguments, index, seed)
        return self._leaf(facts, seed)

    def _object(self, thing: Thing, facts: _Field, arguments: str, index: str, seed: tuple[str, ...]) -> Thing:
        chosen = facts.candidates[digest("t", *seed) % len(facts.candidates)]
        if chosen in ("Query", "Mutation"):
            return Thing(chosen, "0", above=thing)
        if chosen in self.entities:
            # A key must tell objects apart, also by the entity that it selects.
            number = int(thing.id.partition(".")[0]) + digest(index) if facts.is_key else digest("e", *seed)
            return Thing(chosen, str(number % ENTITIES), above=thing)
        start = thing.id if "." in thing.id else f"{thing.id}.{thing.type}"
        return Thing(chosen, f"{start}.{facts.name}{arguments}{index}", above=thing)

    def _leaf(self, facts: _Field, seed: tuple[str, ...]) -> Any:
        type_, id_, name, arguments, index = seed
        hashed = digest(*seed)
        kind, values = self.leaf(facts.leaf)
        if kind == "enum":
            return values[hashed % len(values)]
        if facts.leaf == "Int":
            return hashed & 0x7FFFFFFF
        if facts.leaf == "Float":
            return hashed % 1000 + 0.5
        if facts.leaf == "Boolean":
            return hashed % 2 == 0
        text = f"{name}#{type_}:{id_}{arguments}{index}"
        if facts.leaf in ("String", "ID") or hashed % 2:
            return text
        return {"custom": text, "list": [hashed % 5]}

    # ---- field sets -------------------------------------------------------------------------------------------------

    def truth(self, subgraph: str, thing: Thing, declared: str, selection: SelectionSetNode) -> dict[str, Any]:
        """What a representation must say of an object for a field set of a subgraph."""
        types = self.subgraphs[subgraph]
        said: dict[str, Any] = {}
        if types.types[declared].kind in ("interface", "union"):
            said["__typename"] = thing.type
        for node in selection.selections:
            if isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else declared
                if thing.type in self.possible(subgraph, condition):
                    for name, value in self.truth(subgraph, thing, condition, node.selection_set).items():
                        said[name] = _both(said.get(name), value)
            elif isinstance(node, FieldNode):
                name = node.name.value
                if name == "__typename":
                    continue  # of an abstract type it is there; of an object type everybody knows it
                facts = types.types[declared].fields[name]
                schema_type = types.schema.type_map[self._own_name(types, declared)]
                arguments = get_argument_values(schema_type.fields[name], node)  # type: ignore[attr-defined]
                value = self.value(thing, name, dict(arguments))
                below = node.selection_set
                said[name] = _both(
                    said.get(name),
                    _mapped(value, lambda t, b=below, f=facts: self.truth(subgraph, t, _named(f.definition.type), b)),
                )
        return said

    def _own_name(self, types: SubgraphTypes, name: str) -> str:
        return next((own for own, default in types.root_names.items() if default == name), name)

    def find(self, subgraph: str, declared: str, sent: Mapping[str, Any]) -> Thing:
        """The entity that a representation means.

        Raises:
            GraphQLError: there is none, or its keys contradict one another.
        """
        types = self.subgraphs[subgraph].types
        if declared not in types:
            raise GraphQLError(f"{subgraph} has no type {declared}")
        found: dict[tuple[str, str], Thing] = {}
        for at, (selection, resolvable) in enumerate(types[declared].keys):
            if resolvable and (key := projected(sent, selection)) is not None:
                known = self._all_by_key(subgraph, declared, at, selection)
                if key in known:
                    found[known[key].type, known[key].id] = known[key]
                else:
                    raise GraphQLError(f"no {declared} of {subgraph} has the key {key}")
        if len(found) != 1:
            raise GraphQLError(f"{len(found)} objects are represented by {json.dumps(sent)} in {subgraph}")
        return next(iter(found.values()))

    def _all_by_key(self, subgraph: str, declared: str, at: int, selection: SelectionSetNode) -> dict[str, Thing]:
        known = self._by_key.get((subgraph, declared, at))
        if known is None:
            known = self._by_key[subgraph, declared, at] = {}
            for type_ in self.possible(subgraph, declared):
                for number in range(ENTITIES):
                    thing = Thing(type_, str(number))
                    key = projected(self.truth(subgraph, thing, declared, selection), selection)
                    if key is not None:
                        known[key] = thing
        return known


def projected(value: Any, selection: SelectionSetNode) -> str | None:
    """The text of what a key's selection takes of a value; None if something is absent or null."""
    taken = _projected(value, selection)
    return None if taken is _ABSENT else json.dumps(taken, sort_keys=True)


_ABSENT = object()


def _projected(value: Any, selection: SelectionSetNode | None) -> Any:
    if value is None:
        return _ABSENT
    if selection is None:
        return value
    if isinstance(value, list):
        items = [_projected(v, selection) for v in value]
        return _ABSENT if any(i is _ABSENT for i in items) else items
    taken: dict[str, Any] = {}
    for node in selection.selections:
        if isinstance(node, FieldNode):
            name = node.name.value
            one = _projected(value.get(name) if isinstance(value, Mapping) else None, node.selection_set)
            if one is _ABSENT:
                return _ABSENT
            taken[name] = one
    return taken


def says(sent: Any, wanted: Any) -> bool:
    """Whether what was sent has all that is wanted; it may have more."""
    if isinstance(wanted, Mapping):
        return isinstance(sent, Mapping) and all(k in sent and says(sent[k], v) for k, v in wanted.items())
    if isinstance(wanted, list):
        return isinstance(sent, list) and len(sent) == len(wanted) and all(map(says, sent, wanted))
    return bool(sent == wanted)


def _mapped(value: Any, to: Any) -> Any:
    if isinstance(value, list):
        return [_mapped(v, to) for v in value]
    return to(value) if isinstance(value, Thing) else value


def _both(first: Any, second: Any) -> Any:
    if isinstance(first, dict) and isinstance(second, dict):
        shared = {key: _both(first[key], second[key]) for key in first if key in second}
        return {**first, **second, **shared}
    if isinstance(first, list) and isinstance(second, list):
        return [_both(*pair) for pair in zip(first, second, strict=True)]
    return second if first is None else first


def _input(definitions: Sequence[InputValueDefinitionNode]) -> _Input:
    defaults = [d.default_value for d in definitions if d.default_value is not None]
    return _Input(_named(definitions[0].type), defaults[0] if defaults else None)


def _named(node: TypeNode) -> str:
    while isinstance(node, ListTypeNode | NonNullTypeNode):
        node = node.type
    return node.name.value  # type: ignore[attr-defined,no-any-return]


def _nullable(node: TypeNode) -> list[bool]:
    """For each level of lists, and at last the named type: whether it may be null."""
    levels = []
    while True:
        nullable = not isinstance(node, NonNullTypeNode)
        if isinstance(node, NonNullTypeNode):
            node = node.type
        levels.append(nullable)
        if not isinstance(node, ListTypeNode):
            return levels
        node = node.type


def visible(selections: Iterable[SelectionSetNode], world: World, subgraph: str, type_: str) -> Iterator[FieldNode]:
    """The fields that selection sets take of an object of a type."""
    for selection in selections:
        for node in selection.selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else type_
                if type_ in world.possible(subgraph, condition):
                    yield from visible([node.selection_set], world, subgraph, type_)
