"""Errors that clients may not read: what is left of them, and where the rest is."""

import logging
from typing import Any

import orjson
import pytest

from router.executor import ErrorExposure, compile_plan
from router.executor.errors import PUBLIC_CODES
from router.server.telemetry import JsonFormatter
from tests.executor.plans import SCHEMA, Subgraph, by_id, client, context, entities, field, obj, plan, root

US = plan(
    obj("Query", field("x", "Int"), field("us", "[U]", obj("U", field("n")))),
    root("a", "{ x us { id } }"),
    entities("b", "... on U { n }", "us@", by_id("U")),
)
SECRET = "relation users_private does not exist"
MASKED = {"service": "b", "code": "DOWNSTREAM_SERVICE_ERROR", "traceId": "r-1"}


async def answer(exposure: ErrorExposure, **subgraphs: Any) -> dict[str, Any]:
    return await compile_plan(US, SCHEMA, exposure=exposure).execute({}, context(), client(subgraphs))


def failing(*errors: Any) -> dict[str, Subgraph]:
    found = {"data": {"x": 1, "us": [{"id": "1"}, {"id": "2"}]}, "errors": [{"message": "of a", "path": ["x"]}]}
    return {
        "a": Subgraph(found),
        "b": Subgraph({"data": {"_entities": [{"n": "Ann"}, {"n": None}]}, "errors": list(errors)}),
    }


def logged(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The lines as they are written."""
    return [orjson.loads(JsonFormatter().format(r)) for r in caplog.records if r.name == "router.executor"]


async def test_only_the_place_the_service_and_the_id_are_left(caplog: pytest.LogCaptureFixture) -> None:
    extensions = {"code": "SQL_42P01", "table": "users_private", "traceId": "theirs", "exception": {"stack": ["f.py"]}}
    error = {"message": SECRET, "path": ["_entities", 1, "n"], "extensions": extensions}
    response = await answer(ErrorExposure(by_subgraph={"b": False}), **failing(error))
    assert response["data"] == {"x": 1, "us": [{"n": "Ann"}, {"n": None}]}
    of_a, of_b = response["errors"]
    assert of_a["message"] == "of a"
    assert of_b == {
        "message": "Subgraph 'b' reported an error.",
        "path": ["us", 1, "n"],
        "extensions": MASKED,
    }
    (line,) = logged(caplog)
    assert (line["level"], line["request_id"], line["subgraph"]) == ("WARNING", "r-1", "b")
    assert line["subgraph_errors"] == [error], "stack traces are for the log"


@pytest.mark.parametrize("code", [*sorted(PUBLIC_CODES), "GRAPHQL_VALIDATION_FAILED", "INTERNAL_SERVER_ERROR", 5, None])
async def test_codes_that_say_something_to_clients_are_kept(code: Any) -> None:
    error = {"message": SECRET, "path": ["_entities", 1, "n"], "extensions": {"code": code, "why": SECRET}}
    response = await answer(ErrorExposure(default=False, by_subgraph={"a": True}), **failing(error))
    extensions = response["errors"][1]["extensions"]
    assert extensions == {**MASKED, "code": code if code in PUBLIC_CODES else "DOWNSTREAM_SERVICE_ERROR"}
    assert SECRET not in str(response)


async def test_nothing_is_logged_where_clients_see_it_or_there_is_nothing(caplog: pytest.LogCaptureFixture) -> None:
    response = await answer(ErrorExposure(), **failing({"message": "of b"}))
    assert [error["message"] for error in response["errors"]] == ["of a", "of b"]
    assert "errors" not in await answer(
        ErrorExposure(default=False), a=Subgraph({"data": {"x": 1, "us": None}}), b=Subgraph({})
    )
    assert logged(caplog) == []


async def test_errors_that_cannot_be_told_apart_are_one(caplog: pytest.LogCaptureFixture) -> None:
    errors = [{"message": f"{SECRET} {n}", "path": ["_entities", 1, "n"]} for n in range(1_000)]
    response = await answer(ErrorExposure(by_subgraph={"b": False}), **failing(*errors))
    assert len(response["errors"]) == 2
    (line,) = logged(caplog)
    assert line["count"] == 1_000
    assert len(line["subgraph_errors"]) == 20


async def test_whatever_a_subgraph_reports_can_be_logged(caplog: pytest.LogCaptureFixture) -> None:
    long = {"message": SECRET * 1_000}
    text = orjson.dumps({"data": None, "errors": [SECRET, None, ["x"], long]})[:-2]
    nested = b'{"message": "deep", "extensions": {"at": ' + b'{"in": [' * 400 + b"1" + b"]}" * 400 + b"}}"
    subgraphs = failing()
    subgraphs["b"] = Subgraph(text + b"," + nested + b"]}")
    response = await answer(ErrorExposure(default=False), **subgraphs)
    assert {error["message"] for error in response["errors"][1:]} == {"Subgraph 'b' reported an error."}
    *_, line = logged(caplog)
    assert line["count"] == 5
    assert line["subgraph_errors"][:3] == [SECRET, None, ["x"]]
    assert line["subgraph_errors"][3].startswith('{"message":"relation')
    assert len(line["subgraph_errors"][3]) < 10_000
    assert line["subgraph_errors"][4]["message"] == "deep"


async def test_failures_are_told_in_our_words_and_their_cause_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def broken(*_: Any) -> None:
        raise ZeroDivisionError(SECRET)

    found = failing()["a"]
    response = await answer(ErrorExposure(by_subgraph={"b": False}), a=found, b=broken)
    assert response["errors"][1] == {
        "message": "Subgraph 'b' failed.",
        "path": ["us"],
        "extensions": {"code": "SUBREQUEST_HTTP_ERROR", "service": "b", "traceId": "r-1"},
    }
    (line,) = logged(caplog)
    assert (line["request_id"], line["code"], line["subgraph"]) == ("r-1", "SUBREQUEST_HTTP_ERROR", "b")
    assert line["cause"] == f"ZeroDivisionError('{SECRET}')"
    open_response = await answer(ErrorExposure(), a=found, b=broken)
    assert "traceId" not in open_response["errors"][1]["extensions"]
