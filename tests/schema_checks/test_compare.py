"""Changes between two schemas: a table of each kind, and properties."""

from collections import Counter

import pytest
from graphql import build_schema
from hypothesis import given, settings

from router.schema_checks.changes import KINDS, Severity
from router.schema_checks.compare import compare_schemas
from tests.schema_checks.random_schemas import schemas

ROOT = "type Query { q: Int }\n"

# Kind, coordinate, old, new.
CASES = [
    ("ROOT_TYPE_REMOVED", "M", ROOT + "schema {query: Query mutation: M} type M {a: Int}", ROOT + "type M {a: Int}"),
    (
        "ROOT_TYPE_CHANGED",
        "M",
        ROOT + "schema {query: Query mutation: M} type M {a: Int} type N {a: Int}",
        ROOT + "schema {query: Query mutation: N} type M {a: Int} type N {a: Int}",
    ),
    ("ROOT_TYPE_ADDED", "M", ROOT + "type M {a: Int}", ROOT + "schema {query: Query mutation: M} type M {a: Int}"),
    ("TYPE_REMOVED", "A", ROOT + "type A {a: Int}", ROOT),
    ("TYPE_REMOVED", "Mutation", ROOT + "type Mutation {a: Int}", ROOT),
    ("TYPE_KIND_CHANGED", "A", ROOT + "type A {a: Int}", ROOT + "interface A {a: Int}"),
    ("TYPE_KIND_CHANGED", "A", ROOT + "enum A {a}", ROOT + "scalar A"),
    ("TYPE_ADDED", "A", ROOT, ROOT + "scalar A"),
    (
        "UNION_MEMBER_REMOVED",
        "U",
        ROOT + "type A {a: Int} type B {a: Int} union U = A | B",
        ROOT + "type A {a: Int} type B {a: Int} union U = A",
    ),
    (
        "UNION_MEMBER_ADDED",
        "U",
        ROOT + "type A {a: Int} type B {a: Int} union U = A",
        ROOT + "type A {a: Int} type B {a: Int} union U = A | B",
    ),
    (
        "IMPLEMENTATION_REMOVED",
        "A",
        ROOT + "interface I {a: Int} type A implements I {a: Int}",
        ROOT + "interface I {a: Int} type A {a: Int}",
    ),
    (
        "IMPLEMENTATION_ADDED",
        "A",
        ROOT + "interface I {a: Int} interface A {a: Int}",
        ROOT + "interface I {a: Int} interface A implements I {a: Int}",
    ),
    ("ENUM_VALUE_REMOVED", "E.B", ROOT + "enum E {A B}", ROOT + "enum E {A}"),
    ("ENUM_VALUE_ADDED", "E.B", ROOT + "enum E {A}", ROOT + "enum E {A B}"),
    ("FIELD_REMOVED", "Query.a", "type Query {a: Int b: Int}", "type Query {b: Int}"),
    ("FIELD_ADDED", "I.b", ROOT + "interface I {a: Int}", ROOT + "interface I {a: Int b: Int}"),
    *(
        ("FIELD_TYPE_CHANGED", "Query.a", f"type Query {{a: {old}}}", f"type Query {{a: {new}}}")
        for old, new in [
            ("Int", "Float"),
            ("Int!", "Int"),
            ("[Int]", "Int"),
            ("Int", "[Int]"),
            ("[Int!]", "[Int]"),
            ("[Int]!", "[Int!]"),
            ("[[Int]]", "[Int]"),
        ]
    ),
    *(
        ("FIELD_TYPE_NARROWED", "Query.a", f"type Query {{a: {old}}}", f"type Query {{a: {new}}}")
        for old, new in [("Int", "Int!"), ("[Int]", "[Int!]!"), ("[[Int]]", "[[Int!]]"), ("[Int]!", "[Int!]!")]
    ),
    ("ARGUMENT_REMOVED", "Query.a(b:)", "type Query {a(b: Int): Int}", "type Query {a: Int}"),
    ("REQUIRED_ARGUMENT_ADDED", "Query.a(b:)", "type Query {a: Int}", "type Query {a(b: Int!): Int}"),
    ("OPTIONAL_ARGUMENT_ADDED", "Query.a(b:)", "type Query {a: Int}", "type Query {a(b: Int): Int}"),
    ("OPTIONAL_ARGUMENT_ADDED", "Query.a(b:)", "type Query {a: Int}", "type Query {a(b: Int! = 1): Int}"),
    *(
        ("ARGUMENT_TYPE_CHANGED", "Query.a(b:)", f"type Query {{a(b: {old}): Int}}", f"type Query {{a(b: {new}): Int}}")
        for old, new in [("Int", "Int!"), ("Int", "Float"), ("Int", "[Int]"), ("[Int]", "[Int!]"), ("[Int]", "Int")]
    ),
    *(
        ("ARGUMENT_TYPE_WIDENED", "Query.a(b:)", f"type Query {{a(b: {old}): Int}}", f"type Query {{a(b: {new}): Int}}")
        for old, new in [("Int!", "Int"), ("[Int!]!", "[Int]"), ("[Int!]!", "[Int]!")]
    ),
    ("ARGUMENT_MADE_REQUIRED", "Query.a(b:)", "type Query {a(b: Int! = 1): Int}", "type Query {a(b: Int!): Int}"),
    ("ARGUMENT_DEFAULT_REMOVED", "Query.a(b:)", "type Query {a(b: Int = 1): Int}", "type Query {a(b: Int): Int}"),
    ("ARGUMENT_DEFAULT_CHANGED", "Query.a(b:)", "type Query {a(b: Int = 1): Int}", "type Query {a(b: Int = 2): Int}"),
    (
        "ARGUMENT_DEFAULT_CHANGED",
        "Query.a(b:)",
        "type Query {a(b: Int = 1): Int}",
        "type Query {a(b: Int = null): Int}",
    ),
    ("ARGUMENT_DEFAULT_ADDED", "Query.a(b:)", "type Query {a(b: Int): Int}", "type Query {a(b: Int = null): Int}"),
    ("INPUT_FIELD_REMOVED", "N.b", ROOT + "input N {a: Int b: Int}", ROOT + "input N {a: Int}"),
    ("REQUIRED_INPUT_FIELD_ADDED", "N.b", ROOT + "input N {a: Int}", ROOT + "input N {a: Int b: Int!}"),
    ("OPTIONAL_INPUT_FIELD_ADDED", "N.b", ROOT + "input N {a: Int}", ROOT + "input N {a: Int b: Int! = 1}"),
    ("INPUT_FIELD_TYPE_CHANGED", "N.a", ROOT + "input N {a: Int}", ROOT + "input N {a: ID}"),
    ("INPUT_FIELD_TYPE_WIDENED", "N.a", ROOT + "input N {a: Int!}", ROOT + "input N {a: Int}"),
    ("INPUT_FIELD_MADE_REQUIRED", "N.a", ROOT + "input N {a: Int! = 1}", ROOT + "input N {a: Int!}"),
    ("INPUT_FIELD_DEFAULT_REMOVED", "N.a", ROOT + "input N {a: Int = 1}", ROOT + "input N {a: Int}"),
    (
        "INPUT_FIELD_DEFAULT_CHANGED",
        "N.a",
        ROOT + "input N {a: [Int] = [1]}",
        ROOT + "input N {a: [Int] = [2]}",
    ),
    ("INPUT_FIELD_DEFAULT_ADDED", "N.a", ROOT + "input N {a: Int}", ROOT + "input N {a: Int = 1}"),
    ("ONE_OF_ADDED", "N", ROOT + "input N {a: Int b: Int}", ROOT + "input N @oneOf {a: Int b: Int}"),
    ("ONE_OF_REMOVED", "N", ROOT + "input N @oneOf {a: Int b: Int}", ROOT + "input N {a: Int b: Int}"),
    ("SPECIFIED_BY_CHANGED", "S", ROOT + "scalar S", ROOT + 'scalar S @specifiedBy(url: "https://example.org/s")'),
    ("DIRECTIVE_REMOVED", "@d", ROOT + "directive @d on FIELD", ROOT),
    ("DIRECTIVE_ADDED", "@d", ROOT, ROOT + "directive @d on FIELD"),
    ("DIRECTIVE_LOCATION_REMOVED", "@d", ROOT + "directive @d on FIELD | QUERY", ROOT + "directive @d on FIELD"),
    ("DIRECTIVE_LOCATION_ADDED", "@d", ROOT + "directive @d on FIELD", ROOT + "directive @d on FIELD | QUERY"),
    (
        "DIRECTIVE_REPEATABLE_REMOVED",
        "@d",
        ROOT + "directive @d repeatable on FIELD",
        ROOT + "directive @d on FIELD",
    ),
    ("DIRECTIVE_REPEATABLE_ADDED", "@d", ROOT + "directive @d on FIELD", ROOT + "directive @d repeatable on FIELD"),
    ("DIRECTIVE_ARGUMENT_REMOVED", "@d(a:)", ROOT + "directive @d(a: Int) on FIELD", ROOT + "directive @d on FIELD"),
    (
        "REQUIRED_DIRECTIVE_ARGUMENT_ADDED",
        "@d(a:)",
        ROOT + "directive @d on FIELD",
        ROOT + "directive @d(a: Int!) on FIELD",
    ),
    (
        "OPTIONAL_DIRECTIVE_ARGUMENT_ADDED",
        "@d(a:)",
        ROOT + "directive @d on FIELD",
        ROOT + "directive @d(a: Int) on FIELD",
    ),
    (
        "ARGUMENT_TYPE_CHANGED",
        "@d(a:)",
        ROOT + "directive @d(a: Int) on FIELD",
        ROOT + "directive @d(a: ID) on FIELD",
    ),
    ("DEPRECATION_ADDED", "Query.a", "type Query {a: Int}", 'type Query {a: Int @deprecated(reason: "r")}'),
    ("DEPRECATION_ADDED", "N.a", ROOT + "input N {a: Int}", ROOT + 'input N {a: Int @deprecated(reason: "")}'),
    ("DEPRECATION_REMOVED", "E.A", ROOT + "enum E {A @deprecated}", ROOT + "enum E {A}"),
    (
        "DEPRECATION_REASON_CHANGED",
        "Query.a(b:)",
        'type Query {a(b: Int @deprecated(reason: "r")): Int}',
        'type Query {a(b: Int @deprecated(reason: "s")): Int}',
    ),
    *(
        ("DESCRIPTION_CHANGED", coordinate, old, new)
        for coordinate, old, new in [
            ("Query", ROOT, '"x" ' + ROOT),
            ("Query.a", 'type Query {"x" a: Int}', "type Query {a: Int}"),
            ("Query.a(b:)", 'type Query {a("x" b: Int): Int}', 'type Query {a("y" b: Int): Int}'),
            ("E.A", ROOT + 'enum E {"x" A}', ROOT + "enum E {A}"),
            ("N.a", ROOT + 'input N {"x" a: Int}', ROOT + "input N {a: Int}"),
            ("@d", ROOT + '"x" directive @d on FIELD', ROOT + "directive @d on FIELD"),
        ]
    ),
]


@pytest.mark.parametrize(("kind", "coordinate", "old", "new"), CASES)
def test_each_kind(kind: str, coordinate: str, old: str, new: str) -> None:
    changes = compare_schemas(build_schema(old), build_schema(new))
    assert [(c.kind, c.coordinate, c.severity) for c in changes] == [(kind, coordinate, KINDS[kind].severity)]
    assert changes[0].message


def test_every_kind_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(KINDS)


def test_several_changes_of_one_argument() -> None:
    """Type and default are told apart, and who leaves the argument out is broken by both."""
    changes = compare_schemas(
        build_schema("type Query {a(b: Int = 1): Int}"), build_schema("type Query {a(b: ID!): Int}")
    )
    assert [c.kind for c in changes] == ["ARGUMENT_MADE_REQUIRED", "ARGUMENT_TYPE_CHANGED"]
    assert changes[1].broken_uses == ("Query.a(b:)", "Query.a")


def test_new_implementations_of_a_known_interface() -> None:
    """Their objects come where the interface is selected, as a union's new members do."""
    known = ROOT + "interface I {a: Int} type A implements I {a: Int} "
    new = "type B implements I & J {a: Int} interface J implements I {a: Int}"
    there = compare_schemas(build_schema(known), build_schema(known + new))
    assert [(c.kind, c.coordinate) for c in there] == [
        ("IMPLEMENTATION_ADDED", "B"),
        ("TYPE_ADDED", "B"),
        ("TYPE_ADDED", "J"),
    ]
    assert there[0].touched_uses == ("I",)
    back = compare_schemas(build_schema(known + new), build_schema(known))
    assert {(c.kind, c.coordinate) for c in back} == {
        ("IMPLEMENTATION_REMOVED", "B"),
        ("TYPE_REMOVED", "B"),
        ("TYPE_REMOVED", "J"),
    }


def test_order_of_definitions_and_of_object_fields_is_no_change() -> None:
    old = "type Query {a(n: N = {x: 1, y: 2}): Int b: Int} input N {x: Int y: Int}"
    new = "input N {y: Int x: Int} type Query {b: Int a(n: N = {y: 2, x: 1}): Int}"
    assert compare_schemas(build_schema(old), build_schema(new)) == ()


def test_breaking_changes_come_first() -> None:
    old, new = "type Query {a: Int b: Int}", "type Query {b: Int! c: Int} enum E {A}"
    changes = compare_schemas(build_schema(old), build_schema(new))
    order = [list(Severity).index(c.severity) for c in changes]
    assert order == sorted(order)
    assert len({c.severity for c in changes}) == 2


@given(schemas())
@settings(max_examples=30, deadline=None)
def test_a_schema_and_itself(sdl: str) -> None:
    assert compare_schemas(build_schema(sdl), build_schema(sdl)) == ()


@given(schemas(), schemas())
@settings(max_examples=60, deadline=None)
def test_turned_round(one: str, other: str) -> None:
    """The same changes about the same things, in the other direction."""
    there = compare_schemas(build_schema(one), build_schema(other))
    back = compare_schemas(build_schema(other), build_schema(one))
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    facts = Counter((c.coordinate, KINDS[c.kind].about, KINDS[c.kind].direction) for c in there)
    assert facts == Counter((c.coordinate, KINDS[c.kind].about, turned[KINDS[c.kind].direction]) for c in back)
