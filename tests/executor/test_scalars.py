"""Built-in scalars of results: what a subgraph answers is not believed."""

from typing import Any

import pytest

from router.executor import compile_plan
from router.executor.projection import IRREGULAR
from tests.executor.plans import SCHEMA, Subgraph, by_id, codes, entities, field, obj, paths, plan, root, run

REGULAR = {
    "String": ["", "x"],
    "ID": ["1", "x"],
    "Int": [0, 2**31 - 1, -(2**31)],
    "Float": [0.5, -1.0, 3, 2**60],
    "Boolean": [True, False],
}
COERCED = [
    ("String", 1, "1"),
    ("String", 1.5, "1.5"),
    ("String", True, "true"),
    ("ID", 7, "7"),
    ("ID", 2**63, "9223372036854775808"),
    ("ID", 7.0, "7"),
    ("Int", 1.0, 1),
    ("Int", "12", 12),
    ("Int", True, 1),
    ("Float", "1.5", 1.5),
    ("Float", False, 0),
    ("Boolean", 0, False),
    ("Boolean", 1, True),
]
CONTAINERS: list[Any] = [{}, {"secret": 1}, [], [1], ["x"], [[[1]]]]
REFUSED = [
    *((name, value) for name in REGULAR for value in CONTAINERS),
    ("ID", True),
    ("ID", 1.5),
    ("Int", 1.5),
    ("Int", 2**31),
    ("Int", -(2**31) - 1),
    ("Int", 2**40),
    ("Int", 1e300),
    ("Int", "x"),
    ("Int", ""),
    ("Int", "2147483648"),
    ("Float", "x"),
    ("Float", "NaN"),
    ("Float", "Infinity"),
    ("Boolean", "true"),
    ("Boolean", ""),
]


async def answered(type_: str, value: Any) -> dict[str, Any]:
    shape = obj("Query", field("before", "String"), field("x", type_))
    return await run(plan(shape, root("a", "{ before x }")), a=Subgraph({"data": {"before": "b", "x": value}}))


def same(one: Any, other: Any) -> bool:
    return one.__class__ is other.__class__ and one == other


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REGULAR.items() for value in values])
async def test_regular_values_stay_as_they_are_and_take_the_generated_code(name: str, value: Any) -> None:
    for type_, answer in ((name, value), (f"{name}!", value), (f"[{name}!]!", [value]), (name, None)):
        assert await answered(type_, answer) == {"data": {"before": "b", "x": answer}}
        compiled = compile_plan(plan(obj("Query", field("x", type_)), root("a", "{ x }")), SCHEMA)
        result = compiled._project({"x": answer}, (), ())["x"]
        assert same(result, answer)


@pytest.mark.parametrize(("name", "value", "expected"), COERCED)
async def test_what_loses_nothing_is_coerced(name: str, value: Any, expected: Any) -> None:
    response = await answered(f"{name}!", value)
    assert "errors" not in response
    assert same(response["data"]["x"], expected)
    response = await answered(f"[[{name}]!]", [[value, None], []])
    assert "errors" not in response
    assert same(response["data"]["x"][0][0], expected)


@pytest.mark.parametrize(("name", "value"), REFUSED)
async def test_what_is_no_such_scalar_is_null_with_an_error(name: str, value: Any) -> None:
    response = await answered(name, value)
    assert response["data"] == {"before": "b", "x": None}
    assert response["errors"] == [
        {
            "message": f"Expected a value of type {name} for field Query.x.",
            "path": ["x"],
            "extensions": {"code": "RESPONSE_VALIDATION_FAILED", "service": "a"},
        }
    ]
    response = await answered(f"{name}!", value)
    assert (response["data"], paths(response)) == (None, [["x"]])
    response = await answered(f"[{name}]", [value, None])
    assert (response["data"]["x"], paths(response)) == ([None, None], [["x", 0]])
    response = await answered(f"[{name}!]", [value, None])
    assert (response["data"]["x"], paths(response)) == (None, [["x", 0]])


@pytest.mark.parametrize("name", [*REGULAR, "Json"])
@pytest.mark.parametrize("value", [{"secret": 1}, "secret", 1, True])
async def test_what_is_no_list_is_null_with_an_error(name: str, value: Any) -> None:
    for type_ in (f"[{name}]", f"[[{name}!]]"):
        response = await answered(type_, value)
        assert response["data"] == {"before": "b", "x": None}
        assert (codes(response), paths(response)) == (["RESPONSE_VALIDATION_FAILED"], [["x"]])
    response = await answered(f"[[{name}!]]", [value, None])
    assert (response["data"]["x"], paths(response)) == ([None, None], [["x", 0]])


async def test_lists_are_as_deep_as_their_type() -> None:
    response = await answered("[[Int!]]", [[[1]], [2]])
    assert (response["data"]["x"], paths(response)) == ([None, [2]], [["x", 0, 0]])


@pytest.mark.parametrize("value", [{"a": [1, None]}, [], [[{}]], "x", 1, 1.5, True, 2**60])
async def test_custom_scalars_pass_untouched(value: Any) -> None:
    assert await answered("Json!", value) == {"data": {"before": "b", "x": value}}
    assert await answered("[Json]", [value, None]) == {"data": {"before": "b", "x": [value, None]}}


@pytest.mark.parametrize("value", [[{"n": 1}], "secret", 5, True, 0, ""])
async def test_a_scalar_or_list_in_the_place_of_an_object_is_null_with_an_error(value: Any) -> None:
    shape = obj("Query", field("u", "U", obj("U", field("n", "Int"))), field("us", "[U]", obj("U", field("n", "Int"))))
    answer = Subgraph({"data": {"u": value, "us": [value, {"n": 1}]}})
    response = await run(plan(shape, root("a", "{ u { n } us { n } }")), a=answer)
    assert response["data"] == {"u": None, "us": [None, {"n": 1}]}
    assert paths(response) == [["u"], ["us", 0]]


async def test_entities_are_held_to_their_types_too_but_keys_travel_as_they_came() -> None:
    shape = obj("Query", field("us", "[U]", obj("U", field("id", "ID!"), field("n", "String!"))))
    the_plan = plan(shape, root("a", "{ us { id } }"), entities("b", "... on U { n }", "us@", by_id("U")))
    b = Subgraph({"data": {"_entities": [{"n": "x"}, {"n": {"password": "p"}}]}})
    response = await run(the_plan, a=Subgraph({"data": {"us": [{"id": 1}, {"id": 2}]}}), b=b)
    assert response["data"] == {"us": [{"id": "1", "n": "x"}, None]}
    assert paths(response) == [["us", 1, "n"]]
    assert "password" not in str(response)
    assert [each["id"] for each in b.representations] == [1, 2]


def test_generated_code_refuses_what_is_irregular() -> None:
    for name, value in [(name, value) for name, value, _ in COERCED] + REFUSED:
        for type_, answer in ((name, value), (f"{name}!", value), (f"[{name}]", [value])):
            compiled = compile_plan(plan(obj("Query", field("x", type_)), root("a", "{ x }")), SCHEMA)
            with pytest.raises(IRREGULAR):
                compiled._project({"x": answer}, (), ())
