"""Federation 1 subgraphs compose as they always did, among themselves and with Federation 2 ones."""

from typing import Any

import pytest

from router.composition import Composed, Rejected, Subgraph, compose
from tests.composition.join_model import join_model

FED2 = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])\n'
PRODUCT = 'type Query { p: P } type P @key(fields: "id") { id: ID! n: Int m: Int }'


def run(*sdls: str) -> Composed | Rejected:
    return compose([Subgraph(name, sdl) for name, sdl in zip("abc", sdls, strict=False)])


def model(*sdls: str) -> dict[str, Any]:
    result = run(*sdls)
    assert isinstance(result, Composed), result.errors
    return join_model(result.supergraph_sdl)


def joins(found: dict[str, Any], coordinate: str) -> set[tuple[str, str]]:
    """(graph, external) of a field."""
    return {(join[0], join[4]) for join in found[coordinate]["joins"]}


@pytest.mark.parametrize("extends", ["extend type P", "type P @extends"])
def test_key_of_an_extension_is_not_external(extends: str) -> None:
    head = extends.replace(" @extends", ' @key(fields: "id") @extends')
    head = head if "@key" in head else f'{head} @key(fields: "id")'
    found = model(PRODUCT, f"{head} {{ id: ID! @external more: Int }}")
    assert joins(found, "P.id") == {("a", "false"), ("b", "false")}
    assert joins(found, "P.more") == {("b", "false")}


@pytest.mark.parametrize(
    ("extension", "said"),
    [
        ('type P @extends @key(fields: "id")', "true"),
        ('type P @extends @key(fields: ["id"])', "true"),
        ('extend type P @key(fields: "id")', "false"),
    ],
)
def test_only_the_extends_directive_is_passed_on(extension: str, said: str) -> None:
    found = model(PRODUCT, f"{extension} {{ id: ID! @external more: Int }}")
    assert {(join[0], join[4]) for join in found["P"]["joins"]} == {("a", "false"), ("b", said)}


def test_unused_externals_go_and_used_ones_stay() -> None:
    found = model(
        PRODUCT,
        'extend type P @key(fields: "id") { id: ID! @external n: Int @external m: Int @external'
        ' s: Int @requires(fields: "n") }',
    )
    assert joins(found, "P.n") == {("a", "false"), ("b", "true")}
    assert joins(found, "P.m") == {("a", "false")}


def test_value_types_and_roots_are_shared_without_saying_so() -> None:
    found = model("type Query { v: V } type V { x: Int }", "type Query { v: V w: V } type V { x: Int }")
    assert joins(found, "V.x") == {("a", "false"), ("b", "false")}
    assert joins(found, "Query.v") == {("a", "false"), ("b", "false")}


def test_a_federation_2_subgraph_must_still_say_shareable() -> None:
    plain = 'type P @key(fields: "id") { id: ID! n: Int }'
    result = run(PRODUCT, FED2 + plain)
    assert isinstance(result, Rejected)
    assert {e.code for e in result.errors} == {"INVALID_FIELD_SHARING"}
    assert joins(model(PRODUCT, FED2 + plain.replace("n: Int", "n: Int @shareable")), "P.n")


def test_field_sets_may_be_lists_or_names() -> None:
    found = model(
        'type Query { p: P q: Q } type P @key(fields: ["id", "s"]) { id: ID! s: ID } type Q @key(fields: id) { id: ID }'
    )
    assert {join[1] for join in found["P"]["joins"]} == {frozenset({("id", (), None), ("s", (), None)})}


def test_provides_of_what_is_resolved_anyway_had_no_effect() -> None:
    found = model('type Query { p: P @provides(fields: "n") } type P @key(fields: "id") { id: ID! n: Int }')
    assert {join[2] for join in found["Query.p"]["joins"]} == {None}


def test_keys_of_interfaces_are_dropped() -> None:
    found = model(
        'type Query { i: I } interface I @key(fields: "id") { id: ID! }'
        ' type P implements I @key(fields: "id") { id: ID! }'
    )
    assert {join[1] for join in found["I"]["joins"]} == {None}


def test_an_interface_object_cannot_meet_a_federation_1_key() -> None:
    io = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@interfaceObject"])'
    result = run(
        'type Query { i: I } interface I @key(fields: "id") { id: ID! }'
        ' type P implements I @key(fields: "id") { id: ID! }',
        io + ' type I @interfaceObject @key(fields: "id") { id: ID! x: Int }',
    )
    assert isinstance(result, Rejected)
    assert {e.code for e in result.errors} == {"INTERFACE_OBJECT_USAGE_ERROR"}


def test_only_federation_1_directives_are_known() -> None:
    result = run("type Query { a: Int @shareable }")
    assert isinstance(result, Rejected)
    assert [e.code for e in result.errors] == ["INVALID_GRAPHQL"]
    assert "link to the federation specification v2.0" in result.errors[0].message
