"""Whose errors clients may read, by the settings."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from router.hooks import RequestContext, RouterHooks
from router.server.app import RouterApp

MakeApp = Callable[..., RouterApp]
Connect = Callable[[RouterApp], httpx.AsyncClient]
BROKEN = {"query": "{ broken }"}


@pytest.mark.parametrize(
    ("settings", "is_exposed"),
    [
        ({}, False),
        ({"expose_subgraph_errors": True}, True),
        ({"subgraphs": {"products": {"expose_errors": True}}}, True),
        ({"subgraphs": {"reviews": {"expose_errors": True}}}, False),
        ({"subgraphs": {"products": {"timeout_s": 3}}, "expose_subgraph_errors": True}, True),
        ({"subgraphs": {"products": {"expose_errors": False}}, "expose_subgraph_errors": True}, False),
    ],
)
async def test_the_settings_say_whose_errors_clients_read(
    make_app: MakeApp, connect: Connect, settings: dict[str, Any], is_exposed: bool
) -> None:
    response = await connect(make_app(**settings)).post("/graphql", json=BROKEN)
    (error,) = response.json()["errors"]
    assert ("no such luck" in response.text) is is_exposed
    assert error["path"] == ["broken"]
    assert error["extensions"].get("traceId") == (None if is_exposed else response.headers["x-request-id"])


async def test_each_operation_of_a_batch_has_its_own_id(
    make_app: MakeApp, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    response = await connect(make_app(batching={"enabled": True})).post("/graphql", json=[BROKEN, BROKEN])
    ids = [answer["errors"][0]["extensions"]["traceId"] for answer in response.json()]
    assert ids == [f"{response.headers['x-request-id']}-{n}" for n in range(2)]
    lines = [record.__dict__["fields"] for record in caplog.records if record.name == "router.executor"]
    assert sorted(line["request_id"] for line in lines) == ids
    assert all(line["subgraph_errors"][0]["message"] == "no such luck" for line in lines)


async def test_hooks_see_masked_errors_and_may_change_them(make_app: MakeApp, connect: Connect) -> None:
    class Kind(RouterHooks):
        def on_response(self, context: RequestContext, response: dict[str, Any]) -> None:
            for error in response["errors"]:
                assert error["message"] == "Subgraph 'products' reported an error."
                error["message"] = f"Please call us and say {error['extensions']['traceId']}."

    response = await connect(make_app(Kind())).post("/graphql", json=BROKEN, headers={"x-request-id": "support-1234"})
    assert response.json()["errors"][0]["message"] == "Please call us and say support-1234."
