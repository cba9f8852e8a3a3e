"""What composition says and keeps where several rules meet."""

import pytest

from router.composition import Composed, Rejected, Subgraph, compose

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@composeDirective"])\n'
MARKS = 'extend schema @link(url: "https://example.org/marks/v1.0", import: ["@mark"])\n'


def composed(**sdls: str) -> Composed | Rejected:
    return compose([Subgraph(name, sdl) for name, sdl in sdls.items()])


def test_an_extension_without_base_does_not_hide_what_else_is_wrong() -> None:
    result = composed(
        a=LINK + "type Query { n: Int }", b=LINK + "extend type Lonely { x: Int } type Query { n: String }"
    )
    assert isinstance(result, Rejected)
    codes = {error.code for error in result.errors}
    assert codes >= {"EXTENSION_WITH_NO_BASE", "FIELD_TYPE_MISMATCH"}


def test_the_upgrade_ends_at_an_extension_without_base() -> None:
    result = composed(a=LINK + "type Query { n: Int }", b="extend type Lonely { x: Int } type Query { n: String }")
    assert isinstance(result, Rejected)
    assert [(error.code, error.coordinate) for error in result.errors] == [("EXTENSION_WITH_NO_BASE", "Lonely")]


def test_an_empty_selection_in_a_key_is_an_error() -> None:
    sdl = 'type Query { t: T } type T @key(fields: "p { }") { p: P } type P { y: Int }'
    result = composed(a=LINK + sdl)
    assert isinstance(result, Rejected)
    assert [(error.code, error.coordinate) for error in result.errors] == [("KEY_INVALID_FIELDS", "T")]


def test_only_subgraphs_that_compose_a_directive_hand_over_its_applications() -> None:
    definition = "directive @mark on FIELD_DEFINITION\n"
    asking = 'extend schema @composeDirective(name: "@mark")\n'
    result = composed(
        a=LINK + MARKS + asking + definition + "type Query { a: Int @mark }",
        b=LINK + MARKS + definition + "type Query { b: Int @mark }",
    )
    assert isinstance(result, Composed), result.errors
    assert [line.strip() for line in result.supergraph_sdl.splitlines() if line.endswith("@mark")] == [
        "a: Int @join__field(graph: A) @mark"
    ]


@pytest.mark.parametrize(
    "sdls",
    [
        {"a": "type Query { n: Int } interface A implements B { x: Int } interface B implements A { x: Int }"},
        {
            "a": "type Query { n: Int } interface A implements B { x: Int } interface B { x: Int }",
            "b": "type Query { m: Int } interface B implements A { x: Int } interface A { x: Int }",
        },
        {
            "a": "type Query { n: Int } interface A implements B & C { x: Int } interface B implements C & A { x: Int }"
            " interface C implements A & B { x: Int }"
        },
    ],
)
def test_interfaces_cannot_implement_each_other(sdls: dict[str, str]) -> None:
    result = composed(**{name: LINK + sdl for name, sdl in sdls.items()})
    assert isinstance(result, Rejected)
    assert {error.code for error in result.errors} == {"INVALID_GRAPHQL"}
    assert any("which implements it" in error.message for error in result.errors)


def test_of_equal_versions_the_last_subgraphs_definition_is_composed() -> None:
    link = LINK + MARKS + 'extend schema @composeDirective(name: "@mark")\n'
    result = composed(
        a=link + "directive @mark on FIELD_DEFINITION type Query { a: Int }",
        b=link + "directive @mark repeatable on FIELD_DEFINITION | OBJECT type Query { b: Int }",
    )
    assert isinstance(result, Composed), result.errors
    assert "directive @mark repeatable on FIELD_DEFINITION | OBJECT\n" in result.supergraph_sdl


def test_directives_of_operations_that_share_no_location_are_left_out_with_one_hint() -> None:
    result = composed(
        a=LINK + "directive @trace on QUERY type Query { a: Int }",
        b=LINK + "directive @trace on OBJECT type Query { b: Int }",
        c=LINK + "type Query { c: Int }",
    )
    assert isinstance(result, Composed), result.errors
    assert [hint.code for hint in result.hints] == ["NO_EXECUTABLE_DIRECTIVE_INTERSECTION"]
    assert "@trace" not in result.supergraph_sdl
