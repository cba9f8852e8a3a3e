"""A set of subgraphs in the making: features add definitions, root fields and links to it, and sometimes mistakes."""

import re
from random import Random

LINK = "https://specs.apollo.dev/federation"
# Since which minor version of Federation 2 a directive can be imported.
IMPORTS = {
    0: "@key @requires @provides @external @tag @extends @shareable @inaccessible @override FieldSet",
    1: "@composeDirective",
    3: "@interfaceObject",
    5: "@authenticated @requiresScopes",
    6: "@policy",
    8: "@context @fromContext",
    9: "@cost @listSize",
    12: "@cacheTag",
}
FEDERATION_1 = {"key", "requires", "provides", "external", "extends", "deprecated", "specifiedBy", "tag"}
DIRECTIVE = re.compile(r"(?<!directive) @(\w+)(\((?:[^()\"]|\"[^\"]*\")*\))?")


class Sketch:
    """Two to four subgraphs; a careless one has more mistakes than a calm one."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.names = ["a", "b", "c", "d"][: random.choice((2, 2, 3, 3, 4))]
        self.calm = random.random() < 0.5
        self.definitions: dict[str, list[str]] = {name: [] for name in self.names}
        self.queries: dict[str, list[str]] = {name: [] for name in self.names}
        self.headers: dict[str, str] = {}
        self.query_names: dict[str, str] = {}
        self.federation_1 = {name for name in self.names if random.random() < 0.07}
        self.renames: dict[str, dict[str, str]] = {}
        self.minor = {name: random.choice((9, 9, 9, 12, 12, 10, 6, 3, 0)) for name in self.names}

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def wrong(self, p: float = 0.3) -> bool:
        """Whether to do something that is probably a mistake."""
        return self.chance(p * (0.25 if self.calm else 1))

    def pick(self, *options: str) -> str:
        return self.random.choice(options)

    def or_wrong(self, right: str, *wrong: str, p: float = 0.3) -> str:
        return self.pick(*wrong) if self.wrong(p) else right

    def two(self) -> tuple[str, str]:
        first, second = self.random.sample(self.names, 2)
        return first, second

    def some(self, *options: str, p: float = 0.6) -> list[str]:
        """Some of the options, at least one."""
        return [o for o in options if self.chance(p)] or [self.pick(*options)]

    def add(self, name: str, *definitions: str) -> None:
        self.definitions[name] += definitions

    def query(self, name: str, field: str) -> None:
        self.queries[name].append(field)

    def need(self, name: str, minor: int) -> None:
        """Says that a subgraph uses something of Federation 2.`minor`; a careless one forgets it."""
        if not self.wrong(0.08):
            self.minor[name] = max(self.minor[name], minor)
            self.federation_1.discard(name)

    def write(self) -> dict[str, str]:
        return {name: self._sdl(name) for name in self.names}

    def _sdl(self, name: str) -> str:
        queries = dict.fromkeys(self.queries[name] or [f"{name}Ping: Int"])
        root = self.query_names.get(name, "Query")
        body = "\n".join([*self.definitions[name], f"type {root} {{ {' '.join(queries)} }}"])
        if name in self.federation_1:
            return DIRECTIVE.sub(lambda m: m[0] if m[1] in FEDERATION_1 or self.chance(0.02) else "", body)
        header = self.headers.get(name, self._header(self.minor[name]))
        for directive, local in self.renames.get(name, {}).items():
            body = re.sub(rf"@{directive}\b", f"@{local}", body)
            item = f'{{name: "@{directive}", as: "@{local}"}}'
            header = header.replace(f', "@{directive}"', "" if "__" in local else f", {item}")
        return header + "\n" + body

    def _header(self, minor: int) -> str:
        names = " ".join(words for since, words in IMPORTS.items() if since <= minor).split()
        imports = ", ".join(f'"{n}"' for n in names)
        return f'extend schema @link(url: "{LINK}/v2.{minor}", import: [{imports}])'


def disturbed(sdl: str, random: Random) -> str:
    """The SDL with one directive lost, doubled, or set where another one stands or after some field."""
    header, newline, body = sdl.partition("\n") if sdl.startswith("extend schema") else ("", "", sdl)
    found = list(DIRECTIVE.finditer(body))
    if not found:
        return sdl
    one, place = random.choice(found), random.choice(found)
    match random.randrange(4):
        case 0:
            body = body[: one.start()] + body[one.end() :]
        case 1:
            body = body[: one.end()] + one[0] + body[one.end() :]
        case 2:
            body = body[: place.end()] + one[0] + body[place.end() :]
        case _:
            fields = list(re.finditer(r"\w+: [\w\[\]!]+(?=[ \n}])", body))
            if fields:
                at = random.choice(fields).end()
                body = body[:at] + one[0] + body[at:]
    return header + newline + body
