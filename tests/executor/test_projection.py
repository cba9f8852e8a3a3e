"""Projection: compiled code against the reference model, and the cases that matter by name."""

import json
import math
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.executor import Pending, compile_plan
from router.executor.client import OnOutcome
from router.executor.projection import Irregular
from router.hooks import SubgraphReply
from router.planner.plan import Projection
from tests.executor import reference, shapes
from tests.executor.plans import SCHEMA, Subgraph, abstract, codes, context, field, obj, paths, plan, root, run


class Instant:
    """Takes the one request of a plan, to be answered by hand: so a plan runs without an event loop."""

    on_reply: OnOutcome

    def send(self, *_: Any) -> Pending:
        self.on_reply = _[-1]
        return self

    def cancel(self) -> None: ...


def execute(projection: Projection, data: Any, variables: dict[str, Any]) -> dict[str, Any]:
    compiled = compile_plan(plan(projection, root("s", shapes.document(projection))), SCHEMA)
    instant = Instant()
    found: list[Any] = []
    compiled.start(variables, context(), instant, math.inf, found.append)
    instant.on_reply(SubgraphReply(200, {}, json.dumps({"data": data}).encode()))
    (response,) = found
    if isinstance(response, Exception):
        raise response
    return response


@st.composite
def cases(draw: st.DrawFn, noise: int) -> tuple[Projection, dict[str, Any], dict[str, bool]]:
    variables = {name: draw(st.booleans()) for name in shapes.VARIABLES}
    projection = draw(shapes.objects(3))
    return projection, draw(shapes.data(projection, noise, variables)), variables


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([0, 3, 15]).flatmap(cases))
def test_projection_equals_the_reference(case: tuple[Projection, dict[str, Any], dict[str, bool]]) -> None:
    projection, data, variables = case
    model = reference.Completion(variables)
    expected = model.run(projection, data)
    response = execute(projection, data, variables)
    assert json.dumps(response["data"]) == json.dumps(expected)
    assert sorted(map(str, paths(response))) == sorted(str(path or None) for path in model.paths)


USERS = obj("Query", field("users", "[User!]", obj("User", field("id", "ID!"), field("name"))))
ASK_USERS = root("a", "{ users { id name } }")


async def test_regular_data_takes_the_generated_code() -> None:
    compiled = compile_plan(plan(USERS, ASK_USERS), SCHEMA)
    assert compiled._project({"users": [{"id": "1", "name": None, "extra": 1}]}, (), ()) == {
        "users": [{"id": "1", "name": None}]
    }
    with pytest.raises(Irregular):
        compiled._project({"users": [{"id": None, "name": None}]}, (), ())


async def test_null_in_a_non_null_place_goes_up_to_the_nearest_nullable_one() -> None:
    response = await run(plan(USERS, ASK_USERS), a=Subgraph({"data": {"users": [{"id": "1"}, {"id": None}]}}))
    assert response["data"] == {"users": None}
    assert paths(response) == [["users", 1, "id"]]
    assert codes(response) == ["RESPONSE_VALIDATION_FAILED"]
    assert response["errors"][0]["message"] == "Cannot return null for non-nullable field User.id."


async def test_null_goes_up_to_data() -> None:
    shape = obj("Query", field("a", "A!", obj("A", field("b", "B!", obj("B", field("c", "[[Int!]!]!"))))))
    response = await run(
        plan(shape, root("a", "{ a { b { c } } }")), a=Subgraph({"data": {"a": {"b": {"c": [[1], [2, None]]}}}})
    )
    assert response["data"] is None
    assert paths(response) == [["a", "b", "c", 1, 1]]


async def test_null_made_by_the_gateway_is_silent_where_a_subgraph_error_explains_it() -> None:
    answer = {"data": {"users": [{"id": None}]}, "errors": [{"message": "no id", "path": ["users", 0, "id"]}]}
    response = await run(plan(USERS, ASK_USERS), a=Subgraph(answer))
    assert response["data"] == {"users": None}
    assert [error["message"] for error in response["errors"]] == ["no id"]


async def test_inaccessible_enum_value_and_union_member() -> None:
    shape = obj(
        "Query",
        field("colours", "[Colour]", enum="RED GREEN"),
        field("found", "[Found]", abstract("Found", Cat=(field("__typename", "String!"), field("name")))),
    )
    answer = {
        "data": {
            "colours": ["RED", "SECRET", None],
            "found": [{"__typename": "Cat", "name": "Tom"}, {"__typename": "Spy", "name": "?"}, None],
        }
    }
    document = "{ colours found { __typename ... on Cat { name } } }"
    response = await run(plan(shape, root("a", document)), a=Subgraph(answer))
    assert response["data"] == {
        "colours": ["RED", None, None],
        "found": [{"__typename": "Cat", "name": "Tom"}, None, None],
    }
    assert paths(response) == [["colours", 1], ["found", 1]]
    assert "SECRET" not in str(response)
    assert "Spy" not in str(response)


async def test_object_without_a_type_name_in_an_abstract_place_is_null() -> None:
    shape = obj("Query", field("found", "Found", abstract("Found", Cat=(field("name"),))))
    response = await run(
        plan(shape, root("a", "{ found { __typename ... on Cat { name } } }")), a=Subgraph({"data": {"found": {}}})
    )
    assert response["data"] == {"found": None}


@pytest.mark.parametrize("asked", [False, True])
async def test_types_are_known_whatever_the_conditions(asked: bool) -> None:
    of_cats = field("pet", "Pet!", abstract("Pet", Cat=(field("name"),)))
    of_dogs = field("pet", "Pet!", abstract("Pet", Dog=(field("name"),)), when=(("x", True),))
    document = "query($x: Boolean!) { pet { __typename ... on Cat { name } ... on Dog @include(if: $x) { name } } }"
    model = plan(obj("Query", of_cats, of_dogs), root("a", document))
    answer = {"data": {"pet": {"__typename": "Dog", "name": "Rex"}}}
    response = await run(model, {"x": asked}, a=Subgraph(answer))
    assert response == {"data": {"pet": {"name": "Rex"} if asked else {}}}


async def test_type_names_are_those_of_the_api_never_of_the_subgraph() -> None:
    shape = obj(
        "Query",
        field("kind", "String!", constant="Query", storage="__typename"),
        field("me", "User", obj("User", field("type", "String!", storage="__typename"), field("name"))),
    )
    answer = {"data": {"me": {"__typename": "LegacyUser", "name": "Ada"}}}
    response = await run(plan(shape, root("a", "{ me { __typename name } }")), a=Subgraph(answer))
    assert response == {"data": {"kind": "Query", "me": {"type": "User", "name": "Ada"}}}


@pytest.mark.parametrize("wrong", ["text", 1, [], [{}]])
async def test_what_is_no_object_is_null_even_if_nothing_of_it_is_read(wrong: Any) -> None:
    shape = obj("Query", field("me", "User", obj("User", field("__typename", "String!", constant="User"))))
    response = await run(plan(shape, root("a", "{ me { __typename } }")), a=Subgraph({"data": {"me": wrong}}))
    assert response["data"] == {"me": None}
    assert paths(response) == [["me"]]


async def test_only_type_name_needs_no_fetch() -> None:
    response = await run(plan(obj("Query", field("__typename", "String!", constant="Query"))))
    assert response == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (True, True, {"me": {"name": "Ada", "age": 36}}),
        (True, False, {"me": {"name": "Ada"}}),
        (False, True, {"me": {"age": 36}}),
        (False, False, {}),
    ],
)
async def test_one_key_with_different_conditions_merges(x: bool, y: bool, expected: dict[str, Any]) -> None:
    shape = obj(
        "Query",
        field("me", "User", obj("User", field("name")), when=(("x", True),)),
        field("me", "User", obj("User", field("age", "Int!")), when=(("y", True),)),
    )
    document = "query($x: Boolean! $y: Boolean!) { me @include(if: $x) { name } me @include(if: $y) { age } }"
    me = expected.get("me", {})
    fetch = root("a", document, "x", "y")
    response = await run(plan(shape, fetch), {"x": x, "y": y}, a=Subgraph({"data": {"me": me} if me else {}}))
    assert response == {"data": expected}


async def test_storage_keys_become_response_keys_in_the_order_of_the_operation() -> None:
    shape = obj("Query", field("id", storage="_q1"), field("b"), field("a", storage="id"))
    response = await run(
        plan(shape, root("a", "{ b _q1: id id: a }")), a=Subgraph({"data": {"b": "1", "_q1": "2", "id": "3"}})
    )
    assert list(response["data"].items()) == [("id", "2"), ("b", "1"), ("a", "3")]


async def test_names_never_become_code() -> None:
    key = "'] or __import__('os').abort() #\n\\"
    shape = obj("Query", field(key, storage="a"), field("b", "[E]", enum="' \" \\", storage="b"))
    response = await run(plan(shape, root("a", "{ a b }")), a=Subgraph({"data": {"a": "1", "b": ['"']}}))
    assert response == {"data": {key: "1", "b": ['"']}}


async def test_very_deep_and_very_wide_operations() -> None:
    depth = 110  # orjson writes 254 levels at most
    shape, document, value = obj("T", field("leaf", "Int!")), "{ leaf }", {"leaf": 1}
    for _ in range(depth):
        shape = obj("T", field("n", "[T!]!", shape), *(field(f"f{i}", "Int") for i in range(8)))
        document = "{ n " + document + " ".join(f"f{i}" for i in range(8)) + " }"
        value = {"n": [value], **{f"f{i}": i for i in range(8)}}
    response = await run(plan(shape, root("a", document)), a=Subgraph({"data": value}))
    assert response == {"data": value}


def test_types_with_equal_fields_share_code() -> None:
    """Also where hundreds of types differ in the last field only, which must not take quadratic comparisons."""
    same = tuple(field(f"a{i}") for i in range(30))
    types = {f"T{i}": (*same, field("last", enum=f"E{i // 2}")) for i in range(300)}
    shape = obj("Query", field("n", "N", abstract("N", **types)))
    started = time.process_time()
    compiled = compile_plan(plan(shape, root("a", "{ n { __typename a0 } }")), SCHEMA)
    assert time.process_time() - started < 2
    assert compiled.source.count("elif") == 149
