"""Subscriptions over multipart HTTP, as Apollo's clients speak it, through real servers on both sides."""

from typing import Any

import aiohttp
import orjson

from router import RequestContext, RequestRefused, RouterHooks
from tests.server.listening import FEED, TICKS, Parts, sse, tick
from tests.server.live import Sources, lead, live_router

APOLLO = {"accept": "multipart/mixed;boundary=graphql;subscriptionSpec=1.0, application/json"}


async def parts(response: aiohttp.ClientResponse) -> list[Any]:
    """All parts, of a response that must be written to the letter."""
    body = await response.read()
    first, *found, last = body.split(b"\r\n--graphql")
    assert (first, last) == (b"", b"--\r\n")
    for part in found:
        assert part.startswith(b"\r\ncontent-type: application/json; charset=utf-8\r\n\r\n")
    return [orjson.loads(part.partition(b"\r\n\r\n")[2]) for part in found]


async def test_events_are_payloads(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url):
        body = {"query": TICKS, "variables": {"n": 2}}
        async with http.post(f"{url}/graphql", json=body, headers=APOLLO) as response:
            assert response.status == 200
            assert response.headers["content-type"] == 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"'
            assert await parts(response) == [{"payload": {"data": tick(0)}}, {"payload": {"data": tick(1)}}]


async def test_an_event_arrives_before_the_next_one_is_there(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with (
        live_router(sources) as (_, url),
        http.post(f"{url}/graphql", json={"query": FEED}, headers=APOLLO) as response,
    ):
        arriving = Parts(response, b"\r\n--graphql")
        await sources.until(1)
        for number in range(3):
            sources.push(number)
            part = await anext(arriving)
            assert part["payload"]["data"]["feed"]["number"] == number
        sources.push(None)
        assert [part async for part in arriving] == []


async def test_a_quiet_subscription_is_kept_alive(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with (
        live_router(sources, event_stream={"keep_alive_s": 0.05}) as (_, url),
        http.post(f"{url}/graphql", json={"query": FEED}, headers=APOLLO) as response,
    ):
        arriving = Parts(response, b"\r\n--graphql")
        assert [await anext(arriving) for _ in range(2)] == [{}, {}]
        sources.push(0)
        rest = [await anext(arriving) for _ in range(2)]
        assert any("payload" in part for part in rest)


async def test_a_subscription_that_breaks_ends_with_an_error_beside_the_payload(
    http: aiohttp.ClientSession, sources: Sources
) -> None:
    async with live_router(sources) as (app, url):
        lead(app, "events", "ws://127.0.0.1:1/")
        async with http.post(f"{url}/graphql", json={"query": FEED}, headers=APOLLO) as response:
            (failure,) = await parts(response)
    assert failure["payload"] is None
    assert [error["extensions"]["code"] for error in failure["errors"]] == ["SUBREQUEST_HTTP_ERROR"]
    assert failure.keys() == {"payload", "errors"}


async def test_who_may_not_go_on_is_told_so(http: aiohttp.ClientSession, sources: Sources) -> None:
    class Hooks(RouterHooks):
        async def on_request(self, context: RequestContext) -> None:
            if context.request_id.endswith("-2"):
                raise RequestRefused("No more.", code="UNAUTHENTICATED", status=401)

    async with live_router(sources, Hooks()) as (_, url):
        body = {"query": TICKS, "variables": {"n": 1000, "p": 0.01}}
        async with http.post(f"{url}/graphql", json=body, headers=APOLLO) as response:
            first, last = await parts(response)
        await sources.until(0)
    assert first == {"payload": {"data": tick(0)}}
    assert last == {
        "payload": None,
        "errors": [{"message": "No more.", "extensions": {"code": "UNAUTHENTICATED"}}],
    }


async def test_errors_of_one_event_stand_in_its_payload(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url):
        body = {"query": TICKS, "variables": {"n": 4}}
        async with http.post(f"{url}/graphql", json=body, headers=APOLLO) as response:
            found = await parts(response)
    assert ["errors" in part["payload"] for part in found] == [False, False, True, False]


async def test_queries_and_refusals_are_json(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url):
        for query, key in (("{ running }", "data"), ("subscription { nothing }", "errors")):
            async with http.post(f"{url}/graphql", json={"query": query}, headers=APOLLO) as response:
                assert (response.status, response.content_type) == (200, "application/json")
                assert (await response.json()).keys() == {key}


async def test_the_form_that_the_client_likes_best(http: aiohttp.ClientSession, sources: Sources) -> None:
    body = {"query": TICKS, "variables": {"n": 1}}
    multipart = "multipart/mixed;subscriptionSpec=1.0"
    async with live_router(sources) as (_, url):
        for accept, content_type in (
            (f"text/event-stream, {multipart}", "text/event-stream"),
            (f"text/event-stream;q=0.5, {multipart}", "multipart/mixed"),
            (f"text/event-stream, {multipart};q=0.5", "text/event-stream"),
            (f"{multipart};q=0, text/event-stream;q=0.1", "text/event-stream"),
        ):
            async with http.post(f"{url}/graphql", json=body, headers={"accept": accept}) as response:
                assert response.content_type == content_type
                if content_type == "text/event-stream":
                    assert [kind async for kind, _ in sse(response)] == ["next", "complete"]
        for accept in ("multipart/mixed, application/json", "multipart/mixed;subscriptionSpec=9, application/json"):
            async with http.post(f"{url}/graphql", json=body, headers={"accept": accept}) as response:
                (error,) = (await response.json())["errors"]
                assert error["extensions"]["code"] == "SUBSCRIPTION_NEEDS_A_STREAM"


async def test_who_takes_events_of_subscriptions_only_gets_deferred_parts_at_once(
    http: aiohttp.ClientSession, sources: Sources
) -> None:
    query = '{ ... @defer { user(id: "0") { name } } }'
    async with (
        live_router(sources) as (_, url),
        http.post(f"{url}/graphql", json={"query": query}, headers=APOLLO) as response,
    ):
        assert await response.json() == {"data": {"user": {"name": "Ada"}}}
