"""Features of types that are values: enums, inputs, arguments, field types, interfaces, unions, custom directives."""

from tests.composition.sketch import Sketch


def enums(s: Sketch) -> None:
    for name in s.two():
        values = s.some("ONE", "TWO", "THREE", p=0.97 if s.calm else 0.7)
        if s.wrong(0.1):
            values = [name.upper()]
        marks = ("", "", "", "", "", " @inaccessible", ' @tag(name: "t")', " @deprecated")
        s.add(name, f"enum Level {{ {' '.join(v + s.pick(*marks) for v in values)} }}")
        if s.chance(0.6):
            s.query(name, f"{name}Level: Level")
        if s.chance(0.4):
            s.query(name, f"{name}ByLevel(level: Level{s.pick('', '', '!', ' = ONE', ' = TWO')}): Int")


def inputs(s: Sketch) -> None:
    for name in s.two():
        fields = [f"x: Int{s.or_wrong('', '!', ' = 1', ' = 2', ' = 3', p=0.5)}"]
        if s.chance(0.7):
            fields.append(f"y: {s.or_wrong('String', 'String!', '[String]', 'Int', 'ID')}")
        if s.chance(0.3):
            fields.append(f"{name}Only: Int{s.or_wrong('', '!', '! = 3', ' @inaccessible', '! @inaccessible')}")
        if s.wrong(0.1):
            fields = [f"{name}Alone: Int"]
        if s.chance(0.15):
            fields.append(f"again: Filter{s.or_wrong('', '!', p=0.1)}")
        s.add(name, f"input Filter{s.pick('', '', '', ' @inaccessible')} {{ {' '.join(fields)} }}")
        default = s.or_wrong("", ' = {x: 1, y: "q"}', " = {x: 2}", " = {nope: 1}", ' = {x: "s"}', p=0.4)
        if s.chance(0.8):
            s.query(name, f"{name}Find(filter: Filter{default}): Int")


def arguments(s: Sketch) -> None:
    for name in s.two():
        options = (
            "n: Int",
            "n: Int!",
            "n: Int = 1",
            "n: Int = 2",
            "n: Int = 3",
            "n: String",
            "n: Int!, m: Int",
            "n: Int, k: ID!",
        )
        given = s.or_wrong("n: Int", *options, p=0.6)
        mark = s.pick("", "", "", "", ' @tag(name: "arg")', " @inaccessible")
        s.query(name, f"counted({given}{mark}): Int @shareable")


def field_types(s: Sketch) -> None:
    for name in s.two():
        s.add(
            name,
            "interface Shape { area: Int }",
            "type Square implements Shape @shareable { area: Int side: Int }",
            "type Circle implements Shape @shareable { area: Int }",
            "union Figure = Square | Circle",
        )
        output = s.or_wrong("Square", "Square!", "Shape", "Figure", "Circle", "[Square]", "Int", p=0.5)
        s.query(name, f"shape: {output} @shareable")
        leaf = s.or_wrong("Int", "Int!", "String", "[Int]", "[Int!]", "ID", p=0.3)
        s.query(name, f"leaf: {leaf} @shareable")


def unions(s: Sketch) -> None:
    for name in s.two():
        members = s.some("Cat", "Dog", "Fish", p=0.9 if s.calm else 0.55)
        for member in members:
            s.add(name, f"type {member} @shareable {{ name: String {f'{name}Extra: Int' if s.wrong(0.1) else ''} }}")
        s.add(name, f"union Pet{s.pick('', '', '', ' @inaccessible')} = {' | '.join(members)}")
        s.query(name, f"pet: {s.pick('Pet', '[Pet]')} @shareable" if s.wrong(0.6) else f"{name}Pet: Pet")


def interfaces(s: Sketch) -> None:
    for name in s.two():
        fields = s.some("id: ID!", "label: String", "size(unit: Int): Int", p=0.95 if s.calm else 0.7)
        implemented = [f for f in fields if not s.wrong(0.05)] or fields
        more = s.or_wrong("", " other: Int", " label: Int", p=0.2)
        above = "interface Top { id: ID! }" if "id: ID!" in implemented and s.chance(0.3) else ""
        has_top = " implements Top" if above else ""
        both = " implements Top & Thing" if above else " implements Thing"
        if s.wrong(0.08):
            both = " implements Thing"
        mark = s.pick("", "", "", "", " @inaccessible", ' @tag(name: "i")')
        s.add(name, f"{above}\ninterface Thing{has_top}{mark} {{ {' '.join(fields)}{more if s.wrong() else ''} }}")
        s.add(name, f"type Solid{both} @shareable {{ {' '.join(implemented)}{more} }}")
        s.query(name, f"{name}Things: [Thing] {name}Solid: Solid")


def kinds(s: Sketch) -> None:
    forms = {
        "object": "type Mixed { x: Int @shareable }",
        "input": "input Mixed { x: Int }",
        "enum": "enum Mixed { X }",
        "scalar": "scalar Mixed",
        "interface": "interface Mixed { x: Int }",
        "union": "type Part @shareable { x: Int } union Mixed = Part",
    }
    usual = s.pick(*forms)
    for name in s.two():
        kind = s.or_wrong(usual, *forms, p=0.15)
        s.add(name, forms[kind])
        s.query(name, f"{name}Mixed{'(x: Mixed): Int' if kind in {'input', 'enum'} else ': Mixed'}")


def described(s: Sketch) -> None:
    for name in s.two():
        text = s.pick('"one text" ', '"another text" ', "", '"""block\n  text""" ')
        url = s.pick("", "", ' @specifiedBy(url: "https://x.example/")', ' @specifiedBy(url: "https://y.example/")')
        reason = s.pick("", " @deprecated", ' @deprecated(reason: "old")', ' @deprecated(reason: "older")')
        s.add(name, f"{text}scalar Stamp{url}", f"{text}type Note @shareable {{ {text}at: Stamp{reason} id: ID! }}")
        s.query(name, f"{name}Note: Note")


def executable_directives(s: Sketch) -> None:
    for name in s.two():
        if s.chance(0.85):
            repeatable = s.pick("", "", " repeatable")
            arguments = s.or_wrong("(x: Int)", "(x: Int!)", "(x: String)", "(x: Int = 1)", "", "(x: Int, y: Int)")
            places = s.pick("FIELD", "FIELD", "FIELD | QUERY", "QUERY", "FIELD | OBJECT", "OBJECT")
            s.add(name, f"directive @trace{arguments}{repeatable} on {places}")


def composed_directives(s: Sketch) -> None:
    for name in s.two():
        s.need(name, 1)
        minor = s.pick("0", "0", "1")
        major = s.or_wrong("1", "2", p=0.15)
        local = s.or_wrong("@stamp", "@other", p=0.15)
        item = '"@stamp"' if local == "@stamp" else f'{{name: "@stamp", as: "{local}"}}'
        composed = s.or_wrong(f' @composeDirective(name: "{local}")', "", ' @composeDirective(name: "stamp")',
                              ' @composeDirective(name: "@key")', ' @composeDirective(name: "@gone")')  # fmt: skip
        link = f'@link(url: "https://x.example/marks/v{major}.{minor}", import: [{item}])'
        arguments = s.or_wrong("(by: String)", "(by: String!)", "(by: Int)", "", "(by: String @inaccessible)", p=0.15)
        repeatable = s.pick("", " repeatable")
        s.add(name, f"extend schema {link if not s.wrong(0.05) else ''}{composed}" if link or composed else "")
        s.add(name, f"directive {local}{arguments}{repeatable} on {s.pick('OBJECT | FIELD_DEFINITION', 'OBJECT')}")
        use = local + (s.pick('(by: "x")', '(by: "y")', "") if "String" in arguments else "")
        s.add(name, f"type Marked @shareable {use} {{ x: Int }}")
        s.query(name, f"{name}Marked: Marked")


def roots(s: Sketch) -> None:
    name, other = s.two()
    named = ["query: Start"]
    if s.chance(0.5):
        s.add(name, "type Mutation { act(x: Int): Int @shareable only: Int }")
        s.add(other, f"type Mutation {{ act(x: Int): Int{s.or_wrong(' @shareable', '')} }}")
        named.append("mutation: Mutation")
    if s.chance(0.4):
        s.add(name, f"type Subscription {{ ticks: Int{s.or_wrong('', ' @shareable', p=0.2)} }}")
        named.append("subscription: Subscription")
    if s.chance(0.3):
        s.query_names[name] = "Start"
        if s.wrong(0.15):
            named = [*named[: s.random.randint(1, 2)], s.pick("mutation: Start", "subscription: Nope", "")]
        s.add(name, f"schema {{ {' '.join(named)} }}")
        if s.wrong(0.15):
            s.add(name, f"type {s.pick('Query', 'Mutation', 'Subscription')} {{ x: Int }}")
    if s.wrong(0.1):
        s.query_names = dict.fromkeys(s.names, "Nothing")


def invalid(s: Sketch) -> None:
    """Breaks GraphQL's own rules, or is strange and keeps them."""
    if not s.wrong(0.9):
        return
    s.add(
        s.pick(*s.names),
        s.pick(
            "type Bad { x: Missing }",
            "type Bad { x: Int x: Int }",
            "type Bad { x(a: Int, a: Int): Int }",
            "type Bad { x(a: Bad): Int }",
            "input Bad { x: Query }",
            "enum Bad { A A }",
            "enum Bad { true }",
            "union Bad = Int",
            "union Bad = Query | Query",
            "type Bad { x: Int @unknown }",
            "type Bad @key { x: Int }",
            "type Bad { x: Int @deprecated(why: 1) }",
            "type Bad { __x: Int }",
            "type Bad { x: Int } type Bad { y: Int }",
            "type Bad implements Query { x: Int }",
            "type Bad implements Missing { x: Int }",
            "input Bad { x: Bad! }",
            "directive @bad(x: Missing) on FIELD",
            "directive @bad on NOWHERE",
            "directive @bad on FIELD directive @bad on FIELD",
            "directive @bad(x: Int @bad) on ARGUMENT_DEFINITION",
            "scalar Int",
            "scalar Fine",
            "extend type Lonely { x: Int }",
            "extend type Query { extra: Int }",
            "type Bad { x: Int @tag }",
            'type Bad { x: Int @tag(name: "a b") }',
            'type Bad { x(a: Int! = 3): Int @tag(name: "fine") }',
            "type Bad { x(a: Int! @deprecated): Int }",
            'type Bad { x(a: Int = "s"): Int }',
            "query Q { x }",
            "fragment F on Query { x }",
            "type Bad { }",
            "type Bad",
            "interface Bad { x: Int }",
            "interface Bad implements Bad { x: Int }",
            "type Bad { x: Int } }",
            'type Bad @shareable { x: Int @shareable @tag(name: "q") }',
            "type Bad { x: Int @shareable @shareable }",
            "interface Bad { x: Int @shareable }",
            "interface Bad @shareable { x: Int }",
        ),
    )


FEATURES = (
    enums,
    inputs,
    arguments,
    field_types,
    unions,
    interfaces,
    kinds,
    described,
    executable_directives,
    composed_directives,
    roots,
    invalid,
)
