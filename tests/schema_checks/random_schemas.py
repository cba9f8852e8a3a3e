"""Random small schemas over the same few names, so that two of them have much in common."""

from hypothesis import strategies as st

OUTPUTS = ["Int", "Int!", "[Int]", "[Int!]!", "[[Int]!]", "ID", "E", "E!", "A", "A!", "[A]", "I", "U", "S"]
INPUTS = [
    *(("Int", None), ("Int!", None), ("Int", "1"), ("Int", "null"), ("Int!", "2"), ("[Int]", None), ("[Int!]", "[1]")),
    *(("E", None), ("E!", None), ("N", None), ("N", "null"), ("[N!]!", None), ("ID", '"1"')),
]
DESCRIPTIONS = ["", '"one" ', '"two" ']
DEPRECATIONS = ["", " @deprecated", ' @deprecated(reason: "r")']

descriptions = st.sampled_from(DESCRIPTIONS)
deprecations = st.sampled_from(DEPRECATIONS)


@st.composite
def input_value(draw: st.DrawFn, name: str) -> str:
    type_, default = draw(st.sampled_from(INPUTS))
    required = type_.endswith("!") and default is None
    deprecated = "" if required else draw(deprecations)
    return f"{draw(descriptions)}{name}: {type_}{f' = {default}' if default else ''}{deprecated}"


@st.composite
def field(draw: st.DrawFn, name: str) -> str:
    arguments = [draw(input_value(argument)) for argument in sorted(draw(st.sets(st.sampled_from("ab"))))]
    given = f"({', '.join(arguments)})" if arguments else ""
    return f"{draw(descriptions)}{name}{given}: {draw(st.sampled_from(OUTPUTS))}{draw(deprecations)}"


@st.composite
def fields(draw: st.DrawFn, names: str) -> str:
    return " ".join(draw(field(name)) for name in sorted(draw(st.sets(st.sampled_from(names)))))


@st.composite
def schemas(draw: st.DrawFn) -> str:
    """SDL of a valid schema. `I` has field `i` everywhere; `K` is of any kind; `X` may be missing."""
    own = draw(field("i"))
    values = sorted(draw(st.sets(st.sampled_from(["V1", "V2", "V3"]), min_size=1)))
    has_x = draw(st.booleans())
    members = ["A", *(["B"] if draw(st.booleans()) else []), *(["X"] if has_x and draw(st.booleans()) else [])]
    implements = {name: " implements I" if name == "A" or draw(st.booleans()) else "" for name in "AB"}
    parts: list[str] = [
        f"{draw(descriptions)}type Query {{ q: Int root: I union: U {draw(fields('fg'))} }}",
        f"interface I {{ {own} }}",
        *(
            f"{draw(descriptions)}type {name}{words} {{ {own if words else 'own: Int'} {draw(fields('fgh'))} }}"
            for name, words in implements.items()
        ),
        f"union U = {' | '.join(members)}",
        "enum E { " + " ".join(f"{draw(descriptions)}{value}{draw(deprecations)}" for value in values) + " }",
        f"input N {{ k: Int {' '.join(draw(input_value(n)) for n in sorted(draw(st.sets(st.sampled_from('lm')))))} }}",
        draw(st.sampled_from(["scalar S", 'scalar S @specifiedBy(url: "https://example.org")'])),
        draw(st.sampled_from(["", "type K { a: Int }", "enum K { A }", "input K { a: Int }", "scalar K"])),
        draw(st.sampled_from(["input O { a: Int b: Int }", "input O @oneOf { a: Int b: Int }"])),
    ]
    if has_x:
        parts.append("type X { x: Int }")
    if draw(st.booleans()):
        arguments = f"({draw(input_value('a'))})" if draw(st.booleans()) else ""
        places = " | ".join(sorted(draw(st.sets(st.sampled_from(["FIELD", "QUERY", "OBJECT"]), min_size=1))))
        parts.append(f"directive @d{arguments} {draw(st.sampled_from(['', 'repeatable ']))}on {places}")
    return "\n".join(parts)
