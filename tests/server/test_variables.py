"""Checking variables: the same verdict as graphql-core's coercion, and errors that lead to the place."""

import gc
import math
import weakref
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    parse,
    type_from_ast,
)
from graphql.execution.values import get_variable_values
from hypothesis import given, settings
from hypothesis import strategies as st

from router.server.variables import Variables, compile_variables

SCHEMA = build_schema(
    """
    scalar JSON
    enum Size { SMALL LARGE }
    input Filter { size: Size = SMALL, tags: [String!], about: JSON, and: Filter, none: [[Int]!], by: By }
    input By @oneOf { id: ID, name: String, filter: Filter, ids: [ID!] }
    input Strict { must: Int!, may: Int! = 5, deep: [Strict!] }
    type Query { a(float: Float, flag: Boolean, strict: Strict, filter: Filter): Int }
    """
)
TYPES = [
    "Int", "Int!", "Float", "String", "Boolean!", "ID", "ID!", "JSON", "JSON!", "Size", "[Size!]", "[[Int!]!]",
    "[Int]!", "[JSON!]", "Filter", "Filter!", "[Filter!]", "By", "By!", "[By]", "Strict", "[Strict]!",
]  # fmt: skip


def compiled(*definitions: str, suggest: bool = True) -> Variables:
    named = {definition[1 : definition.index(":")]: definition for definition in definitions}
    return compile_variables(SCHEMA, named, suggest=suggest)


def problems(definition: str, value: Any) -> list[tuple[tuple[str | int, ...], str]]:
    return [(found.path, found.message) for found in compiled(definition).problems({"v": value})]


def reference(definition: str, given: dict[str, Any]) -> bool:
    """Whether graphql-core takes it."""
    operation = parse(f"query ({definition}) {{ a }}").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return not isinstance(get_variable_values(SCHEMA, operation.variable_definitions or (), given), list)


NUMBERS = st.one_of(
    st.integers(-(2**40), 2**40), st.sampled_from([2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63, 2**64 - 1]),
    st.floats(allow_nan=False, allow_infinity=False, width=32), st.sampled_from([1.0, -0.0, 2.0**31, 1e300]),
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.sampled_from(["SMALL", "LARGE", "HUGE", "", "1"]), st.text(max_size=5)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["size", "tags", "and", "by", "id", "must", "deep", "odd"]), inner, max_size=3),
    ),
    max_leaves=8,
)


def fitting(type_: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that mostly fit, with something else here and there."""
    if isinstance(type_, GraphQLNonNull):
        return fitting(type_.of_type, depth).filter(lambda value: value is not None)
    if isinstance(type_, GraphQLList):
        item = fitting(type_.of_type, depth)
        return st.one_of(st.none(), st.lists(item, max_size=3), item)
    if isinstance(type_, GraphQLInputObjectType):
        if depth > 3:
            return st.none()
        fields = {name: fitting(field.type, depth + 1) for name, field in type_.fields.items()}
        if type_.is_one_of:
            return st.one_of(*(st.fixed_dictionaries({name: value}) for name, value in fields.items()))
        required = {n: fields.pop(n) for n, f in type_.fields.items() if isinstance(f.type, GraphQLNonNull)}
        return st.one_of(st.none(), st.fixed_dictionaries(required, optional=fields))
    if isinstance(type_, GraphQLEnumType):
        return st.sampled_from([None, *type_.values])
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "Int": st.integers(-(2**31), 2**31 - 1),
        "Float": st.floats(allow_nan=False, allow_infinity=False),
        "String": st.text(max_size=3),
        "Boolean": st.booleans(),
        "ID": st.one_of(st.text(max_size=3), st.integers()),
        "JSON": ANYTHING,
    }
    return st.one_of(kinds[type_.name], LEAVES) if depth % 2 else kinds[type_.name]


def lost_digits(value: Any) -> bool:
    if isinstance(value, list | dict):
        return any(map(lost_digits, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and abs(value) >= 2**53


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(TYPES), st.booleans())
def test_the_verdict_is_that_of_graphql_core(data: st.DataObject, declared: str, is_wild: bool) -> None:
    type_ = type_from_ast(SCHEMA, parse(f"query ($v: {declared}) {{ a }}").definitions[0].variable_definitions[0].type)  # type: ignore[attr-defined]
    value = data.draw(ANYTHING if is_wild else fitting(type_))
    if ("ID" in declared or "By" in declared or "Filter" in declared) and lost_digits(value):
        return  # the one deliberate difference: an ID that is no exact number any more
    assert (not problems(f"$v: {declared}", value)) == reference(f"$v: {declared}", {"v": value})


@pytest.mark.parametrize("declared", ["Int", "Int!", "Int = 5", "Int! = 5", "[Int!] = null"])
@pytest.mark.parametrize("given_", [{}, {"v": None}, {"v": 1}])
def test_absent_and_null(declared: str, given_: dict[str, Any]) -> None:
    definition = f"$v: {declared}"
    assert (not compiled(definition).problems(given_)) == reference(definition, given_)


def test_values_are_as_the_client_wrote_them() -> None:
    variables = compiled("$i: ID", "$n: Int = 1", "$l: [Int]", "$j: JSON", "$d: Filter = {size: LARGE}", "$absent: Int")
    sent = {"i": 7, "l": 1.0, "j": {"b": [10**18, None]}, "other": "x"}
    assert not variables.problems(sent)
    assert variables.values(sent) == {"n": 1, "i": 7, "l": 1.0, "j": {"b": [10**18, None]}}
    assert variables.values({"n": None, "i": None}) == {"n": None, "i": None}


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        ("Int!", None, [((), "a value of type Int! must not be null.")]),
        ("Int", 2**31, [((), "2147483648 is no Int, which has 32 bits.")]),
        ("Int", 1.5, [((), "expected an Int, found 1.5.")]),
        ("Int", True, [((), "expected an Int, found true.")]),
        ("Float", math.inf, [((), "expected a Float, found inf.")]),
        ("ID", 2.0**70, [((), "1.1805916207174113e+21 has lost digits on its way; send such an ID as a string.")]),
        ("[[Int!]]", [[1], 2, None, [None, "x"]], [
            ((3, 0), "a value of type Int! must not be null."), ((3, 1), 'expected an Int, found "x".'),
        ]),
        ("Size", "SMAL", [((), '"SMAL" is no value of enum Size. Did you mean \'SMALL\'?')]),
        ("Filter", 5, [((), "expected an object of type Filter, found 5.")]),
        ("Filter", {"sizee": 1, "and": {"tags": ["a", 2, None]}}, [
            (("sizee",), 'type Filter has no field "sizee". Did you mean \'size\'?'),
            (("and", "tags", 1), "expected a String, found 2."),
            (("and", "tags", 2), "a value of type String! must not be null."),
        ]),
        ("Strict", {"deep": {"may": None}}, [
            (("deep", "may"), "a value of type Int! must not be null."),
            (("deep", "must"), "a value of type Int! must be given."),
            (("must",), "a value of type Int! must be given."),
        ]),
        ("By", {}, [((), "exactly one field of OneOf type By must be given; here it is none.")]),
        ("By", {"id": 1, "name": None}, [
            ((), 'exactly one field of OneOf type By must be given; here it is "id", "name".'),
        ]),
        ("By", {"id": None}, [(("id",), "the field that is given of OneOf type By must not be null.")]),
        ("By", {"filter": {"by": []}}, [(("filter", "by"), "expected an object of type By, found a list.")]),
        ("String", {"secret": "x" * 99}, [((), "expected a String, found an object.")]),
        ("Boolean", "y" * 99, [((), f'expected a Boolean, found "{"y" * 39}….')]),
    ],
)  # fmt: skip
def test_errors_name_the_place(declared: str, value: Any, expected: Any) -> None:
    assert problems(f"$v: {declared}", value) == expected


def test_without_suggestions() -> None:
    found = compiled("$v: Filter", suggest=False).problems({"v": {"sizee": 1, "size": "SMAL"}})
    assert [each.message for each in found] == ['type Filter has no field "sizee".', '"SMAL" is no value of enum Size.']


def test_a_million_mistakes_are_not_a_million_errors() -> None:
    assert len(problems("$v: [Int]", ["x"] * 1_000_000)) == 1000
    assert len(problems("$v: [[Int]]", [["x"] * 5000] * 5000)) <= 2000


def test_checks_go_with_their_schema() -> None:
    schema = build_schema("input I { a: Int, i: I } type Query { a(i: I): Int }")
    compile_variables(schema, {"v": "$v: I"}).problems({"v": {"i": {"a": 1}}})
    gone: weakref.ref[GraphQLSchema] = weakref.ref(schema)
    del schema
    gc.collect()
    assert gone() is None
