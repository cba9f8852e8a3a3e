"""The reasons that a satisfiability error gives, and the way out that it names."""

import pytest

from router.composition import Rejected, Subgraph, compose

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.8", import: ["@key", "@external", "@requires",'
    ' "@override", "@inaccessible", "@context", "@fromContext"])\n'
)
CONTEXT = (
    'type Query { t: T } type T @key(fields: "id") @context(name: "c") { id: ID! u: U p: Int @external }'
    ' type U @key(fields: "id") { id: ID! f(x: Int @fromContext(field: "$c { p }")): Int }'
)
HIDDEN = 'type T @key(fields: "sku") { sku: ID! @inaccessible p: Int @inaccessible }'
ELSEWHERE = '"T.p" is resolved in subgraph "b", which cannot be entered by @key(fields: "sku") of "T".'


def told(coordinate: str, **sdls: str) -> list[str]:
    """What the error says after the query."""
    result = compose([Subgraph(name, LINK + sdl) for name, sdl in sdls.items()])
    assert isinstance(result, Rejected)
    message = next(e.message for e in result.errors if e.coordinate == coordinate)
    return message.split("because:\n", 1)[1].splitlines()


def test_context_whose_value_lives_where_no_key_leads() -> None:
    assert told("U.f", a=CONTEXT, b=HIDDEN) == [
        '- in subgraph "a": what "U.f" takes from the context "c" (p) cannot be had where "T" sets it: ' + ELSEWHERE,
        (
            'Make what "U.f" takes from the context "c" obtainable where "T" sets it: add a @key that leads to where'
            " it is resolved, or resolve it there."
        ),
    ]


def test_context_that_nothing_above_sets() -> None:
    other = 'type Query { v: U } type U @key(fields: "id") { id: ID! }'
    assert told("U.f", a=CONTEXT.replace(" @external", ""), b=other) == [
        '- in subgraph "b": there is no field "U.f".',
        '- in subgraph "a": "U.f" takes an argument from the context "c", which nothing above it sets.',
        'Put @context(name: "c") on a type above on this way to "U.f", or take that way out of the API.',
    ]


def test_requirement_of_what_takes_an_argument_from_a_context() -> None:
    """The context would be there for some who ask; what is fetched for another field is fetched of the object alone."""
    b = 'type U @key(fields: "id") { id: ID! f: Int @external r: Int @requires(fields: "f") }'
    assert told("U.r", a=CONTEXT.replace(" @external", ""), b=b) == [
        '- in subgraph "a": there is no field "U.r".',
        (
            '- in subgraph "b": what "U.r" requires (f) cannot be had: in subgraph "a" "U.f" takes an argument from the'
            ' context "c", which other fields\' needs cannot give.'
        ),
        'Require something else than "U.f", whose argument comes from a context.',
    ]


def test_requirement_names_the_key_that_is_missing() -> None:
    user = 'type Query { t: T } type T @key(fields: "id") { id: ID! p: Int @external r: Int @requires(fields: "p") }'
    assert told("T.r", a=user, b=HIDDEN) == [
        '- in subgraph "a": what "T.r" requires (p) cannot be had: ' + ELSEWHERE,
        (
            'Make what "T.r" requires obtainable: add a @key that leads to where it is resolved, or resolve it'
            " where it is required."
        ),
    ]


@pytest.mark.parametrize("selection", ["... on X { p }", "... { ... on X { p } }", "... on Y { q } ... on X { n p }"])
def test_requirement_within_a_fragment(selection: str) -> None:
    user = (
        'type Query { t: T } type T @key(fields: "id") { id: ID! m: M @external r: Int @requires(fields: "m { SEL }") }'
        ' union M = X | Y type X @key(fields: "n") { n: ID! p: Int @external }'
        ' type Y @key(fields: "n") { n: ID! q: Int @external }'
    )
    owner = (
        'type T @key(fields: "id") { id: ID! m: M } union M = X | Y type X @key(fields: "n") { n: ID! }'
        ' type Y @key(fields: "n") { n: ID! q: Int }'
    )
    hidden = 'type X @key(fields: "sku") { sku: ID! @inaccessible p: Int @inaccessible }'
    if "q" not in selection:
        user, owner = user.replace(" q: Int @external", ""), owner.replace(" q: Int", "")
    lines = told("T.r", a=user.replace("SEL", selection), b=owner, c=hidden)
    assert lines[0].endswith(
        'cannot be had: "X.p" is resolved in subgraph "c", which cannot be entered by @key(fields: "sku") of "X".'
    )


def test_requirement_behind_a_requirement_is_what_must_be_mended() -> None:
    a = 'type Query { t: T } type T @key(fields: "id") { id: ID! q: Int @external r: Int @requires(fields: "q") }'
    c = 'type T @key(fields: "id") { id: ID! q: Int @requires(fields: "p") p: Int @external }'
    lines = told("T.r", a=a, b=HIDDEN, c=c)
    assert lines[0] == (
        '- in subgraph "a": what "T.r" requires (q) cannot be had: in subgraph "c" what "T.q" requires (p) cannot be'
        " had: " + ELSEWHERE
    )
    assert [line[:29] for line in lines[2:]] == ['Make what "T.q" requires obta']


def test_circular_requirements_are_named() -> None:
    a = 'type Query { t: T } type T @key(fields: "id") { id: ID! x: Int @requires(fields: "y") y: Int @external }'
    b = 'type T @key(fields: "id") { id: ID! y: Int @requires(fields: "x") x: Int @external }'
    lines = told("T.x", a=a, b=b)
    assert lines[0].endswith('the requirements are circular: "T.x" in "a" -> "T.y" in "b" -> "T.x" in "a".')
    assert lines[-1] == "Break the circle: resolve one of its fields without requiring the others."


@pytest.mark.parametrize(
    ("coordinate", "expected"),
    [
        ("T.v", '- in subgraph "b": "T.v" is resolved here only while label "x" is on; while it is off, in "c".'),
        ("T.sku", '- in subgraph "b": there is no field "T.sku".'),
    ],
)
def test_field_that_moves_by_a_label(coordinate: str, expected: str) -> None:
    lines = told(
        coordinate,
        a='type Query { t: T } type T @key(fields: "id") { id: ID! }',
        b='type T @key(fields: "id") { id: ID! v: Int @override(from: "c", label: "x") }',
        c='type T @key(fields: "sku") { sku: ID! v: Int }',
    )
    assert lines[1] == expected
    assert ('label "x" is on or off' in lines[-1]) == (coordinate == "T.v")


def test_source_of_a_label_that_is_on() -> None:
    lines = told(
        "T.v",
        a='type Query { t: T } type T @key(fields: "id") { id: ID! v: Int }',
        b='type T @key(fields: "sku") { sku: ID! @inaccessible v: Int @override(from: "a", label: "x") }',
    )
    assert lines[0] == '- in subgraph "a": "T.v" is overridden by "b" while label "x" is on.'


def test_key_that_moves_by_a_label_is_why_a_subgraph_cannot_be_entered() -> None:
    lines = told(
        "T.z",
        a='type Query { t: T } type T @key(fields: "id") { id: ID! @override(from: "b", label: "l") x: Int }',
        b='type T @key(fields: "id") { id: ID! z: Int }',
    )
    assert lines[1].endswith(
        'cannot be had from "a": in subgraph "a" "T.id" is resolved here only while label "l" is on; while it is off,'
        ' in "b".'
    )
    assert 'whether label "l" is on or off' in lines[-1]


def test_explanation_of_a_long_circle_stays_short() -> None:
    """A ring of eight requirements."""
    names = [f"s{i}" for i in range(8)]
    fields = [f"f{i}" for i in range(8)]
    sdls = {}
    for at, name in enumerate(names):
        own = " ".join(
            f'{f}: Int @requires(fields: "{fields[i - 1]}")' if i == at else f"{f}: Int @external"
            for i, f in enumerate(fields)
            if i in {at, (at - 1) % 8}
        )
        sdls[name] = f'type T @key(fields: "id") {{ id: ID! {own} }}'
    sdls["s0"] += " type Query { t: T }"
    lines = told("T.f3", **sdls)
    assert max(map(len, lines)) < 2_000
    assert lines[-1].startswith("Break the circle")
