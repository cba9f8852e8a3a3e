"""One event stream for all operations of a client (graphql-sse's single connection mode), through real servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from router import RequestContext, RequestRefused, RouterHooks
from tests.server.listening import FEED, SSE, TICKS, sse, tick
from tests.server.live import Sources, live_router


class Client:
    def __init__(self, http: aiohttp.ClientSession, url: str, **headers: str) -> None:
        self.http = http
        self.url = f"{url}/graphql"
        self.headers = headers

    @property
    def token(self) -> str:
        return self.headers["x-graphql-event-stream-token"]

    async def reserve(self) -> None:
        async with self.http.put(self.url, headers=self.headers) as response:
            assert response.status == 201
            assert response.content_type == "text/plain"
            self.headers["x-graphql-event-stream-token"] = await response.text()

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
        async with self.http.get(self.url, headers={**self.headers, **SSE}) as response:
            assert (response.status, response.content_type) == (200, "text/event-stream")
            yield sse(response)

    async def post(self, id_: Any, query: str, **variables: Any) -> tuple[int, Any]:
        body = {"query": query, "variables": variables, "extensions": {"operationId": id_}}
        return await self.status("POST", json=body)

    async def delete(self, query: str) -> tuple[int, Any]:
        return await self.status("DELETE", params=query)

    async def status(self, method: str, **options: Any) -> tuple[int, Any]:
        async with self.http.request(method, self.url, headers=self.headers, **options) as response:
            text = await response.text()
            return response.status, (await response.json(content_type=None))["errors"][0] if text else None


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["extensions"]["code"]


async def test_operations_of_all_kinds_in_one_stream(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url):
        client = Client(http, url)
        await client.reserve()
        async with client.stream() as events:
            assert await client.post("a", TICKS, n=2) == (202, None)
            assert [await anext(events) for _ in range(3)] == [
                ("next", {"id": "a", "payload": {"data": tick(0)}}),
                ("next", {"id": "a", "payload": {"data": tick(1)}}),
                ("complete", {"id": "a"}),
            ]
            assert await client.post("a", "{ running }") == (202, None), "the id is free again"
            assert await anext(events) == ("next", {"id": "a", "payload": {"data": {"running": 0}}})
            assert await anext(events) == ("complete", {"id": "a"})
            assert await client.post("m", "mutation { work(seconds: 0) }") == (202, None)
            assert await anext(events) == ("next", {"id": "m", "payload": {"data": {"work": 100}}})


async def test_operations_side_by_side_and_ended_one_by_one(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url):
        client = Client(http, url)
        await client.reserve()
        async with client.stream() as events:
            for id_ in "ab":
                assert (await client.post(id_, FEED))[0] == 202
            await sources.until(2)
            sources.push(1)
            found = [await anext(events), await anext(events)]
            assert sorted(data["id"] for _, data in found) == ["a", "b"]
            assert await client.delete("operationId=a") == (200, None)
            await sources.until(1)
            sources.push(0, None)
            assert [data["id"] for _, data in [await anext(events), await anext(events)]] == ["b", "b"]


async def test_operations_may_start_before_the_stream_is_open(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url):
        client = Client(http, url)
        await client.reserve()
        assert (await client.post("a", TICKS, n=100))[0] == 202  # more than may wait for the reader
        async with client.stream() as events:
            found = [await anext(events) for _ in range(101)]
        assert [kind for kind, _ in found] == ["next"] * 100 + ["complete"]


async def test_the_token_may_be_in_the_url(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url):
        client = Client(http, url)
        await client.reserve()
        async with http.get(f"{url}/graphql", params={"token": client.token}, headers=SSE) as response:
            body = {"query": "{ running }", "extensions": {"operationId": "a"}}
            async with http.post(f"{url}/graphql", params={"token": client.token}, json=body) as accepted:
                assert accepted.status == 202
            assert (await anext(sse(response)))[1]["id"] == "a"


async def test_what_is_refused(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, event_stream={"max_operations": 1}) as (_, url):
        client = Client(http, url)
        await client.reserve()
        async with client.stream():
            for id_ in (None, 1, ""):
                assert code(await client.post(id_, "{ running }")) == (400, "BAD_REQUEST")
            assert code(await client.post("a", "{ nothing }")) == (200, "GRAPHQL_VALIDATION_FAILED")
            assert (await client.post("a", FEED))[0] == 202, "what was refused holds no id"
            assert code(await client.post("a", FEED)) == (409, "OPERATION_ID_TAKEN")
            assert code(await client.post("b", FEED)) == (429, "TOO_MANY_OPERATIONS")
            assert code(await client.delete("id=a")) == (400, "BAD_REQUEST")
            assert code(await refused_stream(client)) == (409, "EVENT_STREAM_TAKEN")
            client.headers["x-graphql-event-stream-token"] += "x"
            for answer in (
                await client.post("a", FEED),
                await client.delete("operationId=a"),
                await refused_stream(client),
            ):
                assert code(answer) == (404, "EVENT_STREAM_NOT_FOUND")
        await sources.until(0)


async def refused_stream(client: Client) -> tuple[int, Any]:
    async with client.http.get(client.url, headers={**client.headers, **SSE}) as response:
        return response.status, (await response.json(content_type=None))["errors"][0]


async def test_the_end_of_the_stream_ends_everything_but_mutations(
    http: aiohttp.ClientSession, sources: Sources
) -> None:
    async with live_router(sources) as (_, url):
        client = Client(http, url)
        await client.reserve()
        async with client.stream():
            await client.post("a", FEED)
            await client.post("m", "mutation { work(seconds: 0.2) }")
            await sources.until(1)
        await sources.until(0)
        assert code(await client.post("b", FEED)) == (404, "EVENT_STREAM_NOT_FOUND")
        await sources.until(100)


async def test_a_reservation_that_nobody_fetches_ends(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, event_stream={"reservation_timeout_s": 0.2}) as (app, url):
        client = Client(http, url)
        await client.reserve()
        await client.post("a", FEED)
        await sources.until(1)
        await sources.until(0)
        assert code(await client.post("b", FEED)) == (404, "EVENT_STREAM_NOT_FOUND")
        assert not app.reservations._by_token


async def test_a_quiet_stream_is_kept_alive(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, event_stream={"keep_alive_s": 0.05}) as (_, url):
        client = Client(http, url)
        await client.reserve()
        async with http.get(client.url, headers={**client.headers, **SSE}) as response:
            async with asyncio.timeout(5):
                assert [await response.content.readline() for _ in range(4)] == [b":\n", b"\n", b":\n", b"\n"]


class Tenants(RouterHooks):
    """Takes the tenant from a header; without one, nobody is let in."""

    async def on_request(self, context: RequestContext) -> None:
        if "x-tenant" not in context.headers:
            raise RequestRefused("Who are you?", code="UNAUTHENTICATED", status=401)
        context.partition = context.headers["x-tenant"]


async def test_a_token_of_one_tenant_is_no_good_for_another(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, Tenants()) as (_, url):
        mine = Client(http, url, **{"x-tenant": "a"})
        await mine.reserve()
        theirs = Client(http, url, **{**mine.headers, "x-tenant": "b"})
        async with mine.stream() as events:
            assert code(await theirs.post("x", "{ running }")) == (404, "EVENT_STREAM_NOT_FOUND")
            assert code(await theirs.post("y", FEED)) == (404, "EVENT_STREAM_NOT_FOUND")
            assert (await mine.post("x", "{ running }"))[0] == 202
            assert await anext(events) == ("next", {"id": "x", "payload": {"data": {"running": 0}}})
        async with http.put(f"{url}/graphql") as response:
            assert response.status == 401


async def test_reservations_are_limited(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, subscriptions={"max_open": 1}) as (_, url):
        client = Client(http, url)
        await client.reserve()
        async with http.put(f"{url}/graphql") as response:
            assert (response.status, response.headers["retry-after"]) == (503, "5")


async def test_switched_off(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with (
        live_router(sources, event_stream={"single_connection": False}) as (_, url),
        http.put(f"{url}/graphql") as response,
    ):
        assert (response.status, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
