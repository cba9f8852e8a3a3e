"""Rules with many ways to break them; the codes' own cases are in `cases/`."""

import pytest

from router.composition import Composed, Rejected, Subgraph, compose

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@tag", "@context",'
    ' "@fromContext", "@composeDirective", "@interfaceObject", "@shareable"])\n'
)


OLD_LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3")'
OVERRIDING = 'extend schema @link(url: "https://specs.apollo.dev/federation/v{}", import: ["@override", "@shareable"])'
CACHED = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@cacheTag"])'


def rejected(sdl: str) -> list[tuple[str, str]]:
    result = compose([Subgraph("a", sdl)])
    assert isinstance(result, Rejected)
    return [(error.code, error.message) for error in result.errors]


@pytest.mark.parametrize(
    ("sdl", "says"),
    [
        ("type Query { a: Int a: Int }", 'has the field "a" twice'),
        ("type Query { a: Int } type Query { b: Int }", 'only one type named "Query"'),
        ("type Query { a: Int } enum T { X } extend type T { b: Int }", "both an enum and an object"),
        ("type Query { a: Int } directive @d on FIELD directive @d on FIELD", "only one definition"),
        ("schema { query: Query mutation: M } type Query { a: Int }", 'root type "M" is not defined'),
        ("schema { query: E } enum E { X }", "must be an object type"),
        ("type Query { a: Int } query { a }", "cannot stand in a schema"),
        ("type Query { __a: Int }", "are reserved"),
        ("type Query { a: __T } type __T { b: Int }", "are reserved"),
        ("type Query { a: Int } type Int { b: Int }", "built-in scalar"),
        ("type Query { a: E } enum E { true }", "true"),
        ("type Query { a: I } input I { x: Int }", "must be an output type"),
        ("type Query { a(x: T): Int } type T { x: Int }", "must be an input type"),
        ("type Query { a: T } type T", "must have fields"),
        ("type Query { a: U } union U", "must have members"),
        ("type Query { a: U } union U = E enum E { X }", "can only have object types"),
        ("type Query { a: U } union U = Gone", 'Unknown type "Gone"'),
        ("type Query implements I { a: Int } interface I { b: Int }", "does not have it"),
        ("type Query implements I { a: Int } interface I { a: String }", 'not the "String"'),
        ("type Query implements I { a: Int } interface I { a(x: Int): Int }", 'lacks the argument "x"'),
        ("type Query implements I { a(x: Int): Int } interface I { a(x: ID): Int }", 'must have type "ID"'),
        ("type Query implements I { a(x: Int!): Int } interface I { a: Int }", "is required but"),
        (
            "type Query implements I { a: Int } interface J { a: Int } interface I implements J { a: Int }",
            'because "I"',
        ),
        ("type Query implements Gone { a: Int }", 'Unknown type "Gone"'),
        ("type Query implements T { a: Int } type T { a: Int }", "not another interface"),
        ("type Query { a(x: In): Int } input In { y: Out! } input Out { z: In! }", "cannot require themselves"),
        ('type Query { a(x: Int = "s"): Int }', "is not of its type"),
        ("type Query { a(x: In = {y: 1}): Int } input In { x: Int }", "is not of its type"),
        ("type Query { a(x: E = Y): Int } enum E { X }", "is not of its type"),
        ("type Query { a(x: [Boolean!] = [null]): Int }", "is not of its type"),
        ("type Query { a(x: Float = true): Int b(x: ID = 1.5): Int }", "is not of its type"),
        ("type Query @nope { a: Int }", 'Unknown directive "@nope"'),
        ("directive @d on FIELD type Query @d { a: Int }", "may not be used on OBJECT"),
        ("directive @d on OBJECT type Query @d @d { a: Int }", "only be used once"),
        ("directive @d on OBJECT type Query @d(x: 1) { a: Int }", 'Unknown argument "x"'),
        ("directive @d(x: Int!) on OBJECT type Query @d { a: Int }", 'needs its argument "x"'),
        ('directive @d(x: Int) on OBJECT type Query @d(x: "s") { a: Int }', 'must be of type "Int"'),
        (LINK + "type Query { a: Int @tag(name: 3) }", 'must be of type "String!"'),
        (LINK + "type Query { a: Int @federation__nope }", "Unknown directive"),
        (LINK + "type Query { a: Int @external }", "import it in the link"),
        (OLD_LINK + "type Query { a: Int @cost(weight: 1) }", "link to federation v2.9"),
        (f"type Query {{ a(x: ID = {'9' * 5000}): Int }}", "5,000 digits is too long"),
        (CACHED + 'type Query { a: I } interface I @cacheTag(format: "i") { b: Int }', "not be used on INTERFACE"),
        (OVERRIDING.format("2.6") + 'type Query { a: Int @override(from: "b", label: "l") }', "@override"),
        (OVERRIDING.format("2.1") + "type Query { a: Int @shareable @shareable }", "only be used once"),
    ],
)
def test_invalid_graphql(sdl: str, says: str) -> None:
    found = rejected(sdl)
    assert any(says in message for _, message in found), found
    assert {code for code, _ in found} <= {"INVALID_GRAPHQL", "INVALID_LINK_DIRECTIVE_USAGE"}


CONTEXT = """type Query {{ u: U }}
type U @context(name: "c") {{ s: String n: Int! o: O i: I k: K }}
type O {{ s: String t: String }}
interface I {{ s: String }}
type X implements I {{ s: String }}
type K @key(fields: "id") {{ id: ID! f({}): Int }}
"""


@pytest.mark.parametrize(
    ("argument", "code", "says"),
    [
        ('x: String @fromContext(field: "$c")', "NO_CONTEXT_IN_SELECTION", "must be written"),
        ('x: String @fromContext(field: "$user")', "NO_CONTEXT_IN_SELECTION", "must be written"),
        ('x: String @fromContext(field: "$gone { s }")', "CONTEXT_NOT_SET", "is never set"),
        ('x: String = "d" @fromContext(field: "$c { s }")', "CONTEXT_NOT_SET", "remove its default value"),
        ('x: String @fromContext(field: "$c { s n }")', "CONTEXT_INVALID_SELECTION", "several fields"),
        ('x: String @fromContext(field: "$c { }")', "CONTEXT_INVALID_SELECTION", "selects nothing"),
        ('x: String @fromContext(field: "$c { y: s }")', "CONTEXT_INVALID_SELECTION", "aliases"),
        ('x: String @fromContext(field: "$c { gone }")', "CONTEXT_INVALID_SELECTION", 'no field "gone"'),
        ('x: String! @fromContext(field: "$c { o { s } }")', "CONTEXT_INVALID_SELECTION", 'is not the "String!"'),
        ('x: String @fromContext(field: "$c ... on X { s }")', "CONTEXT_INVALID_SELECTION", "selects nothing"),
        (
            'x: String @fromContext(field: "$c { s ... on O { gone } }")',
            "CONTEXT_INVALID_SELECTION",
            "must be one field",
        ),
        ('x: String @fromContext(field: "$c ... on U { s } ... on O { s }")', "CONTEXT_INVALID_SELECTION", 'is a "O"'),
        ('x: [String] @fromContext(field: "$c { s }")', "CONTEXT_INVALID_SELECTION", 'is not the "[String]"'),
    ],
)
def test_wrong_contextual_arguments(argument: str, code: str, says: str) -> None:
    found = rejected(LINK + CONTEXT.format(argument))
    assert [(c, says in message) for c, message in found] == [(code, True)], found


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ("@composeDirective", "write the name"),
        ('@composeDirective(name: "@gone")', "is not defined"),
        ('@composeDirective(name: "@own")', "belongs to no linked specification"),
        ('@composeDirective(name: "@key")', "machinery of federation"),
    ],
)
def test_wrong_compose_directives(schema: str, says: str) -> None:
    found = rejected(LINK + f"extend schema {schema} directive @own on FIELD_DEFINITION type Query {{ a: Int @own }}")
    assert [(c, says in message) for c, message in found] == [("DIRECTIVE_COMPOSITION_ERROR", True)], found


@pytest.mark.parametrize("versions", [("1.0", "2.0")])
def test_composed_directives_of_two_major_versions(versions: tuple[str, str]) -> None:
    sdl = (
        LINK + 'extend schema @link(url: "https://example.org/notes/v{}", import: ["@note"])'
        ' @composeDirective(name: "@note") directive @note on FIELD_DEFINITION type Query {{ {}: Int @note }}'
    )
    pair = [Subgraph(name, sdl.format(version, name)) for name, version in zip("ab", versions, strict=True)]
    result = compose(pair)
    assert isinstance(result, Rejected)
    assert [(e.code, e.subgraphs) for e in result.errors] == [("DIRECTIVE_COMPOSITION_ERROR", ("a", "b"))]


def test_what_counts_as_not_written() -> None:
    """An empty label, and a link to nothing."""
    overriding = OVERRIDING.format("2.9") + ' extend schema @link type Query { a: Int @override(from: "b", label: "") }'
    result = compose([Subgraph("a", overriding), Subgraph("b", "type Query { a: Int b: Int }")])
    assert isinstance(result, Composed), result.errors
    assert 'override: "b")' in result.supergraph_sdl


def test_context_without_a_name_needs_no_key() -> None:
    sdl = LINK + 'type Query { k: K } type K { f(x: String @fromContext(field: "{ s }")): Int }'
    assert [code for code, _ in rejected(sdl)] == ["NO_CONTEXT_IN_SELECTION"]


def test_merged_list_sizes_say_their_defaults() -> None:
    link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@shareable", "@listSize"])\n'
    sdl = link + "type Query {{ sized: [Int] @listSize{} @shareable }}"
    result = compose([Subgraph("a", sdl.format("")), Subgraph("b", sdl.format("(assumedSize: 3)"))])
    assert isinstance(result, Composed), result.errors
    assert "@listSize(assumedSize: 3, requireOneSlicingArgument: true)" in result.supergraph_sdl


@pytest.mark.parametrize(("owned", "external"), [("Int", "Int!"), ("Int!", "Int"), ("[Int]", "[Int!]"), ("I", "X")])
def test_external_fields_have_the_very_type(owned: str, external: str) -> None:
    link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external",'
    sdl = link + ' "@requires", "@shareable"]) interface I {{ x: Int }} type X implements I {{ x: Int @shareable }} {}'
    owner = f'type Query {{ c: C }} type C @key(fields: "id") {{ id: ID! v: {owned} }}'
    below = "{ x }" if external == "X" else ""
    user = f'type C @key(fields: "id") {{ id: ID! v: {external} @external s: Int @requires(fields: "v {below}") }}'
    result = compose([Subgraph("a", sdl.format(owner)), Subgraph("b", sdl.format(user))])
    assert isinstance(result, Rejected)
    assert [error.code for error in result.errors] == ["EXTERNAL_TYPE_MISMATCH"]


def test_type_of_unused_externals_counts_as_used_by_one() -> None:
    assert [code for code, _ in rejected("type Query { a: Int t: T @external } type T { n: Int @external }")] == [
        "TYPE_WITH_ONLY_UNUSED_EXTERNAL"
    ]


def test_policies_of_one_implementation_reach_the_interface_as_they_are() -> None:
    link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@policy"])'
    sdl = "type Query { i: I } interface I { v: Int } type X implements I { v: Int @policy(policies: [[], []]) }"
    result = compose([Subgraph("a", link + sdl)])
    assert isinstance(result, Composed), result.errors
    assert result.supergraph_sdl.count("@policy(policies: [[], []])") == 2


FIELD_SETS = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@requires"])\n'
    'type Query { t: T } scalar S interface N { n: Int } type O { o: Int } type T @key(fields: "id") { id: ID! '
)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ("o { ... on S { o } }", '"S" is not a composite type'),
        ("o { ... on Nowhere { o } }", '"Nowhere" is not a composite type'),
        ("x: o { o }", 'the alias "x" cannot be used here'),
        ("p { o }", "which has no fields"),
        ("o", "select some of its fields"),
        ("q", 'has no field "q"'),
    ],
)
def test_wrong_field_sets(fields: str, says: str) -> None:
    sdl = FIELD_SETS + f'o: O @external p: Int @external r: Int @requires(fields: "{fields}") }}'
    assert [c for c, m in rejected(sdl) if says in m] == ["REQUIRES_INVALID_FIELDS"]


def test_a_requirement_may_go_through_an_interface_whose_objects_are_external() -> None:
    interface = " interface I { i: Int } type J implements I { i: Int @external }"
    sdl = FIELD_SETS + 'o: I @external r: Int @requires(fields: "o { i }") }' + interface
    other = LINK + 'type T @key(fields: "id") { id: ID! o: I } interface I { i: Int } type J implements I { i: Int }'
    assert isinstance(compose([Subgraph("a", sdl), Subgraph("b", other)]), Composed)


@pytest.mark.parametrize(
    ("selection", "says"),
    [
        ("$c { p q }", "it selects several fields"),
        ("$c { p ... on T { q } }", "it must be one field, or fragments on different types"),
        ("$c { nothing }", 'has no field "nothing"'),
        ("$c { o }", "needs a selection"),
        ("$c { p { x } }", "cannot have a selection"),
    ],
)
def test_wrong_selections_of_contexts(selection: str, says: str) -> None:
    sdl = (
        LINK + 'type Query { t: T } type T @key(fields: "id") @context(name: "c") { id: ID! p: Int q: Int o: O u: U }'
        ' type O { x: Int } type U @key(fields: "id")'
        f' {{ id: ID! f(a: Int @fromContext(field: "{selection}")): Int }}'
    )
    assert [c for c, m in rejected(sdl) if says in m] == ["CONTEXT_INVALID_SELECTION"]
