"""Random federations with everything that can be composed; most of them compose.

One world of types is spread over some subgraphs: entities with keys of all shapes, value types, interfaces, unions,
interface objects, fields that require, provide, move and hide.
"""

import random
from dataclasses import dataclass, field

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external",'
    ' "@requires", "@provides", "@override", "@interfaceObject", "@inaccessible", "@context", "@fromContext"])\n'
)
KEYS = ("id", "id", "id", "k", "n", "id k", "part { x }", "part { x y }", "parts { x }", "other { id }")
KEY_FIELDS = {
    "id": "id: ID!",
    "k": "k: String!",
    "n": "n: Int!",
    "part": "part: P!",
    "parts": "parts: [P!]!",
    "other": "other: {other}!",
}
WRAPPERS = ("{}", "{}", "{}", "{}!", "[{}]", "[{}!]!", "[[{}]!]")
LEAVES = ("String", "String", "String", "Int", "Float", "Boolean", "Color", "JSON", "ID")
ARGUMENTS = (
    "(x: Int)",
    "(x: Int = 3)",
    "(x: Int!, y: [Int!])",
    "(in: In)",
    "(in: In = {x: 5, color: RED})",
    "(one: Pick)",
    "(c: Color = GREEN)",
    "(any: JSON, f: Float)",
)
SHARED_DEFINITIONS = {
    "P": "type P @shareable { x: String! y: Int }",
    "Color": "enum Color { RED GREEN BLUE }",
    "JSON": "scalar JSON",
    "In": "input In { x: Int = 2 color: Color list: [Int!] deep: In }",
    "Pick": "input Pick @oneOf { a: Int b: String c: In }",
}
LABEL = ', label: "percent(50)"'


@dataclass
class Owned:
    """A field of an entity: who resolves it."""

    name: str
    type: str
    arguments: str
    homes: list[str]
    shared: bool

    def text(self, *directives: str) -> str:
        return " ".join([f"{self.name}{self.arguments}: {self.type}", *directives])


@dataclass
class _Subgraph:
    """A subgraph in the making: heads and fields of its types."""

    heads: dict[str, str] = field(default_factory=dict)
    fields: dict[str, dict[str, str]] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)

    def add(self, type_: str, text: str) -> None:
        name = text.partition(":")[0].partition("(")[0].strip()
        self.fields.setdefault(type_, {}).setdefault(name, text)


class FederationMaker:
    """Makes the SDLs of a federation; the same random numbers make the same one."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.reentry = rng.random() < 0.5
        self.names = [f"s{i}" for i in range(rng.choice((2, 3, 3, 4, 5)))]
        self.entities = [f"E{i}" for i in range(rng.choice((2, 3, 3, 4)))]
        self.subgraphs = {name: _Subgraph() for name in self.names}
        self.keys: dict[str, list[str]] = {}
        self.homes: dict[str, list[str]] = {}
        self.owned: dict[str, list[Owned]] = {}
        self.interface_homes: list[str] = []
        self.interface_members: list[str] = []
        self.interface_objects: list[str] = []
        self.interface_keyed = False

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def make(self) -> dict[str, str]:
        """Names to SDL."""
        for entity in self.entities:
            self._place(entity)
        self._values()
        if self.chance(0.6):
            self._interface()
        for entity in self.entities:
            self._fill(entity)
        for entity in self.entities:
            self._relate(entity)
        for entity in self.entities:
            self._requires(entity)
            self._provides(entity)
            self._override(entity)
        self._roots()
        if self.chance(0.35):
            self._context()
        self._hide()
        return {name: self._print(name) for name in self.names}

    # ---- entities ---------------------------------------------------------------------------------------------------

    def _place(self, entity: str) -> None:
        pool = list(dict.fromkeys(self.rng.choice(KEYS) for _ in range(self.rng.choice((1, 1, 2, 3)))))
        self.keys[entity] = pool
        homes = self.rng.sample(self.names, self.rng.randint(1, len(self.names)))
        self.homes[entity] = homes
        self.owned[entity] = []
        for home in homes:
            keys = pool if home == homes[0] else self.rng.sample(pool, self.rng.randint(1, min(2, len(pool))))
            self._declare(home, entity, keys)

    def _declare(self, home: str, entity: str, keys: list[str], *, stub: bool = False) -> None:
        subgraph = self.subgraphs[home]
        resolvable = ", resolvable: false" if stub else ""
        subgraph.heads[entity] = "".join(f' @key(fields: "{k}"{resolvable})' for k in keys)
        subgraph.fields.setdefault(entity, {})
        for key in keys:
            for name in key.replace("{ x y }", "").replace("{ x }", "").replace("{ id }", "").split():
                other = self.entities[(self.entities.index(entity) + 1) % len(self.entities)]
                subgraph.add(entity, KEY_FIELDS[name].format(other=other))
                if name == "other":
                    self._know(home, other)
                    if "id" not in subgraph.fields[other]:
                        subgraph.add(other, "id: ID! @shareable")

    def _know(self, home: str, entity: str) -> bool:
        """Makes a subgraph know an entity, as a reference if it has nothing of its own; False where it must not."""
        subgraph = self.subgraphs[home]
        if home in self.interface_objects and entity in self.interface_members:
            return False
        if entity not in subgraph.heads:
            keys = [
                k for k in self.keys.get(entity) or ["id"] if "other" not in k or home not in self.interface_objects
            ]
            if not keys:
                return False
            self._declare(home, entity, keys[:1], stub=True)
        return True

    def _values(self) -> None:
        """A value type of which each subgraph has a part, and one inside it."""
        whole, inner = self.chance(0.75), self.chance(0.4)
        for name in self.names:
            subgraph = self.subgraphs[name]
            for letter in self.rng.sample("abcd", 4 if whole else self.rng.randint(2, 4)):
                subgraph.add("V", f"{letter}: {'Int' if letter == 'd' else 'String'}")
            if inner if whole else self.chance(0.4):
                subgraph.add("V", "w: W")
                subgraph.add("V", "ws: [W!]")
            subgraph.add("W", "p: String")
            subgraph.add("W", "q: [Int]")
            subgraph.heads["V"] = subgraph.heads["W"] = " @shareable"
            subgraph.more["Shape"] = (
                "interface Shape { area: Float } type Square implements Shape @shareable { area: Float side: Int }"
                " type Circle implements Shape @shareable { area: Float! r: Int }"
            )

    def _fill(self, entity: str) -> None:
        for i in range(self.rng.randint(1, 6)):
            shared = self.chance(0.3)
            homes = self.rng.sample(self.homes[entity], self.rng.randint(1, len(self.homes[entity])) if shared else 1)
            arguments = self.rng.choice(ARGUMENTS) if self.chance(0.25) else ""
            type_ = self.rng.choice(WRAPPERS).format(self.rng.choice(LEAVES))
            self._own(entity, Owned(f"{entity.lower()}f{i}", type_, arguments, homes, shared))

    def _own(self, entity: str, owned: Owned) -> None:
        self.owned[entity].append(owned)
        for home in owned.homes:
            self.subgraphs[home].add(entity, owned.text(*(["@shareable"] if owned.shared else [])))

    def _relate(self, entity: str) -> None:
        for i in range(self.rng.randint(0, 4)):
            home = self.rng.choice(self.homes[entity])
            target = self._target(home)
            type_ = self.rng.choice(WRAPPERS).format(target)
            homes = [home]
            if target in ("V", "Shape") and self.chance(0.6):
                homes = self.rng.sample(self.homes[entity], self.rng.randint(1, len(self.homes[entity])))
            arguments = self.rng.choice(ARGUMENTS) if self.chance(0.1) else ""
            shared = len(homes) > 1
            self._own(entity, Owned(f"{entity.lower()}r{i}", type_, arguments, homes, shared))

    def _target(self, home: str) -> str:
        """A composite type that a subgraph can answer with."""
        options = [*self.entities, *self.entities, "V", "Shape", "U"]
        if home in self.interface_homes or home in self.interface_objects:
            options += ["I", "I"]
        if home in self.interface_homes:
            options.append("J")
        target = self.rng.choice(options)
        if target in self.entities and not self._know(home, target):
            return "V"
        if target == "U":
            return "U" if self._union(home) else "V"
        return target

    def _union(self, home: str) -> bool:
        subgraph = self.subgraphs[home]
        if "U" in subgraph.more:
            return True
        members = self.rng.sample(self.entities, self.rng.randint(1, len(self.entities)))
        members = [m for m in members if self._know(home, m)]
        if not members:
            return False
        if self.chance(0.3):
            members.append("V")
        subgraph.more["U"] = f"union U = {' | '.join(sorted(members))}"
        return True

    # ---- interfaces -------------------------------------------------------------------------------------------------

    def _interface(self) -> None:
        members = [e for e in self.entities if "id" in self.keys[e]]
        if not members:
            return
        members = sorted(self.rng.sample(members, self.rng.randint(1, len(members))))
        self.interface_members = members
        self.interface_keyed, with_j, common = self.chance(0.6), self.chance(0.4), self.chance(0.6)
        for name in self.names:
            able = all('"id")' in self.subgraphs[name].heads.get(m, "") for m in members)
            if able and not (self.interface_homes and self.chance(0.4)):
                self._implement(name, with_j=with_j, common=common)
        if not self.interface_homes:
            return
        for member in members if common else ():
            for home in self.homes[member]:
                if home not in self.interface_homes and self.chance(0.5):
                    self.subgraphs[home].add(member, "common: String @shareable")
        for name in self.names if self.interface_keyed else ():
            if not any(m in self.subgraphs[name].heads for m in members) and self.chance(0.8):
                self.interface_objects.append(name)
                extra = ""
                if common and self.chance(0.5):
                    extra = f' common: String @external {name}io3: String @requires(fields: "common")'
                self.subgraphs[name].more["I"] = (
                    'type I @interfaceObject @key(fields: "id") {'
                    f" id: ID! {name}io: String {name}io2(x: Int): [V!]{extra} }}"
                )

    def _implement(self, home: str, *, with_j: bool, common: bool) -> None:
        """Lets a subgraph have the interface, as an interface."""
        subgraph = self.subgraphs[home]
        self.interface_homes.append(home)
        key = ' @key(fields: "id")' if self.interface_keyed else ""
        also = " implements J" if with_j else ""
        subgraph.more["I"] = f"interface I{also}{key} {{ id: ID!{' common: String' if common else ''} }}"
        subgraph.more["J"] = "interface J { id: ID! }"
        for member in self.interface_members:
            if common:
                subgraph.add(member, "common: String @shareable")
            subgraph.heads[member] = f" implements I{' & J' if with_j else ''}" + subgraph.heads[member]

    # ---- what needs, gives and moves --------------------------------------------------------------------------------

    def _requires(self, entity: str) -> None:
        for i in range(self.rng.choice((0, 1, 1, 2, 3))):
            home = self.rng.choice(self.homes[entity])
            subgraph = self.subgraphs[home]
            lacking = [o for o in self.owned[entity] if o.name not in subgraph.fields[entity]]
            if not lacking:
                continue
            needed = self.rng.sample(lacking, min(len(lacking), self.rng.choice((1, 1, 2))))
            texts = [t for o in needed if (t := self._needed(home, o)) is not None]
            if len(texts) != len(needed):
                continue
            for owned in needed:
                subgraph.add(entity, owned.text("@external"))
            fields = " ".join(texts).replace('"', '\\"')
            made = Owned(
                f"{entity.lower()}q{i}{home}", self.rng.choice(("String", "Int!", "V", "[String]")), "", [home], False
            )
            if self.chance(0.15):
                made.arguments = "(x: Int = 1)"
            self.owned[entity].append(made)
            subgraph.add(entity, made.text(f'@requires(fields: "{fields}")'))

    def _needed(self, home: str, owned: Owned) -> str | None:
        """A field set's text for one field that another subgraph resolves."""
        text = owned.name
        if "x: Int!" in owned.arguments:
            text += f"(x: {self.rng.randint(1, 3)})"
        elif "x: Int" in owned.arguments and self.chance(0.5):
            text += "(x: 2)"
        elif owned.arguments == "(c: Color = GREEN)" and self.chance(0.5):
            text += "(c: RED)"
        elif owned.arguments.startswith("(in") and self.chance(0.5):
            text += "(in: {x: 1, list: [1, 2]})"
        target = owned.type.strip("[]!")
        if target in LEAVES:
            return text
        if target == "V":
            return (
                text
                + " { "
                + " ".join(self.rng.sample(sorted(set(self.subgraphs[home].fields["V"]) & set("abcd")), 1))
                + " }"
            )
        if target == "Shape":
            return text + self.rng.choice((" { area }", " { ... on Square { side } }", " { area ... on Circle { r } }"))
        if target in self.entities:
            return text + self._inside(home, target) if self._know(home, target) else None
        if target == "U":
            if "U" in self.subgraphs[home].more:
                return None
            givers = [self.subgraphs[h].more["U"] for h in owned.homes]
            members = [m.strip() for m in givers[0].partition("=")[2].split("|")]
            if not all(self._know(home, m) for m in members if m in self.entities):
                return None
            self.subgraphs[home].more["U"] = givers[0]
            parts = [f"... on {m}{self._inside(home, m)}" for m in members if m in self.entities]
            return text + " { __typename " + " ".join(parts) + " }"
        return None

    def _inside(self, home: str, target: str) -> str:
        """A selection of an entity below a required field: of its key, or of something that is elsewhere."""
        subgraph = self.subgraphs[home]
        plain = [
            o for o in self.owned[target]
            if o.name not in subgraph.fields[target] and not o.arguments and o.type.strip("[]!") in LEAVES
        ]  # fmt: skip
        if plain and self.chance(0.5):
            chosen = self.rng.choice(plain)
            subgraph.add(target, chosen.text("@external"))
            return f" {{ {chosen.name} }}"
        names = [n for n in ("id", "k", "n") if n in subgraph.fields[target]]
        return f" {{ {names[0]} }}" if names else " { __typename }"

    def _provides(self, entity: str) -> None:
        """A field that leads to this entity gives along what others own and share."""
        for home in self.names:
            subgraph = self.subgraphs[home]
            if entity not in subgraph.heads:
                continue
            leading = [
                (t, n) for t, fields in subgraph.fields.items() for n, text in fields.items()
                if text.split("@")[0].rpartition(":")[2].strip(" []!") in (entity, "U", "I")
                and "@external" not in text and n != "other" and t != "V"
            ]  # fmt: skip
            lacking = [
                o for o in self.owned[entity] if o.shared and not o.arguments and o.name not in subgraph.fields[entity]
            ]
            lacking = [o for o in lacking if o.type.strip("[]!") in (*LEAVES, "V")]
            if not leading or not lacking or self.chance(0.4):
                continue
            given, (type_, name) = self.rng.choice(lacking), self.rng.choice(leading)
            target = subgraph.fields[type_][name].split("@")[0].rpartition(":")[2].strip(" []!")
            if "@provides" in subgraph.fields[type_][name] or not self._may_be(home, target, entity):
                continue
            subgraph.add(entity, given.text("@external"))
            inner = given.name
            if given.type.strip("[]!") == "V":
                inner += " { " + " ".join(sorted(set(subgraph.fields["V"]) & set("abc"))[:2] or ["d"]) + " }"
            if entity != target:
                inner = f"... on {entity} {{ {inner} }}"
            subgraph.fields[type_][name] += f' @provides(fields: "{inner}")'

    def _may_be(self, home: str, target: str, entity: str) -> bool:
        if target == "U":
            return entity in self.subgraphs[home].more["U"]
        return target == entity or (entity in self.interface_members and home in self.interface_homes)

    def _override(self, entity: str) -> None:
        for owned in self.owned[entity]:
            if owned.shared or len(owned.homes) != 1 or self.chance(0.8):
                continue
            source = owned.homes[0]
            if "@" in self.subgraphs[source].fields[entity][owned.name]:
                continue
            takers = [h for h in self.homes[entity] if owned.name not in self.subgraphs[h].fields[entity]]
            if owned.type.strip("[]!") not in LEAVES or not takers:
                continue
            taker = self.rng.choice(takers)
            label = LABEL if self.chance(0.5) else ""
            self.subgraphs[taker].add(entity, owned.text(f'@override(from: "{source}"{label})'))

    # ---- roots ------------------------------------------------------------------------------------------------------

    def _roots(self) -> None:
        for i, wanted in enumerate([*self.entities, self.rng.choice(self.entities), "?", "?"]):
            home = self.rng.choice(self.homes[wanted] if wanted in self.entities and self.chance(0.8) else self.names)
            target = self._target(home) if wanted == "?" else wanted
            if wanted != "?" and not self._know(home, target):
                continue
            arguments = self.rng.choice(ARGUMENTS) if self.chance(0.3) else ""
            text = f"q{i}{arguments}: {self.rng.choice(WRAPPERS).format(target)}"
            able = [n for n in self.names if target in self.subgraphs[n].heads and target in self.entities]
            if len(able) > 1 and self.chance(0.3):
                for name in able:
                    self.subgraphs[name].add("Query", f"{text} @shareable")
            else:
                self.subgraphs[home].add("Query", text)
        if self.reentry and self.chance(0.3):
            self.subgraphs[self.rng.choice(self.names)].add("Query", "again: Query")
        if self.chance(0.5):
            for i in range(self.rng.randint(1, 4)):
                home = self.rng.choice(self.names)
                target = self.rng.choice([self._target(home), "Query" if self.reentry else "Boolean", "Int"])
                self.subgraphs[home].add(
                    "Mutation", f"m{i}(x: Int): {self.rng.choice(('{}', '{}!', '[{}]')).format(target)}"
                )
            if self.reentry and self.chance(0.3):
                self.subgraphs[self.rng.choice(self.names)].add("Mutation", "m9: Done")
        if not any("Query" in s.fields for s in self.subgraphs.values()):
            self.subgraphs[self.names[0]].add("Query", "alive: String")

    def _context(self) -> None:
        home = self.rng.choice(self.names)
        subgraph = self.subgraphs[home]
        sources = [
            e for e in self.entities if e in subgraph.heads and '"id")' in subgraph.heads[e] and home in self.homes[e]
        ]
        if not sources:
            return
        source = self.rng.choice(sources)
        subgraph.heads[source] += ' @context(name: "ctx")'
        subgraph.add(source, "locale: String @shareable")
        subgraph.add(source, "child: Child")
        subgraph.add(source, "children: [Child!]")
        subgraph.heads["Child"] = ' @key(fields: "id")'
        subgraph.add("Child", "id: ID!")
        subgraph.add("Child", 'said(x: Int, lang: String @fromContext(field: "$ctx { locale }")): String')
        subgraph.add("Child", "grown: " + source)
        others = [n for n in self.names if n != home]
        other = self.subgraphs[self.rng.choice(others)]
        other.heads["Child"] = ' @key(fields: "id")'
        other.add("Child", "id: ID!")
        other.add("Child", "elsewhere: Int")

    def _hide(self) -> None:
        for entity in self.entities:
            for home in self.homes[entity]:
                for name, text in self.subgraphs[home].fields[entity].items():
                    if "f" in name and "@" not in text and self.chance(0.03):
                        self.subgraphs[home].fields[entity][name] = f"{text} @inaccessible"

    # ---- printing ---------------------------------------------------------------------------------------------------

    def _print(self, name: str) -> str:
        subgraph = self.subgraphs[name]
        parts = [
            f"type {type_}{subgraph.heads.get(type_, '')} {{ {' '.join(fields.values())} }}"
            for type_, fields in subgraph.fields.items()
        ]
        parts += subgraph.more.values()
        text = "\n".join(parts)
        for word in ("Pick", "In", "Color", "JSON", "P"):
            if any(f"{before}{word}{after}" in text for before in (" ", "[") for after in ("", "]", "!", ")", " ")):
                text += "\n" + SHARED_DEFINITIONS[word]
        if self._hides_blue(name):
            text = text.replace("BLUE }", "BLUE @inaccessible }")
        if "Done" in text:
            text += "\ntype Done { ok: Boolean query: Query! }"
        if "type Query" not in text:
            text += "\ntype Query { alive: String @shareable }"
        return LINK + text + "\n"

    def _hides_blue(self, name: str) -> bool:
        return name == self.names[0] and len(self.names) % 2 == 0
