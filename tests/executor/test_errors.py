"""Errors: from where a subgraph says they are to where the client asked, and what clients get to see of them."""

from typing import Any

import pytest

from router.errors import SubgraphError
from router.executor.errors import Covered
from router.executor.replies import read_reply
from router.hooks import SubgraphReply
from tests.executor.plans import (
    Subgraph,
    abstract,
    by_id,
    codes,
    entities,
    field,
    obj,
    paths,
    plan,
    root,
    run,
)

GRAPHQL = "application/graphql-response+json; charset=utf-8"
USERS = obj(
    "Query",
    field("users", "[U]", obj("U", field("nick", storage="_q1"), field("pet", "Pet", obj("Pet", field("name"))))),
    field("x"),
)
ASK = root("a", "{ users { _q1: nick id pet { name secret } } x }")


async def located(error_path: Any, data: Any = None) -> Any:
    """Return the client's path for an error of a root fetch."""
    answer = {"data": data or {"users": [{"_q1": None, "pet": None}]}, "errors": [{"message": "m", "path": error_path}]}
    response = await run(plan(USERS, ASK), a=Subgraph(answer))
    [path] = paths(response)
    return path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["users", 0, "_q1"], ["users", 0, "nick"]),
        (["users", 0, "id"], ["users", 0]),
        (["users", 0, "pet", "name"], ["users", 0, "pet", "name"]),
        (["users", 0, "pet", "secret", 3], ["users", 0, "pet"]),
        (["hidden", "below"], None),
        (["x", "inside", "scalar"], ["x"]),
        (None, None),
        ([], None),
        ("users", None),
        ([True], None),
        (["users", 99, "_q1"], ["users"]),
        (["users", -1, "_q1"], ["users"]),
        (["users", "0", "_q1"], ["users"]),
    ],
)
async def test_paths_are_of_response_keys_up_to_what_is_visible(given: Any, expected: Any) -> None:
    assert await located(given) == expected


async def test_paths_through_abstract_positions_go_by_runtime_type() -> None:
    shape = obj("Query", field("f", "[F]", abstract("F", A=(field("v", storage="v"),), B=(field("w", storage="_q1"),))))
    ask = root("a", "{ f { __typename ... on A { v } ... on B { _q1: v } } }")
    data = {"f": [{"__typename": "A", "v": None}, {"__typename": "B", "_q1": None}, None]}
    errors = [
        {"message": "m", "path": ["f", index, key]} for index, key in ((0, "v"), (1, "_q1"), (0, "_q1"), (2, "_q1"))
    ]
    response = await run(plan(shape, ask), a=Subgraph({"data": data, "errors": errors}))
    assert paths(response) == [["f", 0, "v"], ["f", 1, "w"], ["f", 0], ["f", 2, "w"]]


async def test_conditions_decide_which_fields_are_visible() -> None:
    shape = obj("Query", field("x", when=(("show", True),)), field("y"))
    ask = root("a", "query($show: Boolean!) { x y }")
    answer = Subgraph({"data": {"x": None, "y": None}, "errors": [{"message": "m", "path": ["x"]}]})
    assert paths(await run(plan(shape, ask), {"show": True}, a=answer)) == [["x"]]
    assert paths(await run(plan(shape, ask), {"show": False}, a=answer)) == [None]


async def test_what_clients_see_of_an_error() -> None:
    errors = [
        {
            "message": "no",
            "path": ["x"],
            "locations": [{"line": 1, "column": 1}],
            "extensions": {
                "code": "NOT_FOUND",
                "retryable": True,
                "stacktrace": ["File secret.py"],
                "exception": {"message": "sql"},
                "debugMessage": "sql",
                "service": "liar",
            },
            "other": 1,
        },
        {"message": 5, "extensions": "text", "path": ["x"]},
        "text",
    ]
    response = await run(plan(USERS, ASK), a=Subgraph({"data": {"x": None, "users": None}, "errors": errors}))
    nameless = "Subgraph 'a' reported an error without a message."
    default = {"service": "a", "code": "DOWNSTREAM_SERVICE_ERROR"}
    assert response["errors"] == [
        {"message": "no", "path": ["x"], "extensions": {"code": "NOT_FOUND", "retryable": True, "service": "a"}},
        {"message": nameless, "path": ["x"], "extensions": default},
        {"message": nameless, "extensions": default},
    ]


NAMES = plan(
    obj("Query", field("us", "[U]", obj("U", field("n"))), field("me", "U", obj("U", field("n")))),
    root("a", "{ us { id } me { id } }"),
    *(entities("b", "... on U { n }", path, by_id("U")) for path in ("us@", "me")),
)


@pytest.mark.parametrize(
    ("us", "me", "error_path", "expected"),
    [
        (["1", "2"], None, None, [["us"]]),
        (["1"], None, ["_entities"], [["us", 0]]),
        ([], "1", ["somewhere", 1], [["me"]]),
        (["1"], "2", None, [None]),
        (["1"], "2", ["_entities", 7, "n"], [["us", 0], ["me"]]),
        (["1"], "2", ["_entities", -1, "n"], [["us", 0], ["me"]]),
        (["1", "2"], "1", ["_entities", 0], [["us", 0], ["me"]]),
        (["1", "2"], "1", ["_entities", 1, "id"], [["us", 1]]),
        (["1", "2"], "1", ["_entities", 1, "n", "deeper"], [["us", 1, "n"]]),
    ],
)
async def test_errors_of_entity_fetches(us: list[str], me: str | None, error_path: Any, expected: Any) -> None:
    a = Subgraph({"data": {"us": [{"id": i} for i in us], "me": me and {"id": me}}})
    b = Subgraph({"data": None, "errors": [{"message": "m", **({"path": error_path} if error_path else {})}]})
    assert paths(await run(NAMES, a=a, b=b)) == expected


async def test_a_null_is_reported_once_however_its_reason_was_reported() -> None:
    """All data of a failed fetch is accounted for, also where its one error names another place or none."""
    strict = obj(
        "Query", field("us", "[U]", obj("U", field("n", "Int!"))), field("me", "U", obj("U", field("n", "Int!")))
    )
    the_plan = plan(strict, *NAMES.fetches)
    a = Subgraph({"data": {"us": [{"id": "1"}, {"id": "2"}], "me": {"id": "2"}}})
    answers: list[tuple[Any, int]] = [
        ({"data": None, "errors": [{"message": "m", "path": ["_entities", 0, "n"]}]}, 1),
        ({"data": None, "errors": [{"message": "m"}]}, 1),
        (b"garbage", 2),
    ]
    for answer, told in answers:
        response = await run(the_plan, a=a, b=Subgraph(answer))
        assert response["data"] == {"us": [None, None], "me": None}
        assert len(response["errors"]) == told


async def test_all_root_fields_of_a_fetch_without_data_are_accounted_for() -> None:
    shape = obj("Query", field("a", "Int!"), field("b", "Int!"))
    answer = Subgraph({"data": None, "errors": [{"message": "m", "path": ["b"]}]})
    response = await run(plan(shape, root("a", "{ a b }")), a=answer)
    assert response["data"] is None
    assert [error["message"] for error in response["errors"]] == ["m"]


async def test_a_null_entity_without_an_error_is_reported_where_null_may_not_be() -> None:
    strict = plan(
        obj("Query", field("us", "[U]", obj("U", field("n", "Int!")))),
        root("a", "{ us { id } }"),
        entities("b", "... on U { n }", "us@", by_id("U")),
    )
    a = Subgraph({"data": {"us": [{"id": "1"}, {"id": "2"}, {"id": None}]}})
    b = Subgraph({"data": {"_entities": [{"n": 1}, None]}})
    response = await run(strict, a=a, b=b)
    assert response["data"] == {"us": [{"n": 1}, None, None]}
    assert paths(response) == [["us", 1, "n"], ["us", 2, "n"]]
    assert codes(response) == ["RESPONSE_VALIDATION_FAILED"] * 2


NODE = obj("N", field("id", "ID!"), field("tagged", "String!"), field("strict", "Int!"))
NODES = plan(
    obj("Query", field("node", "N", NODE), field("all", "[N]", NODE)),
    root("a", "{ node { id } all { id } }"),
    *(entities("b", "... on N { tagged strict }", path, by_id("N")) for path in ("node", "all@")),
)


async def test_what_went_with_a_nulled_entity_is_accounted_for_by_its_error_and_nothing_else_is() -> None:
    """Entity 0 is null for a reason that is told, entity 1 without one; entity 2 lacks a field without an error."""
    a = Subgraph({"data": {"node": {"id": "1"}, "all": [{"id": "1"}, {"id": "2"}, {"id": "3"}]}})
    errors = [{"message": "strict", "path": ["_entities", 0, "strict"]}]
    b = Subgraph({"data": {"_entities": [None, None, {"strict": 1, "tagged": None}]}, "errors": errors})
    response = await run(NODES, a=a, b=b)
    assert response["data"] == {"node": None, "all": [None, None, None]}
    assert [(error["message"], error["path"]) for error in response["errors"]] == [
        ("strict", ["node", "strict"]),
        ("strict", ["all", 0, "strict"]),
        ("Cannot return null for non-nullable field N.tagged.", ["all", 1, "tagged"]),
        ("Cannot return null for non-nullable field N.tagged.", ["all", 2, "tagged"]),
    ]


async def test_an_error_that_nulls_no_object_accounts_for_its_own_field_only() -> None:
    a = Subgraph({"data": {"node": {"id": "1"}, "all": []}})
    b = Subgraph(
        {
            "data": {"_entities": [{"strict": None, "tagged": None}]},
            "errors": [{"message": "strict", "path": ["_entities", 0, "strict"]}],
        }
    )
    response = await run(NODES, a=a, b=b)
    assert response["data"] == {"node": None, "all": []}
    assert paths(response) == [["node", "strict"], ["node", "tagged"]]


@pytest.mark.parametrize("nulled", [{"p": None}, {"p": {"d": None}}])
async def test_what_went_with_an_object_that_another_fetch_delivers_too_is_accounted_for(nulled: Any) -> None:
    detail = obj("D", field("w"), field("y", "Int!"), field("z", "Int!"))
    shape = obj("Query", field("p", "P", obj("P", field("d", "D", detail))))
    the_plan = plan(shape, root("a", "{ p { d { w } } }"), root("b", "{ p { d { y z } } }"))
    b = Subgraph({"data": nulled, "errors": [{"message": "z", "path": ["p", "d", "z"]}]})
    response = await run(the_plan, a=Subgraph({"data": {"p": {"d": {"w": "w"}}}}), b=b)
    assert response["data"] == {"p": {"d": None}}
    assert paths(response) == [["p", "d", "z"]]


async def test_what_went_with_an_object_inside_an_entity_is_accounted_for() -> None:
    detail = obj("D", field("w"), field("y", "Int!"), field("z", "Int!"))
    shape = obj("Query", field("us", "[U]", obj("U", field("d", "D", detail), field("n", "Int!"))))
    the_plan = plan(
        shape,
        root("a", "{ us { id d { w } } }"),
        entities("b", "... on U { n d { y z } }", "us@", by_id("U")),
    )
    a = Subgraph({"data": {"us": [{"id": "1", "d": {"w": "w"}}, {"id": "2", "d": {"w": "w"}}]}})
    errors = [{"message": "z", "path": ["_entities", 0, "d", "z"]}]
    b = Subgraph({"data": {"_entities": [{"n": None, "d": None}, {"n": 1, "d": None}]}, "errors": errors})
    response = await run(the_plan, a=a, b=b)
    assert response["data"] == {"us": [None, {"d": None, "n": 1}]}
    assert paths(response) == [["us", 0, "d", "z"], ["us", 0, "n"], ["us", 1, "d", "y"]]


async def test_a_refused_value_is_reported_whatever_else_went_wrong_around_it() -> None:
    shape = obj("Query", field("us", "[U]", obj("U", field("age", "Int"), field("n", "Int!"))))
    the_plan = plan(shape, root("a", "{ us { id age } }"), entities("b", "... on U { n }", "us@", by_id("U")))
    a = Subgraph({"data": {"us": [{"id": "1", "age": {"secret": 1}}]}})
    b = Subgraph({"data": {"_entities": [None]}, "errors": [{"message": "m", "path": ["_entities", 0, "n"]}]})
    response = await run(the_plan, a=a, b=b)
    assert response["data"] == {"us": [None]}
    assert paths(response) == [["us", 0, "n"], ["us", 0, "age"]]


async def test_a_failed_fetch_accounts_for_its_own_fields_only() -> None:
    shape = obj("Query", field("hidden", when=(("x", True),)), field("a"), field("b", "[Int!]"))
    ask = root("a", "query($x: Boolean!) { hidden @include(if: $x) a }", "x")
    b = Subgraph({"data": {"b": [1, None]}})
    response = await run(plan(shape, ask, root("b", "{ b }")), {"x": False}, a=Subgraph(b"garbage"), b=b)
    assert response["data"] == {"a": None, "b": None}
    assert paths(response) == [["a"], ["b", 1]]


def test_covered_is_at_above_or_below() -> None:
    covered = Covered([{"path": ["a", 0, "b"]}, {"message": "no path"}], [("z",)])
    assert ("a",) in covered
    assert ("a", 0, "b", "c") in covered
    assert ("z", 5) in covered
    assert ("a", 1) not in covered
    assert ("c",) not in covered


# ---- replies ----


def reply(status: int, body: bytes, media_type: str = "application/json") -> SubgraphReply:
    return SubgraphReply(status, {"content-type": media_type}, body)


@pytest.mark.parametrize("status", [200, 203, 294])
@pytest.mark.parametrize("media_type", ["application/json", GRAPHQL, "text/plain"])
def test_success_with_graphql(status: int, media_type: str) -> None:
    assert read_reply("a", reply(status, b'{"data":{"x":1},"errors":[]}', media_type)) == ({"x": 1}, [])


def test_other_status_with_graphql() -> None:
    body = b'{"data":{"x":1},"errors":[{"message":"m"}]}'
    assert read_reply("a", reply(500, body, GRAPHQL)) == ({"x": 1}, [{"message": "m"}])
    # Plain JSON may come from a proxy: its errors are worth having, its data is not to be trusted.
    assert read_reply("a", reply(401, body)) == (None, [{"message": "m"}])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'"x"',
        b"{}",
        b'{"data":null}',
        b'{"data":[]}',
        b'{"data":{},"errors":{}}',
        b'{"data":{}',
        b"\xff",
    ],
)
def test_what_is_not_graphql(body: bytes) -> None:
    with pytest.raises(SubgraphError, match="not a GraphQL response") as success:
        read_reply("a", reply(200, body))
    assert success.value.code == "SUBREQUEST_MALFORMED_RESPONSE"
    with pytest.raises(SubgraphError, match="HTTP status 502") as failure:
        read_reply("a", reply(502, body))
    assert (failure.value.code, failure.value.status) == ("SUBREQUEST_HTTP_ERROR", 502)


@pytest.mark.parametrize("status", [301, 302, 404, 500])
def test_other_status_with_json_that_is_not_graphql(status: int) -> None:
    for body in (b'{"data":{"x":1}}', b'{"errors":["text"]}', b'{"error":"x"}'):
        with pytest.raises(SubgraphError, match=f"HTTP status {status}"):
            read_reply("a", reply(status, body))


async def test_refusal_of_a_subgraph_reaches_the_client_with_its_code() -> None:
    body = b'{"errors":[{"message":"Who are you?","extensions":{"code":"UNAUTHENTICATED"}}]}'
    response = await run(
        plan(obj("Query", field("x")), root("a", "{ x }")),
        a=Subgraph((401, {"content-type": "application/json"}, body)),
    )
    assert response == {
        "data": {"x": None},
        "errors": [
            {"message": "Who are you?", "path": ["x"], "extensions": {"code": "UNAUTHENTICATED", "service": "a"}}
        ],
    }


async def test_errors_that_say_the_same_of_the_same_place_are_one() -> None:
    errors = [{"message": "m", "path": ["users", 0, "id"]}, {"message": "m", "path": ["users", 0, "id", "x"]}]
    answer = {"data": {"x": "1", "users": [{"id": "1"}]}, "errors": [*errors, {"message": "n", "path": ["x"]}]}
    response = await run(plan(USERS, ASK), a=Subgraph(answer))
    assert [(error["message"], error["path"]) for error in response["errors"]] == [("m", ["users", 0]), ("n", ["x"])]


async def test_extensions_nested_beyond_measure_are_dropped() -> None:
    deep = b'{"code": "C", "fine": {"a": [1]}, "deep": ' + b"[" * 300 + b"]" * 300 + b"}"
    body = b'{"data": {"x": null, "users": null}, "errors": [{"message": "m", "extensions": ' + deep + b"}]}"
    response = await run(plan(USERS, ASK), a=Subgraph(body))
    assert [error["extensions"] for error in response["errors"]] == [{"code": "C", "fine": {"a": [1]}, "service": "a"}]


async def test_nulls_of_the_gateway_name_the_subgraph_that_should_have_answered() -> None:
    """One that alone delivers the field; of a field that several deliver nothing is said."""
    detail = obj("D", field("both", "Int!"))
    shape = obj(
        "Query", field("us", "[U!]", obj("U", field("name", "String!", storage="_q0"), field("d", "D", detail)))
    )
    the_plan = plan(
        shape,
        root("a", "{ us { id d { both } } }"),
        entities("b", "... on U { _q0: name }", "us@", by_id("U")),
        entities("c", "... on U { d { both } }", "us@", by_id("U")),
    )
    a = Subgraph({"data": {"us": [{"id": "1", "d": {"both": None}}]}})
    c = Subgraph({"data": {"_entities": [{"d": {"both": None}}]}})
    response = await run(the_plan, a=a, b=Subgraph({"data": {"_entities": [{"_q0": None}]}}), c=c)
    assert [(error["path"], error["extensions"].get("service")) for error in response["errors"]] == [
        (["us", 0, "name"], "b")
    ]
    response = await run(the_plan, a=a, b=Subgraph({"data": {"_entities": [{"_q0": "n"}]}}), c=c)
    assert [(error["path"], error["extensions"].get("service")) for error in response["errors"]] == [
        (["us", 0, "d", "both"], None)
    ]
