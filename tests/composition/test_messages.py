"""What messages say: the place in every subgraph, what was written, and the way out."""

import pytest

from router.composition import Rejected, Subgraph, compose
from router.errors import CompositionError

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires",'
    ' "@shareable", "@authenticated", "@requiresScopes", "@policy", "@interfaceObject"])\n'
)


def errors(**sdls: str) -> list[CompositionError]:
    result = compose([Subgraph(name, LINK + sdl) for name, sdl in sdls.items()])
    assert isinstance(result, Rejected)
    return list(result.errors)


def places(error: CompositionError) -> list[tuple[str, int]]:
    return [(place.subgraph, place.line) for place in error.locations]


@pytest.mark.parametrize("literal", ["1", "true", '["id"]', "id", "{a: 1}", "null"])
def test_a_field_set_is_shown_as_written(literal: str) -> None:
    (error,) = errors(a=f"type Query {{ t: T }} type T @key(fields: {literal}) {{ id: ID }}")
    assert error.code == "KEY_INVALID_FIELDS_TYPE"
    assert f"for @key(fields: {literal}):" in error.message


READER = """type Query { t: T }
type T @key(fields: "id") {
  id: ID
  n: Int @external
  m: Int @requires(fields: "n") @authenticated
}"""
OWNER = 'type T @key(fields: "id") {{ id: ID \n n: Int @shareable {} }}'


def test_missing_access_names_what_is_missing_and_where() -> None:
    scopes = '@requiresScopes(scopes: [["x"], ["y", "z"]])'
    (error,) = errors(a=READER, b=OWNER.format(f"@authenticated {scopes}"), c=OWNER.format(""))
    assert error.code == "MISSING_TRANSITIVE_AUTH_REQUIREMENTS"
    assert error.message == (
        '[a] "T.m" reads "T.n" through @requires but does not demand what reading that demands in "b":'
        f" add {scopes} here."
    )
    assert places(error) == [("a", 6), ("b", 3)]


def test_missing_access_that_subgraphs_demand_differently() -> None:
    first, second = '@policy(policies: [["p"]])', '@requiresScopes(scopes: [["x"]])'
    (error,) = errors(a=READER, b=OWNER.format(f"{first} {second}"), c=OWNER.format(first))
    assert error.message.endswith(f' demands in "b" and "c": add {second} and {first} here.')
    assert places(error) == [("a", 6), ("b", 3), ("b", 3), ("c", 3)]


@pytest.mark.parametrize("guarded", ["type", "returned type", "implementation"])
def test_missing_access_of_types(guarded: str) -> None:
    reader = """type Query { t: T } interface I { k: Int }
      type V implements I @shareable { k: Int }
      type T @key(fields: "id") { id: ID v: %s @external m: Int @requires(fields: "v { ...on V { k } }") }"""
    owner = """interface I { k: Int %s }
      type V implements I @shareable %s { k: Int }
      type T @key(fields: "id") { id: ID v: %s }"""
    target = "V" if guarded == "returned type" else "I"
    (error,) = errors(a=reader % target, b=owner % ("", '@policy(policies: [["p"]])', target))
    assert 'demands in "b": add @policy(policies: [["p"]]) here.' in error.message
    assert ("b", 3) in places(error)


def test_missing_implementations_are_placed() -> None:
    base = 'interface I {} {{ id: ID! }} type T implements I @key(fields: "id") {{ id: ID! }} '.replace("{}", "{0}", 1)
    own = 'type {0} implements I @key(fields: "id") {{ id: ID! }} '
    keyed = base.format('@key(fields: "id")') + "type Query { i: I }"
    (error,) = errors(a=keyed, b=base.format("") + own.format("U"))
    assert error.message == (
        '[a] Interface "I" has a resolvable @key here, so all of its implementations must be here, but "U" (in "b") is'
        " not: add it, or make the key not resolvable."
    )
    assert places(error) == [("a", 2), ("b", 2)]
    (error,) = errors(
        a=keyed, b=base.format("") + own.format("U"), c=base.format("") + own.format("U") + own.format("V")
    )
    assert '"U" (in "b" and "c") and "V" (in "c") are not: add them,' in error.message


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("e: E = C", 'The default value C of "Query.q(e:)" is not of its type "E": use A or B.'),
        ("e: [E!] = [A, D]", 'The default value [A, D] of "Query.q(e:)" is not of its type "[E!]": use A or B.'),
        ("e: Big = C", "use V0, V1, V2, V3, V4, V5, V6, V7 or another of its 9 values."),
        ('e: Int = "x"', 'The default value "x" of "Query.q(e:)" is not of its type "Int": correct it.'),
    ],
)
def test_a_wrong_default_is_shown(argument: str, words: str) -> None:
    values = " ".join(f"V{n}" for n in range(9))
    (error,) = errors(a=f"enum E {{ A B }} enum Big {{ {values} }} type Query {{ q({argument}): Int }}")
    assert words in error.message


def test_an_empty_interface_object_of_a_root_type() -> None:
    sdl = 'extend schema { mutation: Mutation } type Mutation @interfaceObject @key(fields: "id") { id: ID @external }'
    found = {error.code for error in errors(a="type Query { a: Int } " + sdl)}
    assert found == {"EXTERNAL_MISSING_ON_BASE", "INTERFACE_OBJECT_USAGE_ERROR"}
