"""Subscriptions over Server-Sent Events and WebSockets, through real servers on both sides."""

import asyncio
from typing import Any

import aiohttp
import pytest
from strawberry.asgi import GraphQL

from router import RequestContext, RequestRefused, RouterApp, RouterHooks, SubgraphCall, SubgraphReply
from router.hooks import Send
from tests.server.listening import FEED, SSE, TICKS, sse, stream, tick, websocket
from tests.server.live import Sources, events, lead, live_router, serving

SLOW = '{"type":"subscribe","id":"a","payload":{"query":"subscription { ticks(count: 1, pause: 5) { number } }"}}'


# ---- Server-Sent Events ----


async def test_events_with_a_field_of_another_subgraph(
    http: aiohttp.ClientSession, sources: Sources, caplog: pytest.LogCaptureFixture
) -> None:
    async with live_router(sources) as (_, url):
        found = await stream(http, url, TICKS, n=3)
    kinds, responses = zip(*found, strict=True)
    assert kinds == ("next", "next", "next", "complete")
    assert responses[0] == {"data": tick(0)}
    assert responses[1] == {"data": tick(1)}
    assert responses[2]["data"] == tick(2)
    (error,) = responses[2]["errors"]
    assert error["path"] == ["ticks", "user", "name"]
    trace_id = error["extensions"].pop("traceId")
    assert error["message"] == "Subgraph 'names' reported an error."
    assert error["extensions"] == {"service": "names", "code": "DOWNSTREAM_SERVICE_ERROR"}
    (line,) = [record.__dict__["fields"] for record in caplog.records if record.message == "subgraph errors"]
    assert (line["request_id"], line["subgraph"]) == (trace_id, "names")
    assert line["request_id"].endswith("-3"), "the event's own"
    assert line["subgraph_errors"][0]["message"] == "This user has no name."


async def test_who_takes_only_events_gets_queries_and_errors_as_events(
    http: aiohttp.ClientSession, sources: Sources
) -> None:
    async with live_router(sources) as (_, url):
        assert await stream(http, url, "{ running }") == [("next", {"data": {"running": 0}}), ("complete", None)]
        (kind, response), end = await stream(http, url, "{ nothing }")
        assert kind == "next"
        assert response["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert end == ("complete", None)


async def test_who_takes_both_gets_queries_as_json(http: aiohttp.ClientSession, sources: Sources) -> None:
    both = {"accept": "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"}
    async with live_router(sources) as (_, url):
        async with http.post(f"{url}/graphql", json={"query": "{ running }"}, headers=both) as response:
            assert response.content_type == "application/graphql-response+json"
            assert await response.json(content_type=None) == {"data": {"running": 0}}
        body = {"query": TICKS, "variables": {"n": 1}}
        async with http.post(f"{url}/graphql", json=body, headers=both) as response:
            assert [event async for event in sse(response)] == [("next", {"data": tick(0)}), ("complete", None)]


async def test_who_takes_one_response_gets_no_subscription(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url):
        body = {"query": TICKS, "variables": {"n": 1}}
        async with http.post(f"{url}/graphql", json=body, headers={"accept": "application/json"}) as response:
            assert response.status == 200
            errors = (await response.json())["errors"]
        assert [error["extensions"]["code"] for error in errors] == ["SUBSCRIPTION_NEEDS_A_STREAM"]
        async with http.post(f"{url}/graphql", json=body) as response:
            assert response.status in (200, 406)
    assert sources.headers == []


async def test_subscriptions_by_get_need_protection_against_forgery(
    http: aiohttp.ClientSession, sources: Sources
) -> None:
    async with live_router(sources) as (_, url):
        query = {"query": "subscription { ticks(count: 1) { number } }"}
        async with http.get(f"{url}/graphql", params=query, headers=SSE) as response:
            assert response.status == 400
            assert (await response.json(content_type=None))["errors"][0]["extensions"]["code"] == "CSRF_PREVENTED"
        async with http.get(
            f"{url}/graphql", params=query, headers={**SSE, "graphql-require-preflight": "1"}
        ) as response:
            assert [kind async for kind, _ in sse(response)] == ["next", "complete"]


async def test_a_client_that_hangs_up_ends_the_subscription_in_the_subgraph(
    http: aiohttp.ClientSession, sources: Sources
) -> None:
    async with live_router(sources) as (_, url):
        body = {"query": TICKS, "variables": {"n": 1000, "p": 0.05}}
        async with http.post(f"{url}/graphql", json=body, headers=SSE) as response:
            found = aiter(sse(response))
            assert (await anext(found))[0] == "next"
            assert sources.running == 1
            response.close()
            await sources.until(0)


async def test_a_quiet_stream_is_kept_alive(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, event_stream={"keep_alive_s": 0.1}) as (_, url):
        body = {"query": TICKS, "variables": {"n": 1, "p": 0.5}}
        async with http.post(f"{url}/graphql", json=body, headers=SSE) as response:
            lines = [line async for line in response.content]
    assert lines.count(b":\n") >= 2
    assert b"event: complete\n" in lines


async def test_an_error_of_the_source_ends_the_stream(http: aiohttp.ClientSession, sources: Sources) -> None:
    query = "subscription { ticks(count: 3, failAt: 1) { number } }"
    async with live_router(sources, expose_subgraph_errors=True) as (_, url):
        first, second, *rest = await stream(http, url, query)
    assert first == ("next", {"data": {"ticks": {"number": 0}}})
    assert second[1]["errors"][0]["message"] == "no more ticks"
    assert second[1]["errors"][0]["extensions"]["service"] == "events"
    assert rest == [("complete", None)]
    await sources.until(0)


async def test_masked_errors_of_the_source_and_how_it_broke(
    http: aiohttp.ClientSession, sources: Sources, caplog: pytest.LogCaptureFixture
) -> None:
    query = "subscription { ticks(count: 3, failAt: 1) { number } }"
    async with live_router(sources) as (app, url):
        _, (_, masked), _ = await stream(http, url, query)
        lead(app, "events", "ws://127.0.0.1:1/")
        (_, unreachable), _ = await stream(http, url, query)
    (error,) = masked["errors"]
    assert error["message"] == "Subgraph 'events' reported an error."
    (failure,) = unreachable["errors"]
    assert failure["message"] == "Subgraph 'events' could not be reached."
    logged = {record.__dict__["fields"]["request_id"]: record.__dict__["fields"] for record in caplog.records
              if record.name == "router.executor"}  # fmt: skip
    assert "no more ticks" in str(logged[error["extensions"]["traceId"]]["subgraph_errors"])
    assert "127.0.0.1" in logged[failure["extensions"]["traceId"]]["cause"]
    assert "127.0.0.1" not in str(unreachable)


async def test_what_the_subgraph_refuses_is_said_once(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (app, url):
        lead(app, "events", app.subgraphs._streams["names"].url)
        (kind, response), end = await stream(http, url, TICKS, n=1)
    assert (kind, end) == ("next", ("complete", None))
    assert response["data"] is None
    assert {error["extensions"]["service"] for error in response["errors"]} == {"events"}


# ---- WebSockets ----


async def test_operations_of_all_kinds_over_one_connection(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url), websocket(http, url) as socket:
        await socket.init()
        await socket.send(type="ping", payload={"a": 1})
        assert await socket.get() == {"type": "pong", "payload": {"a": 1}}
        await socket.subscribe("a", TICKS, n=2)
        assert await socket.all_of("a") == [
            ("next", {"data": tick(0)}), ("next", {"data": tick(1)}), ("complete", None),
        ]  # fmt: skip
        await socket.subscribe("a", "{ running }")
        assert await socket.all_of("a") == [("next", {"data": {"running": 0}}), ("complete", None)]
        await socket.subscribe("b", "mutation { work(seconds: 0) }")
        assert await socket.all_of("b") == [("next", {"data": {"work": 100}}), ("complete", None)]
        await socket.subscribe("c", "{ nothing }")
        ((kind, errors),) = await socket.all_of("c")
        assert kind == "error"
        assert errors[0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_operations_run_side_by_side(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url), websocket(http, url) as socket:
        await socket.init()
        await socket.subscribe("slow", TICKS, n=1, p=0.5)
        await sources.until(1)
        await socket.subscribe("quick", TICKS, n=1)
        assert [message[0] for message in await socket.all_of("quick")] == ["next", "complete"]
        assert [message[0] for message in await socket.all_of("slow")] == ["next", "complete"]


async def test_complete_ends_one_operation(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url), websocket(http, url) as socket:
        await socket.init()
        await socket.subscribe("a", TICKS, n=1000, p=0.05)
        assert (await socket.get())["type"] == "next"
        await socket.send(type="complete", id="a")
        await sources.until(0)
        await socket.subscribe("a", "{ running }")  # the id is free; what was under way before is not sent
        message = await socket.get()
        while message["payload"] != {"data": {"running": 0}}:
            assert "ticks" in message["payload"]["data"]
            message = await socket.get()
        assert (await socket.get())["type"] == "complete"


async def test_a_client_that_is_cut_off_ends_all_its_operations(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url), websocket(http, url) as socket:
        await socket.init()
        for id_ in "abc":
            await socket.subscribe(id_, TICKS, n=1000, p=0.05)
        await sources.until(3)
        connection = socket.ws._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.abort()
        await sources.until(0)


async def test_a_mutation_runs_to_its_end(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url):
        async with websocket(http, url) as socket:
            await socket.init()
            await socket.subscribe("a", "mutation { work(seconds: 0.3) }")
            await asyncio.sleep(0.15)
        await sources.until(100)


async def test_a_subgraph_that_goes_away(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (app, url), websocket(http, url) as socket:
        async with serving(GraphQL(events(sources))) as other:
            lead(app, "events", f"{other.replace('http', 'ws')}/")
            await socket.init()
            await socket.subscribe("a", TICKS, n=1000, p=0.02)
            assert (await socket.get())["type"] == "next"
        *_, last, end = await socket.all_of("a")
    assert end == ("complete", None)
    assert last[1]["errors"][0]["extensions"]["code"] == "SUBSCRIPTION_INTERRUPTED"


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["no json"], 4400),
        (["[]"], 4400),
        (['{"type":"complete"}'], 4400),
        (['{"type":"connection_init","payload":1}'], 4400),
        (['{"type":"subscribe","id":"a","payload":{"query":"{ running }"}}'], 4401),
        (['{"type":"connection_init"}', '{"type":"connection_init"}'], 4429),
        (['{"type":"connection_init"}', '{"type":"start"}'], 4400),
        (['{"type":"connection_init"}', '{"type":"subscribe","payload":{"query":"{ running }"}}'], 4400),
        (['{"type":"connection_init"}', *[SLOW] * 2], 4409),
    ],
)
async def test_close_codes(http: aiohttp.ClientSession, sources: Sources, messages: list[str], code: int) -> None:
    async with live_router(sources) as (_, url), websocket(http, url) as socket:
        for message in messages:
            await socket.ws.send_str(message)
        frame = await socket.ws.receive(5)
        while frame.type is aiohttp.WSMsgType.TEXT:
            frame = await socket.ws.receive(5)
        assert frame.type is aiohttp.WSMsgType.CLOSE
        assert frame.data == code


async def test_initialisation_has_a_time_limit(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, websocket={"init_timeout_s": 0.1}) as (_, url), websocket(http, url) as socket:
        assert await socket.closed() == 4408


@pytest.mark.parametrize(
    ("offered", "chosen", "reason"),
    [
        (("graphql-ws",), "graphql-ws", "graphql-ws (subscriptions-transport-ws) is not spoken here: use graphql-tran"),
        (("mqtt", "graphql-ws"), "mqtt", "The subprotocol must be graphql-transport-ws"),
        ((), None, "The subprotocol must be graphql-transport-ws"),
    ],
)
async def test_another_subprotocol_is_not_spoken(
    http: aiohttp.ClientSession, sources: Sources, offered: tuple[str, ...], chosen: str | None, reason: str
) -> None:
    async with live_router(sources) as (_, url), websocket(http, url, protocols=offered) as socket:
        frame = await socket.ws.receive(5)
        assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 4406)
        assert frame.extra.startswith(reason)
        assert socket.ws.protocol == chosen, "browsers show a page the reason only if one that it offered was chosen"


async def test_the_subprotocol_is_chosen_among_others(http: aiohttp.ClientSession, sources: Sources) -> None:
    offered = ("graphql-ws", "graphql-transport-ws")
    async with live_router(sources) as (_, url), websocket(http, url, protocols=offered) as socket:
        assert socket.ws.protocol == "graphql-transport-ws"
        await socket.init()


async def test_subscriptions_of_a_process_are_limited(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, subscriptions={"max_open": 2}) as (app, url), websocket(http, url) as socket:
        await socket.init()
        await socket.subscribe("a", FEED)
        await sources.until(1)
        async with http.post(f"{url}/graphql", json={"query": FEED}, headers=SSE) as response:
            await sources.until(2)
            assert response.status == 200
            await socket.subscribe("c", FEED)
            ((kind, errors),) = await socket.all_of("c")
            assert (kind, errors[0]["extensions"]["code"]) == ("error", "TOO_MANY_SUBSCRIPTIONS")
            both = {"accept": "text/event-stream, application/graphql-response+json"}
            async with http.post(f"{url}/graphql", json={"query": FEED}, headers=both) as refused:
                assert (refused.status, refused.headers["retry-after"]) == (503, "5")
            await socket.subscribe("d", "{ running }")
            assert (await socket.all_of("d"))[0] == ("next", {"data": {"running": 2}})
        await sources.until(1)
        await socket.subscribe("e", FEED)
        await sources.until(2)
    await sources.until(0)
    assert len(app.subscriptions) == 0


async def test_a_client_that_answers_no_ping_is_dropped(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, websocket={"ping_interval_s": 0.1}) as (_, url), websocket(http, url) as socket:
        await socket.init()
        assert await socket.get() == {"type": "ping"}
        await socket.send(type="pong")
        assert await socket.get() == {"type": "ping"}
        assert await socket.closed() == 4408


async def test_operations_of_a_connection_are_limited(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, websocket={"max_operations": 2}) as (_, url), websocket(http, url) as socket:
        await socket.init()
        await socket.subscribe("a", TICKS, n=1, p=5)
        await socket.subscribe("b", TICKS, n=1, p=5)
        await socket.subscribe("c", TICKS, n=1, p=5)
        ((kind, errors),) = await socket.all_of("c")
        assert (kind, errors[0]["extensions"]["code"]) == ("error", "TOO_MANY_OPERATIONS")


@pytest.mark.parametrize(
    ("origin", "config", "headers", "is_allowed"),
    [
        ("http://evil.test", {}, {}, False),
        ("null", {}, {}, False),
        (None, {}, {}, True),
        ("same", {}, {}, True),
        ("http://app.test", {"cors": {"allow_origins": ["http://app.test"]}}, {}, True),
        ("http://a.app.test", {"cors": {"allow_origin_regex": r"http://[a-z]\.app\.test"}}, {}, True),
        ("http://a.app.test.evil", {"cors": {"allow_origin_regex": r"http://[a-z]\.app\.test"}}, {}, False),
        ("http://evil.test", {"cors": {"allow_origins": ["*"]}}, {}, True),
        ("http://evil.test", {"cors": {"allow_origins": ["*"]}}, {"cookie": "session=1"}, False),
        ("http://evil.test", {"csrf": {"enabled": False}}, {}, True),
    ],
)
async def test_origins(
    http: aiohttp.ClientSession,
    sources: Sources,
    origin: str | None,
    config: dict[str, Any],
    headers: dict[str, str],
    is_allowed: bool,
) -> None:
    async with live_router(sources, **config) as (_, url):
        given = {**headers, **({"origin": url if origin == "same" else origin} if origin else {})}
        if is_allowed:
            async with websocket(http, url, headers=given) as socket:
                await socket.init()
        else:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                async with websocket(http, url, headers=given):
                    pass
            assert refused.value.status == 403


async def test_switched_off(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, websocket={"enabled": False}) as (_, url):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with websocket(http, url):
                pass
        assert refused.value.status == 403


# ---- hooks ----


class Gate(RouterHooks):
    """Lets in who has the word; forgets it when told so."""

    def __init__(self) -> None:
        self.word = "sesame"
        self.requests: list[tuple[str, str]] = []
        self.calls: list[tuple[str, str | None]] = []
        self.responses = 0

    async def on_request(self, context: RequestContext) -> None:
        self.requests.append((context.request_id, context.query[:12]))
        if context.headers.get("authorization") != self.word:
            raise RequestRefused("Say the word.", code="UNAUTHENTICATED", status=401)
        context.state["id"] = context.request_id

    async def on_fetch(self, call: SubgraphCall, send: Send) -> SubgraphReply:
        self.calls.append((call.operation_type, call.context.state["id"]))
        call.headers["x-signed"] = call.context.state["id"]
        return await send(call)

    def on_response(self, context: RequestContext, response: dict[str, Any]) -> None:
        self.responses += 1


async def test_hooks_see_each_event(http: aiohttp.ClientSession, sources: Sources) -> None:
    gate = Gate()
    async with live_router(sources, gate) as (_, url):
        body = {"query": TICKS, "variables": {"n": 2}}
        headers = {**SSE, "authorization": "sesame", "x-request-id": "request-1"}
        async with http.post(f"{url}/graphql", json=body, headers=headers) as response:
            assert [kind async for kind, _ in sse(response)] == ["next", "next", "complete"]
    assert [id_ for id_, _ in gate.requests] == ["request-1", "request-1-1", "request-1-2"]
    assert gate.calls == [("subscription", "request-1"), ("query", "request-1-1"), ("query", "request-1-2")]
    assert gate.responses == 2
    assert sources.headers[0]["x-signed"] == "request-1"


async def test_what_is_revoked_meanwhile_ends_the_subscription(http: aiohttp.ClientSession, sources: Sources) -> None:
    gate = Gate()
    async with live_router(sources, gate) as (_, url):
        body = {"query": TICKS, "variables": {"n": 1000, "p": 0.05}}
        async with http.post(f"{url}/graphql", json=body, headers={**SSE, "authorization": "sesame"}) as response:
            found = aiter(sse(response))
            assert "errors" not in (await anext(found))[1]
            gate.word = "open"
            rest = [event async for event in found]
        await sources.until(0)
    *_, refused, end = rest
    assert refused == ("next", {"errors": [{"message": "Say the word.", "extensions": {"code": "UNAUTHENTICATED"}}]})
    assert end == ("complete", None)


async def test_credentials_in_connection_init(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, Gate()) as (_, url):
        async with websocket(http, url) as socket:
            await socket.init(Authorization="sesame")
            await socket.subscribe("a", "{ running }")
            assert (await socket.all_of("a"))[0] == ("next", {"data": {"running": 0}})
        async with websocket(http, url) as socket:
            await socket.init(headers={"authorization": "sesame"})
        async with websocket(http, url) as socket:
            await socket.send(type="connection_init", payload={"authorization": "open"})
            assert await socket.closed() == 4403


async def test_only_named_headers_are_taken_from_connection_init(http: aiohttp.ClientSession, sources: Sources) -> None:
    seen: list[RequestContext] = []

    class Hooks(RouterHooks):
        async def on_request(self, context: RequestContext) -> None:
            seen.append(context)

    settings = {"init_headers": ["x-word"]}
    async with live_router(sources, Hooks(), websocket=settings) as (_, url), websocket(http, url) as socket:
        await socket.init(**{"x-word": "a", "x-forwarded-user": "root", "authorization": "b"})
        await socket.subscribe("a", "{ running }")
        await socket.all_of("a")
    assert len(seen) == 2
    for context in seen:
        assert context.headers["x-word"] == "a"
        assert not {"x-forwarded-user", "authorization"} & context.headers.keys()


async def test_who_is_refused_gets_a_status_over_http(http: aiohttp.ClientSession, sources: Sources) -> None:
    body = {"query": TICKS}
    async with (
        live_router(sources, Gate()) as (_, url),
        http.post(f"{url}/graphql", json=body, headers=SSE) as response,
    ):
        assert response.status == 401
        assert (await response.json())["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_new_supergraph_does_not_end_subscriptions(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (app, url), websocket(http, url) as socket:
        await socket.init()
        await socket.subscribe("a", TICKS, n=6, p=0.05)
        assert (await socket.get())["payload"] == {"data": tick(0)}
        served: RouterApp = app
        await served.reload(served.supergraph)
        rest = await socket.all_of("a")
        assert [payload["data"] for kind, payload in rest if kind == "next"] == [tick(n) for n in range(1, 6)]
