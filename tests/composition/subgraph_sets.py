"""Random sets of subgraphs over one small world of types: near enough to right that about half of them compose."""

from random import Random

HEADER = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external",'
    ' "@requires", "@provides", "@override", "@inaccessible", "@interfaceObject", "@tag", "@authenticated",'
    ' "@requiresScopes", "@cost", "@listSize"])\n'
)
SCALARS = {"a": "Int", "b": "String", "f": "Float", "sku": "ID"}
OBJECTS = {"t": "T", "u": "U", "v": "V", "vs": "[V]", "n": "N", "m": "M", "e": "E"}


def random_subgraphs(random: Random) -> dict[str, str]:
    """Names to SDL, one to four subgraphs, sometimes one of them of Federation 1."""
    names = ["alpha", "beta", "gamma", "delta"][: random.choice((1, 2, 2, 3, 3, 4))]
    calm = random.random() < 0.6
    return {name: _Writer(random, name, names, calm).write() for name in names}


class _Writer:
    def __init__(self, random: Random, name: str, names: list[str], calm: bool) -> None:
        self.random = random
        self.name = name
        self.others = [n for n in names if n != name]
        self.calm = calm  # few mistakes
        self.fed1 = self.chance(0.08)
        self.types: set[str] = set()
        self.interface_object = False

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def oops(self, p: float) -> bool:
        """A chance to do something that is probably wrong."""
        return self.chance(p * (0.25 if self.calm else 1))

    def write(self) -> str:
        self.types = {t for t, p in (("T", 0.85), ("U", 0.6), ("V", 0.6), ("M", 0.25), ("E", 0.3)) if self.chance(p)}
        if self.chance(0.3):
            if self.fed1 or self.chance(0.75):
                self.types.add("N")
            elif not self.types & {"T", "U"} or self.chance(0.2):
                self.interface_object = True
                self.types.add("N")
                if not self.oops(0.2):
                    self.types -= {"T", "U", "M"}
        if not self.types & {"T", "U"}:
            self.types.discard("M")
        parts = [self.entity(t) for t in ("T", "U") if t in self.types]
        if "V" in self.types:
            parts.append(self.value_type())
        if "N" in self.types:
            parts.append(self.interface())
        if "M" in self.types:
            parts.append(f"union M = {' | '.join(sorted(self.types & {'T', 'U'}))}")
        if "E" in self.types:
            values = ["X", "Y", *(["Z"] if self.oops(0.3) else [])]
            parts.append(f"enum E {{ {' '.join(values)} }}")
        parts.append(self.query())
        if self.chance(0.1):
            parts.append(f"type Mutation {{ {self.name}Do(x: Int): {self.random.choice(['Int', *self.outputs()])} }}")
        return ("" if self.fed1 else HEADER) + "\n".join(parts)

    def outputs(self) -> list[str]:
        return sorted(self.types)

    def shareable(self, p: float = 0.85) -> str:
        return "" if self.fed1 or not self.chance(1 - (1 - p) * (0.25 if self.calm else 1)) else " @shareable"

    def implements(self, name: str) -> str:
        return " implements N" if name in {"T", "U"} and "N" in self.types and not self.interface_object else ""

    def entity(self, name: str) -> str:
        keys = self.random.choice((["id"], ["id"], ["id"], ["id", "sku"], ["sku"], ["id sku"], []))
        if self.fed1 and not keys:
            keys = ["id"]
        fields: dict[str, str] = {"id": "id: ID!" + ("" if any("id" in k for k in keys) else self.shareable())}
        if any("sku" in k for k in keys):
            fields["sku"] = "sku: ID"
        external: list[str] = []
        for field, type_ in SCALARS.items():
            if field in fields or not self.chance(0.4):
                continue
            given = self.random.choice(("Int", "String", "Int!")) if self.oops(0.06) else type_
            text = f"{field}{self.arguments()}: {given}"
            if self.others and keys and self.chance(0.2) and "(" not in text:
                external.append(field)
                text += " @external"
            elif self.others and self.oops(0.12) and not self.fed1:
                text += f' @override(from: "{self.random.choice(self.others)}"{self.label()})' + self.shareable(0.3)
            else:
                text += self.shareable() + self.extra()
            fields[field] = text
        for field, type_ in OBJECTS.items():
            if type_.strip("[]") in self.types and self.chance(0.3):
                fields[field] = f"{field}: {type_}{self.provides(type_)}{self.shareable()}"
        if external and not self.oops(0.1):
            fields[f"{self.name}Req"] = f'{self.name}Req: Int @requires(fields: "{" ".join(external)}")'
        if self.chance(0.4):
            fields[f"{self.name}Own"] = f"{self.name}Own: Int{self.extra()}"
        directives = "".join(
            f' @key(fields: "{k}"{", resolvable: false" if not self.fed1 and self.oops(0.15) else ""})' for k in keys
        )
        if self.implements(name):
            directives = " implements N" + directives
        return f"type {name}{directives} {{\n  " + "\n  ".join(fields.values()) + "\n}"

    def label(self) -> str:
        return ', label: "percent(50)"' if self.chance(0.3) else ""

    def arguments(self) -> str:
        if not self.chance(0.1):
            return ""
        return self.random.choice(("(x: Int)", "(x: Int = 1)", "(x: Int, y: String)"))

    def extra(self) -> str:
        if self.fed1:
            return ""
        if self.chance(0.04):
            return " @inaccessible"
        if self.chance(0.05):
            return ' @tag(name: "x")'
        if self.chance(0.03):
            return " @authenticated"
        if self.chance(0.03):
            return f' @requiresScopes(scopes: [["{self.random.choice("rw")}"]])'
        return ""

    def provides(self, type_: str) -> str:
        if type_.strip("[]") == "V" and self.oops(0.1):
            return ' @provides(fields: "w")'
        return ""

    def value_type(self) -> str:
        fields = [
            f"{f}: Int{' @external' if self.oops(0.03) else self.shareable(0.9)}" for f in "wxy" if self.chance(0.6)
        ]
        if "T" in self.types and self.chance(0.2):
            fields.append(f"t: T{self.shareable()}")
        return "type V { " + " ".join(fields or ["w: Int" + self.shareable()]) + " }"

    def interface(self) -> str:
        if self.interface_object:
            own = f"{self.name}Extra: Int"
            return f'type N @interfaceObject @key(fields: "id") {{ id: ID! {own if self.chance(0.8) else ""} }}'
        key = ' @key(fields: "id")' if not self.fed1 and self.chance(0.35) else ""
        extra = " b: String" if self.oops(0.1) else ""
        return f"interface N{key} {{ id: ID!{extra} }}"

    def query(self) -> str:
        fields = [f"{self.name}{t}: {t}" for t in self.outputs() if self.chance(0.6)]
        fields += [f"{t.lower()}: {t}{self.shareable(0.9)}" for t in self.outputs() if self.chance(0.2)]
        if self.chance(0.3):
            arguments = "(e: E)" if "E" in self.types and self.chance(0.5) else self.random.choice(("", "(x: Int)"))
            fields.append(f"{self.name}Count{arguments}: Int")
        return f"type Query {{ {' '.join(fields or [f'{self.name}Ping: Int'])} }}"
