"""Random operations on any schema: valid, and full of what makes planning hard.

Aliases (also such that steal the names of keys), arguments, variables with and without defaults, fragments of all
kinds, conditions in and on one another, fields asked twice, `__typename` under any name, mutations.
"""

import random
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_interface_type,
    is_required_argument,
    is_required_input_field,
    parse,
    validate,
)

ATTEMPTS = 8


@dataclass(frozen=True)
class Habits:
    """How often an operation uses what; each operation has habits of its own."""

    alias: float = 0.15
    theft: float = 0.0
    condition: float = 0.1
    fragment: float = 0.15
    named_fragment: float = 0.3
    variable: float = 0.4
    again: float = 0.08
    width: int = 5
    depth: int = 4


@dataclass
class _Draft:
    variables: dict[str, tuple[str, Any, bool]] = field(default_factory=dict)
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    aliases: int = 0


class OperationMaker:
    """Makes valid operations; the same random numbers make the same operation.

    Args:
        habits: None draws them.
        max_fields: about how many fields an operation may have.
    """

    def __init__(
        self, rng: random.Random, schema: GraphQLSchema, habits: Habits | None = None, max_fields: int = 60
    ) -> None:
        self.rng = rng
        self.schema = schema
        self.habits = habits or self._habits()
        self.max_fields = max_fields
        self.left = 0
        self.draft = _Draft()

    def _habits(self) -> Habits:
        rng = self.rng
        return Habits(
            alias=rng.choice((0.05, 0.15, 0.4)),
            theft=rng.choice((0, 0, 0, 0.1, 0.25)),
            condition=rng.choice((0, 0, 0.08, 0.25)),
            fragment=rng.choice((0, 0.1, 0.3)),
            again=rng.choice((0, 0, 0.1)),
            width=rng.choice((3, 5, 8)),
            depth=rng.randint(2, 5),
        )

    def make(self) -> tuple[str, dict[str, Any]]:
        """An operation and its variables."""
        for attempt in range(ATTEMPTS):
            text, variables = self._make()
            if not validate(self.schema, parse(text)):
                return text, variables
            if attempt >= ATTEMPTS // 2:
                self.habits = Habits(alias=0, fragment=0, again=0, width=3, depth=self.habits.depth)
        return "{ __typename }", {}

    def _make(self) -> tuple[str, dict[str, Any]]:
        self.draft = _Draft()
        self.left = self.max_fields
        mutation = self.schema.mutation_type
        kind, root = ("query", self.schema.query_type)
        if mutation is not None and self.rng.random() < 0.25:
            kind, root = "mutation", mutation
        body = self._selection(root, self.habits.depth)
        fragments = " ".join(f"fragment {n} on {t} {b}" for n, (t, b) in self.draft.fragments.items())
        declared = ", ".join(f"${n}: {d}" for n, (d, _, _) in sorted(self.draft.variables.items()))
        name = self.rng.choice(("", "", " Op"))
        head = f"{kind}{name}" + (f"({declared})" if declared else "")
        variables = {n: v for n, (_, v, given) in self.draft.variables.items() if given}
        return f"{head} {body} {fragments}".strip(), variables

    # ---- selections -------------------------------------------------------------------------------------------------

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def _selection(self, type_: Any, depth: int) -> str:
        parts: list[str] = []
        if is_abstract_type(type_):
            parts += self._conditions_of(type_, depth)
            if is_interface_type(type_) and self.chance(0.7):
                parts += self._fields(type_, depth)
            if self.chance(0.4):
                parts.append(self._typename())
            self.rng.shuffle(parts)
        else:
            parts += self._fields(type_, depth)
        return "{ " + (" ".join(parts) or "__typename") + " }"

    def _conditions_of(self, type_: Any, depth: int) -> list[str]:
        """Fragments on members, and sometimes on another abstract type that shares some of them."""
        members = self.schema.get_possible_types(type_)
        often = min(0.7, 6 / max(1, len(members)))
        parts = [self._fragment(member, depth - 1) for member in members if self.chance(often)]
        if self.chance(0.15):
            others = [
                t
                for t in self.schema.type_map.values()
                if is_abstract_type(t) and set(self.schema.get_possible_types(t)) & set(members)
            ]
            if others:
                parts.append(self._fragment(self.rng.choice(others), depth - 1))
        return parts

    def _fragment(self, type_: Any, depth: int) -> str:
        condition = self._condition()
        if self.chance(self.habits.named_fragment):
            known = [n for n, (t, _) in self.draft.fragments.items() if t == type_.name]
            if known and self.chance(0.5):
                return f"...{self.rng.choice(known)}{condition}"
            body = self._selection(type_, depth)
            name = f"F{len(self.draft.fragments)}"
            self.draft.fragments[name] = (type_.name, body)
            return f"...{name}{condition}"
        return f"... on {type_.name}{condition} {self._selection(type_, depth)}"

    def _fields(self, type_: Any, depth: int) -> list[str]:
        names = [n for n in type_.fields if depth > 1 or not is_composite_type(get_named_type(type_.fields[n].type))]
        if not names or self.left <= 0:
            return ["__typename"]
        parts = []
        for name in self.rng.sample(names, self.rng.randint(1, min(self.habits.width, len(names)))):
            parts.append(self._field(type_, name, depth))
            if self.chance(self.habits.again):
                parts.append(self._field(type_, name, depth))
        if self.chance(0.1):
            parts.append(self._typename())
        if self.chance(self.habits.fragment):
            parts = [self._wrapped(type_, parts, depth)]
        return parts

    def _wrapped(self, type_: Any, parts: list[str], depth: int) -> str:
        """Some of the fields, again or only, inside a fragment that always applies."""
        kind = self.rng.randrange(4)
        if kind == 0:
            return f"... {{ {' '.join(parts)} }}"
        if kind == 1:
            return f"...{self._condition(sure=True)} {{ {' '.join(parts)} }}"
        interfaces = list(getattr(type_, "interfaces", ()) or ())
        if kind == 2 and interfaces:
            return " ".join(parts) + " " + self._fragment(self.rng.choice(interfaces), depth)
        return " ".join(parts) + " " + self._fragment(type_, depth)

    def _field(self, type_: Any, name: str, depth: int) -> str:
        self.left -= 1
        definition = type_.fields[name]
        arguments = self._arguments(definition)
        alias = ""
        if arguments or self.chance(self.habits.alias):
            self.draft.aliases += 1
            alias = f"{self.rng.choice(('a', 'id_', 'k_'))}{self.draft.aliases}: "
        if self.chance(self.habits.theft):
            others = [n for n in type_.fields if n != name]
            alias = f"{self.rng.choice([*others, 'id', '_q0', '__typename', '_entities'])}: " if others else alias
            alias = "" if alias == "__typename: " else alias
        text = f"{alias}{name}{arguments}{self._condition()}"
        named = get_named_type(definition.type)
        return f"{text} {self._selection(named, depth - 1)}" if is_composite_type(named) else text

    def _typename(self) -> str:
        if self.chance(0.6):
            return "__typename"
        self.draft.aliases += 1
        return f"t{self.draft.aliases}: __typename{self._condition()}"

    def _condition(self, *, sure: bool = False) -> str:
        if not sure and not self.chance(self.habits.condition):
            return ""
        text = ""
        for directive in self.rng.choice((["skip"], ["include"], ["include"], ["skip", "include"])):
            text += f" @{directive}(if: {self._boolean()})"
        return text

    def _boolean(self) -> str:
        if self.chance(0.1):
            return self.rng.choice(("true", "false"))
        name = self.rng.choice(("c0", "c1", "c2"))
        if name not in self.draft.variables:
            if name == "c2":
                given = self.chance(0.5)
                self.draft.variables[name] = (
                    f"Boolean! = {self.rng.choice(('true', 'false'))}",
                    self.chance(0.5),
                    given,
                )
            else:
                self.draft.variables[name] = ("Boolean!", self.chance(0.5), True)
        return f"${name}"

    # ---- arguments --------------------------------------------------------------------------------------------------

    def _arguments(self, definition: Any) -> str:
        given = []
        for name, argument in definition.args.items():
            if is_required_argument(argument) or self.chance(0.6):
                given.append(f"{name}: {self._input(argument.type)}")
        return f"({', '.join(given)})" if given else ""

    def _input(self, type_: Any, *, constant: bool = False) -> str:
        if not constant and self.chance(self.habits.variable):
            return self._variable(type_)
        return _literal(self._json(type_), type_)

    def _variable(self, type_: Any) -> str:
        text = str(type_)
        same = [n for n, (d, _, _) in self.draft.variables.items() if d == text]
        if same and self.chance(0.4):
            return f"${self.rng.choice(same)}"
        name = self.rng.choice(("v", "representations", "id", "x")) + str(len(self.draft.variables))
        is_required = isinstance(type_, GraphQLNonNull)
        value, given = self._json(type_), is_required or self.chance(0.75)
        if is_required and self.chance(0.2) and not isinstance(type_.of_type, GraphQLList):
            # A nullable variable may stand where null may not, if it has a default.
            text, given = f"{type_.of_type} = {_literal(self._json(type_), type_)}", self.chance(0.5)
        elif not is_required and self.chance(0.3):
            text += f" = {_literal(self._json(type_), type_)}"
        self.draft.variables[name] = (text, value, given)
        return f"${name}"

    def _json(self, type_: Any, depth: int = 3) -> Any:
        """A value of an input type, as a client sends it."""
        if isinstance(type_, GraphQLNonNull):
            return self._json_of(type_.of_type, depth)
        return None if self.chance(0.08) else self._json_of(type_, depth)

    def _json_of(self, type_: Any, depth: int) -> Any:
        if isinstance(type_, GraphQLList):
            return [self._json(type_.of_type, depth - 1) for _ in range(self.rng.randint(0, 2))]
        if isinstance(type_, GraphQLInputObjectType):
            if getattr(type_, "is_one_of", False):
                name, chosen = self.rng.choice(sorted(type_.fields.items()))
                return {name: self._json_of(chosen.type, depth - 1)}
            given = {}
            for name, each in type_.fields.items():
                if is_required_input_field(each) or (depth > 0 and self.chance(0.6)):
                    given[name] = self._json(each.type, depth - 1)
            return given
        if isinstance(type_, GraphQLEnumType):
            return self.rng.choice(sorted(type_.values))
        numbered = self.rng.randint(1, 3)
        values: dict[str, Any] = {
            "Int": numbered,
            "Float": numbered / 2,
            "Boolean": numbered == 1,
            "ID": f"{numbered}",
            "String": self.rng.choice(("x", 'quo"te', "")),
        }
        return values.get(type_.name, self.rng.choice(("raw", 7)))


def _literal(value: Any, type_: Any) -> str:
    """A value as it is written in a document."""
    if isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    if value is None:
        return "null"
    if isinstance(type_, GraphQLList):
        return f"[{', '.join(_literal(v, type_.of_type) for v in value)}]"
    if isinstance(type_, GraphQLInputObjectType):
        return "{" + ", ".join(f"{n}: {_literal(v, type_.fields[n].type)}" for n, v in value.items()) + "}"
    if isinstance(type_, GraphQLEnumType):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)
