"""Where an application takes part in a request, and what its refusals and faults look like from outside."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from router.errors import RequestRefused
from router.hooks import RequestContext, RouterHooks, Send, SubgraphCall, SubgraphReply
from router.planner.plan import QueryPlan
from router.server.app import RouterApp
from tests.server.shop import ShopTransport

Connect = Callable[[RouterApp], httpx.AsyncClient]
MakeApp = Callable[..., RouterApp]

PRODUCT = '{ product(id: "1") { name reviews { stars } } }'


async def ask(client: httpx.AsyncClient, query: str = PRODUCT, **headers: str) -> httpx.Response:
    return await client.post("/graphql", json={"query": query}, headers={"accept": "application/json", **headers})


class Recorder(RouterHooks):
    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    async def on_request(self, context: RequestContext) -> None:
        self.seen.append(("request", (context.method, context.path, context.query, context.headers["x-who"])))
        context.state["who"] = context.headers["x-who"]
        context.log_fields["tenant"] = context.state["who"]

    def on_plan(self, context: RequestContext, plan: QueryPlan) -> None:
        self.seen.append(("plan", len(plan.fetches)))

    async def on_fetch(self, call: SubgraphCall, send: Send) -> SubgraphReply:
        call.headers["x-tenant"] = call.context.state["who"]
        self.seen.append(("fetch", call.subgraph))
        return await send(call)

    def on_response(self, context: RequestContext, response: dict[str, Any]) -> None:
        self.seen.append(("response", sorted(response)))
        context.response_headers["x-seen"] = "yes"
        response["extensions"] = {"who": context.state["who"]}


async def test_each_is_called_in_its_place(
    make_app: MakeApp, connect: Connect, shop: ShopTransport, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = Recorder()
    client = connect(make_app(hooks))
    with caplog.at_level(logging.INFO, "router.access"):
        response = await ask(client, **{"X-Who": "acme"})
    assert hooks.seen == [
        ("request", ("POST", "/graphql", PRODUCT, "acme")),
        ("plan", 2),
        ("fetch", "products"),
        ("fetch", "reviews"),
        ("response", ["data"]),
    ]
    assert response.headers["x-seen"] == "yes"
    assert response.json()["extensions"] == {"who": "acme"}
    assert [call.headers["x-tenant"] for call in shop.calls] == ["acme", "acme"]
    fields = caplog.records[-1].fields  # type: ignore[attr-defined]
    assert (fields["tenant"], fields["fetches"], fields["status"]) == ("acme", 2, 200)


def refusing(place: str, error: Exception) -> RouterHooks:
    """Hooks that raise the error in one place."""

    async def on_request(self: RouterHooks, context: RequestContext) -> None:
        raise error

    def on_plan(self: RouterHooks, context: RequestContext, plan: QueryPlan) -> None:
        raise error

    async def on_fetch(self: RouterHooks, call: SubgraphCall, send: Send) -> SubgraphReply:
        raise error

    def on_response(self: RouterHooks, context: RequestContext, response: dict[str, Any]) -> None:
        raise error

    functions = {"on_request": on_request, "on_plan": on_plan, "on_fetch": on_fetch, "on_response": on_response}
    hooks: RouterHooks = type("Refusing", (RouterHooks,), {place: functions[place]})()
    return hooks


@pytest.mark.parametrize("place", ["on_request", "on_plan", "on_fetch"])
async def test_refusals_end_the_request(make_app: MakeApp, connect: Connect, shop: ShopTransport, place: str) -> None:
    refusal = RequestRefused("Too much.", "RATE_LIMITED", 429, {"retry-after": "7"}, {"limit": 5})
    response = await ask(connect(make_app(refusing(place, refusal))))
    assert response.status_code == 429
    assert response.headers["retry-after"] == "7"
    assert response.json() == {"errors": [{"message": "Too much.", "extensions": {"code": "RATE_LIMITED", "limit": 5}}]}
    assert not shop.calls


@pytest.mark.parametrize("place", ["on_request", "on_plan", "on_fetch", "on_response"])
async def test_faults_are_masked(
    make_app: MakeApp, connect: Connect, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(make_app(refusing(place, ValueError("postgresql://admin:hunter2@db"))))
    with caplog.at_level(logging.ERROR, "router.server"):
        response = await ask(client, **{"x-request-id": "rid-12345"})
    assert response.status_code == 500
    assert response.json() == {
        "errors": [
            {
                "message": "Internal server error",
                "extensions": {"code": "INTERNAL_SERVER_ERROR", "traceId": "rid-12345"},
            }
        ]
    }
    assert any("hunter2" in str(record.exc_info and record.exc_info[1]) for record in caplog.records)


async def test_an_answer_that_is_not_json_is_a_fault(make_app: MakeApp, connect: Connect) -> None:
    class Wrong(RouterHooks):
        def on_response(self, context: RequestContext, response: dict[str, Any]) -> None:
            response["extensions"] = {"object": object()}

    response = await ask(connect(make_app(Wrong())))
    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"


async def test_a_hook_that_hangs_ends_with_the_request(make_app: MakeApp, connect: Connect) -> None:
    class Hanging(RouterHooks):
        async def on_request(self, context: RequestContext) -> None:
            await asyncio.sleep(30)

    response = await ask(connect(make_app(Hanging(), limits={"request_timeout_s": 0.05})))
    assert response.status_code == 504
    assert response.json()["errors"][0]["extensions"]["code"] == "REQUEST_TIMEOUT"


async def test_a_line_break_makes_no_header(make_app: MakeApp, connect: Connect) -> None:
    class Careless(RouterHooks):
        async def on_request(self, context: RequestContext) -> None:
            context.response_headers["X-Echo"] = "a\r\nset-cookie: b=c"

    response = await ask(connect(make_app(Careless())))
    assert response.headers["x-echo"] == "a set-cookie: b=c"
    assert "set-cookie" not in response.headers


async def test_each_operation_of_a_batch_has_its_own_context(make_app: MakeApp, connect: Connect) -> None:
    seen: list[RequestContext] = []

    class Collecting(RouterHooks):
        async def on_request(self, context: RequestContext) -> None:
            assert not context.state
            context.state["mine"] = True
            seen.append(context)

    client = connect(make_app(Collecting(), batching={"enabled": True}))
    await client.post("/graphql", json=[{"query": "{ __typename }"}] * 3)
    assert len({context.request_id for context in seen}) == 3


async def test_headers_that_subgraphs_get(make_app: MakeApp, connect: Connect, shop: ShopTransport) -> None:
    app = make_app(
        headers={"propagate": ["X-Locale"], "insert": {"x-router": "one"}},
        subgraphs={"reviews": {"headers": {"propagate": ["authorization"], "insert": {"x-secret": "s"}}}},
    )
    await ask(connect(app), **{"x-locale": "de", "authorization": "Bearer t", "x-other": "no"})
    products, reviews = (call.headers for call in shop.calls)
    assert (products["x-locale"], products["x-router"]) == ("de", "one")
    assert not {"authorization", "x-secret", "x-other"} & set(products)
    assert (reviews["x-locale"], reviews["authorization"], reviews["x-secret"]) == ("de", "Bearer t", "s")


async def test_what_a_hook_sets_is_not_replaced_by_the_client(
    make_app: MakeApp, connect: Connect, shop: ShopTransport
) -> None:
    class Signing(RouterHooks):
        async def on_fetch(self, call: SubgraphCall, send: Send) -> SubgraphReply:
            call.headers["x-signed"] = "by the router"
            return await send(call)

    for headers in (
        {"headers": {"propagate": ["x-signed"]}},
        {"subgraphs": {"products": {"headers": {"propagate": ["x-signed"]}}}},
    ):
        await ask(connect(make_app(Signing(), **headers)), **{"x-signed": "by the client"})
    assert {call.headers["x-signed"] for call in shop.calls} == {"by the router"}


async def test_subgraphs_may_live_elsewhere(shop: ShopTransport, make_app: MakeApp, connect: Connect) -> None:
    app = make_app(subgraphs={"products": {"routing_url": "http://moved.invalid/x"}})
    await ask(connect(app))
    assert [call.url for call in shop.calls] == ["http://moved.invalid/x", "http://reviews.invalid/graphql"]


# ---- clients that leave ---------------------------------------------------------------------------------------------


async def leave_during(app: RouterApp, query: str, after_s: float) -> list[Any]:
    """Send a request straight to the application and hang up; returns what was sent back."""
    body = [{"type": "http.request", "body": b'{"query": "%s"}' % query.encode(), "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        if body:
            return body.pop()
        await asyncio.sleep(after_s)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers, "query_string": b""}
    await app(scope, receive, send)
    return sent


async def test_a_query_stops_when_its_client_hangs_up(
    make_app: MakeApp, connect: Connect, shop: ShopTransport, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()
    connect(app)
    with caplog.at_level(logging.INFO, "router.access"):
        sent = await asyncio.wait_for(leave_during(app, "{ slow(seconds: 30) }", 0.1), 5)
    assert sent == []
    assert shop.cancelled == 1
    assert caplog.records[-1].fields["status"] == 499  # type: ignore[attr-defined]


async def test_a_mutation_runs_to_its_end(make_app: MakeApp, connect: Connect, shop: ShopTransport) -> None:
    app = make_app()
    connect(app)
    shop.review_s = 0.3
    sent = await leave_during(app, "mutation { review(product: 3, stars: 1) { stars } }", 0)
    assert shop.stars["3"] == [1]
    assert sent[0]["status"] == 200


async def test_a_client_that_leaves_before_its_body_gets_nothing(make_app: MakeApp, connect: Connect) -> None:
    app = make_app()
    connect(app)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers, "query_string": b""}
    await app(scope, receive, send)
    assert sent == []
