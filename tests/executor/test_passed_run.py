"""Runs that make nothing for merging: all but the cost is as in those that do."""

import asyncio
import math
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import orjson
import pytest

from router.errors import RequestRefused
from router.executor import CompiledPlan, compile_plan
from router.executor.compiled_plan import Response
from router.executor.passed_run import PassedRun
from router.executor.scheduler import Run
from router.hooks import PendingReply, RouterHooks, Send, SubgraphCall
from router.planner.plan import QueryPlan
from tests.executor.plans import SCHEMA, Subgraph, client, context, field, obj, plan, root

ITEM = obj("Query", field("n", "Int"), field("text", "String"))
PLAN = plan(ITEM, root("a", "{ n text }"))
WITH_VARIABLE = plan(ITEM, root("a", "query($v: In) { n text(v: $v) }", "v"))
DATA = {"n": 1, "text": "t"}
SEEN: ContextVar[str] = ContextVar("SEEN", default="nobody")


async def warm(the_plan: QueryPlan = PLAN) -> CompiledPlan:
    compiled = compile_plan(the_plan, SCHEMA)
    for _ in range(4):
        await compiled.execute({}, context(), client({"a": Subgraph({"data": DATA})}), pass_through=True)
    return compiled


async def response(
    compiled: CompiledPlan,
    subgraph: Any,
    hooks: RouterHooks | None = None,
    *,
    variables: Mapping[str, Any] | None = None,
    kind: type = PassedRun,
) -> Response:
    done: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    subgraphs = client({"a": subgraph}, hooks)
    pending = compiled.start(variables or {}, context(), subgraphs, math.inf, done.set_result, pass_through=True)
    assert isinstance(pending, kind)
    return await done


async def test_the_reply_is_the_response() -> None:
    subgraph = Subgraph({"data": DATA})
    assert orjson.loads(await response(await warm(), subgraph)) == {"data": DATA}  # type: ignore[arg-type]  # it is text
    assert subgraph.requests == [{"query": "{ n text }", "variables": {}}]


async def test_variables_are_sent() -> None:
    compiled, subgraph = await warm(WITH_VARIABLE), Subgraph({"data": DATA})
    for value in (1, {"a": [2]}):
        await response(compiled, subgraph, variables={"v": value})
    assert [request["variables"] for request in subgraph.requests] == [{"v": 1}, {"v": {"a": [2]}}]


async def test_variables_too_deep_to_be_sent_are_an_error_as_ever() -> None:
    value: Any = 1
    for _ in range(500):
        value = [value]
    found = await response(await warm(WITH_VARIABLE), Subgraph({"data": DATA}), variables={"v": value}, kind=Run)
    assert isinstance(found, dict)
    assert found["data"] == {"n": None, "text": None}
    assert len(found["errors"]) == 1


@pytest.mark.parametrize(
    ("answer", "data", "errors"),
    [
        ({"data": {"n": None, "text": None}, "errors": [{"message": "no"}]}, {"n": None, "text": None}, 1),
        ({"data": {"text": "t", "n": 1}}, DATA, 0),
        ({"data": {"n": "x", "text": "t"}}, {"n": None, "text": "t"}, 1),
        (b"{", {"n": None, "text": None}, 2),
    ],
    ids=["errors", "another order", "a wrong type", "no JSON"],
)
async def test_a_reply_that_is_not_fit_goes_the_usual_way(answer: Any, data: Any, errors: int) -> None:
    subgraph = Subgraph(answer)
    compiled = await warm()
    found = await response(compiled, subgraph)
    assert isinstance(found, dict)
    usual = await compiled.execute({}, context(), client({"a": Subgraph(answer)}))
    assert found == usual
    assert found["data"] == data
    assert len(found.get("errors", [])) == errors
    assert len(subgraph.requests) == 1, "it is not asked again"


async def test_a_subgraph_that_fails() -> None:
    async def down(*_: Any) -> None:
        raise ConnectionError

    compiled = await warm()
    found = await response(compiled, down)
    assert isinstance(found, dict)
    assert found == await compiled.execute({}, context(), client({"a": down}))
    assert found["errors"][0]["extensions"]["code"] == "SUBREQUEST_HTTP_ERROR"


async def test_what_a_hook_raises_ends_it() -> None:
    class Refusing(RouterHooks):
        async def on_fetch(self, call: SubgraphCall, send: Send) -> Any:
            await send(call)
            raise RequestRefused("No.", "NO")

    found = await response(await warm(), Subgraph({"data": DATA}), Refusing())
    assert isinstance(found, RequestRefused)


async def test_the_response_comes_in_the_requests_own_context() -> None:
    class Plain(RouterHooks):
        def on_fetch(self, call: SubgraphCall, send: Send) -> PendingReply:
            return send(call)

    compiled = await warm()
    for hooks in (None, Plain()):
        seen: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        token = SEEN.set("somebody")
        subgraphs = client({"a": Subgraph({"data": DATA})}, hooks)
        compiled.start(
            {}, context(), subgraphs, math.inf, lambda _, seen=seen: seen.set_result(SEEN.get()), pass_through=True
        )
        SEEN.reset(token)
        assert await seen == "somebody"


async def test_cancelling_ends_the_request_and_is_no_harm_later() -> None:
    compiled, subgraph, done = await warm(), Subgraph({"data": DATA}, delay_s=60), []
    pending = compiled.start({}, context(), client({"a": subgraph}), math.inf, done.append, pass_through=True)
    await subgraph.started.wait()
    for _ in range(2):
        pending.cancel()
        await asyncio.sleep(0.01)
    assert subgraph.cancelled == 1
    assert done == []
    answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    subgraphs = client({"a": Subgraph({"data": DATA})})
    pending = compiled.start({}, context(), subgraphs, math.inf, answered.set_result, pass_through=True)
    await answered
    pending.cancel()
