"""Random federations that really answer, and the monolith that they must agree with.

A field's value is a pure function of its name, its arguments and the id of its object, so that any subgraph, and the
monolith, can compute it alone. A `@requires` field's value also holds what its representation said. Representations are
checked against the truth. Whatever plan is chosen, the client's data must equal the monolith's.
"""

import random
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_ast_schema,
    execute_sync,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    parse,
    validate,
)

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable", "@external",'
    ' "@requires", "@provides", "@override", "@interfaceObject", "@inaccessible", "@tag"])\n'
)
NULL_EVERY = 13


def digest(*parts: object) -> int:
    return zlib.crc32("|".join(map(str, parts)).encode())


# ---- values ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Thing:
    """An object: an entity by its id, or a value object by the path that leads to it."""

    type: str
    id: str
    sent: Mapping[str, Any] = field(default_factory=dict, compare=False)


class World:
    """Computes values. `requires` maps field name to the required field set's leaves, as paths."""

    def __init__(self, members: Mapping[str, list[str]], requires: Mapping[str, tuple[tuple[str, ...], ...]]) -> None:
        self.members = members
        self.requires = requires

    def resolve(self, thing: Thing, name: str, type_: Any, arguments: Mapping[str, Any]) -> Any:
        if name == "id":
            return thing.id
        if name == "k":
            return f"k-{thing.id}"
        seed = (name, thing.id, sorted(arguments.items()))
        value = self._value(type_, seed, name, thing)
        if name in self.requires and isinstance(value, str):
            needed = [self._needed(thing, path) for path in self.requires[name]]
            value = f"{value}[{','.join(map(str, needed))}]"
        return value

    def _needed(self, thing: Thing, path: tuple[str, ...]) -> Any:
        """From the representation in a subgraph; computed in the monolith."""
        if thing.sent:
            value: Any = thing.sent
            for key in path:
                value = None if value is None else value[key]
            return value
        return self.truth(thing, path)

    def truth(self, thing: Thing, path: tuple[str, ...]) -> Any:
        name = path[0]
        if len(path) == 1:
            if name in ("id", "k"):
                return self.resolve(thing, name, None, {})
            return None if digest(name, thing.id, []) % NULL_EVERY == 0 else f"{name}#{thing.id}"
        if digest(name, thing.id, []) % NULL_EVERY == 0:
            return None
        return self.truth(Thing("", f"{thing.id}.{name}"), path[1:])

    def _value(self, type_: Any, seed: tuple[Any, ...], name: str, thing: Thing) -> Any:
        if isinstance(type_, GraphQLNonNull):
            return self._present(type_.of_type, seed, name, thing)
        if digest(*seed) % NULL_EVERY == 0:
            return None
        return self._present(type_, seed, name, thing)

    def _present(self, type_: Any, seed: tuple[Any, ...], name: str, thing: Thing) -> Any:
        if isinstance(type_, GraphQLList):
            return [self._value(type_.of_type, (*seed, i), f"{name}{i}", thing) for i in range(digest("n", *seed) % 4)]
        if is_composite_type(type_):
            options = self.members[type_.name]
            chosen = options[digest("t", *seed) % len(options)]
            if chosen.startswith("V"):
                return Thing(chosen, f"{thing.id}.{name}")
            return Thing(chosen, f"{chosen}:{digest('e', *seed) % 5}")
        arguments = seed[2]
        return f"{name}#{thing.id}" + (f"({arguments})" if arguments else "")


# ---- subgraphs that answer ------------------------------------------------------------------------------------------


def answering_schema(sdl: str, entities: list[str]) -> GraphQLSchema:
    union = f"union _Entity = {' | '.join(entities)}\n" if entities else ""
    field_ = "_entities(representations: [_Any!]!): [_Entity]!" if entities else "_empty: Int"
    has_query = "type Query" in sdl
    more = f"{'extend ' if has_query else ''}type Query {{ {field_} }}\nscalar _Any\n{union}"
    return build_ast_schema(parse(sdl + more), assume_valid_sdl=True)


class AnsweringSubgraph:
    """One subgraph: validates what it is sent, resolves it, and checks the representations."""

    def __init__(self, sdl: str, world: World, interface_objects: Mapping[str, list[str]]) -> None:
        document = parse(sdl)
        entities = [
            d.name.value
            for d in document.definitions
            if d.kind == "object_type_definition" and any(x.name.value == "key" for x in d.directives or ())
        ]
        self.schema = answering_schema(sdl, entities)
        self.world = world
        self.interface_objects = interface_objects
        self.documents: list[str] = []

    def answer(self, query: str, variables: Mapping[str, Any] | None) -> dict[str, Any]:
        document = parse(query)
        errors = validate(self.schema, document)
        self.documents.append(query)
        if errors:
            return {"errors": [{"message": f"{e.message} in {query}"} for e in errors]}
        result = execute_sync(
            self.schema,
            document,
            root_value=Thing("Query", "root"),
            variable_values=dict(variables or {}),
            field_resolver=self._resolve,
            type_resolver=lambda thing, *_: thing.type,
        )
        response: dict[str, Any] = {"data": result.data}
        if result.errors:
            response["errors"] = [{"message": e.message, "path": list(e.path or ())} for e in result.errors]
        return response

    def _resolve(self, thing: Thing, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        if info.field_name == "_entities":
            return [self._entity(r) for r in arguments["representations"]]
        value = self.world.resolve(thing, info.field_name, info.return_type, arguments)
        return self._seen_here(value, get_named_type(info.return_type).name)

    def _seen_here(self, value: Any, declared: str) -> Any:
        """An interface object is all that its subgraph knows of an object."""
        if isinstance(value, list):
            return [self._seen_here(v, declared) for v in value]
        if isinstance(value, Thing) and declared in self.interface_objects:
            return Thing(declared, value.id)
        return value

    def _entity(self, representation: Mapping[str, Any]) -> Thing:
        type_name = representation["__typename"]
        id_ = representation["id"] if "id" in representation else representation["k"].removeprefix("k-")
        actual = id_.partition(":")[0]
        if actual not in self.world.members[type_name]:
            raise GraphQLError(f"the representation of {type_name} has the id {id_}")
        if type_name not in self.interface_objects:
            type_name = actual  # a real interface tells what its objects are
        thing = Thing(type_name, id_, representation)
        self._check(Thing(type_name, id_), {k: v for k, v in representation.items() if k != "__typename"}, ())
        return thing

    def _check(self, thing: Thing, sent: Mapping[str, Any], path: tuple[str, ...]) -> None:
        for name, value in sent.items():
            if isinstance(value, dict):
                self._check(thing, value, (*path, name))
            elif value != (expected := self.world.truth(thing, (*path, name))):
                raise GraphQLError(f"{thing.type}.{'.'.join((*path, name))} was sent as {value!r}, is {expected!r}")


@dataclass
class Federation:
    """Subgraph SDLs with what is needed to let them answer."""

    sdls: dict[str, str]
    world: World
    interface_objects: dict[str, dict[str, list[str]]]

    def subgraphs(self) -> dict[str, AnsweringSubgraph]:
        return {n: AnsweringSubgraph(s, self.world, self.interface_objects[n]) for n, s in self.sdls.items()}

    def monolith(self, api_schema: GraphQLSchema, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        result = execute_sync(
            api_schema,
            parse(query),
            root_value=Thing("Query", "root"),
            variable_values=dict(variables),
            field_resolver=lambda t, info, **a: self.world.resolve(t, info.field_name, info.return_type, a),
            type_resolver=lambda thing, *_: thing.type,
        )
        assert not result.errors, result.errors
        assert result.data is not None
        return result.data


# ---- random federations ---------------------------------------------------------------------------------------------


class FederationMaker:
    """Makes federations that compose: whatever is asked can be reached, if not cheaply."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.names = [f"s{i}" for i in range(rng.randint(2, 4))]
        self.entities = [f"E{i}" for i in range(rng.randint(2, 3))]
        self.fields: dict[str, dict[str, dict[str, str]]] = {n: {} for n in self.names}
        self.keys: dict[str, dict[str, list[str]]] = {n: {} for n in self.names}
        self.requires: dict[str, tuple[tuple[str, ...], ...]] = {}
        self.members: dict[str, list[str]] = {e: [e] for e in self.entities} | {"V": ["V"]}
        self.interface = rng.random() < 0.6
        self.interface_object: str | None = None
        self.implements: dict[str, list[str]] = {}

    def make(self) -> Federation:
        self._place_entities()
        self._place_abstract_types()
        self._place_value_type()
        for entity in self.entities:
            self._fill(entity)
        self._requires_and_provides()
        self._roots()
        sdls = {n: self._print(n) for n in self.names}
        objects = {n: {"I": self.members["I"]} if n == self.interface_object else {} for n in self.names}
        return Federation(sdls, World(self.members, self.requires), objects)

    def add(self, subgraph: str, type_: str, name: str, declared: str) -> None:
        self.fields[subgraph].setdefault(type_, {})[name] = declared

    def _place_entities(self) -> None:
        for entity in self.entities:
            hub = self.rng.choice(self.names)
            for name in self.names:
                if name == hub or self.rng.random() < 0.75:
                    style = "both" if name == hub else self.rng.choice(["id", "id", "id", "k", "both"])
                    self.keys[name][entity] = ["id", "k"] if style == "both" else [style]
                    for key in self.keys[name][entity]:
                        self.add(name, entity, key, "ID!")

    def _place_abstract_types(self) -> None:
        if self.interface:
            size = self.rng.randint(1, len(self.entities))
            self.members["I"] = sorted(self.rng.sample(self.entities, size))
            for name in self.names:
                if all("id" in self.keys[name].get(e, ()) for e in self.members["I"]) and self.rng.random() < 0.8:
                    self.implements[name] = self.members["I"]
            free = [n for n in self.names if not any(e in self.keys[n] for e in self.members["I"])]
            if self.implements and free and self.rng.random() < 0.8:
                self.interface_object = free[0]
        self.members["U"] = sorted(self.rng.sample(self.entities, self.rng.randint(1, len(self.entities))))

    def _place_value_type(self) -> None:
        for name in self.names:
            for letter in self.rng.sample("abcd", self.rng.randint(1, 4)):
                self.add(name, "V", letter, "String @shareable")

    def _fill(self, entity: str) -> None:
        owners = [n for n in self.names if entity in self.keys[n]]
        lower = entity.lower()
        for i in range(self.rng.randint(1, 5)):
            shared = self.rng.random() < 0.25
            arguments = "(x: Int)" if self.rng.random() < 0.2 else ""
            for name in self.rng.sample(owners, self.rng.randint(1, len(owners)) if shared else 1):
                self.add(name, entity, f"{lower}s{i}{arguments}", "String @shareable" if shared else "String")
        for i in range(self.rng.randint(0, 3)):
            target = self.rng.choice([*self.entities, "U", *(["I"] if self.implements else [])])
            able = [n for n in owners if self._knows(n, target)]
            if able:
                shape = self.rng.choice(["{}", "[{}]", "[{}!]!", "[[{}]]"])
                self.add(self.rng.choice(able), entity, f"{lower}r{i}", shape.format(target))
        if self.rng.random() < 0.5:
            every = {letter for n in owners for letter in self.fields[n]["V"]}
            whole = [n for n in owners if set(self.fields[n]["V"]) == every]
            for name in self.names:
                if name not in owners and not set(self.fields[name]["V"]) <= every:
                    return  # a letter that nobody here has could not be reached
            for name in owners if not whole or self.rng.random() < 0.5 else whole[:1]:
                self.add(name, entity, f"{lower}v", "V @shareable")

    def _knows(self, name: str, target: str) -> bool:
        if target == "I":
            return name in self.implements or name == self.interface_object
        if target == "U":
            return all(e in self.keys[name] for e in self.members["U"])
        return target in self.keys[name]

    def _requires_and_provides(self) -> None:
        for entity in self.entities:
            owners = [n for n in self.names if entity in self.keys[n]]
            plain = {f: n for n in owners for f, t in self.fields[n][entity].items() if t == "String" and "(" not in f}
            for i, (needed, owner) in enumerate(sorted(plain.items())):
                others = [n for n in owners if n != owner and needed not in self.fields[n][entity]]
                if not others or self.rng.random() < 0.5:
                    continue
                name = self.rng.choice(others)
                made = f"{entity.lower()}q{i}"
                self.add(name, entity, needed, "String @external")
                self.add(name, entity, made, f'String @requires(fields: "{needed}")')
                self.requires[made] = ((needed,),)
            shared = [
                f
                for n in owners
                for f, t in self.fields[n][entity].items()
                if t == "String @shareable" and "(" not in f
            ]
            for name in owners:
                references = [
                    (e, f)
                    for e, fs in self.fields[name].items()
                    for f, t in fs.items()
                    if t.strip("[]!") == entity and "@" not in t
                ]
                lacking = [f for f in shared if f not in self.fields[name][entity]]
                if references and lacking and self.rng.random() < 0.6:
                    needed = self.rng.choice(lacking)
                    on, reference = self.rng.choice(references)
                    self.add(name, entity, needed, "String @external")
                    self.fields[name][on][reference] += f' @provides(fields: "{needed}")'

    def _roots(self) -> None:
        targets = [*self.entities, "U", *(["I"] if self.implements else [])]
        for i, target in enumerate(targets):
            able = [n for n in self.names if self._knows(n, target)]
            if not able:
                continue
            shape = self.rng.choice(["{}", "[{}]", "[{}!]"])
            self.add(self.rng.choice(able), "Query", f"q{i}", shape.format(target))
            if target in self.entities and len(able) > 1 and self.rng.random() < 0.5:
                for name in able:
                    self.add(name, "Query", f"shared{i}", f"{target} @shareable")
        if not any("Query" in f for f in self.fields.values()):
            self.add(self.names[0], "Query", "alive", "String")

    def _print(self, name: str) -> str:
        parts = [LINK]
        if name == self.interface_object:
            parts.append('type I @interfaceObject @key(fields: "id") { id: ID! io: String }')
        if name in self.implements:
            key = ' @key(fields: "id")' if self.interface_object else ""
            parts.append(f"interface I{key} {{ id: ID! }}")
        if any(
            t.strip("[]!").startswith("U")
            for fs in self.fields[name].values()
            for t in (x.split(" ")[0] for x in fs.values())
        ):
            parts.append(f"union U = {' | '.join(self.members['U'])}")
        for type_, fields in self.fields[name].items():
            if type_ == "V" and not any(t.startswith("V") for fs in self.fields[name].values() for t in fs.values()):
                continue
            keys = "".join(f' @key(fields: "{k}")' for k in self.keys[name].get(type_, ()))
            implements = " implements I" if type_ in self.implements.get(name, ()) else ""
            body = " ".join(f"{f}: {t}" for f, t in fields.items())
            parts.append(f"type {type_}{implements}{keys} {{ {body} }}")
        return "\n".join(parts) + "\n"


# ---- random operations ----------------------------------------------------------------------------------------------


class OperationMaker:
    """Makes valid operations: aliases, arguments, fragments, conditions, `__typename`."""

    def __init__(self, rng: random.Random, schema: GraphQLSchema) -> None:
        self.rng = rng
        self.schema = schema
        self.aliases = 0
        self.used: set[str] = set()

    def make(self) -> tuple[str, dict[str, Any]]:
        body = self._selection(self.schema.query_type, self.rng.randint(2, 5))
        variables = {"c0": self.rng.random() < 0.5, "c1": self.rng.random() < 0.5, "n": self.rng.randint(1, 3)}
        types = {"c0": "Boolean!", "c1": "Boolean!", "n": "Int"}
        declared = ", ".join(f"${v}: {types[v]}" for v in sorted(self.used))
        return f"query{f' ({declared})' if declared else ''} {body}", {v: variables[v] for v in self.used}

    def _selection(self, type_: Any, depth: int) -> str:
        parts = []
        if is_abstract_type(type_):
            chosen = [m for m in self.schema.get_possible_types(type_) if self.rng.random() < 0.7]
            parts += [f"... on {m.name}{self._condition()} {self._selection(m, depth - 1)}" for m in chosen]
            if hasattr(type_, "fields") and self.rng.random() < 0.7:
                parts += self._fields(type_, depth)
            if self.rng.random() < 0.4:
                parts.append("__typename")
        else:
            parts += self._fields(type_, depth)
        return "{ " + (" ".join(parts) or "__typename") + " }"

    def _fields(self, type_: Any, depth: int) -> list[str]:
        names = [n for n in type_.fields if depth > 1 or not is_composite_type(get_named_type(type_.fields[n].type))]
        if not names:
            return ["__typename"]
        return [
            self._field(type_.fields[n], n, depth)
            for n in self.rng.sample(names, self.rng.randint(1, min(5, len(names))))
        ]

    def _field(self, definition: Any, name: str, depth: int) -> str:
        text = name
        if definition.args and self.rng.random() < 0.7:
            value = self.rng.choice(["1", "2", "$n"])
            if value == "$n":
                self.used.add("n")
            text += f"(x: {value})"
        if "(" in text or self.rng.random() < 0.15:
            self.aliases += 1
            text = f"{self.rng.choice(['a', 'id_', 'k_'])}{self.aliases}: {text}"
        elif self.rng.random() < 0.05:
            self.aliases += 1
            text = f"z{self.aliases}: {text}"
        text += self._condition()
        named = get_named_type(definition.type)
        assert not is_enum_type(named)
        return text + (" " + self._selection(named, depth - 1) if is_composite_type(named) else "")

    def _condition(self) -> str:
        if self.rng.random() > 0.1:
            return ""
        variable = self.rng.choice(["c0", "c1"])
        self.used.add(variable)
        return f" @{self.rng.choice(['skip', 'include'])}(if: ${variable})"
