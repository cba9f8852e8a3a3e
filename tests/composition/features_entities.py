# ruff: noqa: E501  SDL in one line is easier to compare than wrapped
"""Features of entities: keys, field sets, external fields, overrides, interface objects, ways between subgraphs."""

from tests.composition.sketch import Sketch


def keys(s: Sketch) -> None:
    """One entity with keys of all shapes, some of them impossible."""
    for name in s.two():
        good = ("id", "id", "id sku", "sku", "part { x }", "id part { x y }")
        bad = (
            "nope", "part", "id(x: 1)", "sized(x: 1)", "sized", "id @include(if: true)", "many", "many { x }", "either",
            "either { ... on Part { x } }", "face { x }", "", "{", "id: sku", "part { }", "part { nope }", "... on Box { id }",
        )  # fmt: skip
        chosen = [s.or_wrong(s.pick(*good), *bad, p=0.25) for _ in range(s.random.choice((1, 1, 2)))]
        texts = [f'"{k}"' for k in chosen]
        if s.wrong(0.1):
            texts.append(s.pick("1", '["id"]', "id", "[id]", "null"))
        resolvable = (", resolvable: false", "", "", "", "")
        heads = "".join(f" @key(fields: {t}{s.pick(*resolvable)})" for t in texts)
        s.add(
            name,
            f"type Box{heads} {{ id: ID! @shareable sku: ID @shareable part: Part @shareable many: [Part] @shareable"
            f" sized(x: Int): Int @shareable either: Either @shareable face: Face @shareable {name}Own: Int }}",
            "type Part implements Face @shareable { x: Int y: Int }",
            "interface Face { x: Int }",
            "union Either = Part",
        )
        if s.chance(0.7):
            s.query(name, f"{name}Box: Box")


def requires(s: Sketch) -> None:
    owner, user = s.two()
    good = (
        "w",
        "w deep { x }",
        "deep { x y }",
        "list { x }",
        'priced(in: \\"E\\")',
        "any { ... on Deep { x } }",
        "kept { z }",
    )
    bad = (
        "own", "nope", "deep", "deep { nope }", "w @skip(if: true)", "w: deep { x }", "priced(out: 1)", "priced(in: 1)",
        "w { x }", "", "id", "... on Deep { x }", "kept",
    )  # fmt: skip
    chosen = s.or_wrong(s.pick(*good), *bad, p=0.35)
    argument = s.or_wrong("(in: String)", "(in: String!)", "(in: Int)", "", '(in: String = "E")', "(out: Int)", p=0.25)
    guard = s.pick(
        "",
        "",
        "",
        "",
        " @authenticated",
        ' @requiresScopes(scopes: [["r"], ["w", "x"]])',
        ' @policy(policies: [["p"]])',
    )
    mine = guard if not s.wrong(0.5) else s.pick("", " @authenticated", ' @requiresScopes(scopes: [["r"]])')
    if guard or mine:
        s.need(owner, 6)
        s.need(user, 6)
    types = "type Deep @shareable { x: Int y: Int } union Any = Deep"
    s.add(
        owner,
        f'type Job @key(fields: "id") {{ id: ID! w: Int{guard} deep: Deep list: [Deep] any: Any priced(in: String): Int'
        " kept: Kept }",
        types,
        "type Kept { z: Int }",
    )
    external = s.or_wrong(" @external", "", " @external @shareable", " @external @inaccessible", p=0.15)
    w = s.or_wrong("Int", "Int!", "String", p=0.12)
    resolvable = ", resolvable: false" if s.wrong(0.1) else ""
    fields = s.or_wrong(f'"{chosen}"', "1", '["w"]', "w", p=0.08)
    s.add(
        user,
        f'type Job @key(fields: "id"{resolvable}) {{ id: ID! w: {w}{external} deep: Deep @external list: [Deep] @external'
        f" any: Any @external priced{argument}: Int @external kept: Kept @external own: Int"
        f" derived: Int @requires(fields: {fields}){mine} rest: Int"
        ' @requires(fields: "w deep { x } list { x } any { ... on Deep { y } } kept { z } priced") }',
        types,
        f"type Kept {{ z: Int{s.or_wrong(' @external', '', ' @shareable', p=0.2)} }}",
    )
    s.query(owner, "jobs: [Job]")
    if s.chance(0.5):
        s.query(user, f"jobTop: Job{s.pick('', ' @inaccessible')}")


def provides(s: Sketch) -> None:
    giver, owner = s.two()
    good = ("name", "name maker { n }", "name maker { n }", "maker { n }", "... on Item { name }")
    bad = (
        "id", "nope", "maker", "name @skip(if: true)", "name(x: 1)", "sized(x: 1)", "sized", "", "name: maker { n }", "own",
        "maker { nope }",
    )  # fmt: skip
    text = s.or_wrong(s.pick(*good), *bad, p=0.35)
    output = s.or_wrong("Item", "[Item!]", "Int", "ID", p=0.1)
    fields = s.or_wrong(f'"{text}"', "1", f'["{text}"]', p=0.06)
    s.add(
        giver,
        'type Item @key(fields: "id") { id: ID! name: String @external maker: Maker @external sized(x: Int): Int @external'
        f" {s.or_wrong('', 'own: Int', p=0.1)} }}",
        "type Maker { n: Int @external }",
        "type Shelf { item(x: Int): Item @shareable }",
    )
    shareable = s.or_wrong(" @shareable", "", p=0.25)
    s.add(
        owner,
        f'type Item @key(fields: "id") {{ id: ID! name: String{shareable} maker: Maker @shareable sized(x: Int): Int @shareable }}',
        "type Maker @shareable { n: Int m: Int }",
    )
    if s.wrong(0.1):
        s.add(
            giver,
            s.pick(
                'interface Lends { item: Item @provides(fields: "name") }',
                'interface Lends { x: Int y: Int @requires(fields: "x") }',
            ),
        )
    s.query(giver, f"items: {output} @provides(fields: {fields})")
    s.query(giver, 'sameItems: [Item] @provides(fields: "name maker { n } sized")' if s.wrong(0.3)
            else 'sameItems: [Item] @provides(fields: "name maker { n }")')  # fmt: skip


def externals(s: Sketch) -> None:
    """External fields with other types, arguments and defaults than where they live, or in wrong places."""
    owner, user = s.two()
    argument = s.or_wrong("(n: Int = 1)", "(n: Int)", "(n: Int = 2)", "(n: String)", "", "(n: Int!)", p=0.4)
    output = s.or_wrong("Int", "Int!", "String", "[Int]", p=0.25)
    s.add(owner, 'type Cell @key(fields: "id") { id: ID! v(n: Int = 1): Int plain: String }')
    extra = s.or_wrong("", " unused: Int @external", ' plain: String @external @tag(name: "x")',
                       " plain: String @external @inaccessible", " plain: String @external @cost(weight: 1)",
                       " plain: String @external @shareable", ' plain: String @external @requires(fields: "v")',
                       ' plain: String @external @override(from: "a")', ' plain: String @external @provides(fields: "x")',
                       p=0.4)  # fmt: skip
    whole = s.or_wrong("", " @external", p=0.06)
    if "cost" in extra:
        s.need(user, 9)
    s.add(
        user,
        f'type Cell @key(fields: "id"){whole} {{ id: ID! v{argument}: {output} @external'
        f'{extra} sum: Int @requires(fields: "v{s.pick("", "(n: 3)") if argument else ""}") }}',
    )
    if s.wrong(0.1):
        s.add(user, "interface Holds { v: Int @external } type Hold implements Holds { v: Int }")
    s.query(owner, "cells: [Cell]")


def overrides(s: Sketch) -> None:
    old, new = s.two()
    source = s.or_wrong(old, new, "nowhere", *s.names, p=0.25)
    good = ("", "", ', label: "percent(5)"', ', label: "percent(0.5)"', ', label: "flag-1"')
    bad = (', label: "percent(101)"', ', label: "percent(x)"', ', label: "1flag"', ', label: ""', ', label: "a b"')
    label = s.or_wrong(s.pick(*good), *bad, p=0.25)
    if label:
        s.need(new, 7)
    also = s.or_wrong("", " @external", ' @requires(fields: "id")', ' @provides(fields: "id")', " @shareable", p=0.2)
    there = s.or_wrong("", " @shareable", f' @override(from: "{new}")', ' @requires(fields: "other")', " @inaccessible",
                       ' @tag(name: "o")', p=0.3)  # fmt: skip
    other = "other: Int @external" if "requires" in there else "older: Int"
    s.add(old, f'type Move @key(fields: "id") {{ id: ID! f: Int{there} g: Int {other} }}')
    s.add(new, f'type Move @key(fields: "id") {{ id: ID! f: Int @override(from: "{source}"{label}){also} other: Int }}')
    third = [n for n in s.names if n not in {old, new}]
    if third and s.chance(0.5):
        last = s.pick(*third)
        how = s.pick(' @requires(fields: "f")', "")
        mark = " @external" if how else s.pick(" @shareable", f' @override(from: "{old}"{label})', "")
        s.add(last, f'type Move @key(fields: "id") {{ id: ID! f: Int{mark} {last}Derived: Int{how} }}')
    if s.wrong(0.08):
        s.add(new, f'interface Moves {{ f: Int @override(from: "{old}") }}')
    s.query(old, "moves: [Move]")


def interface_objects(s: Sketch) -> None:
    home, other = s.two()
    s.need(home, 3)
    s.need(other, 3)
    key = s.or_wrong(' @key(fields: "id")', "", ' @key(fields: "id", resolvable: false)', p=0.15)
    one, two = (s.or_wrong(' @key(fields: "id")', "", ' @key(fields: "id", resolvable: false)', p=0.12) for _ in "12")
    s.add(
        home,
        f"interface Media{key} {{ id: ID! title: String }}",
        f"type Book implements Media{one} {{ id: ID! title: String pages: Int }}",
        f"type Film implements Media{two} {{ id: ID! title: String }}",
    )
    s.query(home, "media: [Media]")
    marks = s.or_wrong(' @interfaceObject @key(fields: "id")', " @interfaceObject", ' @key(fields: "id")', p=0.12)
    title = s.or_wrong("", " title: String @shareable", " title: String @external", f' title: String @override(from: "{home}")',
                       " pages: Int", p=0.3)  # fmt: skip
    also = s.pick("", "", " @authenticated", " @inaccessible", ' @tag(name: "m")', ' @requires(fields: "title")')
    if also == ' @requires(fields: "title")':
        title = " title: String @external"
    if "auth" in also:
        s.need(other, 5)
    s.add(other, f"type Media{marks} {{ id: ID! rating: Int{also}{title} }}")
    if s.chance(0.4):
        s.query(other, "topMedia: Media")
    if s.wrong(0.12):
        s.add(other, s.pick("type Book { id: ID! @shareable }", 'type Book @key(fields: "id") { id: ID! rating: Int }'))
    third = [n for n in s.names if n not in {home, other}]
    if third and s.chance(0.4):
        last = s.pick(*third)
        s.need(last, 3)
        s.add(last, s.pick(
            f'type Media @interfaceObject @key(fields: "id") {{ id: ID! {last}More: Int }}',
            'type Tape implements Media @key(fields: "id") { id: ID! title: String }'
            ' interface Media @key(fields: "id") { id: ID! title: String }',
            'type Film @key(fields: "id") { id: ID! length: Int }',
        ))  # fmt: skip


def ways(s: Sketch) -> None:
    """Chains of keys: from the first subgraph to the last, or nearly."""
    names = s.random.sample(s.names, len(s.names))
    keys_ = [s.pick("id", "sku", "n { m }", "id sku") for _ in names]
    for at, name in enumerate(names):
        known = {keys_[at], keys_[max(0, at - (not s.wrong(0.4)))]}
        heads = "".join(f' @key(fields: "{k}"{", resolvable: false" if s.wrong(0.15) else ""})' for k in sorted(known))
        needed = "" if at == 0 or s.chance(0.7) else f' @requires(fields: "{names[at - 1]}Way")'
        if needed:
            needed += f" {names[at - 1]}Way: Int @external"
        text = " ".join(sorted(known))
        fields = " ".join(f for word, f in (("id", "id: ID @shareable"), ("sku", "sku: ID @shareable")) if word in text)
        n = "n: Nested @shareable" if "n {" in text else ""
        s.add(name, f"type Way{heads} {{ {fields} {n} {name}Way: Int{needed} }}")
        if n:
            s.add(name, "type Nested @shareable { m: ID }")
    s.query(names[0], "way: Way")
    if s.chance(0.3):
        s.query(names[-1], "wayBack: Way")


def shared_values(s: Sketch) -> None:
    """A value type and a root field that several resolve: fields that only some have cannot always be reached."""
    for name in s.random.sample(s.names, s.random.choice((2, len(s.names)))):
        mark = s.or_wrong(" @shareable", "", p=0.1)
        fields = s.some("x: Int", "y: Int", "z: Int", p=0.95 if s.calm else 0.7)
        more = s.pick("", "", " inner: Value")
        s.add(name, f"type Value{mark} {{ {' '.join(fields)}{more} }}")
        s.query(name, "value: Value @shareable" if s.chance(0.6) else f"{name}Value: Value")


FEATURES = (
    keys,
    requires,
    provides,
    externals,
    overrides,
    interface_objects,
    ways,
    shared_values,
)
