"""Random designs that compose, each field with an owner, and what becomes of them when one directive goes missing."""

import re
from random import Random

HEADER = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external",'
    ' "@requires", "@provides", "@override", "@inaccessible", "@interfaceObject", "@tag", "@authenticated",'
    ' "@requiresScopes", "@context", "@fromContext"])\n'
)
_DIRECTIVE = re.compile(r" @\w+(\((?:[^()\"]|\"[^\"]*\")*\))?")


def random_design(random: Random) -> dict[str, str]:
    """Names to SDL; in about half of the sets up to three directives or fields are lost."""
    design = _Design(random)
    sdls = design.write()
    if random.random() < 0.55:
        for _ in range(random.randint(1, 3)):
            name = random.choice(sorted(sdls))
            sdls[name] = _damaged(sdls[name], random)
    return {name: HEADER + sdl for name, sdl in sdls.items()}


def _damaged(sdl: str, random: Random) -> str:
    found = list(_DIRECTIVE.finditer(sdl))
    if found and random.random() < 0.8:
        match = random.choice(found)
        return sdl[: match.start()] + sdl[match.end() :]
    lines = [i for i, line in enumerate(sdl.split("\n")) if line.startswith("  ") and ":" in line]
    if not lines:
        return sdl
    at = random.choice(lines)
    damaged = "\n".join(line for i, line in enumerate(sdl.split("\n")) if i != at)
    return sdl if "{\n}" in damaged else damaged


class _Design:
    """Entities A to D over a few subgraphs, with shared values, an interface, and fields that need one another."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.names = [f"s{i}" for i in range(random.randint(2, 4))]
        self.entities = ["A", "B", "C", "D"][: random.randint(1, 4)]
        self.types: dict[str, dict[str, list[str]]] = {n: {} for n in self.names}
        self.heads: dict[tuple[str, str], str] = {}
        self.queries: dict[str, list[str]] = {n: [] for n in self.names}
        self.extra: dict[str, list[str]] = {n: [] for n in self.names}
        self.keys = {e: random.choice(["id", "id", "id", "id sku", "v { w }"]) for e in self.entities}

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def write(self) -> dict[str, str]:
        for entity in self.entities:
            self.entity(entity)
        self.relations()
        if self.chance(0.6):
            self.interface()
        if self.chance(0.3):
            self.context()
        if self.chance(0.3):
            self.union()
        if self.chance(0.3):
            self.inputs()
        return {name: self.sdl(name) for name in self.names}

    def sdl(self, name: str) -> str:
        parts = []
        for type_name, fields in self.types[name].items():
            head = self.heads.get((name, type_name), f"type {type_name}")
            parts.append(head + " {\n" + "".join(f"  {f}\n" for f in dict.fromkeys(fields)) + "}")
        if any("V" in re.findall(r"\bV\b", part) for part in parts):
            parts.append("type V @shareable {\n  w: Int\n  h: Int\n}")
        queries = self.queries[name] or [f"{name}Ping: Int"]
        parts.append("type Query {\n" + "".join(f"  {q}\n" for q in dict.fromkeys(queries)) + "}")
        return "\n".join([*parts, *self.extra[name]])

    def declare(self, name: str, entity: str) -> list[str]:
        """The entity's fields in a subgraph, with its key if it was not there yet."""
        fields = self.types[name].get(entity)
        if fields is None:
            key = self.keys[entity]
            text = f' @key(fields: "{key}")'
            if self.chance(0.1):
                text += ' @key(fields: "id")'
            self.heads[name, entity] = f"type {entity}{text}"
            fields = self.types[name][entity] = [f"id: ID!{'' if 'id' in text else ' @shareable'}"]
            if "sku" in key:
                fields.append("sku: ID")
            if "v {" in key:
                fields.append("v: V")
        return fields

    def entity(self, entity: str) -> None:
        low = entity.lower()
        homes = self.random.sample(self.names, self.random.randint(1, len(self.names)))
        owned: list[tuple[str, str]] = []
        for home in homes:
            fields = self.declare(home, entity)
            for _ in range(self.random.randint(1, 2)):
                field = f"{low}{len(owned)}"
                type_ = self.random.choice(["Int", "String", "V", "[Int!]"])
                tag = ' @tag(name: "t")' if self.chance(0.1) else ""
                guard = self.random.choice(
                    [" @authenticated", ' @requiresScopes(scopes: [["r"]])', "", "", "", "", "", ""]
                )
                fields.append(f"{field}: {type_}{tag}{guard}")
                owned.append((home, f"{field}: {type_}{guard}"))
        self.queries[homes[0]].append(f"{low}s: [{entity}]")
        if self.chance(0.3):
            self.queries[self.random.choice(homes)].append(f"{low}Top: {entity}")
        others = [n for n in self.names if n in homes]
        for home, field in owned:
            elsewhere = [n for n in others if n != home]
            if not elsewhere or "V" in self.keys[entity]:
                continue
            there = self.random.choice(elsewhere)
            name, _, rest = field.partition(": ")
            type_, _, guard = rest.partition(" ")
            guard = f" {guard}" if guard else ""
            if self.chance(0.35):
                selection = f"{name} {{ w }}" if type_ == "V" else name
                fields = self.declare(there, entity)
                fields.append(f"{name}: {type_} @external")
                fields.append(f'{name}Needs: Int @requires(fields: "{selection}"){guard}')
            elif self.chance(0.2):
                label = ', label: "percent(10)"' if self.chance(0.3) else ""
                self.declare(there, entity).append(f'{name}: {type_} @override(from: "{home}"{label}){guard}')

    def relations(self) -> None:
        for _ in range(self.random.randint(0, 4)):
            source, target = self.random.choice(self.entities), self.random.choice(self.entities)
            name = self.random.choice(self.names)
            if source not in self.types[name]:
                continue
            known = target in self.types[name]
            field = f"to{target}{name}"
            if known or self.chance(0.5):
                self.declare(name, target)
                self.types[name][source].append(f"{field}: {target}")
                continue
            owner = next(n for n in self.names if target in self.types[n])
            candidates = [f for f in self.types[owner][target] if re.match(r"[a-d]\d: (Int|String)$", f)]
            fields = self.declare(name, target)
            if candidates and owner != name:
                chosen = self.random.choice(candidates)
                fields.append(f"{chosen} @external")
                position = self.types[owner][target].index(chosen)
                self.types[owner][target][position] += " @shareable"
                self.types[name][source].append(f'{field}: {target} @provides(fields: "{chosen.split(":")[0]}")')
            else:
                self.types[name][source].append(f"{field}: {target}")

    def interface(self) -> None:
        """N over some entities, entirely in one subgraph; others see it as an object, or as parts of it."""
        home = self.random.choice(self.names)
        members = [e for e in self.entities if self.keys[e] == "id"]
        if not members:
            return
        keyed = self.chance(0.6)
        for entity in members:
            self.declare(home, entity)
            head = self.heads[home, entity]
            self.heads[home, entity] = head.replace(f"type {entity}", f"type {entity} implements N")
            if keyed and 'fields: "id"' not in head:
                self.heads[home, entity] += ' @key(fields: "id")'
        key = ' @key(fields: "id")' if keyed else ""
        self.extra[home].append(f"interface N{key} {{\n  id: ID!\n}}")
        self.queries[home].append("ns: [N]")
        free = [n for n in self.names if not any(e in self.types[n] for e in members)]
        if keyed and free:
            other = self.random.choice(free)
            self.extra[other].append('type N @interfaceObject @key(fields: "id") {\n  id: ID!\n  added: Int\n}')
            if self.chance(0.4):
                self.queries[other].append("nTop: N")

    def context(self) -> None:
        name = self.random.choice(self.names)
        known = [e for e in self.types[name] if self.keys[e] == "id"]
        if not known:
            return
        entity = self.random.choice(known)
        self.heads[name, entity] += ' @context(name: "ctx")'
        self.types[name][entity] += ["locale: String @shareable", "child: Child"]
        self.extra[name].append(
            'type Child @key(fields: "id") {\n  id: ID!\n'
            '  said(lang: String @fromContext(field: "$ctx { locale }")): String\n}'
        )

    def union(self) -> None:
        for name in self.names:
            known = sorted(self.types[name])
            if known and self.chance(0.6):
                self.extra[name].append(f"union Any = {' | '.join(known)}")
                self.queries[name].append(f"any{name}: [Any]")
                if self.chance(0.15):
                    self.queries[name].append("anyShared: Any @shareable")

    def inputs(self) -> None:
        for name in self.names:
            if self.chance(0.6):
                required = "!" if self.chance(0.1) else ""
                more = f" m{name}: Int" if self.chance(0.3) else ""
                self.extra[name].append(f"input In {{ x: Int{required}{more} y: E }}\nenum E {{ ONE TWO }}")
                self.queries[name].append(f"find{name}(in: In, e: E = ONE): {self.random.choice(['Int', 'E'])}")
