# ruff: noqa: E501  SDL in one line is easier to compare than wrapped
"""Features beside the data: access, hiding, contexts, costs, links, Federation 1."""

from tests.composition.sketch import LINK, Sketch


def access(s: Sketch) -> None:
    guards = (
        "", "", " @authenticated", ' @requiresScopes(scopes: [["r"]])', ' @requiresScopes(scopes: [["r", "w"], ["x"]])',
        ' @policy(policies: [["p"]])', ' @policy(policies: [["p", "q"], ["r"]]) @authenticated', " @requiresScopes(scopes: [])",
    )  # fmt: skip
    for name in s.two():
        s.need(name, 6)
        face = s.or_wrong("", *guards, p=0.12)
        s.add(
            name,
            f"interface Secret{face} {{ v: Int{s.or_wrong('', *guards, p=0.1)} }}",
            f"type Safe implements Secret @shareable{s.pick(*guards)} {{ v: Int{s.pick(*guards)} }}",
            f"type Vault implements Secret @shareable {{ v: Int{s.pick(*guards)} }}",
            f"scalar Token{s.pick(*guards)}",
            f"enum Grade{s.pick(*guards)} {{ A }}",
        )
        s.query(name, f"{name}Secret: Secret{s.pick(*guards)} {name}Safe: Safe {name}Vault: Vault")
        s.query(name, f"{name}Token: Token {name}Grade: Grade")


def hidden(s: Sketch) -> None:
    """@inaccessible on everything, often on something that is needed."""

    def mark(p: float = 0.12) -> str:
        return s.or_wrong("", " @inaccessible", p=p)

    name, other = s.two()
    s.add(
        name,
        f"type Open implements Look & More{mark()} {{ a: Int{mark()} b(x: Int{mark()} y: Int!{mark(0.06)}): Int{mark()}"
        f" c(z: Choice = ON{mark()} i: Ask = {{q: 1}}{mark()}): Only{mark()} }}",
        f"interface Look{mark()} {{ a: Int{mark()} }}",
        f"interface More implements Look{mark()} {{ a: Int b(x: Int y: Int!): Int{mark()} }}",
        f"type Only{mark(0.3)} {{ one: Int{mark(0.2)} }}",
        f"enum Choice{mark()} {{ ON{mark(0.2)} OFF{mark(0.2)} }}",
        f"input Ask{mark()} {{ q: Int{mark()} r: Int!{mark(0.06)} = 1 c: Choice = OFF{mark()} }}".replace(" = 1", "", 1)
        if s.wrong(0.1) else f"input Ask{mark()} {{ q: Int{mark()} c: Choice = OFF{mark()} }}",
    )  # fmt: skip
    s.query(name, f"open: Open{mark(0.2)} look: Look{mark(0.2)} more: More{mark(0.2)}")
    if s.wrong(0.1):
        s.add(other, s.pick("extend type Query @inaccessible", "extend scalar Int @inaccessible", "scalar Int @inaccessible",
                            "directive @hide(x: Int @inaccessible) on FIELD", "scalar _Any @inaccessible"))  # fmt: skip


def contexts(s: Sketch) -> None:
    name, other = s.two()
    s.need(name, 8)
    good = ("$user { locale }", "$user { locale }", "$user { ... on Person { locale } }", "$user { place { city } }")
    bad = (
        "$user { n }", "$nobody { locale }", "{ locale }", "locale", "$user", "$user { locale place { city } }", "$user { }",
        "$user { locale @skip(if: true) }", "$user { l: locale }", "$user { place }", "$user { nope }", "$ { locale }",
        "$user { ... on Person { locale } ... on Group { locale } }", "$user { ... on Group { locale } }",
    )  # fmt: skip
    chosen = s.or_wrong(s.pick(*good), *bad, p=0.4)
    argument = s.or_wrong("String", "String!", "Int", p=0.15)
    label = s.or_wrong("user", "us_er", "_user", "", "other", "us er", p=0.15)
    label = "user" if label == "other" and s.chance(0.5) else label
    key = s.or_wrong(' @key(fields: "id")', "", ' @key(fields: "id", resolvable: false)', p=0.12)
    group = s.pick("", ' @context(name: "user")')
    s.add(
        name,
        f'type Person @context(name: "{label}") @key(fields: "id") {{ id: ID! locale: String n: Int place: Place wish: Wish }}',
        "type Place @shareable { city: String }",
        f"type Group{group} {{ locale: {s.pick('String', 'Int')} {s.pick('', 'wish: Wish')} }}",
        f'type Wish{key} {{ id: ID! said(lang: {argument} @fromContext(field: "{chosen}") x: Int): String }}',
    )
    s.query(name, "person: Person group: Group")
    if s.chance(0.3):
        extra = s.pick(
            "said(lang: String): String @shareable", "said(lang: String!, x: Int): String @shareable", "more: Int"
        )
        s.add(other, f'type Wish @key(fields: "id") {{ id: ID! {extra} }}')
        if s.chance(0.3):
            s.query(other, "wish: Wish")
    if s.wrong(0.1):
        s.add(name, s.pick(
            'interface Says { said(lang: String @fromContext(field: "$user { locale }")): String }',
            'directive @speak(lang: String @fromContext(field: "$user { locale }")) on FIELD',
        ))  # fmt: skip


def distant_contexts(s: Sketch) -> None:
    """What a context gives lives in another subgraph, which some keys lead to and some do not, part of it hidden."""
    name, owner = s.two()
    s.need(name, 8)
    hidden = s.pick("", " @inaccessible")
    key = s.pick("id", "id", "other")
    resolvable = s.pick("", "", "", ", resolvable: false")
    nested = s.chance(0.4)
    if nested:
        selection, here, there = "$far { via { spot { p } } }", "via: Via", "Spot"
    else:
        selection, here, there = "$far { p }", "p: Int @external", "Base"
    deep = s.pick("", " next: Next")
    s.add(
        name,
        f'type Base @key(fields: "id") @context(name: "far") {{ id: ID! {here} leaf: Leaf }}',
        f'type Leaf @key(fields: "id") {{ id: ID! f(x: Int @fromContext(field: "{selection}")): Int{deep} }}',
    )
    if nested:
        s.add(name, "type Via { spot: Spot }", 'type Spot @key(fields: "id") { id: ID! p: Int @external }')
    if deep:
        s.add(
            name,
            f'type Next @key(fields: "id") {{ id: ID! g(x: Int @fromContext(field: "{selection}")): Int leaf: Leaf }}',
        )
    mine = "id: ID!" if key == "id" else f"other: ID!{hidden}"
    s.add(owner, f'type {there} @key(fields: "{key}"{resolvable}) {{ {mine} p: Int{hidden} }}')
    s.query(name, "base: Base" if s.chance(0.8) else "leaf: Leaf")
    third = [n for n in s.names if n not in {name, owner}]
    if third and s.chance(0.6):
        last = s.pick(*third)
        entry = s.pick("", ' @key(fields: "id")', ' @key(fields: "id", resolvable: false)')
        base_id = "id: ID! " if entry else ""
        s.add(
            last, f"type Base{entry} {{ {base_id}{last}Leaf: Leaf }}", 'type Leaf @key(fields: "id") { id: ID! z: Int }'
        )
        s.query(last, f"{last}Base: Base")


def costs(s: Sketch) -> None:
    for name in s.two():
        s.need(name, 9)
        sizes = s.or_wrong(
            s.pick("assumedSize: 10", "assumedSize: 20", 'slicingArguments: ["first"]',
                   'slicingArguments: ["first", "last"], requireOneSlicingArgument: false', 'sizedFields: ["rows"]'),
            "assumedSize: -1", 'slicingArguments: ["nope"]', 'slicingArguments: ["text"]', 'sizedFields: ["nope"]',
            'sizedFields: ["total"]', "sizedFields: []", "slicingArguments: []", p=0.3,
        )  # fmt: skip
        output = s.or_wrong("Pages" if "rows" in sizes or "total" in sizes else "[Int]", "Int", "Pages", p=0.1)
        weight = s.pick("1", "5", "-3")
        s.add(
            name,
            f"type Pages @shareable @cost(weight: {weight}) {{ rows: [Int] total: Int @cost(weight: {s.pick('2', '4')}) }}",
            f"scalar Heavy @cost(weight: {weight})",
            f"enum Ease @cost(weight: {weight}) {{ X }}",
            f"input Load {{ x: Int @cost(weight: {weight}) e: Ease }}",
            f"interface Costly {{ x: Int{s.or_wrong('', ' @cost(weight: 1)', p=0.1)} }}",
        )
        s.query(name, f"sized(first: Int, last: Int{s.pick('', ' @cost(weight: 2)')}, text: String): {output} @listSize({sizes})"
                " @shareable")  # fmt: skip
        s.query(name, f"{name}Pages(load: Load): Pages {name}Heavy: Heavy {name}Ease: Ease")


def tags(s: Sketch) -> None:
    for name in s.two():
        marks = [
            s.pick("", ' @tag(name: "p")', ' @tag(name: "p") @tag(name: "q")', ' @tag(name: "q")') for _ in range(6)
        ]
        s.add(
            name,
            f"type Tagged{marks[0]} @shareable {{ x(y: Int{marks[1]}): Int{marks[2]} }}",
            f"input Tagging{marks[3]} {{ x: Int{marks[4]} }}",
            f"scalar Mark{marks[5]}",
        )
        s.query(name, f"{name}Tagged(t: Tagging): Tagged {name}Mark: Mark")


def cache_tags(s: Sketch) -> None:
    for name in s.two():
        s.need(name, 12)
        good = ('"root"', '"items"')
        bad = ('"item-{$key.id}"', '"{$args.x}"', '"{$args.nope}"', '"{"', "1", '"{$key.nope}"')
        root = s.or_wrong(s.pick(*good, '"by-{$args.x}"'), *bad, p=0.3)
        own = s.or_wrong(s.pick(*good, '"item-{$key.id}"'), *bad, p=0.3)
        s.add(name, f'type Cached @key(fields: "id") @cacheTag(format: {own}) {{ id: ID! {name}Cached: Int }}')
        s.query(name, f"{name}Cached(x: Int!): Cached @cacheTag(format: {root})")


def links(s: Sketch) -> None:
    """Other ways to link federation, of which some are wrong."""
    name = s.pick(*s.names)
    imports = 'import: ["@key", "@shareable"]'
    right = (
        f'extend schema @link(url: "{LINK}/v2.3", {imports})\ntype Lnk @key(fields: "id") {{ id: ID! x: Int @federation__tag(name: "t") }}',
        f'extend schema @link(url: "{LINK}/v2.5", as: "fed", {imports})\ntype Lnk @key(fields: "id") {{ id: ID! x: Int @fed__inaccessible }}',
        f'extend schema @link(url: "{LINK}/v2.0", import: [{{name: "@key", as: "@id"}}])\ntype Lnk @id(fields: "id") {{ id: ID! }}',
        (f'extend schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "{LINK}/v2.0")\n'
        'type Lnk @federation__key(fields: "id") { id: ID! }'),
        (f'extend schema @link(url: "{LINK}/v2.0")\ndirective @link(url: String, as: String, for: link__Purpose, import: '
        "[link__Import]) repeatable on SCHEMA\nscalar link__Import enum link__Purpose { SECURITY EXECUTION }\n"
        "type Lnk @federation__shareable { id: ID! }"),
        (f'extend schema @link(url: "{LINK}/v2.3", {imports})\ndirective @key(fields: federation__FieldSet!, resolvable: Boolean = true)'
        ' repeatable on OBJECT | INTERFACE\nscalar federation__FieldSet\ntype Lnk @key(fields: "id") { id: ID! }'),
        (f'extend schema @link(url: "{LINK}/v2.0", {imports}) @link(url: "https://x.example/odd/v0.1", import: ["@odd"])\n'
        "directive @odd on OBJECT\ntype Lnk @odd { id: ID! @shareable }"),
    )  # fmt: skip
    wrong = (
        f'extend schema @link(url: "{LINK}/v2.99", {imports})\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v3.0", {imports})\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}", {imports})\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v2.0", import: ["@nope"])\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v2.0", import: ["key"])\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v2.0", import: [{{name: "@key", as: "id"}}])\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v2.0", import: [{{as: "@id"}}])\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v2.0", import: "@key")\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v2.0") @link(url: "{LINK}/v2.1")\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v2.0", as: "a__b")\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v2.0", as: "@fed")\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v2.0", import: ["@interfaceObject"])\ntype Lnk {{ id: ID! }}',
        'extend schema @link(url: "https://specs.apollo.dev/tag/v9.0")\ntype Lnk { id: ID! }',
        'extend schema @link(url: "https://specs.apollo.dev/link/v9.0")\ntype Lnk { id: ID! }',
        f'extend schema @link(url: "{LINK}/v2.0", {imports})\ndirective @key(fields: Int) on OBJECT\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v2.0", {imports})\ndirective @shareable on SCALAR\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v2.0")\nenum federation__FieldSet {{ A }}\ntype Lnk {{ id: ID! }}',
        f'extend schema @link(url: "{LINK}/v2.0", for: SECURITY)\ntype Lnk {{ id: ID! }}',
        "extend schema @link\ntype Lnk { id: ID! }",
    )  # fmt: skip
    s.headers[name] = s.or_wrong(s.pick(*right), *wrong, p=0.8)
    if s.definitions[name] or s.queries[name]:
        del s.headers[name]  # what other features say there needs the usual link
        return
    s.query(name, f"{name}Lnk: Lnk")


def renamed(s: Sketch) -> None:
    """Federation directives under other names, mostly the same ones everywhere."""
    for directive in s.some("tag", "inaccessible", "shareable", "cost", "authenticated", "cacheTag", p=0.3):
        local = s.pick("other", "label", f"federation__{directive}")
        for name in s.names:
            if not s.wrong(0.15):
                s.renames.setdefault(name, {})[directive] = local
    name = s.pick(*s.names)
    s.need(name, 12)
    s.query(name, 'marked: Int @tag(name: "m") @cost(weight: 2) hiddenToo: Int @inaccessible')


def names(s: Sketch) -> None:
    if s.wrong(0.2):
        old, new = s.pick(*s.names), s.pick("_", "A", "a-b", "1")
        s.names = [new if n == old else n for n in s.names]
        for stock in (s.definitions, s.queries):
            stock[new] = stock.pop(old) + stock.get(new, [])
        s.minor[new] = s.minor[old]
        if old in s.federation_1:
            s.federation_1.add(new)
        if old in s.headers:
            s.headers[new] = s.headers.pop(old)
        if old in s.query_names:
            s.query_names[new] = s.query_names.pop(old)


def federation_1(s: Sketch) -> None:
    base, more = s.two()
    s.federation_1.add(more)
    if s.chance(0.7):
        s.federation_1.add(base)
    share = "" if base in s.federation_1 else " @shareable"
    extend = s.or_wrong(s.pick("extend type", "extend type"), "type", p=0.3)
    extends = s.pick("", " @extends") if extend == "type" else ""
    if not s.wrong(0.1):
        s.add(base, f'type Old @key(fields: "id") {{ id: ID! w: Int{s.pick("", share)} v: OldValue u: Int }}')
    key = s.or_wrong(
        ' @key(fields: "id")', "", ' @key(fields: "id w")', " @key(fields: id)", ' @key(fields: ["id"])', p=0.3
    )
    external = s.or_wrong(" @external", "", p=0.2)
    w = s.pick(" w: Int @external", " w: Int", "")
    need = s.pick(' sum: Int @requires(fields: "w")', " sum: Int") if w else " sum: Int"
    unused = s.pick("", "", " u: Int @external", ' u: Int @external @tag(name: "t")')
    s.add(more, f"{extend} Old{extends}{key} {{ id: ID!{external}{w}{need}{unused} }}")
    if s.chance(0.4):
        s.add(more, s.pick(
            f'type Hub {{ old: Old @provides(fields: "{s.pick("w", "id", "u", "nope")}") }}',
            'interface Aged @key(fields: "id") { id: ID! x: Int @external }',
            "type Ghost @external { x: Int }",
            "type Ghost { x: Int @external }",
            "extend type Missing { x: Int }",
            "extend union Bag = Old",
            "extend enum Bits { X }",
            'extend type OldValue { x: Int @external y: Int @requires(fields: "x") }',
        ))  # fmt: skip
    for name in (base, more):
        if s.chance(0.7) or name == base:
            mark = "" if name in s.federation_1 else s.pick("", share)
            s.add(name, f"type OldValue{mark} {{ x: Int {s.pick('', 'z: Int')} }}")
    s.query(base, f"old: Old same: Int{share}")
    s.query(more, s.pick("same: Int", "olds: [Old]", "ghost: Int"))
    if s.chance(0.3):
        s.add(more, "type Subscription { same: Int }")
        s.add(base, "type Subscription { other: Int }" if s.chance(0.5) else "type Mutation { same: Int }")


FEATURES = (access, hidden, contexts, distant_contexts, costs, tags, cache_tags, federation_1, renamed, links, names)
